"""Tags as a resource below their resource: `/v2.0/ports/<id>/tags` and `/v2.0/ports/<id>/tags/<tag>`."""

from collections.abc import Mapping
from typing import Any, Final

from sfcci.chain.attribute import Attribute, updated
from sfcci.chain.collection import Collection, found, owns, revised
from sfcci.chain.refused import NOT_FOUND, Refused, bad_request
from sfcci.chain.standard import tags
from sfcci.chain.state import Asked, Resource, State

_TAGS: Final = Attribute("tags", update=True, convert=tags)
Answer = tuple[State, int, Mapping[str, Any] | None]


def taggable(collection: Collection) -> bool:
    """Say whether the collection's resources have tags."""
    return any(attribute.name == "tags" for attribute in collection.attributes)


def answer(
    state: State, collection: Collection, id_: str, method: str, name: str | None, body: Any, asked: Asked
) -> Answer:
    """Give the new state, HTTP's status and the answer's body. `name` None: all tags. Raises Refused."""
    resource = found(state, collection, id_, asked)
    if method in ("GET", "HEAD"):
        return state, *_read(resource, name)
    owns(resource, collection, asked, "update")
    changed = _changed(resource, method, name, body)
    if changed is None:
        raise Refused(405, "HTTPMethodNotAllowed", f"Tags do not take {method}")
    new = state.put(collection.name, revised({**resource, "tags": changed}, asked))
    if method == "DELETE":
        return new, 204, None
    return new, (200 if name is None else 201), {"tags": changed} if name is None else None


def _read(resource: Resource, name: str | None) -> tuple[int, Mapping[str, Any] | None]:
    if name is None:
        return 200, {"tags": list(resource["tags"])}
    _has(resource, name)
    return 204, None


def _changed(resource: Resource, method: str, name: str | None, body: Any) -> list[str] | None:
    here = list(resource["tags"])
    if name is None:
        return {"PUT": lambda: _given(body), "DELETE": list[str]}.get(method, lambda: None)()
    if method == "PUT":
        return here if name in here else _given({"tags": [*here, name]})
    if method == "DELETE":
        _has(resource, name)
        return [tag for tag in here if tag != name]
    return None


def _given(body: Any) -> list[str]:
    if not isinstance(body, dict) or "tags" not in body:
        raise bad_request("Invalid tags body")
    return list(updated([_TAGS], body)["tags"])


def _has(resource: Resource, name: str) -> None:
    if name not in resource["tags"]:
        raise Refused(NOT_FOUND, "TagNotFound", f"Tag {name} could not be found.")
