"""The runs' pages: which runs there were, the runs behind a point of a series, one run with its reasons and evidence."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from sfcci.errors import UsageError
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.query import Query, ended_ms
from sfcci.metric.name import Kind, SeriesName, metric_name
from sfcci.settings import Settings
from sfcci.web import evidence_file
from sfcci.web.answer import Endpoint, NotThere, asked_moment, names, page, whole_number

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

ROWS = 50
"""So many runs stand on a page."""
MOST_SKIPPED = 100_000
ANY_BAD = "bad"
FIELDS = ("job", "pipeline", "project", "branch", "since", "until")
TONES = {Result.SUCCESS: "good"} | dict.fromkeys(BAD, "bad")


@dataclass(frozen=True)
class Listed:
    """One page of runs: the rows, and the address of the page with older ones ("" when there are none)."""

    rows: tuple[JobResult, ...]
    older: str


def routes(settings: Settings) -> Mapping[str, Endpoint]:
    """Give the pages of runs, newest first, of one run, and its files."""

    def runs(request: "Request") -> "Response":
        given = request.query_params
        query = asked(request, time.time())
        with History(settings) as history:
            found = listed(history, query, given, whole_number(request, "skip", 0))
            empty = not found.rows and not given and not history.count()
        return page(
            "runs.html",
            request,
            title="Runs",
            found=found,
            empty=empty,
            given={name: given.get(name, "") for name in FIELDS},
            picked=given.getlist("result"),
            results=[ANY_BAD, *Result],
            tones=TONES,
            run_path=run_path,
        )

    def run(request: "Request") -> "Response":
        result = _run(settings, request.path_params["run"])
        folder = evidence_file.folder_of(settings, result)
        return page(
            "run.html",
            request,
            title=f"{result.result} {result.job}",
            run=result,
            tone=TONES.get(result.result, ""),
            series=str(SeriesName(Kind.COUNT, metric_name(result))),
            files=evidence_file.shown(folder) if folder else (),
            folder=folder,
            is_address=result.log_dir.startswith(("http://", "https://")),
            file_path=lambda name: f"{run_path(result.run)}/files/{quote(name)}",
            same_job=_same_job(result),
        )

    def file(request: "Request") -> "Response":
        return _file(settings, request)

    return {"/runs": runs, "/runs/{run}/files/{name:path}": file, "/runs/{run:path}": run}


def asked(request: "Request", now_s: float) -> Query:
    """Read which runs are meant. Raises UsageError with what is expected."""
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


def listed(history: History, query: Query, given: "QueryParams", skip: int) -> Listed:
    """Give a page of the runs that are asked for: those that ended up to `before` (ms), without the first `skip` of these.

    So a page stays what it is though new runs end; runs that end in the same millisecond are not lost between pages.
    """
    if skip > MOST_SKIPPED:
        raise UsageError(f"expected skip up to {MOST_SKIPPED}")
    before = given.get("before", "")
    if before:
        if not before.isdecimal() or len(before) > 15:  # noqa: PLR2004 - no time is longer
            raise UsageError("expected before as milliseconds since the epoch")
        until_s = (int(before) + 1) / 1000
        query = replace(query, until_s=min(until_s, query.until_s or until_s))
    found = list(islice(history.select(replace(query, limit=skip + ROWS + 1)), skip, None))
    rows = tuple(found[:ROWS])
    older = ""
    if len(found) > ROWS:
        last = ended_ms(rows[-1])
        same = sum(ended_ms(one) == last for one in rows) + (skip if before == str(last) else 0)
        kept = [
            (name, value) for name, value in given.multi_items() if name not in {"before", "skip"} and value
        ]
        older = f"/runs?{urlencode([*kept, ('before', last), ('skip', same)])}"
    return Listed(rows, older)


def run_path(run: str) -> str:
    """Give the address of a run's page."""
    return f"/runs/{quote(run, safe='')}"


def _same_job(run: JobResult) -> str:
    names = {"job": run.job, "pipeline": run.pipeline, "project": run.project, "branch": run.branch}
    return f"/runs?{urlencode(names)}"


def _run(settings: Settings, name: str) -> JobResult:
    with History(settings) as history:
        found = history.run(name)
    if found is None:
        raise NotThere(f"there is no run {name[:80]!r} in the run database")
    return found


def _file(settings: Settings, request: "Request") -> "Response":
    """Give a file of a run's evidence: to be saved, or with `?show` as plain text."""
    from starlette.responses import StreamingResponse

    name = request.path_params["name"]
    folder = evidence_file.folder_of(settings, _run(settings, request.path_params["run"]))
    if folder is None:
        raise NotThere("no evidence of this run is kept here")
    size, octets = evidence_file.pieces(folder, name)
    headers = {"Content-Length": str(size), "Content-Security-Policy": "default-src 'none'; sandbox"}
    if "show" in request.query_params:
        return StreamingResponse(octets, headers=headers, media_type="text/plain; charset=utf-8")
    headers["Content-Disposition"] = evidence_file.disposition(name)
    return StreamingResponse(octets, headers=headers, media_type="application/octet-stream")
