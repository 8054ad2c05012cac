"""The pod's life under a real podman: our own Graphite, and a stand-in for Grafana that says on every page that it is one."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from sfcci import settings
from sfcci.dashboard import pod, podman
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

pytestmark = pytest.mark.podman
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


_ports = itertools.count(10_000 + os.getpid() * 37 % 18_000)


def free_ports(count):
    """Ports below those that the kernel gives to anybody who asks for any; each process of tests begins elsewhere."""
    return list(itertools.islice(filter(_is_free, _ports), count))


def _is_free(port):
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


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


def test_two_at_once_make_one_pod(shown):
    assert [one["started"] for one in shown.told] == [True, False]
    assert shown.told[0]["grafana"] == shown.told[1]["grafana"]
    assert shown.podman_says("pod", "ps", "--format", "{{.Name}}").count(shown.name) == 1


def test_up_shows_the_gate_s_history_in_grafana_and_a_second_time_changes_nothing(shown):
    first = shown.told[0]
    assert first["points"] > 0
    assert [one["title"] for one in first["dashboards"]] == ["One"]
    page = requests.get(first["dashboards"][0]["url"], timeout=30).text
    assert "stand-in for Grafana" in page
    assert "<li>One</li>" in page
    until(lambda: through_grafana(first, token_of(shown), COUNTER) == 7)
    before, token = shown.containers(), token_of(shown)
    shown.write(title="Two")
    second = shown.up()
    assert not second["started"]
    assert [one["action"] for one in second["dashboards"]] == ["change"]
    assert (shown.containers(), token_of(shown)) == (before, token)
    shown.write()


def test_what_is_up_is_told_with_its_addresses_and_its_words(shown):
    first = shown.told[0]
    found = shown.run("status", "--json")
    assert found["up"]
    assert found["pod"]["grafana"] == first["grafana"]
    assert set(found["containers"].values()) == {"running"}
    assert "Grafana answers at" in shown.run("status")
    logs = shown.run("logs")
    assert "carbon" in logs
    assert f"{shown.name}-graphite" in logs, "who says it"
    assert shown.run("open", "--json") == {"address": first["grafana"]}
    assert pod.choice(shown.settings).way is pod.Way.POD


def test_nothing_of_it_has_any_right_and_its_secrets_are_in_private_files_alone(shown):
    folder = shown.project / "a state" / "preview"
    secrets = [(folder / name).read_text() for name in ("admin-password", "token")]
    for name in ("admin-password", "token", "pod.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    told = shown.podman.run("inspect", *shown.containers()).stdout + shown.run("logs")
    pids = shown.podman.run("inspect", "--format={{.State.Pid}}", *shown.containers()).stdout.split()
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        told += Path(f"/proc/{pid}/environ").read_text() + Path(f"/proc/{pid}/cmdline").read_text()
    assert not [secret for secret in secrets if secret in told]
    stranger = requests.post(
        f"{pod.known(shown.settings).grafana_url}/api/dashboards/db", json={}, timeout=30
    )
    assert stranger.status_code in (401, 403)


def test_a_graphite_elsewhere_is_read_and_never_written_and_an_old_grafana_gets_an_api_key(
    shown, world, grafana_7_image
):
    here = shown.told[0]
    until(lambda: through_grafana(here, token_of(shown), COUNTER) == 7)
    record(world.settings, 5)
    before = sorted(requests.get(f"{here['graphite']}/metrics/index.json", timeout=30).json())
    old = {"SFCCI_PREVIEW_GRAFANA_IMAGE": grafana_7_image}
    up = world.up("--graphite", here["graphite"], **old)
    assert (up["points"], up["carbon"]) == (0, "")
    assert [one["action"] for one in up["dashboards"]] == ["create"]
    assert not token_of(world).startswith("glsa_")
    assert through_grafana(up, token_of(world), COUNTER) == 7
    assert sorted(requests.get(f"{here['graphite']}/metrics/index.json", timeout=30).json()) == before
    assert f"{world.name}-graphite" not in world.left()
    assert not world.up("--graphite", here["graphite"], **old)["started"]
    world.run("down", "--volume")
    assert world.left() == []
    assert through_grafana(here, token_of(shown), COUNTER) == 7, "the pod beside it was left alone"


def test_what_it_keeps_outlives_it_until_that_is_removed_too(shown):
    gone = shown.run("down", "--json")
    assert gone["was_up"]
    volumes = [f"{shown.name}-grafana", f"{shown.name}-graphite"]
    assert sorted(gone["kept"]) == sorted(shown.left()) == volumes
    assert "the preview is not up" in shown.run("open", status=2)
    database = shown.project / "a state" / "runs.sqlite"
    database.rename(database.with_suffix(".aside"))  # what is shown now can only be what the volume kept
    again = shown.up(SFCCI_PREVIEW_GRAPHITE_PORT=str(free_ports(1)[0]))
    assert again["started"]
    assert again["graphite"] != shown.told[0]["graphite"]
    assert through_grafana(again, token_of(shown), COUNTER) == 7
    database.with_suffix(".aside").rename(database)
    _tells_that_the_password_is_lost(shown)
    assert sorted(shown.run("down", "--volume", "--json")["removed"]) == volumes
    assert shown.left() == []
    assert not (shown.project / "a state" / "preview" / "token").exists()
    assert "was not up" in shown.run("down")


def _tells_that_the_password_is_lost(world):
    for name in ("admin-password", "token"):
        (world.project / "a state" / "preview" / name).unlink()
    told = world.run("up", "--no-fallback", status=3)
    assert "was set up with another password" in told
    assert "sfcci preview down --volume" in told


def test_down_takes_nothing_of_others_and_up_takes_no_pod_of_theirs(world):
    others = [f"{world.name}-graphite-2", f"{world.name}2"]
    for name in others:
        world.podman.run("volume", "create", name)
    world.podman.run("volume", "create", f"{world.name}-grafana")  # ours by name, but without our label
    world.podman.run("pod", "create", "--infra=false", f"--name={world.name}")
    refused = world.run("up", "--no-fallback", status=2)
    assert f"podman has a pod {world.name} that sfcci did not make" in refused
    assert "did not make" in world.run("down", status=2)
    assert world.name in world.podman_says("pod", "ps", "--format", "{{.Name}}")
    world.podman.run("pod", "rm", world.name)
    world.run("down", "--volume")
    assert sorted(world.left()) == sorted([*others, f"{world.name}-grafana"])


def infra(world):
    """The container that has the pod's network."""
    found = world.podman_says("pod", "inspect", "--format", "{{.InfraContainerID}}", world.name)
    return found[0] if found else ""


def namespaces():
    return set(Path("/run/netns").glob("netns-*"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_up_that_is_ended_while_podman_plays_leaves_nothing_of_its_network(world, end):
    before = namespaces()
    with world.start("up", "--no-fallback") as process:
        network = until(lambda: infra(world) or process.poll() is not None)
        process.send_signal(end)
        process.communicate(timeout=LIMIT_S)
    world.run("down", "--volume")
    assert world.left() == []
    if network is not True:  # else it was done already
        assert world.network_left(network) == []
    mine = namespaces() - before
    until(lambda: not {one for one in mine if one.exists() and not at_work(one)})


def at_work(namespace):
    """Whether a process is in a network namespace: those of pods that others have up now are not left behind."""
    inode = namespace.stat().st_ino
    return any(_in(path, inode) for path in Path("/proc").glob("[0-9]*/ns/net"))


def _in(path, inode):
    with contextlib.suppress(OSError):
        return path.stat().st_ino == inode
    return False


def test_a_killed_up_leaves_nothing_that_the_next_does_not_put_right(world):
    with world.start("up", "--no-fallback") as process:
        until(lambda: len(world.containers()) >= 2 or process.poll() is not None)
        process.kill()
        process.communicate()
    up = world.up()
    assert requests.get(f"{up['grafana']}/api/health", timeout=30).ok
    world.run("down", "--volume")
    assert world.left() == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SFCCI_PREVIEW_GRAFANA_IMAGE": "127.0.0.1:1/none:1"}, ["image 127.0.0.1:1/none:1 cannot be pulled", "preview load"]),
        ({"SFCCI_PREVIEW_GRAFANA_IMAGE": "localhost/none:1"}, ["podman has no image localhost/none:1", "in no registry"]),
        ({"SFCCI_GRAPHITE_RETENTIONS": "10s"}, ["graphite ended right after its start: ", "GRAPHITE_RETENTIONS: "]),
        ({"SFCCI_GRAPHITE_URL": "http://127.0.0.1:1"}, ["http://127.0.0.1:1"]),
    ],
)  # fmt: skip
def test_what_keeps_the_pod_from_running_is_told_and_nothing_stays(world, environ, words):
    told = world.run("up", "--no-fallback", status=3, **environ)
    for word in words:
        assert word in told
    assert "Traceback" not in told
    assert not world.podman.exists("pod", world.name)


def test_a_port_that_is_taken_is_named_with_its_setting(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = world.run("up", "--no-fallback", status=3, SFCCI_PREVIEW_CARBON_PORT=str(port))
    assert f"port {port} of 127.0.0.1 cannot be had for carbon: Address already in use" in told
    assert "[preview] carbon_port" in told
    assert world.left() == []


def test_images_go_into_one_archive_and_out_of_it_again(world, tmp_path):
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "file").write_text("hello")
    archive = tmp_path / "image.tar"
    subprocess.run(["tar", "-C", tmp_path / "image", "-cf", archive, "."], check=True)
    names = [f"localhost/{world.name}:{number}" for number in (1, 2)]
    images = dict(zip(("SFCCI_PREVIEW_GRAFANA_IMAGE", "SFCCI_PREVIEW_GRAPHITE_IMAGE"), names, strict=True))
    for name in names:
        world.podman.run("import", "--quiet", archive, name)
    saved = tmp_path / "images.tar"
    saved.write_text("what was there before")
    assert world.run("save", "--json", saved, **images)["images"] == names
    assert [path.name for path in tmp_path.glob("*images.tar*")] == ["images.tar"]
    world.podman.run("rmi", "--force", *names)
    assert sorted(world.run("load", "--json", saved)["images"]) == names
    assert all(world.podman.exists("image", name) for name in names)
    world.podman.run("rmi", "--force", *names)
    assert "cannot be loaded" in world.run("load", world.project / "dashboards/one.yaml", status=2)
    assert "is no file" in world.run("load", tmp_path / "none.tar", status=2)
    lost = world.run("save", tmp_path / "new.tar", status=3, **images)
    assert "podman has no image" in lost
    assert not (tmp_path / "new.tar").exists()


def test_an_interrupted_up_removes_what_it_has_begun(world):
    with world.start("up", "--no-fallback") as process:
        until(lambda: world.podman.exists("pod", world.name) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=LIMIT_S)
    if process.returncode:  # else it was done already
        assert not world.podman.exists("pod", world.name)
    assert "Traceback" not in told
