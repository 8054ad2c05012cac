"""One server for all pages, on loopback: dashboards, the gate's report, runs with their evidence, metric names.

The Host header is checked, so that a name that somebody points at 127.0.0.1 reads nothing; there is no way to write
anything.
"""

import contextlib
import errno
import importlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci.dashboard.latest import Latest, Prepare
from sfcci.errors import UsageError
from sfcci.settings import Settings
from sfcci.web import assets, pages_dashboards, pages_metrics
from sfcci.web.answer import Endpoint, NotThere, as_answer, asset
from sfcci.web.live import Live
from sfcci.web.live import routes as live_routes
from sfcci.web.pages_dashboards import Preview, Readers
from sfcci.web.serving import served

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")


def application(pages: Mapping[str, Endpoint], files: Mapping[str, Path]) -> "Starlette":
    """Give the server's application: pages, what they ask for, their assets; all by GET."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

    def static(request: "Request") -> "Response":
        name = request.path_params["name"]
        if name not in files:
            raise NotThere("there is no such file")
        return asset(name, files)

    def nowhere(request: "Request") -> "Response":
        raise NotThere(f"there is no page {request.url.path}")

    routes = {**pages, "/static/{name:path}": static, "/{path:path}": nowhere}
    return Starlette(
        routes=[Route(path, as_answer(endpoint), methods=["GET"]) for path, endpoint in routes.items()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS), www_redirect=False)],
    )


@contextlib.contextmanager
def start_preview(
    settings: Settings,
    graphite_url: str,
    port: int = 0,
    *,
    paths: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _text: None,
    prepare: Prepare = lambda found: found,
) -> Iterator[str]:
    """Serve the pages for the block and give their address; the first shows the dashboards at `paths` (the project's).

    What is shown follows the files; `prepare` makes of the dashboards those that are shown. `graphite_url` "" means that
    there is none; `port` 0 takes any free one. Raises UsageError for a taken port or a path that leads nowhere, Unreachable
    without uPlot.
    """
    own = settings.project / "dashboards"
    readers = Readers(graphite_url)
    live = Live(Latest(paths or ((own,) if own.is_dir() else ()), prepare))
    pages = {
        **pages_dashboards.routes(Preview(live, readers)),
        **live_routes(live),
        **pages_metrics.routes(pages_metrics.Metrics(readers)),
        **_late(settings),
    }
    # The streams end before their server, which would wait for them.
    with start_pages(settings, pages, port, say=say) as address, live.watching():
        yield address


@contextlib.contextmanager
def start_pages(
    settings: Settings,
    pages: Mapping[str, Endpoint],
    port: int = 0,
    *,
    say: Callable[[str], None] = lambda _text: None,
) -> Iterator[str]:
    """Serve pages with our assets for the block and give their address. Raises UsageError, Unreachable."""
    files = assets.asset_files(settings.cache, say)
    with _listening(port) as listener, served(application(pages, files), listener, "the pages' server"):
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}/"


LATE = {
    "sfcci.web.pages_report": ("/report",),
    "sfcci.web.pages_runs": (
        "/runs",
        "/runs/{run}/files/{name:path}",
        "/runs/{run:path}",
        "/static/path.css",
    ),
}
"""Pages that open the run database, whose library takes half a second to load: loaded when they are first asked for."""


def _late(settings: Settings) -> dict[str, Endpoint]:
    def endpoint(module: str, path: str) -> Endpoint:
        def answer(request: "Request") -> "Response":
            found: Endpoint = importlib.import_module(module).routes(settings)[path]
            return found(request)

        return answer

    return {path: endpoint(module, path) for module, paths in LATE.items() for path in paths}


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        reasons = {errno.EADDRINUSE: "is taken", errno.EACCES: "is for root only"}
        if error.errno not in reasons:
            raise
        raise UsageError(
            f"port {port} {reasons[error.errno]}; choose another with --port, or leave it out for a free one"
        ) from None
    with listener:
        # asyncio does so for sockets that say that they are TCP, which those of create_server do not: without it a page's
        # answers wait for the other side's acknowledgement, 40 ms each.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener
