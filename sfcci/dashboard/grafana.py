"""Grafana: dashboards pushed into a folder and read back, over its HTTP API (7.5 to 13).

Secrets go to the configured server only: a redirect is never followed, a netrc file is not asked, and no message
carries one. What Grafana says about a refusal is passed on in its own words.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from sfcci.dashboard.model import Dashboard, uid
from sfcci.dashboard.render import datasource_names, grafana_json
from sfcci.errors import Place, Unreachable, UsageError
from sfcci.finding import Finding, Severity
from sfcci.settings import Grafana

if TYPE_CHECKING:
    import requests

TIMEOUT_S = (5.0, 30.0)
"""To connect, and between two pieces of an answer."""
GENERAL = "General"
"""Grafana's own folder, which has no uid."""
NAMED_DATASOURCES = (8, 3)
"""Before this version a panel names its data source by title; since then by type and uid."""
FOLDER_IDS = (9,)
"""Before this version a folder is asked for by its number as well."""
MAX_MESSAGE = 300
Json = dict[str, Any]


class Refused(Unreachable):
    """Grafana answered, and said no: `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True)
class Pushed:
    """A dashboard as Grafana has it now: its address is `url`, `version` counts its changes."""

    path: str
    title: str
    uid: str
    url: str
    version: int


@dataclass(frozen=True)
class PushReport:
    """What a push did: the server with its version, the dashboards that are there now, what went wrong."""

    server: str
    version: str
    pushed: tuple[Pushed, ...]
    findings: tuple[Finding, ...]


class Client:
    """One Grafana: `ask` sends a request and gives the JSON of the answer."""

    def __init__(self, settings: Grafana) -> None:
        self.url = _checked(settings.url)
        self._secrets = [text for text in (settings.secret(), settings.password_secret()) if text]
        self._session = _session(settings)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one request. Raises Unreachable; Refused when Grafana's status says no."""
        import requests

        try:
            answer = self._session.request(
                method, self.url + path, json=body, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unreachable(
                f"Grafana at {self.url} does not answer: {self._clean(_reason(error))}; see [grafana] url in sfcci.toml"
            ) from None
        return self._read(answer, f"{method} {path}")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _read(self, answer: "requests.Response", what: str) -> Any:
        if answer.is_redirect or answer.is_permanent_redirect:
            target = urlsplit(answer.headers["location"])
            where = f"{target.scheme}://{target.netloc}{target.path}" if target.netloc else target.path
            raise Unreachable(
                f"Grafana at {self.url} sends {what} on to {self._clean(where)}; "
                "redirects are not followed: set [grafana] url to the address that answers"
            )
        try:
            body = answer.json()
        except ValueError:
            raise Unreachable(
                f"{self.url} answers {what} with status {answer.status_code} and no JSON; is it a Grafana?"
            ) from None
        if not answer.ok:
            message = self._clean(_message(body)) or answer.reason
            hint = "; see [grafana] token or user in sfcci.toml" if answer.status_code in (401, 403) else ""
            raise Refused(
                answer.status_code,
                f"Grafana at {self.url} refuses {what} with status {answer.status_code}: {message}{hint}",
            )
        return body

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:MAX_MESSAGE]


def push(
    dashboards: Sequence[Dashboard], settings: Grafana, say: Callable[[str], None] = lambda _text: None
) -> PushReport:
    """Push dashboards into the configured folder and read each back; a second push changes nothing but the version.

    What Grafana refuses or keeps otherwise is a finding, and the others go on. Raises Unreachable, UsageError.
    """
    client = Client(settings)
    try:
        version = str(_mapping(client.ask("GET", "/api/health")).get("version", ""))
        client.ask("GET", "/api/org")  # /api/health answers anybody: this asks who we are
        folder = _folder(client, settings.folder)
        sources = _datasources(client, dashboards, settings.datasource, version)
        pushed: list[Pushed] = []
        findings: list[Finding] = []
        for dashboard in dashboards:
            say(f"pushing {dashboard.title} to {client.url}")
            try:
                done, differences = _push(client, dashboard, folder, sources, version)
            except Refused as error:
                findings.append(_finding("GrafanaRefused", dashboard, str(error)))
                continue
            pushed.append(done)
            findings += differences
    finally:
        client.close()
    return PushReport(client.url, version, tuple(pushed), tuple(findings))


def _push(
    client: Client, dashboard: Dashboard, folder: Json, sources: Mapping[str, Any], version: str
) -> tuple[Pushed, list[Finding]]:
    wanted = grafana_json(dashboard, sources)
    body: Json = {"dashboard": wanted, "overwrite": True, "message": "sfcci dashboard update"}
    body |= _placement(folder, version)
    saved = _mapping(client.ask("POST", "/api/dashboards/db", body))
    kept = _mapping(client.ask("GET", f"/api/dashboards/uid/{quote(wanted['uid'], safe='')}"))
    problems = list(_differences(wanted, _mapping(kept.get("dashboard")), _mapping(kept.get("meta")), folder))
    findings = [_finding("GrafanaDiffers", dashboard, text) for text in problems]
    parts = urlsplit(client.url)
    path = str(saved.get("url", ""))  # Grafana puts the sub-path in front when it knows it
    base = f"{parts.scheme}://{parts.netloc}" if parts.path and path.startswith(parts.path) else client.url
    number = saved.get("version", 0)
    return Pushed(dashboard.path, dashboard.title, wanted["uid"], base + path, int(number)), findings


def _placement(folder: Json, version: str) -> Json:
    if not folder:
        return {}
    old = _numbers(version) < FOLDER_IDS
    return {"folderUid": folder["uid"], **({"folderId": folder["id"]} if old and "id" in folder else {})}


def _differences(wanted: Json, kept: Json, meta: Json, folder: Json) -> Iterable[str]:
    """Say where Grafana holds something else than what was sent: title, folder, panels, targets."""
    if kept.get("title") != wanted["title"]:
        yield f"Grafana kept the title {kept.get('title')!r}"
    if folder and meta.get("folderUid", folder["uid"]) != folder["uid"]:
        yield f"Grafana put it into the folder {meta.get('folderTitle', meta['folderUid'])!r}"
    elif folder and not meta.get("folderUid") and meta.get("folderId") != folder.get("id"):
        yield f"Grafana put it into the folder {meta.get('folderTitle')!r}, not {folder['title']!r}"
    sent, found = _panels(wanted), _panels(kept)
    for number, panel in sent.items():
        if number not in found:
            yield f"Grafana lost the panel {panel[0]!r}"
        elif found[number] != panel:
            yield f"Grafana kept the panel {panel[0]!r} otherwise than it was sent"


def _panels(dashboard: Json) -> dict[Any, tuple[Any, ...]]:
    """Give of each panel, by its number, what a reader sees: title, kind, place, targets."""
    panels = [panel for panel in dashboard.get("panels") or [] if isinstance(panel, dict)]
    panels += [inner for panel in panels for inner in panel.get("panels") or [] if isinstance(inner, dict)]
    return {
        panel.get("id"): (
            panel.get("title"),
            panel.get("type"),
            panel.get("gridPos"),
            [target.get("target") for target in panel.get("targets") or []],
        )
        for panel in panels
    }


def _folder(client: Client, title: str) -> Json:
    """Give the folder of that title, made if need be; {} for Grafana's own."""
    if not title or title == GENERAL:
        return {}
    name = uid(title)
    try:
        return _mapping(client.ask("GET", f"/api/folders/{name}"))
    except Refused as error:
        if error.status != 404:  # noqa: PLR2004 - HTTP's "not found"
            raise
    return _mapping(client.ask("POST", "/api/folders", {"uid": name, "title": title}))


def _datasources(
    client: Client, dashboards: Iterable[Dashboard], default: str, version: str
) -> dict[str, Any]:
    """Give Grafana's reference for every data source that the panels name; "" is the configured one."""
    names = dict.fromkeys(name for dashboard in dashboards for name in datasource_names(dashboard))
    references: dict[str, Any] = {}
    for name in names:
        title = name or default
        try:
            found = _mapping(client.ask("GET", f"/api/datasources/name/{quote(title, safe='')}"))
        except Refused as error:
            if error.status != 404:  # noqa: PLR2004 - HTTP's "not found"
                raise
            raise UsageError(
                f"Grafana at {client.url} has no data source {title!r}; "
                "add it there, or name another: [grafana] datasource in sfcci.toml"
            ) from None
        by_uid = _numbers(version) >= NAMED_DATASOURCES
        references[name] = {"type": found.get("type"), "uid": found.get("uid")} if by_uid else title
    return references


def _session(settings: Grafana) -> "requests.Session":
    import requests
    from requests.auth import HTTPBasicAuth

    session = requests.Session()
    session.headers["Accept"] = "application/json"
    if token := settings.secret():
        session.auth = _Bearer(token)
    elif settings.user:
        session.auth = HTTPBasicAuth(settings.user.encode(), settings.password_secret().encode())
    else:
        session.auth = _Nobody()
    return session


class _Bearer:
    """A service account's token; being an auth of its own it keeps requests from asking a netrc file."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Nobody:
    """No secret at all, not even one of a netrc file."""

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        return request


def _checked(url: str) -> str:
    """Give the address without its last slash, sub-path kept. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"[grafana] url is {_without_user(url)!r}; expected http://HOST[:PORT][/PATH] or https://..."
        )
    if parts.username or parts.password:
        raise UsageError(
            "[grafana] url carries a user or a password; set SFCCI_GRAFANA_USER and SFCCI_GRAFANA_PASSWORD instead"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _without_user(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", url)


def _message(body: Any) -> str:
    """Give Grafana's own words: {"message": ...}, or a list of such."""
    if isinstance(body, dict):
        return str(body.get("message") or body.get("error") or "")
    if isinstance(body, list):
        return "; ".join(filter(None, (_message(item) for item in body)))
    return ""


def _reason(error: BaseException) -> str:
    """Give the operating system's words out of the wrappers of requests and urllib3."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2]) or (99,)


def _finding(keyword: str, dashboard: Dashboard, what: str) -> Finding:
    return Finding(keyword, Severity.ERROR, Place(dashboard.path), what)
