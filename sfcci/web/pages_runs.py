"""The runs' pages: which runs there were, the runs behind a point of a series, one run with its reasons and evidence."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from sfcci.errors import UsageError
from sfcci.gate.folder import evidence_folder
from sfcci.gate.history import History
from sfcci.gate.inquiry import attempts, find
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.metric.name import Kind, SeriesName, metric_name
from sfcci.moment import moment_text
from sfcci.settings import Settings
from sfcci.web import evidence_file, run_paths
from sfcci.web.answer import Endpoint, NotThere, names, page
from sfcci.web.asked_runs import ANY_BAD, listed

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

FIELDS = ("job", "pipeline", "project", "branch", "since", "until")
HIDDEN = ("metric", "at", "from", "step")
"""What the form keeps of a question about a point."""
TONES = {Result.SUCCESS: "good"} | dict.fromkeys(BAD, "bad")


def routes(settings: Settings) -> Mapping[str, Endpoint]:
    """Give the pages of runs, newest first, of one run, and its files."""

    def runs(request: "Request") -> "Response":
        given = request.query_params
        with History(settings) as history:
            found = listed(settings, history, request)
            empty = not found.rows and not given and not history.count()
        folders = {run.run: evidence_folder(settings, run) for run in found.rows if run.result in BAD}
        return page(
            "runs.html",
            request,
            title="Runs",
            found=found,
            empty=empty,
            given={name: _told(given.get(name, "")) for name in FIELDS},
            hidden=[(name, value) for name in HIDDEN for value in names(request, name)],
            picked=given.getlist("result"),
            results=[ANY_BAD, *Result],
            tones=TONES,
            run_path=run_path,
            drawn={run for run, folder in folders.items() if folder and run_paths.any_in(folder)},
        )

    def run(request: "Request") -> "Response":
        with History(settings) as history:
            result = _found(history, settings, request)
            tried = attempts(history, result)
        folder = evidence_folder(settings, result)
        return page(
            "run.html",
            request,
            title=f"{result.result} {result.job}",
            run=result,
            attempts=tried if len(tried) > 1 else (),
            tones=TONES,
            run_path=run_path,
            series=str(SeriesName(Kind.COUNT, metric_name(result))),
            files=evidence_file.shown(folder) if folder else (),
            drawn=run_paths.drawn(folder) if folder else None,
            folder=folder,
            is_address=result.log_dir.startswith(("http://", "https://")),
            file_path=lambda name: f"{run_path(result.run)}/files/{quote(name)}",
            same_job=_same_job(result),
        )

    def file(request: "Request") -> "Response":
        return _file(settings, request)

    return {
        "/runs": runs,
        "/runs/{run}/files/{name:path}": file,
        "/runs/{run:path}": run,
        run_paths.STYLE: run_paths.style,
    }


def _told(text: str) -> str:
    """Give what a field says; epoch seconds, which graphs ask with, as people write times."""
    return moment_text(int(text)) if re.fullmatch(r"[0-9]{9,10}", text) else text


def run_path(run: str) -> str:
    """Give the address of a run's page."""
    return f"/runs/{quote(run, safe='')}"


def _same_job(run: JobResult) -> str:
    words = {"job": run.job, "pipeline": run.pipeline, "project": run.project, "branch": run.branch}
    return f"/runs?{urlencode(words)}"


def _found(history: History, settings: Settings, request: "Request") -> JobResult:
    """Give the run that an address names: its id, the beginning of it, `last`. Raises NotThere with what is near."""
    try:
        return find(history, settings, request.path_params["run"])
    except UsageError as error:
        raise NotThere(str(error)) from None


def _file(settings: Settings, request: "Request") -> "Response":
    """Give a file of a run's evidence: to be saved, or with `?show` as plain text."""
    from starlette.responses import StreamingResponse

    name = request.path_params["name"]
    with History(settings) as history:
        folder = evidence_folder(settings, _found(history, settings, request))
    if folder is None:
        raise NotThere("no evidence of this run is kept here")
    size, octets = evidence_file.pieces(folder, name)
    headers = {"Content-Length": str(size), "Content-Security-Policy": "default-src 'none'; sandbox"}
    if "show" in request.query_params:
        return StreamingResponse(octets, headers=headers, media_type="text/plain; charset=utf-8")
    headers["Content-Disposition"] = evidence_file.disposition(name)
    return StreamingResponse(octets, headers=headers, media_type="application/octet-stream")
