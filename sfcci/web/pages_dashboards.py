"""The dashboards' page: panels drawn from Graphite's real answers.

A browser may ask for what stands on a panel, and for nothing else of Graphite.
"""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sfcci.dashboard import reading
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.render import grafana_json
from sfcci.errors import Unreachable, UsageError
from sfcci.metric.graphite import GraphiteReader
from sfcci.web.answer import Endpoint, Json, json_answer, page, whole_number
from sfcci.web.live import Live

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MAX_POINTS = 4000
LATEST_S = 2**33


class Readers:
    """Graphite's readers, one for each thread: their connections are not shared."""

    def __init__(self, url: str) -> None:
        self.url = url
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


class Preview:
    """What the page asks for: the dashboards as they are on the disk now, panels answered by Graphite."""

    def __init__(self, live: Live, readers: Readers) -> None:
        self.live = live
        self.readers = readers
        self._made: dict[str, tuple[Dashboard, Json]] = {}

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

    def dashboard(self, uid: str) -> Json:
        """Give a dashboard. Raises UsageError for a name that none has."""
        dashboard = self.live.view.dashboards.get(uid)
        if dashboard is None:
            raise UsageError(f"there is no dashboard {uid!r}")
        if uid not in self._made or self._made[uid][0] is not dashboard:
            self._made[uid] = (dashboard, _drawable(dashboard))
        return {"dashboard": self._made[uid][1]}

    def panel(self, uid: str, number: int, from_s: int, until_s: int, points: int) -> Json:
        """Give what a panel shows over a time. Raises UsageError, Unreachable."""
        panels = list(reading.drawn_panels(self.dashboard(uid)["dashboard"]))
        panel = next((one for one in panels if one.get("id") == number), None)
        if panel is None:
            raise UsageError(f"the dashboard {uid} has no panel {number}")
        found = reading.answers(panel, self.readers.reader(), from_s, until_s, points)
        return {"from": from_s, "until": until_s, "answers": [answer_json(one) for one in found]}


def routes(preview: Preview) -> Mapping[str, Endpoint]:
    """Give the page and the three questions that it asks."""

    def shown(request: "Request") -> "Response":
        return page("dashboards.html", request, title="sfcci preview")

    def listed(_request: "Request") -> "Response":
        return json_answer(preview.listed())

    def dashboard(request: "Request") -> "Response":
        return json_answer(preview.dashboard(request.path_params["uid"]))

    def render(request: "Request") -> "Response":
        number = whole_number(request, "panel")
        return json_answer(
            preview.panel(request.query_params.get("dashboard", ""), number, **asked_range(request))
        )

    return {
        "/": shown,
        "/api/dashboards": listed,
        "/api/dashboards/{uid}": dashboard,
        "/api/render": render,
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
        "series": [
            {
                "name": series.target,
                "times": [at for _, at in series.values],
                "values": [number for number, _ in series.values],
            }
            for series in one.series
        ],
    }


def _drawable(dashboard: Dashboard) -> Json:
    """Give Grafana's JSON with the text panels' Markdown made into HTML."""
    made = grafana_json(dashboard)
    made["panels"] = [_with_html(panel) for panel in made.get("panels", [])]
    return made


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
        return str(MarkdownIt("commonmark", {"html": False}).render(content))
    return f"<pre>{escape(content)}</pre>"
