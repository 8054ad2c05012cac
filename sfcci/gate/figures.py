"""Figures of a job: failure rates with what they are worth, flaky commits, flips, durations, silence.

Each is defined in one sentence where it is computed. Rates are of the results that count (see `job.BAD`, `job.NOT_COUNTED`)
and never stand alone: `Rate` carries n and the 95 % interval of Wilson (1927). No rate here is an average of percentages.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from itertools import compress
from math import ceil, prod, sqrt
from operator import sub

from sfcci.gate.job import BAD, Result
from sfcci.gate.query import SeriesKey, SeriesOutcomes, Tested, mask
from sfcci.gate.regression import Split, regression

DAY_S = 86_400
WINDOWS = {"24h": DAY_S, "7d": 7 * DAY_S, "30d": 30 * DAY_S}
"""Name of a window, as in JSON → its length in seconds; it ends now."""
ENOUGH = 10
"""Fewer results than these are too few to judge a job by."""
DAYS = 30
"""How many days back there are daily rates."""
SILENCE = 3
"""So many times its usual interval (and at least a day) without a result: a job has stopped reporting."""
GAPS = 100
"""The usual interval is the median of so many last ones."""
PAUSE = 1.5
"""A job that pauses (at weekends) is not silent before it has paused for so many times its longest usual pause ..."""
PAUSE_DAYS = 30
"""... of the last so many days; usual is what came at least twice, so one outage does not count."""
Z95 = 1.959963984540054
"""The normal distribution has 95 % within so many standard deviations."""

_IS_GOOD, _IS_BAD = mask([Result.SUCCESS]), mask(BAD)
_GOOD, _BAD, _OTHER = 0, 1, 2
_STATE = bytes(
    _GOOD if good else _BAD if bad else _OTHER for good, bad in zip(_IS_GOOD, _IS_BAD, strict=True)
)
_UNCOUNTED = bytes(code for code, state in enumerate(_STATE) if state == _OTHER)


class Level(StrEnum):
    """What Neutron's triage says of a failure rate; `FEW` says that there is nothing to judge by."""

    FEW = "too few"
    WELL = "well"
    LOOK = "look"
    AMBER = "amber"
    RED = "red"
    ALARM = "alarm"


LEVELS = {Level.ALARM: 50, Level.RED: 33, Level.AMBER: 25, Level.LOOK: 10}
"""Level → the percentage above which it begins, the worst first."""


@dataclass(frozen=True)
class Rate:
    """So many bad ones of n that count."""

    bad: int
    n: int

    @property
    def value(self) -> float | None:
        """The share of bad ones (0 to 1); None when there is nothing."""
        return self.bad / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return wilson(self.bad, self.n)

    @property
    def level(self) -> Level:
        """The level of triage; its limits belong to the milder side."""
        if self.n < ENOUGH:
            return Level.FEW
        return next((level for level, above in LEVELS.items() if self.bad * 100 > above * self.n), Level.WELL)

    def __str__(self) -> str:
        if self.value is None:
            return "no results"
        low, high = self.interval
        note = ", too few" if self.n < ENOUGH else ""
        return f"{self.value:.1%} of {self.n} (95 %: {low:.1%} to {high:.1%}{note})"


def wilson(bad: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Give Wilson's score interval of a share: (low, high), both 0 to 1; (0, 1) for n = 0.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927); unlike the textbook interval it holds for
    small n and for shares near 0 and 1.
    """
    if not n:
        return 0.0, 1.0
    share, square = bad / n, z * z
    middle = share + square / (2 * n)
    half = z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    low = 0.0 if bad == 0 else (middle - half) / scale
    return low, 1.0 if bad == n else (middle + half) / scale


def pass_probability(rates: Iterable[Rate]) -> float | None:
    """Give the product of (1 - rate) over the voting jobs of a pipeline; None when none has a result.

    That is the share of changes that would pass if the jobs failed independently of each other. A job without results
    says nothing and is left out.
    """
    values = [rate.value for rate in rates if rate.value is not None]
    return prod(1 - value for value in values) if values else None


def percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Give the smallest value that at least `percent` of all do not pass (nearest rank); None of nothing."""
    return ascending[ceil(len(ascending) * percent / 100) - 1] if ascending else None


@dataclass(frozen=True)
class JobFigures:
    """The figures of one series at one moment. Times are epoch seconds, durations milliseconds, None: there is none."""

    key: SeriesKey
    voting: bool
    """Whether the job voted in its newest run."""
    rates: Mapping[str, Rate]
    """By name of the window."""
    total: Rate
    """Over all results that were looked at."""
    days: tuple[Rate, ...]
    """The last DAYS times 24 hours, the oldest first."""
    flaky: tuple[str, ...]
    """Commits with a good and a bad result, in the order of their first bad ones."""
    flips: int
    """How many consecutive results that count differ."""
    last_s: float
    last_green_s: float | None
    last_bad_s: float | None
    green_streak: int
    """How many good results have come since the last bad one."""
    interval_s: float | None
    """The usual time from one result to the next."""
    silent: bool
    """It has stopped reporting: `last_s` says when."""
    p50_ms: int | None
    p95_ms: int | None
    """Of the good runs of the longest window."""
    split: Split | None
    """Where a regression began, as an index in the series."""

    @property
    def flip_rate(self) -> float | None:
        """The share of consecutive results that differ; None below two results."""
        return self.flips / (self.total.n - 1) if self.total.n > 1 else None

    @property
    def window(self) -> str:
        """The shortest window with enough results to judge by, else the longest."""
        return next((name for name, rate in self.rates.items() if rate.n >= ENOUGH), [*self.rates][-1])

    @property
    def level(self) -> Level:
        """The level of triage in `window`."""
        return self.rates[self.window].level


def retested(tested: Mapping[int, Tested]) -> dict[int, tuple[int, ...]]:
    """Give for each key of `Outcomes.tested` all keys with the same commit, where there are others (a recheck's)."""
    by_commit: dict[str, list[int]] = defaultdict(list)
    for key, one in tested.items():
        by_commit[one.commit].append(key)
    by_commit.pop("", None)
    return {key: tuple(keys) for keys in by_commit.values() if len(keys) > 1 for key in keys}


def job_figures(
    series: SeriesOutcomes, tested: Mapping[int, Tested], same: Mapping[int, tuple[int, ...]], now_s: float
) -> JobFigures:
    """Give the figures of a series (of at least one result) at a moment; `same` is `retested(tested)`."""
    state = series.results.translate(_STATE)
    bits = series.results.translate(_IS_BAD, _UNCOUNTED)
    starts = {name: _since(series, now_s - length) for name, length in WINDOWS.items()}
    durations = sorted(_good_durations(series, min(starts.values())))
    interval_s, silent = _silence(series, now_s)
    return JobFigures(
        key=series.key,
        voting=bool(series.votes[-1]),
        rates={name: _rate(state, start) for name, start in starts.items()},
        total=_rate(state),
        days=_days(series, state, now_s),
        flaky=flaky_commits(series, tested, same),
        flips=flips(bits),
        last_s=series.ended_ms[-1] / 1000,
        last_green_s=_last(series, state, _GOOD),
        last_bad_s=_last(series, state, _BAD),
        green_streak=state.count(_GOOD, state.rfind(_BAD) + 1),
        interval_s=interval_s,
        silent=silent,
        p50_ms=percentile(durations, 50),
        p95_ms=percentile(durations, 95),
        split=regression(bits),
    )


def flaky_commits(
    series: SeriesOutcomes, tested: Mapping[int, Tested], same: Mapping[int, tuple[int, ...]]
) -> tuple[str, ...]:
    """Give the commits that have a good and a bad result, in the order of their first bad ones.

    There are few bad results, so the good ones are looked through only for what tested the same commits.
    """
    failed = dict.fromkeys(compress(series.tested, bad(series)))
    wanted = set(failed).union(*(same[key] for key in failed if key in same))
    passed = {tested[key].commit for key in wanted.intersection(compress(series.tested, good(series)))}
    return tuple(dict.fromkeys(one for key in failed if (one := tested[key].commit) and one in passed))


def counted(series: SeriesOutcomes) -> Iterable[int]:
    """Give the indices of the results that count."""
    state = series.results.translate(_STATE)
    return (index for index, one in enumerate(state) if one != _OTHER)


def flips(bits: bytes) -> int:
    """Give how many neighbours differ among octets that are 0 or 1."""
    return bits.count(b"\0\1") + bits.count(b"\1\0")


def good(series: SeriesOutcomes) -> bytes:
    """Give an octet for each result: 1 for SUCCESS."""
    return series.results.translate(_IS_GOOD)


def bad(series: SeriesOutcomes) -> bytes:
    """Give an octet for each result: 1 for a bad one."""
    return series.results.translate(_IS_BAD)


def _rate(state: bytes, start: int = 0, end: int | None = None) -> Rate:
    wrong = state.count(_BAD, start, end)
    return Rate(wrong, wrong + state.count(_GOOD, start, end))


def _since(series: SeriesOutcomes, time_s: float) -> int:
    """Give the index of the first result at or after a moment."""
    return bisect_left(series.ended_ms, time_s * 1000)


def _days(series: SeriesOutcomes, state: bytes, now_s: float) -> tuple[Rate, ...]:
    cuts = [_since(series, now_s - ago * DAY_S) for ago in range(DAYS, 0, -1)]
    return tuple(_rate(state, *cut) for cut in zip(cuts, [*cuts[1:], len(state)], strict=True))


def _good_durations(series: SeriesOutcomes, start: int) -> Iterable[int]:
    return compress(series.duration_ms[start:], series.results[start:].translate(_IS_GOOD))


def _last(series: SeriesOutcomes, state: bytes, kind: int) -> float | None:
    index = state.rfind(kind)
    return None if index < 0 else series.ended_ms[index] / 1000


def _silence(series: SeriesOutcomes, now_s: float) -> tuple[float | None, bool]:
    """Give the usual interval in seconds, and whether nothing has come for SILENCE times as long, and longer than a pause."""
    ends = series.ended_ms[-GAPS - 1 :]
    usual = percentile(sorted(map(sub, ends[1:], ends)), 50)
    if usual is None:
        return None, False
    since_s = now_s - ends[-1] / 1000
    silent = since_s > max(DAY_S, SILENCE * usual / 1000) and since_s > PAUSE * _pause_s(series)
    return usual / 1000, silent


def _pause_s(series: SeriesOutcomes) -> float:
    """Give the longest time between results that came at least twice in the PAUSE_DAYS before the last one."""
    ends = series.ended_ms[_since(series, series.ended_ms[-1] / 1000 - PAUSE_DAYS * DAY_S) :]
    gaps = nlargest(2, map(sub, ends[1:], ends))
    return gaps[1] / 1000 if len(gaps) > 1 else 0.0
