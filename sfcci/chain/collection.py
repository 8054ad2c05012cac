"""A collection of the API as data, and the three requests that change one: create, update, delete.

Each gives a new state or raises Refused; the state that it was given is untouched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfcci.chain.attribute import Attribute, Body, created, updated
from sfcci.chain.refused import FORBIDDEN, NOT_FOUND, PRECONDITION_FAILED, Refused, bad_request
from sfcci.chain.state import Asked, Resource, State

Creating = Callable[[State, Asked, dict[str, Any]], State]
"""(state, asked, resource with every attribute) → state with it. It may change the resource: nobody else has it yet."""
Updating = Callable[[State, Asked, Resource, dict[str, Any]], State]
"""(state, asked, old, new) → state with the new one."""
Deleting = Callable[[State, Asked, Resource], State]
"""(state, asked, resource) → state without it."""
Action = Callable[[State, Asked, Resource, Body], tuple[State, Mapping[str, Any]]]
"""A member's action by PUT (a router's `add_router_interface`) → new state and the answer's body."""
Filter = Callable[[str], Callable[[Resource], bool]]
"""A query's text → whether a resource passes: the text is read once, not once for each resource."""


@dataclass(frozen=True)
class Collection:
    """What the API knows of one kind of resource.

    `name` is the key of lists and in the state, `member` the key of one; `path` is below /v2.0/; `kind` begins the
    names of its exceptions (`PortPair`: PortPairNotFound); `lost` is the message of that one, with {id}.
    `quota` is a project's default, negative: none. Read only collections have no `creating`.
    """

    name: str
    member: str
    path: str
    kind: str
    lost: str
    attributes: tuple[Attribute, ...]
    quota: int = -1
    creating: Creating | None = None
    updating: Updating | None = None
    deleting: Deleting | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    """Attributes whose filters are not equality of text."""
    reading: Callable[[State, Asked], State] | None = None
    """What is made before the first look at the collection, when it is not there (a project's default group)."""


def visible(resource: Resource, asked: Asked) -> bool:
    """Say whether the one who asks may see it: its project, an administrator, or it is shared or an external network."""
    if asked.admin or resource.get("project_id") in (asked.project, ""):
        return True
    return bool(resource.get("shared") or resource.get("router:external"))


def found(state: State, collection: Collection, id_: str, asked: Asked) -> Resource:
    """Give the resource. Raises Refused (404), also where it is somebody else's: ids are not told."""
    resource = state.get(collection.name, id_)
    if resource is None or not visible(resource, asked):
        raise Refused(NOT_FOUND, f"{collection.kind}NotFound", collection.lost.format(id=id_))
    return resource


def create(
    state: State,
    collection: Collection,
    body: Body,
    asked: Asked,
    allowed: Callable[[Resource], None] = lambda _resource: None,
) -> State:
    """Give the state with a new resource, whose id is `asked.id`. Raises Refused.

    `allowed` may refuse it (quotas) when its attributes are well, before it meets what is there.
    """
    if collection.creating is None:
        raise _not_allowed(collection, "create")
    resource = created(collection.attributes, _owned(body, asked))
    _may_give(collection, {name: resource[name] for name in body if name in resource}, asked, "create")
    resource |= {"id": asked.id}
    for name, value in (("revision_number", 0), ("created_at", asked.now), ("updated_at", asked.now)):
        if name in resource:
            resource[name] = value
    allowed(resource)
    return collection.creating(state, asked, resource)


def update(
    state: State, collection: Collection, id_: str, body: Body, asked: Asked, revision: int | None = None
) -> State:
    """Give the state with the changed resource; `revision`: only if it is that one. Raises Refused."""
    old = found(state, collection, id_, asked)
    changes = updated(collection.attributes, body)
    owns(old, collection, asked, "update")
    _may_give(collection, changes, asked, "update")
    _at(old, revision)
    if collection.updating is None:
        raise _not_allowed(collection, "update")
    return collection.updating(state, asked, old, revised({**old, **changes}, asked))


def delete(
    state: State, collection: Collection, id_: str, asked: Asked, revision: int | None = None
) -> State:
    """Give the state without the resource. Raises Refused."""
    old = found(state, collection, id_, asked)
    owns(old, collection, asked, "delete")
    _at(old, revision)
    if collection.deleting is None:
        raise _not_allowed(collection, "delete")
    return collection.deleting(state, asked, old)


def revised(resource: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """Give the resource with the next revision number and the time of this change."""
    new = dict(resource)
    if "revision_number" in new:
        new["revision_number"] += 1
    if "updated_at" in new:
        new["updated_at"] = asked.now
    return new


def _owned(body: Body, asked: Asked) -> Body:
    """The body with its owner under both of its names: project_id, and tenant_id as it was once called."""
    given = [body[name] for name in ("project_id", "tenant_id") if body.get(name)] or [asked.project]
    project = given[0]
    if project != given[-1]:
        raise bad_request("'project_id' and 'tenant_id' do not match")
    if project != asked.project and not asked.admin:
        raise bad_request(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin "
            "privileges"
        )
    return {**body, "project_id": project, "tenant_id": project}


def owns(resource: Resource, collection: Collection, asked: Asked, verb: str) -> None:
    """Refuse who sees a resource but does not own it. Raises Refused (403)."""
    if not asked.admin and resource.get("project_id") != asked.project:
        rule = f"{verb}_{collection.member}"
        raise Refused(FORBIDDEN, "PolicyNotAuthorized", f"rule:{rule} is disallowed by policy")


def _may_give(collection: Collection, given: Mapping[str, Any], asked: Asked, verb: str) -> None:
    """Refuse what administrators alone may give; of a new resource what it would have anyway is nothing given."""
    if asked.admin:
        return
    for attribute in collection.attributes:
        plain = verb == "create" and given.get(attribute.name) == attribute.default
        if attribute.admin and attribute.name in given and not plain:
            rule = f"(rule:{verb}_{collection.member} and rule:{verb}_{collection.member}:{attribute.name})"
            raise Refused(FORBIDDEN, "PolicyNotAuthorized", f"{rule} is disallowed by policy")


def _at(resource: Resource, revision: int | None) -> None:
    if revision is not None and resource.get("revision_number") != revision:
        raise Refused(
            PRECONDITION_FAILED,
            "RevisionNumberConstraintFailed",
            f"Constrained to {revision}, but current revision is {resource.get('revision_number')}",
        )


def _not_allowed(collection: Collection, verb: str) -> Refused:
    return Refused(405, "HTTPMethodNotAllowed", f"{collection.name} do not take {verb}")
