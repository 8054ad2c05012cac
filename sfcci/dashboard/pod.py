"""Where dashboards are shown: the configured Grafana, else Grafana in the pod of `podman/`, else the embedded preview."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sfcci import command
from sfcci.errors import MissingTool, ToolError, Unreachable
from sfcci.settings import Settings

NAME = "sfcci-preview"
"""The pod's name in `podman/preview.yaml`."""
START_TIMEOUT_S = 120.0
PODMAN_TIMEOUT_S = 60.0


class Way(StrEnum):
    """Who shows the dashboards."""

    GRAFANA = "grafana"
    POD = "pod"
    EMBEDDED = "embedded"


@dataclass(frozen=True)
class Choice:
    """A way, and why it is this one."""

    way: Way
    reason: str


@dataclass(frozen=True)
class Pod:
    """A running pod: addresses of Grafana and Graphite, and carbon's HOST:PORT."""

    grafana_url: str
    graphite_url: str
    carbon: str


ADDRESSES = Pod("http://127.0.0.1:23000", "http://127.0.0.1:28080", "127.0.0.1:28003")
"""The host's ports in `podman/preview.yaml`."""


def pod_file(settings: Settings) -> Path:
    """The pod's kube YAML in the project."""
    return settings.project / "podman" / "preview.yaml"


def choice(settings: Settings) -> Choice:
    """Choose the way on this machine. Images are never pulled: what is not here is not used."""
    if settings.grafana.url:
        return Choice(Way.GRAFANA, f"Grafana at {settings.grafana.url} is configured")
    obstacle = pod_obstacle(pod_file(settings))
    if not obstacle:
        return Choice(Way.POD, "podman and the pod's images are here")
    return Choice(Way.EMBEDDED, f"no Grafana is configured, and {obstacle}")


def pod_obstacle(path: Path) -> str:
    """Say why the pod cannot run here; "" when it can."""
    if not path.is_file():
        return f"{path} is not there"
    if not command.available("podman"):
        return "podman is not installed"
    if _unused():
        return "podman holds no image for this user (podman pull NAME)"
    lost = [name for name in images(path) if not _podman("image", "exists", name)]
    return f"podman has no image {', '.join(lost)} (podman pull NAME)" if lost else ""


def _unused() -> bool:
    """Say whether this ordinary user has never used podman: it need not be asked, and a first call would leave a process."""
    home = Path.home()
    kept = (
        home / ".local/share/containers/storage",
        home / ".config/containers/storage.conf",
        Path("/etc/containers/storage.conf"),
    )
    return os.geteuid() != 0 and not any(path.exists() for path in kept)


def images(path: Path) -> tuple[str, ...]:
    """Give the images that a kube YAML names; it may hold several documents."""
    found = [one.get("spec") or {} for one in _documents(path)]
    return tuple(one["image"] for spec in found for one in spec.get("containers") or [])


def _config_maps(path: Path) -> tuple[str, ...]:
    return tuple(one["metadata"]["name"] for one in _documents(path) if one.get("kind") == "ConfigMap")


def _documents(path: Path) -> list[dict[str, Any]]:
    from sfcci import document

    texts = path.read_text().split("\n---\n")
    return [document.parse(text, str(path)).data or {} for text in texts]


@contextlib.contextmanager
def running(path: Path, say: Callable[[str], None] = lambda _text: None) -> Iterator[Pod]:
    """Give the pod while it runs: started for the block and ended with it; one that is up already stays up.

    Raises MissingTool, ToolError, Unreachable.
    """
    if obstacle := pod_obstacle(path):
        raise MissingTool(obstacle)
    if _podman("pod", "exists", NAME):
        yield ADDRESSES
        return
    say("starting Grafana and Graphite in a pod")
    try:
        command.run(["podman", "play", "kube", path], timeout_s=PODMAN_TIMEOUT_S)
        _wait(f"{ADDRESSES.grafana_url}/api/health")
        _wait(f"{ADDRESSES.graphite_url}/metrics/find?query=*")
        yield ADDRESSES
    finally:
        _podman("play", "kube", "--down", str(path))
        for name in _config_maps(path):  # podman 4.3 leaves the volume that it made of one
            _podman("volume", "rm", name)


def _podman(*words: str) -> bool:
    """Let podman do something and say whether its exit status was 0."""
    try:
        return command.run(["podman", *words], timeout_s=PODMAN_TIMEOUT_S, check=False).status == 0
    except ToolError:
        return False


def _wait(url: str) -> None:
    import requests

    deadline = time.monotonic() + START_TIMEOUT_S
    session = requests.Session()
    session.trust_env = False
    with session:
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException):
                if session.get(url, timeout=5, allow_redirects=False).ok:
                    return
            time.sleep(0.2)
    raise Unreachable(f"{url} did not answer within {START_TIMEOUT_S:g} s; see `podman pod logs {NAME}`")
