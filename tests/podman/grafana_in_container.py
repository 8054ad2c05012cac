"""The stand-in for Grafana as a container's only program: what the image of a real one takes, and what it keeps.

No Grafana is in it: it replays recorded answers (see grafana_stand_in), and says so on every page, in /api/health and in its
Server header. As a real one does it takes the administrator's password at its first start only, knows visitors without a name
where GF_AUTH_ANONYMOUS_ENABLED says so, reads data sources from the provisioning folder, makes service accounts and their
tokens (9 and later) or API keys (before), and passes requests for a data source on to it. Those answers are from Grafana's
documentation; a real one was not asked. State is kept in GF_PATHS_DATA.
"""

import contextlib
import json
import os
import re
import secrets
import signal
import sys
import urllib.error
import urllib.request
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import grafana_stand_in as stand_in  # noqa: E402 - it lies beside this file in the container
import yaml  # noqa: E402

WORDS = "This is a stand-in for Grafana, for tests: it replays recorded answers. No Grafana is here."
KEPT = ("folders", "dashboards", "datasources", "accounts", "keys")


def configured(name, default=""):
    """A setting as Grafana takes it: from a variable, in which $__file{PATH} stands for what is in a file; or GF_..__FILE."""
    path = os.environ.get(f"GF_{name}__FILE")  # its image's own way
    given = f"$__file{{{path}}}" if path else os.environ.get(f"GF_{name}", default)
    return re.sub(r"\$__file\{(.+?)\}", lambda found: Path(found[1]).read_text().strip(), given)


class Contained:
    """What a container adds to the stand-in: people, keys, provisioning, pages, data sources that are really asked."""

    def start(self):
        self.data = Path(configured("PATHS_DATA", "/var/lib/grafana")) / "stand-in.json"
        self.accounts, self.keys, self.datasources = {}, {}, {}
        self.anonymous = ""
        if configured("AUTH_ANONYMOUS_ENABLED").lower() == "true":
            self.anonymous = configured("AUTH_ANONYMOUS_ORG_ROLE", "Viewer")
        kept = json.loads(self.data.read_text()) if self.data.exists() else {}
        for name in KEPT:
            getattr(self, name).update(kept.get(name, {}))
        user, password = (
            configured("SECURITY_ADMIN_USER", "admin"),
            configured("SECURITY_ADMIN_PASSWORD", "admin"),
        )
        self.administrator = kept.get("administrator", stand_in.basic(user, password))
        if configured("SECURITY_DISABLE_INITIAL_ADMIN_CREATION").lower() == "true" and not kept:
            self.administrator = ""
        self.secrets = set(self.keys) | {self.administrator} - {""}
        self.provision()
        self.keep_state()

    def provision(self):
        folder = Path(configured("PATHS_PROVISIONING", "/etc/grafana/provisioning")) / "datasources"
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            for one in (yaml.safe_load(path.read_text()) or {}).get("datasources", []):
                number = self.datasources.get(one["name"], {"id": len(self.datasources) + 1})["id"]
                self.datasources[one["name"]] = {"readOnly": not one.get("editable"), **one, "id": number}

    def keep_state(self):
        state = {name: getattr(self, name) for name in KEPT} | {"administrator": self.administrator}
        with contextlib.suppress(OSError):  # without a volume nothing is kept
            beside = self.data.with_suffix(".new")
            beside.write_text(json.dumps(state))
            beside.replace(self.data)

    def answer(self, method, path, query, headers, body):
        if method != "GET" and not headers.get("Authorization") and not self.may_write(path):
            return self.recorded("viewer write (anonymous)")
        made = super().answer(method, path, query, headers, body)
        if method != "GET":
            self.keep_state()
        return made

    def may_write(self, path):
        """Say whether who gave no name may write there; who may not see anything is refused as such."""
        administrators = re.match(r"/api/(serviceaccounts|auth|datasources)", path)
        return self.anonymous in {"", "Admin"} | (set() if administrators else {"Editor"})

    def refusal(self, path, headers):
        if not headers.get("Authorization") and self.anonymous:
            return None
        return super().refusal(path, headers)

    def health(self):
        status, body = super().health()
        return status, body | {"standIn": WORDS}

    def routes(self, body, query):
        keys = [
            ("GET", r"/api/auth/keys", lambda: (200, [self.told(one) for one in self.keys.values()])),
            ("POST", r"/api/auth/keys", lambda: self.new_key(body, "eyJrIjoi")),
            ("DELETE", r"/api/auth/keys/(\d+)", self.delete_key),
        ]
        accounts = [
            ("GET", r"/api/serviceaccounts/search", lambda: self.search_accounts(query)),
            ("POST", r"/api/serviceaccounts", lambda: self.new_account(body)),
            ("GET", r"/api/serviceaccounts/(\d+)/tokens", self.tokens),
            ("POST", r"/api/serviceaccounts/(\d+)/tokens", lambda number: self.new_token(number, body)),
            ("DELETE", r"/api/serviceaccounts/\d+/tokens/(\d+)", self.delete_key),
            ("GET", r"/api/datasources/uid/([^/]+)/health", self.datasource_health),
        ]
        newer = isinstance(self, stand_in.Newer)
        return [*(accounts if newer else keys), *super().routes(body, query)]

    def told(self, key):
        return {name: key[name] for name in ("id", "name", "role")}

    def new_key(self, body, beginning, account=0):
        if any((one["name"], one["account"]) == (body["name"], account) for one in self.keys.values()):
            return 409, {"message": "API key, organization ID and name must be unique"}
        token = beginning + secrets.token_hex(16)
        number = 1 + max((one["id"] for one in self.keys.values()), default=0)
        self.keys[f"Bearer {token}"] = {
            "id": number,
            "name": body["name"],
            "role": body.get("role", ""),
            "account": account,
        }
        self.secrets.add(f"Bearer {token}")
        return 200, {"id": number, "name": body["name"], "key": token}

    def delete_key(self, number):
        found = [secret for secret, one in self.keys.items() if one["id"] == int(number)]
        for secret in found:
            del self.keys[secret]
            self.secrets.discard(secret)
        return (200, {"message": "API key deleted"}) if found else (404, {"message": "API key not found"})

    def search_accounts(self, query):
        wanted = query.get("query", [""])[0]
        found = [one for one in self.accounts.values() if wanted in one["name"]]
        return 200, {"totalCount": len(found), "serviceAccounts": found, "page": 1, "perPage": 1000}

    def new_account(self, body):
        if body["name"] in [one["name"] for one in self.accounts.values()]:
            return 400, {
                "message": "service account already exists",
                "messageId": "serviceaccounts.ErrAlreadyExists",
            }
        number = len(self.accounts) + 1
        made = {
            "id": number,
            "name": body["name"],
            "login": f"sa-{body['name']}",
            "role": body.get("role", "Viewer"),
        }
        self.accounts[str(number)] = {**made, "orgId": 1, "isDisabled": False, "tokens": 0}
        return 201, self.accounts[str(number)]

    def tokens(self, number):
        return 200, [self.told(one) for one in self.keys.values() if one["account"] == int(number)]

    def new_token(self, number, body):
        if number not in self.accounts:
            return 404, {"message": "service account not found"}
        return self.new_key(body, "glsa_", int(number))

    def datasource_health(self, uid):
        found = next((one for one in self.datasources.values() if one.get("uid") == uid), None)
        if not found:
            return 404, {"message": "Data source not found"}
        status, _, text = fetched("GET", found["url"].rstrip("/") + "/metrics/find?query=*", b"")
        if status == 200:
            return 200, {"status": "OK", "message": "Data source is working"}
        return 400, {"status": "ERROR", "message": text.decode(errors="replace")}

    def proxied(self, path):
        """The address that a request for a data source goes on to, or None."""
        kinds = {
            r"/api/datasources/proxy/uid/([^/]+)/(.*)": "uid",
            r"/api/datasources/proxy/(\d+)/(.*)": "id",
        }
        for pattern, key in kinds.items():
            if found := re.fullmatch(pattern, path):
                for one in self.datasources.values():
                    if str(one.get(key)) == found[1]:
                        return one["url"].rstrip("/") + "/" + found[2]
        return None


class Old(Contained, stand_in.Grafana):
    pass


class New(Contained, stand_in.Newer):
    pass


def fetched(method, url, data):
    """Status, content type and body of a request to a data source."""
    request = urllib.request.Request(url, data or None, method=method)  # noqa: S310 - the data source's own address
    if data:
        request.add_header("Content-Type", "application/x-www-form-urlencoded")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()
    except OSError as error:
        return 502, "text/plain", str(error).encode()


def handler(state):
    class Handler(stand_in.handler(state)):
        def do_GET(self):  # noqa: N802 - http.server's name
            parts = urlsplit(self.path)
            if parts.path.startswith("/api/datasources/proxy/"):
                self.pass_on(parts)
            elif parts.path.startswith("/api/"):
                super().do_GET()
            else:
                self.reply(200, {"Content-Type": "text/html; charset=utf-8"}, page(state, parts.path))

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def pass_on(self, parts):
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if refused := state.refusal(parts.path, self.headers):
                self.reply(refused[0], {"Content-Type": "application/json"}, json.dumps(refused[1]).encode())
            elif url := state.proxied(parts.path):
                status, kind, text = fetched(self.command, f"{url}?{parts.query}", data)
                self.reply(status, {"Content-Type": kind or "text/plain"}, text)
            else:
                self.reply(
                    404, {"Content-Type": "application/json"}, b'{"message": "Unable to find datasource"}'
                )

    return Handler


def page(state, path):
    """A page that says what this is, and which dashboards were pushed to it."""
    uid = (re.match(r"/d/([^/]+)", path) or [None, None])[1]
    titles = [one["dashboard"]["title"] for key, one in state.dashboards.items() if uid in {None, key}]
    listed = "".join(f"<li>{escape(title)}</li>" for title in titles)
    return f"<!doctype html><title>Stand-in</title><p>{WORDS}</p><ul>{listed}</ul>".encode()


def main():
    signal.signal(signal.SIGTERM, lambda *_words: sys.exit(0))
    recording = {one["name"]: one for one in json.loads((HERE / "grafana-7.5.5-http.json").read_text())}
    version = os.environ["STAND_IN_VERSION"]
    state = (Old if version.startswith("7") else New)(recording, version=version)
    state.start()
    address = (configured("SERVER_HTTP_ADDR"), int(configured("SERVER_HTTP_PORT", "3000")))
    with stand_in.Server(address, handler(state)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
