"""Our own Graphite's image: what it answers, what it may not do, and that no point is lost when it ends."""

import contextlib
import json
import os
import pickle
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci.dashboard import graphite_image as image
from sfcci.errors import Unreachable
from sfcci.metric.configuration import carbon_files
from sfcci.metric.graphite import GraphiteReader

REPOSITORY = Path(__file__).parents[2]
WAIT_S = 60
HARD = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")
SOURCES = """
# deb http://not.example/debian bookworm main
deb http://one.example/debian bookworm main
deb-src [arch=amd64] https://one.example/debian/ bookworm main
deb http://one.example/debian-security bookworm-security main
deb http://packages.example/cloud cloud-sdk main
Types: deb
URIs: https://two.example/mirror/debian
"""


def test_the_file_in_podman_is_the_one_that_is_built():
    assert (REPOSITORY / "podman/Containerfile.graphite").read_text() == image.CONTAINERFILE.read_text()


def test_the_packages_are_those_that_the_containerfile_wants():
    wanted = re.search(r'packages="(.+?)"', image.CONTAINERFILE.read_text())
    assert tuple(wanted[1].split()) == image.PACKAGES


def test_packages_come_from_where_this_machine_has_its_own():
    found = image.mirrors_in(SOURCES)
    assert [image._source(mirror) for mirror in found] == [
        "deb http://one.example/debian bookworm main",
        "deb https://one.example/debian bookworm main",
        "deb http://one.example/debian-security bookworm-security main",
        "deb https://two.example/mirror/debian bookworm main",
    ]
    assert image.mirrors_in("URIs: http://ubuntu.example/ubuntu\n") == ()


class Container:
    """A container of our image with ports of this machine."""

    def __init__(self, podman, name, made, *words):
        self.podman, self.name = podman, name
        ports = [f"--publish=127.0.0.1::{port}" for port in (8080, 2003, 2004)]
        podman.run("run", "--detach", f"--name={name}", *HARD, *ports, *words, made)

    def port(self, number):
        told = self.podman.run("port", self.name, f"{number}/tcp").stdout
        return int(told.strip().rpartition(":")[2])

    @property
    def reader(self):
        return GraphiteReader(f"http://127.0.0.1:{self.port(8080)}")

    def log(self):
        return self.podman.run("logs", self.name)

    def ready(self):
        import requests

        url = f"http://127.0.0.1:{self.port(8080)}/version"
        wait_until(lambda: succeeds(lambda: requests.get(url, timeout=WAIT_S).ok), self.log)
        wait_until(lambda: all(listens(self.port(port)) for port in (2003, 2004)), self.log)
        return self

    def send(self, lines, port=2003):
        data = b"".join(f"{name} {value} {at}\n".encode() for name, value, at in lines)
        if port == 2004:
            data = pickle.dumps([(name, (at, value)) for name, value, at in lines], protocol=2)
            data = struct.pack("!L", len(data)) + data
        with socket.create_connection(("127.0.0.1", self.port(port)), timeout=WAIT_S) as link:
            link.sendall(data)

    def inside(self, *words, check=True):
        return self.podman.run("exec", self.name, *words, check=check).stdout

    def status(self):
        return int(self.podman.run("wait", self.name).stdout)

    def value(self, name, at):
        found = self.reader.render(name, at - 120, at + 120)
        return {when: value for one in found for value, when in one.values if value is not None}.get(
            at - at % 10
        )

    def step(self, name, now):
        """Seconds from one value to the next."""
        (series,) = self.reader.render(name, now - 600, now + 60)
        return series.values[1][1] - series.values[0][1]

    def remove(self):
        self.podman.run("rm", "--force", "--time=0", "--volumes", self.name, check=False)


def succeeds(what):
    with contextlib.suppress(OSError):
        return what()


def listens(port):
    return succeeds(lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close() is None)


def wait_until(true, words=lambda: ""):
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, words()
        time.sleep(0.1)


@pytest.fixture
def container(podman_here, graphite_image):
    """Start containers of the image; all of them end with the test."""
    if podman_here.network:
        pytest.skip("ring podman: no port of a container can be had here (no /dev/net/tun for this user)")
    made = []

    def start(name, *words):
        made.append(Container(podman_here, name, graphite_image, *words))
        return made[-1]

    yield start
    for one in made:
        one.remove()


@pytest.fixture(scope="module")
def up(podman_here, graphite_image):
    """One that is up for the tests that only look at it."""
    if podman_here.network:
        pytest.skip("ring podman: no port of a container can be had here (no /dev/net/tun for this user)")
    one = Container(podman_here, "looked-at", graphite_image)
    yield one.ready()
    one.remove()


@pytest.mark.podman
def test_lines_and_pickles_come_back_as_numbers_and_names(up):
    now = int(time.time())
    up.send([("looked.line", 5, now)])
    up.send([("looked.pickle", 7, now)], port=2004)
    wait_until(lambda: up.value("looked.line", now) == 5, up.log)
    wait_until(lambda: up.value("looked.pickle", now) == 7, up.log)
    reader = up.reader
    wait_until(lambda: set(reader.expand("looked.*")) == {"looked.line", "looked.pickle"}, up.log)

    import requests

    base = f"http://127.0.0.1:{up.port(8080)}"
    found = requests.get(f"{base}/metrics/find", params={"query": "looked.*"}, timeout=WAIT_S).json()
    assert {one["text"] for one in found} == {"line", "pickle"}
    wait_until(
        lambda: (
            {"looked.line", "looked.pickle"}
            <= set(requests.get(f"{base}/metrics/index.json", timeout=WAIT_S).json())
        )
    )


@pytest.mark.podman
def test_functions_are_told_although_python_dropped_what_they_are_told_with(up):
    import requests

    told = requests.get(f"http://127.0.0.1:{up.port(8080)}/functions", timeout=WAIT_S)
    assert told.ok
    assert {"movingAverage", "asPercent", "aliasByNode"} <= set(told.json())


@pytest.mark.podman
def test_series_are_kept_and_summed_up_as_in_the_private_graphite(up):
    folder = Path("/var/lib/graphite")
    ports = {"line": 2003, "pickle": 2004, "query": 7002}
    wanted = carbon_files(folder, folder / "run", folder / "run", ports)
    for name, text in wanted.items():
        elsewhere = text.replace("RECEIVER_INTERFACE = 127.0.0.1", "RECEIVER_INTERFACE = 0.0.0.0")
        assert up.inside("cat", f"{folder}/run/conf/{name}") == elsewhere


@pytest.mark.podman
def test_a_page_elsewhere_that_points_its_name_here_gets_nothing(up):
    import requests

    url = f"http://127.0.0.1:{up.port(8080)}/metrics/find?query=*"
    assert requests.get(url, headers={"Host": "rebound.example"}, timeout=WAIT_S).status_code == 400


@pytest.mark.podman
def test_it_is_an_ordinary_user_without_any_right_on_a_root_that_nobody_writes(up):
    status = dict(
        line.split(":\t", 1) for line in up.inside("cat", "/proc/1/status").splitlines() if ":\t" in line
    )
    assert status["Uid"].split() == status["Gid"].split() == ["10003"] * 4
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    for place in ("/", "/run", "/usr/lib/sfcci-graphite", "/etc"):
        assert (
            up.inside("sh", "-c", f"touch {place}/x 2>/dev/null || echo refused", check=False) == "refused\n"
        )


@pytest.mark.podman
def test_what_came_before_it_is_stopped_is_there_after(container, podman_here):
    volume = ("--volume=kept:/var/lib/graphite",)
    first = container("first", *volume).ready()
    now = int(time.time())
    now -= now % 10
    lines = [(f"kept.m{n}", n, now) for n in range(2000)]
    first.send(lines)
    # carbon takes a connection's lines in their order, and answers for what is not on the disk yet
    wait_until(lambda: first.value("kept.m1999", now) == 1999, first.log)
    podman_here.run("stop", f"--time={WAIT_S}", first.name)
    assert first.status() == 0, first.log()
    second = container("second", *volume).ready()
    found = second.reader.render("kept.*", now - 60, now + 60)
    got = {one.target: [value for value, when in one.values if when == now] for one in found}
    assert got == {name: [value] for name, value, _ in lines}


@pytest.mark.podman
def test_a_kill_leaves_no_series_that_cannot_be_written(container, podman_here):
    volume = ("--volume=killed:/var/lib/graphite",)
    first = container("killed-1", *volume).ready()
    now = int(time.time())
    first.send([("killed.whole", 1, now), ("killed.half", 2, now)])
    files = "/var/lib/graphite/whisper/killed"
    wait_until(lambda: len(first.inside("sh", "-c", f"ls {files} 2>/dev/null", check=False).split()) == 2)
    first.inside("truncate", "--size=20", f"{files}/half.wsp")
    podman_here.run("kill", "--signal=KILL", first.name)
    first.status()
    second = container("killed-2", *volume).ready()
    log = second.log()
    assert f"{files}/half.wsp was half made and is removed" in log.stderr + log.stdout
    second.send([("killed.half", 3, now)])
    wait_until(lambda: second.value("killed.half", now) == 3, second.log)
    assert second.value("killed.whole", now) == 1


@pytest.mark.podman
def test_without_one_of_its_two_programs_it_ends_and_says_so(container):
    one = container("alone").ready()
    one.inside(
        "sh",
        "-c",
        "for f in /proc/[0-9]*; do grep -q carbon[.]conf $f/cmdline && kill -9 ${f#/proc/}; done",
        check=False,
    )
    assert one.status() == 1
    log = one.log()
    assert "sfcci-graphite: carbon ended with status -9" in log.stderr + log.stdout


@pytest.mark.podman
def test_a_variable_says_how_long_series_are_kept(container):
    one = container("steps", "--env=GRAPHITE_RETENTIONS=60s:2h").ready()
    now = int(time.time())
    one.send([("steps.x", 4, now)])
    wait_until(lambda: one.reader.render("steps.x", now - 600, now + 60), one.log)
    assert one.step("steps.x", now) == 60


@pytest.mark.podman
def test_a_file_says_how_long_series_are_kept_in_the_place_of_the_variable(container, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "schemas").write_text(
        "[fine]\npattern = ^fine\nretentions = 5s:1h\n\n[rest]\npattern = .*\nretentions = 30s:1h\n"
    )
    one = container("filed", f"--volume={tmp_path}/schemas:/etc/graphite/storage-schemas.conf:ro").ready()
    now = int(time.time())
    one.send([("fine.x", 4, now), ("rough.x", 4, now)])
    for name, step in (("fine.x", 5), ("rough.x", 30)):
        wait_until(lambda name=name: one.reader.render(name, now - 600, now + 60), one.log)
        assert one.step(name, now) == step


@pytest.mark.podman
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--env=GRAPHITE_RETENTIONS=10x:1d"], "GRAPHITE_RETENTIONS: retentions '10x:1d': "),
        (["--env=GRAPHITE_RETENTIONS=60s:1d,10s:30d"], "GRAPHITE_RETENTIONS: retentions '60s:1d,10s:30d': "),
        (["--env=GRAPHITE_WEB_PORT=http"], "GRAPHITE_WEB_PORT is 'http'; expected a port from 1 to 65535"),
        (
            ["--tmpfs=/var/lib/graphite:mode=0555"],
            "/var/lib/graphite cannot be written by user 10003:10003: ",
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_one_sentence(podman_here, graphite_image, words, told):
    done = podman_here.run("run", "--rm", "--network=none", *HARD, *words, graphite_image, check=False)
    assert done.status == 2
    assert done.stderr.startswith(f"sfcci-graphite: {told}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.podman
def test_the_command_builds_it_and_says_what_it_built(podman_here, graphite_image, cache_dir, tmp_path):  # noqa: ARG001 - for its layers
    base = image.system_image(podman_here, cache_dir)
    argv = ["preview", "build", "--base", base, "--tag", "localhost/sfcci-built:1", "--json"]
    done = sfcci(podman_here, tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["image"], told["base"]) == ("localhost/sfcci-built:1", base)
    assert podman_here.exists("image", "localhost/sfcci-built:1")
    assert not left_of_builds(podman_here)


def left_of_builds(podman):
    names = podman.run("ps", "--all", "--external", "--format={{.Names}}").stdout.split()
    names += podman.run("images", "--format={{.Repository}}").stdout.split()
    return [name for name in names if "sfcci-base" in name]


@pytest.mark.podman
@pytest.mark.usefixtures("graphite_image")  # for what it is built on
def test_what_a_killed_build_left_goes_with_the_next_and_what_lasts_is_let_alone(
    podman_here, cache_dir, tmp_path
):
    base = image.system_image(podman_here, cache_dir)
    killed, lasting = (
        2**22 + 1,
        os.getppid(),
    )  # no process has the first: it is more than the kernel counts to
    for pid in (killed, lasting):
        podman_here.run("tag", base, f"localhost/sfcci-base-{pid}")
        (tmp_path / "Containerfile").write_text(f"FROM localhost/sfcci-base-{pid}\nRUN false\n")
        words = ("--layers=false", "--force-rm=false", "--rm=false", "--network=none")
        podman_here.run("build", *words, tmp_path, check=False)
    assert {int(name.split("-")[2]) for name in left_of_builds(podman_here)} == {killed, lasting}
    image.build(podman_here, base=base, network="none", tag="localhost/sfcci-built:2")
    assert {int(name.split("-")[2]) for name in left_of_builds(podman_here)} == {lasting}


@pytest.mark.podman
def test_a_base_that_cannot_be_pulled_is_one_sentence_with_the_way_round(podman_here, tmp_path):
    done = sfcci(podman_here, tmp_path, "preview", "build", "--base", "127.0.0.1:1/nothing:1")
    assert done.returncode == 3
    assert "the image 127.0.0.1:1/nothing:1 cannot be pulled: " in done.stderr
    assert "without a registry: sfcci preview build --from-system" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.podman
def test_packages_that_cannot_be_had_are_one_sentence_and_nothing_is_left(podman_here, tmp_path, monkeypatch):
    words = (*image._system_words(), '--aptopt=Acquire::Retries "0"')  # apt waits before it tries again
    monkeypatch.setattr(image, "_system_words", lambda: words)
    monkeypatch.setattr(image, "SUITE", "no-such-suite")  # so that nobody has its image yet
    with pytest.raises(Unreachable, match=r"Debian's packages cannot be fetched: E: .+--mirror") as told:
        image.system_image(podman_here, tmp_path / "cache", mirrors=["http://127.0.0.1:1/debian"])
    assert len(str(told.value).splitlines()) == 1
    assert [path.suffix for path in (tmp_path / "cache/images").iterdir()] == [".lock"]


def test_words_that_make_no_sense_together_are_refused(tmp_path):
    for words, told in (
        (["--base", "x", "--from-system"], "--base and --from-system both name what to build on"),
        (["--mirror", "http://one.example/debian"], "--mirror is for --from-system"),
    ):
        done = sfcci(None, tmp_path, "preview", "build", *words)
        assert (done.returncode, told in done.stderr) == (2, True)


def sfcci(podman, folder, *words):
    """Run the command with the storage of the tests."""
    env = {**(podman.environ if podman else os.environ), "SFCCI_RUN_STATE": str(folder / "state")}
    return subprocess.run(
        [sys.executable, "-m", "sfcci", *words],
        capture_output=True,
        text=True,
        env=env,
        cwd=REPOSITORY,
        check=False,
    )
