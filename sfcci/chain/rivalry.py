"""Chains of which each could be carried out, but not one beside the other: of two rivals the earlier one is.

The API lets no rivals come up; a state that did not come from it may have some.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sfcci.chain.affected import chains_by_classifier, chains_by_group
from sfcci.chain.conflict import basic_conflicts_with, rivals
from sfcci.chain.index import Index
from sfcci.chain.overlap import basic_conflicts
from sfcci.chain.path import World
from sfcci.chain.state import Resource, State

Rivals = Mapping[str, frozenset[str]]
"""Chain → all its rivals; only chains that have some."""
MANY = 20
"""From so many chains on all classifiers are compared at once, instead of those of one after the other."""

_by_number: Index[int] = Index(lambda chain: (chain["chain_id"],))
_groups_by_number: Index[int] = Index(lambda group: (group["group_id"],))
_groups_by_pair: Index[str] = Index(lambda group: group["port_pairs"])


def rivalry(
    state: State, world: World, before: Rivals, changed: Collection[str], clash: Callable[[str, str], bool]
) -> Rivals:
    """Give all rivals; those of chains that have not changed are known from before. `clash` decides about two."""
    found = {id_: others - {*changed} for id_, others in before.items() if id_ not in changed}
    suspects = _overlapping(state, world, changed)
    for id_ in changed:
        if id_ not in state.of("port_chains"):
            continue
        for other in {*_sharing(state, id_), *suspects.get(id_, ())} - {id_}:
            if clash(id_, other):
                found[id_] = found.get(id_, frozenset()) | {other}
                found[other] = found.get(other, frozenset()) | {id_}
    return {id_: others for id_, others in found.items() if others}


def losers(rivals_of: Rivals, order: Iterable[str]) -> Mapping[str, str]:
    """Give who yields to whom, when those that come first in `order` have what they want."""
    lost: dict[str, str] = {}
    kept: set[str] = set()
    for id_ in order:
        winners = sorted(rivals_of.get(id_, frozenset()) & kept)
        if winners:
            lost[id_] = winners[0]
        else:
            kept.add(id_)
    return lost


def _sharing(state: State, id_: str) -> Iterator[str]:
    """Give the chains that have something in common with one which only one may have."""
    chains, groups = state.of("port_chains"), state.of("port_pair_groups")
    chain = chains[id_]
    yield from _by_number.of(chains)[chain["chain_id"]]
    for word in chain["flow_classifiers"]:
        yield from chains_by_classifier.of(chains)[word]
    for group in filter(None, map(groups.get, chain["port_pair_groups"])):
        twins = {*_groups_by_number.of(groups)[group["group_id"]]}
        twins |= {twin for pair in group["port_pairs"] for twin in _groups_by_pair.of(groups)[pair]}
        for twin in twins - {group["id"]}:
            yield from chains_by_group.of(chains).get(twin, ())


def _overlapping(state: State, world: World, changed: Collection[str]) -> dict[str, set[str]]:
    """Give for each changed chain those whose classifiers want some packet that its own want."""
    chains = state.of("port_chains")
    users = chains_by_classifier.of(chains)
    used = {id_: vars(fc) for id_, fc in world.classifiers.items() if id_ in users}
    found: dict[str, set[str]] = {}
    for one, other in _pairs(used, chains, changed):
        for mine in users[one]:
            for theirs in users[other]:
                found.setdefault(mine, set()).add(theirs)
                found.setdefault(theirs, set()).add(mine)
    return found


def _pairs(
    used: Mapping[str, Resource], chains: Mapping[str, Resource], changed: Collection[str]
) -> Iterator[tuple[str, str]]:
    if len(changed) > MANY:
        ids = [*used]
        for a, b in basic_conflicts([*used.values()], range(len(ids))):
            yield ids[a], ids[b]
        return
    words = {word for id_ in changed for word in chains.get(id_, _NONE)["flow_classifiers"]}
    for word in words & used.keys():
        conflicts = basic_conflicts_with(used[word])
        yield from ((word, str(other["id"])) for other in rivals(used, used[word]) if conflicts(other))


_NONE: Mapping[str, Any] = {"flow_classifiers": ()}
