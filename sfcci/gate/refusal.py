"""What a job file may not say although its schema allows it: names of nothing, and checks that could prove nothing.

A misspelt host is always quiet, and a step without traffic visits whatever one likes: such a job would be green for ever.
"""

import functools
import math
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from sfcci.datapath.scenario import Scenario, load_scenario
from sfcci.document import Document, Key, did_you_mean, key_path
from sfcci.errors import Fault, InputError, UsageError
from sfcci.gate.change import changed, declared
from sfcci.gate.job import Flows, Stream
from sfcci.gate.job_schema import PROTOCOLS

Keys = tuple[Key, ...]
LAST_PORT = 65_535
FLOWS = ("http", *PROTOCOLS)
STREAM = ("stream",)
WANTED = {
    **dict.fromkeys(
        ("answered", "dropped", "visits", "both_ways", "quiet", "shares", "one_of", "moved_at_most"), FLOWS
    ),
    **dict.fromkeys(("copies", "encapsulation"), FLOWS),
    **dict.fromkeys(("lost", "ways"), STREAM),
    "hops": ("traceroute",),
}
"""Check → the kinds of traffic of which it judges one; flows_as_at_start and base_flows judge none."""
NO_NAMES = ("kind",)
"""Keys of a check whose text is no host's name."""


def refusals(found: Document) -> list[Fault]:
    """Give every fault of the jobs' scenarios, names and checks; their schema has agreed to the document."""
    load = functools.cache(load_scenario)  # many jobs share one
    faults = [
        fault
        for number, table in enumerate(found.data["jobs"])
        if "scenario" in table and "steps" in table
        for fault in _job(found, ("jobs", number), table, load)
    ]
    return list(dict.fromkeys(faults))  # a scenario that several jobs share tells its own once


def scenario_word(word: str, path: str) -> str:
    """Give the scenario that the job file at `path` means: a shipped name, else a path from the file's own folder."""
    is_path = "/" in word or word.endswith((".yaml", ".yml"))
    return str(Path(path).parent / word) if is_path else word


def _job(
    found: Document, at: Keys, table: Mapping[str, Any], load: Callable[[str], Scenario]
) -> Iterator[Fault]:
    try:
        scenario = load(scenario_word(table["scenario"], found.path))
    except UsageError as error:
        yield found.fault((*at, "scenario"), str(error))
        return
    except InputError as error:
        yield from error.faults
        return
    now = scenario
    for number, step in enumerate(table["steps"]):
        here = (*at, "steps", number)
        now = yield from _changes(found, (*here, "change"), step.get("change", []), now, scenario)
        yield from _step(found, here, step, scenario)
    words = {word for step in table["steps"] for word, _ in map(_split, step["checks"])}
    if not words & set(WANTED):
        expected = "one of " + ", ".join(WANTED)
        yield found.fault((*at, "steps"), "no check judges packets or answers", expected)


def _step(found: Document, at: Keys, step: Mapping[str, Any], scenario: Scenario) -> Iterator[Fault]:
    hosts = [host.name for host in scenario.topology.hosts]
    kinds: list[str] = []
    taken: set[tuple[str, int]] = set()
    for number, traffic in enumerate(step.get("traffic", ())):
        kind, words = _split(traffic)
        here = (*at, "traffic", number, kind)
        if kind == "traceroute" and kind in kinds:
            yield found.fault(here, "a second traceroute in one step", "a step of its own")
        kinds.append(kind)
        for end in ("from", "to"):
            yield from _known(found, (*here, end), words[end], hosts)
        yield from _ends(found, here, words, scenario)
        yield from _service(found, here, kind, words, scenario)
        yield from _numbers(found, here, kind, words)
        if kind == "stream":
            ends = {
                (words["to"], words.get("port", Stream.port)),
                (words["to"], words.get("control", Stream.control)),
            }
            for host, port in sorted(ends & taken):
                yield found.fault(here, f"another stream goes to port {port} of {host}", "ports of its own")
            taken |= ends
    for number, check in enumerate(step["checks"]):
        yield from _check(found, (*at, "checks", number), check, kinds, hosts)


def _check(
    found: Document, at: Keys, check: Any, kinds: Sequence[str], hosts: Sequence[str]
) -> Iterator[Fault]:
    word, argument = _split(check)
    wanted = WANTED.get(word)
    if wanted and not set(wanted) & set(kinds):
        told = " or ".join(wanted)
        yield found.fault(
            at, f"{word} proves nothing without {told} traffic", f"{told} in the step's traffic"
        )
    for keys, name in _leaves((*at, word), argument):
        if isinstance(name, str) and keys[-1] not in NO_NAMES:
            yield from _known(found, keys, name, hosts)
    if word == "shares" and isinstance(argument["among"], dict):
        yield from _shares(found, (*at, word), argument, hosts)


def _shares(found: Document, at: Keys, words: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[Fault]:
    """Weights say something of each other."""
    among = words["among"]
    for host in among:
        yield from _known(found, (*at, "among", host), host, hosts)
    if not 0 < sum(among.values()) < math.inf:
        yield found.fault((*at, "among"), "weights without a sum", "numbers, one at least above 0")


def _ends(found: Document, at: Keys, words: Mapping[str, Any], scenario: Scenario) -> Iterator[Fault]:
    """Packets go from one host to another, and both have an address of their version."""
    if words["from"] == words["to"]:
        yield found.fault((*at, "to"), f"{words['to']} is both ends", "two hosts")
    version = words.get("ip", 4)
    for end in ("from", "to"):
        ports = [port for port in scenario.topology.ports if port.host == words[end]]
        if ports and version not in {ip_interface(one).version for port in ports for one in port.addresses}:
            yield found.fault((*at, end), f"{words[end]} has no IPv{version} address", "a host that has one")


def _numbers(found: Document, at: Keys, kind: str, words: Mapping[str, Any]) -> Iterator[Fault]:
    """Each flow has a port of its own to come from, and a stream's control is not the stream."""
    last = words.get("source_port", 0) + words.get("flows", Flows.flows) - 1
    if "source_port" in words and last > LAST_PORT:
        yield found.fault(
            (*at, "source_port"), f"the last flow would come from port {last}", f"at most {LAST_PORT}"
        )
    if kind == "stream" and words.get("port", Stream.port) == words.get("control", Stream.control):
        yield found.fault(at, "the control stream goes to the stream's own port", "another port")


def _service(
    found: Document, at: Keys, kind: str, words: Mapping[str, Any], scenario: Scenario
) -> Iterator[Fault]:
    """Flows need a port where nobody else listens, and addresses of their version."""
    services = {h.name: h.services for h in scenario.topology.hosts}.get(words["to"], {})
    given = words.get("port", []) if kind in PROTOCOLS else []
    for port in given if isinstance(given, list) else [given]:
        if port in services.values():
            yield found.fault(
                (*at, "port"), f"a server of {words['to']} listens at {port}", "another, or http"
            )


def _changes(
    found: Document, at: Keys, given: Any, now: Scenario, begin: Scenario
) -> Generator[Fault, None, Scenario]:
    """Make the changes as the job will; what follows from one that is refused is not asked for."""
    hosts = [host.name for host in begin.topology.hosts]
    for number, change in enumerate(given if isinstance(given, list) else [given]):
        here = (*at, number) if isinstance(given, list) else at
        for host in change.get("hosts", ()) if isinstance(change, dict) else ():
            yield from _known(found, (*here, "hosts", host), host, hosts)
        try:
            now = changed(now, declared(change), begin)
        except InputError as error:
            for fault in error.faults:
                keys = _near(found, here, fault)
                path, _, told = fault.found.partition(": ")
                text = told if key_path(keys).endswith(f".{path}") else fault.found
                yield found.fault(keys, text, fault.expected, fault.hint)
    return now


def _near(found: Document, at: Keys, fault: Fault) -> Keys:
    """Give the keys of what the change says of the resource that the scenario's fault is in."""
    path = re.findall(r"[^.\[\]]+", fault.found.partition(":")[0])
    for length in range(len(path), 0, -1):
        keys = (*at, *(int(word) if word.isdigit() else word for word in path[:length]))
        if found.place(*keys) != found.place(*keys[:-1]):
            return keys
    return at


def _known(found: Document, keys: Keys, name: str, known: Sequence[str]) -> Iterator[Fault]:
    if name not in known:
        expected = "a name of the job's scenario"
        yield found.fault(keys, f"the scenario has no {name}", expected, did_you_mean(str(name), known))


def _leaves(at: Keys, value: Any) -> Iterator[tuple[Keys, Any]]:
    """Give the scalars below a value, each with its keys."""
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves((*at, key), below)
    else:
        yield at, value


def _split(table: str | Mapping[str, Any]) -> tuple[str, Any]:
    """Give word and argument of a check or of traffic; a bare word has none."""
    return (table, None) if isinstance(table, str) else next(iter(table.items()))
