"""A request sent in a lab, so that its path can be seen."""

import sys
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from sfcci.datapath.lab import Lab
from sfcci.datapath.topology import Port
from sfcci.errors import UsageError
from sfcci.trace.flowfilter import End, Filter
from sfcci.trace.meant import Meant
from sfcci.trace.packet import ICMP, ICMPV6, TCP, UDP

PROGRAM = Path(__file__).parent / "inside" / "ask.py"
NAMES = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp"}
USUAL = {"tcp": 80, "udp": 53, "icmp": 0}
"""The port of a request for which none is named."""
LIMIT_S = 10.0


def send(lab: Lab, meant: Meant, wanted: Filter) -> str:
    """Send one request such as is wanted, from the host that has its source; give in words what came of it.

    Raises UsageError (it does not say enough), ToolError.
    """
    if wanted.id:
        raise UsageError("an id says of no request what it is; say FROM -> TO tcp PORT with --send")
    sources, goals = _ports(meant, wanted.source, "FROM"), _ports(meant, wanted.destination, "TO")
    source, address, goal = _ends(sources, goals)
    name = NAMES.get(wanted.protocols[0] if wanted.protocols else TCP)
    if name is None:
        raise UsageError("--send sends tcp, udp and icmp")
    port = USUAL[name] if wanted.destination.port is None else wanted.destination.port
    words = [name, address, str(wanted.source.port or 0), goal, str(port)]
    done = lab.run(source.host, [sys.executable, "-I", "-S", PROGRAM, *words], timeout_s=LIMIT_S)
    came = "it was answered" if done.status == 0 else f"no answer: {done.stderr.strip()}"
    return f"{source.host} sent {name} to {goal}{f' port {port}' if port else ''}; {came}"


def _ports(meant: Meant, end: End, which: str) -> list[tuple[Port, str]]:
    """The ports that have an address of an end, with it."""
    if end.networks is None:
        raise UsageError(f"say {which} with --send: an address, a host or a port")
    found = [(port, one) for port in meant.topology.ports for one in port.plain if end.has(one, end.port)]
    if not found:
        raise UsageError(f"no port of the lab has the address of {which}")
    return found


def _ends(sources: Iterable[tuple[Port, str]], goals: Iterable[tuple[Port, str]]) -> tuple[Port, str, str]:
    """The first source and goal of one IP version."""
    known = list(goals)
    for port, source in sources:
        for _, goal in known:
            if ip_address(source).version == ip_address(goal).version:
                return port, source, goal
    raise UsageError("FROM and TO have no addresses of one IP version")
