"""A dashboard as one file that needs no server and no network: a page (HTML), or a picture (PNG) of that page."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sfcci import files
from sfcci.dashboard.reading import drawn_panels
from sfcci.dashboard.sample import LABEL
from sfcci.dashboard.time_range import asked_times, own_times, time_range
from sfcci.document import did_you_mean
from sfcci.errors import UsageError
from sfcci.web import browser
from sfcci.web.answer import Json, page_text, plain
from sfcci.web.bundle import one_file

if TYPE_CHECKING:
    from sfcci.web.pages_dashboards import Preview, Wish
    from sfcci.web.pages_difference import Compared

WIDTH_PX = 1400
MAX_POINTS = 4000
READERS = 4
"""So many panels are asked of Graphite at a time."""
THEMES = ("light", "dark", "system")


@dataclass(frozen=True)
class View:
    """How a dashboard is looked at: times as Grafana writes them ("" the dashboard's own), one panel ("" all), colours."""

    begin: str = ""
    end: str = ""
    panel: str = ""
    theme: str = "system"
    width_px: int = WIDTH_PX
    wish: "Wish" = ()


def html(preview: "Preview", uid: str, view: View, made_of: Mapping[str, Path], now_s: float) -> str:
    """Give the page of a dashboard with Graphite's answers in it. Raises UsageError, Unreachable."""
    board = preview.dashboard(uid, view.wish)
    dashboard = _narrowed(board["dashboard"], view.panel)
    begin, end = asked_times(dashboard)
    zone = str(dashboard.get("timezone") or "")
    from_s, until_s = time_range(view.begin or begin, view.end or end, now_s, zone)
    listed = {"uid": uid, "title": dashboard.get("title", ""), "path": ""}
    shown = {
        "graphite": preview.readers.shown,
        "dashboards": [listed],
        "problems": [],
        "broken": {},
        "seen": "",
    }
    answers: Json = {"/api/dashboards": shown, f"/api/dashboards/{uid}": {**board, "dashboard": dashboard}}
    answers |= dict(_panels(preview, uid, dashboard, (from_s, until_s), view))
    query = [("dashboard", uid), ("from", from_s), ("to", until_s), ("refresh", 0), ("theme", view.theme)]
    query += [(f"var-{name}", value) for name, values in view.wish for value in values]
    carried = {"query": urlencode(query), "from": from_s, "until": until_s, "at": int(now_s)}
    return whole(
        "dashboards.html", str(dashboard.get("title", uid)), {**carried, "answers": answers}, view, made_of
    )


def whole(
    template: str,
    title: str,
    carried: Mapping[str, Any],
    view: View,
    made_of: Mapping[str, Path],
    **values: Any,
) -> str:
    """Give a page of ours as one file that carries what it would ask its server."""
    page = page_text(template, title=title, places=(), **values)
    texts = {name: path.read_text() for name, path in made_of.items()}
    return one_file(page, texts, plain({**carried, "theme": view.theme}))


@contextlib.contextmanager
def camera(folder: Path) -> Iterator[Callable[[str, View], bytes]]:
    """Give for the block what takes pictures (PNG) of such pages; `folder` is for the browser's files.

    Raises MissingTool, ToolError.
    """
    with browser.opened(folder) as (page, own):

        def picture(text: str, view: View) -> bytes:
            file = own / "page.html"
            with files.disk_errors(file):
                file.write_text(text)
            page.show(file, view.width_px, dark=view.theme == "dark")
            return page.picture()

        yield picture


def difference_html(compared: "Compared", view: View, made_of: Mapping[str, Path], now_s: float) -> str:
    """Give the page with both sides of a difference, all their panels drawn. Raises UsageError, Unreachable."""
    listed = compared.listed()
    first = listed["dashboards"][0] if listed["dashboards"] else {}
    begin, end = asked_times(first)
    zone = str(first.get("timezone") or "")
    from_s, until_s = time_range(view.begin or begin, view.end or end, now_s, zone)

    def answered(asked: tuple[str, str, int]) -> tuple[str, Json]:
        side, uid, number = asked
        key = f"/api/difference/render side={side} dashboard={uid} panel={number}"
        return key, compared.panel(side, uid, number, from_s, until_s, view.width_px // 2)

    asked = [
        (side, one["uids"][side], panel[side]["id"])
        for one in listed["dashboards"]
        for panel in one["panels"]
        for side in ("old", "new")
        if panel[side] and panel[side]["type"] not in ("text", "row")
    ]
    with ThreadPoolExecutor(READERS) as pool:
        answers = {"/api/difference": listed, **dict(pool.map(answered, asked))}
    carried = {"query": "", "from": from_s, "until": until_s, "at": int(now_s), "answers": answers}
    return whole("difference.html", "What changed", carried, view, made_of)


def _panels(
    preview: "Preview", uid: str, dashboard: Json, times: tuple[int, int], view: View
) -> Iterator[tuple[str, Json]]:
    """Ask Graphite for each panel, as many points as it has room for."""

    def answered(panel: Json) -> tuple[str, Json]:
        columns = (panel.get("gridPos") or {}).get("w", 24)
        points = min(MAX_POINTS, max(100, round(view.width_px * columns / 24)))
        begin, end = own_times(panel, times)
        found = preview.panel(uid, panel["id"], begin, end, points, view.wish)
        return f"/api/render dashboard={uid} panel={panel['id']}", found

    asked = [one for one in drawn_panels(dashboard) if one.get("type") != "text"]
    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(answered, asked)


def _narrowed(dashboard: Json, panel: str) -> Json:
    """Give a dashboard with one of its panels alone, by title or number, over the whole width. Raises UsageError."""
    if not panel:
        return dashboard
    panels = list(drawn_panels(dashboard))
    found = next((one for one in panels if panel in _names(one)), None)
    if found is None:
        hint = did_you_mean(panel, [_names(one)[0] for one in panels])
        raise UsageError(f"{dashboard.get('title')} has no panel {panel!r}" + (f"; {hint}" if hint else ""))
    place = {"x": 0, "y": 0, "w": 24, "h": (found.get("gridPos") or {}).get("h", 8)}
    return {**dashboard, "panels": [{**found, "gridPos": place}]}


def _names(panel: Mapping[str, Any]) -> tuple[str, ...]:
    """Give what a panel may be called by: its title with or without the label of made-up data, its number."""
    title = str(panel.get("title"))
    return title.removesuffix(LABEL), title, str(panel.get("id"))
