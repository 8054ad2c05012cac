"""Grafana's own JSON → dashboards; and what Grafana's published schema has otherwise, as warnings.

The schema is described here, by us, as far as it matters to who writes dashboards by hand: the names of keys and the kinds
of their values in version 42 of the classic dashboard (source: Grafana's kind `dashboard` as its Apache-licensed
grafana-foundation-sdk types it, and the documented JSON model). Only what is surely wrong is said: OpenStack's own exports,
written by Grafana itself, fail the whole schema in places.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from sfcci.dashboard.model import Dashboard, Form, Panel
from sfcci.dashboard.structure_check import Check, Keys, shown
from sfcci.document import TYPE_NAMES
from sfcci.finding import Severity

NEAR = 0.8
"""Plugins have keys of their own: only what is all but spelled as a known key is called a misspelt one."""
COLUMNS = 24
"""Width of Grafana's grid."""
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_DASHBOARD = """
id:integer uid:string title:string description:string revision:integer gnetId:string|integer tags:array style:string
timezone:string editable:boolean graphTooltip:integer time:object timepicker:object fiscalYearStartMonth:integer
liveNow:boolean weekStart:string refresh:string|boolean schemaVersion:integer version:integer panels:array
templating:object annotations:object links:array snapshot:object preload:boolean
"""
_PANEL = """
type:string id:integer pluginVersion:string targets:array title:string description:string transparent:boolean
datasource:object|string gridPos:object links:array repeat:string repeatDirection:string maxPerRow:integer
maxDataPoints:number|string transformations:array interval:string timeFrom:string timeShift:string
hideTimeOverride:boolean timeCompare:string libraryPanel:object cacheTimeout:string queryCachingTTL:number options:object
fieldConfig:object collapsed:boolean panels:array alert:object
"""
_GRID = "x:integer y:integer w:integer h:integer static:boolean"


def grafana(check: Check) -> Dashboard | None:
    """Read Grafana's own JSON: a title, and every target of every panel, those in folded rows too."""
    data = check.document.data
    title = data.get("title")
    if not isinstance(title, str) or not title.strip():
        check.add("MissingKey", (), "'title' is missing")
    _schema(check, data, _DASHBOARD, ())
    for panel, keys in _panels(check, data.get("panels", []), ("panels",)):
        _panel(check, panel, keys)
    templating = data.get("templating")
    variables = templating.get("list", []) if isinstance(templating, dict) else []
    for number, item in enumerate(variables if isinstance(variables, list) else []):
        if isinstance(item, dict) and "name" in item:
            check.variables.append((str(item["name"]), ("templating", "list", number)))
    names = tuple(name for name, _ in check.variables)
    return Dashboard(check.document, Form.GRAFANA, str(title), data, check.filled(), names)


def _panels(check: Check, panels: Any, keys: Keys) -> Iterator[tuple[dict[str, Any], Keys]]:
    """Give the panels in their order, those in rows behind their row; say which are none."""
    if not isinstance(panels, list):
        check.add("BadStructure", keys, f"found {shown(panels)}; expected a list")
        return
    for index, panel in enumerate(panels):
        place = (*keys, index)
        if not isinstance(panel, dict) or not isinstance(panel.get("type"), str):
            check.add("BadStructure", place, "is no panel", "a panel is a mapping with a `type`")
            continue
        number = panel["id"] if isinstance(panel.get("id"), int) else index + 1
        check.panels.append(Panel(number, str(panel.get("title", "")), panel["type"], (), place))
        yield panel, place
        inside = panel.get("panels", [])
        if inside and (panel["type"] != "row" or len(keys) > 1):
            check.add("BadStructure", (*place, "panels"), "panels in a panel", "only a row holds panels")
        else:
            yield from _panels(check, inside, (*place, "panels"))


def _panel(check: Check, panel: dict[str, Any], keys: Keys) -> None:
    for key in ("options", "fieldConfig", "gridPos"):
        if not isinstance(panel.get(key, {}), dict):
            check.add("BadStructure", (*keys, key), f"found {shown(panel[key])}; expected a mapping")
    targets = panel.get("targets", [])
    if isinstance(targets, list):
        check.read_targets(targets, (*keys, "targets"))
    else:
        check.add("BadStructure", (*keys, "targets"), f"found {shown(targets)}; expected a list")
    _schema(check, panel, _PANEL, keys, skip=("options", "fieldConfig", "gridPos", "targets"))
    grid = panel.get("gridPos")
    if isinstance(grid, dict):
        _schema(check, grid, _GRID, (*keys, "gridPos"))
        _on_grid(check, grid, (*keys, "gridPos"))


def _schema(
    check: Check, value: Mapping[str, Any], described: str, keys: Keys, skip: tuple[str, ...] = ()
) -> None:
    """Say which keys hold another kind of value than described, and which are a misspelt one of them."""
    known = dict(word.split(":") for word in described.split())
    for key, found in value.items():
        if key in skip or found is None:
            continue
        if key not in known:
            near = get_close_matches(str(key), [name for name in known if name not in value], 1, NEAR)
            if near:
                hint = f"did you mean {near[0]}?"
                check.add("GrafanaSchema", (*keys, key), "unknown key", hint, Severity.WARNING)
            continue
        kinds = known[key].split("|")
        truth = isinstance(found, bool)
        if not any(isinstance(found, _KINDS[kind]) and (not truth or kind == "boolean") for kind in kinds):
            wanted = " or ".join(TYPE_NAMES[kind] for kind in kinds)
            what = f"found {shown(found)}; expected {wanted}"
            check.add("GrafanaSchema", (*keys, key), what, severity=Severity.WARNING)


def _on_grid(check: Check, grid: Mapping[str, Any], keys: Keys) -> None:
    x, w, h = (one if isinstance(one, int) else 1 for one in (grid.get("x"), grid.get("w"), grid.get("h")))
    if x < 0 or w < 1 or x + w > COLUMNS:
        what = f"x {x} and w {w} leave the grid of {COLUMNS} columns"
        check.add("GrafanaSchema", keys, what, severity=Severity.WARNING)
    if h < 1:
        check.add("GrafanaSchema", keys, f"h {h} is no height", severity=Severity.WARNING)
