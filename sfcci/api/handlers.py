"""The answer to every request: pure; a state and a request give a new state and a response."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sfcci.api import listing, quotas, wire
from sfcci.api.extensions import EXTENSIONS
from sfcci.api.wire import Request, Response
from sfcci.chain import quota, tag
from sfcci.chain.catalogue import BY_PATH, COLLECTIONS
from sfcci.chain.collection import Collection, create, delete, found, update, visible
from sfcci.chain.refused import NOT_FOUND, Refused, bad_request
from sfcci.chain.state import NOTHING, Asked, Resource, State
from sfcci.chain.status import Facts, shown

NO_FACTS: Final = Facts()
MOST_AT_ONCE: Final = 1000
"""New resources of one list: others wait while they are worked out."""
METHODS: Final = ("GET", "POST", "PUT", "DELETE")
Answer = tuple[State, Response]

_BY_PARTS: Final = {tuple(path.split("/")): one for path, one in BY_PATH.items()}
"""A slash inside a name (%2F) is none of a path's."""

DEFAULTS: Final = quota.default_limits(COLLECTIONS.values())
"""The quotas that stand in the collections themselves."""


@dataclass(frozen=True)
class Call:
    """A request on its way to its answer. `asked` is who asks; `ask` gives the same one with a fresh id, once per resource."""

    state: State
    request: Request
    asked: Asked
    ask: Callable[[], Asked]
    facts: Facts
    limits: quota.Limits

    def body(self) -> dict[str, Any]:
        """Give the object that the body holds. Raises Refused."""
        return wire.parsed(self.request.body)


def answer(
    state: State,
    request: Request,
    ask: Callable[[], Asked],
    facts: Facts = NO_FACTS,
    limits: quota.Limits = DEFAULTS,
) -> Answer:
    """Give the new state (the same object where nothing changes) and the answer.

    `ask` is called once per resource that the request may make; `limits` are the quotas of projects without their own.
    """
    method = "GET" if request.method == "HEAD" else request.method
    call = Call(state, replace(request, method=method), ask(), ask, facts, limits)
    try:
        new, response = _answer(call)
    except Refused as refusal:
        allow = {"Allow": _allowed(request)} if refusal.status == 405 else NOTHING  # noqa: PLR2004
        new, response = state, wire.refused(refusal, headers=allow)
    return new, response


def _answer(call: Call) -> Answer:
    request = call.request
    parts = wire.segments(request.path)
    if parts in ((), ("",)):
        return call.state, _versions(request)
    if parts[0] != "v2.0":
        return call.state, wire.nowhere()
    if request.method not in METHODS:
        raise not_allowed()
    if parts == ("v2.0",):
        return call.state, _resources(request)
    if parts[1] == "extensions":
        return call.state, _extensions(request, parts[2:])
    if parts[1] == quota.QUOTAS:
        return quotas.answer(call, parts[2:], COLLECTIONS)
    return _of_collection(call, parts[1:])


def _allowed(request: Request) -> str:
    """Give the methods that a path takes (RFC 9110, 10.2.1)."""
    parts = wire.segments(request.path)[1:]
    length = 2 if parts[:2] in _BY_PARTS else 1
    if parts[:length] not in _BY_PARTS:
        return "GET, HEAD, PUT, DELETE" if parts[:1] == (quota.QUOTAS,) else "GET, HEAD"
    return "GET, HEAD, POST" if len(parts) <= length else "GET, HEAD, PUT, DELETE"


def not_allowed() -> Refused:
    """Give the refusal of a method."""
    return Refused(
        405,
        "HTTPMethodNotAllowed",
        "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    )


def lost() -> Refused:
    """Give the refusal of a path below /v2.0/ that is nothing."""
    return Refused(NOT_FOUND, "HTTPNotFound", "The resource could not be found.")


def _only_read(request: Request) -> None:
    if request.method != "GET":
        raise not_allowed()


def _versions(request: Request) -> Response:
    _only_read(request)
    links = [wire.link("self", f"{wire.base_url(request)}/v2.0/")]
    return wire.answered({"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]})


def _resources(request: Request) -> Response:
    _only_read(request)
    url = wire.base_url(request)
    return wire.answered(
        {
            "resources": [
                {
                    "name": one.member,
                    "collection": one.name,
                    "links": [wire.link("self", f"{url}/v2.0/{one.path}")],
                }
                for one in COLLECTIONS.values()
            ]
        }
    )


def _extensions(request: Request, rest: tuple[str, ...]) -> Response:
    _only_read(request)
    if not rest:
        return wire.answered({"extensions": listing.chosen(tuple(EXTENSIONS.values()), request.query)})
    if len(rest) > 1:
        raise lost()
    if rest[0] not in EXTENSIONS:
        return wire.nowhere(f"Extension with alias {rest[0]} does not exist")
    return wire.answered({"extension": EXTENSIONS[rest[0]]})


def _of_collection(call: Call, parts: tuple[str, ...]) -> Answer:
    """Answer what is asked of a collection, of a member, of something below a member."""
    length = 2 if parts[:2] in _BY_PARTS else 1
    collection = _BY_PARTS.get(parts[:length])
    if collection is None:
        raise lost()
    if collection.reading:
        call = replace(call, state=collection.reading(call.state, call.asked))
    match parts[length:]:
        case ():
            return _COLLECTION_METHODS[call.request.method](call, collection, "None")
        case (id_,):
            return _MEMBER_METHODS[call.request.method](call, collection, id_)
        case (id_, "tags", *rest) if tag.taggable(collection) and len(rest) < 2:  # noqa: PLR2004 - a tag has no parts
            return _tags(call, collection, id_, rest[0] if rest else None)
        case (id_, action) if action in collection.actions:
            return _act(call, collection, id_, action)
    raise lost()


def _list(call: Call, collection: Collection, _id: str) -> Answer:
    query, names = call.request.query, frozenset(_names(collection)) - _hidden(call, collection)
    # clients ask other collections by what extensions know that are not served
    if collection.path.startswith("sfc/"):
        listing.only_known(query, names)
    resources = [one for one in call.state.of(collection.name).values() if visible(one, call.asked)]
    asks_facts = not FACTS.isdisjoint(name for key, value in query for name in (key, value))
    if asks_facts:
        resources = _shown(call, collection, resources)
    kept = listing.filtered(resources, query, names, collection.filters)
    if (marker := listing.marker_of(query)) and not collection.path.startswith("sfc/"):
        found(call.state, collection, marker, call.asked)
        ids = {marker, *(one["id"] for one in kept)}
        kept = [one for one in resources if one["id"] in ids]  # a page may begin behind what does not match
    page = listing.page(listing.ordered(kept, query, names), query)
    # else only what is answered is laid out: clients ask for one name of a thousand, again and again
    if not asks_facts:
        page = _shown(call, collection, page)
    body: dict[str, Any] = {collection.name: listing.chosen(page, query)}
    url = f"{wire.base_url(call.request)}/v2.0/{collection.path}"
    if links := listing.page_links(page, query, url):
        body[f"{collection.name}_links"] = links
    return call.state, wire.answered(body)


def _shown(call: Call, collection: Collection, resources: Sequence[Resource]) -> list[Resource]:
    resources = [shown(collection.name, one, call.facts) for one in resources]
    if hidden := _hidden(call, collection):
        return [{name: value for name, value in one.items() if name not in hidden} for one in resources]
    return resources


def _hidden(call: Call, collection: Collection) -> frozenset[str]:
    """Give the attributes that the one who asks does not see, and so cannot filter or order by."""
    return frozenset(one.name for one in collection.attributes if one.hidden and not call.asked.admin)


FACTS: Final = {
    *("status", "status_reason", "live_port_pairs", "status_since", "heard_at", "ports", "flows"),
    *("ovs_version", "needed_mtu", "alive", "heartbeat_timestamp"),
}
"""Attributes whose values are not in the state: filters and orders by them need the facts first."""
ADDED: Final = {"port_chains": ("status", "status_reason")}
"""Those of them that are no attributes of their collection, but can be asked for all the same."""


def _names(collection: Collection) -> tuple[str, ...]:
    return (*(one.name for one in collection.attributes), *ADDED.get(collection.name, ()))


def _show(call: Call, collection: Collection, id_: str) -> Answer:
    resource = found(call.state, collection, id_, call.asked)
    return call.state, _one(call, collection, resource)


def _one(call: Call, collection: Collection, resource: Resource, status: int = 200) -> Response:
    here = _shown(call, collection, [resource])
    return wire.answered({collection.member: listing.chosen(here, call.request.query)[0]}, status)


def _create(call: Call, collection: Collection, _id: str) -> Answer:
    """Make one resource, or all of a list: nothing is left of a list of which one is refused."""
    body = call.body()
    if collection.name in body:
        return _create_all(call, collection, body[collection.name])
    state = _made(call, call.state, collection, _member(body, collection), call.asked)
    return state, _one(call, collection, _there(state, collection, call.asked.id), 201)


def _create_all(call: Call, collection: Collection, items: Any) -> Answer:
    if not isinstance(items, list) or not items:
        raise bad_request(f"Object '{collection.name}' contains invalid data")
    if len(items) > MOST_AT_ONCE:
        raise bad_request(f"More than {MOST_AT_ONCE} {collection.name} at once")
    state, ids = call.state, []
    for index, item in enumerate(items):
        body = _member(
            item if isinstance(item, dict) and collection.member in item else {collection.member: item},
            collection,
        )
        asked = call.ask() if index else call.asked
        state = _made(call, state, collection, body, asked)
        ids.append(asked.id)
    made = _shown(call, collection, [_there(state, collection, id_) for id_ in ids])
    return state, wire.answered({collection.name: listing.chosen(made, call.request.query)}, 201)


def _made(call: Call, state: State, collection: Collection, body: Mapping[str, Any], asked: Asked) -> State:
    def allowed(resource: Resource) -> None:
        quota.check(state, resource, collection, call.limits)

    return create(state, collection, body, asked, allowed)


def _there(state: State, collection: Collection, id_: str) -> Resource:
    return state.of(collection.name)[id_]


def _member(body: Mapping[str, Any], collection: Collection) -> Mapping[str, Any]:
    """Give what a body holds under the resource's name. Raises Refused."""
    if body.get(collection.member) is None:
        raise bad_request(f"Unable to find '{collection.member}' in request body")
    inner = body[collection.member]
    if not isinstance(inner, dict):
        raise bad_request(f"Object '{collection.member}' contains invalid data")
    return inner


def _update(call: Call, collection: Collection, id_: str) -> Answer:
    body = _member(call.body(), collection)
    state = update(call.state, collection, id_, body, call.asked, _revision(call.request))
    return state, _one(call, collection, _there(state, collection, id_))


def _delete(call: Call, collection: Collection, id_: str) -> Answer:
    return delete(call.state, collection, id_, call.asked, _revision(call.request)), Response(204)


def _revision(request: Request) -> int | None:
    """Give the revision that If-Match wants. Raises Refused."""
    text = request.headers.get("if-match")
    if text is None:
        return None
    name, _, number = text.strip().strip('"').partition("=")
    if name != "revision_number" or not (number.isascii() and number.isdecimal() and len(number) < 19):  # noqa: PLR2004 - 64 bits
        raise bad_request(f"Invalid If-Match header: expected revision_number=N, found '{text}'")
    return int(number)


def _not_here(_call: Call, _collection: Collection, _id: str) -> Answer:
    """Refuse of a collection what is asked of its members, and the other way round: nothing is made or lost by mistake."""
    raise not_allowed()


def _tags(call: Call, collection: Collection, id_: str, name: str | None) -> Answer:
    method = call.request.method
    body = call.body() if name is None and method in ("PUT", "POST") else None
    state, status, value = tag.answer(call.state, collection, id_, method, name, body, call.asked)
    return state, Response(status) if value is None else wire.answered(value, status)


def _act(call: Call, collection: Collection, id_: str, action: str) -> Answer:
    if call.request.method != "PUT":
        raise not_allowed()
    resource = found(call.state, collection, id_, call.asked)
    body = call.body() if call.request.body.strip() else {}
    state, value = collection.actions[action](call.state, call.asked, resource, body)
    return state, wire.answered(value)


Method = Callable[[Call, Collection, str], Answer]
_COLLECTION_METHODS: Final[Mapping[str, Method]] = {
    "GET": _list,
    "POST": _create,
    "PUT": _not_here,
    "DELETE": _not_here,
}
_MEMBER_METHODS: Final[Mapping[str, Method]] = {
    "GET": _show,
    "POST": _not_here,
    "PUT": _update,
    "DELETE": _delete,
}
