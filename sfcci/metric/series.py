"""Series: what Graphite must hold for a set of job results.

In whisper the last write to a step wins, and a write reaches the finest archive that still covers its time. So each
value here is the whole of its step: a point says how many there are, never how many more. Writing it again, later or in
another order changes nothing; a result that comes late makes its step's value larger when it is written next.

Which archive whisper writes to depends on the age of the step's begin. A step of a coarse archive that begins before
the finer archive's reach, and ends within it, is written in both, because whisper computes it anew out of the finer
values that it still has. Such a step must come after the finer ones: the points of a series are given the newest first.

Steps of the finer archives divide those of the coarser ones. So a step of the coarsest archive, with all that is in it, is
a world of its own: a `Span`. Spans are what is written, proven and settled, each whole; none needs another.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf

from sfcci.gate.job import Result
from sfcci.gate.query import CODE, CODES, ChangeMark, SeriesKey, SeriesOutcomes
from sfcci.metric.name import TIMED, Kind, name_of
from sfcci.metric.point import Point
from sfcci.metric.retention import Archive

PERCENTILES = (90, 95)
"""StatsD's `percentThreshold`; the 50th has a name of its own, `median`."""
FIGURES = ("count", "lower", "mean", "median", "sum", "upper", *(f"upper_{one}" for one in PERCENTILES))
"""Of a timer, what is written; StatsD has more (std, count_ps, ...) that no dashboard in the field asks for."""
NOTHING = (0,) * len(FIGURES)
"""Figures of a step that has lost its last result. Graphite forgets nothing, so it is told that there is none."""
_Steps = list[tuple[int, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Span:
    """All runs with one result of a job (of all series that one name stands for) in one step of the coarsest archive."""

    name: str
    """The metric's, without StatsD's prefix."""
    timed: bool
    start: int
    runs: Sequence[tuple[int, int]]
    """(second of the end, duration in milliseconds)."""
    seconds: frozenset[int] = frozenset()
    """Seconds that are written though they may have no run left."""


def spans(
    outcomes: Iterable[SeriesOutcomes],
    retentions: Sequence[Archive],
    marks: Iterable[ChangeMark] | None = None,
    names: "Names | None" = None,
) -> list[Span]:
    """Give the spans that `marks` touch (None: all that have runs), whole when the outcomes are whole for them."""
    step_s = retentions[-1].step_s
    names = names or Names()
    seconds: dict[tuple[str, int], set[int]] = defaultdict(set)
    for mark in marks or ():
        name = names.metric(mark.series, mark.result)
        seconds[name, mark.ended_s // step_s * step_s].add(mark.ended_s)
    runs: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for one in outcomes:
        known = names.of(one.key)
        for ended_ms, code, duration_ms in zip(one.ended_ms, one.results, one.duration_ms, strict=True):
            second = ended_ms // 1000
            place = (known[code], second // step_s * step_s)
            if marks is None or place in seconds:
                runs[place].append((second, duration_ms))
    return [
        Span(
            name,
            names.timed[name],
            start,
            runs.get((name, start), ()),
            frozenset(seconds.get((name, start), ())),
        )
        for name, start in sorted({*runs, *seconds})
    ]


class Names:
    """Names of metrics: a million results have few, so each is made once."""

    def __init__(self) -> None:
        self.known: dict[SeriesKey, list[str]] = {}
        self.timed: dict[str, bool] = {}

    def metric(self, series: SeriesKey, result: Result) -> str:
        """Give the name under which a result in a series is counted."""
        return self.of(series)[CODE[result]]

    def of(self, series: SeriesKey) -> list[str]:
        """Give these names by the results' codes."""
        if series not in self.known:
            self.known[series] = [str(name_of(series, result)) for result in CODES]
            self.timed |= zip(self.known[series], (result in TIMED for result in CODES), strict=True)
        return self.known[series]


def metric_of(name: str) -> str:
    """Give the metric of a series: its name without what StatsD puts before and behind it; other names stay."""
    if name.startswith(f"{Kind.TIMER}."):
        return name.removeprefix(f"{Kind.TIMER}.").rpartition(".")[0]
    return name.removeprefix(f"{Kind.COUNT}.")


def points(given: Iterable[Span], retentions: Sequence[Archive], now_s: float) -> Iterator[Point]:
    """Give the points of spans at the time `now_s`: by series, in a series the newest first.

    What is older than the last archive keeps gives no point.
    """
    ordered = sorted(given, key=lambda span: (span.name, -span.start))
    for name, group in groupby(ordered, key=lambda span: span.name):
        alike = list(group)
        steps = [step for span in alike for step in _steps(span, retentions, now_s)]
        counter = f"{Kind.COUNT}.{name}"
        yield from [Point(counter, len(durations), start) for start, durations in steps]
        if alike[0].timed:
            yield from _timers(name, steps)


def crossing_s(given: Iterable[Span], retentions: Sequence[Archive], now_s: float, lag_s: float) -> float:
    """Give how long to wait until no step passes from one archive to the next within `lag_s`; mostly 0.

    Between the moment when points are made and the moment when carbon writes them a step may outgrow an archive: its
    fine value would then stand for the whole coarse step. And for the one second in which a step is just as old as the
    archive keeps, whisper puts it where the newest step belongs.
    """
    last = max(
        (at for span in given for at in _passing(span, retentions, now_s, now_s + lag_s)), default=now_s
    )
    return last - now_s


def crossed(span: Span, retentions: Sequence[Archive], begin_s: float, end_s: float) -> bool:
    """Say whether a step of the span passed from one archive to the next in this time: what was written then is not sure."""
    return any(True for _ in _passing(span, retentions, begin_s, end_s))


def reach_s(retentions: Sequence[Archive], now_s: float) -> int:
    """Give the time from which on every result has its point: the begin of the oldest whole step of the last archive."""
    last = retentions[-1]
    return last.start(now_s - last.kept_s) + 2 * last.step_s


def figures(durations_ms: Sequence[int]) -> tuple[float, ...]:
    """Give a timer's FIGURES as StatsD computes them for one flush (its `process_metrics`)."""
    count = len(durations_ms)
    if count == 1:
        return (1,) + (durations_ms[0],) * (len(FIGURES) - 1)
    if not count:
        return NOTHING
    values = sorted(durations_ms)
    middle = values[count // 2] if count % 2 else (values[count // 2 - 1] + values[count // 2]) / 2
    total = sum(values)
    within = (values[max(1, int(one / 100 * count + 0.5)) - 1] for one in PERCENTILES)
    return count, values[0], total / count, middle, total, values[-1], *within


def _steps(span: Span, retentions: Sequence[Archive], now_s: float) -> _Steps:
    """Give begin and durations of each step to write, the newest first; the begin's age tells which archive's it is."""
    found: _Steps = []
    younger = -inf
    for archive in retentions:
        oldest, newest, younger = now_s - archive.kept_s, now_s - younger, archive.kept_s
        if span.start >= newest or span.start + retentions[-1].step_s <= oldest:
            continue
        steps: dict[int, list[int]] = {}
        for second in span.seconds:
            steps[second - second % archive.step_s] = []
        for second, duration_ms in span.runs:
            start = second - second % archive.step_s
            if start in steps:
                steps[start].append(duration_ms)
            else:
                steps[start] = [duration_ms]
        found += [(start, durations) for start, durations in steps.items() if oldest <= start < newest]
    return sorted(found, key=_begin, reverse=True) if len(found) > 1 else found


def _begin(step: tuple[int, Sequence[int]]) -> int:
    return step[0]


def _timers(name: str, steps: Iterable[tuple[int, Sequence[int]]]) -> Iterator[Point]:
    given = [(start, figures(durations)) for start, durations in steps]
    for place, figure in enumerate(FIGURES):
        series = f"{Kind.TIMER}.{name}.{figure}"
        yield from [Point(series, found[place], start) for start, found in given]


def _passing(span: Span, retentions: Sequence[Archive], begin_s: float, end_s: float) -> Iterator[float]:
    """Give the ends of the seconds within (begin, end + 1] in which a step of the span is just as old as an archive keeps."""
    for archive in retentions:
        first, last = begin_s - archive.kept_s - 1, end_s - archive.kept_s
        if span.start > last or span.start + retentions[-1].step_s <= first:
            continue
        moments = {
            second - second % archive.step_s for second in (*span.seconds, *(run[0] for run in span.runs))
        }
        yield from (start + archive.kept_s + 1 for start in moments if first < start <= last)
