"""The analyzer's server: Skydive's REST interface, the page of the topology, what changes as a stream; one process, one port."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from sfcci.trace.injections import Injections
from sfcci.web import analyzer_api, assets, pages_topology
from sfcci.web.analyzer_answer import Endpoint, answer_json, denied, whole_body, with_headers
from sfcci.web.analyzer_door import COOKIES, SESSION_S, Denied, Door
from sfcci.web.analyzer_events import Events
from sfcci.web.answer import NotThere, as_answer, asset
from sfcci.web.serving import served

if TYPE_CHECKING:
    import socket

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from sfcci.trace.analyzer import Analyzer

PORT: Final = 8082
MOST_FORM: Final = 4096
PERMISSIONS: Final = [
    {"Object": name, "Action": action, "Allowed": True}
    for name in ("capture", "alert", "injectpacket", "topology", "pcap")
    for action in ("read", "write")
]


def application(api: analyzer_api.Api, door: Door, events: Events) -> "Starlette":
    """Give the server's application."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    files = assets.own_files()

    def static(request: "Request") -> "Response":
        name = request.path_params["name"]
        if name not in files:
            raise NotThere("there is no such file")
        return asset(name, files)

    found = analyzer_api.endpoints(door, api) | {
        ("GET", "/api/events"): events,
        ("POST", "/login"): _login(door),
    }
    pages = {**pages_topology.routes(), "/static/{name:path}": static}
    routes = [Route(path, _async(endpoint), methods=[method]) for (method, path), endpoint in found.items()]
    routes += [Route(path, _page(door, as_answer(page)), methods=["GET"]) for path, page in pages.items()]
    return Starlette(routes=routes)


def _async(endpoint: Endpoint) -> Any:
    """Starlette takes an async function for one that speaks HTTP, and an object for one that speaks ASGI."""

    async def answer(request: "Request") -> "Response":
        return await endpoint(request)

    return answer


def _page(door: Door, page: Callable[["Request"], "Response"]) -> Callable[["Request"], "Response"]:
    """A page holds no data, so it asks nobody who he is; a name that somebody points at us reads nothing."""

    def answer(request: "Request") -> "Response":
        try:
            door.check_page(request)
        except Denied as error:
            return with_headers(denied(error))
        return page(request)

    return answer


def _login(door: Door) -> Endpoint:
    async def login(request: "Request") -> "Response":
        try:
            door.check_page(request)
            form = parse_qs((await whole_body(request, MOST_FORM)).decode(errors="replace"))
            name, password = (form.get(key, [""])[0] for key in ("username", "password"))
            token = await door.log_in(name, password)
        except Denied as error:
            return with_headers(denied(error, challenge=False))  # a page asks by a form of its own
        response = answer_json({"Token": token, "Permissions": PERMISSIONS})
        for cookie in COOKIES if token else ():
            response.set_cookie(
                cookie,
                token,
                max_age=int(SESSION_S),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
        return with_headers(response)

    return login


@contextlib.contextmanager
def serving(
    analyzer: "Analyzer",
    door: Door,
    listener: "socket.socket",
    *,
    http: Any = "h11",
    tls: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Serve the analyzer for the block, by a thread of its own. `http`: the class of the protocol; `tls`: uvicorn's words.

    Raises Unreachable when it does not start.
    """
    events = Events(analyzer, door)
    with contextlib.closing(Injections(analyzer)) as injections:
        app = application(analyzer_api.Api(analyzer, injections), door, events)
        with served(app, listener, "the analyzer's server", http=http, tls=tls):
            try:
                yield
            finally:
                events.end()  # the streams end before their server, which would wait for them
