"""What a switch is found with, by one who does not know what was done before: versions of chains, and what to leave.

All is told by the flows themselves: their cookies carry path id and version, their tables say what they do.
"""

from collections.abc import Iterable

from sfcci.chain.action import Goto, SetField
from sfcci.chain.compiler import Compiled
from sfcci.chain.flows_chain import VERSION_BIT
from sfcci.chain.openflow import Flow
from sfcci.chain.path import FIRST_INDEXES
from sfcci.chain.program import Part, PartKey, Program
from sfcci.chain.table import HOP, PLACE, PLACE_BACK, PLACE_REG, SI_BITS
from sfcci.chain.transition import Leftover, path_id, waiting

ALL_HELD: PartKey = ("held",)
"""The part that stands for everything that a switch was found with."""
PATH_BITS = ~(1 << VERSION_BIT)
"""The bits of a cookie that both versions of a chain have."""


def held_versions(flows: Iterable[Flow]) -> dict[int, int]:
    """Give the version of each chain, by its path id, that a switch with these flows leads packets into."""
    found: dict[int, int] = {}
    for flow in flows:
        place, leads = entered(flow), flow.table == HOP
        if place is not None or leads:
            version = flow.cookie >> VERSION_BIT & 1
            if place is not None or path_id(flow) not in found:
                found[path_id(flow)] = version
    return found


def found(held: Program, new: Compiled, shown: Program | None = None) -> Leftover | None:
    """Give what is left of a program that a switch was found with besides `new`; None when nothing may be in functions.

    `shown`: what would be found of `new`, where that is not all of it.

    Of chains that are to differ new packets wait, for nobody knows what the old ones still need but the switch.
    """
    others = _cookies_of_differing(held, shown or new.program)
    lasting = {flow.cookie & PATH_BITS: flow for flow in held.flow_of.values() if flow.table == HOP}
    busy = {mark & PATH_BITS for mark in others} & lasting.keys()
    if not busy:
        return None
    waits = tuple(
        waiting(flow.table, port, place, flow.cookie)
        for flow in held.flow_of.values()
        if flow.cookie & PATH_BITS in busy and (place := entered(flow)) is not None
        for port in [next(b.value for b in flow.match.bits if b.name == "in_port")]
    )
    hops = max(_hops_of(held, mark) for mark in busy)
    over = dict.fromkeys(new.program.parts, Part()) | {ALL_HELD: Part(held.flows, held.groups)}
    return Leftover(None, hops, {}, over, waits)


def _cookies_of_differing(held: Program, new: Program) -> set[int]:
    flows = (held.flow_of, new.flow_of)
    differing = {
        flow.cookie for a, b in (flows, flows[::-1]) for key, flow in a.items() if b.get(key) != flow
    }
    groups = {
        n for n in held.group_of.keys() | new.group_of.keys() if held.group_of.get(n) != new.group_of.get(n)
    }
    return differing | {
        flow.cookie
        for flow in held.flow_of.values()
        for step in flow.actions
        if getattr(step, "group", None) in groups
    }


def entered(flow: Flow) -> int | None:
    """Give what reg0 of packets is that enter a chain by this flow of a place; None when it is no such flow."""
    if flow.table not in {PLACE, PLACE_BACK} or not any(isinstance(step, Goto) for step in flow.actions):
        return None
    to = next(
        (step.value for step in flow.actions if isinstance(step, SetField) and step.name == PLACE_REG), 0
    )
    at = next((b.value for b in flow.match.bits if b.name == PLACE_REG), None)
    return at if to & (1 << SI_BITS) - 1 in FIRST_INDEXES else None


def _hops_of(held: Program, mark: int) -> int:
    return sum(flow.table == HOP and flow.cookie & PATH_BITS == mark for flow in held.flow_of.values())
