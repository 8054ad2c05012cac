"""The server of Neutron's API as an ASGI application: HTTP in, `handlers.answer`, HTTP out. Reading never waits for writing."""

import asyncio
import contextlib
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from sfcci.api import handlers
from sfcci.api.caller import EVERYBODY, Caller
from sfcci.api.intake import SMALL_OCTETS, Gone, Intake, Receive, check_stranger
from sfcci.api.recent import Recent
from sfcci.api.wire import Request, Response, answered, refused, segments
from sfcci.api.writer import Store, Writer
from sfcci.chain.quota import Limits
from sfcci.chain.refused import Refused, bad_request
from sfcci.chain.state import Asked, State
from sfcci.chain.status import Facts

HEALTH: Final = "/healthcheck"
PUBLIC: Final = ("", "/", HEALTH)
"""What everybody may ask: which versions of the API are here, and whether the server lives."""
UNAUTHORIZED: Final = 401
NO_CONTENT: Final = 204
CHUNK: Final = 1 << 16
FEW_OBJECTS: Final = 16
"""A body with more objects than that asks for many resources, perhaps: none has so many inside."""
COMPARING: Final = ("service_graphs", "port_chains")
"""Collections of which a short body names thousands of classifiers, each of which is compared with each."""
MOST_PAIRS: Final = 1024
"""Parts of a query: each is compared with each resource."""
Scope = Mapping[str, Any]
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
        return handlers.NO_FACTS

    def close(self) -> None:
        """Do nothing."""


class Gate(Protocol):
    """Says who asks."""

    async def caller(self, headers: Mapping[str, str], /) -> Caller:
        """Give who asks. Raises Refused (401, 429)."""
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
    log: Callable[[str], None] = lambda _line: None
    """Gets one line per request."""
    complain: Callable[[str], None] = lambda _line: None
    """Gets what must not happen: a defect of ours."""


class Application:
    """The ASGI application (asgi.readthedocs.io, version 3) of one site."""

    def __init__(self, site: Site, state: State, pool: Executor) -> None:
        self._site, self._intake, self._recent = site, Intake(), Recent()
        self._writer = Writer(site.store, state, pool, site.plane.follow, site.complain)
        self._ended = False

    def end(self) -> None:
        """Let a request that still works out a long list of resources stop: nobody waits for it any more."""
        self._ended = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begin, request_id = time.perf_counter(), f"req-{uuid.uuid4()}"
        name, response = "-", Response(NO_CONTENT)
        try:
            request = _request(scope)
            who = await self._admitted(request)
            name = who.name
            response = await self._response(request, receive, who)
        except Refused as refusal:  # before its body was read: what still comes is no request
            response = refused(refusal, headers={"Connection": "close", **_challenge(refusal)})
        except Gone:
            return
        except asyncio.CancelledError:  # the server has waited for this answer as long as it does
            message = "The server ends; what was asked for may be done or not"
            ended = Refused(503, "ServiceUnavailable", message)
            response = refused(ended, headers={"Connection": "close"})
        await _send(send, response, request_id, head=scope["method"] == "HEAD")
        took_ms = (time.perf_counter() - begin) * 1000
        asked = f"{scope['method']} {scope['raw_path'].decode()}"
        self._site.log(f"{request_id} {name} {asked} {response.status} {took_ms:.1f} ms")

    async def _admitted(self, request: Request) -> Caller:
        check_stranger(request, self._site.hosts)
        return EVERYBODY if request.path in PUBLIC else await self._site.gate.caller(request.headers)

    async def _response(self, request: Request, receive: Receive, who: Caller) -> Response:
        if request.path == HEALTH:
            return answered({"status": "ok"})
        async with contextlib.AsyncExitStack() as held:
            body = await self._intake.body(request.headers, receive, held)
            return await self._answered(replace(request, body=body), who)

    async def _answered(self, request: Request, who: Caller) -> Response:
        change = partial(self._worked_out, request=request, who=who)
        if request.method in ("GET", "HEAD"):
            read = self._recent.answer(self._writer.state, self._site.plane.facts(), request, who, change)
            if read:
                return read
        return await self._writer.write(change, long=may_take_long(request))

    def _worked_out(self, state: State, request: Request, who: Caller) -> tuple[State, Response]:
        facts, limits = self._site.plane.facts(), self._site.limits

        def ask() -> Asked:
            if self._ended:
                raise Refused(503, "ServiceUnavailable", "The server ends")
            return asked_by(who)

        try:
            return handlers.answer(state, request, ask, facts, limits)
        except Exception:  # noqa: BLE001 - a defect of ours: this request fails, the server and its state go on
            self._site.complain(traceback.format_exc())
            message = "Request Failed: internal server error while processing your request."
            return state, refused(Refused(500, "HTTPInternalServerError", message))


def asked_by(who: Caller) -> Asked:
    """Give who asks, with a new id and the time."""
    return Asked(who.project, who.admin, str(uuid.uuid4()), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def may_take_long(request: Request) -> bool:
    """Say whether it may take so long to work out what is asked that nobody else shall wait for it."""
    return (
        len(request.body) > SMALL_OCTETS
        or request.body.count(b"{") > FEW_OBJECTS
        or not frozenset(COMPARING).isdisjoint(segments(request.path))
    )


def _request(scope: Scope) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    text = scope["query_string"].decode("latin-1")
    try:
        query = tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PAIRS))
    except ValueError:
        raise bad_request(f"The query has more than {MOST_PAIRS} parts") from None
    return Request(scope["method"], scope["raw_path"].decode(), query, headers, b"", scope["scheme"])


def _challenge(refusal: Refused) -> dict[str, str]:
    """Say how to say who one is (RFC 9110, section 11.6.1; RFC 7617)."""
    if refusal.status == UNAUTHORIZED:
        return {"WWW-Authenticate": 'Basic realm="sfcci", charset="UTF-8"'}
    return {"Retry-After": "1"} if refusal.status == 429 else {}  # noqa: PLR2004 - too many of them


async def _send(send: Send, response: Response, request_id: str, *, head: bool) -> None:
    headers = {**response.headers, "x-openstack-request-id": request_id}
    if response.status != NO_CONTENT:  # it has no length (RFC 9110, section 8.6)
        headers["Content-Length"] = str(len(response.body))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    body = b"" if head else response.body
    for begin in range(0, len(body), CHUNK):  # a reader who is slow makes us wait, not hold it twice
        await send({"type": "http.response.body", "body": body[begin : begin + CHUNK], "more_body": True})
    await send({"type": "http.response.body"})
