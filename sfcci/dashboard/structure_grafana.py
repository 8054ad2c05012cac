"""Grafana's own JSON → dashboards; and what Grafana's published schema (`grafana_schema`) has otherwise, as warnings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sfcci.dashboard.grafana_schema import Said, panel_kinds, said, said_of_mapping, shapes
from sfcci.dashboard.model import Dashboard, Form, Panel
from sfcci.dashboard.structure_check import Check, Keys, shown
from sfcci.finding import Severity

COLUMNS = 24
"""Width of Grafana's grid."""
MAPPINGS = ("options", "fieldConfig", "gridPos")
OWN_FIELDS = ("fieldConfig", "defaults", "custom")


def grafana(check: Check) -> Dashboard | None:
    """Read Grafana's own JSON: a title, and every target of every panel, those in folded rows too."""
    data = check.document.data
    title = data.get("title")
    if not isinstance(title, str) or not title.strip():
        check.add("MissingKey", (), "'title' is missing")
    told = {key: value for key, value in data.items() if key != "panels"}
    _warn(check, said_of_mapping(told, shapes()["Dashboard"]))
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
    for key in MAPPINGS:
        if not isinstance(panel.get(key, {}), dict):
            check.add("BadStructure", (*keys, key), f"found {shown(panel[key])}; expected a mapping")
    targets = panel.get("targets", [])
    if isinstance(targets, list):
        check.read_targets(targets, (*keys, "targets"))
    else:
        check.add("BadStructure", (*keys, "targets"), f"found {shown(targets)}; expected a list")
    _warn(check, _of_panel(panel, keys))
    if isinstance(grid := panel.get("gridPos"), dict):
        _on_grid(check, grid, (*keys, "gridPos"))


def _of_panel(panel: Mapping[str, Any], keys: Keys) -> Iterator[Said]:
    """Give what the schema has otherwise in a panel, the part of the fields that is its kind's own included."""
    kind = str(panel["type"])
    yield from said_of_mapping(_untold(panel), panel_kinds(kind), keys)
    custom: Any = panel
    for key in OWN_FIELDS:
        custom = custom.get(key) if isinstance(custom, dict) else None
    if f"{kind}.FieldConfig" in shapes():
        yield from said(custom, (f"{kind}.FieldConfig",), (*keys, *OWN_FIELDS))


def _untold(panel: Mapping[str, Any]) -> dict[str, Any]:
    """Give a panel with nothing in the place of what is an error and told as such; panels inside come on their own."""
    expected: dict[str, Any] = dict.fromkeys(MAPPINGS, dict) | {"targets": list, "panels": ()}
    made = {
        key: value if isinstance(value, expected.get(key, object)) else None for key, value in panel.items()
    }
    whole = [one if isinstance(one, dict) and "target" in one else {} for one in made.get("targets") or ()]
    if whole:
        made["targets"] = [{**one, **dict.fromkeys({"target", "hide"} & one.keys())} for one in whole]
    return made


def _warn(check: Check, told: Iterable[Said]) -> None:
    for keys, what, hint in told:
        check.add("GrafanaSchema", keys, what, hint, Severity.WARNING)


def _on_grid(check: Check, grid: Mapping[str, Any], keys: Keys) -> None:
    x, w, h = (one if isinstance(one, int) else 1 for one in (grid.get("x"), grid.get("w"), grid.get("h")))
    if x < 0 or w < 1 or x + w > COLUMNS:
        what = f"x {x} and w {w} leave the grid of {COLUMNS} columns"
        check.add("GrafanaSchema", keys, what, severity=Severity.WARNING)
    if h < 1:
        check.add("GrafanaSchema", keys, f"h {h} is no height", severity=Severity.WARNING)
