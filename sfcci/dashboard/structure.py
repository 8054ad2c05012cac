"""Documents → dashboards: grafyaml's own schema, applied piece by piece so that every fault is found, with its place.

grafyaml stops at the first fault and names none of the places; asked about the frame, each row and each panel alone, its
schema gives them all. Grafana's own JSON is read in `structure_grafana`.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sfcci.dashboard.model import Dashboard, Form, Panel
from sfcci.dashboard.structure_check import Check, Keys, Structure, shown
from sfcci.dashboard.structure_grafana import grafana
from sfcci.document import Document, Key, did_you_mean

KINDS = ("graph", "singlestat", "text", "dashlist", "row")
"""Panels that grafyaml knows."""


def structure(document: Document) -> Structure:
    """Read the dashboard of a document (grafyaml's YAML, or Grafana's JSON) and say all that is wrong with it."""
    check = Check(document)
    dashboard = None
    if not isinstance(document.data, dict):
        check.add("BadStructure", (), "is no dashboard", "a dashboard file begins with `dashboard:`")
    elif document.path.endswith(".json"):
        dashboard = grafana(check)
    else:
        dashboard = _grafyaml(check)
    return check.structure(dashboard)


def _grafyaml(check: Check) -> Dashboard | None:
    data = check.document.data
    body = data.get("dashboard")
    if not isinstance(body, dict):
        _apply(check, _frame(), data, ())
        if "dashboard" not in data and "datasource" not in data:
            check.add("MissingKey", (), "has no dashboard", "a dashboard file begins with `dashboard:`")
        return None
    check.panels += _panels(body)
    check.variables += _variables(body)
    rows = body.get("rows", [])
    alone = {key: value for key, value in body.items() if key not in ("rows", "templating")}
    if "templating" in body:
        alone["templating"] = copy.deepcopy(
            body["templating"]
        )  # grafyaml fills its defaults in where it reads
    frame = _apply(check, _frame(), {**data, "dashboard": alone}, ())
    filled = _rows(check, rows)
    if check.errors or frame is None:
        return None
    content = {**frame["dashboard"], "rows": filled}
    names = tuple(str(item["name"]) for item in _template_list(content))
    return Dashboard(check.document, Form.GRAFYAML, content["title"], content, check.filled(), names)


def _panels(body: Mapping[str, Any]) -> Iterator[Panel]:
    """Number the panels as `render` does: a row that shows its title takes a number too."""
    number = 0
    for row_number, row in _items(body.get("rows")):
        number += bool(row.get("showTitle") or row.get("collapse"))
        for index, panel in _items(row.get("panels")):
            number += 1
            keys: Keys = ("dashboard", "rows", row_number, "panels", index)
            yield Panel(number, str(panel.get("title") or ""), str(panel.get("type")), (), keys)


def _variables(body: Mapping[str, Any]) -> Iterator[tuple[str, Keys]]:
    for number, item in _items(body.get("templating")):
        yield str(item.get("name")), ("dashboard", "templating", number)


def _items(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the mappings of a list with their numbers; what is of another shape is told elsewhere."""
    for number, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict):
            yield number, item


def _rows(check: Check, rows: Any) -> list[Any]:
    """Check each row and each of its panels alone; give them with grafyaml's defaults."""
    if not isinstance(rows, list):
        check.add("BadStructure", ("dashboard", "rows"), f"found {shown(rows)}; expected a list")
        return []
    filled = []
    for number, row in enumerate(rows):
        keys: Keys = ("dashboard", "rows", number)
        panels = row.get("panels", []) if isinstance(row, dict) else []
        bare = {key: value for key, value in row.items() if key != "panels"} if isinstance(row, dict) else row
        good = _apply(check, _row_schema(), bare, keys)
        if not isinstance(panels, list):
            check.add("BadStructure", (*keys, "panels"), f"found {shown(panels)}; expected a list")
            continue
        checked = [_panel(check, panel, (*keys, "panels", index)) for index, panel in enumerate(panels)]
        filled.append({**(good or {}), "panels": checked})
    return filled


def _panel(check: Check, panel: Any, keys: Keys) -> dict[str, Any]:
    kind = panel.get("type") if isinstance(panel, dict) else None
    good = _known(panel) if isinstance(panel, dict) else None
    if good is None:
        good = _apply(check, _panel_schema(kind if isinstance(kind, str) else ""), panel, keys)
    if isinstance(panel, dict) and isinstance(panel.get("targets"), list):
        check.read_targets(panel["targets"], (*keys, "targets"))
    return dict(good or {})


def _known(panel: dict[str, Any]) -> dict[str, Any] | None:
    """Give a good panel with grafyaml's defaults; None for one that its schema must be asked about in words.

    Title and targets apart, the panels of a dashboard are a few kinds of the same: what the schema said of one is kept.
    """
    kind, title, targets = panel.get("type"), panel.get("title"), panel.get("targets", [])
    if not (isinstance(kind, str) and isinstance(title, str) and title and isinstance(targets, list)):
        return None
    rest = {key: value for key, value in panel.items() if key not in ("title", "targets")}
    key = (repr(rest), "targets" in panel)
    if key not in _GOOD:
        if len(_GOOD) >= MAX_GOOD:
            _GOOD.clear()
        _GOOD[key] = _asked(kind, {**rest, "title": "title", **({"targets": []} if key[1] else {})})
    if (known := _GOOD[key]) is None:
        return None
    own = {"title": title, "targets": targets} if "targets" in known else {"title": title}
    return known | own  # what lies deeper is shared: nobody changes the content of a dashboard


def _asked(kind: str, panel: dict[str, Any]) -> dict[str, Any] | None:
    import voluptuous

    try:
        good: dict[str, Any] = _panel_schema(kind)(panel)
    except voluptuous.Invalid:
        return None
    return good


MAX_GOOD = 4096
_GOOD: dict[tuple[str, bool], dict[str, Any] | None] = {}
"""What the schema said: everything but title and targets, spelled out, and whether there are targets → with its defaults."""


@cache
def _row_schema() -> Any:
    import voluptuous
    from grafana_dashboards.schema.row import Row

    return voluptuous.Schema(Row().get_schema().schema["rows"][0])


@cache
def _panel_schema(kind: str) -> Any:
    """Give grafyaml's schema for a kind of panel; for an unknown kind what all have, which refuses it."""
    from grafana_dashboards.schema import panel
    from grafana_dashboards.schema.panel.base import Base

    kinds = {
        "dashlist": panel.Dashlist,
        "graph": panel.Graph,
        "singlestat": panel.Singlestat,
        "text": panel.Text,
        "row": panel.Row,
    }
    return kinds.get(kind, Base)().get_schema()


def _apply(check: Check, schema: Any, data: Any, keys: Keys) -> Any:
    """Apply a schema of grafyaml's to what stands under `keys`; its errors become findings, and None comes back."""
    import voluptuous

    try:
        return schema(data)
    except voluptuous.Invalid as error:
        known = [str(key) for key in schema.schema] if isinstance(schema, voluptuous.Schema) else []
        for one in getattr(error, "errors", [error]):
            _report(check, one, data, (*keys, *_plain(one.path)), known)
    return None


def _report(check: Check, error: Any, data: Any, keys: Keys, known: Sequence[str]) -> None:
    last = str(keys[-1]) if keys else ""
    if error.error_message == "extra keys not allowed":
        check.add("UnknownKey", keys, "unknown key", did_you_mean(last, known))
    elif error.error_message == "required key not provided":
        check.add("MissingKey", keys[:-1], f"'{last}' is missing")
    else:
        hint = f"a panel's type is one of {', '.join(KINDS)}" if last == "type" and "panels" in keys else ""
        found = _found(data, error.path)
        check.add("BadStructure", keys, f"{found}{error.error_message}", hint)


def _found(data: Any, path: Sequence[Any]) -> str:
    """Give "found X: " for the value at `path`; "" where grafyaml's path leaves the document."""
    for key in path:
        try:
            data = data[key]
        except (LookupError, TypeError):
            return ""
    return f"found {shown(data)}: "


def _plain(path: Sequence[Any]) -> Iterator[Key]:
    """Turn voluptuous' path (markers, text, numbers) into keys."""
    for part in path:
        yield part if isinstance(part, int) and not isinstance(part, bool) else str(part)


@cache
def _frame() -> Any:
    """Give grafyaml's schema of a whole document, which here comes without its rows."""
    import voluptuous
    from grafana_dashboards.schema.dashboard import Dashboard as Frame
    from grafana_dashboards.schema.datasource import Datasource

    optional = voluptuous.Optional
    return voluptuous.Schema(
        {optional("dashboard"): Frame().get_schema(), optional("datasource"): Datasource().get_schema()}
    )


def _template_list(filled: dict[str, Any]) -> list[dict[str, Any]]:
    templating = filled.get("templating")  # grafyaml: a list when nothing was given, else a mapping
    return list(templating["list"]) if isinstance(templating, dict) else []
