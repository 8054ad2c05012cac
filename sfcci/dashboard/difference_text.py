"""What changed between two versions of dashboards, in words and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sfcci.dashboard.difference import DashboardDifference, Kind, PanelDifference, Placed
from sfcci.dashboard.difference_panel import Change, Piece, pieces

SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.SAME: " "}
SHORT = 60
"""Values up to this long are told whole."""
AROUND = 24
"""How many characters of what both have are shown beside what differs."""
Json = dict[str, Any]


def text(found: Sequence[DashboardDifference]) -> str:
    """Give what changed, a line for each change; "" when nothing did."""
    return "\n".join(line for one in found if one.kind is not Kind.SAME for line in _dashboard(one))


def summary(one: DashboardDifference) -> str:
    """Say how much changed in a dashboard: `2 panels changed, 1 added`."""
    if one.kind in (Kind.ADDED, Kind.REMOVED):
        return f"dashboard {one.kind}, {_counted(len(one.panels))}"
    counts = {kind: sum(panel.kind is kind for panel in one.panels) for kind in Kind}
    told = [(counts[kind], kind) for kind in (Kind.CHANGED, Kind.ADDED, Kind.REMOVED) if counts[kind]]
    parts = [f"{number if at else _counted(number)} {kind}" for at, (number, kind) in enumerate(told)]
    if one.changes:
        parts.insert(0, "the dashboard itself changed")
    return ", ".join(parts) or "nothing changed"


def as_json(found: Sequence[DashboardDifference]) -> list[Json]:
    """Give everything as JSON-ready values: dashboards with their changes and all their panels."""
    return [
        {
            "kind": str(one.kind),
            "uid": one.shown.uid,
            "title": one.shown.title,
            "old_path": one.old.path if one.old else None,
            "new_path": one.new.path if one.new else None,
            "summary": summary(one),
            "changes": [_change_json(change) for change in one.changes],
            "panels": [_panel_json(panel) for panel in one.panels],
        }
        for one in found
    ]


def words(change: Change) -> str:
    """Give a change as one line; in long texts only what differs, as wdiff marks it: [-old-]{+new+}."""
    if change.old is None or change.new is None:
        verb, value = ("removed", change.old) if change.new is None else ("added", change.new)
        return f"{change.what} {verb}: {value_text(change.keys, value)}"
    old, new = (value_text(change.keys, one) for one in (change.old, change.new))
    if max(len(old), len(new)) <= SHORT:
        return f"{change.what}: {old} → {new}"
    return f"{change.what}: {''.join(map(_marked, shortened(pieces(old, new))))}"


def value_text(keys: str, value: Any) -> str:
    """Give a value as people read it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if keys.endswith("thresholds") and isinstance(value, dict) and _steps(value):
        return ", ".join(_steps(value))
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) or "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _steps(thresholds: Json) -> list[str]:
    """Give thresholds as steps: `green, orange from 10`; none for a form that is not Grafana's usual one."""
    steps = thresholds.get("steps")
    if set(thresholds) > {"mode", "steps"} or not isinstance(steps, list):
        return []
    if not all(isinstance(one, dict) and {"color"} <= one.keys() <= {"color", "value"} for one in steps):
        return []
    sign = " %" if thresholds.get("mode") == "percentage" else ""
    return [
        str(one["color"]) + (f" from {_number(one['value'])}{sign}" if one.get("value") is not None else "")
        for one in steps
    ]


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _dashboard(one: DashboardDifference) -> Iterator[str]:
    paths = list(dict.fromkeys(side.path for side in (one.old, one.new) if side))
    yield f"{SIGNS[one.kind]} {' → '.join(paths)}: {one.shown.title}: {summary(one)}"
    yield from (f"    {words(change)}" for change in one.changes)
    for panel in one.panels:
        if panel.kind is not Kind.SAME and one.kind is Kind.CHANGED:
            yield f"  {SIGNS[panel.kind]} {panel_text(panel)}"
            yield from (f"      {words(change)}" for change in panel.changes)


def panel_text(panel: PanelDifference) -> str:
    """Name a panel with its kind: `Bad results (stat)`; a row as such."""
    shown = panel.shown
    return (
        f"row {shown.title}"
        if shown.kind == "row"
        else f"{shown.title or 'panel without a title'} ({shown.kind})"
    )


def _counted(number: int) -> str:
    return f"{number} panel" if number == 1 else f"{number} panels"


def shortened(found: Sequence[Piece]) -> tuple[Piece, ...]:
    """Leave out most of what both texts have: only what is beside a difference stays."""
    ends = (0, len(found) - 1)
    return tuple(
        one if one.old != one.new else Piece(*[_middle_out(one.old, first=at == 0, last=at == ends[1])] * 2)
        for at, one in enumerate(found)
    )


def _marked(one: Piece) -> str:
    if one.old == one.new:
        return one.old
    return (f"[-{one.old}-]" if one.old else "") + (f"{{+{one.new}+}}" if one.new else "")


def _middle_out(text: str, *, first: bool, last: bool) -> str:
    """Leave out the middle of what both have; at the ends only what is beside a difference stays."""
    head, tail = ("" if first else text[:AROUND]), ("" if last else text[-AROUND:])
    return text if len(text) <= len(head) + len(tail) + 1 else f"{head}…{tail}"


def _panel_json(one: PanelDifference) -> Json:
    return {
        "kind": str(one.kind),
        "title": one.shown.title,
        "type": one.shown.kind,
        "row": one.shown.row,
        "old": _placed_json(one.old),
        "new": _placed_json(one.new),
        "changes": [_change_json(change) for change in one.changes],
    }


def _placed_json(one: Placed | None) -> Json | None:
    if one is None:
        return None
    return {"id": one.json.get("id"), "number": one.number, "gridPos": one.json.get("gridPos")}


def _change_json(change: Change) -> Json:
    """Give a change; `pieces` are what differs in its texts with what stands around: [old, new], the same where both have it."""
    old, new = (None if one is None else value_text(change.keys, one) for one in (change.old, change.new))
    laid = pieces(old, new) if old is not None and new is not None and max(len(old), len(new)) > SHORT else ()
    return {
        "what": change.what,
        "keys": change.keys,
        "old": change.old,
        "new": change.new,
        "old_text": old,
        "new_text": new,
        "pieces": [[one.old, one.new] for one in shortened(laid)],
        "words": words(change),
    }
