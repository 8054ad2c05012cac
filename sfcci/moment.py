"""Moments as people write and read them: a span ago, ISO 8601, seconds since the epoch; text ⇄ epoch seconds."""

import re
from datetime import UTC, datetime

from sfcci.errors import Fault, InputError, Place, UsageError

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
EXPECTED = (
    "a time ago (90m, 36h, 7d, 4w), a time as 2026-11-20T14:30 (local) or 2026-11-20T14:30Z, or epoch seconds"
)
EARLIEST_S, LATEST_S = 10**8, 2**33
"""Numbers outside are no epoch seconds that anybody means: milliseconds, years, line numbers."""


def parse_moment(text: str, now_s: float) -> float:
    """Give a moment in epoch seconds; a time without a zone is local, a day is its begin. Raises UsageError."""
    text = text.strip()
    if not text.isascii():
        raise _refused(text)
    if text == "now":
        return now_s
    if found := re.fullmatch(r"(\d{1,9})\s*(s|m|min|h|d|w|y)", text):
        return _bounded(now_s - int(found[1]) * SECONDS[found[2]], text)
    if re.fullmatch(r"\d+(\.\d+)?", text) and not re.fullmatch(
        r"\d{8}", text
    ):  # eight digits are a day in ISO 8601
        return _bounded(float(text), text)
    try:
        moment = datetime.fromisoformat(text)
        return _bounded(moment.timestamp(), text)
    except (ValueError, OverflowError, OSError):
        raise _refused(text) from None


def parse_span(text: str, place: str) -> int:
    """Give a length of time such as 90m, 36h or 30d in seconds; `place` names the setting. Raises InputError."""
    found = re.fullmatch(r"(\d{1,9})\s*(s|m|min|h|d|w|y)", text.strip(), re.ASCII)
    if not found:
        raise InputError(Fault(Place(place), repr(text[:60]), "a number and one of s m h d w y, such as 36h"))
    return int(found[1]) * SECONDS[found[2]]


def moment_text(time_s: float) -> str:
    """Give a moment in UTC for people, to the second; `parse_moment` reads it."""
    return f"{datetime.fromtimestamp(int(time_s), UTC):%Y-%m-%d %H:%M:%SZ}"


def _bounded(time_s: float, text: str) -> float:
    if not EARLIEST_S <= time_s <= LATEST_S:
        raise _refused(text)
    return time_s


def _refused(text: str) -> UsageError:
    return UsageError(f"{text[:60]!r} is no time; expected {EXPECTED}")
