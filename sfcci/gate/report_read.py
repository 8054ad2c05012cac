"""The gate's report out of the run database."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sfcci.garbage import garbage_waits
from sfcci.gate.history import History
from sfcci.gate.job import BAD
from sfcci.gate.query import Query, SeriesKey
from sfcci.gate.report import Report, report_of, with_runs
from sfcci.settings import Settings

DEFAULT_SPAN_S = 90 * 86_400
"""So far back a report looks unless it is told otherwise: results of last year say little about today's jobs."""


def read_report(settings: Settings, now_s: float, query: Query = Query(), link: str = "") -> Report:  # noqa: B008 - a frozen value
    """Give the report at a moment; without `query.since_s` it looks back DEFAULT_SPAN_S.

    `query` says which jobs are listed (see `report.report_of`). Raises Unreachable when the database cannot be used.
    """
    since_s = now_s - DEFAULT_SPAN_S if query.since_s is None else query.since_s
    query = replace(query, since_s=since_s)
    with History(settings) as history, garbage_waits():
        report = report_of(history.outcomes(Query(since_s=since_s)), now_s, query, link)
        return with_runs(report, dict(_first_bad(history, report)))


def _first_bad(history: History, report: Report) -> Iterator[tuple[tuple[SeriesKey, float], str]]:
    """Find the runs with which regressions began."""
    for key, since_s in _regressions(report):
        query = Query(series=(key,), results=BAD, since_s=since_s, until_s=since_s + 0.001, limit=1)
        for run in history.select(query):
            yield (key, since_s), run.run


def _regressions(report: Report) -> Iterable[tuple[SeriesKey, float]]:
    for pipeline in report.pipelines:
        for job in pipeline.jobs:
            if job.regression:
                yield job.figures.key, job.regression.since_s
