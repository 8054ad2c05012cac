"""Whether chains can be made in a cloud: what its API lists, asked with the openstack client where it is, else without."""

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfcci import command
from sfcci.errors import Place, ToolError, Unreachable
from sfcci.finding import Finding, Severity

Say = Callable[[str], None]
Rows = Sequence[Mapping[str, Any]]
ASK_S = 120.0
AGAIN_S = 2.0
CLIENT = "openstack"
NO_COMMAND = "is not an openstack command"
"""What it says of commands that python-neutronclient brings, where that is not installed."""
EXTENSIONS = ("flow_classifier", "sfc")
OVS_AGENT = "Open vSwitch agent"


@dataclass(frozen=True)
class Listing:
    """A list of the API: the client's words, the path, the key of the answer."""

    words: tuple[str, ...]
    path: str
    key: str

    def __str__(self) -> str:
        return " ".join((CLIENT, *self.words))


Ask = Callable[[Listing], Rows]
LOADED = Listing(("extension", "list", "--network"), "/v2.0/extensions", "extensions")
AGENTS = Listing(("network", "agent", "list"), "/v2.0/agents", "agents")
CHAINS = (
    Listing(("sfc", "flow", "classifier", "list"), "/v2.0/sfc/flow_classifiers", "flow_classifiers"),
    Listing(("sfc", "port", "pair", "list"), "/v2.0/sfc/port_pairs", "port_pairs"),
    Listing(("sfc", "port", "pair", "group", "list"), "/v2.0/sfc/port_pair_groups", "port_pair_groups"),
    Listing(("sfc", "port", "chain", "list"), "/v2.0/sfc/port_chains", "port_chains"),
    Listing(("sfc", "service", "graph", "list"), "/v2.0/sfc/service_graphs", "service_graphs"),
)


def verified(role: str, say: Say, host: str = "", patience_s: float = 0.0) -> tuple[Finding, ...]:
    """Ask the cloud that OS_CLOUD (or the variables of a login) names; give what is wrong there.

    `host` is the machine whose agent is looked for where the role is compute; "" is this one. `patience_s`: how long an
    API may take that was just restarted. Raises InputError, Unreachable.
    """
    ask = _with_client() if command.available(CLIENT) else _without_client()
    _wait(ask, say, patience_s)
    found: list[Finding] = []
    rows = _answers(ask, LOADED, say, found)
    if rows is not None:
        found += _lost_extensions(rows)
    agents = _answers(ask, AGENTS, say, found)
    if agents is not None:
        found += agent_findings(agents, (host or socket.gethostname()) if role == "compute" else "")
    for listing in CHAINS:
        _answers(ask, listing, say, found)
    return tuple(found)


def _wait(ask: Ask, say: Say, patience_s: float) -> None:
    """Wait until the API answers, or for so long."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            ask(LOADED)
        except (ToolError, Unreachable) as error:
            say(f"the API does not answer yet: {str(error).splitlines()[0]}")
            time.sleep(AGAIN_S)
        else:
            return


def _answers(ask: Ask, listing: Listing, say: Say, found: list[Finding]) -> Rows | None:
    """Give a list's rows; one that the API refuses is a finding, and None."""
    try:
        rows = ask(listing)
    except ToolError as error:
        last = " ".join(error.failure.last_lines[-2:])
        found.append(Finding("NotListed", Severity.ERROR, Place(str(listing)), last or str(error)))
        return None
    say(f"{listing}: {len(rows)}")
    return rows


def _lost_extensions(rows: Rows) -> list[Finding]:
    there = {str(row.get("Alias") or row.get("alias")) for row in rows}
    hint = "is neutron-server restarted? its log says what it could not load"
    return [
        Finding(
            "ExtensionNotLoaded", Severity.ERROR, Place(str(LOADED)), f"the API has no extension {name}", hint
        )
        for name in EXTENSIONS
        if name not in there
    ]


def agent_findings(rows: Rows, host: str = "") -> list[Finding]:
    """Say what is wrong with the agents that carry chains: none alive, or not the one of a host; rows are the client's or the API's."""
    place = Place(str(AGENTS))
    agents = [row for row in rows if (row.get("Agent Type") or row.get("agent_type")) == OVS_AGENT]
    named = [row for row in agents if _host(row).partition(".")[0] == host.partition(".")[0]]
    meant = named if host else agents
    if not meant:
        what = f"no {OVS_AGENT}{f' of {host}' if host else ''} has told of itself"
        return [
            Finding(
                "NoAgent",
                Severity.ERROR,
                place,
                what,
                "sfcci enable compute, on the machines that carry ports",
            )
        ]
    lost = [row for row in meant if not _alive(row)]
    severity = Severity.ERROR if host or len(lost) == len(meant) else Severity.WARNING
    return [
        Finding("AgentNotAlive", severity, place, f"the {OVS_AGENT} of {_host(row)} is not alive")
        for row in lost
    ]


def _host(row: Mapping[str, Any]) -> str:
    return str(row.get("Host") or row.get("host"))


def _alive(row: Mapping[str, Any]) -> bool:
    return row.get("Alive", row.get("alive")) in (True, ":-)")


def _with_client() -> Ask:
    """Ask with the client, and without it for what it has no command."""
    bare: list[Ask] = []

    def asked(listing: Listing) -> Rows:
        done = command.run([CLIENT, *listing.words, "-f", "json"], timeout_s=ASK_S, check=False)
        if done.status and NO_COMMAND in done.stderr:
            bare[:] = bare or [_without_client()]
            return bare[0](listing)
        return _rows(done)

    return asked


def _rows(done: command.Completed) -> Rows:
    if done.status:
        raise ToolError(done.failure())
    try:
        rows = json.loads(done.stdout or "[]")
    except ValueError:
        raise ToolError(done.failure(), "its answer is no JSON") from None
    return rows if isinstance(rows, list) else []


def _without_client() -> Ask:
    from sfcci.enable import cloud_login

    session = cloud_login.logged_in()

    def asked(listing: Listing) -> Rows:
        answer = session.get(listing.path).get(listing.key)
        return answer if isinstance(answer, list) else []

    return asked
