"""Grafana's JSON of any age → the form that is drawn: gridPos and ids for every panel, kinds that Grafana still has.

Rows of before Grafana 5 become places on the grid; graph → timeseries, singlestat → stat or gauge, text and table of
before 7 → their options of today. What is modern already passes unchanged.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.dashboard.model import ref
from sfcci.dashboard.render import COLUMNS, FILL, STEPS, height_of, stat, timeseries

Json = dict[str, Any]
GRAPH: Json = {
    "lines": True,
    "points": False,
    "bars": False,
    "stack": False,
    "percentage": False,
    "linewidth": 1,
    "fill": FILL,
    "steppedLine": False,
    "pointradius": 2,
}
SINGLESTAT: Json = {
    "valueName": "avg",
    "prefix": "",
    "postfix": "",
    "thresholds": "",
    "colorBackground": False,
    "colorValue": False,
    "sparkline": {"show": False},
}
GAUGE: Json = {"minValue": 0, "maxValue": 100, "thresholdLabels": False, "thresholdMarkers": True}
"""What Grafana takes where a panel says nothing."""
ALARM = {"critical": "red", "warning": "orange", "ok": "green"}
CALCS = {"avg": "mean", "current": "lastNotNull", "total": "sum"}


def modern(dashboard: Mapping[str, Any]) -> Json:
    """Give a dashboard in the form that is drawn; panels without an id get one."""
    panels = [one for one in dashboard.get("panels") or [] if isinstance(one, dict)]
    if not panels:
        panels = list(_from_rows([one for one in dashboard.get("rows") or [] if isinstance(one, dict)]))
    used = {one.get("id") for panel in panels for one in [panel, *(panel.get("panels") or [])]}
    free = (number for number in range(1, 10**6) if number not in used)
    made = [_numbered(panel, free) for panel in panels]
    return {**{key: value for key, value in dashboard.items() if key != "rows"}, "panels": made}


def _numbered(panel: Json, free: Iterator[int]) -> Json:
    made = _modern(panel)
    if not isinstance(made.get("id"), int):
        made["id"] = next(free)
    targets = made.get("targets")
    if isinstance(targets, list):
        made["targets"] = [
            {**one, "refId": one.get("refId") or ref(number)}
            for number, one in enumerate(targets)
            if isinstance(one, dict)
        ]
    if made.get("type") == "row":
        made["panels"] = [_numbered(one, free) for one in made.get("panels") or [] if isinstance(one, dict)]
    return made


def _from_rows(rows: list[Json]) -> Iterator[Json]:
    """Lay the panels of rows from the left, on a new line where one is full."""
    top = 0
    for row in rows:
        height = height_of(str(row.get("height") or "250px"))
        laid = list(_laid(row, height, top + 1))
        folded = bool(row.get("collapse"))
        grid = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        if row.get("showTitle") or folded or row.get("repeat"):
            yield {
                "type": "row",
                "title": row.get("title", ""),
                "collapsed": folded,
                "gridPos": grid,
                "panels": laid if folded else [],
                **({"repeat": row["repeat"]} if row.get("repeat") else {}),
            }
        yield from [] if folded else laid
        top += 1 + (0 if folded else _depth(laid))


def _depth(laid: list[Json]) -> int:
    ends = [one["gridPos"]["y"] + one["gridPos"]["h"] for one in laid]
    return max(ends) - min(one["gridPos"]["y"] for one in laid) if laid else 0


def _laid(row: Json, height: int, top: int) -> Iterator[Json]:
    left = line = 0
    for panel in row.get("panels") or []:
        span = panel.get("span")
        width = min(COLUMNS, max(1, round(2 * span))) if isinstance(span, int | float) else COLUMNS
        if left + width > COLUMNS:
            left, line = 0, line + height
        yield {**panel, "gridPos": {"x": left, "y": top + line, "w": width, "h": height}}
        left += width


def _modern(panel: Json) -> Json:
    kind = panel.get("type")
    if kind == "graph":
        return {**_kept(panel), **_graph(panel)}
    if kind == "singlestat":
        return {**_kept(panel), **_singlestat(panel)}
    if kind == "text" and "content" in panel and not (panel.get("options") or {}).get("content"):
        return {**panel, "options": {"mode": panel.get("mode", "markdown"), "content": panel["content"]}}
    if kind in {"table", "table-old"} and "fieldConfig" not in panel:
        return {**panel, "type": "table", **_table(panel)}
    return dict(panel)


def _kept(panel: Json) -> Json:
    """Give what a panel has whatever its kind."""
    return {
        key: panel[key]
        for key in (
            *("id", "title", "description", "gridPos", "targets", "datasource", "transparent", "links"),
            *(
                "timeFrom",
                "timeShift",
                "hideTimeOverride",
                "repeat",
                "repeatDirection",
                "maxPerRow",
                "interval",
            ),
        )
        if key in panel
    }


def _graph(panel: Json) -> Json:
    given = GRAPH | {key: value for key, value in panel.items() if value is not None}
    made = timeseries(given)
    colours = panel.get("aliasColors")
    made["fieldConfig"]["overrides"] += [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for name, colour in (colours.items() if isinstance(colours, dict) else [])
    ]
    defaults = made["fieldConfig"]["defaults"]
    if panel.get("nullPointMode") == "null as zero":
        defaults["nullValueMode"] = "null as zero"
    thresholds = [one for one in panel.get("thresholds") or [] if isinstance(one, dict)]
    if thresholds:
        steps, style = _limits(thresholds)
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
        defaults["custom"]["thresholdsStyle"] = {"mode": style}
    return made


def _limits(thresholds: list[Json]) -> tuple[list[Json], str]:
    """Turn a graph's limits (above or below which it alarms) into steps and how they are drawn."""
    steps: list[Json] = [{"color": "transparent", "value": None}]
    for one in sorted(thresholds, key=lambda one: float(one.get("value") or 0)):
        colour = ALARM.get(str(one.get("colorMode")), str(one.get("lineColor") or "red"))
        if one.get("op") == "lt":
            steps[-1] = {**steps[-1], "color": colour}
            steps.append({"color": "transparent", "value": one.get("value") or 0})
        else:
            steps.append({"color": colour, "value": one.get("value") or 0})
    line, area = (any(one.get(key, True) for one in thresholds) for key in ("line", "fill"))
    return steps, "line+area" if line and area else "area" if area else "line"


def _singlestat(panel: Json) -> Json:
    given = SINGLESTAT | {key: value for key, value in panel.items() if value is not None}
    gauge = given.get("gauge")
    given["gauge"] = GAUGE | gauge if isinstance(gauge, dict) else {}
    if given.get("format") == "none" and (given["prefix"] or given["postfix"]):
        given.pop("format")
    given["thresholds"] = str(given["thresholds"])
    made = stat(given)
    colours = [one for one in panel.get("colors") or [] if isinstance(one, str)]
    for step, colour in zip(made["fieldConfig"]["defaults"]["thresholds"]["steps"], colours, strict=False):
        step["color"] = colour
    return made


def _table(panel: Json) -> Json:
    """Turn a table of before Grafana 7 into one with today's transformations."""
    transformations: list[Json] = []
    if panel.get("transform") == "timeseries_aggregations":
        words = [str(one.get("value")) for one in panel.get("columns") or [] if isinstance(one, dict)]
        calcs = [CALCS.get(word, word) for word in words or ["avg"]]
        transformations.append({"id": "reduce", "options": {"reducers": calcs}})
    found = [
        one for one in panel.get("styles") or [] if isinstance(one, dict) and one.get("type") == "number"
    ]
    defaults: Json = {}
    if found:
        style = found[-1]
        defaults = {
            key: style[name] for key, name in (("unit", "unit"), ("decimals", "decimals")) if name in style
        }
        limits = [float(one) for one in style.get("thresholds") or []]
        colours = [*(style.get("colors") or ()), *STEPS][: len(limits) + 1]
        steps = [
            {"color": colour, "value": value} for colour, value in zip(colours, [None, *limits], strict=False)
        ]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
        cell = {"cell": "color-background", "row": "color-background", "value": "color-text"}.get(
            str(style.get("colorMode"))
        )
        defaults["custom"] = {"cellOptions": {"type": cell or "auto"}}
    return {
        "options": {},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "transformations": transformations,
    }
