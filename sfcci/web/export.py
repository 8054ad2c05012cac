"""A dashboard as one file that needs no server and no network: a page (HTML), or a picture (PNG) of that page."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sfcci.dashboard.reading import drawn_panels
from sfcci.dashboard.time_range import asked_times, time_range
from sfcci.document import did_you_mean
from sfcci.errors import UsageError
from sfcci.web import browser
from sfcci.web.answer import Json, page_text, plain
from sfcci.web.bundle import one_file

if TYPE_CHECKING:
    from sfcci.web.pages_dashboards import Preview

WIDTH_PX = 1400
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


def html(preview: "Preview", uid: str, view: View, files: Mapping[str, Path], now_s: float) -> str:
    """Give the page of a dashboard with Graphite's answers in it. Raises UsageError, Unreachable."""
    dashboard = _narrowed(preview.dashboard(uid)["dashboard"], view.panel)
    begin, end = asked_times(dashboard)
    utc = dashboard.get("timezone") == "utc"
    from_s, until_s = time_range(view.begin or begin, view.end or end, now_s, utc=utc)
    listed = {"uid": uid, "title": dashboard.get("title", ""), "path": ""}
    shown = {
        "graphite": preview.readers.shown,
        "dashboards": [listed],
        "problems": [],
        "broken": {},
        "seen": "",
    }
    answers: Json = {"/api/dashboards": shown, f"/api/dashboards/{uid}": {"dashboard": dashboard}}
    answers |= dict(_panels(preview, uid, dashboard, (from_s, until_s), view.width_px))
    query = {"dashboard": uid, "from": from_s, "to": until_s, "refresh": 0, "theme": view.theme}
    carried = {"query": urlencode(query), "from": from_s, "until": until_s, "at": int(now_s)}
    return whole(
        "dashboards.html", str(dashboard.get("title", uid)), {**carried, "answers": answers}, view, files
    )


def whole(
    template: str,
    title: str,
    carried: Mapping[str, Any],
    view: View,
    files: Mapping[str, Path],
    **values: Any,
) -> str:
    """Give a page of ours as one file that carries what it would ask its server."""
    page = page_text(template, title=title, places=(), **values)
    texts = {name: path.read_text() for name, path in files.items()}
    return one_file(page, texts, plain({**carried, "theme": view.theme}))


def picture(text: str, view: View, folder: Path) -> bytes:
    """Give a picture (PNG) of such a page; `folder` is for the browser's files. Raises MissingTool, ToolError."""
    with browser.opened(folder) as (page, own):
        file = own / "page.html"
        file.write_text(text)
        page.show(file, view.width_px, dark=view.theme == "dark")
        return page.picture()


def _panels(
    preview: "Preview", uid: str, dashboard: Json, times: tuple[int, int], width_px: int
) -> Iterator[tuple[str, Json]]:
    """Ask Graphite for each panel, as many points as it has room for."""

    def answered(panel: Json) -> tuple[str, Json]:
        columns = (panel.get("gridPos") or {}).get("w", 24)
        points = max(100, round(width_px * columns / 24))
        return f"/api/render?panel={panel['id']}", preview.panel(uid, panel["id"], *times, points)

    asked = [one for one in drawn_panels(dashboard) if one.get("targets")]
    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(answered, asked)


def _narrowed(dashboard: Json, panel: str) -> Json:
    """Give a dashboard with one of its panels alone, by title or number, over the whole width. Raises UsageError."""
    if not panel:
        return dashboard
    panels = list(drawn_panels(dashboard))
    found = next((one for one in panels if panel in (one.get("title"), str(one.get("id")))), None)
    if found is None:
        hint = did_you_mean(panel, [str(one.get("title")) for one in panels])
        raise UsageError(f"{dashboard.get('title')} has no panel {panel!r}" + (f"; {hint}" if hint else ""))
    place = {"x": 0, "y": 0, "w": 24, "h": (found.get("gridPos") or {}).get("h", 8)}
    return {**dashboard, "panels": [{**found, "gridPos": place}]}
