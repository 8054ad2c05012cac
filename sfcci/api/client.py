"""Whom the API's questions go to: a server over HTTP; `file_door` asks its database without one, by the same rules."""

import base64
import contextlib
import http.client
import json
import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from sfcci.chain.refused import Refused
from sfcci.errors import Fault, InputError, Place, Unreachable, UsageError

PATIENCE_S = 60.0
TOO_OLD = "it was asked for Neutron's API, version 2.0"
Query = Sequence[tuple[str, str]]


class Door(Protocol):
    """Whom the API's questions go to."""

    address: str
    """What it is called in messages: a URL, or a database."""

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Query = (),
        revision: int | None = None,
    ) -> Any:
        """Give the answer's JSON, None when it has none. `path` is below /v2.0; `revision`: only if it is that one.

        Raises Refused (what the API says no to), Unreachable.
        """

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True)
class Login:
    """Who asks, with one of both; nothing: an API that asks for nobody."""

    user: str = ""
    password: str = ""
    token: str = ""

    def headers(self) -> dict[str, str]:
        """Give the headers that say so (RFC 7617; Neutron's X-Auth-Token)."""
        if self.token:
            return {"X-Auth-Token": self.token}
        if not self.user:
            return {}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def __repr__(self) -> str:
        return f"Login({self.user!r})"


NOBODY = Login()


class HttpDoor:
    """A server. One connection is kept; one that the server has closed meanwhile is made anew."""

    def __init__(self, url: str, login: Login = NOBODY, ca: str = "") -> None:
        self.address = url.rstrip("/")
        self._parts = _parts(self.address)
        self._login, self._ca = login, ca
        self._connection: http.client.HTTPConnection | None = None
        with_secret = bool(login.user or login.token)
        if with_secret and self._parts.scheme == "http" and not _is_loopback(self._parts.hostname or ""):
            raise UsageError(
                f"{self.address} is neither TLS nor this machine: the password or token would be readable on the way; "
                "name the server's https address"
            )

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Query = (),
        revision: int | None = None,
    ) -> Any:
        """See `Door`."""
        target = f"{self._parts.path}/v2.0/{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", **self._login.headers()}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if revision is not None:
            headers["If-Match"] = f"revision_number={revision}"
        with _told(self.address):
            status, text = self._exchange(method, target, data, headers)
        return answered(self.address, status, text)

    def close(self) -> None:
        """Close the connection; the next question makes another."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _exchange(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        kept = self._connection is not None
        try:
            return self._once(method, target, data, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if (
                not kept or method != "GET"
            ):  # who writes asks again only when the first time did nothing for sure
                raise
            return self._once(method, target, data, headers)

    def _once(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        if self._connection is not None and _has_ended(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._connected()
        self._connection.request(method, target, data, dict(headers))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, text

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE_S, context=_tls(self._ca))


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether a server has said something though it was asked nothing: it closes the connection, as it does after a while."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def answers(url: str) -> bool:
    """Say whether somebody listens there."""
    parts = _parts(url)
    with contextlib.suppress(OSError):
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2).close()
        return True
    return False


def _parts(url: str) -> Any:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or parts.username or parts.password:
        what = url if fine is False and "@" not in url else "the server's address"
        raise UsageError(
            f"{what} is no address of a server; expected http://HOST:PORT or https://HOST:PORT, without a password"
        )
    return parts


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(ca: str) -> Any:
    import ssl

    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise InputError(
            Fault(Place(ca), error.strerror or str(error), "the certificates that [api] ca names")
        ) from None


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what a connection ends in into one clear sentence."""
    try:
        yield
    except ConnectionRefusedError:
        raise Unreachable(f"no server at {address}; start one with: sfcci sfc serve") from None
    except TimeoutError:
        raise Unreachable(f"{address} did not answer within {PATIENCE_S:.0f} s; look at its log") from None
    except (OSError, http.client.HTTPException) as error:
        unverified = getattr(error, "verify_message", "")
        reason = unverified or getattr(error, "strerror", "") or str(error) or type(error).__name__
        remedy = "see --url"
        if unverified:
            remedy = "name the authority of its certificate with OS_CACERT or [api] ca"
        elif isinstance(error, http.client.RemoteDisconnected) and address.startswith("http:"):
            remedy = "does it speak https?"
        raise Unreachable(f"cannot talk to {address}: {reason}; {remedy}") from error


def answered(address: str, status: int, text: bytes) -> Any:
    """Give what a server's answer says. Raises Refused, Unreachable."""
    if not text and status < http.client.BAD_REQUEST:
        return None
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if status < http.client.BAD_REQUEST:
        if isinstance(said, dict):
            return said
        raise Unreachable(f"{address} did not answer as Neutron does; is it the server of `sfcci sfc serve`?")
    raise _refused(address, status, said)


def _refused(address: str, status: int, said: Any) -> Exception:
    if status == http.client.UNAUTHORIZED:
        return Unreachable(
            f"{address} does not know who asks, or the password or token is wrong; set OS_USERNAME and OS_PASSWORD, "
            "or OS_TOKEN (or [api] token_file)"
        )
    error = said.get("NeutronError", said) if isinstance(said, dict) else None
    if isinstance(error, dict) and "message" in error and status < http.client.INTERNAL_SERVER_ERROR:
        return Refused(status, str(error.get("type", "")), str(error["message"]))
    if isinstance(error, dict) and "message" in error:
        return Unreachable(f"{address}: {error['message']}")
    return Unreachable(f"{address} answered {status} {http.client.responses.get(status, '')}; {TOO_OLD}")
