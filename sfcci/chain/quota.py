"""Quotas: how many resources of each kind a project may have (Networking API v2.0, "Quotas").

What an administrator has set is in the state, collection "quotas", one resource per project; the rest is a default.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sfcci.chain.attribute import Attribute, Body, Invalid, updated
from sfcci.chain.collection import Collection
from sfcci.chain.convert import integer, number_in, shown
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.state import NOTHING, Resource, State

QUOTAS: Final = "quotas"
_in_range: Final = integer(-1, 2**31 - 1)
Limits = Mapping[str, int]
"""A collection's member name ("port_chain") → how many a project may have; negative: any number."""


def default_limits(collections: Iterable[Collection], given: Limits = NOTHING) -> dict[str, int]:
    """Give the limits of a project for which nobody has set any; `given` are the server's own."""
    return {one.member: given.get(one.member, one.quota) for one in collections if one.creating}


def limits(state: State, project: str, defaults: Limits) -> dict[str, int]:
    """Give the limits of a project."""
    own = state.get(QUOTAS, project) or NOTHING
    return {member: own.get(member, limit) for member, limit in defaults.items()}


def used(state: State, collection: str, project: str) -> int:
    """Give how many resources of a collection a project has."""
    return sum(1 for one in state.of(collection).values() if one.get("project_id") == project)


def check(state: State, resource: Resource, collection: Collection, defaults: Limits) -> None:
    """Refuse a new resource that is one too many for its project. Raises Refused (409, OverQuota)."""
    project = resource["project_id"]
    limit = limits(state, project, defaults).get(collection.member, -1)
    if 0 <= limit <= used(state, collection.name, project):
        raise conflict("OverQuota", f"Quota exceeded for resources: ['{collection.member}'].")


def changed(
    state: State, project: str, body: Body, defaults: Limits, collections: Mapping[str, Collection]
) -> State:
    """Give the state with new limits for a project. Raises Refused.

    `check_limit` asks to refuse those below what the project has now; `force` is the other way, and the default.
    """
    given = {name: value for name, value in body.items() if name not in ("check_limit", "force")}
    wanted = updated([Attribute(name, update=True, convert=_limit) for name in defaults], given)
    if body.get("check_limit") and not body.get("force"):
        _check_usage(state, project, wanted, collections)
    own = state.get(QUOTAS, project) or {"id": project, "project_id": project}
    return state.put(QUOTAS, {**own, **wanted})


def removed(state: State, project: str) -> State:
    """Give the state in which the project has the defaults again."""
    return state.without(QUOTAS, project) if state.get(QUOTAS, project) else state


def details(
    state: State, project: str, defaults: Limits, collections: Mapping[str, Collection]
) -> dict[str, dict[str, int]]:
    """Give limit and use by member name; nothing is ever reserved: a request is done or it is not."""
    return {
        member: {"limit": limit, "used": used(state, _name(member, collections), project), "reserved": 0}
        for member, limit in limits(state, project, defaults).items()
    }


def _limit(value: Any) -> int:
    number = number_in(value)
    if number is None or (isinstance(value, float) and number != value):
        raise Invalid(f"'{shown(value)}' is not an integer")
    return int(_in_range(number))


def _check_usage(state: State, project: str, wanted: Limits, collections: Mapping[str, Collection]) -> None:
    for member, limit in wanted.items():
        now = used(state, _name(member, collections), project)
        if 0 <= limit < now:
            raise bad_request(
                f"Quota limit {limit} for {member} must be greater than or equal to already used {now}"
            )


def _name(member: str, collections: Mapping[str, Collection]) -> str:
    return next(one.name for one in collections.values() if one.member == member)
