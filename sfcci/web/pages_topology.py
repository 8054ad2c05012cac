"""The tracer's page: the topology as a live picture, captures, flows, and a request's path drawn over it.

The page is the same for everybody and holds no data: all that it shows it asks the analyzer's API for.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sfcci.web.answer import Endpoint, page_text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def routes() -> Mapping[str, Endpoint]:
    """Give the page, at both of its addresses."""

    def topology(_request: "Request") -> "Response":
        from starlette.responses import Response

        text = page_text("topology.html", title="Topology", here="/topology", places=())
        return Response(text, media_type="text/html; charset=utf-8")

    return {"/": topology, "/topology": topology}
