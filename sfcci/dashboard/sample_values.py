"""Made-up values: plausible to look at, and always the same for a name and a time."""

import math
import zlib
from enum import StrEnum

from sfcci.gate.job import Result
from sfcci.metric.name import Kind

DAY_S = 86400
FIGURES = {
    "lower": 0.7,
    "median": 0.98,
    "upper": 1.6,
    "upper_90": 1.35,
    "upper_95": 1.45,
    "upper_99": 1.55,
    "mean_90": 0.95,
    "std": 0.15,
}
"""What StatsD makes of durations, measured by their mean."""
SHARES = {Result.FAILURE: 0.012, Result.TIMED_OUT: 0.003}
"""Of a job's results so many end so ..."""
REST = 0.001
"""... and of each other bad kind so many; the rest is well."""
WORSE, WORSE_OF = 10, 8
"""Of so many jobs about one fails so much more often: something to find on a dashboard."""
BAD = 0.08
"""How much rarer other bad things are than good ones."""
_BAD_WORDS = ("fail", "error", "timeout", "timed_out", "retry", "lost", "reject")
_SHARE_WORDS = ("percent", "pct", "ratio", "probability", "usage", "utilization")


class _What(StrEnum):
    COUNT = "count"
    RATE = "rate"
    TIMER = "timer"
    SHARE = "share"
    LEVEL = "level"


def value(name: str, time_s: int, step_s: int) -> float:
    """Give the value of a series (without `sample.`) in the step of `step_s` seconds that begins at `time_s`."""
    what = _what(name)
    if what is _What.COUNT:
        return _count(name, time_s, step_s)
    if what is _What.RATE:
        return _count(name, time_s, step_s) / step_s
    if what is _What.TIMER:
        stem, _, figure = name.rpartition(".")
        mean_ms = (
            60_000 * (1 + 30 * _chance(stem)) * _wave(stem, time_s) * (0.9 + 0.2 * _chance(stem, time_s))
        )
        return round(mean_ms * FIGURES.get(figure, 1.0))
    if what is _What.SHARE:
        share = (0.2 + 0.5 * _chance(name)) * _wave(name, time_s)  # below 1: the wave is at most 1.4
        return round(share * (1 if "probability" in name or "ratio" in name else 100), 3)
    return round((5 + 95 * _chance(name)) * _wave(name, time_s) * (0.9 + 0.2 * _chance(name, time_s)))


def _what(name: str) -> _What:
    last = name.rpartition(".")[2].lower()
    if name.startswith(f"{Kind.COUNT}.") or last == "count":
        return _What.COUNT
    if name.startswith(f"{Kind.TIMER}."):
        return _What.TIMER
    if any(word in last for word in _SHARE_WORDS):
        return _What.SHARE
    return (
        _What.RATE
        if name.startswith(f"{Kind.RATE}.") and not name.startswith(f"{Kind.GAUGE}.")
        else _What.LEVEL
    )


def _count(name: str, time_s: int, step_s: int) -> int:
    """Give how often something happened: a few times an hour, bad things seldom."""
    stem, _, last = name.rpartition(".")
    if last in Result.__members__:
        share = 1.0 if last == Result.SUCCESS else SHARES.get(Result(last), REST) * _trouble(stem)
    else:
        stem, share = name, BAD if any(word in last.lower() for word in _BAD_WORDS) else 1
    expected = (2 + 10 * _chance(stem)) * share * _wave(stem, time_s) * step_s / 3600
    return int(expected) + (_chance(name, time_s) < expected % 1)


def _trouble(stem: str) -> float:
    """Give how much worse than usual a job does, in whatever pipeline."""
    job = stem.rpartition(".")[2]
    return (0.5 + _chance(job, 1)) * (WORSE if _chance(job, 3) < 1 / WORSE_OF else 1)


def _wave(name: str, time_s: int) -> float:
    """Give the time of the day as people work: around 1, each series at an hour of its own."""
    return 1 + 0.4 * math.sin(2 * math.pi * (time_s / DAY_S + _chance(name)))


def _chance(name: str, time_s: int = 0) -> float:
    """Give a number from 0 up to 1 that looks like chance and is always the same."""
    number = zlib.crc32(f"{name} {time_s} {name}".encode())
    for _ in range(
        2
    ):  # the CRCs of two names differ by the same bits at all times; stirred, they have nothing in common
        number = (number ^ number >> 16) * 0x45D9F3B & 0xFFFFFFFF
    return (number ^ number >> 16) / 2**32
