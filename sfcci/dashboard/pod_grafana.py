"""The pod's Grafana made ready: a token of our own, and the dashboards with the pod's Graphite behind them.

A Grafana with service accounts (9 and later) gives one of those a token, an older one makes an API key (its HTTP API's
documentation). Old tokens of ours are taken back when a new one is made.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sfcci import files
from sfcci.dashboard import pod
from sfcci.dashboard.grafana import Options, PushReport, update
from sfcci.dashboard.grafana_client import NOT_FOUND, Client, Refused
from sfcci.dashboard.render import datasource_names
from sfcci.dashboard.source import Sources
from sfcci.errors import Unreachable
from sfcci.settings import Grafana, Settings

SERVICE_ACCOUNTS = (9, 0)
ACCOUNT = "sfcci"
ROLE = "Admin"
"""Data sources are shown to administrators only."""
UNAUTHORIZED = 401
Say = Callable[[str], None]


def ensure_token(settings: Settings, up: pod.Pod) -> None:
    """Have a token of this Grafana in the private file; the one that is there stays if Grafana takes it.

    Raises Unreachable, with the remedy when Grafana does not know the administrator's password.
    """
    if _works(settings, up):
        return
    with Client(pod.administrator(settings, up)) as client:
        try:
            client.connect()
        except Unreachable as error:
            if f"status {UNAUTHORIZED}" not in str(error):
                raise
            raise Unreachable(
                f"Grafana in the pod was set up with another password than the one in {pod.folder_of(settings)}; "
                "what it keeps goes, and a new one is set, with: sfcci preview down --volume; sfcci preview up"
            ) from None
        made = _new_token(client)
    files.write_text(pod.folder_of(settings) / "token", made, mode=0o600)


def _works(settings: Settings, up: pod.Pod) -> bool:
    found = pod.grafana(settings, up)
    if not found.token_file:
        return False
    try:
        with Client(found) as client:
            client.connect()
    except Unreachable:
        return False
    return True


def _new_token(client: Client) -> str:
    if client.numbers >= SERVICE_ACCOUNTS:
        try:
            return _service_token(client)
        except Refused as error:  # a Grafana that keeps its version to itself
            if error.status != NOT_FOUND:
                raise
    return _made(client, "/api/auth/keys", {"name": _name(), "role": ROLE})


def _service_token(client: Client) -> str:
    found = client.mapping("GET", f"/api/serviceaccounts/search?perpage=100&query={ACCOUNT}")
    accounts = found.get("serviceAccounts") or []
    account: Any = next((one for one in accounts if one.get("name") == ACCOUNT), None)
    if account is None:
        body = {"name": ACCOUNT, "role": ROLE, "isDisabled": False}
        account = client.mapping("POST", "/api/serviceaccounts", body)
    return _made(client, f"/api/serviceaccounts/{int(account['id'])}/tokens", {"name": _name()})


def _made(client: Client, path: str, body: dict[str, Any]) -> str:
    """Make a token at `path`, where all that are there are ours or named as ours are; take the old ones back."""
    old = [one for one in client.items(path) if str(one.get("name", "")).startswith(f"{ACCOUNT}-")]
    made = client.mapping("POST", path, body)
    for one in old:
        client.ask("DELETE", f"{path}/{int(one['id'])}")
    return str(made["key"])


def _name() -> str:
    return f"{ACCOUNT}-{secrets.token_hex(4)}"


def push(settings: Settings, up: pod.Pod, sources: Sources, say: Say) -> PushReport:
    """Push dashboards and read them back. Every data source that they name is the pod's. Raises Unreachable."""
    found = pod.grafana(settings, up)
    plain, options = aimed(sources, found)
    with Client(found) as client:
        client.connect()
        return update(client, plain, found, options, say)


def aimed(sources: Sources, found: Grafana) -> tuple[Sources, Options]:
    """Give the sources without data sources of their own, and options with which those that they name are the pod's."""
    named = {name for one in sources.items for name in datasource_names(one.dashboard)}
    described = {one.name for one in sources.datasources}
    mapped = dict.fromkeys(filter(None, named | described), found.datasource)
    return replace(sources, datasources=()), Options(datasources=mapped, keep_going=True)
