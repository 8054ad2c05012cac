"""Times as Grafana writes them in a dashboard: `now-24h`, `now/d`, `now-1d/d`, a moment; text → epoch seconds."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sfcci.errors import UsageError
from sfcci.moment import parse_moment

USUAL = ("now-6h", "now")
"""What a dashboard that says nothing shows, in Grafana as here."""
_STEP = re.compile(r"([+-])(\d{1,6})([smhdwMQy])|/([smhdwMQy])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MONTHS = {"M": 1, "Q": 3, "y": 12}
_MONTH_S = 2592000
_MILLISECONDS = 10**11


def asked_times(dashboard: Mapping[str, Any]) -> tuple[str, str]:
    """Give begin and end as a dashboard in Grafana's JSON says them."""
    time = dashboard.get("time")
    told = time if isinstance(time, Mapping) else {}
    return str(told.get("from") or USUAL[0]), str(told.get("to") or USUAL[1])


def time_range(begin: str, end: str, now_s: float, zone: str = "") -> tuple[int, int]:
    """Give begin and end in epoch seconds; days begin in the zone, "" is here. Raises UsageError."""
    found = int(moment(begin, now_s, zone)), int(moment(end, now_s, zone, up=True))
    if found[0] >= found[1]:
        raise UsageError(f"the time ends ({end}) before it begins ({begin})")
    return found


def own_times(panel: Mapping[str, Any], times: tuple[int, int]) -> tuple[int, int]:
    """Give the times of a panel that has its own: the last hours of those of the page, or some time earlier."""
    span, shift = (_length(str(panel.get(key) or "")) for key in ("timeFrom", "timeShift"))
    begin, end = times
    return (end - span if span else begin) - shift, end - shift


def _length(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhdwMQy])", text.strip(), re.ASCII)
    return int(found[1]) * (_SECONDS.get(found[2]) or _MONTHS[found[2]] * _MONTH_S) if found else 0


def _zone(name: str) -> tzinfo | None:
    """Give a zone by Grafana's name for it; None is the one here, as for a name that nobody knows."""
    if name in ("", "browser"):
        return None
    try:
        return UTC if name == "utc" else ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def moment(text: str, now_s: float, zone: str = "", *, up: bool = False) -> float:
    """Give a moment in epoch seconds; `/d` is the day's begin, its end with `up`. Raises UsageError."""
    text = text.strip()
    if re.fullmatch(r"\d{12,14}", text, re.ASCII) and int(text) > _MILLISECONDS:
        return int(text) / 1000
    if not text.startswith("now"):
        return parse_moment(text, now_s)
    at, here = now_s, _zone(zone)
    rest, done = text.removeprefix("now"), 0
    try:
        for step in _STEP.finditer(rest):
            if step.start() != done:
                break
            done = step.end()
            sign, count, unit, rounded = step.groups()
            at = (
                _rounded(at, rounded, here, up=up) if rounded else _stepped(at, int(sign + count), unit, here)
            )
    except (OverflowError, ValueError, OSError):
        done = -1
    if done != len(rest):
        raise UsageError(f"{text[:60]!r} is no time of Grafana's; expected now-24h, now/d or a moment")
    return at


def _wall(at: float, zone: tzinfo | None) -> datetime:
    """Give what the clocks of a zone show, None: those here."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _when(wall: datetime, zone: tzinfo | None) -> float:
    """Give when clocks show that; the zone's offset is that of then, not that of now."""
    return wall.replace(tzinfo=zone).timestamp()


def _stepped(at: float, count: int, unit: str, zone: tzinfo | None) -> float:
    """Go on by so many units: hours and shorter ones have their length, days and longer ones end at the same time of day."""
    if unit in "smh":
        return at + count * _SECONDS[unit]
    wall = _wall(at, zone)
    if unit in _SECONDS:
        return _when(wall + timedelta(seconds=count * _SECONDS[unit]), zone)
    months = wall.year * 12 + wall.month - 1 + count * _MONTHS[unit]
    year, month = divmod(months, 12)
    first = wall.replace(year=year, month=month + 1, day=1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return _when(first.replace(day=min(wall.day, last.day)), zone)


def _rounded(at: float, unit: str, zone: tzinfo | None, *, up: bool) -> float:
    """Give the begin of the second, the day ... around a moment, or with `up` its end, as Grafana does for `to`."""
    wall = _wall(at, zone)
    if unit == "w":
        wall -= timedelta(days=wall.weekday())
    month, day = wall.month, wall.day
    if unit in _MONTHS:
        size = _MONTHS[unit]
        month, day = (month - 1) // size * size + 1, 1
    hour = wall.hour if unit in "smh" else 0
    minute = wall.minute if unit in "sm" else 0
    second = wall.second if unit == "s" else 0
    begin = wall.replace(month=month, day=day, hour=hour, minute=minute, second=second, microsecond=0)
    return _stepped(_when(begin, zone), 1, unit, zone) if up else _when(begin, zone)
