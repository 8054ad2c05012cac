"""One Grafana over HTTP: who we are there, requests with limits, answers that are what they should be, no secret lost.

A redirect is never followed, a netrc file is not asked, no cookie is kept, and no message carries a secret. Proxies come
from the environment (HTTPS_PROXY, NO_PROXY). What Grafana says about a refusal is passed on in its own words.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from sfcci.address import without_user
from sfcci.errors import Fault, InputError, Place, Unreachable, UsageError
from sfcci.settings import Grafana

if TYPE_CHECKING:
    import requests

CONNECT_S = 5.0
TIMEOUT_S = 30.0
"""For a whole answer."""
MAX_BYTES = 64 * 2**20
MAX_MESSAGE = 300
WORKERS = 6
"""Requests under way at a time: Grafana's usual database takes no more writers."""
SERVICE_ACCOUNTS = (8, 5)
"""Since this version there are service accounts; their tokens begin as below."""
SERVICE_TOKEN = "glsa_"  # noqa: S105 - the beginning of every such token, no secret
NOT_FOUND, CONFLICT, CHANGED, SERVER_ERROR = 404, 409, 412, 500
UNKNOWN_VERSION = (99,)
Json = dict[str, Any]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Auth = Any
"""What requests takes as auth."""


class Refused(Unreachable):
    """Grafana answered, and said no: `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Client:
    """One Grafana: `connect` finds out its version and who we are; `ask` sends a request and gives the answer's JSON.

    Several threads may ask at a time.
    """

    def __init__(self, settings: Grafana, *, timeout_s: float = TIMEOUT_S, workers: int = WORKERS) -> None:
        self.url = checked_url(settings.url)
        self.version = ""
        self.workers = workers
        self._timeout_s = timeout_s
        self._verify = _authorities(settings.ca)
        self._secrets = [text for text in (settings.secret(), settings.password_secret()) if text]
        self._settings = settings
        self._auth: Auth = next(iter(_ways(settings, UNKNOWN_VERSION).values()))
        self._session = _session(workers)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's first two numbers, to compare; high when Grafana keeps its version to itself."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version)[:2]) or UNKNOWN_VERSION

    def connect(self) -> None:
        """Ask for the version, then try the secrets in the order that this version makes sensible.

        Raises Unreachable: Grafana's words about each secret that it refused.
        """
        health = self.mapping("GET", "/api/health")
        self.version = str(health.get("version") or "")
        refused: list[str] = []
        for name, auth in _ways(self._settings, self.numbers).items():
            self._auth = auth
            try:
                self.mapping("GET", "/api/org")  # /api/health answers anybody: this asks who we are
            except Refused as error:
                if error.status not in (401, 403):
                    raise
                refused.append(f"{error} ({name})" if name else str(error))
            else:
                return
        raise Unreachable("\n".join(refused))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one request. Raises Unreachable; Refused when Grafana says no with a status below 500."""
        import requests
        from urllib3.exceptions import HTTPError

        what = f"{method} {path}"
        try:
            with self._session.request(
                method,
                self.url + path,
                json=body,
                auth=self._auth,
                verify=self._verify,
                timeout=(min(CONNECT_S, self._timeout_s), self._timeout_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                text = self._whole(answer, what)
        except (requests.RequestException, HTTPError, OSError) as error:
            self._failed(error, what)
        return self._read(answer, text, what)

    def mapping(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Ask for what must be a JSON object. Raises Unreachable."""
        found = self.ask(method, path, body)
        if not isinstance(found, dict):
            self._odd(method, path, "an object")
        return dict(found)

    def items(self, path: str) -> list[Json]:
        """Get what must be a JSON list of objects. Raises Unreachable."""
        found = self.ask("GET", path)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self._odd("GET", path, "a list of objects")
        return list(found)

    def find(self, path: str) -> Json | None:
        """Get an object, or None where Grafana has none. Raises Unreachable."""
        try:
            return self.mapping("GET", path)
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
        return None

    def each(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """Give what `work` says of each item, in their order, several at a time. Raises what it raises."""
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(self.workers)
        try:
            return list(pool.map(work, items))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _whole(self, answer: "requests.Response", what: str) -> bytes:
        """Read the answer to its end, within the time and the size that one may have."""
        deadline = time.monotonic() + self._timeout_s
        pieces, size = [], 0
        for piece in _arriving(answer):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise Unreachable(
                    f"{self.url} answers {what} with more than {MAX_BYTES >> 20} MiB; is it a Grafana?"
                )
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self.url} did not finish its answer to {what} within {self._timeout_s:g} s"
                )
        return b"".join(pieces)

    def _read(self, answer: "requests.Response", text: bytes, what: str) -> Any:
        if answer.is_redirect or answer.is_permanent_redirect:
            where = _plain(answer.headers["location"])
            raise Unreachable(
                f"Grafana at {self.url} sends {what} on to {self._clean(where)}; "
                "redirects are not followed: set [grafana] url to the address that answers"
            )
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            raise Unreachable(
                f"{self.url} answers {what} with status {answer.status_code} and no JSON; is it a Grafana?"
            ) from None
        if answer.ok:
            return body
        message = self._clean(_message(body)) or str(answer.reason)
        hint = "; see [grafana] token or user in sfcci.toml" if answer.status_code in (401, 403) else ""
        sentence = f"Grafana at {self.url} refuses {what} with status {answer.status_code}: {message}{hint}"
        if answer.status_code >= SERVER_ERROR:
            raise Unreachable(sentence)
        raise Refused(answer.status_code, sentence)

    def _failed(self, error: Exception, what: str) -> NoReturn:
        import requests
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        if isinstance(error, requests.exceptions.SSLError):
            why = f"has a certificate that is not trusted: {self._clean(_reason(error))}"
            hint = "name its authority's file: [grafana] ca in sfcci.toml"
        elif isinstance(error, requests.Timeout | ReadTimeoutError):
            why, hint = f"did not answer {what} in time ({self._timeout_s:g} s)", "is it overloaded?"
        elif isinstance(error, HTTPError | requests.exceptions.ChunkedEncodingError):
            why, hint = f"broke off in its answer to {what}", "try again, and see Grafana's log"
        elif isinstance(error, requests.exceptions.ProxyError):
            why = f"cannot be reached through the proxy: {self._clean(_reason(error))}"
            hint = "see HTTP_PROXY, HTTPS_PROXY and NO_PROXY in the environment"
        else:
            why = f"does not answer: {self._clean(_reason(error))}"
            hint = "see [grafana] url in sfcci.toml"
        raise Unreachable(f"Grafana at {self.url} {why}; {hint}") from None

    def _odd(self, method: str, path: str, expected: str) -> NoReturn:
        raise Unreachable(
            f"{self.url} answers {method} {path} with JSON that is not {expected}; is it a Grafana?"
        )

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:MAX_MESSAGE]


def _arriving(answer: "requests.Response") -> Iterator[bytes]:
    """Give the pieces of a body as they come, so that somebody looks at the clock between two of them."""
    read = getattr(answer.raw, "read1", None)
    if read is None:  # urllib3 before 2: pieces are filled up before they are given
        yield from answer.iter_content(1024)
        return
    while piece := read(65536, decode_content=True):
        yield piece


def checked_url(url: str) -> str:
    """Give the address without its last slash, sub-path kept. Raises UsageError."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            f"[grafana] url is {without_user(url)!r}; expected http://HOST[:PORT][/PATH] or https://..."
        )
    if parts.username or parts.password:
        raise UsageError(
            "[grafana] url carries a user or a password; set SFCCI_GRAFANA_USER and SFCCI_GRAFANA_PASSWORD instead"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _authorities(path: str) -> str | None:
    """Give the file of certificates to trust; None leaves it to the system and the environment. Raises InputError."""
    if not path:
        return None
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(Fault(Place(path), "is no file", "certificates in PEM", "see [grafana] ca"))
    return str(file)


def _ways(settings: Grafana, version: tuple[int, ...]) -> dict[str, Auth]:
    """Give what to prove with, by name, in the order to try.

    A token (of a service account, or an old API key) before the password, but on a Grafana without service accounts
    such a token can only be refused: there the password goes first.
    """
    from requests.auth import HTTPBasicAuth

    ways: dict[str, Auth] = {}
    token = settings.secret()
    if token:
        ways["token"] = _Bearer(token)
    if settings.user:
        basic = HTTPBasicAuth(settings.user.encode(), settings.password_secret().encode())
        late = not token.startswith(SERVICE_TOKEN) or version >= SERVICE_ACCOUNTS
        ways = {**ways, "user and password": basic} if late else {"user and password": basic, **ways}
    return ways or {"": _Nobody()}


class _Bearer:
    """A service account's token or an API key; an auth of its own keeps requests from asking a netrc file."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Nobody:
    """No secret at all, not even one of a netrc file."""

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        return request


def _session(workers: int) -> "requests.Session":
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.headers["Accept"] = "application/json"
    session.cookies.set_policy(
        DefaultCookiePolicy(allowed_domains=[])
    )  # threads share what is left: connections
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=workers))
    return session


def _plain(url: str) -> str:
    """Give an address without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path


def _message(body: Any) -> str:
    """Give Grafana's own words: {"message": ...}, or a list of such."""
    if isinstance(body, dict):
        return str(body.get("message") or body.get("error") or "")
    if isinstance(body, list):
        return "; ".join(filter(None, (_message(item) for item in body)))
    return ""


def _reason(error: BaseException) -> str:
    """Give the operating system's words out of the wrappers of requests and urllib3."""
    inner: BaseException | None = error
    while inner is not None:
        if words := getattr(inner, "verify_message", "") or (isinstance(inner, OSError) and inner.strerror):
            return str(words)
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__
