"""Grafana's JSON → grafyaml's words: the inverse of `render`, and of grafyaml's own rows.

What `render` made of a dashboard comes back as a dashboard that renders the same. What grafyaml has no word for is left out,
and each such thing is named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfcci.dashboard.pull_panel import Words, panel_words
from sfcci.dashboard.render import COLUMNS, ROW_PX, TAG

FRAME = frozenset({
    "annotations", "description", "editable", "fiscalYearStartMonth", "gnetId", "graphTooltip", "hideControls", "id",
    "iteration", "links", "liveNow", "panels", "preload", "refresh", "rows", "schemaVersion", "sharedCrosshair", "style",
    "tags", "templating", "time", "timepicker", "timezone", "title", "uid", "version", "weekStart",
})  # fmt: skip
"""Keys of a dashboard that are known: what is not said of them is told one by one."""
LINK_KEYS = (
    "type",
    "asDropdown",
    "icon",
    "includeVars",
    "keepTime",
    "tags",
    "targetBlank",
    "title",
    "tooltip",
    "url",
)
VARIABLE_KEYS: Mapping[str, tuple[str, ...]] = {
    "query": ("name", "type", "includeAll", "multi", "query", "refresh", "datasource", "hide"),
    "interval": (
        "name", "type", "allFormat", "auto", "auto_count", "current", "datasource", "hideLabel", "includeAll", "label",
        "multi", "multiFormat", "options", "query", "refresh",
    ),
    "custom": (
        "name", "type", "current", "includeAll", "multi", "options", "query", "allValue", "hide", "label",
    ),
    "datasource": ("name", "type", "query", "current", "hide"),
    "adhoc": ("name", "type", "datasource", "filters", "hide"),
}  # fmt: skip
"""What grafyaml knows of each type of template variable."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Pulled:
    """A dashboard in grafyaml's words (the value of `dashboard:`), and what could not be said in them."""

    content: Json
    unsaid: tuple[str, ...]
    made_up: tuple[str, ...] = ()
    """Titles of rows: grafyaml wants one, and Grafana keeps none of a row that does not show it."""


@dataclass
class _Row:
    """A row that fills with panels from the left, as `render` lays them; `top` is the line below its header."""

    title: str
    top: int
    shown: bool = False
    folded: bool = False
    height: int = 0
    left: int = 0
    line: int = 0
    panels: list[Json] = field(default_factory=list)

    def place(self, width: int) -> tuple[int, int]:
        """Give column and line where `render` puts the next panel."""
        left, line = (self.left, self.line) if self.left + width <= COLUMNS else (0, self.line + self.height)
        return left, self.top + line

    @property
    def bottom(self) -> int:
        """The first line below it."""
        return self.top + (self.line + self.height if self.panels and not self.folded else 0)

    @property
    def name(self) -> str:
        """Its title; where Grafana has none, that of its first panel."""
        return self.title or str(self.panels[0]["title"] if self.panels else " ")

    def words(self) -> Json:
        """Give the row as grafyaml writes it."""
        extra = {"showTitle": True} if self.shown else {"collapse": True} if self.folded else {}
        return {
            "title": self.name,
            "height": f"{(self.height or 7) * ROW_PX}px",
            **extra,
            "panels": self.panels,
        }


def pulled(
    dashboard: Mapping[str, Any], sources: Mapping[str, str] | None = None, default: str = ""
) -> Pulled:
    """Put a dashboard of Grafana into grafyaml's words. `sources`: uid → title; `default` needs no name in the file."""
    unsaid: list[str] = []
    words = Words(sources or {}, default, unsaid)
    content = {"title": str(dashboard.get("title") or "(no title)"), **_frame(dashboard, unsaid)}
    if variables := list(_variables(dashboard, words)):
        content["templating"] = variables
    if links := list(_links(dashboard, unsaid)):
        content["links"] = links
    rows = dashboard.get("rows")
    made_up: tuple[str, ...] = ()
    if isinstance(rows, list) and not dashboard.get("panels"):
        content["rows"] = [_legacy_row(row, words) for row in rows if isinstance(row, dict)]
    else:
        laid = _rows(_panels(dashboard), words)
        content["rows"] = [row.words() for row in laid]
        made_up = tuple(row.name for row in laid if not row.title)
    return Pulled(content, tuple(dict.fromkeys(unsaid)), made_up)


def yaml_text(content: Mapping[str, Any]) -> str:
    """Give the file's text; texts of several lines stand as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, "|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    data = {"dashboard": dict(content)}
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10**6)


def _frame(dashboard: Mapping[str, Any], unsaid: list[str]) -> Json:
    made: Json = {}
    timezone = dashboard.get("timezone") or "browser"
    if timezone != "utc":
        if timezone != "browser":
            unsaid.append(f"time zone {timezone!r}")
        made["timezone"] = "browser"
    if tags := [tag for tag in dashboard.get("tags") or [] if tag != TAG]:
        made["tags"] = tags
    time = dashboard.get("time")
    if isinstance(time, dict) and isinstance(time.get("from"), str) and isinstance(time.get("to"), str):
        made["time"] = {"from": time["from"], "to": time["to"]}
    unsaid.extend(f"{key} {dashboard[key]!r}" for key in ("description", "refresh") if dashboard.get(key))
    annotations = dashboard.get("annotations")
    found = annotations.get("list") or [] if isinstance(annotations, dict) else []
    unsaid.extend(f"annotation {one.get('name')!r}" for one in found if not one.get("builtIn"))
    unsaid.extend(f"{key} of the dashboard" for key in dashboard if key not in FRAME and dashboard[key])
    return made


def _variables(dashboard: Mapping[str, Any], words: Words) -> Iterator[Json]:
    templating = dashboard.get("templating")
    for one in (templating.get("list") or []) if isinstance(templating, dict) else []:
        kind = str(one.get("type"))
        if kind not in VARIABLE_KEYS:
            words.unsaid.append(f"template variable {one.get('name')!r} of type {kind!r}")
            continue
        made = {key: one[key] for key in VARIABLE_KEYS[kind] if key in one}
        if kind == "query":
            made.pop("datasource", None)
            made |= words.datasource(one, f"template variable {one.get('name')!r}")
            query = made.get("query")
            if isinstance(query, dict):  # newer pages keep the text in an object
                made["query"] = str(query.get("target") or query.get("query") or "")
        yield made


def _links(dashboard: Mapping[str, Any], unsaid: list[str]) -> Iterator[Json]:
    for one in dashboard.get("links") or []:
        if one.get("type") not in ("link", "dashboards"):
            unsaid.append(f"link {one.get('title')!r} of type {one.get('type')!r}")
            continue
        left = () if one["type"] == "link" else ("tooltip", "url")
        yield {key: one[key] for key in LINK_KEYS if key in one and key not in left and one[key] is not None}


def _legacy_row(row: Mapping[str, Any], words: Words) -> Json:
    """Give a row of grafyaml's own form, which Grafana keeps as it came."""
    height = row.get("height")
    made = {
        "title": str(row.get("title") or "Row"),
        "height": f"{height}px" if isinstance(height, int) else str(height or "250px"),
    }
    made |= {key: row[key] for key in ("collapse", "showTitle", "editable") if isinstance(row.get(key), bool)}
    panels = [
        panel_words(one, words, legacy=True) for one in row.get("panels") or [] if isinstance(one, dict)
    ]
    return {**made, "panels": [one for one in panels if one]}


def _panels(dashboard: Mapping[str, Any]) -> list[Json]:
    return [one for one in dashboard.get("panels") or [] if isinstance(one, dict)]


def _rows(panels: Iterable[Json], words: Words) -> list[_Row]:
    """Put panels that lie on a grid into rows that `render` lays on the same grid."""
    rows = [_Row("", 0)]
    for panel in sorted(panels, key=_position):
        if not _is_header(panel):
            _add(rows, panel, words)
            continue
        folded = bool(panel.get("collapsed"))
        top = rows[-1].bottom + 1
        rows.append(_Row(str(panel.get("title") or " "), top, shown=not folded, folded=folded))
        for inner in sorted(_panels(panel), key=_position):
            _add(rows, inner, words)
        if folded:
            rows.append(_Row("", top))
    return [row for row in rows if row.panels or row.shown or row.folded]


def _add(rows: list[_Row], panel: Json, words: Words) -> None:
    """Put a panel into the last row, or into a new one where the last one's grid does not lead to its place."""
    made = panel_words(panel, words)
    if made is None:
        return
    column, top, width, height = _grid(panel)
    span = max(1, min(12, width // 2))
    row = rows[-1]
    fits = row.place(2 * span) == (column, top) and (height == row.height or column > 0)
    if row.panels and not row.folded and not fits:
        row = _Row("", row.bottom)
        rows.append(row)
    row.height = row.height or max(3, height)
    row.left, line = row.place(2 * span)
    row.line = line - row.top
    if (row.left, line, 2 * span, row.height) != (column, top, width, height):
        words.unsaid.append(f"place and size of the panel {made['title']!r}")
    row.panels.append({**made, **({"span": span} if span != 12 else {})})  # noqa: PLR2004 - grafyaml's default
    row.left += 2 * span


def _grid(panel: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Give column, line, width and height of a panel."""
    grid = panel.get("gridPos")
    given = grid if isinstance(grid, dict) else {}
    defaults = {"x": 0, "y": 0, "w": COLUMNS, "h": 8}
    x, y, w, h = (given[key] if isinstance(given.get(key), int) else value for key, value in defaults.items())
    return x, y, w, h


def _is_header(panel: Mapping[str, Any]) -> bool:
    """Say whether a panel of kind row heads the panels below it: grafyaml's own row panels are higher."""
    return panel.get("type") == "row" and ("gridPos" not in panel or _grid(panel)[3] == 1)


def _position(panel: Mapping[str, Any]) -> tuple[int, int]:
    column, top, _, _ = _grid(panel)
    return top, column
