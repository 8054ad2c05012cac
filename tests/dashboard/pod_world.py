"""Projects with a pod of their own under a real podman, and what tests of them ask: loaded by the conftest of this folder."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from podman_images import free_ports

from sfcci import settings
from sfcci.dashboard import pod, podman
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

LIMIT_S = 120
CNI = Path("/var/lib/cni")
COUNTER = "stats_counts.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job.one.SUCCESS"
DASHBOARD = """\
dashboard:
  title: {title}
  rows:
    - title: Row
      height: 200px
      panels:
        - title: Panel
          type: graph
          datasource: OpenStack
          targets:
            - target: {target}
"""


@dataclass
class World:
    """A project, a podman, and the settings of a pod of its own."""

    project: Path
    podman: object
    name: str
    environ: dict
    told: list = field(default_factory=list)
    """What the commands that started the pod of `shown` said."""

    def argv(self, *words):
        return [sys.executable, "-m", "sfcci", "preview", *map(str, words)]

    def start(self, *words, **environ):
        return subprocess.Popen(
            self.argv(*words),
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words, status=0, **environ):
        with self.start(*words, **environ) as process:
            out, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == status, f"{words} ended with {process.returncode}: {out}{err}"
        return json.loads(out) if "--json" in words else out + err

    def up(self, *words, **environ):
        return self.run("up", "--no-fallback", "--json", *words, **environ)

    @property
    def settings(self):
        return settings.load(self.project, self.environ)

    def podman_says(self, *words):
        return self.podman.run(*words, check=False).stdout.split()

    def containers(self):
        return sorted(self.podman_says("ps", "--all", "--quiet", "--filter", f"label={pod_label(self.name)}"))

    def left(self):
        """All that podman has with our pod's name in it."""
        pods = self.podman_says("pod", "ps", "--format", "{{.Name}}")
        containers = self.podman_says("ps", "--all", "--format", "{{.Names}}")
        volumes = self.podman_says("volume", "ls", "--format", "{{.Name}}")
        return [one for one in (*pods, *containers, *volumes) if one.startswith(self.name)]

    def network_left(self, container):
        """What a container's network has left: its files at CNI with their network namespaces, its rules in iptables."""
        files = [path for path in CNI.rglob("*") if path.is_file() and container in _said(path)]
        found = ""
        if shutil.which("iptables-save"):
            found = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
        return [*map(str, files), *(line for line in found.splitlines() if container in line)]

    def remove(self):
        """End the pod at once: what runs while it is removed holds podman up."""
        self.podman.run("pod", "kill", self.name, check=False)
        self.podman.run("pod", "rm", "--force", "--time=0", self.name, check=False)
        if left := self.left():
            self.podman.run("volume", "rm", "--force", *left, check=False)

    def write(self, title="One", target=COUNTER):
        (self.project / "dashboards").mkdir(exist_ok=True)
        (self.project / "dashboards" / "one.yaml").write_text(DASHBOARD.format(title=title, target=target))


def _said(path):
    try:
        return path.name + path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def pod_label(name):
    return f"io.sfcci.preview={name}"


@pytest.fixture(scope="module")
def probed(podman_here, tmp_path_factory):
    """What was found out about podman, once for all tests."""
    state = tmp_path_factory.mktemp("probed")
    environ = {**podman_here.environ, "SFCCI_RUN_STATE": str(state)}
    podman.probe(settings.load(state, environ), environ=environ)
    return state / "preview" / "podman.json"


@pytest.fixture(scope="module")
def new_world(podman_here, probed, grafana_image, graphite_image, tmp_path_factory):
    """Make projects, each with one dashboard and the settings of a pod of its own."""
    numbers = itertools.count()

    def make():
        folder = tmp_path_factory.mktemp("world")
        name = f"sfcci-test-{os.getpid()}-{next(numbers)}"
        ports = dict(zip(("GRAFANA", "GRAPHITE", "CARBON", "PICKLE", "STATSD"), free_ports(5), strict=True))
        environ = {
            **os.environ,
            **{key: podman_here.environ[key] for key in podman_here.environ if key.startswith("CONTAINERS_")},
            "PYTHONPATH": str(Path(settings.__file__).parents[1]),
            "SFCCI_PROJECT": str(folder),
            "SFCCI_RUN_STATE": str(folder / "a state"),
            "SFCCI_PREVIEW_NAME": name,
            "SFCCI_PREVIEW_GRAFANA_IMAGE": grafana_image,
            "SFCCI_PREVIEW_GRAPHITE_IMAGE": graphite_image,
            **{f"SFCCI_PREVIEW_{service}_PORT": str(port) for service, port in ports.items()},
        }
        made = World(folder, podman_here, name, environ)
        made.write()
        (folder / "a state" / "preview").mkdir(parents=True)
        shutil.copy(probed, folder / "a state" / "preview")
        return made

    return make


@pytest.fixture
def world(new_world):
    made = new_world()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def shared_world(new_world):
    made = new_world()
    record(made.settings, 7)
    yield made
    made.remove()


@pytest.fixture
def shown(shared_world):
    """A world whose pod is up with the gate's history, for tests that leave it so or take it away; made by two at once."""
    if not pod.running(shared_world.settings):
        both = [shared_world.start("up", "--no-fallback", "--json") for _ in range(2)]
        told = [one.communicate(timeout=LIMIT_S) for one in both]
        assert [one.returncode for one in both] == [0, 0], told
        shared_world.told = sorted((json.loads(out) for out, _ in told), key=lambda one: not one["started"])
    return shared_world


def record(given, count):
    """Have so many successes in the run database, now."""
    now = time.time() - 60
    with History(given) as history:
        history.record(
            JobResult(f"one-{at}", "one", Result.SUCCESS, "t", "gate", "h.org", "p/q", "main", now, 1000)
            for at in range(count)
        )


def through_grafana(up, token, target):
    """The sum of a target's values over the last hour, asked through Grafana as a panel asks."""
    answer = requests.get(
        f"{up['grafana']}/api/datasources/proxy/uid/graphite/render",
        params={"target": target, "from": "-1h", "until": "now", "format": "json"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return sum(value or 0 for one in answer.json() for value, _ in one["datapoints"])


def until(what):
    """Wait until something is so, however long that takes on a busy machine."""
    deadline = time.monotonic() + LIMIT_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def token_of(world):
    return (world.project / "a state" / "preview" / "token").read_text()
