"""A login at a cloud without its client: clouds.yaml or the OS_ variables, Keystone's tokens (Identity API v3), the catalogue's network address.

Secrets are in headers and bodies only, never in an argument, a message or a log.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci import document
from sfcci.errors import Fault, InputError, Place, ProgramFailure, ToolError, Unreachable, UsageError

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 60.0
PLACES = (".", "~/.config/openstack", "/etc/openstack")
"""Where clouds.yaml is looked for, in this order."""
OPEN = ("none", "admin_token", "http_basic")
"""Kinds of login that need no Keystone: the API's address is named."""
APPLICATION = "v3applicationcredential"
KINDS = (*OPEN, "password", "v3password", "token", "v3token", APPLICATION)


@dataclass(frozen=True)
class Cloud:
    """How a cloud is reached: what clouds.yaml or the environment says, names as in clouds.yaml."""

    kind: str
    auth: Mapping[str, str] = field(repr=False)
    region: str = ""
    interface: str = "public"
    ca: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class Session:
    """The network API of a cloud."""

    address: str
    http: "requests.Session" = field(repr=False)

    def get(self, path: str) -> dict[str, Any]:
        """Give an answer's JSON. Raises Unreachable; ToolError: the API refuses."""
        answer = _sent(self.http, "GET", self.address.rstrip("/").removesuffix("/v2.0") + path)
        return _json(answer, path)


def cloud(environ: Mapping[str, str] = os.environ) -> Cloud:
    """Give the cloud that OS_CLOUD names in clouds.yaml, else that of the OS_ variables. Raises InputError, UsageError."""
    if name := environ.get("OS_CLOUD", ""):
        return _of_file(name, environ)
    if not environ.get("OS_AUTH_URL") and not environ.get("OS_ENDPOINT"):
        raise UsageError(
            "no cloud is named: set OS_CLOUD to one of clouds.yaml, or OS_AUTH_URL, OS_USERNAME ..."
        )
    auth = {key.removeprefix("OS_").lower(): value for key, value in environ.items() if key.startswith("OS_")}
    kind = auth.get("auth_type") or ("password" if "auth_url" in auth else "none")
    interface = auth.get("interface", "public").removesuffix("URL")
    return _checked(
        Cloud(
            kind,
            auth,
            auth.get("region_name", ""),
            interface,
            auth.get("cacert", ""),
            auth.get("endpoint", ""),
        )
    )


def logged_in(environ: Mapping[str, str] = os.environ) -> Session:
    """Log in at the cloud. Raises InputError, UsageError, Unreachable, ToolError."""
    import requests

    meant = cloud(environ)
    http = requests.Session()
    http.trust_env = False
    if meant.ca:
        http.verify = str(Path(meant.ca).expanduser())
    if meant.kind not in OPEN:
        return Session(_address(_token(http, meant), meant), http)
    if meant.kind == "admin_token":
        http.headers["X-Auth-Token"] = meant.auth.get("token", "")
    if meant.kind == "http_basic":
        http.auth = (meant.auth.get("username", ""), meant.auth.get("password", ""))
    return Session(meant.endpoint, http)


def _of_file(name: str, environ: Mapping[str, str]) -> Cloud:
    named = environ.get("OS_CLIENT_CONFIG_FILE", "")
    paths = [Path(named)] if named else [Path(place).expanduser() / "clouds.yaml" for place in PLACES]
    path = next((one for one in paths if one.is_file()), None)
    if path is None:
        looked = ", ".join(str(one) for one in paths)
        raise UsageError(f"OS_CLOUD is {name}, but there is no clouds.yaml; looked at {looked}")
    clouds = _clouds(path)
    if name not in clouds:
        hint = document.did_you_mean(name, list(clouds))
        raise InputError(Fault(Place(str(path)), f"has no cloud {name}", ", ".join(clouds), hint))
    secret = path.with_name("secure.yaml")
    entry = _merged(clouds[name], _clouds(secret).get(name, {}) if secret.is_file() else {})
    return _checked(_cloud(entry))


def _clouds(path: Path) -> dict[str, dict[str, Any]]:
    data = document.read(path).data
    clouds = data.get("clouds") if isinstance(data, dict) else None
    if not isinstance(clouds, dict):
        raise InputError(Fault(Place(str(path)), "has no clouds", "a mapping `clouds`"))
    return {str(key): value for key, value in clouds.items() if isinstance(value, dict)}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(below[key], above[key]) for key in below if _are_mappings(below[key], above.get(key))
    }
    return {**below, **above, **both}


def _are_mappings(*values: object) -> bool:
    return all(isinstance(one, dict) for one in values)


def _cloud(entry: Mapping[str, Any]) -> Cloud:
    auth = {str(key): str(value) for key, value in (entry.get("auth") or {}).items()}
    kind = str(entry.get("auth_type") or ("password" if "auth_url" in auth else "none"))
    endpoint = str(
        entry.get("network_endpoint_override") or auth.get("endpoint") or entry.get("endpoint") or ""
    )
    interface = str(entry.get("interface", "public")).removesuffix("URL")
    return Cloud(
        kind, auth, str(entry.get("region_name") or ""), interface, str(entry.get("cacert") or ""), endpoint
    )


def _checked(meant: Cloud) -> Cloud:
    if meant.kind not in KINDS:
        raise UsageError(
            f"logins of the kind {meant.kind} need the openstack client (pip install python-openstackclient); "
            f"without it: {', '.join(KINDS)}"
        )
    if meant.kind in OPEN and not meant.endpoint:
        raise UsageError(
            f"a login of the kind {meant.kind} needs the API's address: OS_ENDPOINT, or `endpoint` in clouds.yaml"
        )
    if meant.kind not in OPEN and not meant.auth.get("auth_url"):
        raise UsageError("the cloud has no auth_url: Keystone's address, as in https://controller:5000/v3")
    return meant


def _token(http: "requests.Session", meant: Cloud) -> Mapping[str, Any]:
    """Get a token into the session's headers; give what Keystone says of it."""
    address = meant.auth["auth_url"].rstrip("/").removesuffix("/v3").removesuffix("/v2.0") + "/v3/auth/tokens"
    answer = _sent(http, "POST", address, {"auth": {"identity": _identity(meant), **_scope(meant)}})
    told = _json(answer, "the login").get("token")
    http.headers["X-Auth-Token"] = answer.headers.get("X-Subject-Token", "")
    return told if isinstance(told, dict) else {}


def _identity(meant: Cloud) -> dict[str, Any]:
    auth = meant.auth
    if meant.kind == APPLICATION:
        fields = {
            "id": "application_credential_id",
            "name": "application_credential_name",
            "secret": "application_credential_secret",
        }
        given: dict[str, Any] = {key: auth[name] for key, name in fields.items() if auth.get(name)}
        if "id" not in given:
            given["user"] = _one_of("user", "username", auth)
        return {"methods": ["application_credential"], "application_credential": given}
    if meant.kind.endswith("token"):
        return {"methods": ["token"], "token": {"id": auth.get("token", "")}}
    user = {**_one_of("user", "username", auth), "password": auth.get("password", "")}
    return {"methods": ["password"], "password": {"user": user}}


def _one_of(what: str, name: str, auth: Mapping[str, str]) -> dict[str, Any]:
    """Give a user or a project by its id, else by its name with its domain's."""
    if auth.get(f"{what}_id"):
        return {"id": auth[f"{what}_id"]}
    domain = auth.get(f"{what}_domain_id")
    by_name = auth.get(f"{what}_domain_name") or auth.get("default_domain") or ""
    return {
        "name": auth.get(name, ""),
        "domain": {"name": by_name} if by_name and not domain else {"id": domain or "default"},
    }


def _scope(meant: Cloud) -> dict[str, Any]:
    named = meant.auth.get("project_id") or meant.auth.get("project_name")
    if meant.kind == APPLICATION or not named:
        return {}
    return {"scope": {"project": _one_of("project", "project_name", meant.auth)}}


def _address(token: Mapping[str, Any], meant: Cloud) -> str:
    """Give the network API's address out of the token's catalogue. Raises UsageError."""
    if meant.endpoint:
        return meant.endpoint
    offered = [
        one
        for service in token.get("catalog") or ()
        if service.get("type") == "network"
        for one in service.get("endpoints") or ()
    ]
    for one in offered:
        if one.get("interface") == meant.interface and meant.region in (
            "",
            one.get("region"),
            one.get("region_id"),
        ):
            return str(one.get("url"))
    where = f" in region {meant.region}" if meant.region else ""
    raise UsageError(f"the cloud's catalogue has no {meant.interface} address of a network service{where}")


def _sent(http: "requests.Session", method: str, address: str, body: object = None) -> "requests.Response":
    import requests

    try:
        return http.request(method, address, json=body, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise Unreachable(f"{address} does not answer ({reason}); is it the cloud's address?") from None


def _json(answer: "requests.Response", what: str) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if answer.ok and isinstance(told, dict):
        return told
    said = told.get("NeutronError") or told.get("error") or {} if isinstance(told, dict) else {}
    reason = str(said.get("message", "")) if isinstance(said, dict) else str(said)
    failure = ProgramFailure(
        (f"{answer.request.method} {what}",), answer.status_code, (reason,) if reason else ()
    )
    raise ToolError(failure, "an answer that is no JSON" if answer.ok else "refused")
