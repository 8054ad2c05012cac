"""Which runs a page asks for: filters, or what is behind a point of a graph, or behind all that it shows; page by page."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sfcci.dashboard.behind import Behind, behind, behind_range, runs_behind
from sfcci.errors import UsageError
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.query import Query
from sfcci.metric.instance import kept
from sfcci.moment import parse_moment
from sfcci.settings import Settings
from sfcci.web.answer import asked_moment, names, whole_number

if TYPE_CHECKING:
    from starlette.requests import Request

ROWS = 50
"""So many runs stand on a page."""
MOST_SKIPPED = 100_000
MOST_TARGETS = 100
ANY_BAD = "bad"
PLACE = ("before", "skip")
"""What says in an address where a page begins."""


@dataclass(frozen=True)
class Point:
    """What is behind a metric: the targets, the time that is looked at (epoch seconds), names that mean no runs here."""

    targets: tuple[str, ...]
    begin_s: int
    end_s: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """One page of runs: the rows, the address of the page with older ones ("" when there are none), the point they are of."""

    rows: tuple[JobResult, ...]
    older: str
    point: Point | None = None


def listed(settings: Settings, history: History, request: "Request") -> Listed:
    """Give the page of runs that a question asks for, the newest first. Raises UsageError with what is expected."""
    query = _query(request, time.time())
    skip = whole_number(request, "skip", 0)
    if skip > MOST_SKIPPED:
        raise UsageError(f"expected skip up to {MOST_SKIPPED}")
    if names(request, "metric"):
        return _behind(settings, history, request, query, skip)
    return _filtered(history, request, query, skip)


def _query(request: "Request", now_s: float) -> Query:
    results: list[Result] = []
    for word in names(request, "result"):
        if word == ANY_BAD:
            results += BAD
        elif word in Result.__members__:
            results.append(Result(word))
        else:
            known = ", ".join((ANY_BAD, *Result))
            raise UsageError(f"no result is named {word[:40]!r}; expected one of {known}")
    return Query(
        jobs=names(request, "job"),
        pipelines=names(request, "pipeline"),
        projects=names(request, "project"),
        branches=names(request, "branch"),
        results=tuple(dict.fromkeys(results)),
        since_s=asked_moment(request, "since", now_s),
        until_s=asked_moment(request, "until", now_s),
        newest_first=True,
    )


def _filtered(history: History, request: "Request", query: Query, skip: int) -> Listed:
    """Give those that ended up to `before` (ms), without the first `skip` of these.

    So a page stays what it is though new runs end, and runs that end in the same millisecond are not lost between pages.
    """
    before = request.query_params.get("before", "")
    if before:
        until_s = (whole_number(request, "before") + 1) / 1000
        query = replace(query, until_s=min(until_s, query.until_s or until_s))
    found = list(islice(history.select(replace(query, limit=skip + ROWS + 1)), skip, None))
    if len(found) <= ROWS:
        return Listed(tuple(found), "")
    last = found[ROWS - 1].ended_ms
    same = sum(one.ended_ms == last for one in found[:ROWS]) + (skip if before == str(last) else 0)
    return Listed(tuple(found[:ROWS]), _address(request, [("before", last), ("skip", same)]))


def _behind(settings: Settings, history: History, request: "Request", query: Query, skip: int) -> Listed:
    targets = names(request, "metric")
    if len(targets) > MOST_TARGETS:
        raise UsageError(f"expected at most {MOST_TARGETS} metrics")
    found = _questions(settings, history, request, query, targets)
    runs = runs_behind(found, history.select, skip + ROWS + 1, query)[skip:]
    older = _address(request, [("skip", skip + ROWS)]) if len(runs) > ROWS else ""
    point = Point(targets, found.step.begin_s, found.step.end_s, found.unknown)
    return Listed(tuple(runs[:ROWS]), older, point)


def _questions(
    settings: Settings, history: History, request: "Request", query: Query, targets: tuple[str, ...]
) -> Behind:
    """Ask for what is behind a point (`at`, with the graph's `from` and `step`), else behind the time from since to until."""
    now_s = time.time()
    known, retentions = history.series(), kept(settings)
    at = request.query_params.get("at", "")
    if at:
        step_s = whole_number(request, "step", 0)
        from_s = asked_moment(request, "from", now_s)
        at_s = parse_moment(at, now_s)
        return behind(targets, at_s, known, retentions, now_s, from_s=from_s, point_s=step_s or None)
    if query.since_s is None:
        raise UsageError("expected at (the time of a point) or since beside metric")
    until_s = now_s if query.until_s is None else query.until_s
    if query.since_s >= until_s:
        raise UsageError("expected since before until")
    return behind_range(targets, int(query.since_s), int(until_s), known, retentions, now_s)


def _address(request: "Request", place: Iterable[tuple[str, int]]) -> str:
    kept_words = [
        (name, value) for name, value in request.query_params.multi_items() if name not in PLACE and value
    ]
    return f"/runs?{urlencode([*kept_words, *place])}"
