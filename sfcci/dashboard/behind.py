"""The runs behind a point of a dashboard's target: its functions say which time of which series made the value."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice

from sfcci.dashboard.target import Call, Kind, Literal, Path, Target, parse_target
from sfcci.gate.job import JobResult
from sfcci.gate.query import Query, SeriesKey
from sfcci.metric.behind import Asked, Step, Window, asked, step_at
from sfcci.metric.retention import Archive

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mon": 2592000, "y": 31536000}


@dataclass(frozen=True)
class Behind:
    """What is asked of the run database, the time that the point itself covers, and paths that mean no series of it."""

    asked: tuple[Asked, ...]
    step: Step
    unknown: tuple[str, ...]


def behind(
    targets: Iterable[str],
    at_s: float,
    known: Iterable[SeriesKey],
    retentions: Sequence[Archive],
    now_s: float,
    *,
    from_s: float | None = None,
    point_s: int | None = None,
) -> Behind:
    """Give the questions whose answers are the runs behind the targets' points at a moment.

    `from_s` is the left edge of the graph: it says which archive Graphite reads, and where sums (`integral`) begin.
    `point_s` is the distance of the points, where several steps are drawn as one. Raises TargetError, UsageError.
    """
    step = step_at(at_s, retentions, now_s, from_s=from_s, point_s=point_s)
    trees = [parse_target(text) for text in targets]
    windows = [window for tree in trees for window in _windows(tree, step.begin_s, step.end_s, step)]
    questions, unknown = asked(windows, known, retentions)
    return Behind(questions, step, unknown)


def behind_range(
    targets: Iterable[str],
    begin_s: int,
    end_s: int,
    known: Iterable[SeriesKey],
    retentions: Sequence[Archive],
    now_s: float,
) -> Behind:
    """Give the questions whose answers are the runs behind all that a graph of the targets shows over [begin, end).

    Raises TargetError, UsageError.
    """
    step = step_at(max(begin_s, end_s - 1), retentions, now_s, from_s=begin_s)
    whole = replace(step, begin_s=begin_s, end_s=end_s)
    trees = [parse_target(text) for text in targets]
    windows = [window for tree in trees for window in _windows(tree, begin_s, end_s, whole)]
    questions, unknown = asked(windows, known, retentions)
    return Behind(questions, whole, unknown)


def runs_behind(
    found: Behind,
    select: Callable[[Query], Iterable[JobResult]],
    limit: int | None = None,
    narrow: Query = Query(),  # noqa: B008 - a frozen value
) -> list[JobResult]:
    """Give the runs, the newest first, at most `limit`; `select` answers a query (`History.select`).

    Of `narrow` globs and results count: only runs that it asks for, too.
    """
    answers = []
    for one in found.asked:
        results = [result for result in one.query.results if not narrow.results or result in narrow.results]
        if results:
            query = replace(
                narrow,
                series=one.query.series,
                results=tuple(results),
                since_s=one.query.since_s,
                until_s=one.query.until_s,
                limit=None if one.voting_only else limit,
                newest_first=True,
            )
            answers.append(run for run in select(query) if run.voting or not one.voting_only)
    return [*islice(merge(*answers, key=lambda run: -run.ended_ms), limit)]


def _windows(tree: Target, begin_s: int, end_s: int, step: Step) -> Iterator[Window]:
    """Give the windows of the paths below a node whose value covers [begin, end)."""
    if isinstance(tree, Path):
        archive = step.archive
        yield Window(tree.text, archive.start(begin_s), -archive.start(-end_s))
    elif isinstance(tree, Call):
        begin_s, end_s = _REACH.get(tree.name, _same)(tree, begin_s, end_s, step)
        for argument in _made_of(tree):
            yield from _windows(argument, begin_s, end_s, step)


def _made_of(call: Call) -> tuple[Target, ...]:
    """Give the arguments that a call's value is made of: what is scaled by 0 has no part in it, nor a fallback."""
    if call.name == "fallbackSeries":
        return call.arguments[:1]
    if call.name == "scale" and len(call.arguments) > 1 and _text(call, 1, "factor") in {"0", "0.0"}:
        return ()
    return (*call.arguments, *(value for _, value in call.named))


def _same(_call: Call, begin_s: int, end_s: int, _step: Step) -> tuple[int, int]:
    return begin_s, end_s


def _from_the_left(_call: Call, _begin_s: int, end_s: int, step: Step) -> tuple[int, int]:
    return step.first_s, end_s


def _bucket(call: Call, begin_s: int, end_s: int, step: Step) -> tuple[int, int]:
    """Of `summarize`: a bucket of the interval, counted from 1970 or from the left edge."""
    interval_s = _interval(call, 1, "intervalString", step)
    aligned = call.name == "smartSummarize" or _true(call, 3, "alignToFrom")
    origin_s = step.first_s if aligned else 0
    first = (begin_s - origin_s) // interval_s * interval_s + origin_s
    last = (end_s - 1 - origin_s) // interval_s * interval_s + origin_s
    return first, last + interval_s


def _since_reset(call: Call, begin_s: int, end_s: int, step: Step) -> tuple[int, int]:
    interval_s = _interval(call, 1, "intervalUnit", step)
    return (begin_s - step.first_s) // interval_s * interval_s + step.first_s, end_s


def _before(call: Call, begin_s: int, end_s: int, step: Step) -> tuple[int, int]:
    return begin_s - _interval(call, 1, "windowSize", step), end_s


def _shifted(call: Call, begin_s: int, end_s: int, step: Step) -> tuple[int, int]:
    text = _text(call, 1, "timeShift")
    shift_s = _interval(call, 1, "timeShift", step) * (1 if text.startswith("+") else -1)
    return begin_s + shift_s, end_s + shift_s


_MOVING = ("movingAverage", "movingMedian", "movingSum", "movingMin", "movingMax", "movingWindow")
_REACH: Mapping[str, Callable[[Call, int, int, Step], tuple[int, int]]] = {
    "integral": _from_the_left,
    "integralByInterval": _since_reset,
    "summarize": _bucket,
    "smartSummarize": _bucket,
    "timeShift": _shifted,
    **dict.fromkeys(_MOVING, _before),
}
"""Function → from the time that its value covers to the time of its argument; every other works point by point."""


def _interval(call: Call, place: int, name: str, step: Step) -> int:
    """Give an interval ('1h', '7d', '10min') or a number of points in seconds; a step where it cannot be read."""
    found = re.fullmatch(r"[+-]?(\d+)\s*([a-z]*)", _text(call, place, name))
    if not found:
        return step.archive.step_s
    if not found[2]:
        return (int(found[1]) or 1) * step.archive.step_s
    unit = next((s for name, s in _UNITS.items() if name in _spellings(found[2])), 0)
    return int(found[1]) * unit or step.archive.step_s


def _spellings(unit: str) -> tuple[str, ...]:
    """Give the short forms that graphite-web takes a unit's name for (hours, hour, h; minutes, min, m)."""
    starts = {"s": "s", "mi": "min", "mo": "mon", "h": "h", "d": "d", "w": "w", "y": "y"}
    return (
        ("min",) if unit == "m" else tuple(short for start, short in starts.items() if unit.startswith(start))
    )


def _argument(call: Call, place: int, name: str) -> Target | None:
    return dict(call.named).get(name) or (call.arguments[place] if place < len(call.arguments) else None)


def _text(call: Call, place: int, name: str) -> str:
    argument = _argument(call, place, name)
    return (
        str(argument.value if argument.kind is Kind.STRING else argument)
        if isinstance(argument, Literal)
        else ""
    )


def _true(call: Call, place: int, name: str) -> bool:
    given = _argument(call, place, name)
    return isinstance(given, Literal) and given.kind is Kind.BOOLEAN and bool(given.value)
