"""A quadlet unit for the pod, with which systemd keeps it up (podman-systemd.unit(5), podman 4.4 and later)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sfcci import files
from sfcci.dashboard import pod
from sfcci.dashboard.pod_render import quadlet_unit
from sfcci.dashboard.podman import probe
from sfcci.errors import MissingTool
from sfcci.settings import Settings

SINCE = (4, 4)
SYSTEM = Path("/etc/containers/systemd")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Unit:
    """An installed unit, and the commands that start it."""

    path: Path
    start: str


def folder() -> Path:
    """The folder that systemd's generator reads: root's, or the user's."""
    if os.geteuid() == 0:
        return SYSTEM
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "containers" / "systemd"


def unit(settings: Settings) -> str:
    """Give the unit's text; it names the kube YAML beside it."""
    return quadlet_unit(str(folder() / f"{pod.by_hand(settings).name}.yaml"))


def install(settings: Settings, say: Say, *, statsd: bool = False) -> Unit:
    """Write the unit and its kube YAML. Raises MissingTool: this podman has no quadlet, or the folder cannot be written."""
    podman = probe(settings, say)
    if podman.version < SINCE:
        version = ".".join(map(str, podman.version))
        raise MissingTool(
            f"podman {version} has no quadlet",
            "it came with 4.4; until then: sfcci preview up, or podman play kube on what sfcci preview kube prints",
        )
    name = pod.by_hand(settings).name
    files.write_text(folder() / f"{name}.yaml", pod.by_hand_yaml(settings, statsd=statsd))
    path = folder() / f"{name}.kube"
    files.write_text(path, unit(settings))
    user = "" if os.geteuid() == 0 else " --user"
    return Unit(path, f"systemctl{user} daemon-reload && systemctl{user} start {name}.service")
