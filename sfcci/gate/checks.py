"""Checks: what was captured and answered → the reasons why a step fails. No reason means that the check holds.

A verdict rests on packets seen at the switch's ports and on answers received, never on the configuration.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sfcci.gate.job import Answered, Check, FlowsAsAtStart, Hops, Quiet, Shares, Visits
from sfcci.trace.visits import Journey

MAX_REASONS = 5
"""So many reasons of one check are told; the rest is counted."""
Flow = tuple[str, str, int]
"""Addresses of source and destination, source port."""


@dataclass(frozen=True)
class Request:
    """One request of the traffic: its flow's addresses and ports, the status that came back (None: none)."""

    source: str
    dest: str
    source_ip: str
    dest_ip: str
    sport: int
    status: int | None
    error: str = ""

    @property
    def flow(self) -> Flow:
        """What its packets carry on their way to the server."""
        return self.source_ip, self.dest_ip, self.sport


@dataclass(frozen=True)
class Observation:
    """What one step saw: its requests, every packet's journey, traceroute's addresses, the switch's tables.

    `addresses` maps a host to its IP addresses.
    """

    requests: tuple[Request, ...] = ()
    journeys: tuple[Journey, ...] = ()
    route: tuple[str, ...] = ()
    addresses: Mapping[str, frozenset[str]] | None = None
    tables_before: str = ""
    tables_after: str = ""

    @cached_property
    def forward(self) -> dict[Flow, tuple[Journey, ...]]:
        """Flow of each request that was sent → journeys of its packets towards the server, oldest first."""
        found: dict[Flow, list[Journey]] = {request.flow: [] for request in self.requests if request.sport}
        for journey in self.journeys:
            flow = (journey.flow.src, journey.flow.dst, journey.flow.sport or 0)
            if flow in found:
                found[flow].append(journey)
        return {flow: tuple(journeys) for flow, journeys in found.items()}

    @cached_property
    def backward(self) -> tuple[Journey, ...]:
        """Journeys of the packets that came back to the requests' ports."""
        return tuple(
            journey
            for journey in self.journeys
            if (journey.flow.dst, journey.flow.src, journey.flow.dport) in self.forward
        )


def reasons(check: Check, seen: Observation) -> tuple[str, ...]:
    """Give why the check does not hold, at most MAX_REASONS of them and then how many more."""
    found = list(_CHECKS[type(check)](check, seen))
    if len(found) > MAX_REASONS:
        found[MAX_REASONS:] = [f"and {len(found) - MAX_REASONS} more"]
    return tuple(found)


def _answered(_check: Answered, seen: Observation) -> Iterator[str]:
    lost = [request for request in seen.requests if request.status != 200]  # noqa: PLR2004 - HTTP's OK
    if lost or not seen.requests:
        why = Counter(request.error or f"status {request.status}" for request in lost).most_common(1)
        yield f"{len(lost)} of {len(seen.requests)} requests had no answer" + (
            f" ({why[0][0]})" if why else ""
        )


def _visits(check: Visits, seen: Observation) -> Iterator[str]:
    if not seen.requests:
        yield "no request was sent, so no way is known"
    for request in seen.requests:
        if not request.sport:
            yield f"a request has no way: {request.error}"
            continue
        wanted = (*check.hops, (request.dest,))
        ways = [journey.hops for journey in seen.forward[request.flow]]
        if not any(_follows(way, wanted) and len(way) == len(wanted) for way in ways):
            yield f"{_name(request)}: no packet went {_route(wanted)} (seen: {_ways(ways)})"
        elif astray := [way for way in ways if not _follows(way, wanted)]:
            yield f"{_name(request)}: a packet went {' > '.join(astray[0])} instead of {_route(wanted)}"


def _follows(way: tuple[str, ...], wanted: tuple[tuple[str, ...], ...]) -> bool:
    """Say whether a way keeps to the wanted hops as far as it goes (a lost packet's way is shorter)."""
    return len(way) <= len(wanted) and all(host in hop for host, hop in zip(way, wanted, strict=False))


def _quiet(check: Quiet, seen: Observation) -> Iterator[str]:
    both_ways = (*(journey for ways in seen.forward.values() for journey in ways), *seen.backward)
    heard = Counter(host for journey in both_ways for host in set(journey.hops))
    for host in check.hosts:
        if heard[host]:
            yield f"{heard[host]} packets of the requests passed {host}, which should be quiet"
    if not any(seen.forward.values()):
        yield "no packet of the traffic was captured, so silence proves nothing"


def _shares(check: Shares, seen: Observation) -> Iterator[str]:
    visited = Counter(
        host for ways in seen.forward.values() for host in {h for way in ways for h in way.hops}
    )
    total = len(seen.forward)
    for host in check.among:
        share = visited[host] / total if total else 0.0
        if share < check.at_least:
            yield f"{host} got {visited[host]} of {total} requests ({share:.0%}), expected at least {check.at_least:.0%}"


def _hops(check: Hops, seen: Observation) -> Iterator[str]:
    addresses = seen.addresses or {}
    names = {address: host for host, own in addresses.items() for address in own}
    shown = " > ".join(f"{address} ({names.get(address, 'unknown')})" for address in seen.route) or "nothing"
    way = tuple(names.get(address, address) for address in seen.route)
    if len(way) != len(check.hops) or not _follows(way, check.hops):
        yield f"traceroute showed {shown}, expected {_route(check.hops)}"


def _flows_as_at_start(_check: FlowsAsAtStart, seen: Observation) -> Iterator[str]:
    before, after = (set(tables.splitlines()) for tables in (seen.tables_before, seen.tables_after))
    if not before:
        yield "the switch held no flows at the start, so equality proves nothing"
    yield from (f"left over in the switch: {line}" for line in sorted(after - before))
    yield from (f"missing in the switch: {line}" for line in sorted(before - after))


_CHECKS: dict[type, Callable[[Any, Observation], Iterator[str]]] = {
    Answered: _answered,
    Visits: _visits,
    Quiet: _quiet,
    Shares: _shares,
    Hops: _hops,
    FlowsAsAtStart: _flows_as_at_start,
}


def _name(request: Request) -> str:
    return f"request from port {request.sport}"


def _route(hops: tuple[tuple[str, ...], ...]) -> str:
    return " > ".join("|".join(hop) for hop in hops)


def _ways(ways: list[tuple[str, ...]]) -> str:
    shown = Counter(" > ".join(way) or "nowhere" for way in ways).most_common(3)
    return ", ".join(f"{way} x{count}" for way, count in shown) or "no packet"
