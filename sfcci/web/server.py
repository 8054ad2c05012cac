"""One server for all pages, on loopback: today the preview, which draws dashboards from Graphite's real answers.

A browser may ask for what stands on a panel, and for nothing else of Graphite. The Host header is checked, so that a
name that somebody points at 127.0.0.1 reads nothing; there is no way to write anything.
"""

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci.dashboard import reading
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.validate import examine
from sfcci.errors import SfcciError, Unreachable, UsageError
from sfcci.finding import Severity
from sfcci.metric.graphite import GraphiteReader
from sfcci.settings import Settings
from sfcci.web import assets

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")
MAX_POINTS = 4000
START_TIMEOUT_S = 10.0
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Json = dict[str, Any]


class Preview:
    """What the page asks for: dashboards read anew each time the page asks for the list, panels answered by Graphite."""

    def __init__(self, paths: Sequence[Path], graphite_url: str) -> None:
        self.paths = tuple(paths)
        self.graphite_url = graphite_url
        self._readers = threading.local()
        self._dashboards: dict[str, Json] = {}
        self.listed()

    def listed(self) -> Json:
        """Read the files and give the dashboards, with what is wrong in them."""
        seen = examine(self.paths)
        self._dashboards = {dashboard.uid: _drawable(dashboard) for dashboard in seen.dashboards}
        return {
            "graphite": self.reader().shown,
            "dashboards": [{"uid": one.uid, "title": one.title, "path": one.path} for one in seen.dashboards],
            "problems": [str(one) for one in seen.findings if one.severity is Severity.ERROR],
        }

    def reader(self) -> GraphiteReader:
        """Give this thread's reader: its connection is not shared."""
        if not hasattr(self._readers, "reader"):
            self._readers.reader = GraphiteReader(self.graphite_url)
        reader: GraphiteReader = self._readers.reader
        return reader

    def dashboard(self, uid: str) -> Json:
        """Give a dashboard. Raises UsageError for a name that none has."""
        if uid not in self._dashboards:
            raise UsageError(f"there is no dashboard {uid!r}")
        return {"dashboard": self._dashboards[uid]}

    def panel(self, uid: str, number: int, from_s: int, until_s: int, points: int) -> Json:
        """Give what a panel shows over a time. Raises UsageError, Unreachable."""
        panels = list(reading.drawn_panels(self.dashboard(uid)["dashboard"]))
        panel = next((one for one in panels if one.get("id") == number), None)
        if panel is None:
            raise UsageError(f"the dashboard {uid} has no panel {number}")
        found = reading.answers(panel, self.reader(), from_s, until_s, points)
        return {"from": from_s, "until": until_s, "answers": [_answer(one) for one in found]}


def application(preview: Preview, files: Mapping[str, Path]) -> "Starlette":
    """Give the server's application: the page, its assets, and the three questions that it asks."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

    def page(_request: "Request") -> "Response":
        return _file(files["preview.html"])

    def static(request: "Request") -> "Response":
        path = files.get(request.path_params["name"])
        return _file(path) if path else _json({"message": "there is no such file"}, 404)

    def listed(_request: "Request") -> "Response":
        return _json(preview.listed())

    def dashboard(request: "Request") -> "Response":
        return _json(preview.dashboard(request.path_params["uid"]))

    def render(request: "Request") -> "Response":
        return _json(preview.panel(request.query_params.get("dashboard", ""), **_query(request)))

    routes = {
        "/": page,
        "/static/{name}": static,
        "/api/dashboards": listed,
        "/api/dashboards/{uid}": dashboard,
        "/api/render": render,
    }
    return Starlette(
        routes=[Route(path, _answering(endpoint), methods=["GET"]) for path, endpoint in routes.items()],
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
) -> Iterator[str]:
    """Serve the preview of `paths` (the project's dashboards) for the block and give its address.

    `port` 0 takes any free one. Raises UsageError for a taken port or a path that leads nowhere, Unreachable without uPlot.
    """
    preview = Preview(paths or (settings.project / "dashboards",), graphite_url)
    files = assets.asset_files(settings.cache, say)
    with _listening(port) as listener, _serving(application(preview, files), listener):
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}/"


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
        yield listener


@contextlib.contextmanager
def _serving(app: "Starlette", listener: socket.socket) -> Iterator[None]:
    """Run uvicorn in a thread for the block; Ctrl-C stays with the main thread."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise Unreachable("the preview's server did not start")
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)


def _answering(endpoint: "Callable[[Request], Response]") -> "Callable[[Request], Response]":
    """Turn our errors into JSON with a status: a wrong question 400, a Graphite that is away 502."""

    def answer(request: "Request") -> "Response":
        try:
            response = endpoint(request)
        except UsageError as error:
            response = _json({"message": str(error)}, 400)
        except SfcciError as error:
            response = _json({"message": str(error)}, 502)
        response.headers.update(HEADERS)
        return response

    return answer


def _query(request: "Request") -> dict[str, int]:
    """Read a question about a panel. Raises UsageError."""
    given = request.query_params
    names = {"panel": "number", "from": "from_s", "until": "until_s", "points": "points"}
    try:
        query = {name: int(given.get(key, "")) for key, name in names.items()}
    except ValueError:
        raise UsageError("expected panel, from, until and points as whole numbers") from None
    if not 0 <= query["from_s"] < query["until_s"] < 2**33 or not 0 < query["points"] <= MAX_POINTS:
        raise UsageError(f"expected from < until in seconds, and points up to {MAX_POINTS}")
    return query


def _drawable(dashboard: Dashboard) -> Json:
    """Give Grafana's JSON with the text panels' Markdown made into HTML."""
    made = grafana_json(dashboard)
    made["panels"] = [_with_html(panel) for panel in made.get("panels", [])]
    return made


def _with_html(panel: Json) -> Json:
    inside = {"panels": [_with_html(one) for one in panel["panels"]]} if panel.get("panels") else {}
    if panel.get("type") != "text":
        return {**panel, **inside}
    options = panel.get("options") or {}
    return {**panel, "html": _html(str(options.get("content", "")), str(options.get("mode", "markdown")))}


def _html(content: str, mode: str) -> str:
    """Turn a text panel into HTML that is safe to show: tags of the file come out as text."""
    from html import escape

    from markdown_it import MarkdownIt

    if mode == "markdown":
        return str(MarkdownIt("commonmark", {"html": False}).render(content))
    return f"<pre>{escape(content)}</pre>"


def _answer(one: reading.Answer) -> Json:
    return {
        "ref": one.ref,
        "target": one.target,
        "trouble": str(one.trouble),
        "detail": one.detail,
        "column": one.column,
        "series": [
            {
                "name": series.target,
                "times": [at for _, at in series.values],
                "values": [number for number, _ in series.values],
            }
            for series in one.series
        ],
    }


def _file(path: Path) -> "Response":
    from starlette.responses import Response

    return Response(path.read_bytes(), media_type=f"{assets.TYPES[path.suffix]}; charset=utf-8")


def _json(body: Json, status: int = 200) -> "Response":
    from starlette.responses import JSONResponse

    return JSONResponse(body, status)
