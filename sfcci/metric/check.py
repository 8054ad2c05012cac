"""What became of metric names: there, silent for some time, never there; for many names at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sfcci.errors import Unreachable
from sfcci.metric.catalogue import Known, Matched, Names, known_names
from sfcci.metric.last_value import RANGES_S, Values, last_values
from sfcci.metric.suggestion import missing, put_right

MANY = 1000
"""From so many names on all names are fetched at once, where Graphite hands them over: that is one question."""


class Fate(StrEnum):
    """What became of a name."""

    THERE = "there"
    SILENT = "silent"
    """It exists and had no value in the time that was asked for."""
    MISSING = "missing"
    BRANCH = "branch"
    """It exists and is no series: names go on below."""


@dataclass(frozen=True)
class CheckedName:
    """What became of a name or glob: how many series it names, when one of them last had a value (epoch seconds)."""

    name: str
    fate: Fate
    series: int = 0
    last_s: int | None = None
    """None: not known, or no value was found."""
    why: str = ""
    meant: tuple[str, ...] = ()
    """Names that are there and were perhaps meant, the nearest first."""


class Source(Values, Protocol):
    """Who knows names and values, and may list all names (`metric.graphite.GraphiteReader` does)."""

    def names(self) -> list[str]:
        """Give the names of all series. Raises Unreachable when they are not handed over."""


def check_names(
    asked: Sequence[str],
    source: Source,
    *,
    until_s: float,
    since_s: float | None = None,
    values: bool = True,
) -> tuple[CheckedName, ...]:
    """Say what became of each name or glob, in their order; with `since_s` a value must be in [since_s, until_s).

    `values` False leaves out when they last had one. Raises Unreachable.
    """
    names = _names(asked, source)
    matched = names.series if isinstance(names, Known) else Matched(known_names(asked, names))
    series = {one: sum(1 for _ in matched.matching(one)) for one in asked}
    lost = missing([one for one in asked if not series[one]], names)
    meant = put_right(lost.values(), names)
    there = [one for one in asked if series[one]]
    last = _last_values(there, source, until_s, since_s, sum(series.values())) if values else {}
    found = []
    for one in asked:
        if one in lost:
            fate = Fate.BRANCH if lost[one].branch else Fate.MISSING
            found.append(CheckedName(one, fate, why=str(lost[one]), meant=meant.get(one, ())))
        else:
            silent = values and last.get(one, 0) < (since_s or 1)
            why = _why(silent=silent, since_s=since_s)
            found.append(
                CheckedName(one, Fate.SILENT if silent else Fate.THERE, series[one], last.get(one), why)
            )
    return tuple(found)


def _names(asked: Sequence[str], source: Source) -> Names:
    if len(asked) < MANY:
        return source
    try:
        return Known(source.names())
    except Unreachable:  # too many, or this kind of Graphite does not list them
        return source


def _last_values(
    asked: Sequence[str], source: Source, until_s: float, since_s: float | None, series: int
) -> dict[str, int]:
    return last_values(asked, source, until_s, ranges_s=_ranges(until_s, since_s), series=series)


def _ranges(until_s: float, since_s: float | None) -> tuple[float, ...]:
    """Give how far back values are looked for: not much farther than they matter."""
    if since_s is None:
        return RANGES_S
    return (*(range_s for range_s in RANGES_S if range_s < until_s - since_s), until_s - since_s)


def _why(*, silent: bool, since_s: float | None) -> str:
    if not silent:
        return ""
    return "no value in that time" if since_s else "it holds no value"
