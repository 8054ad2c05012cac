"""What a job file may not say although its schema allows it: names of nothing, and checks that could prove nothing.

A misspelt host is always quiet, and a step without traffic visits whatever one likes: such a job would be green for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sfcci.datapath.scenario import Scenario, load_scenario
from sfcci.document import Document, Key, did_you_mean
from sfcci.errors import Fault, InputError, UsageError

Keys = tuple[Key, ...]
WANTED = {"answered": "http", "visits": "http", "quiet": "http", "shares": "http", "hops": "traceroute"}
"""Check → the traffic that it judges; flows_as_at_start judges none."""


def refusals(found: Document) -> list[Fault]:
    """Give every fault of the jobs' scenarios, names and checks; their schema has agreed to the document."""
    faults = [
        fault
        for number, table in enumerate(found.data["jobs"])
        if "scenario" in table and "steps" in table
        for fault in _job(found, ("jobs", number), table)
    ]
    return list(dict.fromkeys(faults))  # a scenario that several jobs share tells its own once


def scenario_word(word: str, path: str) -> str:
    """Give the scenario that the job file at `path` means: a shipped name, else a path from the file's own folder."""
    is_path = "/" in word or word.endswith((".yaml", ".yml"))
    return str(Path(path).parent / word) if is_path else word


def _job(found: Document, at: Keys, table: Mapping[str, Any]) -> Iterator[Fault]:
    try:
        scenario = load_scenario(scenario_word(table["scenario"], found.path))
    except UsageError as error:
        yield found.fault((*at, "scenario"), str(error))
        return
    except InputError as error:
        yield from error.faults
        return
    for number, step in enumerate(table["steps"]):
        yield from _step(found, (*at, "steps", number), step, scenario)
    words = {word for step in table["steps"] for word, _ in map(_split, step["checks"])}
    if not words & set(WANTED):
        expected = "one of " + ", ".join(WANTED)
        yield found.fault((*at, "steps"), "no check judges packets or answers", expected)


def _step(found: Document, at: Keys, step: Mapping[str, Any], scenario: Scenario) -> Iterator[Fault]:
    yield from _change(found, (*at, "change"), step.get("change", {}), scenario)
    hosts = [host.name for host in scenario.topology.hosts]
    kinds: list[str] = []
    for number, traffic in enumerate(step.get("traffic", ())):
        kind, words = _split(traffic)
        here = (*at, "traffic", number, kind)
        if kind == "traceroute" and kind in kinds:
            yield found.fault(here, "a second traceroute in one step", "a step of its own")
        kinds.append(kind)
        for end in ("from", "to"):
            yield from _known(found, (*here, end), words[end], hosts)
    for number, check in enumerate(step["checks"]):
        yield from _check(found, (*at, "checks", number), check, kinds, hosts)


def _check(
    found: Document, at: Keys, check: Any, kinds: Sequence[str], hosts: Sequence[str]
) -> Iterator[Fault]:
    word, argument = _split(check)
    wanted = WANTED.get(word)
    if wanted and wanted not in kinds:
        yield found.fault(
            at, f"{word} proves nothing without {wanted} traffic", f"{wanted} in the step's traffic"
        )
    for keys, name in _leaves((*at, word), argument):
        if isinstance(name, str):
            yield from _known(found, keys, name, hosts)


def _change(found: Document, at: Keys, change: Any, scenario: Scenario) -> Iterator[Fault]:
    """Names in a change: its keys are named as the scenario's collections are."""
    for kind, resources in change.items() if isinstance(change, dict) else ():
        for name, attributes in resources.items():
            yield from _known(found, (*at, kind, name), name, _names(scenario, kind))
            for attribute, members in attributes.items():
                for number, member in enumerate(members):
                    keys = (*at, kind, name, attribute, number)
                    yield from _known(found, keys, member, _names(scenario, attribute))


def _names(scenario: Scenario, collection: str) -> list[str]:
    resources = getattr(scenario.chains, collection)
    return [resource.name for resource in resources] + [resource.id for resource in resources]


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
