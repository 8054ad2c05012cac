"""The pod's life under podman: played from its kube YAML, waited for, looked at, removed. Podman itself is the truth of it.

All that is ours carries a label with the pod's name; a killed run leaves nothing that the next one does not find by it.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfcci import files
from sfcci.dashboard.pod import Pod, answers
from sfcci.dashboard.pod_render import DIGEST, LABEL, LOOPBACK, PodSpec, config_maps, kube_yaml, query_port
from sfcci.dashboard.podman import Podman
from sfcci.errors import MissingTool, Unreachable, UsageError

START_TIMEOUT_S = 120.0
PLAY_TIMEOUT_S = 180.0
STOP_S = 10
"""So long may containers take to end before they are killed."""
POLL_S = 0.1
LOOK_EVERY = 10
"""After so many polls podman is asked whether a container has ended."""
LAST_LINES = 5
RUNNING = "running"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """A pod that podman has: its labels, and the state of each container by name."""

    labels: Mapping[str, str]
    containers: Mapping[str, str] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        """Whether all its containers run."""
        return set(self.containers.values()) == {RUNNING}


def find(podman: Podman, name: str) -> Found | None:
    """Give the pod of that name; None where there is none."""
    done = podman.run("pod", "inspect", name, check=False)
    if done.status:
        return None
    read: Any = json.loads(done.stdout)
    one: dict[str, Any] = read[0] if isinstance(read, list) else read  # podman 5 gives a list
    states = {each["Name"]: str(each["State"]).lower() for each in one.get("Containers") or []}
    return Found(one.get("Labels") or {}, states)


def start(podman: Podman, spec: PodSpec, say: Say, lock: Path) -> bool:
    """Have the pod run as `spec` says: left alone when it does, replaced when it is another; say whether it was started.

    While podman works at it, `lock` is held: see `settle`.

    Raises MissingTool (a port is taken), UsageError (a pod of somebody else's has the name), ToolError.
    """
    kept = find(podman, spec.name)
    if kept and kept.up and kept.labels.get(DIGEST) == spec.digest:
        return False
    if kept:
        say("replacing the pod that is there: it was made with other settings, or has ended")
    remove(podman, spec.name)
    _check_ports(spec)
    for volume in spec.volumes:
        if not podman.exists("volume", volume):
            podman.run("volume", "create", "--label", f"{LABEL}={spec.name}", volume)
    say("starting Grafana and Graphite in a pod" if spec.own_graphite else "starting Grafana in a pod")
    try:
        podman.run("play", "kube", "-", stdin=kube_yaml(spec), timeout_s=PLAY_TIMEOUT_S, lock=lock)
    except BaseException:
        remove(podman, spec.name)
        raise
    return True


def settle(lock: Path, say: Say) -> None:
    """Wait until the podman of a run that was killed has done what it began: a pod that is removed meanwhile leaves its network."""
    if held := files.try_lock(lock):
        held.close()
        return
    say("waiting for the podman of a run that was killed")
    with files.locked(lock):
        pass


def _check_ports(spec: PodSpec) -> None:
    """Raises MissingTool for the first port that somebody listens on."""
    numbers = {service: getattr(spec.ports, service) for service in spec.services}
    if spec.host_network and spec.own_graphite:
        numbers["pickle"], numbers["query"] = spec.ports.pickle, query_port(spec)
    for service, number in numbers.items():
        kind = socket.SOCK_DGRAM if service == "statsd" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:  # what was closed a moment ago is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, number))
            except OSError as error:
                setting = "pickle" if service == "query" else service
                raise MissingTool(
                    f"port {number} of {LOOPBACK} cannot be had for {service}: {error.strerror}",
                    f"end what listens there, or set [preview] {setting}_port in sfcci.toml to another",
                ) from None


def wait(podman: Podman, spec: PodSpec, pod: Pod) -> None:
    """Wait until Grafana and, where it is in the pod, Graphite answer. Raises Unreachable with a container's last words."""
    urls = {"Grafana": f"{pod.grafana_url}/api/health"}
    if spec.own_graphite:
        urls["Graphite"] = f"{pod.graphite_url}/metrics/find?query=*"
    for _ in _polls(podman, spec):
        urls = {name: url for name, url in urls.items() if not answers(url)}
        if not urls:
            return
    raise Unreachable(
        f"{' and '.join(urls)} did not answer within {START_TIMEOUT_S:g} s; see: sfcci preview logs"
    )


def _polls(podman: Podman, spec: PodSpec) -> Iterator[None]:
    """Give a turn every moment until it is too late; raises when a container has ended meanwhile."""
    deadline = time.monotonic() + START_TIMEOUT_S
    count = 0
    while time.monotonic() < deadline:
        yield
        count += 1
        if count % LOOK_EVERY == 0:
            _check_alive(podman, spec.name)
        time.sleep(POLL_S)


def _check_alive(podman: Podman, name: str) -> None:
    found = find(podman, name)
    if found is None:
        raise Unreachable(f"the pod {name} was removed while it started; run it again")
    dead = [one for one, state in found.containers.items() if state in ("exited", "stopped", "dead")]
    for one in dead:
        said = podman.run("logs", "--tail", str(LAST_LINES), one, check=False)
        words = " | ".join((said.stderr + said.stdout).split("\n")[-LAST_LINES - 1 :]).strip(" |")
        raise Unreachable(f"the container {one} ended right after its start: {words or 'it said nothing'}")


def remove(podman: Podman, name: str) -> bool:
    """Remove the pod and what is only as long-lived as it; its volumes stay. Say whether there was one.

    Raises UsageError when the pod of this name is not ours.
    """
    found = find(podman, name)
    if found and found.labels.get(LABEL) != name:
        raise UsageError(
            f"podman has a pod {name} that sfcci did not make; it stays: set [preview] name to another"
        )
    if found:
        # What runs while its pod is removed holds podman up for some seconds more.
        podman.run("pod", "stop", "--time", str(STOP_S), name, check=False)
        podman.run("pod", "rm", "--force", "--time", str(STOP_S), name)
    # podman before 4.4 leaves the volumes that it made of ConfigMaps; what is not there is no matter
    podman.run("volume", "rm", *config_maps(name), check=False)
    return found is not None


def volumes(podman: Podman, name: str) -> tuple[str, ...]:
    """Give the volumes with what stays of the pod."""
    done = podman.run("volume", "ls", "--quiet", "--filter", f"label={LABEL}={name}")
    return tuple(done.stdout.split())


def remove_volumes(podman: Podman, name: str) -> tuple[str, ...]:
    """Remove what stays of the pod; give the volumes' names."""
    found = volumes(podman, name)
    if found:
        podman.run("volume", "rm", *found)
    return found
