"""Asking an analyzer as Skydive's client does: the first that answers of those that the configuration names."""

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sfcci.errors import EXIT_FINDINGS, SfcciError, Unreachable, UsageError

TIMEOUT_S: Final = 60.0


class Refused(SfcciError):  # noqa: N818 - an answer of the analyzer
    """The analyzer said no."""

    exit_status = EXIT_FINDINGS


@dataclass(frozen=True)
class Answer:
    """What an analyzer said."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Read it as JSON; nothing is None. Raises Unreachable."""
        try:
            return json.loads(self.body) if self.body.strip() else None
        except ValueError:
            raise Unreachable("what answers there is no analyzer: its answer is no JSON") from None


@dataclass(frozen=True)
class Client:
    """`analyzers`: HOST:PORT or http(s)://HOST:PORT, in the order in which they are tried."""

    analyzers: tuple[str, ...]
    username: str = ""
    password: str = ""

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request (`body`: bytes, a file, or what becomes JSON) and give the answer.

        Raises Unreachable (none answers), Refused (it says no).
        """
        failed: list[str] = []
        for address in self.analyzers:
            try:
                answer = self._asked(address, method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as error:
                failed.append(f"no analyzer answers at {address}: {_reason(error)}")
                continue
            return _taken(answer, address, self.username)
        raise Unreachable(
            "; ".join(failed) + "; start one with `sfcci trace serve`, or see analyzers in the configuration"
        )

    def _asked(self, address: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        connection = _connection(address)
        sent = dict(headers)
        if self.username or self.password:
            credentials = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            sent["Authorization"] = f"Basic {credentials}"
        if body is not None and not isinstance(body, bytes) and not hasattr(body, "read"):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


def _connection(address: str) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port or 8082
        (host or "").encode("idna")
    except ValueError:  # also a name with a label that no name may have: a..b
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise UsageError(f"{address!r} is no analyzer's address; expected HOST:PORT, as in 127.0.0.1:8082")
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S)
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)


def _taken(answer: Answer, address: str, username: str) -> Answer:
    said = answer.body.decode(errors="replace").strip()
    if answer.status == http.HTTPStatus.UNAUTHORIZED:
        raise Refused(
            f"the analyzer at {address} does not know the user {username!r} with this password"
            if username
            else f"the analyzer at {address} asks who you are: set SKYDIVE_USERNAME and SKYDIVE_PASSWORD"
        )
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise Refused(said[:2000] or f"the analyzer at {address} answered {answer.status}")
    return answer


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError | socket.timeout):
        return f"nothing came for {TIMEOUT_S:g} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
