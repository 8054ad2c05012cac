"""What goes over the wire, as values: requests, responses, JSON that is taken strictly, Neutron's form of errors."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import quote, unquote

from sfcci.chain.refused import NOT_FOUND, Refused, bad_request
from sfcci.chain.state import NOTHING

Pairs = tuple[tuple[str, str], ...]
JSON: Final = "application/json"
MOST_DEPTH: Final = 32
"""Deeper than any body that makes sense, and far from the depth that Python's own limits refuse."""

_NOWHERE: Final = """<html>
 <head>
  <title>404 Not Found</title>
 </head>
 <body>
  <h1>404 Not Found</h1>
  The resource could not be found.<br /><br />
{why}


 </body>
</html>"""


@dataclass(frozen=True)
class Request:
    """One request.

    `path` is as it was sent (percent-encoded, without the query), `query` decoded and in order, the headers' names are
    lower case, `scheme` is http or https.
    """

    method: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: bytes = b""
    scheme: str = "http"


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: bytes = b""


def answered(value: Any, status: int = 200) -> Response:
    """Give the answer whose body is that JSON value."""
    return Response(status, {"Content-Type": JSON}, json.dumps(value).encode())


def refused(refusal: Refused, detail: str = "", headers: Mapping[str, str] = NOTHING) -> Response:
    """Give the answer that says no, as Neutron does: type and message for people and programs."""
    error = {"type": refusal.type, "message": refusal.message, "detail": detail}
    answer = answered({"NeutronError": error}, refusal.status)
    return Response(answer.status, {**answer.headers, **headers}, answer.body)


def nowhere(why: str = "") -> Response:
    """Give the page for a path that is no part of the API, with HTML as the reference has it."""
    text = _NOWHERE.format(why=why.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return Response(NOT_FOUND, {"Content-Type": "text/html; charset=UTF-8"}, text.encode())


def segments(path: str) -> tuple[str, ...]:
    """Give a path's parts, decoded: a slash inside a name (%2F) divides nothing; a `.json` at the end is left out."""
    parts = path.removesuffix("/").removesuffix(".json").split("/")[1:]
    return tuple(unquote(part, errors="replace") for part in parts)


def base_url(request: Request) -> str:
    """Give the address under which the one who asks has found us, for links."""
    return f"{request.scheme}://{request.headers.get('host', 'localhost')}"


def link(rel: str, href: str) -> dict[str, str]:
    """Give a link as answers hold them."""
    return {"rel": rel, "href": href}


def quoted(text: str) -> str:
    """Give a text as a part of a path."""
    return quote(text, safe="")


def parsed(body: bytes) -> dict[str, Any]:
    """Give the object that a body holds. Raises Refused.

    Refused, too: keys that repeat, NaN and Infinity, what is no UTF-8, halves of surrogate pairs, more than MOST_DEPTH
    levels (RFC 8259, sections 4, 6, 8).
    """
    if not body.strip():
        raise bad_request("Resource body required")
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
        )
        _check(value)
    except Refused:
        raise
    except (ValueError, RecursionError):
        raise malformed() from None
    if not isinstance(value, dict):
        raise bad_request("Body contains invalid data")
    return value


def malformed() -> Refused:
    """Give the refusal of a body that is no JSON."""
    return bad_request("Malformed request body: Cannot understand JSON.", "MalformedRequestBody")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise bad_request(f"Malformed request body: the key '{twice}' repeats.", "MalformedRequestBody")
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _check(value: Any) -> None:
    """Raise for what Python takes and others would not: half a surrogate pair, a tower of lists."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise bad_request(
        f"Malformed request body: nested deeper than {MOST_DEPTH} levels.", "MalformedRequestBody"
    )


def _inside(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        value.encode()
        return ()
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()
