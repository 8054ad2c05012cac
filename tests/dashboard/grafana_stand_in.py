"""A stand-in for Grafana, for tests: real HTTP on loopback, answers as a recorded 7.5.5 gives them.

It is not Grafana and says so in its Server header. Every request is kept and checked: known route, JSON in and out, an
Authorization that it knows. Bodies and statuses come from the recording; what 7.5.5 does in silence it does too (an unknown
folderUid is ignored, a dashboard's panels are kept as they come). Routes and statuses that the recording lacks (search by
tag, list of folders, a title that is taken, PUT of a data source), and all of `Newer` (9 to 13), are from Grafana's
documentation and source and were not seen on a real server; `Newer` says what differs from version to version.
"""

import base64
import contextlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN, USER, PASSWORD = "glsa_geheim", "admin", "hunter2 ö:"
BUILT_IN = {"builtIn": 1, "name": "Annotations & Alerts", "enable": True, "type": "dashboard"}


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
    replies: dict = field(default_factory=dict)
    """(method, part of the path) → such a reply; for a POST the part of the dashboard's title."""
    hook: object = None
    """Called with (method, path, body) before each answer."""
    latency_s: float = 0.0
    broken_off: bool = False
    drip_s: float = 0.0
    secrets: set = field(default_factory=lambda: {f"Bearer {TOKEN}", basic(USER, PASSWORD)})
    url: str = ""
    requests: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    folders: dict = field(default_factory=dict)
    dashboards: dict = field(default_factory=dict)
    datasources: dict = field(
        default_factory=lambda: {"graphite": {"id": 1, "name": "graphite", "type": "graphite", "uid": "gg"}}
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def recorded(self, name):
        """Give status and body of a recorded exchange."""
        one = self.recording[name]
        return one["status"], json.loads(json.dumps(one["body"]))

    def paths(self, method=None):
        return [path for verb, path, _, _ in self.requests if method in (None, verb)]

    def writes(self):
        """Give method and path of every request that is no GET."""
        return [(verb, path) for verb, path, _, _ in self.requests if verb != "GET"]

    def answer(self, method, path, query, headers, body):
        if refusal := self.refusal(path, headers):
            return refusal
        with self.lock:
            for verb, route, endpoint in self.routes(body, query):
                if method == verb and (found := re.fullmatch(route, path.rstrip("/"))):
                    return endpoint(*(unquote(part) for part in found.groups()))
        self.faults.append(f"no route for {method} {path}")
        return 404, {"message": "Not found"}

    def routes(self, body, query):
        return [
            ("GET", r"/api/health", self.health),
            ("GET", r"/api/org", lambda: (200, {"id": 1, "name": "Main Org."})),
            ("GET", r"/api/search", lambda: self.search(query)),
            ("GET", r"/api/folders", lambda: (200, list(self.folders.values()))),
            ("GET", r"/api/folders/([^/]+)", self.folder),
            ("POST", r"/api/folders", lambda: self.new_folder(body)),
            ("GET", r"/api/datasources", lambda: (200, list(self.datasources.values()))),
            ("POST", r"/api/datasources", lambda: self.new_datasource(body)),
            ("GET", r"/api/datasources/name/([^/]+)", self.datasource),
            ("DELETE", r"/api/datasources/name/([^/]+)", self.delete_datasource),
            ("GET", r"/api/datasources/(\d+)", self.datasource_by_number),
            ("PUT", r"/api/datasources/(\d+)", lambda number: self.put_datasource("id", int(number), body)),
            ("POST", r"/api/dashboards/db", lambda: self.save(body)),
            ("GET", r"/api/dashboards/uid/([^/]+)", self.dashboard),
            ("DELETE", r"/api/dashboards/uid/([^/]+)", self.delete_dashboard),
        ]

    def refusal(self, path, headers):
        given = headers.get("Authorization", "")
        if path == "/api/health" or given in self.secrets:
            return None
        return self.recorded("bad token" if given.startswith("Bearer") else "bad basic auth")

    def health(self):
        status, body = self.recorded("health")
        return status, body | {"version": self.version}

    def search(self, query):
        wanted = query.get("tag", [])
        hits = [
            {
                **self.recorded("search")[1][0],
                "uid": uid,
                "title": one["dashboard"]["title"],
                "tags": one["dashboard"].get("tags", []),
                **({"folderTitle": one["folder"]["title"]} if one["folder"] else {}),
            }
            for uid, one in self.dashboards.items()
            if set(wanted) <= set(one["dashboard"].get("tags", []))
        ]
        limit, page = int(query.get("limit", ["1000"])[0]), int(query.get("page", ["1"])[0])
        return 200, hits[limit * (page - 1) : limit * page]

    def folder(self, uid):
        return (200, self.folders[uid]) if uid in self.folders else self.recorded("folder missing")

    def new_folder(self, body):
        if body["uid"] in self.folders or body["title"] in [one["title"] for one in self.folders.values()]:
            return self.recorded("folder create again")
        status, made = self.recorded("folder create")
        self.folders[body["uid"]] = made | {
            "uid": body["uid"],
            "title": body["title"],
            "id": 48 + len(self.folders),
            "url": f"/dashboards/f/{body['uid']}/{body['uid']}",
        }
        return status, self.folders[body["uid"]]

    def datasource(self, name):
        return (200, self.datasources[name]) if name in self.datasources else self.recorded("ds missing")

    def datasource_by_number(self, number):
        found = [one for one in self.datasources.values() if one["id"] == int(number)]
        return (200, found[0]) if found else self.recorded("ds missing")

    def new_datasource(self, body):
        uids = [one["uid"] for one in self.datasources.values()]
        if body["name"] in self.datasources or body.get("uid") in uids:
            return self.recorded("ds create again")
        status, made = self.recorded("ds create")
        self.datasources[body["name"]] = made["datasource"] | body | {"id": 10 + len(self.datasources)}
        return status, made | {"name": body["name"]}

    def put_datasource(self, key, value, body):
        found = next((one for one in self.datasources.values() if one[key] == value), None)
        if not found:
            return self.recorded("ds missing")
        del self.datasources[found["name"]]
        self.datasources[body["name"]] = found | body
        return 200, {"message": "Datasource updated", "id": found["id"], "name": body["name"]}

    def delete_datasource(self, name):
        if not self.datasources.pop(name, None):
            return self.recorded("ds missing")
        return self.recorded("ds delete by name")

    def save(self, body):
        if self.viewer:
            return self.recorded("viewer write (anonymous)")
        sent = body["dashboard"]
        there = self.dashboards.get(sent.get("uid"))
        overwrite = body.get("overwrite")
        faults = {
            "dash no title": not sent.get("title"),
            "dash long uid": len(sent["uid"]) > 40,
            "dash bad uid": not re.fullmatch(r"[A-Za-z0-9_-]+", sent["uid"]),
            "dash stale version": there and not overwrite and sent.get("version", 0) != there["version"],
        }
        if name := next((name for name, wrong in faults.items() if wrong), ""):
            return self.recorded(name)
        folder, refusal = self.place(body)
        if refusal:
            return refusal
        if not overwrite and self.title_taken(sent, folder):
            words = "A dashboard with the same name in the folder already exists"
            return 412, {"message": words, "status": "name-exists"}
        return self.keep(sent, folder)

    def place(self, body):
        folder = next((f for f in self.folders.values() if f["id"] == body.get("folderId")), None)
        return folder, self.recorded("dash unknown folderId") if body.get("folderId") and not folder else None

    def title_taken(self, sent, folder):
        return any(
            uid != sent["uid"] and one["dashboard"]["title"] == sent["title"] and one["folder"] == folder
            for uid, one in self.dashboards.items()
        )

    def keep(self, sent, folder):
        version = self.dashboards.get(sent["uid"], {"version": 0})["version"] + 1
        self.dashboards[sent["uid"]] = {
            "dashboard": sent | {"id": 49, "version": version},
            "folder": None if self.forgets_folders else folder,
            "version": version,
        }
        status, made = self.recorded("dash create")
        return status, made | {"uid": sent["uid"], "url": self.page(sent["uid"]), "version": version}

    def page(self, uid):
        return f"{self.prefix}/d/{uid}/{uid}"

    def dashboard(self, uid):
        if uid not in self.dashboards:
            return self.recorded("dash get missing")
        status, body = self.recorded("dash get")
        one = self.dashboards[uid]
        meta = (
            body["meta"]
            | self.folder_meta(one["folder"])
            | {"url": self.page(uid), "version": one["version"]}
        )
        return status, {"meta": meta, "dashboard": one["dashboard"]}

    def folder_meta(self, folder):
        if not folder:
            return {"folderId": 0, "folderTitle": "General", "folderUrl": ""}
        return {"folderId": folder["id"], "folderTitle": folder["title"], "folderUrl": folder["url"]}

    def delete_dashboard(self, uid):
        if not (gone := self.dashboards.pop(uid, None)):
            return self.recorded("dash delete again")
        status, body = self.recorded("dash delete")
        return status, body | {"title": gone["dashboard"]["title"]}

    def somebody_saves(self, uid, **changes):
        """Change a dashboard as its page would."""
        one = self.dashboards[uid]
        one["version"] += 1
        one["dashboard"] = one["dashboard"] | changes | {"version": one["version"]}


@dataclass
class Newer(Grafana):
    """Grafana 9 to 13, from documentation, release notes and source; none was asked.

    9: data sources are found and changed by uid, by number still; folders are named by uid (`folderUid`; `folderId` is told and
    taken, and deprecated); every saved dashboard gets the built-in annotation; the folder of no name is shown as Dashboards.
    10: a refused secret is told with `messageId` and `statusCode`; the list of folders has id, uid and title only.
    11: a dashboard's `meta` names its folder by uid alone. Old API keys can be made no more (11.3); those that are there go on as
    tokens of service accounts.
    12: dashboards are kept by an API of Kubernetes' style: `meta` tells its version, and /api/dashboards goes on serving them, but
    refuses those of the new layout (v2) with 406 and the address that has them. Rows of old dashboards are not shown.
    13: data sources by number are off (404); a folder's number in a dashboard that is saved is ignored; /api is deprecated and
    goes on working. What has a version of its own below is only that; the rest is the same for all.
    """

    v2: set = field(default_factory=set)
    """uids of dashboards that somebody saved in the new layout."""

    @property
    def major(self):
        return int(self.version.partition(".")[0] or 13)

    def routes(self, body, query):
        taken = [r"/api/folders"] if self.major >= 10 else []
        taken += [r"/api/datasources/(\d+)"] if self.major >= 13 else []
        kept = [one for one in super().routes(body, query) if one[0] == "POST" or one[1] not in taken]
        by_uid = ("PUT", r"/api/datasources/uid/([^/]+)", lambda uid: self.put_datasource("uid", uid, body))
        folders = ("GET", r"/api/folders", lambda: (200, [self.short(one) for one in self.folders.values()]))
        return [*kept, by_uid, folders, ("GET", r"/api/datasources/uid/([^/]+)", self.datasource_by_uid)]

    def short(self, folder):
        return {key: folder[key] for key in ("id", "uid", "title")}

    def health(self):
        status, body = super().health()
        return status, {key: value for key, value in body.items() if value}  # a version may be kept secret

    def datasource_by_uid(self, uid):
        found = [one for one in self.datasources.values() if one["uid"] == uid]
        return (200, found[0]) if found else (404, {"message": "Data source not found", "traceID": ""})

    def refusal(self, path, headers):
        if path == "/api/health" or headers.get("Authorization", "") in self.secrets:
            return None
        if self.major < 10:
            return super().refusal(path, headers)
        words = {
            "message": "Invalid API key",
            "messageId": "api-key.invalid",
            "statusCode": 401,
            "traceID": "",
        }
        return 401, words

    def place(self, body):
        uid = body.get("folderUid")
        if uid and uid not in self.folders:
            return None, (400, {"message": "folder not found", "status": "not-found"})
        if not uid and self.major < 13:
            return super().place(body)
        return self.folders.get(uid), None

    def keep(self, sent, folder):
        annotations = {"list": [BUILT_IN, *(sent.get("annotations") or {}).get("list", [])]}
        status, made = super().keep(sent | {"annotations": annotations}, folder)
        return status, made | {"folderUid": folder["uid"] if folder else ""}

    def dashboard(self, uid):
        if uid in self.v2:
            where = f"/apis/dashboard.grafana.app/v2beta1/namespaces/default/dashboards/{uid}"
            return 406, {
                "message": f"dashboard api version not supported, use {where} instead",
                "traceID": "",
            }
        status, body = super().dashboard(uid)
        if status == 200 and self.major >= 12:
            body["meta"]["apiVersion"] = "v1beta1"
        if status == 200 and self.major >= 11:
            body["meta"].pop("folderId", None)
        return status, body

    def folder_meta(self, folder):
        if not folder:
            return {"folderId": 0, "folderUid": "", "folderTitle": "Dashboards", "folderUrl": ""}
        named = {"folderId": folder["id"], "folderUid": folder["uid"]}
        return {**named, "folderTitle": folder["title"], "folderUrl": folder["url"]}


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def handler(state):  # noqa: C901 - a class of small methods
    class Handler(BaseHTTPRequestHandler):
        server_version = "sfcci-test-stand-in-for-Grafana/7.5.5"
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_words):
            pass

        def do_GET(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            if not parts.path.startswith(state.prefix + "/"):
                state.faults.append(f"{parts.path} is not below {state.prefix}")
            if raw and self.headers["Content-Type"] != "application/json":
                state.faults.append(f"{self.command} {parts.path} is not sent as JSON")
            body = json.loads(raw) if raw else None
            state.requests.append((self.command, parts.path, dict(self.headers), body))
            time.sleep(state.latency_s)
            if state.hook:
                state.hook(self.command, parts.path, body)
            self.reply(*self.made(parts, body))

        def made(self, parts, body):
            title = str(((body or {}).get("dashboard") or {}).get("title", ""))
            for (verb, part), reply in [*state.replies.items()]:
                if verb == self.command and (part in parts.path or (part and part in title)):
                    return reply
            if state.reply:
                return state.reply
            path = parts.path.removeprefix(state.prefix)
            status, made = state.answer(self.command, path, parse_qs(parts.query), self.headers, body)
            return status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(made).encode()

        def reply(self, status, headers, text):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            if state.broken_off:
                self.wfile.write(text[: len(text) // 2])
                self.close_connection = True
            elif state.drip_s:
                with contextlib.suppress(OSError):
                    for byte in text:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(state.drip_s)
            else:
                self.wfile.write(text)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_words):
        pass  # a client that went away in the middle


@contextlib.contextmanager
def serving(recording, prefix="", version="7.5.5", tls=None):
    """Serve until the block ends; `tls`: an SSL context."""
    kind = Grafana if version.startswith("7") else Newer
    state = kind({one["name"]: one for one in recording}, prefix=prefix, version=version)
    server = Server(("127.0.0.1", 0), handler(state))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}{prefix}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
