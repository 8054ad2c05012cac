"""The dashboards' page: panels drawn from Graphite's real answers.

A browser may ask for what stands on a panel, with the choices that the dashboard lets it make, and for nothing else of
Graphite.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sfcci.dashboard import reading
from sfcci.dashboard.choosing import choices
from sfcci.dashboard.filled import filled
from sfcci.dashboard.interval import timed, words
from sfcci.dashboard.latest import View
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.modern import modern
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.variable import Choice, variables
from sfcci.errors import Unreachable, UsageError
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.last_value import last_values
from sfcci.web.answer import Endpoint, Json, json_answer, page, whole_number

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MAX_POINTS = 4000
LATEST_S = 2**33
MOST_BOARDS = 32
"""So many dashboards with their choices are kept."""
Wish = tuple[tuple[str, tuple[str, ...]], ...]
"""Variable → the values that a page asks for, sorted."""


class Readers:
    """Graphite's readers, one for each thread: their connections are not shared. Raises UsageError for what is no address."""

    def __init__(self, url: str) -> None:
        self.url = url
        if url:
            GraphiteReader(url)  # what is no address is told at once, and not by each panel
        self._own = threading.local()

    def reader(self) -> GraphiteReader:
        """Give this thread's reader. Raises Unreachable when there is no Graphite."""
        if not self.url:
            raise Unreachable(
                "no Graphite is up here; start one (sfcci graphite up) or name one (--graphite), then start these pages again"
            )
        if not hasattr(self._own, "reader"):
            self._own.reader = GraphiteReader(self.url)
        reader: GraphiteReader = self._own.reader
        return reader

    @property
    def shown(self) -> str:
        """The address for people, without a password."""
        return self.reader().shown if self.url else "none"


@dataclass(frozen=True)
class Board:
    """A dashboard with its choices put in, as the page draws it; `source` says of which reading of the file it is."""

    source: Dashboard
    made: Json
    choices: Mapping[str, Choice]


class Shown(Protocol):
    """Dashboards to show (`live.Live` has those on the disk): as they are now, and after a look."""

    @property
    def view(self) -> View:
        """Give what is shown now."""

    @property
    def seen(self) -> str:
        """Give the name of this moment."""

    def look(self) -> View:
        """Look for what has changed and give what is shown."""


class Preview:
    """What the page asks for: the dashboards as they are on the disk now, panels answered by Graphite."""

    def __init__(self, live: Shown, readers: Readers) -> None:
        self.live = live
        self.readers = readers
        self._boards: dict[tuple[str, Wish], Board] = {}
        self._lock = threading.Lock()

    def listed(self) -> Json:
        """Give the dashboards, with what is wrong in their files."""
        seen = self.live.seen  # before the look: what comes between is told once more
        view = self.live.look()
        return {
            "graphite": self.readers.shown,
            "dashboards": [
                {"uid": uid, "title": one.title, "path": one.path} for uid, one in view.dashboards.items()
            ],
            "problems": view.problems,
            "broken": view.broken,
            "seen": seen,
        }

    def dashboard(self, uid: str, wish: Wish = ()) -> Json:
        """Give a dashboard with its variables, asked for anew. Raises UsageError for a name that none has."""
        board = self._board(uid, wish, anew=True)
        return {
            "dashboard": board.made,
            "variables": [variable_json(choice) for choice in board.choices.values()],
        }

    def panel(self, uid: str, number: int, from_s: int, until_s: int, points: int, wish: Wish = ()) -> Json:
        """Give what a panel shows over a time. Raises UsageError, Unreachable."""
        board = self._board(uid, wish)
        told = words(board.choices, from_s, until_s, points)
        panel = _timed(_found(board, number), told)
        found = reading.answers(panel, self.readers.reader(), from_s, until_s, points)
        return {"from": from_s, "until": until_s, "answers": [answer_json(one) for one in found]}

    def last(self, uid: str, number: int, wish: Wish) -> Json:
        """Give when a panel's metrics had their last value (epoch seconds; null: never). Raises UsageError, Unreachable."""
        panel = _found(self._board(uid, wish), number)
        names = {name for _, text in reading.shown_targets(panel) for name in reading.patterns_of(text)}
        found = last_values(names, self.readers.reader(), time.time())
        return {"last": max(found.values(), default=None)}

    def _board(self, uid: str, wish: Wish, *, anew: bool = False) -> Board:
        """Give a dashboard with choices put in; those that were made for this reading of the file serve its panels."""
        source = self.live.view.dashboards.get(uid)
        if source is None:
            raise UsageError(f"there is no dashboard {uid!r}")
        with self._lock:
            board = self._boards.pop((uid, wish), None)
            if board is None or board.source is not source or anew:
                board = self._made(source, dict(wish))
            self._boards[uid, wish] = board
            while len(self._boards) > MOST_BOARDS:
                self._boards.pop(next(iter(self._boards)))
        return board

    def _made(self, source: Dashboard, wish: Mapping[str, tuple[str, ...]]) -> Board:
        made = modern(grafana_json(source))
        chosen = choices(variables(made), wish, self.readers.reader)
        made = filled(made, chosen)
        made["panels"] = [_with_html(panel) for panel in made["panels"]]
        return Board(source, made, chosen)


def _found(board: Board, number: int) -> Json:
    for panel in reading.drawn_panels(board.made):
        if panel.get("id") == number:
            return dict(panel)
    raise UsageError(f"the dashboard {board.source.uid} has no panel {number}")


def _timed(panel: Json, told: Mapping[str, str]) -> Json:
    targets = [
        {**one, "target": timed(str(one.get("target", "")), told)} for one in panel.get("targets") or []
    ]
    return {**panel, "targets": targets}


def routes(preview: Preview) -> Mapping[str, Endpoint]:
    """Give the page and the four questions that it asks."""

    def shown(request: "Request") -> "Response":
        return page("dashboards.html", request, title="sfcci preview")

    def listed(_request: "Request") -> "Response":
        return json_answer(preview.listed())

    def dashboard(request: "Request") -> "Response":
        return json_answer(preview.dashboard(request.path_params["uid"], asked_wish(request)))

    def render(request: "Request") -> "Response":
        number, uid = whole_number(request, "panel"), request.query_params.get("dashboard", "")
        return json_answer(preview.panel(uid, number, **asked_range(request), wish=asked_wish(request)))

    def last(request: "Request") -> "Response":
        number, uid = whole_number(request, "panel"), request.query_params.get("dashboard", "")
        return json_answer(preview.last(uid, number, asked_wish(request)))

    return {
        "/": shown,
        "/api/dashboards": listed,
        "/api/dashboards/{uid}": dashboard,
        "/api/render": render,
        "/api/last": last,
    }


def asked_wish(request: "Request") -> Wish:
    """Read what is asked for as choices (`var-NAME=VALUE`, so often as there are values, as Grafana spells it)."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in request.query_params.multi_items():
        if key.startswith("var-"):
            name = key.removeprefix("var-")
            found[name] = (*found.get(name, ()), value)
    return tuple(sorted(found.items()))


def variable_json(choice: Choice) -> Json:
    """Give a variable as the page offers it."""
    variable = choice.variable
    return {
        "name": variable.name,
        "label": variable.label,
        "kind": variable.kind,
        "multi": variable.multi,
        "hide": int(variable.hide),
        "options": [{"value": one.value, "text": one.text} for one in choice.options],
        "values": list(choice.values),
        "problem": choice.problem,
    }


def asked_range(request: "Request") -> dict[str, int]:
    """Read from, until and points of a question. Raises UsageError."""
    asked = {
        "from_s": whole_number(request, "from"),
        "until_s": whole_number(request, "until"),
        "points": whole_number(request, "points"),
    }
    if not 0 <= asked["from_s"] < asked["until_s"] < LATEST_S or not 0 < asked["points"] <= MAX_POINTS:
        raise UsageError(f"expected from < until in seconds, and points up to {MAX_POINTS}")
    return asked


def answer_json(one: reading.Answer) -> Json:
    """Give what a target gave, as the pages draw it: times and values by column."""
    return {
        "ref": one.ref,
        "target": one.target,
        "trouble": str(one.trouble),
        "detail": one.detail,
        "column": one.column,
        "meant": list(one.meant),
        "series": [
            {
                "name": series.target,
                "times": [at for _, at in series.values],
                "values": [number for number, _ in series.values],
            }
            for series in one.series
        ],
    }


def _with_html(panel: Json) -> Json:
    inside = {"panels": [_with_html(one) for one in panel["panels"]]} if panel.get("panels") else {}
    if panel.get("type") != "text":
        return {**panel, **inside}
    options: Mapping[str, Any] = panel.get("options") or {}
    return {**panel, "html": _html(str(options.get("content", "")), str(options.get("mode", "markdown")))}


def _html(content: str, mode: str) -> str:
    """Turn a text panel into HTML that is safe to show: tags of the file come out as text."""
    from html import escape

    from markdown_it import MarkdownIt

    if mode == "markdown":
        markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
        return str(markdown.render(content))
    return f"<pre>{escape(content)}</pre>"
