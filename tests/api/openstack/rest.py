"""Requests to the server as any HTTP client sends them."""

import json
from dataclasses import dataclass
from typing import Any

import requests

LIMIT_S = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: Any

    @property
    def error(self):
        """The name of Neutron's exception, "" where there is none."""
        return self.body["NeutronError"]["type"] if "NeutronError" in (self.body or {}) else ""


class Http:
    """`authority`: a PEM file of who vouches for the server's certificate."""

    def __init__(self, url, authority=None):
        self.url, self._session = url.rstrip("/"), requests.Session()
        self._trust = {"verify": str(authority)} if authority else {}

    def ask(self, method, path, body=None, **headers):
        """`body`: a text is sent as it is, anything else as JSON; None: no body."""
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        kind = {"Content-Type": "application/json"} if body is not None else {}
        sent = {"data": data, "headers": {**kind, **headers}, "timeout": LIMIT_S, **self._trust}
        got = self._session.request(method, self.url + path, **sent)
        is_json = got.headers.get("Content-Type", "").startswith("application/json")
        return Answer(got.status_code, got.headers, got.json() if is_json else got.text or None)

    def made(self, path, **attributes):
        """The resource that a POST makes, which must go well."""
        member = path.rsplit("/", 1)[-1].removesuffix("s")
        answer = self.ask("POST", f"/v2.0/{path}", {member: attributes})
        assert answer.status == 201, answer
        return answer.body[member]

    def listed(self, path):
        answer = self.ask("GET", f"/v2.0/{path}")
        assert answer.status == 200, answer
        return answer.body[path.rsplit("/", 1)[-1]]

    def close(self):
        self._session.close()
