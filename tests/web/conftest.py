"""A stand-in for graphite-web: real HTTP on loopback, JSON as the real one answers, from a handful of series that a test sets."""

import contextlib
import importlib.util
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sfcci.metric.catalogue import Known
from sfcci.web import assets


class Graphite:
    """`series`: a piece of a target → values, spread evenly over the time asked for; `names`: all series there are."""

    def __init__(self):
        self.series, self.names, self.asked, self.url = {}, [], [], ""

    def render(self, form):
        begin, until = int(form["from"][0]), int(form["until"][0])
        return [one for target in form["target"] for one in self.answer(target, begin, until)]

    def answer(self, target, begin, until):
        alias = re.search(r"'([^']*)'\)$", target)
        for piece, values in self.series.items():
            if piece in target:
                step = (until - begin) / len(values)
                points = [[value, int(begin + step * (n + 0.5))] for n, value in enumerate(values)]
                name = alias[1] if alias else target
                yield {"target": name, "tags": {"name": target}, "datapoints": points}
                return

    def expand(self, form):
        leaves_only = form.get("leavesOnly", ["0"])[0] == "1"
        return {"results": Known(self.names).expand(form["query"], leaves_only=leaves_only)}

    def find(self, form):
        found = Known(self.names).find(form["query"][0])
        return [{"path": name, "is_leaf": leaf} for name, leaf in found.items()]

    def index(self):
        """All names; None: they are not handed over."""
        return sorted(self.names)


def handler(graphite):
    class Handler(BaseHTTPRequestHandler):
        server_version = "sfcci-test-stand-in-for-graphite-web/1.1"

        def log_message(self, *_words):
            pass

        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            graphite.asked.append((self.path, form))
            if "explode(" in form.get("target", [""])[0]:
                status, kind, text = 400, "text/plain", b"Received request for unknown function: explode"
            else:
                ways = {
                    "/render": graphite.render,
                    "/metrics/expand": graphite.expand,
                    "/metrics/find": graphite.find,
                }
                answer = ways[self.path](form)
                status, kind, text = 200, "application/json", json.dumps(answer).encode()
            self.answer(status, kind, text)

        def do_GET(self):
            graphite.asked.append((self.path, {}))
            names = graphite.index() if self.path == "/metrics/index.json" else None
            if names is None:
                self.answer(404, "text/html", b"<h1>Not Found</h1>")
            else:
                self.answer(200, "application/json", json.dumps(names).encode())

        def answer(self, status, kind, text):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


@contextlib.contextmanager
def served():
    graphite = Graphite()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(graphite))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    graphite.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield graphite
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def graphite():
    with served() as found:
        yield found


@pytest.fixture(scope="session")
def own(tmp_path_factory):
    """Our own assets, with empty files in place of uPlot, which the browser's ring needs and this one does not."""
    folder = tmp_path_factory.mktemp("assets")
    for name in assets.THEIRS:
        (folder / name).write_text("")
    ours = Path(assets.__file__).parent / "static"
    return {name: ours / name for name in assets.OURS} | {name: folder / name for name in assets.THEIRS}


@pytest.fixture
def without_uplot(own, monkeypatch):
    """Pages without uPlot: nothing is installed."""
    monkeypatch.setattr(assets, "asset_files", lambda _cache, _say: own)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A page of headless Chromium, for all tests."""
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).parent / "browser.py")
    browser = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(browser)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def page(chromium):
    """A page on which nothing of an earlier test goes on, and nothing of it was noted."""
    chromium.blank()
    yield chromium
    chromium.blank()


@pytest.fixture
def picture(tmp_path):
    """Take a screenshot; SFCCI_SCREENSHOTS names the folder where it is left to be looked at."""

    def take(page, name):
        folder = Path(os.environ.get("SFCCI_SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(folder / f"{name}.png")
        return folder / f"{name}.png"

    return take
