"""What tempest asks of Keystone (Identity API v3): a token for a password, and a catalogue that names one service.

It knows only users that are handed to it, and gives each the one token that the served API knows for it.
"""

import json
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOMAIN = {"id": "default", "name": "Default"}
EVER = "2099-01-01T00:00:00.000000Z"


@dataclass(frozen=True)
class User:
    """One user: its project, its roles, and its token in the API."""

    name: str
    password: str
    project: str
    token: str
    roles: tuple[str, ...]

    @property
    def admin(self):
        """Whether it may do everything."""
        return "admin" in self.roles


def token_of(user, network_url, identity_url):
    """Give the body that goes with a token (api-ref: "Password authentication with scoped authorization")."""
    return {
        "token": {
            "methods": ["password"],
            "user": {"domain": DOMAIN, "id": user.name, "name": user.name, "password_expires_at": None},
            "project": {"domain": DOMAIN, "id": user.project, "name": user.project},
            "is_domain": False,
            "roles": [{"id": role, "name": role} for role in user.roles],
            "audit_ids": ["audit"],
            "issued_at": "2020-01-01T00:00:00.000000Z",
            "expires_at": EVER,
            "catalog": [_service("network", network_url), _service("identity", identity_url)],
        }
    }


def _service(kind, url):
    endpoint = {"id": kind, "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": url}
    return {"id": kind, "type": kind, "name": kind, "endpoints": [endpoint]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Give a token for a name and its password, or a new project."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v3/projects":
            project = {"id": uuid.uuid4().hex, "enabled": True, "domain_id": "default", **asked["project"]}
            return self._answer(201, {"project": project})
        wanted = asked["auth"]["identity"]["password"]["user"]
        user = self.server.users.get(wanted.get("name") or wanted.get("id"))
        if self.path != "/v3/auth/tokens" or user is None or user.password != wanted["password"]:
            return self._answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "no"}})
        body = token_of(user, self.server.network_url, self.server.url)
        return self._answer(201, body, {"X-Subject-Token": user.token})

    def do_GET(self):
        """Give the version, and the one domain."""
        if self.path.rstrip("/") in ("", "/v3"):
            links = [{"rel": "self", "href": f"{self.server.url}/"}]
            version = {"id": "v3.14", "status": "stable", "links": links, "media-types": []}
            return self._answer(200, {"version": version})
        if self.path.startswith("/v3/domains?"):
            return self._answer(200, {"domains": [DOMAIN]})
        return self._answer(404, {"error": {"code": 404, "title": "Not Found", "message": self.path}})

    def do_DELETE(self):
        """Forget a project: nothing was kept of it."""
        return self._answer(204, {})

    def _answer(self, status, body, headers=()):
        text = json.dumps(body).encode() if body else b""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(text), **dict(headers)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_words):
        """Say nothing."""


@contextmanager
def keystone(users, network_url):
    """Serve tokens for these users on the loopback address and give the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.users = {user.name: user for user in users}
        server.network_url = network_url
        server.url = f"http://127.0.0.1:{server.server_address[1]}/v3"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
