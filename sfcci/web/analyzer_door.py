"""Who may ask the analyzer: strangers' pages never, on other addresses only users, by all the ways of Skydive's clients.

A user shows a password (HTTP Basic, RFC 7617), or a token: what /login gave (header X-Auth-Token, cookie authtoken or authtok,
question x-auth-token), or name and password in base64, which is what Skydive's own clients keep in that cookie.
"""

import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request

REALM: Final = 'Basic realm="Skydive Authentication", charset="UTF-8"'
COOKIES: Final = ("authtoken", "authtok")
SESSION_S: Final = 24 * 3600.0
MOST_SESSIONS: Final = 1000
CHANGING: Final = ("POST", "PATCH", "PUT", "DELETE")
Gate = Callable[[Mapping[str, str]], Awaitable[str]]
"""Gives the name of the user whose Authorization (Basic) or X-Auth-Token these headers hold. Raises Denied."""


class Denied(Exception):  # noqa: N818 - a request that is refused is an answer
    """Whoever asks may not: `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


@dataclass
class Door:
    """`gate` None: everybody who reaches us may ask. `hosts`: the names that are ours; none: any."""

    hosts: frozenset[str] = frozenset()
    gate: Gate | None = None
    _sessions: "OrderedDict[str, tuple[float, str]]" = field(default_factory=OrderedDict)

    def check_page(self, request: "Request") -> None:
        """Refuse what a browser sends for others: to a name that somebody points at us, from another site's page."""
        host = request.headers.get("host", "")
        if self.hosts and _name(host) not in self.hosts:
            raise Denied(400, f"Invalid host header {host!r}")
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
            raise Denied(403, f"requests of pages from {origin[:100]} are not taken")
        if request.method in CHANGING and site not in {None, "same-origin", "none"}:
            raise Denied(403, "requests of other sites' pages are not taken")

    async def user(self, request: "Request") -> str:
        """Give who asks, "" where nobody has to say. Raises Denied."""
        if self.gate is None:
            return ""
        for token in _tokens(request):
            # a session ends with its user, or his password: the gate is asked each time
            if credentials := self._session(token) or _credentials(token):
                return await self.gate({"authorization": f"Basic {credentials}"})
            return await self.gate({"x-auth-token": token})
        return await self.gate({"authorization": request.headers.get("authorization", "")})

    async def log_in(self, name: str, password: str) -> str:
        """Give a new token for a user. Raises Denied."""
        if self.gate is None:
            return ""
        credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
        await self.gate({"authorization": f"Basic {credentials}"})
        token = secrets.token_hex(32)
        self._sessions[token] = (time.monotonic() + SESSION_S, credentials)
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def _session(self, token: str) -> str:
        """Give the credentials that a token stands for, "" for none."""
        until, credentials = self._sessions.get(token, (0.0, ""))
        if until > time.monotonic():
            return credentials
        self._sessions.pop(token, None)
        return ""


def is_ours(request: "Request") -> bool:
    """Say whether a token of this request was given by us, so that its answer may say so."""
    return any(_tokens(request))


def _tokens(request: "Request") -> list[str]:
    """Give the token that a request shows, at most one: a header's, a cookie's, a question's."""
    cookies = SimpleCookie()
    try:
        cookies.load(request.headers.get("cookie", ""))
    except CookieError:
        cookies.clear()
    shown = [
        request.headers.get("x-auth-token", ""),
        *(cookies[name].value for name in COOKIES if name in cookies),
        request.query_params.get("x-auth-token", ""),
    ]
    return [token for token in shown if token][:1]


def _credentials(token: str) -> str:
    """Give the token when it is a name and a password in base64, else ""."""
    try:
        text = base64.b64decode(token, validate=True).decode()
    except ValueError:
        return ""
    return token if ":" in text else ""


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
