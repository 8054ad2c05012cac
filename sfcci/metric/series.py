"""Series: what Graphite must hold for a set of job results.

In whisper the last write to a step wins, and a write reaches the finest archive that still covers its time. So each
value here is the whole of its step: a point says how many there are, never how many more. Writing it again, later or in
another order changes nothing; a result that comes late makes its step's value larger when it is written next.

Which archive whisper writes to depends on the age of the step's begin. A step of a coarse archive that begins before
the finer archive's reach, and ends within it, is written in both, because whisper computes it anew out of the finer
values that it still has. Such a step must come after the finer ones: the points of a series are given the newest first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import inf

from sfcci.gate.job import JobResult
from sfcci.metric.name import TIMED, Kind, MetricName, SeriesName, metric_name
from sfcci.metric.point import Point
from sfcci.metric.retention import Archive

PERCENTILE = 90
"""The one that StatsD gives unless it is told otherwise."""
FIGURES = ("count", "lower", "mean", "sum", "upper", f"upper_{PERCENTILE}")
"""Of a timer, what is written; StatsD has more (std, median, count_ps, ...) that no dashboard in the field asks for."""
_Durations = dict[MetricName, dict[int, list[int]]]


def points(results: Iterable[JobResult], retentions: Sequence[Archive], now_s: float) -> tuple[Point, ...]:
    """Give the points that `results` make at the time `now_s`: by series, in a series the newest first.

    `results` must be complete for every step that they touch (see `complete_since`). What is older than the last
    archive keeps gives no point.
    """
    taken: list[Point] = []
    for name, durations in sorted(
        _by_archive(results, retentions, now_s).items(), key=lambda item: str(item[0])
    ):
        steps = sorted(durations.items(), reverse=True)
        taken += _counts(name, steps)
        if name.result in TIMED:
            taken += _timers(name, steps)
    return tuple(taken)


def counts(results: Iterable[JobResult]) -> dict[str, int]:
    """Give each counter's series and the sum that it must have over all `results`."""
    return dict(Counter(str(SeriesName(Kind.COUNT, name)) for name, _ in _named(results)))


def reach_s(retentions: Sequence[Archive], now_s: float) -> int:
    """Give the time from which on every result has its point: the begin of the oldest whole step of the last archive."""
    last = retentions[-1]
    return last.start(now_s - last.kept_s) + 2 * last.step_s


def complete_since(time_s: float, retentions: Sequence[Archive]) -> int:
    """Give the latest time up to `time_s` that cuts no step of any archive in two."""
    return retentions[-1].start(time_s)


def crossing_s(
    results: Iterable[JobResult], retentions: Sequence[Archive], now_s: float, lag_s: float
) -> float:
    """Give how long to wait until no step of `results` passes from one archive to the next within `lag_s`; mostly 0.

    Between the moment when points are made and the moment when carbon writes them a step may outgrow an archive: its
    fine value would then stand for the whole coarse step. And for the one second in which a step is just as old as the
    archive keeps, whisper puts it where the newest step belongs.
    """
    waits = {
        archive.start(result.ended_at) + archive.kept_s + 1 - now_s
        for result in results
        for archive in retentions
    }
    return max((wait for wait in waits if 0 < wait <= lag_s + 1), default=0.0)


def figures(durations_ms: Sequence[int]) -> dict[str, float]:
    """Give a timer's figures as StatsD computes them for one flush (its `process_metrics`)."""
    values = sorted(durations_ms)
    within = max(1, int(PERCENTILE / 100 * len(values) + 0.5))
    given = (len(values), values[0], sum(values) / len(values), sum(values), values[-1], values[within - 1])
    return dict(zip(FIGURES, given, strict=True))


def _named(results: Iterable[JobResult]) -> Iterable[tuple[MetricName, JobResult]]:
    known: dict[tuple[str, ...], MetricName] = {}
    for result in results:
        key = (
            result.tenant,
            result.pipeline,
            result.host,
            result.project,
            result.branch,
            result.job,
            result.result,
        )
        if key not in known:
            known[key] = metric_name(result)
        yield known[key], result


def _by_archive(results: Iterable[JobResult], retentions: Sequence[Archive], now_s: float) -> _Durations:
    """Give, per name and begin of a step, the durations in it; the begin's age tells which archive's step it is."""
    younger = (-inf, *(archive.kept_s for archive in retentions))
    found: _Durations = defaultdict(lambda: defaultdict(list))
    for name, result in _named(results):
        for archive, beyond_s in zip(retentions, younger, strict=False):
            start = archive.start(result.ended_at)
            if beyond_s < now_s - start <= archive.kept_s:
                found[name][start].append(result.duration_ms)
    return found


def _counts(name: MetricName, steps: Iterable[tuple[int, list[int]]]) -> Iterable[Point]:
    series = str(SeriesName(Kind.COUNT, name))
    return [Point(series, len(durations), start) for start, durations in steps]


def _timers(name: MetricName, steps: Iterable[tuple[int, list[int]]]) -> Iterable[Point]:
    given = [(start, figures(durations)) for start, durations in steps]
    for figure in FIGURES:
        series = str(SeriesName(Kind.TIMER, name, figure))
        yield from (Point(series, found[figure], start) for start, found in given)
