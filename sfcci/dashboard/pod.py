"""The preview's pod as others see it: whether it is up, where it listens, how its Grafana is talked to; who shows dashboards.

What is known of it lies in `preview` of the state folder: `pod.json` while it is up, and secrets in files of their own (0600).
"""

import contextlib
import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci import files
from sfcci.dashboard.pod_render import LOOPBACK, PodSpec, Ports, is_local, kube_yaml
from sfcci.dashboard.podman import HOST, Podman
from sfcci.errors import UsageError
from sfcci.settings import Grafana, Settings

if TYPE_CHECKING:
    from sfcci.metric.instance import Instance

ANSWER_S = 5.0
SECRET_BYTES = 24
ADMINISTRATOR = "admin"


class Way(StrEnum):
    """Who shows the dashboards."""

    GRAFANA = "grafana"
    POD = "pod"
    EMBEDDED = "embedded"


@dataclass(frozen=True)
class Pod:
    """A pod that was started: the addresses of Grafana and Graphite, and HOST:PORT of its listeners ("" without one)."""

    name: str
    grafana_url: str
    graphite_url: str
    """Its own Graphite's, or that of the one elsewhere, which is only read."""
    carbon: str = ""
    pickle: str = ""
    statsd: str = ""
    retentions: str = ""
    sample: bool = False
    """Its dashboards show made-up data."""


@dataclass(frozen=True)
class Choice:
    """A way, and why it is this one; the pod, where it is that."""

    way: Way
    reason: str
    pod: Pod | None = None


@dataclass(frozen=True)
class Wish:
    """What `up` is asked for."""

    statsd: bool = False
    graphite: str = ""
    """The address of a Graphite to read instead of one in the pod."""
    sample: bool = False


def folder_of(settings: Settings) -> Path:
    """The folder with what is known of the pod."""
    return settings.state / "preview"


def running(settings: Settings) -> Pod | None:
    """Give the pod when it is up and its Grafana answers; podman is not asked."""
    found = known(settings)
    return found if found and answers(f"{found.grafana_url}/api/health") else None


def known(settings: Settings) -> Pod | None:
    """Give the pod that was started last and not ended since."""
    try:
        return Pod(**json.loads((folder_of(settings) / "pod.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remember(settings: Settings, pod: Pod) -> None:
    """Note that the pod is up. An address with a password may be in it."""
    files.write_text(folder_of(settings) / "pod.json", json.dumps(asdict(pod), indent=2), mode=0o600)


def forget(settings: Settings, *, secrets_too: bool = False) -> None:
    """Note that no pod is up."""
    names = ("pod.json", *(("token", "admin-password") if secrets_too else ()))
    for name in names:
        (folder_of(settings) / name).unlink(missing_ok=True)


def answers(url: str) -> bool:
    """Say whether somebody answers there, and says that all is well."""
    import requests

    with requests.Session() as session, contextlib.suppress(requests.RequestException):
        session.trust_env = False  # neither a proxy nor a netrc file
        return session.get(url, timeout=ANSWER_S, allow_redirects=False).ok
    return False


def choice(settings: Settings) -> Choice:
    """Choose who shows the dashboards. Nothing is started: the pod is used when it is up."""
    if settings.grafana.url:
        return Choice(Way.GRAFANA, f"Grafana at {settings.grafana.url} is configured")
    found = running(settings)
    if found and found.carbon and not found.sample:
        return Choice(Way.POD, f"the preview is up at {found.grafana_url}", found)
    if found:
        what = "made-up data" if found.sample else "another Graphite, read only"
        return Choice(Way.EMBEDDED, f"no Grafana is configured, and the preview that is up shows {what}")
    return Choice(
        Way.EMBEDDED, "no Grafana is configured, and the preview's is not up (sfcci preview up starts it)"
    )


def grafana(settings: Settings, pod: Pod) -> Grafana:
    """Give the settings with which the pod's Grafana is talked to, its token in a file."""
    token = folder_of(settings) / "token"
    return replace(
        settings.grafana,
        url=pod.grafana_url,
        token="",
        token_file=str(token) if token.exists() else "",
        user="",
        password="",
        password_file="",
        ca="",
    )


def administrator(settings: Settings, pod: Pod) -> Grafana:
    """Give the settings of the pod's Grafana as its administrator."""
    password = folder_of(settings) / "admin-password"
    return replace(grafana(settings, pod), token_file="", user=ADMINISTRATOR, password_file=str(password))


def password(settings: Settings) -> str:
    """Give the administrator's password, drawn by lot at first and kept in a private file."""
    path = folder_of(settings) / "admin-password"
    with contextlib.suppress(OSError):
        if found := path.read_text().strip():
            return found
    made = secrets.token_urlsafe(SECRET_BYTES)
    files.write_text(path, made, mode=0o600)
    return made


def instance(pod: Pod) -> "Instance":
    """Give the pod's own Graphite as one that can be fed."""
    from sfcci.metric.carbon import parse_address
    from sfcci.metric.instance import Instance
    from sfcci.metric.retention import parse_retentions

    return Instance(
        pod.graphite_url,
        parse_address(pod.carbon),
        parse_retentions(pod.retentions),
        pickle=parse_address(pod.pickle, example=2004),
    )


def by_hand(settings: Settings) -> PodSpec:
    """Give the pod that a kube YAML without any secret describes, for `podman kube play` by hand."""
    from sfcci.metric.retention import DEFAULT

    preview = settings.preview
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", preview.name):
        raise UsageError(
            f"[preview] name is {preview.name!r}; expected small letters, digits and, between them, -"
        )
    return PodSpec(
        preview.name,
        preview.grafana_image,
        preview.graphite_image,
        ports=_ports(settings),
        datasource=settings.grafana.datasource,
        retentions=settings.graphite.retentions or DEFAULT,
    )


BY_HAND = """\
# Grafana and Graphite in one pod: podman kube play FILE (podman 4.3: podman play kube FILE); sfcci preview kube prints it.
# Everything listens on loopback only. Visitors may look; whoever logs in as admin, password admin, may do everything. Nobody
# but this machine gets there. (sfcci preview up starts the same pod with a password of its own, and pushes the dashboards.)
# The pod's containers share one network, so Grafana finds Graphite at 127.0.0.1. sfcci preview build makes Graphite's image.
"""


def by_hand_yaml(settings: Settings, *, statsd: bool = False) -> str:
    """Give the kube YAML of `by_hand`, with a word about it."""
    image = settings.preview.statsd_image if statsd else ""
    return BY_HAND + kube_yaml(replace(by_hand(settings), statsd_image=image))


def spec(settings: Settings, wish: Wish, podman: Podman) -> PodSpec:
    """Give the pod that is wanted, with its password. Raises UsageError for wishes that make no sense together."""
    graphite = "" if wish.sample else wish.graphite or settings.graphite.url
    if wish.sample and wish.graphite:
        raise UsageError("--sample makes data up, --graphite shows what is there: give one of them")
    if wish.statsd and graphite:
        raise UsageError(
            f"StatsD would write into the Graphite at {graphite}, which is only read; leave --statsd out"
        )
    if graphite:
        from sfcci.metric.graphite import GraphiteReader

        GraphiteReader(graphite)  # it refuses what is no address
    return replace(
        by_hand(settings),
        statsd_image=settings.preview.statsd_image if wish.statsd else "",
        graphite_url=graphite,
        host_network=podman.network == HOST or bool(graphite and is_local(graphite)),
        password=password(settings),
    )


def addresses(made: PodSpec, *, sample: bool = False) -> Pod:
    """Give where a pod listens."""
    at = {name: f"{LOOPBACK}:{getattr(made.ports, name)}" for name in made.services}
    return Pod(
        made.name,
        f"http://{at['grafana']}",
        made.graphite_url or f"http://{at['graphite']}",
        at.get("carbon", ""),
        at.get("pickle", ""),
        at.get("statsd", ""),
        made.retentions,
        sample,
    )


def _ports(settings: Settings) -> Ports:
    names = ("grafana", "graphite", "carbon", "pickle", "statsd")
    ports = Ports(**{name: _port(name, getattr(settings.preview, f"{name}_port")) for name in names})
    taken: dict[int, str] = {}
    for name in names:
        if other := taken.get(number := getattr(ports, name)):
            raise UsageError(f"[preview] {name}_port and {other}_port are both {number}")
        taken[number] = name
    return ports


def _port(name: str, text: Any) -> int:
    if not str(text).isdecimal() or not 0 < int(text) < 2**16:
        raise UsageError(f"[preview] {name}_port is {text!r}; expected a port from 1 to 65535")
    return int(text)
