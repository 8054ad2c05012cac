"""What tempest asks of Keystone (Identity API v3): a token for a password, and a catalogue that names one service.

It knows the users that are handed to it, and gives each the one token that the served API knows for it. Projects that
tests make are taken from a store of spare ones, whose two tokens the API knows as well: a member's, an administrator's.
"""

import json
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOMAIN = {"id": "default", "name": "Default"}
EVER = "2099-01-01T00:00:00.000000Z"


ROLES = ("admin", "manager", "member", "reader")


def spare_token(project, admin):
    """Give the token that a spare project's users have."""
    return f"token-of-{'admin' if admin else 'member'}-{project}"


@dataclass(frozen=True)
class User:
    """One user: its project, its roles, and its token in the API."""

    name: str
    password: str
    project: str
    token: str
    roles: tuple[str, ...]
    id: str = ""

    @property
    def admin(self):
        """Whether it may do everything."""
        return "admin" in self.roles


def token_of(user, network_url, identity_url):
    """Give the body that goes with a token (api-ref: "Password authentication with scoped authorization")."""
    return {
        "token": {
            "methods": ["password"],
            "user": {
                "domain": DOMAIN,
                "id": user.id or user.name,
                "name": user.name,
                "password_expires_at": None,
            },
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
    endpoint = {
        "id": kind,
        "interface": "public",
        "region": "RegionOne",
        "region_id": "RegionOne",
        "url": url,
    }
    return {"id": kind, "type": kind, "name": kind, "endpoints": [endpoint]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Give a token for a name and its password, or a new project, or a new user."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v3/projects":
            project = {
                **asked["project"],
                "id": self.server.spares.pop(),
                "enabled": True,
                "domain_id": "default",
            }
            self.server.projects[project["name"]] = project["id"]
            return self._answer(201, {"project": project})
        if self.path == "/v3/users":
            user = {**asked["user"], "id": uuid.uuid4().hex, "domain_id": "default"}
            self.server.users[user["name"]] = User(user["name"], user["password"], "", "", (), user["id"])
            return self._answer(201, {"user": user})
        return self._token(asked["auth"])

    def _token(self, asked):
        wanted, users = asked["identity"]["password"]["user"], self.server.users
        named = [one for one in users.values() if wanted.get("name", one.name) == one.name]
        user = next((one for one in named if wanted.get("id") in (None, one.id or one.name)), None)
        if user is None or user.password != wanted["password"]:
            return self._answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "no"}})
        if not user.token:
            user = self._scoped(user, asked.get("scope", {}).get("project", {}))
        body = token_of(user, self.server.network_url, self.server.url)
        return self._answer(201, body, {"X-Subject-Token": user.token})

    def _scoped(self, user, project):
        id_ = project.get("id") or self.server.projects.get(project.get("name"), "")
        roles = tuple(self.server.roles.get((id_, user.id), ()))
        return replace(user, project=id_, roles=roles, token=spare_token(id_, "admin" in roles))

    def do_PUT(self):
        """Give a user a role in a project: /v3/projects/P/users/U/roles/R."""
        _, _, _, project, _, user, _, role = self.path.split("/")
        self.server.roles.setdefault((project, user), []).append(role)
        return self._answer(204, {})

    def do_GET(self):
        """Give the version, and the one domain."""
        if self.path.rstrip("/") in ("", "/v3"):
            links = [{"rel": "self", "href": f"{self.server.url}/"}]
            version = {"id": "v3.14", "status": "stable", "links": links, "media-types": []}
            return self._answer(200, {"version": version})
        if self.path.startswith("/v3/domains?"):
            return self._answer(200, {"domains": [DOMAIN]})
        if self.path.startswith("/v3/roles"):
            return self._answer(200, {"roles": [{"id": role, "name": role} for role in ROLES]})
        return self._answer(404, {"error": {"code": 404, "title": "Not Found", "message": self.path}})

    def do_DELETE(self):
        """Forget a project or a user: it is not asked for again."""
        return self._answer(204, {})

    def _answer(self, status, body, headers=()):
        text = json.dumps(body).encode() if body else b""
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(text),
            **dict(headers),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_words):
        """Say nothing."""


@contextmanager
def keystone(users, spares, network_url):
    """Serve tokens for these users, and projects from the spare ones, on the loopback address; give the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.users = {user.name: user for user in users}
        server.spares, server.projects, server.roles = list(spares), {}, {}
        server.network_url = network_url
        server.url = f"http://127.0.0.1:{server.server_address[1]}/v3"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
