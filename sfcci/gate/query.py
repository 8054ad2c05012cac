"""Questions to the run database and the forms of their answers: which runs are meant, and results by column.

The figures look at a million results at once. So they are handed over by column (`Outcomes`), a few arrays for each series,
over which Python's own C loops run; `JobResult` is for those who look at single runs.
"""

import fnmatch
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sfcci.gate.job import JobResult, Result

CODES = tuple(Result)
"""Code of a result in a column → the result. The order of `Result` is part of the run database: append, never insert."""
CODE = {result: code for code, result in enumerate(CODES)}


class SeriesKey(NamedTuple):
    """Names one job where it runs. Its results, in the order of their ends, are a series.

    A named tuple, as `Tested` and `ChangeMark`: a million of them are compared and looked up.
    """

    tenant: str
    pipeline: str
    host: str
    project: str
    branch: str
    job: str


@dataclass(frozen=True)
class Query:
    """Which runs are meant: all conditions hold at once, an empty one holds always.

    Names are globs as fnmatch reads them, case counts. Times are epoch seconds; a run belongs to the moment of its end.
    """

    jobs: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    series: tuple[SeriesKey, ...] = ()
    """Exactly these."""
    since_s: float | None = None
    until_s: float | None = None
    """The first moment that does not belong to it."""
    limit: int | None = None
    newest_first: bool = False


class Tested(NamedTuple):
    """What a run tested and with which others: the same for all runs of a buildset (of one project)."""

    buildset: str
    commit: str = ""
    change: str = ""
    patchset: str = ""


class ChangeMark(NamedTuple):
    """A place in Graphite that may differ from the run database: runs of a series with a result that ended in a second."""

    series: SeriesKey
    result: Result
    ended_s: int
    generation: int = 0
    """Of the last change of the place: what changes again while it is being pushed stays marked."""


@dataclass(frozen=True)
class SeriesOutcomes:
    """The results of a series, oldest end first; the columns are of one length."""

    key: SeriesKey
    ended_ms: "array[int]"
    """Milliseconds since the epoch (typecode q), ascending."""
    results: bytes
    """An octet each: the index in CODES."""
    votes: bytes
    """An octet each: 1 where the job voted."""
    duration_ms: "array[int]"
    tested: "array[int]"
    """Keys in `Outcomes.tested`."""


@dataclass(frozen=True)
class Outcomes:
    """The results of some series (in the order of their keys) since some moment."""

    series: tuple[SeriesOutcomes, ...] = ()
    tested: Mapping[int, Tested] = field(default_factory=dict)


def outcomes_of(results: Iterable[JobResult]) -> Outcomes:
    """Give results by column; the order in which they come does not matter."""
    numbers: dict[Tested, int] = {}
    by_key: dict[SeriesKey, list[JobResult]] = defaultdict(list)
    for one in results:
        by_key[series_key(one)].append(one)
        numbers.setdefault(tested(one), len(numbers))
    series = tuple(_columns(key, runs, numbers) for key, runs in sorted(by_key.items()))
    return Outcomes(series, {number: one for one, number in numbers.items()})


def mask(results: Iterable[Result]) -> bytes:
    """Give the table for `bytes.translate` that makes a column of results 1 where one of these is, else 0."""
    wanted = {CODE[result] for result in results}
    return bytes(code in wanted for code in range(256))


def series_key(run: JobResult) -> SeriesKey:
    """Give the series that a run belongs to."""
    return SeriesKey(run.tenant, run.pipeline, run.host, run.project, run.branch, run.job)


def tested(run: JobResult) -> Tested:
    """Give what a run tested."""
    return Tested(run.buildset, run.commit, run.change, run.patchset)


def asked_for(series: Iterable[SeriesKey], query: Query) -> tuple[SeriesKey, ...]:
    """Give those of `series` that a query means, in their order."""
    exactly = frozenset(query.series)
    globs = (query.pipelines, query.projects, query.branches, query.jobs)
    return tuple(
        one
        for one in series
        if (not exactly or one in exactly)
        and all(map(_fits, (one.pipeline, one.project, one.branch, one.job), globs))
    )


def _fits(word: str, globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatch.fnmatchcase(word, glob) for glob in globs)


def ended_ms(run: JobResult) -> int:
    """Give the end of a run in milliseconds since the epoch."""
    return round(run.started_at * 1000) + run.duration_ms


def _columns(key: SeriesKey, runs: list[JobResult], numbers: Mapping[Tested, int]) -> SeriesOutcomes:
    runs = sorted(runs, key=lambda run: (ended_ms(run), run.run))
    return SeriesOutcomes(
        key,
        array("q", map(ended_ms, runs)),
        bytes(CODE[run.result] for run in runs),
        bytes(run.voting for run in runs),
        array("q", (run.duration_ms for run in runs)),
        array("q", (numbers[tested(run)] for run in runs)),
    )
