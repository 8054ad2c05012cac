"""Alerts: an expression that is asked when the graph changes, or every so often; it fires when what it gives is new.

It fires for what is true, not empty and not zero, and again only when the answer is another one. The names are those of
Skydive's API (types.Alert); what an action gets is {UUID, Timestamp, ReasonData}.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from sfcci.errors import Fault, InputError, Place

GRAPH: Final = "graph"
_DURATION: Final = re.compile(r"duration:((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LEAST_S: Final = 0.1
"""An alert is not asked more often."""


@dataclass(frozen=True)
class Alert:
    """One alert. `created_ms`: when it was made."""

    uuid: str
    expression: str
    name: str = ""
    description: str = ""
    trigger: str = GRAPH
    action: str = ""
    created_ms: int = 0

    @property
    def every_s(self) -> float:
        """How often it is asked, in seconds; 0: when the graph changes."""
        return interval_s(self.trigger)


_NAMES: Final = {
    "UUID": "uuid",
    "Name": "name",
    "Description": "description",
    "Expression": "expression",
    "Trigger": "trigger",
    "Action": "action",
    "CreateTime": "created_ms",
}


def interval_s(trigger: str) -> float:
    """Give the seconds of "duration:1m30s", 0 for "graph". Raises InputError."""
    if trigger in ("", GRAPH):
        return 0.0
    found = _DURATION.fullmatch(trigger)
    seconds = sum(float(n) * _SECONDS[unit] for n, unit in _PART.findall(found[1])) if found else 0.0
    if not LEAST_S <= seconds < 1e8:  # noqa: PLR2004 - three years
        raise InputError(
            Fault(Place("Trigger"), f"is {trigger!r}"[:100], 'graph, or "duration:" and a span such as 5s')
        )
    return seconds


def parse_alert(given: Mapping[str, Any], uuid: str, now_ms: int = 0) -> Alert:
    """Give the alert that a request describes. Raises InputError with all its faults."""
    faults = [
        Fault(Place(key), "an alert has no such key", "one of " + ", ".join(_NAMES))
        for key in given
        if key not in _NAMES
    ]
    kept = {name: given[key] for key, name in _NAMES.items() if given.get(key) is not None}
    whole = {"created_ms"}
    faults += [
        Fault(Place(key), f"is {kept[name]!r}"[:100], "a text")
        for key, name in _NAMES.items()
        if name in kept and name not in whole and not isinstance(kept[name], str)
    ]
    if not kept.get("expression"):
        faults.append(Fault(Place("Expression"), "is missing", "an expression that is asked"))
    action = kept.get("action", "")
    if isinstance(action, str) and action and not action.startswith(("http://", "https://", "file://")):
        faults.append(Fault(Place("Action"), f"is {action!r}"[:100], "http://, https://, file:// or nothing"))
    if faults:
        raise InputError(*faults)
    interval_s(kept.get("trigger", GRAPH))
    created = given.get("CreateTime")
    kept["created_ms"] = created if isinstance(created, int) else now_ms
    named = {"uuid": kept.get("uuid") or uuid, "trigger": kept.get("trigger") or GRAPH}
    return Alert(**{**kept, **named})


def as_json(alert: Alert) -> dict[str, Any]:
    """The alert in Skydive's shape."""
    values = {f.name: getattr(alert, f.name) for f in fields(alert)}
    return {key: values[name] for key, name in _NAMES.items()}


def fires(result: Any) -> bool:
    """Say whether an answer is a reason: true, not zero, not empty. Lists of nothing but empty ones are empty."""
    if isinstance(result, list):
        return any(fires(one) if isinstance(one, list) else True for one in result)
    return bool(result)


def fingerprint(result: Any) -> str:
    """Give what two equal answers have in common."""
    return json.dumps(result, sort_keys=True, default=str)


def weight(result: Any) -> float:
    """Give the figure that an answer is as a point of a series: a number itself, else how many there are."""
    if isinstance(result, bool | int | float):
        return float(result)
    return float(len(result)) if isinstance(result, list | dict | str) else 0.0


def notice(alert: Alert, at: str, result: Any) -> dict[str, Any]:
    """Give what an action is told; `at` is a moment (RFC 3339)."""
    return {"UUID": alert.uuid, "Timestamp": at, "ReasonData": result}
