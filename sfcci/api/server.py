"""The server of Neutron's API: HTTP in, `handlers.answer`, HTTP out; one process.

Reading never waits for writing. Bodies are bounded while they come, slow ones end; a page of a browser changes nothing.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from sfcci.api import handlers
from sfcci.api.caller import EVERYBODY, Caller
from sfcci.api.wire import Request, Response, answered, refused
from sfcci.api.writer import Store, Writer
from sfcci.chain.quota import Limits
from sfcci.chain.refused import FORBIDDEN, Refused, bad_request
from sfcci.chain.state import Asked, State
from sfcci.chain.status import Facts

MOST_OCTETS: Final = 1 << 20
"""The longest body that is read."""
BODY_S: Final = 30.0
"""How long a whole body may take to come."""
MOST_THROWN: Final = 1 << 25
THROWING_S: Final = 5.0
"""How much of a body that is too long is read and thrown away, and for how long."""
SMALL_OCTETS: Final = 1 << 16
MOST_LARGE: Final = 16
"""Bodies longer than SMALL_OCTETS that are held at once: a thousand clients shall not fill the memory."""
HEALTH: Final = "/healthcheck"
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Plane(Protocol):
    """What brings the state to the switch."""

    def follow(self, state: State, /) -> None:
        """Hear of a new state; never waits."""
        ...

    def facts(self) -> Facts:
        """Give what is known of ports and chains now."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class NoPlane:
    """No data plane: nothing is known of any port or chain."""

    def follow(self, _state: State) -> None:
        """Do nothing."""

    def facts(self) -> Facts:
        """Give nothing."""
        return Facts()

    def close(self) -> None:
        """Do nothing."""


class Gate(Protocol):
    """Says who asks."""

    async def caller(self, headers: Mapping[str, str], /) -> Caller | Response:
        """Give who asks, or the answer that turns him away."""
        ...


class OpenGate:
    """No authentication: everybody on this machine is an administrator."""

    async def caller(self, _headers: Mapping[str, str]) -> Caller:
        """Give everybody."""
        return EVERYBODY


@dataclass(frozen=True)
class Site:
    """What is served: where the state is kept, what follows it, who may ask, under which names.

    `hosts`: the names in Host headers that are ours, none: any. They matter where nobody has to say who he is: a page
    of a browser could be from anywhere, and its name may point at this machine.
    """

    store: Store
    plane: Plane = field(default_factory=NoPlane)
    gate: Gate = field(default_factory=OpenGate)
    limits: Limits = field(default_factory=lambda: handlers.DEFAULTS)
    hosts: frozenset[str] = frozenset()
    log: Callable[[str], None] | None = None
    """Gets one line per request."""


class _TooLate(Exception):  # noqa: N818 - it ends a request
    """A body that did not come in time, or whose sender has gone."""


class Application:
    """The ASGI application (asgi.readthedocs.io, version 3) of one site."""

    def __init__(self, site: Site, state: State, pool: ThreadPoolExecutor) -> None:
        self._site = site
        self._writer = Writer(site.store, state, pool, site.plane.follow)
        self._large = asyncio.Semaphore(MOST_LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begin, request_id = time.perf_counter(), f"req-{uuid.uuid4()}"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        request = Request(scope["method"], scope["raw_path"].decode(), query, headers, b"", scope["scheme"])
        response, name = await self._response(request, receive)
        if response is None:
            return
        with contextlib.suppress(ConnectionError):
            await _send(send, response, request_id, head=request.method == "HEAD")
        if self._site.log:
            took = (time.perf_counter() - begin) * 1000
            self._site.log(
                f"{request_id} {name} {request.method} {request.path} {response.status} {took:.1f} ms"
            )

    async def _response(self, request: Request, receive: Receive) -> tuple[Response | None, str]:
        """Give the answer, None where nobody waits for one, and the name of the one who asks."""
        name = "-"
        async with contextlib.AsyncExitStack() as held:
            try:
                if turned_away := _stranger(request, self._site.hosts):
                    return turned_away, name
                if request.path == HEALTH:
                    return answered({"status": "ok"}), name
                who = (
                    EVERYBODY if request.path in ("", "/") else await self._site.gate.caller(request.headers)
                )
                if isinstance(who, Response):
                    return replace(who, headers={**who.headers, "Connection": "close"}), name
                name = who.name
                body = await asyncio.wait_for(self._body(request, receive, held), BODY_S)
                return await self._answered(replace(request, body=body), who), name
            except TimeoutError:
                refusal = Refused(408, "HTTPRequestTimeout", f"The body took longer than {BODY_S:.0f} s.")
                return refused(refusal, headers={"Connection": "close"}), name
            except _TooLate:
                return None, name
            except Refused as refusal:
                return refused(refusal, headers={"Connection": "close"}), name

    async def _answered(self, request: Request, who: Caller) -> Response:
        change = partial(self._worked_out, request=request, who=who)
        if request.method in ("GET", "HEAD"):
            state = self._writer.state
            new, answer = change(state)
            if new is state:
                return answer
        return await self._writer.write(change)

    def _worked_out(self, state: State, request: Request, who: Caller) -> tuple[State, Response]:
        facts, limits = self._site.plane.facts(), self._site.limits
        try:
            return handlers.answer(state, request, lambda: asked_by(who), facts, limits)
        except Exception:  # noqa: BLE001 - a defect of ours: this request fails, the server goes on
            import traceback

            if self._site.log:
                self._site.log(traceback.format_exc())
            message = "Request Failed: internal server error while processing your request."
            return state, refused(Refused(500, "HTTPInternalServerError", message))

    async def _body(self, request: Request, receive: Receive, held: contextlib.AsyncExitStack) -> bytes:
        """Read the body, no more of it than is taken. Raises Refused."""
        _check_coding(request.headers)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > MOST_OCTETS):  # noqa: PLR2004 - 64 bits
            await _let_go(receive, more=True)
            raise _too_large()
        read, more, octets, large = list[bytes](), True, 0, False
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _TooLate
            more = message.get("more_body", False)
            read.append(message.get("body", b""))
            octets += len(read[-1])
            if octets > MOST_OCTETS:
                await _let_go(receive, more=more)
                raise _too_large()
            if octets > SMALL_OCTETS and not large:
                large = True
                await held.enter_async_context(self._large)
        return b"".join(read)


async def _let_go(receive: Receive, *, more: bool) -> None:
    """Throw away what still comes, to a limit: who is sending does not look for the answer before."""
    left = MOST_THROWN
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(THROWING_S):
            while more and left > 0:
                message = await receive()
                more = message["type"] != "http.disconnect" and message.get("more_body", False)
                left -= len(message.get("body", b""))


def _check_coding(headers: Mapping[str, str]) -> None:
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(415, "HTTPUnsupportedMediaType", f"Content-Encoding {coding} is not supported")


def _too_large() -> Refused:
    return Refused(413, "HTTPRequestEntityTooLarge", f"The body is longer than {MOST_OCTETS} octets.")


def _stranger(request: Request, hosts: frozenset[str]) -> Response | None:
    """Turn away what a page of a browser sends: a name that somebody points at us, a form of another site."""
    if not hosts:
        return None
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in hosts:
        return refused(bad_request(f"Invalid host header '{host}'"), headers={"Connection": "close"})
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.scheme}://{host}":
        refusal = Refused(FORBIDDEN, "HTTPForbidden", f"Requests of pages from {origin} are not taken")
        return refused(refusal, headers={"Connection": "close"})
    return None


def asked_by(who: Caller) -> Asked:
    """Give who asks, with a new id and the time."""
    return Asked(who.project, who.admin, str(uuid.uuid4()), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


async def _send(send: Send, response: Response, request_id: str, *, head: bool) -> None:
    headers = {**response.headers, "x-openstack-request-id": request_id}
    if response.status != 204:  # noqa: PLR2004 - no content, no length (RFC 9110, section 8.6)
        headers["Content-Length"] = str(len(response.body))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
