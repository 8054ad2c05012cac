"""Documents → dashboards: grafyaml's own schema, applied piece by piece so that every fault is found, with its place.

grafyaml stops at the first fault and names none of the places; asked about the frame, each row and each panel alone, its
schema gives them all.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sfcci.dashboard.model import Dashboard, Form, Panel, PanelTarget, ref
from sfcci.document import Document, Key, did_you_mean, key_path
from sfcci.finding import Finding, Severity

KINDS = ("graph", "singlestat", "text", "dashlist", "row")
"""Panels that grafyaml knows."""
MAX_SHOWN = 60
Keys = tuple[Key, ...]


@dataclass(frozen=True)
class Structure:
    """What a document holds: a dashboard when it has one that is whole, its targets in any case, what is wrong."""

    dashboard: Dashboard | None
    targets: tuple[PanelTarget, ...]
    findings: tuple[Finding, ...]


@dataclass
class _Check:
    """Findings and targets that gather while a document is read."""

    document: Document
    findings: list[Finding] = field(default_factory=list)
    targets: list[PanelTarget] = field(default_factory=list)

    def add(self, keyword: str, keys: Sequence[Key], what: str, hint: str = "") -> None:
        where = key_path(keys)
        place = self.document.place(*keys)
        self.findings.append(
            Finding(keyword, Severity.ERROR, place, f"{where}: {what}" if where else what, hint)
        )


def structure(document: Document) -> Structure:
    """Read the dashboard of a document (grafyaml's YAML, or Grafana's JSON) and say all that is wrong with it."""
    check = _Check(document)
    dashboard = None
    if not isinstance(document.data, dict):
        check.add("BadStructure", (), "is no dashboard", "a dashboard file begins with `dashboard:`")
    elif document.path.endswith(".json"):
        dashboard = _grafana(check)
    else:
        dashboard = _grafyaml(check)
    whole = None if check.findings else dashboard
    return Structure(whole, tuple(check.targets), tuple(check.findings))


def _grafyaml(check: _Check) -> Dashboard | None:
    data = copy.deepcopy(check.document.data)  # grafyaml fills its defaults in where it reads
    frame = {key: value for key, value in data.items() if key != "dashboard"}
    body = data.get("dashboard")
    rows: list[Any] = []
    if isinstance(body, dict):
        rows = body.pop("rows", [])
        _apply(check, _frame, {**frame, "dashboard": body}, ())
        rows = _rows(check, rows)
    else:
        _apply(check, _frame, data, ())
        if "dashboard" not in data and "datasource" not in data:
            check.add("MissingKey", (), "has no dashboard", "a dashboard file begins with `dashboard:`")
    if check.findings or not isinstance(body, dict):
        return None
    filled = _frame({"dashboard": body})["dashboard"]
    content = {**filled, "rows": rows}
    panels = tuple(_panels(rows, check.targets))
    names = tuple(str(item["name"]) for item in _template_list(filled))
    return Dashboard(check.document, Form.GRAFYAML, filled["title"], content, panels, names)


def _rows(check: _Check, rows: Any) -> list[Any]:
    """Check each row and each of its panels alone; give them with grafyaml's defaults."""
    if not isinstance(rows, list):
        check.add("BadStructure", ("dashboard", "rows"), f"found {_shown(rows)}; expected a list")
        return []
    filled = []
    for number, row in enumerate(rows):
        keys: Keys = ("dashboard", "rows", number)
        panels = row.pop("panels", []) if isinstance(row, dict) else []
        good = _apply(check, _row_schema(), row, keys)
        if not isinstance(panels, list):
            check.add("BadStructure", (*keys, "panels"), f"found {_shown(panels)}; expected a list")
            continue
        checked = [_panel(check, panel, (*keys, "panels", index)) for index, panel in enumerate(panels)]
        filled.append({**(good or {}), "panels": checked})
    return filled


def _panel(check: _Check, panel: Any, keys: Keys) -> dict[str, Any]:
    kind = panel.get("type") if isinstance(panel, dict) else None
    good = _apply(check, _panel_schema(kind if isinstance(kind, str) else ""), panel, keys)
    if isinstance(panel, dict) and isinstance(panel.get("targets"), list):
        _targets(check, panel["targets"], (*keys, "targets"))
    return dict(good or {})


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


def _targets(check: _Check, targets: list[Any], keys: Keys) -> None:
    """Check what grafyaml takes unseen: each target is a mapping with a text under `target`."""
    for number, item in enumerate(targets):
        place = (*keys, number)
        if not isinstance(item, dict):
            check.add("BadStructure", place, f"found {_shown(item)}; expected `target: TEXT`")
        elif "target" not in item:
            near = [key for key in item if did_you_mean(str(key), ["target"])]
            hint = f"did you mean target instead of {near[0]}?" if near else ""
            check.add("MissingKey", place, "'target' is missing", hint)
        elif not isinstance(item["target"], str) or not item["target"].strip():
            check.add(
                "BadStructure", (*place, "target"), f"found {_shown(item['target'])}; expected a target"
            )
        elif not isinstance(item.get("hide", False), bool):
            check.add(
                "BadStructure", (*place, "hide"), f"found {_shown(item['hide'])}; expected true or false"
            )
        else:
            check.targets.append(_panel_target(item, number, (*place, "target")))


def _apply(check: _Check, schema: Any, data: Any, keys: Keys) -> Any:
    """Apply a schema of grafyaml's to what stands under `keys`; its errors become findings, and None comes back."""
    import voluptuous

    try:
        return schema(data)
    except voluptuous.Invalid as error:
        known = [str(key) for key in schema.schema] if isinstance(schema, voluptuous.Schema) else []
        for one in getattr(error, "errors", [error]):
            _report(check, one, data, (*keys, *_plain(one.path)), known)
    return None


def _report(check: _Check, error: Any, data: Any, keys: Keys, known: Sequence[str]) -> None:
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
    return f"found {_shown(data)}: "


def _plain(path: Sequence[Any]) -> Iterator[Key]:
    """Turn voluptuous' path (markers, text, numbers) into keys."""
    for part in path:
        yield part if isinstance(part, int) and not isinstance(part, bool) else str(part)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def _frame(data: dict[str, Any]) -> Any:
    """Apply grafyaml's schema of a whole document, which here comes without its rows."""
    from grafana_dashboards.schema import Schema

    return Schema().validate(data)


def _template_list(filled: dict[str, Any]) -> list[dict[str, Any]]:
    templating = filled.get("templating")  # grafyaml: a list when nothing was given, else a mapping
    return list(templating["list"]) if isinstance(templating, dict) else []


def _panels(rows: list[Any], targets: list[PanelTarget]) -> Iterator[Panel]:
    """Number the panels as `render` does: a row that shows its title takes a number too."""
    number = 0
    for row_number, row in enumerate(rows):
        number += bool(row["showTitle"] or row["collapse"])
        for index, panel in enumerate(row["panels"]):
            number += 1
            keys: Keys = ("dashboard", "rows", row_number, "panels", index)
            yield Panel(number, panel["title"], panel["type"], _under(targets, keys), keys)


def _under(targets: list[PanelTarget], keys: Keys) -> tuple[PanelTarget, ...]:
    """Give the targets of the panel at `keys`."""
    return tuple(target for target in targets if target.keys[:-3] == keys)


def _panel_target(item: dict[str, Any], number: int, keys: Keys) -> PanelTarget:
    return PanelTarget(item["target"], str(item.get("refId") or ref(number)), keys, item.get("hide", False))


def _grafana(check: _Check) -> Dashboard | None:
    """Read Grafana's own JSON: a title, and every target of every panel, those in folded rows too."""
    data = check.document.data
    title = data.get("title")
    if not isinstance(title, str) or not title.strip():
        check.add("MissingKey", (), "'title' is missing")
    panels = tuple(_grafana_panels(check, data.get("panels", []), ("panels",)))
    templating = data.get("templating")
    variables = templating.get("list", []) if isinstance(templating, dict) else []
    names = tuple(str(v["name"]) for v in variables if isinstance(v, dict) and "name" in v)
    return Dashboard(check.document, Form.GRAFANA, str(title), data, panels, names)


def _grafana_panels(check: _Check, panels: Any, keys: Keys) -> Iterator[Panel]:
    if not isinstance(panels, list):
        check.add("BadStructure", keys, f"found {_shown(panels)}; expected a list")
        return
    for index, panel in enumerate(panels):
        place = (*keys, index)
        if not isinstance(panel, dict) or not isinstance(panel.get("type"), str):
            check.add("BadStructure", place, "is no panel", "a panel is a mapping with a `type`")
            continue
        for key in ("options", "fieldConfig", "gridPos"):
            if not isinstance(panel.get(key, {}), dict):
                check.add("BadStructure", (*place, key), f"found {_shown(panel[key])}; expected a mapping")
        targets = panel.get("targets", [])
        if not isinstance(targets, list):
            check.add("BadStructure", (*place, "targets"), f"found {_shown(targets)}; expected a list")
            continue
        _targets(check, targets, (*place, "targets"))
        number = panel["id"] if isinstance(panel.get("id"), int) else index + 1
        mine = _under(check.targets, place)
        yield Panel(number, str(panel.get("title", "")), panel["type"], mine, place)
        inside = panel.get("panels", [])
        if inside and (panel["type"] != "row" or len(keys) > 1):
            check.add("BadStructure", (*place, "panels"), "panels in a panel", "only a row holds panels")
        else:
            yield from _grafana_panels(check, inside, (*place, "panels"))
