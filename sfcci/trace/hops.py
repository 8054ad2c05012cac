"""The nodes that a packet came to, told from its trail: who each is to it, in what it came, how the switch chose it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sfcci.chain.path import Hop as PathHop
from sfcci.chain.path import Instance, Path, Tap
from sfcci.chain.table import label
from sfcci.datapath.topology import Port
from sfcci.trace.chainpath import Hop, Role
from sfcci.trace.meant import Choice, Meant
from sfcci.trace.passes import IN, Pass, Trail

NO_CHOICE = Choice(of=0)


@dataclass(frozen=True)
class Way:
    """The paths that a packet is to go, one behind the other where a service graph says so."""

    paths: tuple[Path, ...] = ()

    @property
    def hops(self) -> Iterator[tuple[Path, PathHop]]:
        """Every hop with its path, in order."""
        for path in self.paths:
            for hop in path.hops:
                yield path, hop

    @property
    def taps(self) -> Iterator[tuple[Path, PathHop | None, Tap]]:
        """Every tap with its path and the hop before it; None: it stands before all."""
        before: PathHop | None = None
        for path in self.paths:
            for hop in path.hops:
                yield from ((path, before, tap) for tap in hop.taps)
                before = hop
            yield from ((path, before, tap) for tap in path.taps)


def way_of(meant: Meant, trail: Trail) -> Way:
    """Give the way that a packet is to go; an empty one where no chain wants it."""
    if not trail.passes:
        return Way()
    first = trail.passes[0]
    port = meant.port(first.port) if first.direction == IN else meant.owner.get(trail.flow.src)
    path = meant.claimed(first.flow, port.id) if port else None
    paths: list[Path] = []
    last = next((one for one in reversed(trail.passes) if one.direction == IN), first)
    while path and path not in paths:
        paths.append(path)
        path = meant.onward(path, last.flow)
    return Way(tuple(paths))


def hops_of(meant: Meant, trail: Trail, way: Way) -> tuple[Hop, ...]:
    """Give the nodes that a packet came to, in the order in which it did; copies stand behind the node that they were made behind."""
    seen = _Seen(meant, way)
    before: int | None = None
    for one in trail.passes:
        seen.passed(one, 0 if before is None else one.time_ns - before)
        before = one.time_ns
    for one in trail.copies:
        seen.copied(one)
    return tuple(seen.hops)


@dataclass
class _Seen:
    meant: Meant
    way: Way
    hops: list[Hop] = field(default_factory=list)
    used: int = 0
    """How many hops of the way are behind the packet."""

    def passed(self, one: Pass, delta_ns: int) -> None:
        if one.direction != IN:
            self.hops.append(self._given(one, delta_ns))
            return
        for number, hop in reversed(list(enumerate(self.hops))):
            if hop.node == one.node and hop.returned is None and hop.role is not Role.TAP:
                self.hops[number] = replace(hop, returned=one, fault=_blamed(hop, one))
                return
        self.hops.append(Hop(one.node, Role.SOURCE, returned=one, delta_ns=delta_ns))

    def copied(self, one: Pass) -> None:
        port = self.meant.port(one.port)
        for path, before, tap in self.way.taps:
            if port and tap.instance.entry.number == port.number:
                at = self._behind(before)
                si = tap.si - path.first + self.meant.first(path)
                hop = self._served(one, self._since(at, one), path, tap.instance, si, Role.TAP)
                self.hops.insert(at + 1, hop)
                return
        self.hops.append(Hop(one.node, Role.TAP, given=one, delta_ns=self._since(len(self.hops) - 1, one)))

    def _behind(self, before: PathHop | None) -> int:
        """The place of the last node that served a hop, or has a copy from behind it; 0, the source's, where there is none."""
        numbers = {one.entry.number for one in before.instances} if before else set()
        at = 0
        for place, hop in enumerate(self.hops):
            port = self.meant.port(hop.given.port) if hop.given else None
            if port and port.number in numbers:
                at = place
        while at + 1 < len(self.hops) and self.hops[at + 1].role is Role.TAP:
            at += 1
        return at

    def _since(self, at: int, one: Pass) -> int:
        """How long ago the node that a copy was made behind gave the packet to the switch."""
        hop = next((hop for hop in reversed(self.hops[: at + 1]) if hop.role is not Role.TAP), None)
        last = (hop.returned or hop.given) if hop else None
        return one.time_ns - last.time_ns if last else 0

    def _given(self, one: Pass, delta_ns: int) -> Hop:
        port = self.meant.port(one.port)
        if port is None:
            return Hop(one.node, Role.OTHER, one, None, delta_ns)
        own = one.flow.dst in port.plain
        if not own and (found := self._hop_at(port)):
            path, at, instance = found
            si = at.si - path.first + self.meant.first(path)
            return self._served(one, delta_ns, path, instance, si, Role.FUNCTION)
        pair = self.meant.pair_at.get(port.id)
        if own or (pair is None and one.eth_dst == port.mac):
            return Hop(one.node, Role.DESTINATION, one, None, delta_ns)
        if pair is None:
            return Hop(one.node, Role.OTHER, one, None, delta_ns)
        name, group = self.meant.layout.name, self.meant.layout.group_of[pair]
        return Hop(one.node, Role.FUNCTION, one, None, delta_ns, "", name(group.id), name(pair))

    def _hop_at(self, port: Port) -> tuple[Path, PathHop, Instance] | None:
        """The hop of the way whose function has that port; the next one that has not been passed, else any."""
        hops = list(self.way.hops)
        for number in (*range(self.used, len(hops)), *range(self.used)):
            path, hop = hops[number]
            for instance in hop.instances:
                if instance.entry.number == port.number:
                    self.used = number + 1
                    return path, hop, instance
        return None

    def _served(self, one: Pass, delta_ns: int, path: Path, instance: Instance, si: int, role: Role) -> Hop:
        """A function of the way, or a tap, with its place: what the frame says, else what the switch knows."""
        name, group = self.meant.layout.name, self.meant.layout.group_of[instance.pair]
        told = one.place
        _, spi, index = told or ("", path.spi, si)
        choice = self.meant.choice(path, si, instance.entry.number) if role is Role.FUNCTION else NO_CHOICE
        return Hop(
            one.node,
            role,
            one,
            None,
            delta_ns,
            name(path.chain),
            name(group.id),
            name(instance.pair),
            spi,
            index,
            None if path.nsh else label(spi, index),
            told is not None,
            *choice,
        )


def _blamed(hop: Hop, one: Pass) -> str:
    """What is wrong with the frame that came back: a function that knows the chain counts the index down."""
    if hop.role is not Role.FUNCTION or not hop.on_wire or hop.given is None:
        return ""
    if one.place is None:
        return "gave it back without the chain's header"
    _, *told = one.place
    _, spi, si = hop.given.place or ("", 0, 0)
    if told != [spi, si - 1]:
        return f"gave it back with path {told[0]} index {told[1]}, expected path {spi} index {si - 1}"
    return ""
