"""A journey judged: whether the packet went as its chain says, or as a switch without chains would have it."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sfcci.chain.journey import Journey, Layout, Visit
from sfcci.chain.model import FlowClassifier
from sfcci.chain.ntuple import Tuple, tuple_of
from sfcci.chain.openflow import match
from sfcci.chain.path import Hop, Path, Tap
from sfcci.chain.state import NOTHING
from sfcci.chain.walk import Packet


@dataclass(frozen=True)
class Verdict:
    """Whether a packet went right, and why in a sentence. `chain`: the one that wants it (id), None: none does."""

    right: bool
    chain: str | None
    says: str


def verdict(
    layout: Layout,
    journey: Journey,
    goal: str | None,
    lame: Mapping[str, str] = NOTHING,
    asked: Journey | None = None,
) -> Verdict:
    """Judge a journey whose packet is for port `goal` (id; None: for nobody that is known).

    `lame`: chains that cannot be carried out, with the reason, by id. `asked`: the journey that the packet answers; on
    a way back it has to meet the same functions, from the last to the first.
    """
    path = claimed(layout, journey.packet)
    if path and journey.waits:
        says = f"{layout.name(path.chain)} is being changed: the packet waits until those before it are out"
        return Verdict(True, path.chain, says)
    if path:
        return _Check(layout, journey, goal, asked if path.back else None).along(path)
    for chain in layout.chains.port_chains:
        if chain.id in lame and any(
            _wants(layout, fc, journey.packet) for fc in _classifiers(layout, chain.id)
        ):
            return _of_lame(layout, journey, chain.id, lame[chain.id], goal, fails_open=chain.fail_open)
    return _unclaimed(layout, journey, goal)


def claimed(layout: Layout, packet: Packet) -> Path | None:
    """Give the way on which a packet enters where it does; None: no chain wants it."""
    inner = inner_chains(layout)
    for id_, ways in layout.ways.items():
        for path in ways if id_ not in inner else ():
            for entry in path.entries:
                if entry.port and entry.port.number == packet["in_port"] and agrees(entry.packets, packet):
                    return path
    return None


def agrees(packets: Tuple, packet: Packet) -> bool:
    """Say whether a packet is one of these."""
    return any(match(**fields).agrees(packet) for fields in packets.fields())


def inner_chains(layout: Layout) -> frozenset[str]:
    """Give the chains (ids) that packets enter from the ends of others alone."""
    graphs = layout.chains.service_graphs
    return frozenset(end for graph in graphs for _, ends in graph.port_chains for end in ends)


def _wants(layout: Layout, classifier: FlowClassifier, packet: Packet) -> bool:
    port = layout.ports.get(classifier.logical_source_port or "")
    return port is not None and port.number == packet["in_port"] and agrees(tuple_of(classifier), packet)


def _classifiers(layout: Layout, chain: str) -> Iterator[FlowClassifier]:
    wanted = next(one.flow_classifiers for one in layout.chains.port_chains if one.id == chain)
    yield from (fc for fc in layout.chains.flow_classifiers if fc.id in wanted)


def _of_lame(
    layout: Layout, journey: Journey, chain: str, reason: str, goal: str | None, *, fails_open: bool
) -> Verdict:
    """A chain that cannot be carried out: its packets are dropped, or let past its functions."""
    name = layout.name(chain)
    if not fails_open:
        past = "; yet it was not dropped" if journey.arrivals or journey.visits else ": it is dropped"
        return Verdict(False, chain, f"{name} wants it and cannot carry it ({reason}){past}")
    ended = _ended(layout, journey, goal)
    return Verdict(
        False, chain, f"{name} wants it, cannot carry it ({reason}) and is open: {ended or 'it goes past'}"
    )


def _unclaimed(layout: Layout, journey: Journey, goal: str | None) -> Verdict:
    if journey.visits:
        return Verdict(False, None, "no chain wants it, yet it visits " + _pairs(layout, journey.visits))
    if ended := _ended(layout, journey, goal):
        return Verdict(False, None, f"no chain wants it; {ended}")
    return Verdict(
        True, None, f"no chain wants it; it is switched to {layout.name(goal or '') or 'its address'}"
    )


def _ended(layout: Layout, journey: Journey, goal: str | None) -> str:
    """What is wrong with the end of a journey; "" when it ends, once, where it is meant to."""
    where = [one.port for one in journey.arrived]
    if journey.circles:
        return "it goes round in circles"
    if goal is None:
        return "" if journey.arrivals else "it is dropped"
    if where == [goal]:
        return ""
    if not where:
        seen = f": it is flooded to {len(journey.others)} ports" if journey.others else ": it is dropped"
        return f"it does not reach {layout.name(goal)}{seen}"
    return f"it reaches {', '.join(map(layout.name, where))} instead of {layout.name(goal)} once"


def _pairs(layout: Layout, visits: Iterable[Visit]) -> str:
    return ", ".join(layout.name(visit.pair) for visit in visits)


@dataclass
class _Check:
    layout: Layout
    journey: Journey
    goal: str | None
    asked: Journey | None = None
    faults: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.left = deque(visit for visit in self.journey.visits if not visit.copy)
        self.copies = deque(visit for visit in self.journey.visits if visit.copy)

    def along(self, path: Path) -> Verdict:
        """Judge what comes of a packet that enters this path."""
        name = self.layout.name(path.chain) + (" (the way back)" if path.back else "")
        self._path(path)
        if self.asked and not self.faults:
            self._same_as(self.asked)
        if self.left and not self.faults:
            self.faults.append(f"it visits {_pairs(self.layout, self.left)} besides")
        if self.copies and not self.faults:
            self.faults.append(f"{_pairs(self.layout, self.copies)} got a copy besides")
        if not self.stopped and (ended := _ended(self.layout, self.journey, self.goal)):
            self.faults.append(ended)
        if self.stopped and self.journey.arrivals:
            self.faults.append("yet it is not dropped")
        if self.faults:
            return Verdict(False, path.chain, f"{name} wants it; {'; '.join(self.faults)}")
        way = ", ".join([*self.passed, self.layout.name(self.goal or "")]).removesuffix(", ")
        return Verdict(True, path.chain, f"as {name} says: {way}")

    def _same_as(self, asked: Journey) -> None:
        """An answer that meets other instances than the request is one that they know nothing of."""
        there, back = ([one for one in way.visits if not one.copy] for way in (asked, self.journey))
        if [one.pair for one in there] != [one.pair for one in reversed(back)]:
            words = _pairs(self.layout, back), _pairs(self.layout, there)
            self.faults.append(f"it visits {words[0]}, the packet that it answers {words[1]}")

    def _path(self, path: Path) -> None:
        for hop in path.hops:
            self._taps(hop.taps)
            if not self._hop(path, hop):
                return
        self._taps(path.taps)
        if onward := self._branch(path):
            self._path(onward)

    def _hop(self, path: Path, hop: Hop) -> bool:
        """Judge one hop; say whether the packet is to go on."""
        live = {instance.pair for instance in hop.live}
        group = self._group(hop.instances[0].pair) if hop.instances else f"group {hop.group}"
        if not live:
            if not path.fail_open:
                self.faults.append(f"{group} has no live port pair: it is dropped")
                self.stopped = True
            return path.fail_open
        if self.left and self.left[0].pair in live:
            self.passed.append(self.layout.name(self.left.popleft().pair))
            return True
        self.faults.append(f"it visits none of {group}")
        return False

    def _taps(self, taps: Sequence[Tap]) -> None:
        for tap in taps:
            if not tap.instance.entry.up:
                continue
            if self.copies and self.copies[0].pair == tap.instance.pair:
                self.copies.popleft()
            else:
                self.faults.append(f"{self.layout.name(tap.instance.pair)} gets no copy")

    def _group(self, pair: str) -> str:
        return self.layout.name(self.layout.group_of[pair].id)

    def _branch(self, path: Path) -> Path | None:
        """Where a service graph goes on behind a path: the first of its chains that wants the packet as it is then."""
        visits = [visit for visit in self.journey.visits if not visit.copy]
        first = self.journey.packet
        now = visits[len(visits) - len(self.left) - 1].returned if visits else first
        now = {**now, "eth_type": first["eth_type"]}  # whatever is around it
        for graph in self.layout.chains.service_graphs:
            for end in dict(graph.port_chains).get(path.chain, ()):
                ways = self.layout.ways.get(end, ())
                if ways and any(agrees(entry.packets, now) for entry in ways[0].entries):
                    return ways[0]
        return None
