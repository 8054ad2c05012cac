"""Where series come out: graphite-web (points go in at `carbon`)."""

import html
import json
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from sfcci.address import without_user
from sfcci.errors import Unreachable, UsageError
from sfcci.metric.carbon import NEXT_STEP

if TYPE_CHECKING:
    from requests import Response, Session

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
TARGETS_AT_ONCE = 200
"""How many targets one request to /render carries."""
QUERIES_AT_ONCE = 500
"""How many patterns one request to /metrics/expand carries; Django refuses a form of more than 1 000 fields."""
OWN_PAGE = "Graphite encountered an unexpected error"
"""What graphite-web's page says when a function was called wrongly (status 500, with the traceback below)."""
HALF = "JSON of another kind, or half of it"
MAX_INDEX_BYTES = 64 * 2**20
"""How long a list of all names may be: about half a million."""

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Series:
    """One answered series: the target as Graphite spells it, the series' own name, (value or None, seconds) in time order."""

    target: str
    name: str
    values: tuple[tuple[float | None, int], ...]


class GraphiteReader:
    """Reads from a graphite-web. Every method raises Unreachable (no answer, or not Graphite's) or UsageError (refused)."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        check_address(url)
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s
        self._session: Session | None = None

    @property
    def shown(self) -> str:
        """The address without a user's name and password."""
        return without_user(self.url)

    def render(
        self,
        targets: str | Sequence[str],
        from_s: float,
        until_s: float,
        *,
        max_points: int | None = None,
        only_values: bool = False,
    ) -> list[Series]:
        """Give the series of the targets over [from_s, until_s] (epoch seconds), in the targets' order.

        `only_values` leaves steps without a value out, which saves most of a sparse answer.
        """
        asked = [targets] if isinstance(targets, str) else list(targets)
        limit = {} if max_points is None else {"maxDataPoints": max_points}
        if only_values:
            limit["noNullPoints"] = 1
        found: list[Series] = []
        for at in range(0, len(asked), TARGETS_AT_ONCE):
            form = {
                "target": asked[at : at + TARGETS_AT_ONCE],
                "from": int(from_s),
                "until": int(until_s),
                "format": "json",
                **limit,
            }
            found += self._ask("POST", "/render", lambda items: [_series(item) for item in items], form)
        return found

    def expand(self, patterns: str | Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns, sorted; `leaves_only` leaves branches out."""
        query = [patterns] if isinstance(patterns, str) else list(patterns)
        found: set[str] = set()
        for at in range(0, len(query), QUERIES_AT_ONCE):
            form = {"query": query[at : at + QUERIES_AT_ONCE], "leavesOnly": int(leaves_only)}
            found |= self._ask(
                "POST", "/metrics/expand", lambda answer: set(map(str, answer["results"])), form
            )
        return sorted(found)

    def find(self, pattern: str) -> dict[str, bool]:
        """Give the names one pattern matches, branches too, each with whether it is a series (a leaf); sorted."""
        found: dict[str, bool] = {}
        for name, leaf in self._ask("POST", "/metrics/find", _nodes, {"query": pattern, "format": "json"}):
            found[name] = found.get(name, False) or leaf
        return dict(sorted(found.items()))

    def names(self, most_bytes: int = MAX_INDEX_BYTES) -> list[str]:
        """Give the names of all series, sorted. Raises Unreachable also when they are more than `most_bytes` of JSON."""

        def read(response: "Response") -> list[str]:
            data = bytearray()
            for piece in response.iter_content(2**16):
                data += piece
                if len(data) > most_bytes:
                    raise Unreachable(
                        f"Graphite at {self.shown} has too many names to list (more than {most_bytes >> 20} MiB); "
                        "name a branch"
                    )
            return sorted({str(name).lstrip(".") for name in json.loads(data)})

        return self._answered("GET", "/metrics/index.json", read, stream=True)

    def below(self, top: str) -> list[str]:
        """Give the names of all series below a branch, sorted: at once, or level by level where `**` is not known."""
        leaves = self.expand(f"{top}.**")
        if leaves:
            return leaves
        pattern, branches = f"{top}.*", True
        while branches:
            found = self.find(pattern)
            leaves += [name for name, leaf in found.items() if leaf]
            pattern, branches = f"{pattern}.*", not all(found.values())
        return sorted(leaves)

    def functions(self) -> dict[str, Any]:
        """Give graphite-web's own description of its functions, by name."""
        return self._ask("GET", "/functions", lambda answer: {**answer})

    def _ask(
        self, method: str, path: str, read: Callable[[Any], _Read], form: dict[str, Any] | None = None
    ) -> _Read:
        return self._answered(method, path, lambda response: read(response.json()), form)

    def _answered(
        self,
        method: str,
        path: str,
        read: Callable[["Response"], _Read],
        form: dict[str, Any] | None = None,
        *,
        stream: bool = False,
    ) -> _Read:
        import requests

        timeouts = (min(CONNECT_TIMEOUT_S, self.timeout_s), self.timeout_s)
        try:
            response = self._open().request(
                method, self.url + path, data=form, timeout=timeouts, allow_redirects=False, stream=stream
            )
            with response:
                return read(self._checked(response))
        except requests.Timeout:
            why = f"did not answer in {self.timeout_s:g} s"
            raise Unreachable(f"Graphite at {self.shown} {why}; {NEXT_STEP}") from None
        except requests.JSONDecodeError:
            raise self._stranger(response, HALF) from None
        except requests.RequestException as error:
            why = f"does not answer: {_reason(error)}"
            raise Unreachable(f"Graphite at {self.shown} {why}; {NEXT_STEP}") from None
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            raise self._stranger(response, HALF) from None

    def _checked(self, response: "Response") -> "Response":
        kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
        if response.status_code == HTTPStatus.OK and kind == "application/json":
            return response
        if response.status_code == HTTPStatus.BAD_REQUEST or OWN_PAGE in response.text:
            raise UsageError(f"Graphite at {self.shown} refuses the request: {_last_words(response.text)}")
        raise self._stranger(response, kind)

    def _stranger(self, response: "Response", what: str) -> Unreachable:
        return Unreachable(
            f"{self.shown} does not answer as Graphite does: status {response.status_code}, {what}; "
            "see [graphite] url in sfcci.toml"
        )

    def _open(self) -> "Session":
        if self._session is None:
            import requests

            self._session = requests.Session()
            # A proxy of the environment does not know our loopback address.
            self._session.trust_env = not _is_loopback(urlsplit(self.url).hostname or "")
        return self._session


def _series(item: dict[str, Any]) -> Series:
    values = tuple((value, int(time_s)) for value, time_s in item["datapoints"])
    return Series(item["target"], item.get("tags", {}).get("name", item["target"]), values)


def _nodes(answer: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Read names in the words of graphite-web (path, is_leaf), or in those of its kin (id, leaf)."""
    return [
        (str(item["path"]), bool(item["is_leaf"]))
        if "path" in item
        else (str(item["id"]), bool(item["leaf"]))
        for item in answer
    ]


def _reason(error: Exception) -> str:
    """The operating system's words out of the wrappers of requests and urllib3; none of them is meant for people."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, socket.gaierror):
            return "its name is not known"
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__


def _last_words(page: str) -> str:
    """The last line that a page of graphite-web says: its message, or the end of the traceback that it shows."""
    lines = html.unescape(re.sub(r"<[^<>]*>", "", page)).strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it does not say why"


def check_address(url: str) -> None:
    """Raise UsageError where nothing can be at an address."""
    if not _is_address(url):
        raise UsageError(
            f"{without_user(url)!r} is no address of a Graphite; expected http://HOST:PORT; see [graphite] url"
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
