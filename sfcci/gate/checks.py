"""Checks: what was captured and answered → the reasons why a step fails. No reason means that the check holds.

A verdict rests on packets seen at the switch's ports and on answers received, never on the configuration.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sfcci.datapath.stream import Flowing
from sfcci.gate import job
from sfcci.trace.packet import TCP, FiveTuple
from sfcci.trace.visits import Journey

MAX_REASONS = 5
"""So many reasons of one check are told; the rest is counted."""
Way = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One flow of the traffic and whether its answer came; `sport` 0: it was never sent. ICMP: both ports are its identifier."""

    source: str
    dest: str
    source_ip: str
    dest_ip: str
    sport: int
    dport: int
    answered: bool = True
    error: str = ""
    protocol: int = TCP

    @property
    def flow(self) -> FiveTuple:
        """What its packets carry on their way there."""
        return FiveTuple(self.source_ip, self.dest_ip, self.protocol, self.sport, self.dport)


@dataclass(frozen=True)
class Streamed:
    """What became of a stream, and of the control stream beside it; `dest` is the host that it goes to."""

    dest: str
    source_ip: str
    dest_ip: str
    port: int
    control_port: int
    flowing: Flowing
    control: Flowing

    def packets(self, port: int) -> tuple[str, str, int]:
        """Give what the packets to a port carry: addresses and that port."""
        return self.source_ip, self.dest_ip, port


@dataclass(frozen=True)
class Observation:
    """What one step saw: its flows, every packet's journey, traceroute's addresses, the switch's tables.

    `addresses` maps a host to its IP addresses; `earlier` a flow of the step before to the way that it went.
    """

    requests: tuple[Request, ...] = ()
    journeys: tuple[Journey, ...] = ()
    route: tuple[str, ...] = ()
    addresses: Mapping[str, frozenset[str]] | None = None
    streams: tuple[Streamed, ...] = ()
    earlier: Mapping[FiveTuple, Way] | None = None
    tables_before: str = ""
    tables_base: str = ""
    tables_after: str = ""

    @cached_property
    def forward(self) -> dict[FiveTuple, tuple[Journey, ...]]:
        """Each flow that was sent → journeys of its packets there, oldest first."""
        found: dict[FiveTuple, list[Journey]] = {r.flow: [] for r in self.requests if r.sport}
        for journey in self.journeys:
            if journey.flow in found:
                found[journey.flow].append(journey)
        return {flow: tuple(journeys) for flow, journeys in found.items()}

    @cached_property
    def backward(self) -> dict[FiveTuple, tuple[Journey, ...]]:
        """Each flow that was sent → journeys of the packets that came back."""
        found: dict[FiveTuple, list[Journey]] = {flow: [] for flow in self.forward}
        for journey in self.journeys:
            if journey.back in found:
                found[journey.back].append(journey)
        return {flow: tuple(journeys) for flow, journeys in found.items()}

    @cached_property
    def ways(self) -> dict[FiveTuple, Way]:
        """Each flow → the hosts that the first of its packets passed which went all the way; those without one are left out."""
        dests = {request.flow: request.dest for request in self.requests}
        whole = {
            flow: next((j.hops for j in ways if j.hops[-1:] == (dests[flow],)), ())
            for flow, ways in self.forward.items()
        }
        return {flow: way for flow, way in whole.items() if way}


def reasons(check: job.Check, seen: Observation) -> tuple[str, ...]:
    """Give why the check does not hold, at most MAX_REASONS of them and then how many more."""
    found = list(_CHECKS[type(check)](check, seen))
    if len(found) > MAX_REASONS:
        found[MAX_REASONS:] = [f"and {len(found) - MAX_REASONS} more"]
    return tuple(found)


def _answered(_check: job.Answered, seen: Observation) -> Iterator[str]:
    lost = [request for request in seen.requests if not request.answered]
    if lost or not seen.requests:
        why = Counter(request.error for request in lost).most_common(1)
        yield f"{len(lost)} of {len(seen.requests)} requests had no answer" + (
            f" ({why[0][0]})" if why and why[0][0] else ""
        )


def _dropped(_check: job.Dropped, seen: Observation) -> Iterator[str]:
    came = Counter(r.dest for r in seen.requests for j in seen.forward.get(r.flow, ()) if r.dest in j.hops)
    for host, packets in sorted(came.items()):
        yield f"{packets} packets came to {host}, which should have been dropped"
    if not any(seen.forward.values()):
        yield "no packet of the traffic was captured, so nothing was dropped"


def _visits(check: job.Visits, seen: Observation) -> Iterator[str]:
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


def _both_ways(_check: job.BothWays, seen: Observation) -> Iterator[str]:
    if not seen.requests:
        yield "no request was sent, so no way is known"
    for request in seen.requests:
        there = seen.ways.get(request.flow)
        if there is None:
            yield f"{_name(request)}: no packet went all the way, so no way back is known"
            continue
        wanted = (*there[-2::-1], request.source)
        ways = [journey.hops for journey in seen.backward[request.flow]]
        if wanted not in ways:
            yield f"{_name(request)}: no answer came back {' > '.join(wanted)} (seen: {_ways(ways)})"
        elif astray := [way for way in ways if way != wanted[: len(way)]]:
            yield f"{_name(request)}: an answer came back {' > '.join(astray[0])} instead of {' > '.join(wanted)}"


def _quiet(check: job.Quiet, seen: Observation) -> Iterator[str]:
    ways = (*seen.forward.values(), *seen.backward.values())
    heard = Counter(host for there in ways for journey in there for host in {*journey.hops, *journey.copies})
    for host in check.hosts:
        if heard[host]:
            yield f"{heard[host]} packets of the requests passed {host}, which should be quiet"
    if not any(seen.forward.values()):
        yield "no packet of the traffic was captured, so silence proves nothing"


def _visited(seen: Observation) -> Counter[str]:
    """Count the flows of which a packet passed each host."""
    return Counter(host for ways in seen.forward.values() for host in {h for way in ways for h in way.hops})


def _shares(check: job.Shares, seen: Observation) -> Iterator[str]:
    visited, total = _visited(seen), len(seen.forward)
    for host in check.among:
        share = visited[host] / total if total else 0.0
        if share < check.at_least:
            yield f"{host} got {visited[host]} of {total} requests ({share:.0%}), expected at least {check.at_least:.0%}"


def _one_of(check: job.OneOf, seen: Observation) -> Iterator[str]:
    visited = _visited(seen)
    passed = {host: visited[host] for host in check.hosts if visited[host]}
    if len(passed) != 1 or len(seen.forward) not in passed.values():
        told = ", ".join(f"{host} {flows}" for host, flows in passed.items()) or "none of them"
        yield f"of {len(seen.forward)} requests passed: {told}; expected all of them to pass the same one"


def _weights(check: job.Weights, seen: Observation) -> Iterator[str]:
    visited = _visited(seen)
    total, all_weights = len(seen.forward), sum(weight for _, weight in check.among)
    for host, weight in check.among:
        share, wanted = visited[host] / total if total else 0.0, weight / all_weights if all_weights else 0.0
        if (weight == 0 and visited[host]) or abs(share - wanted) > check.within or not total:
            told = f"expected {wanted:.1%}" + (f" within {check.within:.1%}" if weight else "")
            yield f"{host} got {visited[host]} of {total} requests ({share:.1%}), {told}"


def _moved(check: job.MovedAtMost, seen: Observation) -> Iterator[str]:
    both = [flow for flow in seen.ways if flow in (seen.earlier or {})]
    moved = [flow for flow in both if seen.ways[flow] != (seen.earlier or {})[flow]]
    if not both:
        yield "none of the flows was there in the step before: give them a source_port"
    elif len(moved) > check.share * len(both):
        share = len(moved) / len(both)
        yield f"{len(moved)} of {len(both)} flows moved ({share:.0%}), expected at most {check.share:.0%}"


def _copies(check: job.Copies, seen: Observation) -> Iterator[str]:
    dests = {request.flow: request.dest for request in seen.requests}
    whole = [j for flow, ways in seen.forward.items() for j in ways if j.hops[-1:] == (dests[flow],)]
    if not whole:
        yield "no packet went all the way, so no copy is missed"
    for host in check.hosts:
        wrong = Counter(journey.copies.count(host) for journey in whole if journey.copies.count(host) != 1)
        for times, packets in sorted(wrong.items()):
            yield f"{host} got {times} copies of each of {packets} packets, expected one"


def _encapsulation(check: job.Encapsulation, seen: Observation) -> Iterator[str]:
    found = Counter(
        carried
        for ways in seen.forward.values()
        for journey in ways
        for host, carried in zip(journey.hops, journey.carried, strict=False)
        if host == check.at
    )
    if not found:
        yield f"no packet of the requests came to {check.at}"
    for (kind, path, index), packets in sorted(found.items()):
        right = (kind, check.path or path, index if check.index is None else check.index)
        if (kind, path, index) != right or kind != check.kind:
            yield f"{packets} packets came to {check.at} in {_carrier(kind, path, index)}, expected {_carrier(check.kind, check.path, check.index)}"


def _carrier(kind: str, path: int | None, index: int | None) -> str:
    told = [f"{word} {number}" for word, number in (("path", path), ("index", index)) if number is not None]
    return " ".join([kind, *(told if kind != "none" else ())])


def _lost(check: job.Lost, seen: Observation) -> Iterator[str]:
    if not seen.streams:
        yield "no stream was sent"
    for stream in seen.streams:
        flowing = stream.flowing
        control = {way for way in _ways_to(seen, stream, stream.control_port) if way[:1] != (stream.dest,)}
        if control:
            yield f"the control stream went {' > '.join(min(control))}: it is to pass no function"
        if flowing.lost > check.packets:
            ranges = ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in flowing.missing[:3])
            yield f"{flowing.lost} of {flowing.sent} packets were lost (numbers {ranges}); the control stream lost none"
        if flowing.duplicated:
            yield f"{flowing.duplicated} of {flowing.sent} packets came twice"


def _ways_to(seen: Observation, stream: Streamed, port: int) -> Counter[Way]:
    """Count the ways of a stream's packets to a port that went anywhere."""
    ends = stream.packets(port)
    ways = (j.hops for j in seen.journeys if (j.flow.src, j.flow.dst, j.flow.dport) == ends)
    return Counter(way for way in ways if way)


def _ways_of_streams(check: job.Ways, seen: Observation) -> Iterator[str]:
    for stream in seen.streams:
        ways = _ways_to(seen, stream, stream.port)
        if not ways:
            yield "no packet of the stream was captured, so no way is known"
        wanted = [(*way, (stream.dest,)) for way in check.ways]
        for way, packets in ways.items():
            if not any(_follows(way, one) for one in wanted):
                told = " or ".join(_route(one) for one in wanted)
                yield f"{packets} packets of the stream went {' > '.join(way)} instead of {told}"


def _hops(check: job.Hops, seen: Observation) -> Iterator[str]:
    addresses = seen.addresses or {}
    names = {address: host for host, own in addresses.items() for address in own}
    shown = " > ".join(f"{address} ({names.get(address, 'unknown')})" for address in seen.route) or "nothing"
    way = tuple(names.get(address, address) for address in seen.route)
    if len(way) != len(check.hops) or not _follows(way, check.hops):
        yield f"traceroute showed {shown}, expected {_route(check.hops)}"


def _flows_as_at_start(_check: job.FlowsAsAtStart, seen: Observation) -> Iterator[str]:
    return _same_tables(seen.tables_before, seen.tables_after)


def _base_flows(_check: job.BaseFlows, seen: Observation) -> Iterator[str]:
    return _same_tables(seen.tables_base, seen.tables_after)


def _same_tables(old: str, new: str) -> Iterator[str]:
    before, after = set(old.splitlines()), set(new.splitlines())
    if not before:
        yield "the switch held no flows at the start, so equality proves nothing"
    yield from (f"left over in the switch: {line}" for line in sorted(after - before))
    yield from (f"missing in the switch: {line}" for line in sorted(before - after))


_CHECKS: dict[type, Callable[[Any, Observation], Iterator[str]]] = {
    job.Answered: _answered,
    job.Dropped: _dropped,
    job.Visits: _visits,
    job.BothWays: _both_ways,
    job.Quiet: _quiet,
    job.Shares: _shares,
    job.OneOf: _one_of,
    job.Weights: _weights,
    job.MovedAtMost: _moved,
    job.Copies: _copies,
    job.Encapsulation: _encapsulation,
    job.Lost: _lost,
    job.Ways: _ways_of_streams,
    job.Hops: _hops,
    job.FlowsAsAtStart: _flows_as_at_start,
    job.BaseFlows: _base_flows,
}
NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}


def _name(request: Request) -> str:
    named = "echo" if NAMES[request.protocol] == "icmp" else "from port"
    return f"{NAMES[request.protocol]} {named} {request.sport}"


def _route(hops: tuple[tuple[str, ...], ...]) -> str:
    return " > ".join("|".join(hop) for hop in hops)


def _ways(ways: list[tuple[str, ...]]) -> str:
    shown = Counter(" > ".join(way) or "nowhere" for way in ways).most_common(3)
    return ", ".join(f"{way} x{count}" for way, count in shown) or "no packet"
