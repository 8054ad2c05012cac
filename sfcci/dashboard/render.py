"""Dashboards → Grafana's JSON: one modern form (gridPos, timeseries, stat) that Grafana 7.5 to 13 shows.

Panels of grafyaml's kinds become those that Grafana kept: graph → timeseries, singlestat → stat. What has no counterpart is
left out: alerts of a panel (Grafana 11 removed them), the right axis' label. JSON passes through without its id and version.
"""

import copy
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
FILL, SOLID = 1, 10
"""How much of the area is filled where a graph says nothing, in tenths; bars are solid then, as Grafana's old graph has them."""
STEPS = ("green", "orange", "red")
Json = dict[str, Any]


def grafana_json(dashboard: Dashboard, datasources: Mapping[str, Any] | None = None) -> Json:
    """Give the dashboard as Grafana takes it. `datasources`: a panel's data source name ("" for none) → reference."""
    content = dashboard.content
    if dashboard.form is Form.GRAFANA:
        return _passed(dashboard, datasources or {})
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
        "templating": {"list": list(_templating(content, datasources or {}))},
        "panels": list(_panels(content["rows"], datasources or {})),
    }


def legacy_json(dashboard: Dashboard, datasources: Mapping[str, str] | None = None) -> Json:
    """Give the dashboard with rows, as grafyaml sends it, for old Grafanas. `datasources`: name in the file → title."""
    if dashboard.form is Form.GRAFANA:
        return _passed(dashboard, datasources or {})
    content: Json = copy.deepcopy(dict(dashboard.content))
    named = [panel for row in content["rows"] for panel in row["panels"] if "targets" in panel]
    for one in [*named, *(item for item in _variables(content) if item["type"] == "query")]:
        if title := (datasources or {}).get(one.get("datasource", "")):
            one["datasource"] = title
    tags = list(dict.fromkeys([*content.get("tags", []), TAG]))
    return {**content, "uid": dashboard.uid, "tags": tags}


def datasource_names(dashboard: Dashboard) -> tuple[str, ...]:
    """Give the names of data sources that panels and variables ask for; "" stands for the usual one."""
    if dashboard.form is Form.GRAFANA:
        inputs = _inputs(dashboard.content)
        return tuple(dict.fromkeys(inputs.values()))
    panels = [panel for row in dashboard.content["rows"] for panel in row["panels"] if panel.get("targets")]
    queries = [item for item in _variables(dashboard.content) if item["type"] == "query"]
    return tuple(dict.fromkeys(one.get("datasource", "") for one in [*panels, *queries]))


def _passed(dashboard: Dashboard, datasources: Mapping[str, Any]) -> Json:
    """Pass Grafana's own JSON through: our uid and tag, and data sources replaced where the mapping names them."""
    left = ("id", "uid", "version", "iteration", "__inputs", "__requires", "__elements")
    given = {key: value for key, value in dashboard.content.items() if key not in left}
    inputs = _inputs(dashboard.content)
    references = {
        **datasources,
        **{text: datasources[name] for text, name in inputs.items() if name in datasources},
    }
    references.pop("", None)
    made = {key: _replaced(value, references) for key, value in given.items()}
    return {**made, "uid": dashboard.uid, "tags": list(dict.fromkeys([*(given.get("tags") or []), TAG]))}


def _inputs(content: Mapping[str, Any]) -> dict[str, str]:
    """Give the data sources that an export leaves open: the text that stands for one ("${DS_X}") → its name."""
    items = content.get("__inputs")
    return {
        f"${{{item['name']}}}": str(item.get("label") or item["name"])
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and item.get("type") == "datasource" and "name" in item
    }


def _replaced(value: Any, references: Mapping[str, Any]) -> Any:
    """Replace references to data sources, by title or by uid, wherever Grafana's JSON has one."""
    if isinstance(value, list):
        return [_replaced(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _replaced(item, references) for key, item in value.items()}
    source = made.get("datasource")
    name = source.get("uid") if isinstance(source, dict) else source
    if isinstance(name, str) and name in references:
        made["datasource"] = references[name]
    return made


def _variables(content: Mapping[str, Any]) -> list[Json]:
    templating = content["templating"]  # grafyaml: a list when nothing was given
    return list(templating["list"]) if isinstance(templating, dict) else []


def _templating(content: Mapping[str, Any], datasources: Mapping[str, Any]) -> Iterator[Json]:
    for item in _variables(content):
        reference = datasources.get(item.get("datasource", "")) if item["type"] == "query" else None
        yield {**item, **({"datasource": reference} if reference else {})}


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
        left, line, height = 0, 0, height_of(row["height"])
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


def height_of(text: str) -> int:
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


def timeseries(panel: Json) -> Json:
    """Give a graph in today's form; `panel` has grafyaml's defaults."""
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
        "fillOpacity": min(100, (SOLID if panel["bars"] and panel["fill"] == FILL else panel["fill"]) * 10),
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


def stat(panel: Json) -> Json:
    """Give a singlestat in today's form, a gauge where it is one; `panel` has grafyaml's defaults."""
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


_KINDS = {"graph": timeseries, "singlestat": stat, "text": _text, "dashlist": _dashlist, "row": _row}
