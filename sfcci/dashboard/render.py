"""Dashboards → Grafana's JSON: one modern form (gridPos, timeseries, stat) that Grafana 7.5 to 13 shows.

Panels of grafyaml's kinds become those that Grafana kept: graph → timeseries, singlestat → stat. What has no counterpart is
left out: alerts of a panel (Grafana 11 removed them), the right axis' label. JSON passes through without its id and version.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.dashboard.model import Dashboard, Form, ref

SCHEMA_VERSION = 42
COLUMNS = 24
"""Grafana's grid; grafyaml's spans are twelfths."""
ROW_PX = 38
"""Height of one line of Grafana's grid with its gap."""
TAG = "sfcci"
"""Marks the dashboards that came from here."""
CALCS = {
    "avg": "mean",
    "current": "lastNotNull",
    "total": "sum",
    "first": "firstNotNull",
    "min": "min",
    "max": "max",
    "delta": "delta",
    "diff": "diff",
    "range": "range",
}
"""grafyaml's words for one value of a series → Grafana's."""
STEPS = ("green", "orange", "red")
Json = dict[str, Any]


def grafana_json(dashboard: Dashboard, datasources: Mapping[str, Any] | None = None) -> Json:
    """Give the dashboard as Grafana takes it. `datasources`: a panel's data source name ("" for none) → reference."""
    content = dashboard.content
    if dashboard.form is Form.GRAFANA:
        given = {key: value for key, value in content.items() if key not in ("id", "uid", "version")}
        tags = list(dict.fromkeys([*(given.get("tags") or []), TAG]))
        return {**given, "uid": dashboard.uid, "tags": tags}
    return {
        "title": dashboard.title,
        "uid": dashboard.uid,
        "tags": list(dict.fromkeys([*content.get("tags", []), TAG])),
        "timezone": content["timezone"],
        "time": dict(content.get("time", {"from": "now-6h", "to": "now"})),
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "annotations": {"list": []},
        "links": list(content.get("links", [])),
        "templating": {"list": _templating(content)},
        "panels": list(_panels(content["rows"], datasources or {})),
    }


def datasource_names(dashboard: Dashboard) -> tuple[str, ...]:
    """Give the names of data sources that the panels ask for; "" stands for the usual one."""
    if dashboard.form is Form.GRAFANA:
        return ()
    panels = [panel for row in dashboard.content["rows"] for panel in row["panels"] if panel.get("targets")]
    return tuple(dict.fromkeys(panel.get("datasource", "") for panel in panels))


def _templating(content: Mapping[str, Any]) -> list[Json]:
    templating = content["templating"]  # grafyaml: a list when nothing was given
    return [dict(item) for item in templating["list"]] if isinstance(templating, dict) else []


def _panels(rows: list[Json], datasources: Mapping[str, Any]) -> Iterator[Json]:
    """Lay the panels of each row from the left, on a new line where one is full; numbers as in `structure`."""
    number = top = 0
    for row in rows:
        folded = row["collapse"]
        inside: list[Json] = []
        if row["showTitle"] or folded:
            number += 1
            grid = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
            header = {"id": number, "type": "row", "title": row["title"], "collapsed": folded}
            yield {**header, "gridPos": grid, "panels": inside}
            top += 1
        left, line, height = 0, 0, _height(row["height"])
        for panel in row["panels"]:
            number += 1
            width = 2 * (panel["span"] or 12)
            if left + width > COLUMNS:
                left, line = 0, line + height
            grid = {"x": left, "y": top + line, "w": width, "h": height}
            left += width
            made = {"id": number, "title": panel["title"], "gridPos": grid, **_panel(panel, datasources)}
            if folded:
                inside.append(made)
            else:
                yield made
        top += line + height if row["panels"] and not folded else 0


def _height(text: str) -> int:
    """Turn grafyaml's pixels ("320px") into lines of the grid."""
    digits = re.match(r"\s*(\d{1,5})", text)
    return max(3, math.ceil(int(digits[1] if digits else 250) / ROW_PX))


def _panel(panel: Json, datasources: Mapping[str, Any]) -> Json:
    made = _KINDS[panel["type"]](panel)
    if panel.get("transparent"):
        made["transparent"] = True
    for key in ("timeFrom", "timeShift", "hideTimeOverride", "repeat"):
        if key in panel:
            made[key] = panel[key]
    if panel.get("minSpan"):
        made["maxPerRow"] = 12 // panel["minSpan"]
    if "targets" in panel:
        made["targets"] = list(_targets(panel["targets"]))
        if reference := datasources.get(panel.get("datasource", "")):
            made["datasource"] = reference
    return made


def _targets(targets: list[Json]) -> Iterator[Json]:
    for number, item in enumerate(targets):
        hidden = {"hide": True} if item.get("hide") else {}
        yield {"refId": item.get("refId") or ref(number), "target": item["target"], **hidden}


def _text(panel: Json) -> Json:
    return {"type": "text", "options": {"mode": panel["mode"], "content": panel["content"]}}


def _dashlist(panel: Json) -> Json:
    search = panel["mode"] == "search"
    options = {
        "showStarred": not search,
        "showSearch": search,
        "query": panel["query"],
        "tags": [panel["tag"]] if panel["tag"] else [],
        "maxItems": panel["limit"],
    }
    return {"type": "dashlist", "options": options}


def _timeseries(panel: Json) -> Json:
    axis = (panel.get("yaxes") or [{}])[0]
    unit = axis.get("format") or (panel.get("y_formats") or [None])[0] or panel.get("format")
    defaults: Json = {"custom": _style(panel, axis)}
    if unit:
        defaults["unit"] = unit
    for key, value in (
        ("min", axis.get("min")),
        ("max", axis.get("max")),
        ("decimals", axis.get("decimals", panel.get("decimals"))),
    ):
        if value is not None:
            defaults[key] = value
    overrides = [_override(item) for item in panel.get("seriesOverrides", [])]
    return {
        "type": "timeseries",
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": {"legend": _legend(panel), "tooltip": {"mode": "multi", "sort": "none"}},
    }


def _style(panel: Json, axis: Json) -> Json:
    draw = "line" if panel["lines"] else "points" if panel["points"] else "bars" if panel["bars"] else "line"
    stacking = "none" if not panel["stack"] else "percent" if panel["percentage"] else "normal"
    scale = {"type": "log", "log": axis["logBase"]} if axis.get("logBase", 1) > 1 else {"type": "linear"}
    return {
        "drawStyle": "bars" if panel["bars"] else draw,
        "lineWidth": panel["linewidth"],
        "fillOpacity": min(100, panel["fill"] * 10),
        "lineInterpolation": "stepAfter" if panel["steppedLine"] else "linear",
        "showPoints": "always" if panel["points"] else "auto",
        "pointSize": panel["pointradius"],
        "spanNulls": panel.get("nullPointMode") == "connected",
        "stacking": {"mode": stacking, "group": "A"},
        "axisLabel": axis.get("label") or panel.get("leftYAxisLabel", ""),
        "axisPlacement": "auto" if axis.get("show", True) else "hidden",
        "scaleDistribution": scale,
    }


def _legend(panel: Json) -> Json:
    legend = panel.get("legend", {"show": True})
    calcs = [CALCS[key] for key in ("current", "avg", "min", "max", "total") if legend.get(key)]
    return {
        "showLegend": legend.get("show", False),
        "displayMode": "table" if legend.get("alignAsTable") or calcs else "list",
        "placement": "right" if legend.get("rightSide") else "bottom",
        "calcs": calcs,
    }


def _override(item: Json) -> Json:
    """Turn a series override of the old graph into properties of one field; what timeseries lacks is left out."""
    alias = item["alias"]
    regexp = len(alias) > 1 and alias.startswith("/") and alias.rstrip("gi").endswith("/")
    properties: list[Json] = []
    if item.get("bars") or item.get("lines"):
        properties.append({"id": "custom.drawStyle", "value": "bars" if item.get("bars") else "line"})
    if "stack" in item:
        mode = "normal" if item["stack"] else "none"
        group = item["stack"] if isinstance(item["stack"], str) else "A"
        properties.append({"id": "custom.stacking", "value": {"mode": mode, "group": group}})
    if "color" in item:
        properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": item["color"]}})
    if item.get("yaxis") == 2:  # noqa: PLR2004 - grafyaml numbers the axes 1 (left) and 2 (right)
        properties.append({"id": "custom.axisPlacement", "value": "right"})
    if "fill" in item:
        properties.append({"id": "custom.fillOpacity", "value": item["fill"] * 10})
    if "width" in item:
        properties.append({"id": "custom.lineWidth", "value": item["width"]})
    if item.get("transform") == "negative-Y":
        properties.append({"id": "custom.transform", "value": "negative-Y"})
    if item.get("legend") is False:
        hidden = {"viz": False, "legend": True, "tooltip": False}
        properties.append({"id": "custom.hideFrom", "value": hidden})
    matcher = {"id": "byRegexp" if regexp else "byName", "options": alias}
    return {"matcher": matcher, "properties": properties}


def _stat(panel: Json) -> Json:
    gauge = panel.get("gauge", {})
    shown = bool(gauge.get("show"))
    name = panel["valueName"]
    reduce = {"calcs": [CALCS.get(name, "lastNotNull")], "fields": "", "values": False}
    options: Json = {"reduceOptions": reduce, "orientation": "auto"}
    if shown:
        options |= {
            "showThresholdLabels": gauge["thresholdLabels"],
            "showThresholdMarkers": gauge["thresholdMarkers"],
        }
    else:
        colour = "background" if panel["colorBackground"] else "value" if panel["colorValue"] else "none"
        options |= {
            "colorMode": colour,
            "graphMode": "area" if panel["sparkline"]["show"] else "none",
            "justifyMode": "auto",
            "textMode": "name" if name == "name" else "auto",
        }
    defaults = _stat_defaults(panel)
    if shown:
        defaults |= {"min": gauge["minValue"], "max": gauge["maxValue"]}
    field = {"defaults": defaults, "overrides": []}
    return {"type": "gauge" if shown else "stat", "fieldConfig": field, "options": options}


def _stat_defaults(panel: Json) -> Json:
    defaults: Json = {"thresholds": {"mode": "absolute", "steps": _steps(panel["thresholds"])}}
    unit = panel.get("format")
    if not unit and (panel["prefix"] or panel["postfix"]):
        unit = f"suffix:{panel['postfix']}" if panel["postfix"] else f"prefix:{panel['prefix']}"
    if unit:
        defaults["unit"] = unit
    if "decimals" in panel:
        defaults["decimals"] = panel["decimals"]
    if mappings := list(_mappings(panel)):
        defaults["mappings"] = mappings
    return defaults


def _steps(thresholds: str) -> list[Json]:
    """Turn "25,50" into green below 25, orange from 25, red from 50."""
    numbers = [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", thresholds)][: len(STEPS) - 1]
    return [{"color": STEPS[0], "value": None}] + [
        {"color": colour, "value": number} for colour, number in zip(STEPS[1:], numbers, strict=False)
    ]


def _mappings(panel: Json) -> Iterator[Json]:
    for item in panel.get("valueMaps", []):
        yield {"type": "value", "options": {str(item["value"]): {"text": item["text"]}}}
    for item in panel.get("rangeMaps", []):
        result = {"text": item["text"]}
        yield {"type": "range", "options": {"from": item["from"], "to": item["to"], "result": result}}


def _row(panel: Json) -> Json:
    return {"type": "row", "collapsed": panel["collapsed"], "panels": []}


_KINDS = {"graph": _timeseries, "singlestat": _stat, "text": _text, "dashlist": _dashlist, "row": _row}
