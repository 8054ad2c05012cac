"""What chains want of a port: that packets enter there, come back there, are delivered there; and its late fragments.

A fragment but the first has no ports: it is known by the port where it comes in and by its addresses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sfcci.chain.action import Goto, SetField
from sfcci.chain.field import LATE_FRAGMENT
from sfcci.chain.flows_chain import unlabelled, way_to
from sfcci.chain.ntuple import Tuple
from sfcci.chain.openflow import Flow, match
from sfcci.chain.path import Path
from sfcci.chain.table import ANSWERS, CLASSIFY, LATER, PLACE, PLACE_BACK, PLACE_REG, label


@dataclass(frozen=True)
class Late:
    """Packets of a path, known by their ports, that come in at a port; `behind` a function or from a source."""

    spi: int
    back: bool
    behind: bool
    packets: tuple[Tuple, ...]


@dataclass(frozen=True)
class Use:
    """What one chain wants of a port. `ways`: how its packets are delivered to it."""

    source: bool = False
    ways: frozenset[int] = frozenset()
    late: tuple[Late, ...] = ()


NO_USE = Use()


def uses(paths: Sequence[Path], *, entered: bool) -> Mapping[int, Use]:
    """Give what a chain wants of each port, by the port's number; `entered`: packets come in at its own ports."""
    found: dict[int, Use] = {}
    for path in paths:
        for number, use in _uses(path, entered):
            had = found.get(number, NO_USE)
            found[number] = Use(had.source or use.source, had.ways | use.ways, had.late + use.late)
    return found


def _uses(path: Path, entered: bool) -> Iterator[tuple[int, Use]]:
    for instance in path.instances:
        yield instance.entry.number, Use(ways=frozenset((way_to(path, instance),)))
    for number in path.sources if entered else ():
        at = [entry.packets for entry in path.entries if entry.port and entry.port.number == number]
        yield number, Use(True, late=tuple(_late(path, at, behind=False)))
    for place, number in unlabelled(path):
        yield number, Use(late=tuple(_late(path, path.hops[place].tuples, behind=True)))


def _late(path: Path, packets: Iterable[Tuple], *, behind: bool) -> Iterator[Late]:
    if known := [one for one in packets if one.has_ports]:
        yield Late(path.spi, path.back, behind, tuple(dict.fromkeys(known)))


def late_fragments(port: int, wants: Iterable[Late]) -> Iterator[Flow]:
    """Give the flows for fragments without ports: what may belong to a chain goes its way, not past its functions.

    Of two chains that want the same the first has it. What a function of one chain alone gives back is that chain's.
    """
    every = [*wants]
    alone = len(every) == 1 and every[0].behind
    taken = set()
    for late in every:
        table, then = (ANSWERS, PLACE_BACK) if late.back else (CLASSIFY, PLACE)
        steps = (SetField(PLACE_REG, label(late.spi, 0)), Goto(then))
        for packets in late.packets:
            fields = (
                {"eth_type": packets.ethertype, "ip_frag": LATE_FRAGMENT}
                if alone
                else packets.late_fragments()
            )
            flow = Flow(table, LATER, match(in_port=port, **fields), steps)
            if flow.key not in taken:
                taken.add(flow.key)
                yield flow
