"""From one program to the next without a packet lost or past a function: what the switch holds in between.

A function that knows no chain gives packets back without a label. Which version of a chain they belong to is then told
by the port alone, so both versions must agree on what comes after it. Where they cannot, and where another chain wants
the packets of one that goes, new packets wait (they are parked) until the functions have given back the old ones.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sfcci.chain.action import Pause, Resubmit, SetField
from sfcci.chain.compiler import Compiled
from sfcci.chain.flows_chain import chain_flows, cookie, unlabelled
from sfcci.chain.openflow import Flow, Match, match
from sfcci.chain.path import Path
from sfcci.chain.program import Part, PartKey, Program, differing
from sfcci.chain.table import (
    ANSWERS,
    CLASSIFY,
    MIDDLE,
    ORIGIN_REG,
    PLACE,
    PLACE_BACK,
    PLACE_REG,
    RESUMED,
    label,
)

Parts = Mapping[PartKey, Part]
KNOWING = frozenset((CLASSIFY, ANSWERS))
"""The tables that tell whose a packet without a label is."""


@dataclass(frozen=True)
class Leftover:
    """What a switch keeps besides a new program until functions have given back the packets of the old one.

    `chains`: who may not change again before; None: nobody may. `hops`: how many functions an old packet passes at most.
    `under`: old flows beside the new ones, which count where both have a key. `over`: parts in place of the new ones.
    `waits`: the flows by which new packets wait; `follow`: those by which the packets of a chain that takes them over
    do, too, until those that came before them have gone on.
    """

    chains: frozenset[str] | None
    hops: int
    under: Parts = field(default_factory=dict)
    over: Parts = field(default_factory=dict)
    waits: tuple[Flow, ...] = ()
    follow: tuple[Flow, ...] = ()

    @property
    def places(self) -> Iterator[int]:
        """What register 0 has of packets that wait, or are going to."""
        for flow in (*self.waits, *self.follow):
            yield from (bits.value for bits in flow.match.bits if bits.name == PLACE_REG)

    @property
    def drained(self) -> "Leftover | None":
        """What of it is left when the functions are empty: packets that wait do so until they have been let go on."""
        if not (self.waits and self.hops):
            return None
        return replace(self, hops=0, under={}, over={}, waits=(*self.waits, *self.follow), follow=())


def versions(old: Compiled, new: Compiled) -> dict[str, int]:
    """Give the version in which each chain is to be compiled: another than the old one where its hops change.

    `new` is a compilation in any versions.
    """
    return {
        id_: old.versions.get(id_, 0) ^ (_order(old.ways[id_][0]) != _order(ways[0]))
        if id_ in old.ways
        else 0
        for id_, ways in new.ways.items()
    }


def touched(old: Compiled, new: Compiled) -> frozenset[str]:
    """Give the chains, by id, that are not the same in both."""
    ids = old.ways.keys() | new.ways.keys()
    return frozenset(id_ for id_ in ids if _differ(old.ways.get(id_), new.ways.get(id_)))


def _differ(a: tuple[Path, ...] | None, b: tuple[Path, ...] | None) -> bool:
    return a is not b and a != b


def leftover(old: Compiled, new: Compiled) -> Leftover | None:
    """Give what the switch keeps besides `new` until old packets have gone; None when no function may hold one."""
    chains = touched(old, new)
    gone = {id_ for id_ in chains if id_ in old.ways}
    parked, late = _parked(old, new, gone, chains)
    hops = max((len(path.hops) for id_ in gone for path in old.ways[id_]), default=0)
    over = _over(old, parked | late)
    under = dict(_under(old, new, over)) if hops else {}
    if not under and not parked:
        return None
    waits = tuple(flow for id_ in sorted(parked) for flow in _waits(old.ways[id_]))
    follow = {f.key: f for id_ in sorted(late | parked) for f in _waits(new.ways.get(id_, ()))}
    if parked:  # one after the other, where a graph leads from one to another
        hops = max(hops, sum(len(old.ways[id_][0].hops) for id_ in parked))
    known = {flow.key for flow in waits}
    return Leftover(
        chains | parked,
        hops,
        under,
        over,
        waits,
        tuple(flow for key, flow in follow.items() if key not in known),
    )


def laid(program: Program, leftovers: Iterable[Leftover]) -> Program:
    """Give the program with what is left besides it: what the switch holds meanwhile."""
    lefts, made = list(leftovers), dict[PartKey, Part | None]()
    for left in lefts:
        for key, part in left.under.items():
            made[key] = _merged(part, made.get(key) or program.parts.get(key, Part()))
    for number, left in enumerate(lefts):
        made |= left.over
        made["waits", str(number)] = Part(left.waits)
    return program.derived(made)


def hinders(left: Leftover, aim: Compiled, new: Compiled) -> bool:
    """Say whether the way from `aim` to `new` has to wait until what is left besides `aim` has gone."""
    if left.chains is None:
        return True
    chains = touched(aim, new)
    if chains & left.chains:
        return True
    parts = [*left.under.items(), *left.over.items()]
    flows = [flow for key, part in parts if key[:1] == ("chain",) for flow in part.flows]
    flows += left.waits
    groups = {group.number for _, part in parts for group in part.groups}
    return any(
        _crosses(flows, new, id_) or (id_ not in aim.ways and groups & _groups(new.ways[id_]))
        for id_ in chains
        if id_ in new.ways
    )


def _parked(
    old: Compiled, new: Compiled, gone: set[str], chains: frozenset[str]
) -> tuple[set[str], set[str]]:
    """Give the old chains whose packets have to wait, and the chains of the new program that come only then."""
    parked = {
        id_
        for id_ in gone & new.ways.keys()
        if any(_ambiguous(path, _same_way(new, path)) for path in old.ways[id_])
    }
    late: set[str] = set()
    for id_ in gone:
        flows = [*_late_flows(old.ways[id_], branches=False)]
        groups = _groups(old.ways[id_])
        for other in chains:
            if other != id_ and other in new.ways and _follows(flows, groups, old, new, other):
                parked.add(id_)
                late.add(other)
    return _closed(old, new, chains, parked, late)


def _closed(
    old: Compiled, new: Compiled, chains: frozenset[str], parked: set[str], late: set[str]
) -> tuple[set[str], set[str]]:
    """The same, with those that they ask for.

    What would know a packet of a chain that stays as it was comes later, too; what a chain that comes later will know
    waits for it, where the chain that has it now goes.
    """
    while parked or late:
        before = parked, late
        parked = _with_sources(old, parked)
        stay = [flow for id_ in (parked | late) & old.ways.keys() for flow in _chain_flows(old, id_)]
        late = late | {id_ for id_ in (chains & new.ways.keys()) - parked if _crosses(stay, new, id_)}
        going = (chains & old.ways.keys()) - late
        parked = parked | {
            id_ for id_ in going if any(_crosses(_chain_flows(old, id_), new, one) for one in late)
        }
        if before == (parked, late):
            break
    return parked, late


def _chain_flows(made: Compiled, id_: str) -> Sequence[Flow]:
    return made.program.parts["chain", id_].flows


def _follows(flows: Sequence[Flow], groups: set[int], old: Compiled, new: Compiled, other: str) -> bool:
    """Whether a chain of the new program wants what another gives back, or is new and has changed its groups."""
    if _crosses(flows, new, other):
        return True
    shared = groups & _groups(new.ways[other]) if other not in old.ways else ()
    return any(_part(old, number) is not _part(new, number) for number in shared)


def _part(made: Compiled, group: int) -> Part | None:
    return made.program.parts.get(("group", str(group)))


def _groups(ways: Iterable[Path]) -> set[int]:
    return {hop.group for path in ways for hop in path.hops}


def _crosses(flows: Iterable[Flow], new: Compiled, id_: str) -> bool:
    """Whether some packet is known by these flows as one chain's and by the flows of this chain as its own."""
    mine = new.ways[id_][0].spi
    theirs = list(flows)
    if any(path_id(flow) == mine for flow in theirs):
        return True
    known = [flow for flow in new.program.parts["chain", id_].flows if flow.table in KNOWING]
    return any(
        one.table == other.table and _agree(one.match, other.match)
        for one in theirs
        if one.table in KNOWING
        for other in known
    )


def path_id(flow: Flow) -> int:
    """Give the path id of the chain that a flow belongs to; 0 for what all chains share."""
    return flow.cookie & (1 << 24) - 1


def _agree(one: Match, other: Match) -> bool:
    """Whether some packet matches both."""
    bits = {b.name: b for b in one.bits}
    return not any(
        b.name in bits and (b.value ^ bits[b.name].value) & b.mask & bits[b.name].mask for b in other.bits
    )


def _with_sources(old: Compiled, parked: set[str]) -> set[str]:
    """The chains, and those from which the branches of a graph lead to them: there their packets enter."""
    while True:
        before = {source for source, ends in old.leads.items() if parked.intersection(ends)}
        if before <= parked:
            return parked
        parked = parked | before


def _same_way(new: Compiled, path: Path) -> Path | None:
    return next((way for way in new.ways[path.chain] if way.back == path.back), None)


def _order(path: Path) -> tuple[int, ...]:
    return tuple(hop.group for hop in path.hops)


def _ambiguous(old: Path, new: Path | None) -> bool:
    """Whether some function's port does not tell what is left to do for an old packet and a new one alike.

    It does when the new rest has all of the old rest, or the old packet has had all that a new one has had.
    """
    if new is None:
        return False
    before, after = _order(old), _order(new)
    places = {port: place for place, port in unlabelled(new)}
    for old_place, port in unlabelled(old):
        if port in places:
            rest, done = after[places[port] + 1 :], after[: places[port] + 1]
            if not _within(before[old_place + 1 :], rest) and not _within(done, before[: old_place + 1]):
                return True
    return False


def _within(few: Sequence[int], many: Sequence[int]) -> bool:
    """Whether `few` comes in `many` in this order."""
    left = iter(many)
    return all(one in left for one in few)


def _over(old: Compiled, stay: Collection[str]) -> dict[PartKey, Part]:
    """The parts of chains that stay as they were, with their groups; one that was not is not there yet."""
    over: dict[PartKey, Part] = {}
    for id_ in stay:
        for key in (("chain", id_), ("branch", id_)):
            over[key] = old.program.parts.get(key, Part())
        for number in _groups(old.ways.get(id_, ())):
            if part := _part(old, number):
                over["group", str(number)] = part
    return over


def _under(old: Compiled, new: Compiled, over: Parts) -> Iterator[tuple[PartKey, Part]]:
    """What old packets that come back from functions still need, where the new program does not have it."""
    for key in differing(old.program, new.program):
        now = new.program.parts.get(key)
        if key not in old.program.parts or key in over or key[:1] == ("blocked",):
            continue
        left = _left(old, key)
        if now is None or {f.key for f in left.flows} - {f.key for f in now.flows}:
            yield key, left


def _left(old: Compiled, key: PartKey) -> Part:
    """What an old part leaves for its packets: nothing enters a chain of old any more."""
    part = old.program.parts[key]
    if key[:1] != ("chain",):
        return part
    branches = ("branch", key[1]) in old.program.parts
    return Part(tuple(_late_flows(old.ways[key[1]], branches=branches)), part.groups)


def _late_flows(ways: Sequence[Path], *, branches: bool) -> Iterator[Flow]:
    """What packets of a chain need that nothing enters any more; where all of them carry a label, they are known by it."""
    plain = any(any(unlabelled(path)) for path in ways)
    for flow in chain_flows(ways, entered=False, branches=branches):
        if plain or flow.table not in KNOWING:
            yield flow


def _waits(ways: Sequence[Path]) -> Iterator[Flow]:
    """The flows by which packets that enter a chain wait."""
    for path in ways:
        table = PLACE_BACK if path.back else PLACE
        for port in sorted(path.sources):
            yield waiting(table, port, label(path.spi, 0), cookie(path))


def waiting(table: int, port: int, place: int, mark: int) -> Flow:
    """The flow by which packets from a port wait, with `place` in register 0; then it is found out anew whose they are."""
    fields: dict[str, int | tuple[int, int]] = {PLACE_REG: place, ORIGIN_REG: (0, RESUMED)}
    here = match(in_port=port, **fields)
    forget = (SetField(PLACE_REG, 0), SetField(ORIGIN_REG, RESUMED, RESUMED))
    return Flow(table, MIDDLE + 1, here, (Pause(), *forget, Resubmit(CLASSIFY)), mark)


def _merged(old: Part, new: Part) -> Part:
    flows = {flow.key: flow for flow in (*old.flows, *new.flows)}
    groups = {group.number: group for group in (*old.groups, *new.groups)}
    return Part(tuple(flows.values()), tuple(groups.values()))
