"""References between resources: what one names, who names it, and which numbers are taken."""

from collections.abc import Iterable, Iterator
from functools import cache

from sfcci.chain.collection import visible
from sfcci.chain.index import Index
from sfcci.chain.refused import NOT_FOUND, Refused, conflict
from sfcci.chain.state import Asked, Resource, State


def port(state: State, asked: Asked, id_: str, kind: str, lost: str) -> Resource:
    """Give a network port. Raises Refused (404, type `kind` + PortNotFound, `lost` with {id})."""
    resource = state.get("ports", id_)
    if resource is None or not visible(resource, asked):
        raise Refused(NOT_FOUND, f"{kind}PortNotFound", lost.format(id=id_))
    return resource


def users_of_port(state: State, id_: str) -> Iterator[tuple[str, str]]:
    """Give the resources of service function chaining that refer to a network port, as (collection, id)."""
    for collection, ends in (
        ("port_pairs", ("ingress", "egress")),
        ("flow_classifiers", ("logical_source_port", "logical_destination_port")),
    ):
        for resource in state.of(collection).values():
            if any(resource[end] == id_ for end in ends):
                yield collection, resource["id"]


def holder(state: State, collection: str, attribute: str, id_: str) -> Resource | None:
    """Give a resource of a collection whose list `attribute` names the id."""
    resources = state.of(collection)
    held = _by_list(attribute, collection).of(resources).get(id_)
    return resources[held[0]] if held else None


@cache
def _by_list(attribute: str, _collection: str) -> Index[str]:
    return Index(lambda resource: resource[attribute])


def in_use(kind: str, words: str, id_: str) -> Refused:
    """Give the refusal to take away what others refer to (409)."""
    return conflict(f"{kind}InUse", f"{words} {id_} in use.")


def lowest_free(taken: Iterable[int]) -> int:
    """Give the lowest number from 1 that is not taken."""
    numbers = set(taken)
    free = 1
    while free in numbers:
        free += 1
    return free
