"""A stand-in for graphite-web: real HTTP on loopback, JSON as the real one answers, from a handful of series that a test sets."""

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from sfcci.dashboard import target as grammar


class Graphite:
    """`series`: a piece of a target → values, spread evenly over the time asked for; `names`: what /metrics/expand knows."""

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
        found = {n for n in self.names for q in form["query"] if grammar.pattern(q).fullmatch(n)}
        return {"results": sorted(found)}


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
                answer = graphite.render(form) if self.path == "/render" else graphite.expand(form)
                status, kind, text = 200, "application/json", json.dumps(answer).encode()
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
