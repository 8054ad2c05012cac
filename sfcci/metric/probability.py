"""The gauge of the gate: the probability that all voting jobs of a project in a pipeline pass, step by step.

The value of a step is that of the 24 hours up to the step's end: the product of (1 - failure rate) over the voting jobs. A
result changes the values of the 24 hours that follow it, so these are written again when one comes late. One value in
each step of the coarsest archive (of an hour at least): whatever an archive makes of one value is that value.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from sfcci.gate.figures import Rate, pass_probability
from sfcci.gate.job import BAD, NOT_COUNTED
from sfcci.gate.query import CODE, CODES, SeriesKey, SeriesOutcomes
from sfcci.metric.name import PASS_PROBABILITY, PIPELINE_FORMS, Kind, part
from sfcci.metric.point import Point
from sfcci.metric.retention import Archive

WINDOW_S = 86400
HOUR_S = 3600
GAUGE = f"{Kind.GAUGE}.{PIPELINE_FORMS[0].replace('{figure}', PASS_PROBABILITY)}"
"""The form of its name."""
_BAD = frozenset(CODE[result] for result in BAD)
_COUNTED = frozenset(range(len(CODES))) - {CODE[result] for result in NOT_COUNTED}


def grid_s(retentions: Sequence[Archive]) -> int:
    """Give the length of a step of the gauge: that of the coarsest archive, or as many of them as make an hour."""
    step_s = retentions[-1].step_s
    return -(-HOUR_S // step_s) * step_s


def gauge(series: SeriesKey) -> str:
    """Give the name of the gauge that a series takes part in."""
    return GAUGE.format(**{key: part(text) for key, text in series._asdict().items()})


def touched(seconds: Iterable[int], step_s: int, now_s: float) -> set[int]:
    """Give the begins of the steps, up to now, whose values depend on what happened in these seconds."""
    first = {second - second % step_s for second in seconds}
    steps = -(-WINDOW_S // step_s)
    return {start for one in first for start in range(one, one + steps * step_s, step_s) if start <= now_s}


def probabilities(
    outcomes: Iterable[SeriesOutcomes], steps: Mapping[str, Iterable[int]], step_s: int
) -> Iterator[Point]:
    """Give the points of gauges (name → begins of steps), newest first; a step without results in its 24 hours has none.

    The outcomes must be whole from 24 hours before the first step's end on.
    """
    jobs: dict[str, dict[str, list[tuple[int, bool]]]] = defaultdict(lambda: defaultdict(list))
    for one in outcomes:
        name = gauge(one.key)
        if name in steps:
            jobs[name][one.key.job] += [
                (ended_ms // 1000, code in _BAD)
                for ended_ms, code, votes in zip(one.ended_ms, one.results, one.votes, strict=True)
                if votes and code in _COUNTED
            ]
    for name, starts in sorted(steps.items()):
        columns = [_columns(runs) for runs in jobs[name].values()]
        for start in sorted(starts, reverse=True):
            end = start + step_s
            value = pass_probability(_rate(*column, end - WINDOW_S, end) for column in columns)
            if value is not None:
                yield Point(name, value, start)


def _columns(runs: list[tuple[int, bool]]) -> tuple[list[int], list[int]]:
    """Give the ends in their order, and how many bad ones there are before each."""
    runs.sort()
    return [second for second, _ in runs], [0, *accumulate(bad for _, bad in runs)]


def _rate(ends: list[int], bad: list[int], begin: int, end: int) -> Rate:
    first, last = bisect_left(ends, begin), bisect_left(ends, end)
    return Rate(bad[last] - bad[first], last - first)
