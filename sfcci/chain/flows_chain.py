"""The flows of one chain: how its packets are known, where they are on its path, and what comes next."""

from collections.abc import Iterator, Sequence

from sfcci.chain.action import Action, Clone, Decap, Goto, Output, PopMpls, Resubmit, SetField, ToGroup
from sfcci.chain.flows_port import wrapping
from sfcci.chain.ntuple import Fields, Tuple
from sfcci.chain.openflow import OUR_COOKIE, Flow, Match, match
from sfcci.chain.path import FIRST_INDEXES, Hop, Instance, Path, Tap
from sfcci.chain.port import SwitchPort
from sfcci.chain.spread import spread
from sfcci.chain.table import (
    ANSWERS,
    BRANCH,
    CLASSIFY,
    DECODE,
    DELIVER,
    END,
    FROM_FUNCTION,
    HIGH,
    HOP,
    IPV4,
    IPV6,
    LATER,
    MIDDLE,
    MPLS,
    MPLS_WAY,
    NSH,
    NSH_WAY,
    ON_WAY_BACK,
    ORIGIN_REG,
    PLACE,
    PLACE_BACK,
    PLACE_REG,
    PLAIN_WAY,
    PORT_REG,
    WIRE_WAY,
    delivery,
    label,
)

VERSION_BIT = 32
"""Where a cookie carries the version of its chain."""


def chain_flows(ways: Sequence[Path], *, entered: bool, branches: bool) -> Iterator[Flow]:
    """Give the flows of a chain's ways.

    `entered`: packets come in at its own ports, not from the chains of a graph; `branches`: a graph goes on behind it.
    """
    for path in ways:
        yield from _classify(path, entered)
        yield from _place(path, entered)
        yield from _decode(path)
        yield from _hops(path, branches)


def cookie(path: Path) -> int:
    """Give the cookie of a path's flows: its chain's path id and version."""
    return OUR_COOKIE | FIRST_INDEXES.index(path.first) << VERSION_BIT | path.spi


def way_to(path: Path, instance: Instance) -> int:
    """Give the way in which packets of a path are delivered to an instance."""
    if instance.aware:
        return NSH_WAY if path.nsh else MPLS_WAY
    return WIRE_WAY if instance.wire else PLAIN_WAY


def _classify(path: Path, entered: bool) -> Iterator[Flow]:
    """Packets that enter, and those that come back from functions that know no chain."""
    table, then = (ANSWERS, PLACE_BACK) if path.back else (CLASSIFY, PLACE)
    steps, mark = (SetField(PLACE_REG, label(path.spi, 0)), Goto(then)), cookie(path)
    flows = (
        Flow(table, HIGH if "in_port" in origin else MIDDLE, match(**origin, **fields), steps, mark)
        for origin, fields in _known_by(path, entered)
    )
    yield from {flow.match: flow for flow in flows}.values()


def _known_by(path: Path, entered: bool) -> Iterator[tuple[dict[str, int], Fields]]:
    """What packets are known by, in_port only where it must be.

    Each of many sources has tuples of its own, and what a function has changed is known behind that function alone.
    """
    if path.graph:
        yield from _known_by_port(path, entered)
        return
    for entry in path.entries:
        origins: tuple[dict[str, int], ...] = ({},)
        if not entered:
            origins = ({ORIGIN_REG: FROM_FUNCTION},)
        elif len(path.sources) > 1 and entry.port:
            origins = ({"in_port": entry.port.number}, {ORIGIN_REG: FROM_FUNCTION})
        yield from ((origin, fields) for origin in origins for fields in entry.packets.fields())
    first = {entry.packets for entry in path.entries}
    for hop in path.hops:
        changed = [packets for packets in hop.tuples if packets not in first]
        for instance in hop.instances:
            if changed and not instance.aware:
                origin = {"in_port": instance.exit.number}
                yield from ((origin, fields) for packets in changed for fields in packets.fields())


def _known_by_port(path: Path, entered: bool) -> Iterator[tuple[dict[str, int], Fields]]:
    """The same where chains want each other's packets, one after the other: the port tells whose they are now."""
    at: list[tuple[int, Sequence[Tuple]]] = []
    at += [(entry.port.number, (entry.packets,)) for entry in path.entries if entered and entry.port]
    at += [(port, path.hops[place].tuples) for place, port in unlabelled(path)]
    for port, tuples in at:
        yield from (({"in_port": port}, fields) for packets in tuples for fields in packets.fields())


def _place(path: Path, entered: bool) -> Iterator[Flow]:
    places = dict.fromkeys(sorted(path.sources), path.first) if entered else {}
    places |= {port: path.hops[place].si - 1 for place, port in unlabelled(path)}
    table = PLACE_BACK if path.back else PLACE
    for port, si in places.items():
        here = match(in_port=port, **{PLACE_REG: label(path.spi, 0)})
        yield Flow(table, MIDDLE, here, (*_at(path, si), Goto(HOP)), cookie(path))


def unlabelled(path: Path) -> Iterator[tuple[int, int]]:
    """Give, by the hop's place (from 0), the ports at which packets come back that only the port tells of."""
    for place, hop in enumerate(path.hops):
        for instance in hop.instances:
            if not _told_by_label(path, hop, instance):
                yield place, instance.exit.number


def _at(path: Path, si: int) -> tuple[Action, ...]:
    back = (SetField(ORIGIN_REG, ON_WAY_BACK, ON_WAY_BACK),) if path.back else ()
    return (SetField(PLACE_REG, label(path.spi, si)), *back)


def _told_by_label(path: Path, hop: Hop, instance: Instance) -> bool:
    """Whether the encapsulation alone tells where the packet is: not in the middle of two ways through one port."""
    middle = path.both and instance.entry is instance.exit and 2 * (path.first - hop.si) == len(path.hops) - 1
    return instance.aware and not middle


def _decode(path: Path) -> Iterator[Flow]:
    for hop in path.hops:
        for instance in hop.instances:
            if instance.aware:
                told = _told_by_label(path, hop, instance)
                yield from _taken_off(path, instance.exit.number, hop.si - 1, told)


def _taken_off(path: Path, port: int, si: int, told: bool) -> Iterator[Flow]:
    steps = (*_at(path, si), Resubmit(HOP)) if told else (Resubmit(CLASSIFY),)
    if path.nsh:
        header = match(in_port=port, eth_type=NSH, nsh_mdtype=1, nsh_spi=path.spi, nsh_si=si)
        yield Flow(DECODE, MIDDLE, header, (Decap(), Decap(), *steps), cookie(path))
        return
    here = {"in_port": port, "eth_type": MPLS, "mpls_label": label(path.spi, si)}
    if len(path.ethertypes) > 1:  # one label for both: what is below it is told by the traffic class
        sixth = match(**here, mpls_tc=1)
        yield Flow(DECODE, HIGH, sixth, (PopMpls(IPV6), *steps), cookie(path))
    inner = IPV6 if path.ethertypes == {IPV6} else IPV4
    yield Flow(DECODE, MIDDLE, match(**here), (PopMpls(inner), *steps), cookie(path))


def _hops(path: Path, branches: bool) -> Iterator[Flow]:
    for number, hop in enumerate(path.hops):
        steps = (*_copies(path, hop.taps), *_onward(path, number, branches))
        yield Flow(HOP, MIDDLE, match(**_here(path, hop.si)), steps, cookie(path))
    steps = (*_copies(path, path.taps), _out(branches))
    yield Flow(HOP, MIDDLE, match(**_here(path, path.end)), steps, cookie(path))


def _here(path: Path, si: int) -> Fields:
    here: Fields = {PLACE_REG: label(path.spi, si)}
    if path.both:
        here[ORIGIN_REG] = (ON_WAY_BACK if path.back else 0, ON_WAY_BACK)
    return here


def _onward(path: Path, number: int, branches: bool) -> tuple[Action, ...]:
    """What is done with a packet on its way to a hop.

    One function needs no group (and keeps the cache of flows small); no function means no way on, or, if the chain is
    open, the way to the next hop.
    """
    hop = path.hops[number]
    if len(hop.live) > 1:
        return (*spread(hop.lb_fields, path.back).steps, ToGroup(hop.group))
    if hop.live:
        return (*delivered(path, hop.live[0]), Goto(DELIVER))
    if not path.fail_open:
        return ()
    if number + 1 == len(path.hops):
        return (SetField(PLACE_REG, label(path.spi, path.end)), _out(branches))
    return (SetField(PLACE_REG, label(path.spi, hop.si - 1)), *_onward(path, number + 1, branches))


def delivered(path: Path, instance: Instance) -> tuple[Action, ...]:
    """Give the choice of an instance: where the next table delivers to."""
    return (SetField(PORT_REG, delivery(instance.entry.number, way_to(path, instance))),)


def _copies(path: Path, taps: Sequence[Tap]) -> Iterator[Action]:
    for tap in taps:
        if tap.instance.entry.up:
            place = SetField(PLACE_REG, label(path.spi, tap.si))
            yield Clone((place, *_copied(path, tap.instance)))


def _copied(path: Path, instance: Instance) -> tuple[Action, ...]:
    """The delivery of a copy, in which a header around it is put on at once.

    Open vSwitch does not look for one behind a resubmit, takes the clone for one that changes nothing that could not be
    undone, and gives the header to the packet itself as well.
    """
    if way_to(path, instance) == NSH_WAY:
        return (*wrapping(instance.entry, NSH_WAY), Output(instance.entry.number))
    return (*delivered(path, instance), Resubmit(DELIVER))


def _out(branches: bool) -> Action:
    return Goto(BRANCH if branches else END)


def branch_flows(source: Path, targets: Sequence[Path], blocked: Sequence[Tuple]) -> Iterator[Flow]:
    """Give the flows by which a packet goes on from the end of one chain into the one of the others that wants it.

    Fragments without ports go into the first that may. `blocked`: what others want that cannot be carried out.
    """
    behind = {PLACE_REG: label(source.spi, source.end)}
    taken: set[Match] = set()
    for packets in dict.fromkeys(blocked):
        for fields in packets.fields():
            yield Flow(BRANCH, MIDDLE - 1, match(**behind, **fields), (), cookie(source))
    for target in targets:
        steps = (SetField(PLACE_REG, label(target.spi, target.first)), Resubmit(HOP))
        for packets in dict.fromkeys(entry.packets for entry in target.entries):
            for fields in packets.fields():
                yield Flow(BRANCH, MIDDLE, match(**behind, **fields), steps, cookie(source))
            if packets.has_ports and (late := match(**behind, **packets.late_fragments())) not in taken:
                taken.add(late)
                yield Flow(BRANCH, LATER, late, steps, cookie(source))


def blocked_flows(port: SwitchPort, packets: Tuple, shared: bool) -> Iterator[Flow]:
    """Give the flows that drop what a chain claims at its port but cannot carry.

    `shared`: other chains begin at that port, and what they claim goes its way.
    """
    for fields in packets.fields():
        yield Flow(CLASSIFY, MIDDLE - 1 if shared else MIDDLE + 1, match(in_port=port.number, **fields), ())
