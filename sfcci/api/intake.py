"""What is taken in: a request's body, bounded in size, in time and in how many there are; nothing from strangers' pages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from sfcci.api.wire import Request
from sfcci.chain.refused import FORBIDDEN, Refused, bad_request

MOST_OCTETS: Final = 1 << 20
"""The longest body that is taken."""
BODY_S: Final = 30.0
"""How long a whole body may take to come."""
MOST_THROWN: Final = 1 << 25
THROWING_S: Final = 5.0
"""How much of a body that is too long is read and thrown away, and for how long."""
SMALL_OCTETS: Final = 1 << 14
"""Longer bodies are large ones: few are held at once, and they are worked out beside what others read."""
MOST_LARGE: Final = 16
"""Large bodies that are held at once: a thousand clients shall not fill the memory."""
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Gone(Exception):  # noqa: N818 - who asked is not there any more: nothing is wrong
    """The client has gone."""


class Intake:
    """Reads bodies. One for a server: it counts the large ones."""

    def __init__(self) -> None:
        self._large = asyncio.Semaphore(MOST_LARGE)

    async def body(
        self, headers: Mapping[str, str], receive: Receive, held: contextlib.AsyncExitStack
    ) -> bytes:
        """Give the whole body; `held` keeps its place among the large ones. Raises Refused, Gone."""
        _check_coding(headers)
        try:
            async with asyncio.timeout(BODY_S):
                return await self._read(_length(headers), receive, held)
        except TimeoutError:
            raise Refused(
                408, "HTTPRequestTimeout", f"The body took longer than {BODY_S:.0f} s to come."
            ) from None

    async def _read(self, length: int, receive: Receive, held: contextlib.AsyncExitStack) -> bytes:
        parts, octets, more = list[bytes](), 0, True
        while more and length <= MOST_OCTETS:
            part, more = await _part(receive)
            if octets <= SMALL_OCTETS < octets + len(part):
                await held.enter_async_context(self._large)
            octets += len(part)
            length = max(length, octets)
            parts.append(part)
        if length > MOST_OCTETS:
            parts.clear()
            await _throw_away(receive, more=more)
            raise Refused(413, "HTTPRequestEntityTooLarge", f"The body is longer than {MOST_OCTETS} octets.")
        return b"".join(parts)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), message.get("more_body", False)


async def _throw_away(receive: Receive, *, more: bool) -> None:
    """Read what still comes, to a limit: who is sending does not look for the answer before."""
    left = MOST_THROWN
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(THROWING_S):
            while more and left > 0:
                part, more = await _part(receive)
                left -= len(part)


def _length(headers: Mapping[str, str]) -> int:
    """Give the length that is announced, 0 for none; more digits than any length has are too many."""
    text = headers.get("content-length", "")
    return int(text[:18]) if text.isdecimal() else 0


def _check_coding(headers: Mapping[str, str]) -> None:
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(415, "HTTPUnsupportedMediaType", f"Content-Encoding {coding} is not supported")


def check_stranger(request: Request, hosts: frozenset[str]) -> None:
    """Refuse what a browser sends for others: to a name that somebody points at us, a form of another site's page.

    `hosts` are the names that are ours; none: any. A browser adds the password that it remembers (RFC 7617) to other
    sites' forms, too. Raises Refused.
    """
    host = request.headers.get("host", "")
    if hosts and _name(host) not in hosts:
        raise bad_request(f"Invalid host header '{host}'")
    origin = request.headers.get("origin")
    if origin not in (None, f"{request.scheme}://{host}"):
        raise Refused(FORBIDDEN, "HTTPForbidden", f"Requests of pages from {origin} are not taken")


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
