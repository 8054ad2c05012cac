"""A change over several switches in stages, for no two of them do theirs at the same time.

On one switch all of a change is done at once. Over several, a packet may meet what is new at one and what is old at the
next. So first comes what nothing leads to yet, then by what ports elsewhere are reached, then what changes in place, then
that by which packets enter chains, and last goes what nothing leads to any more: wherever a packet enters, what it meets
behind is there everywhere.
"""

from collections.abc import Iterable, Iterator

from sfcci.chain.action import Pause
from sfcci.chain.held import entered
from sfcci.chain.openflow import Flow
from sfcci.chain.program import Change, Program, Verb, changes, differing
from sfcci.chain.table import (
    ANSWERS,
    BRANCH,
    CLASSIFY,
    END,
    FROM_FUNCTION,
    ORIGIN_REG,
    PLACE,
    PLACE_BACK,
    SWITCH,
)
from sfcci.chain.transition import path_id

STAGES = 5
NEW, REACHED, CHANGED, ENTRY, GONE = range(STAGES)
"""Stages: new keys that nothing leads to; the ways to ports; what changes in place; that by which packets enter; what goes."""
Stages = tuple[tuple[Change, ...], ...]
_ENTERED_BY = {CLASSIFY: PLACE, ANSWERS: PLACE_BACK}
"""What tells whose a packet is → where it is told whether it enters there."""
_REACHING = frozenset((END, SWITCH))
"""Tables by which packets reach ports, wherever these are."""
Entries = frozenset[tuple[int, int, int]]
"""By which packets enter: table, path id, port."""


def stages(old: Program, new: Program) -> Stages:
    """Give what turns `old` into `new` at one of several switches, a stage each; a stage may have nothing."""
    steps = changes(old, new)
    if not steps:
        return ((),) * STAGES
    entries = frozenset(_entries(old, new))
    sorted_: tuple[list[Change], ...] = tuple([] for _ in range(STAGES))
    for step in steps:
        sorted_[_stage(step, old, entries)].append(step)
    return tuple(map(tuple, sorted_))


def at_once(steps: Stages) -> Stages:
    """Give the changes as one stage: for a switch that is the only one to change."""
    return (tuple(sorted((step for stage in steps for step in stage), key=_order)),)


def _order(step: Change) -> int:
    return list(Verb).index(step.verb)


def _stage(step: Change, old: Program, entries: Entries) -> int:
    item = step.item
    if not isinstance(item, Flow):
        return {Verb.GROUP_ADD: NEW, Verb.GROUP_MODIFY: CHANGED}.get(step.verb, GONE)
    if _enters(item, entries):
        return ENTRY
    if step.verb is Verb.FLOW_DELETE:
        return GONE
    if item.table in _REACHING:
        return REACHED
    return CHANGED if item.key in old.flow_of else NEW


def _enters(flow: Flow, entries: Entries) -> bool:
    """Whether packets enter a chain by this flow, or go on into the next of a graph."""
    if flow.table in _ENTERED_BY:
        return _may_enter(flow, entries)
    if flow.table in {PLACE, PLACE_BACK}:
        return _leads_in(flow)
    return flow.table == BRANCH


def _leads_in(flow: Flow) -> bool:
    return entered(flow) is not None or any(isinstance(step, Pause) for step in flow.actions)


def _may_enter(flow: Flow, entries: Entries) -> bool:
    """Whether a packet that enters its chain at this switch may be known by this flow."""
    port = None
    for name, value, mask in flow.match.bits:
        if name == ORIGIN_REG and value & mask & FROM_FUNCTION:
            return False
        if name == "in_port":
            port = value
    here = _ENTERED_BY[flow.table], path_id(flow)
    return any(entry[:2] == here and port in {None, entry[2]} for entry in entries)


def _entries(old: Program, new: Program) -> Iterator[tuple[int, int, int]]:
    """By what packets enter the chains of which something changes, before and after."""
    keys = differing(old, new)
    for program in (old, new):
        for key in keys:
            if part := program.parts.get(key):
                yield from _entries_of(part.flows)


def _entries_of(flows: Iterable[Flow]) -> Iterator[tuple[int, int, int]]:
    for flow in flows:
        if flow.table in {PLACE, PLACE_BACK} and _leads_in(flow):
            port = next((bits.value for bits in flow.match.bits if bits.name == "in_port"), 0)
            yield flow.table, path_id(flow), port
