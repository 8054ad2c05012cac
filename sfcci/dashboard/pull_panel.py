"""A panel of Grafana → a panel in grafyaml's words; each thing that has none is named."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sfcci.dashboard.model import ref
from sfcci.dashboard.render import CALCS, FILL, SOLID, STEPS

NAMES = {calc: name for name, calc in CALCS.items()}
MAX_DECIMALS = 12
LEGACY_KEYS: Mapping[str, frozenset[str]] = {
    "graph": frozenset({
        "alert", "bars", "datasource", "decimals", "fill", "format", "hideTimeOverride", "leftYAxisLabel", "legend",
        "lines", "linewidth", "minSpan", "nullPointMode", "percentage", "pointradius", "points", "repeat",
        "rightYAxisLabel", "seriesOverrides", "stack", "steppedLine", "targets", "timeFrom", "timeShift", "tooltip",
        "x-axis", "y-axis", "y_formats", "yaxes",
    }),
    "singlestat": frozenset({
        "colorBackground", "colorValue", "datasource", "decimals", "format", "gauge", "hideTimeOverride",
        "maxDataPoints", "postfix", "postfixFontSize", "prefix", "prefixFontSize", "rangeMaps", "sparkline", "targets",
        "thresholds", "timeFrom", "timeShift", "valueFontSize", "valueMaps", "valueName",
    }),
    "text": frozenset({"content", "mode", "style"}),
    "dashlist": frozenset({"limit", "mode", "query", "tag"}),
    "row": frozenset({"collapsed", "panels"}),
}  # fmt: skip
"""What grafyaml knows of each kind of panel, as it sends them."""
COMMON_KEYS = frozenset({"editable", "error", "span", "title", "type", "transparent"})
NO_LOSS = frozenset(
    {"id", "gridPos", "renderer", "aliasColors", "grid", "isNew", "links", "pluginVersion", "xaxis"}
)
Json = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """What a pull knows: titles of data sources by uid, the one that needs no name; and what it could not say."""

    sources: Mapping[str, str]
    default: str
    unsaid: list[str]

    def datasource(self, holder: Mapping[str, Any], what: str) -> Json:
        """Give {"datasource": title}, or {} for the usual one."""
        given = holder.get("datasource")
        name = given.get("uid") if isinstance(given, dict) else given
        if not name:
            return {}
        title = self.sources.get(str(name), str(name))
        if isinstance(given, dict) and str(name) not in self.sources and not str(name).startswith("$"):
            self.unsaid.append(f"title of the data source with uid {name!r} ({what})")
        return {} if title == self.default else {"datasource": title}


def panel_words(panel: Mapping[str, Any], words: Words, *, legacy: bool = False) -> Json | None:
    """Give a panel in grafyaml's words; None, and a note, for a kind that it has none for."""
    kind = str(panel.get("type"))
    title = str(panel.get("title") or " ")
    if legacy and kind in LEGACY_KEYS:
        return _legacy(panel, kind, title, words)
    if kind not in _KINDS or legacy:
        words.unsaid.append(f"panel {title!r} of kind {kind!r}")
        return None
    said = _Said(f"panel {title!r}", words)
    made = {"title": title, **_KINDS[kind](panel, said)}
    if panel.get("transparent"):
        made["transparent"] = True
    if panel.get("description"):
        said.no("description")
    if made["type"] in ("graph", "singlestat"):
        made |= _asking(panel, words, said)
    return made


@dataclass(frozen=True)
class _Said:
    """Notes of one panel."""

    what: str
    words: Words

    def no(self, name: str) -> None:
        """Note that something cannot be said."""
        self.words.unsaid.append(f"{name} of the {self.what}")


def _legacy(panel: Mapping[str, Any], kind: str, title: str, words: Words) -> Json:
    known = LEGACY_KEYS[kind] | COMMON_KEYS
    made = {key: value for key, value in panel.items() if key in known and value is not None}
    for key in panel:
        if key not in known | NO_LOSS and panel[key]:
            words.unsaid.append(f"{key} of the panel {title!r}")
    made.pop("datasource", None)
    return {**made, "title": title, **words.datasource(panel, f"panel {title!r}")}


def _asking(panel: Mapping[str, Any], words: Words, said: _Said) -> Json:
    """Give what panels with targets have: targets, data source, their own time."""
    own = ("timeFrom", "timeShift", "hideTimeOverride", "repeat")
    made: Json = {key: panel[key] for key in own if panel.get(key) not in (None, "")}
    columns = panel.get("maxPerRow")
    if panel.get("type") != "timeseries":
        if made.pop("repeat", None):
            said.no("repeat")
    elif isinstance(columns, int) and columns > 0:
        made["minSpan"] = max(1, 12 // columns)
    made["targets"] = list(_targets(panel, said))
    made |= words.datasource(panel, said.what)
    for key in ("transformations", "links", "interval"):
        if panel.get(key):
            said.no(key)
    return made


def _targets(panel: Mapping[str, Any], said: _Said) -> Iterator[Json]:
    for number, one in enumerate(panel.get("targets") or []):
        text = one.get("target")
        if not isinstance(text, str) or not text.strip():
            said.no(f"query {one.get('refId')}")
            continue
        letter = one.get("refId")
        yield {
            "target": text,
            **({"refId": letter} if letter and letter != ref(number) else {}),
            **({"hide": True} if one.get("hide") else {}),
        }


def _defaults(panel: Mapping[str, Any]) -> tuple[Json, Json, Json]:
    """Give defaults of the fields, their own part of the kind, and the options."""
    fields = _mapping(_mapping(panel.get("fieldConfig")).get("defaults"))
    return fields, _mapping(fields.get("custom")), _mapping(panel.get("options"))


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _graph(panel: Mapping[str, Any], said: _Said) -> Json:
    fields, custom, options = _defaults(panel)
    draw = custom.get("drawStyle", "line")
    made: Json = {"type": "graph"}
    made |= {"bars": {"bars": True, "lines": False}, "points": {"lines": False}}.get(draw, {})
    if custom.get("showPoints") == "always" or draw == "points":
        made["points"] = True
    opacity = custom.get("fillOpacity", 0)
    if opacity % 10 or (draw == "bars" and opacity == FILL * 10):
        said.no(f"exact opacity ({opacity})")
    numbers = {
        "fill": (round(opacity / 10), SOLID if draw == "bars" else FILL),
        "linewidth": (custom.get("lineWidth", 1), 2),
    }
    numbers["pointradius"] = (custom.get("pointSize", 5), 5)
    made |= {key: value for key, (value, usual) in numbers.items() if value != usual}
    if custom.get("spanNulls"):
        made["nullPointMode"] = "connected"
    interpolation = custom.get("lineInterpolation", "linear")
    if interpolation == "stepAfter":
        made["steppedLine"] = True
    elif interpolation != "linear":
        said.no(f"line interpolation {interpolation!r}")
    stacking = _mapping(custom.get("stacking")).get("mode", "none")
    if stacking != "none":
        made |= {"stack": True, **({"percentage": True} if stacking == "percent" else {})}
    made |= _axes(fields, custom, said)
    made |= _legend(_mapping(options.get("legend")), said)
    if overrides := list(_overrides(panel, said)):
        made["seriesOverrides"] = overrides
    if fields.get("mappings"):
        said.no("value mappings")
    return made


def _axes(fields: Json, custom: Json, said: _Said) -> Json:
    """Give unit, bounds and label: of the whole panel where that suffices, else of its left axis."""
    axis: Json = {}
    for key in ("min", "max", "decimals"):
        value = fields.get(key)
        if isinstance(value, int | float) and value == int(value):
            axis[key] = int(value)
        elif value is not None:
            said.no(f"{key} {value!r}")
    scale = _mapping(custom.get("scaleDistribution"))
    if scale.get("type") == "log":
        axis["logBase"] = int(scale.get("log", 10))
    if custom.get("axisPlacement") == "hidden":
        axis["show"] = False
    label, unit = str(custom.get("axisLabel") or ""), fields.get("unit")
    labelled = {"leftYAxisLabel": label} if label else {}
    if not axis.keys() - {"decimals"}:  # an axis of its own would have the unit "short" where there is none
        return {**axis, **({"format": unit} if unit else {}), **labelled}
    if unit and unit not in formats():
        said.no(f"unit {unit!r}")
        unit = None
    return {"yaxes": [{**axis, **({"format": unit} if unit else {})}, {"show": False}], **labelled}


def formats() -> frozenset[str]:
    """Give the units that grafyaml takes on an axis."""
    from grafana_dashboards.schema.panel.base import Base

    return frozenset(Base.formats.validators)


def _legend(legend: Json, said: _Said) -> Json:
    calcs = [str(one) for one in legend.get("calcs") or []]
    shown = legend.get("showLegend", legend.get("displayMode") != "hidden")
    table = legend.get("displayMode") == "table"
    right = legend.get("placement") == "right"
    known = {
        "lastNotNull": "current",
        "mean": "avg",
        "min": "min",
        "max": "max",
        "sum": "total",
        "last": "current",
    }
    for calc in calcs:
        if calc not in known:
            said.no(f"legend's {calc}")
    if shown and not (calcs or table or right):
        return {}
    flags = {"show": shown, "alignAsTable": table, "rightSide": right, "values": bool(calcs)}
    flags |= {known[calc]: True for calc in calcs if calc in known}
    return {"legend": {key: value for key, value in flags.items() if value}}


def _overrides(panel: Mapping[str, Any], said: _Said) -> Iterator[Json]:
    for one in _mapping(panel.get("fieldConfig")).get("overrides") or []:
        matcher = _mapping(one.get("matcher"))
        name = matcher.get("options")
        if matcher.get("id") not in ("byName", "byRegexp") or not isinstance(name, str) or not name:
            said.no(f"override {matcher.get('id')!r}")
            continue
        made: Json = {"alias": name}
        for item in one.get("properties") or []:
            found = _override(str(item.get("id")), item.get("value"))
            if found is None:
                said.no(f"override {item.get('id')!r} of {name!r}")
            else:
                made |= found
        yield made


def _override(name: str, value: Any) -> Json | None:  # noqa: PLR0911 - one line for each word
    """Give one property of a series in grafyaml's words; None where it has none."""
    match name, value:
        case "custom.drawStyle", "bars" | "line":
            return {"bars": True} if value == "bars" else {"lines": True}
        case "custom.stacking", {"mode": mode, **more}:
            group = more.get("group", "A")
            letter = group if group in ("B", "C", "D") else True
            return {"stack": False if mode == "none" else letter}
        case "color", {"mode": "fixed", "fixedColor": str(colour)}:
            return {"color": colour}
        case "custom.axisPlacement", "right":
            return {"yaxis": 2}
        case "custom.fillOpacity", int(opacity) if opacity % 10 == 0 and 0 <= opacity <= 100:  # noqa: PLR2004 - percent
            return {"fill": opacity // 10}
        case "custom.lineWidth", int(width) if 1 <= width <= 10:  # noqa: PLR2004 - grafyaml's bounds
            return {"width": width}
        case "custom.transform", "negative-Y":
            return {"transform": "negative-Y"}
        case "custom.hideFrom", {"legend": True}:
            return {"legend": False}
    return None


def _stat(panel: Mapping[str, Any], said: _Said) -> Json:
    fields, _, options = _defaults(panel)
    made: Json = {"type": "singlestat"}
    calcs = _mapping(options.get("reduceOptions")).get("calcs") or ["lastNotNull"]
    name = NAMES.get(str(calcs[0])) or ("current" if calcs[0] == "last" else "")
    if not name:
        said.no(f"value {calcs[0]!r}")
    made["valueName"] = "name" if options.get("textMode") == "name" else name or "current"
    if panel.get("type") == "gauge":
        made["gauge"] = _gauge(fields, options, said)
    else:
        made |= {"background": {"colorBackground": True}, "value": {"colorValue": True}}.get(
            str(options.get("colorMode")), {}
        )
        if options.get("graphMode") == "area":
            made["sparkline"] = {"show": True}
    return {**made, **_value_words(fields, said)}


def _gauge(fields: Json, options: Json, said: _Said) -> Json:
    bounds = {}
    for key, name, usual in (("min", "minValue", 0), ("max", "maxValue", 100)):
        value = fields.get(key, usual)
        if value != int(value):
            said.no(f"{key} {value!r}")
        bounds[name] = int(value)
    flags = {
        "thresholdLabels": bool(options.get("showThresholdLabels")),
        "thresholdMarkers": bool(options.get("showThresholdMarkers", True)),
    }
    return {**bounds, "show": True, **{key: True for key, value in flags.items() if value}}


def _value_words(fields: Json, said: _Said) -> Json:
    """Give unit, decimals, thresholds and texts of a single value."""
    made: Json = {}
    unit = str(fields.get("unit") or "")
    if unit.startswith("suffix:") and unit != "suffix:":
        made["postfix"] = unit.removeprefix("suffix:")
    elif unit.startswith("prefix:") and unit != "prefix:":
        made["prefix"] = unit.removeprefix("prefix:")
    elif unit:
        made["format"] = unit
    decimals = fields.get("decimals")
    if isinstance(decimals, int) and 0 <= decimals <= MAX_DECIMALS:
        made["decimals"] = decimals
    elif decimals is not None:
        said.no(f"decimals {decimals!r}")
    if text := _thresholds(_mapping(fields.get("thresholds")), said):
        made["thresholds"] = text
    return {**made, **_texts(fields, said)}


def _thresholds(thresholds: Json, said: _Said) -> str:
    steps = [one for one in thresholds.get("steps") or [] if isinstance(one, dict)]
    colours = tuple(one.get("color") for one in steps)
    if colours != STEPS[: len(steps)] or thresholds.get("mode", "absolute") != "absolute":
        said.no("colours of the thresholds")
    numbers = [one["value"] for one in steps[1:] if isinstance(one.get("value"), int | float)]
    return ",".join(f"{Decimal(repr(value)).normalize():f}" for value in numbers if math.isfinite(value))


def _texts(fields: Json, said: _Said) -> Json:
    values, ranges = [], []
    for one in fields.get("mappings") or []:
        options = _mapping(one.get("options"))
        if one.get("type") == "range" and all(isinstance(options.get(key), int) for key in ("from", "to")):
            text = str(_mapping(options.get("result")).get("text") or "")
            ranges.append({"from": options["from"], "to": options["to"], "text": text})
        elif one.get("type") == "value" and all(re.fullmatch(r"-?\d+", str(key)) for key in options):
            values += [
                {"op": "=", "value": int(key), "text": str(_mapping(shown).get("text") or "")}
                for key, shown in options.items()
            ]
        else:
            said.no(f"{one.get('type')} mapping")
    return {**({"valueMaps": values} if values else {}), **({"rangeMaps": ranges} if ranges else {})}


def _text(panel: Mapping[str, Any], said: _Said) -> Json:
    options = _mapping(panel.get("options"))
    mode = options.get("mode", panel.get("mode", "markdown"))
    if mode not in ("markdown", "html", "text"):
        said.no(f"mode {mode!r}")
        mode = "text"
    made: Json = {"type": "text", "content": str(options.get("content", panel.get("content", "")))}
    return made if mode == "markdown" else {**made, "mode": mode}


def _dashlist(panel: Mapping[str, Any], said: _Said) -> Json:
    options = _mapping(panel.get("options"))
    tags = options.get("tags") or []
    if len(tags) > 1:
        said.no("all tags but the first")
    made: Json = {"type": "dashlist", "limit": int(options.get("maxItems", 10))}
    made["mode"] = "search" if options.get("showSearch") else "starred"
    return {**made, "query": str(options.get("query") or ""), "tag": str(tags[0]) if tags else ""}


def _row(panel: Mapping[str, Any], _said: _Said) -> Json:
    return {"type": "row", "collapsed": bool(panel.get("collapsed"))}


_KINDS: Mapping[str, Callable[[Mapping[str, Any], _Said], Json]] = {
    "timeseries": _graph,
    "stat": _stat,
    "gauge": _stat,
    "text": _text,
    "dashlist": _dashlist,
    "row": _row,
}
