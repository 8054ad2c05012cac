"""Answers to a browser: JSON, pages made from templates, assets; the headers that all carry, and errors as answers.

Nothing here writes, and no answer may be put into a foreign page, run a foreign script, or be taken for another kind.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci.errors import InputError, SfcciError, UsageError
from sfcci.moment import parse_moment
from sfcci.web import assets
from sfcci.web.bundle import bundled

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request
    from starlette.responses import Response

Endpoint = Callable[["Request"], "Response"]
Json = dict[str, Any]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STATUS_INPUT, STATUS_AWAY, STATUS_MISSING = 400, 502, 404


@dataclass(frozen=True)
class Place:
    """A page in the navigation."""

    path: str
    title: str


PLACES = (
    Place("/", "Dashboards"),
    Place("/report", "Report"),
    Place("/runs", "Runs"),
    Place("/metrics", "Metrics"),
)


class NotThere(UsageError):  # noqa: N818 - what is asked for, as the words of `errors` are
    """A name in an address that leads nowhere."""


def as_answer(endpoint: Endpoint) -> Endpoint:
    """Turn our errors into an answer with a status: a wrong question 400 or 404, a server that is away 502."""

    def answer(request: "Request") -> "Response":
        try:
            response = endpoint(request)
        except NotThere as error:
            response = _refused(request, str(error), STATUS_MISSING)
        except (InputError, UsageError) as error:
            response = _refused(request, str(error), STATUS_INPUT)
        except SfcciError as error:
            response = _refused(request, str(error), STATUS_AWAY)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answer


def _refused(request: "Request", message: str, status: int) -> "Response":
    if request.url.path.startswith("/api/"):
        return json_answer({"message": message}, status)
    return page("error.html", request, title="Not to be had", status=status, message=message)


def json_answer(body: Json, status: int = 200) -> "Response":
    """Give JSON; a number that JSON does not know (Graphite knows infinity) becomes null."""
    from starlette.responses import Response

    text = json.dumps(plain(body), allow_nan=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def plain(value: Any) -> Any:
    """Give a value as JSON can write it: infinity and what is no number become null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not -1e308 < value < 1e308 else value  # noqa: PLR2004 - as far as JSON's readers go


def page(template: str, request: "Request", *, title: str, status: int = 200, **values: Any) -> "Response":
    """Give a page made from a template of this package; whatever `values` hold is text there, never markup."""
    from starlette.responses import Response

    text = page_text(template, title=title, here=request.url.path, status=status, **values)
    return Response(text, status, media_type="text/html; charset=utf-8")


def page_text(
    template: str,
    *,
    title: str,
    here: str = "",
    places: Sequence[Place] = PLACES,
    status: int = 200,
    **values: Any,
) -> str:
    """Give the text of a page; `places` are the other pages that it leads to."""
    made = _environment().get_template(template)
    return made.render(title=title, places=places, here=here, status=status, **values)


def bar(request: "Request") -> str:
    """Give the bar with the pages, for a page that is not made of our templates."""
    return _environment().get_template("bar.html").render(places=PLACES, here=request.url.path)


def asset(name: str, files: Mapping[str, Path]) -> "Response":
    """Give a file of the pages; the script that a page begins with comes with the modules that it needs, as one file."""
    from starlette.responses import Response

    path = files[name]
    text = bundled([name], assets.modules(files)).encode() if name in assets.BEGIN else path.read_bytes()
    return Response(text, media_type=f"{assets.TYPES[path.suffix]}; charset=utf-8")


def whole_number(request: "Request", name: str, default: int | None = None) -> int:
    """Read a whole number of the question. Raises UsageError."""
    text = request.query_params.get(name, "" if default is None else str(default))
    if not text.isdecimal() or len(text) > 15:  # noqa: PLR2004 - longer than any time or count
        raise UsageError(f"expected {name} as a whole number")
    return int(text)


def names(request: "Request", name: str) -> tuple[str, ...]:
    """Read names (or globs) of the question."""
    return tuple(one for one in request.query_params.getlist(name) if one)


def asked_moment(request: "Request", name: str, now_s: float) -> float | None:
    """Read a moment of the question; None when it is not there. Raises UsageError."""
    text = request.query_params.get(name, "").strip()
    return parse_moment(text, now_s) if text else None


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("sfcci.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"local": _local, "utc": _utc, "iso": _iso, "span": span_text, "size": size_text}
    return made


def _local(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _utc(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S UTC}"


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds")


def span_text(duration_ms: int) -> str:
    """Give a length of time for people: 0.4 s, 3 min 5 s, 2 h 10 min."""
    seconds = duration_ms / 1000
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour


def size_text(octets: int) -> str:
    """Give a file's size for people: 17 octets, 3.4 KiB."""
    if octets < 1024:  # noqa: PLR2004 - a KiB
        return f"{octets} octets"
    power = min(3, (octets.bit_length() - 1) // 10)
    return f"{octets / 1024**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}"
