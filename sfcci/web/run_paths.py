"""The paths of a failed run's packets, drawn for its page out of the documents among its evidence."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci.errors import InputError
from sfcci.gate.evidence import PATHS
from sfcci.web import evidence_file
from sfcci.web.answer import NotThere

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

STYLE = "/static/path.css"
MOST_BYTES = 2**24
"""A larger document is not drawn; it can be saved."""
FIRST = 2
"""So many paths stand open; the others behind a line that opens."""
MOST = 8


@dataclass(frozen=True)
class Drawn:
    """The paths of the step that failed, as HTML: the first few, the next ones; `seen`: how many there were."""

    step: int
    first: str
    more: str
    seen: int
    shown: int
    moving: bool


def drawn(folder: Path) -> Drawn | None:
    """Give the paths of the last step that has some, those that went wrong first; None where there are none."""
    steps = sorted(folder.glob(PATHS), key=lambda path: _number(path.name))
    for path in reversed(steps):
        with suppress(NotThere, OSError, ValueError, InputError):
            return _drawn(_document(folder, path.name), path.name)
    return None


def any_in(folder: Path) -> bool:
    """Say whether a run's evidence has paths."""
    return any(True for _ in folder.glob(PATHS))


def style(_request: "Request") -> "Response":
    """Give the style sheet of paths."""
    from starlette.responses import Response

    from sfcci.trace import path_html

    return Response(path_html.style(), media_type="text/css")


def _number(name: str) -> int:
    found = re.search(r"\d+", name)
    return int(found[0]) if found else 0


def _document(folder: Path, name: str) -> dict[str, Any]:
    with evidence_file.opened(folder, name) as (file, size):
        if size > MOST_BYTES:
            raise ValueError(name)
        found = json.loads(file.read(MOST_BYTES))
    if not isinstance(found, dict) or not found.get("paths"):
        raise ValueError(name)
    return found


def _drawn(document: dict[str, Any], name: str) -> Drawn:
    from sfcci.trace import path_html
    from sfcci.trace.path_read import paths_in

    found, meant = paths_in({"paths": document["paths"][:MOST]}, name)
    first, more = found[:FIRST], found[FIRST:]
    return Drawn(
        _number(name),
        path_html.part(first, meant),
        path_html.part(more, meant) if more else "",
        int(document.get("seen", len(found))),
        len(found),
        bool(document.get("moving")),
    )
