"""The gate's report as a page: made anew with each look, jobs lead to their runs."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sfcci.gate.query import Query
from sfcci.gate.report_html import report_html, style_source
from sfcci.gate.report_read import read_report
from sfcci.settings import Settings
from sfcci.web.answer import HEADERS, Endpoint, asked_moment, bar, names

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

RUNS = "/runs?job={job}&pipeline={pipeline}&project={project}&branch={branch}"
"""Where the runs of a job are told."""


def routes(settings: Settings) -> Mapping[str, Endpoint]:
    """Give the page; `since`, `job`, `pipeline`, `project`, `branch` in its address say what is looked at."""

    def report(request: "Request") -> "Response":
        from starlette.responses import Response

        now_s = time.time()
        query = Query(
            jobs=names(request, "job"),
            pipelines=names(request, "pipeline"),
            projects=names(request, "project"),
            branches=names(request, "branch"),
            since_s=asked_moment(request, "since", now_s),
        )
        text = report_html(read_report(settings, now_s, query, RUNS))
        text = text.replace("</head>", '<link rel="stylesheet" href="/static/bar.css">\n</head>', 1)
        text = text.replace("<header>", f"<header>\n{bar(request)}", 1)
        policy = HEADERS["Content-Security-Policy"].replace(
            "style-src 'self'", f"style-src 'self' {style_source()}"
        )
        return Response(
            text, headers={"Content-Security-Policy": policy}, media_type="text/html; charset=utf-8"
        )

    return {"/report": report}
