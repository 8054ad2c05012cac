"""A stand-in for Grafana, for tests: real HTTP on loopback, answers as a recorded 7.5.5 gives them.

It is not Grafana and says so in its Server header. Every request is kept and checked: known route, JSON in and out, an
Authorization that it knows. Bodies and statuses come from the recording; what 7.5.5 does in silence it does too (an unknown
folderUid is ignored, a dashboard's panels are kept as they come).
"""

import base64
import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN, USER, PASSWORD = "glsa_geheim", "admin", "hunter2 ö:"


@dataclass
class Grafana:
    """The server's state: what a test sets up, and what it looks at afterwards."""

    recording: dict
    prefix: str = ""
    version: str = "7.5.5"
    viewer: bool = False
    forgets_folders: bool = False
    reply: tuple | None = None
    """(status, headers, bytes) instead of any answer."""
    url: str = ""
    requests: list = field(default_factory=list)
    folders: dict = field(default_factory=dict)
    dashboards: dict = field(default_factory=dict)
    datasources: dict = field(
        default_factory=lambda: {"graphite": {"name": "graphite", "type": "graphite", "uid": "gg"}}
    )

    def recorded(self, name):
        """Give status and body of a recorded exchange."""
        one = self.recording[name]
        return one["status"], json.loads(json.dumps(one["body"]))

    def paths(self, method=None):
        return [path for verb, path, _, _ in self.requests if method in (None, verb)]

    def answer(self, method, path, headers, body):
        if refusal := self.refusal(path, headers):
            return refusal
        routes = [
            ("GET", r"/api/health", self.health),
            ("GET", r"/api/org", lambda: (200, {"id": 1, "name": "Main Org."})),
            ("GET", r"/api/folders/([^/]+)", self.folder),
            ("POST", r"/api/folders", lambda: self.new_folder(body)),
            ("GET", r"/api/datasources/name/([^/]+)", self.datasource),
            ("POST", r"/api/dashboards/db", lambda: self.save(body)),
            ("GET", r"/api/dashboards/uid/([^/]+)", self.dashboard),
        ]
        for verb, route, endpoint in routes:
            if method == verb and (found := re.fullmatch(route, path)):
                return endpoint(*(unquote(part) for part in found.groups()))
        return 404, {"message": "Not found"}

    def refusal(self, path, headers):
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        given = headers.get("Authorization", "")
        if path == "/api/health" or given in (f"Bearer {TOKEN}", basic):
            return None
        return self.recorded("bad token" if given.startswith("Bearer") else "bad basic auth")

    def health(self):
        status, body = self.recorded("health")
        return status, body | {"version": self.version}

    def folder(self, uid):
        return (200, self.folders[uid]) if uid in self.folders else self.recorded("folder missing")

    def new_folder(self, body):
        if body["uid"] in self.folders:
            return self.recorded("folder create again")
        status, made = self.recorded("folder create")
        self.folders[body["uid"]] = made | {
            "uid": body["uid"],
            "title": body["title"],
            "id": 48 + len(self.folders),
        }
        return status, self.folders[body["uid"]]

    def datasource(self, name):
        return (200, self.datasources[name]) if name in self.datasources else self.recorded("ds missing")

    def save(self, body):
        if self.viewer:
            return self.recorded("viewer write (anonymous)")
        sent = body["dashboard"]
        faults = {
            "dash no title": not sent.get("title"),
            "dash long uid": len(sent["uid"]) > 40,
            "dash bad uid": not re.fullmatch(r"[A-Za-z0-9_-]+", sent["uid"]),
            "dash stale version": sent["uid"] in self.dashboards and not body.get("overwrite"),
        }
        if name := next((name for name, wrong in faults.items() if wrong), ""):
            return self.recorded(name)
        folder = next((f for f in self.folders.values() if f["id"] == body.get("folderId")), None)
        if body.get("folderId") and not folder:
            return self.recorded("dash unknown folderId")
        version = self.dashboards.get(sent["uid"], {"version": 0})["version"] + 1
        kept = None if self.forgets_folders else folder
        self.dashboards[sent["uid"]] = {
            "dashboard": sent | {"id": 49, "version": version},
            "folder": kept,
            "version": version,
        }
        status, made = self.recorded("dash create")
        url = f"{self.prefix}/d/{sent['uid']}/{sent['uid']}"
        return status, made | {"uid": sent["uid"], "url": url, "version": version}

    def dashboard(self, uid):
        if uid not in self.dashboards:
            return self.recorded("dash get missing")
        status, body = self.recorded("dash get")
        folder = self.dashboards[uid]["folder"] or {"id": 0, "title": "General"}
        meta = body["meta"] | {"folderId": folder["id"], "folderTitle": folder["title"]}
        return status, {"meta": meta, "dashboard": self.dashboards[uid]["dashboard"]}


def handler(state):
    class Handler(BaseHTTPRequestHandler):
        server_version = "sfcci-test-stand-in-for-Grafana/7.5.5"

        def log_message(self, *_words):
            pass

        def do_GET(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            assert path.startswith(state.prefix), path
            body = json.loads(raw) if raw else None
            assert not raw or self.headers["Content-Type"] == "application/json"
            state.requests.append((self.command, path, dict(self.headers), body))
            if state.reply:
                status, headers, text = state.reply
            else:
                status, made = state.answer(self.command, path.removeprefix(state.prefix), self.headers, body)
                headers, text = {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(made).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - http.server's name

    return Handler


@contextlib.contextmanager
def serving(recording, prefix=""):
    state = Grafana({one["name"]: one for one in recording}, prefix=prefix)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
