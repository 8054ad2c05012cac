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
    at = datetime.fromtimestamp(now_s, _zone(zone)).astimezone(_zone(zone))
    rest, done = text.removeprefix("now"), 0
    try:
        for step in _STEP.finditer(rest):
            if step.start() != done:
                break
            done = step.end()
            at = (
                _rounded(at, step[4], up=up) if step[4] else _stepped(at, int(f"{step[1]}{step[2]}"), step[3])
            )
        found = at.timestamp()
    except (OverflowError, ValueError):
        done = -1
    if done != len(rest):
        raise UsageError(f"{text[:60]!r} is no time of Grafana's; expected now-24h, now/d or a moment")
    return found


def _stepped(at: datetime, count: int, unit: str) -> datetime:
    if unit in _SECONDS:
        return at + timedelta(seconds=count * _SECONDS[unit])
    months = at.year * 12 + at.month - 1 + count * _MONTHS[unit]
    year, month = divmod(months, 12)
    first = at.replace(year=year, month=month + 1, day=1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(at.day, last.day))


def _rounded(at: datetime, unit: str, *, up: bool) -> datetime:
    """Give the begin of the second, the day ... around a moment, or with `up` its end, as Grafana does for `to`."""
    month, day = at.month, at.day
    if unit == "w":
        at = at - timedelta(days=at.weekday())
        month, day = at.month, at.day
    elif unit in _MONTHS:
        size = _MONTHS[unit]
        month, day = (month - 1) // size * size + 1, 1
    hour = at.hour if unit in "smh" else 0
    minute = at.minute if unit in "sm" else 0
    second = at.second if unit == "s" else 0
    begin = at.replace(month=month, day=day, hour=hour, minute=minute, second=second, microsecond=0)
    return _stepped(begin, 1, unit) if up else begin
