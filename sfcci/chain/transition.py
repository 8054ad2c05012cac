"""From one program to the next without a packet lost or past a function: what the switch holds in between.

A function that knows no chain gives packets back without a label. Which version of a chain they belong to is then told
by the port alone, so both versions must agree on what comes after it. Where they cannot, new packets wait (they are
parked) until the functions have given back the old ones.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sfcci.chain.action import Pause, Resubmit
from sfcci.chain.compiler import Compiled
from sfcci.chain.flows_chain import chain_flows, cookie, unlabelled
from sfcci.chain.openflow import Flow, match
from sfcci.chain.path import Path
from sfcci.chain.program import Part, PartKey, Program
from sfcci.chain.table import MIDDLE, PLACE, PLACE_BACK, PLACE_REG, label


@dataclass(frozen=True)
class Step:
    """A program that the switch takes at once; `drains`: the next step waits until functions are empty of old packets."""

    program: Program
    drains: bool = False


def versions(old: Compiled, new: Compiled) -> dict[str, int]:
    """Give the version in which each chain is to be compiled: another than the old one where its hops change.

    `new` is a compilation in any versions.
    """
    return {
        id_: old.versions.get(id_, 0) ^ (_order(old.ways[id_][0]) != _order(ways[0])) if id_ in old.ways else 0
        for id_, ways in new.ways.items()
    }


def transition(old: Compiled, new: Compiled) -> tuple[Step, ...]:
    """Give the steps from one program to another, none when they are equal."""
    if old.program == new.program:
        return ()
    parked = {path.chain for path in _changed(old, new) if _ambiguous(path, _same_way(new, path))}
    between = _between(old, new, parked)
    return (Step(new.program),) if between == new.program else (Step(between, drains=True), Step(new.program))


def _changed(old: Compiled, new: Compiled) -> Iterator[Path]:
    for id_, ways in old.ways.items():
        if id_ in new.ways and new.ways[id_] is not ways:
            yield from ways


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


def _between(old: Compiled, new: Compiled, parked: Collection[str]) -> Program:
    """The new program, and what old packets that come back from functions still need; parked chains as they were."""
    parts: dict[PartKey, Part] = dict(new.program.parts)
    waiting = {str(hop.group) for id_ in parked for path in old.ways[id_] for hop in path.hops}
    for key, part in old.program.parts.items():
        if key[:1] == ("blocked",) or new.program.parts.get(key) is part:
            continue
        if key[:1] == ("group",) and key[1] in waiting:
            parts[key] = part
        elif key[:1] == ("chain",) and key[1] in parked:
            parts[key] = _merged(part, Part(tuple(_waits(old.ways[key[1]]))))
        else:
            parts[key] = _merged(_left(old, key), parts.get(key, Part()))
    return Program(parts)


def _left(old: Compiled, key: PartKey) -> Part:
    """What an old part leaves for its packets: nothing enters a chain of old any more."""
    part = old.program.parts[key]
    if key[:1] != ("chain",):
        return part
    branches = ("branch", key[1]) in old.program.parts
    return Part(tuple(chain_flows(old.ways[key[1]], entered=False, branches=branches)), part.groups)


def _waits(ways: Sequence[Path]) -> Iterator[Flow]:
    """The flows by which packets that enter a chain wait; once resumed they are looked up again where they were."""
    for path in ways:
        table = PLACE_BACK if path.back else PLACE
        for port in sorted(path.sources):
            here = match(in_port=port, **{PLACE_REG: label(path.spi, 0)})
            yield Flow(table, MIDDLE, here, (Pause(), Resubmit(table)), cookie(path))


def _merged(old: Part, new: Part) -> Part:
    flows = {flow.key: flow for flow in (*old.flows, *new.flows)}
    groups = {group.number: group for group in (*old.groups, *new.groups)}
    return Part(tuple(flows.values()), tuple(groups.values()))
