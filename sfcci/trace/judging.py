"""Trails judged: the path of each request, there and back, and whether it is its chain's."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sfcci.chain.path import Hop as PathHop
from sfcci.chain.path import Instance, Path, Tap
from sfcci.trace.chainpath import ChainPath, Hop, Role, Step, Verdict, Where
from sfcci.trace.flowfilter import tracked
from sfcci.trace.hops import Way, hops_of, way_of
from sfcci.trace.meant import Meant
from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import IN, OUT, Pass, Trail

FORWARD, REVERSE = "forward", "reverse"
Wants = Callable[[FiveTuple], bool]


def paths(trails: Iterable[Trail], meant: Meant, wants: Wants | None = None) -> tuple[ChainPath, ...]:
    """Give for each request the path there, then the path back where an answer was seen; oldest request first.

    `wants`: of which requests (None: all); of two packets that answer each other the one that is wanted is the request, else
    the first. The path is that of the direction's first packet, or of the first one that did not go as it should.
    """
    found: list[ChainPath] = []
    for flow, ways in _requests(trails, wants).items():
        there = _direction(ways.get(flow, []), meant, FORWARD)
        found += [there] if there else []
        back = _direction(ways.get(answered(flow), []), meant, REVERSE, there)
        found += [back] if back else []
    return tuple(found)


def answered(flow: FiveTuple) -> FiveTuple:
    """Give what the answers' packets carry."""
    return FiveTuple(flow.dst, flow.src, flow.protocol, flow.dport, flow.sport)


def _requests(trails: Iterable[Trail], wants: Wants | None) -> dict[FiveTuple, dict[FiveTuple, list[Trail]]]:
    found: dict[FiveTuple, dict[FiveTuple, list[Trail]]] = {}
    for trail in trails:
        flow, back = trail.flow, answered(trail.flow)
        if back in found:
            flow = back
        elif flow not in found and wants is not None and not wants(flow):
            if not wants(back):
                continue
            flow = back
        found.setdefault(flow, {}).setdefault(trail.flow, []).append(trail)
    return found


def _direction(
    trails: Sequence[Trail], meant: Meant, direction: str, asked: ChainPath | None = None
) -> ChainPath | None:
    """The path of one direction: all packets that went alike are judged once."""
    kept = [trail for trail in trails if trail.passes]
    begun = [trail for trail in kept if trail.passes[0].direction == IN] or kept
    if not begun:
        return None
    shapes: dict[tuple[object, ...], ChainPath] = {}
    counts = Counter(trail.shape for trail in begun)
    chosen: ChainPath | None = None
    for number, trail in enumerate(begun, 1):
        if trail.shape in shapes:
            continue
        path = judged(trail, meant, direction, asked)
        path = replace(path, packets=len(begun), alike=counts[trail.shape], first=number)
        shapes[trail.shape] = path
        if chosen is None or (chosen.ok and not path.ok):
            chosen = path
    return chosen


def judged(trail: Trail, meant: Meant, direction: str = FORWARD, asked: ChainPath | None = None) -> ChainPath:
    """Give the path of one packet. `asked`: the path of the packet that it answers."""
    way = way_of(meant, trail)
    hops = hops_of(meant, trail, way)
    return _Judging(trail, meant, way, hops, direction, asked).path()


class _Fault(NamedTuple):
    """What is wrong: the verdict, the node that it is about, in words, and the frame of which the switch made it."""

    verdict: Verdict
    node: str
    says: str
    at: Pass | None


@dataclass
class _Judging:
    trail: Trail
    meant: Meant
    way: Way
    hops: tuple[Hop, ...]
    direction: str
    asked: ChainPath | None
    faults: list[_Fault] = field(default_factory=list)
    """The first one counts."""

    def __post_init__(self) -> None:
        self.visits = tuple(hop for hop in self.hops if hop.role is Role.FUNCTION)

    def path(self) -> ChainPath:
        dropped = self._dropped()
        if self.way.paths:
            self._along()
        else:
            self._unclaimed()
        where = None
        if dropped:
            node, where, says = dropped
            at = None if where is Where.FUNCTION else self.trail.passes[-1]
            self.faults.insert(0, _Fault(Verdict.DROPPED_AT, node, says, at))
        verdict, node, _, at = self.faults[0] if self.faults else (Verdict.OK, "", "", None)
        return ChainPath(
            self.trail.flow,
            tracked(self.trail.flow),
            self.direction,
            self.hops,
            verdict,
            self._says(),
            self._chain(),
            bool(self.way.paths and self.way.paths[0].back),
            tuple(self._meant()),
            node,
            where,
            at,
        )

    def _chain(self) -> str:
        if self.way.paths:
            return self.meant.layout.name(self.way.paths[0].chain)
        lame = self._lame()
        return self.meant.layout.name(lame) if lame else ""

    def _lame(self) -> str | None:
        first = self.trail.passes[0]
        port = self.meant.port(first.port)
        return self.meant.lame_chain(first.flow, port.id) if port and first.direction == IN else None

    def _says(self) -> str:
        name = self._chain()
        back = " (the way back)" if self.way.paths and self.way.paths[0].back else ""
        if self.faults:
            head = f"{name}{back} wants it" if name else "no chain wants it"
            return f"{head}; {'; '.join(dict.fromkeys(fault.says for fault in self.faults))}"
        last = [hop.node for hop in self.hops if hop.role is Role.DESTINATION][:1]
        if not name:
            return f"no chain wants it; it is switched to {', '.join(last)}"
        chains = " and ".join(self.meant.layout.name(path.chain) for path in self.way.paths)
        passed = [hop.pair for hop in self.visits]
        verb = "says" if len(self.way.paths) == 1 else "say"
        return f"as {chains}{back} {verb}: {', '.join([*passed, *last])}"

    def _dropped(self) -> tuple[str, Where, str] | None:
        """Where the packet was lost and how that is told; None: it arrived."""
        if any(hop.role is Role.DESTINATION for hop in self.hops):
            return None
        last = self.trail.passes[-1]
        hop = next((one for one in reversed(self.hops) if last in (one.given, one.returned)), None)
        if last.direction == OUT and hop and hop.role is Role.FUNCTION:
            of = f" ({hop.pair} of {hop.group})" if hop.pair else ""
            why = ", for its TTL ended there" if last.ttl == 1 else ""
            return last.node, Where.FUNCTION, f"{last.node}{of} got it and did not give it back{why}"
        if last.direction == OUT:
            others = ", ".join(dict.fromkeys(one.node for one in self.hops if one.role is Role.OTHER))
            says = f"it is given to {others}, who is not meant{self._next()}"
            return self._sender(), Where.SWITCH, says
        if len(self.trail.passes) == 1 and not self._taken():
            return (
                last.node,
                Where.CLASSIFIER,
                f"no classifier of the switch takes what {last.node} sent, and nobody gets it",
            )
        blamed = f" ({hop.fault})" if hop and hop.fault else ""
        return (
            last.node,
            Where.SWITCH,
            f"the switch got it from {last.node}{blamed} and gave it to nobody{self._next()}",
        )

    def _taken(self) -> bool:
        port = self.meant.port(self.trail.passes[0].port)
        return (
            bool(self.way.paths) and port is not None and self.meant.takes(self.trail.passes[0].flow, port.id)
        )

    def _sender(self) -> str:
        return next((one.node for one in reversed(self.trail.passes) if one.direction == IN), "")

    def _next(self) -> str:
        """What should have come next."""
        for path, hop in self._ahead():
            if not hop.live:  # an open chain's are left out
                chain = self.meant.layout.name(path.chain)
                return f": {self._group(hop)} has no live port pair, and {chain} is closed"
            return f"; {self._group(hop)} was next"
        return "; its destination was next" if self.way.paths else ""

    def _ahead(self) -> Iterator[tuple[Path, PathHop]]:
        """The hops behind the last one that was visited, without those that an open chain leaves out."""
        seen = {hop.given.port for hop in self.visits if hop.given}
        hops = list(self.way.hops)
        done = [n for n, (_, hop) in enumerate(hops) if self._served(hop, seen)]
        for path, hop in hops[done[-1] + 1 if done else 0 :]:
            if hop.live or not path.fail_open:
                yield path, hop

    def _served(self, hop: PathHop, seen: set[str]) -> Instance | None:
        numbers = {port.number for word in seen if (port := self.meant.port(word))}
        return next((one for one in hop.instances if one.entry.number in numbers), None)

    def _along(self) -> None:
        """Compare the functions visited with those that the way has."""
        wanted = [(path, hop) for path, hop in self.way.hops if hop.live or not path.fail_open]
        stop = next((n for n, (_, hop) in enumerate(wanted) if not hop.live), len(wanted))
        order = [self._place(hop, wanted) for hop in self.visits]
        arrived = any(hop.role is Role.DESTINATION for hop in self.hops)
        reached = stop if arrived else max((place for place in order if place is not None), default=0)
        self._missing(wanted[:reached], order)
        if arrived and stop < len(wanted):
            path, hop = wanted[stop]
            self._fault(
                Verdict.BYPASSED,
                self._hosts(hop),
                f"{self._group(hop)} has no live port pair and {self.meant.layout.name(path.chain)} is closed, yet it was not dropped",
            )
        self._order(order, wanted)
        self._copies(arrived)
        self._same_as_asked()

    def _place(self, hop: Hop, wanted: Sequence[tuple[Path, PathHop]]) -> int | None:
        port = self.meant.port(hop.given.port) if hop.given else None
        for number, (_, one) in enumerate(wanted):
            if port and any(instance.entry.number == port.number for instance in one.instances):
                return number
        return None

    def _missing(self, wanted: Sequence[tuple[Path, PathHop]], order: Sequence[int | None]) -> None:
        lost = [number for number in range(len(wanted)) if number not in order]
        if lost:
            names = " and ".join(f"{self._group(wanted[n][1])} ({self._hosts(wanted[n][1])})" for n in lost)
            before = [hop for place, hop in zip(order, self.visits, strict=True) if (place or 0) < lost[0]]
            at = before[-1] if before else self.hops[0]
            self._fault(Verdict.BYPASSED, self._hosts(wanted[lost[0]][1]), f"it goes past {names}", at)

    def _order(self, order: Sequence[int | None], wanted: Sequence[tuple[Path, PathHop]]) -> None:
        """Those that are visited too early, twice, or by no right at all; who is visited later is not missing."""
        seen: set[int] = set()
        for number, (place, hop) in enumerate(zip(order, self.visits, strict=True)):
            early = [n for n in range(place or 0) if n in order and n not in seen]
            words = ""
            if place is None:
                words = f"it visits {hop.node} ({hop.pair}), which its chain does not name"
            elif place in seen:
                words = f"it visits {self._group(wanted[place][1])} twice"
            elif early:
                before = " and ".join(self._group(wanted[n][1]) for n in early)
                words = (
                    f"it visits {hop.node} ({hop.pair} of {self._group(wanted[place][1])}) before {before}"
                )
            if words:
                at = self.visits[number - 1] if number else self.hops[0]
                self._fault(Verdict.WRONG_ORDER, hop.node, words, at)
            seen |= set() if place is None else {place}

    def _copies(self, arrived: bool) -> None:
        got = {hop.pair for hop in self.hops if hop.role is Role.TAP}
        seen = {hop.given.port for hop in self.visits if hop.given}
        for path in self.way.paths:
            due = [(tap, bool(self._served(hop, seen))) for hop in path.hops for tap in hop.taps]
            for tap, passed in (*due, *((tap, arrived) for tap in path.taps)):
                name = self.meant.layout.name(tap.instance.pair)
                if passed and tap.instance.entry.up and name not in got:
                    node = self.meant.host_at.get(tap.instance.entry.number, name)
                    self._fault(Verdict.BYPASSED, node, f"{name} gets no copy")

    def _same_as_asked(self) -> None:
        """An answer that meets other instances than the request is one that they know nothing of."""
        if self.asked is None or not self.way.paths[0].back or self.faults or not self.asked.ok:
            return
        passed = tuple(hop.pair for hop in self.visits)
        if passed != self.asked.pairs[::-1]:
            words = ", ".join(passed), ", ".join(self.asked.pairs)
            self._fault(
                Verdict.WRONG_ORDER,
                self.hops[-1].node,
                f"it visits {words[0]}, the packet that it answers {words[1]}",
            )

    def _unclaimed(self) -> None:
        lame = self._lame()
        if lame:
            self._fault(
                Verdict.BYPASSED,
                self.trail.passes[0].node,
                f"it cannot be carried out ({self.meant.lame[lame]})",
            )
        elif passed := self.visits:
            nodes = ", ".join(hop.node for hop in passed)
            self._fault(Verdict.WRONG_ORDER, passed[0].node, f"yet it visits {nodes}")

    def _fault(self, verdict: Verdict, node: str, says: str, hop: Hop | None = None) -> None:
        self.faults.append(_Fault(verdict, node, says, (hop.returned or hop.given) if hop else None))

    def _group(self, hop: PathHop) -> str:
        if not hop.instances:
            return f"group {hop.group}"
        layout = self.meant.layout
        return layout.name(layout.group_of[hop.instances[0].pair].id)

    def _hosts(self, hop: PathHop) -> str:
        return " or ".join(
            sorted(self.meant.host_at.get(one.entry.number, one.pair) for one in hop.instances)
        )

    def _meant(self) -> Iterator[Step]:
        """The groups of the way, taps included, with the pair that served."""
        seen = {hop.given.port for hop in self.visits if hop.given}
        copies = {hop.pair for hop in self.hops if hop.role is Role.TAP}
        for path in self.way.paths:
            for hop in path.hops:
                yield from (self._tap(tap, copies) for tap in hop.taps)
                served = self._served(hop, seen)
                yield self._step(
                    self._group(hop), hop.instances, self.meant.layout.name(served.pair) if served else ""
                )
            yield from (self._tap(tap, copies) for tap in path.taps)

    def _tap(self, tap: Tap, copies: set[str]) -> Step:
        name = self.meant.layout.name(tap.instance.pair)
        group = self.meant.layout.name(self.meant.layout.group_of[tap.instance.pair].id)
        return replace(self._step(group, (tap.instance,), name if name in copies else ""), tap=True)

    def _step(self, group: str, instances: Sequence[Instance], visited: str) -> Step:
        name, host = self.meant.layout.name, self.meant.host_at
        known = sorted((name(one.pair), host.get(one.entry.number, one.pair)) for one in instances)
        return Step(group, tuple(pair for pair, _ in known), tuple(node for _, node in known), visited)
