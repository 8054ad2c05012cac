"""What podman needs on a machine is found out by trying, remembered, and told where nothing helps."""

import os
import queue
import stat
import subprocess
import sys
import threading
import tomllib
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import files, settings
from sfcci.dashboard import pod_start, podman
from sfcci.errors import MissingTool, ToolError

FAKE = """#!/bin/sh
# a stand-in for podman: it starts a container only with what WANTED says; every call is noted
echo "$@" >> "$CALLS"
env | grep SFCCI_ >> "$CALLS"
case "$1" in
    --version) echo "podman version ${VERSION:-4.3.1}"; exit 0 ;;
    rm) exit 0 ;;
esac
conf=$(cat "$CONTAINERS_CONF" 2>/dev/null)
case "$conf" in *"$WANTED"*) ;; *) echo "Error: $SAYS" >&2; exit 126 ;; esac
case "$* " in *"--publish"*) [ -z "$NO_PORTS" ] || { echo "Error: no /dev/net/tun" >&2; exit 126; } ;; esac
echo 0123456789ab
"""
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
plain = st.booleans() | st.integers(-(2**63), 2**63 - 1) | names
tables = st.recursive(
    st.dictionaries(names, plain | st.lists(plain, max_size=3), max_size=3),
    lambda inner: st.dictionaries(names, inner | plain, max_size=3),
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Settings, and a folder of programs with a podman that can be told what it needs."""
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    calls = tmp_path / "calls"
    calls.touch()
    for name, text in {"PATH": f"{program.parent}:/usr/bin:/bin", "CALLS": str(calls), "WANTED": "", "SAYS": "no"}.items():  # fmt: skip
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("CONTAINERS_CONF", raising=False)
    return replace(settings.load(tmp_path, {}), state=tmp_path / "a state")


def calls(machine):
    return (machine.project / "calls").read_text().splitlines()


def test_where_podman_works_nothing_is_configured_and_it_is_tried_once(machine):
    found = podman.probe(machine)
    assert (found.version, found.network, found.rootless) == ((4, 3, 1), "", os.geteuid() != 0)
    assert "CONTAINERS_CONF" not in found.environ
    tried = len(calls(machine))
    assert "--user=472:472" in calls(machine)[1], "an ordinary user, as in the images"
    assert podman.probe(machine) == found
    assert calls(machine)[tried:] == ["--version"]
    assert sorted(path.name for path in (machine.state / "preview").iterdir()) == [
        "podman.json",
        "podman.lock",
    ]


@pytest.mark.parametrize("wanted", ["default_ulimits", "cgroupfs", 'events_logger" = "file"'])
def test_only_what_this_machine_needs_is_configured_in_a_private_file(machine, monkeypatch, wanted):
    monkeypatch.setenv("WANTED", wanted)
    found = podman.probe(machine)
    path = machine.state / "preview" / "containers.conf"
    assert found.environ["CONTAINERS_CONF"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = tomllib.loads(path.read_text())
    assert ("engine" in made and "cgroup_manager" in made["engine"]) == (wanted != "default_ulimits")
    path.unlink()
    assert podman.probe(machine) == found
    assert path.exists(), "a file that was removed is made again"


def test_what_the_user_has_configured_stays(machine, monkeypatch, tmp_path):
    own = tmp_path / "own.conf"
    own.write_text('[containers]\ntz = "Europe/Berlin"\n[engine.service_destinations.x]\nuri = "u"\n')
    monkeypatch.setenv("CONTAINERS_CONF", str(own))
    monkeypatch.setenv("WANTED", "default_ulimits")
    made = tomllib.loads((tmp_path / podman.probe(machine).environ["CONTAINERS_CONF"]).read_text())
    assert made["containers"]["tz"] == "Europe/Berlin"
    assert made["engine"]["service_destinations"] == {"x": {"uri": "u"}}
    assert made["containers"]["default_ulimits"]


def test_where_no_port_can_be_published_the_machine_s_own_network_is_used(machine, monkeypatch):
    monkeypatch.setenv("NO_PORTS", "1")
    assert podman.probe(machine).network == podman.HOST


@pytest.mark.parametrize(
    ("says", "remedy"),
    [
        ("cannot find UID/GID for user x: no subuid ranges found", "usermod --add-subuids"),
        ("runc: unable to setup user: invalid argument", "usermod --add-subuids"),
        ("default OCI runtime not found", "install an OCI runtime"),
        ("write /x: no space left on device", "free some space"),
        ('building local pause image: finding pause binary: exec: "catatonit"', "install catatonit"),
        ("something else", "see `podman info`"),
    ],
)
def test_a_podman_that_starts_nothing_is_told_with_its_words_and_a_remedy(machine, monkeypatch, says, remedy):
    monkeypatch.setenv("WANTED", "what no configuration has")
    monkeypatch.setenv("SAYS", says)
    with pytest.raises(MissingTool) as caught:
        podman.probe(machine)
    assert str(caught.value).startswith(f"podman cannot start a container here: {says}; ")
    assert remedy in str(caught.value)
    assert not (machine.state / "preview" / "probe").exists()


def test_without_podman_the_command_that_installs_it_is_told(machine, monkeypatch, tmp_path):
    (tmp_path / "bin" / "podman").unlink()
    monkeypatch.setattr(podman.command.machine, "search_path", lambda: str(tmp_path / "bin"))
    monkeypatch.setattr(podman.command, "search_path", lambda: str(tmp_path / "bin"))
    with pytest.raises(MissingTool, match="podman is not installed"):
        podman.probe(machine)


def test_a_podman_that_is_too_old_is_refused(machine, monkeypatch):
    monkeypatch.setenv("VERSION", "3.4.4")
    with pytest.raises(MissingTool, match=r"podman 3\.4\.4 is too old; version 4\.0"):
        podman.probe(machine)


def test_no_secret_of_the_tool_s_environment_reaches_podman(machine, monkeypatch):
    monkeypatch.setenv("SFCCI_GRAFANA_TOKEN", "geheim")
    found = podman.probe(machine)
    found.run("info", check=False)
    assert "geheim" not in "".join(calls(machine))
    assert "geheim" not in repr(found)


@hypothesis.settings(max_examples=30)
@given(tables)
def test_a_configuration_is_read_as_it_was_written(table):
    assert tomllib.loads(podman.configuration(table)) == table


def test_a_podman_whose_tool_was_killed_is_waited_for(tmp_path):
    begun, go, lock = tmp_path / "begun", tmp_path / "go", tmp_path / "a lock"
    for fifo in (begun, go):
        os.mkfifo(fifo)
    slow = tmp_path / "podman"
    slow.write_text(f"#!/bin/sh\necho $* > '{begun}'\nread word < '{go}'\n")
    slow.chmod(0o755)
    script = "import sys; from pathlib import Path; from sfcci.dashboard.podman import Podman; "
    script += "Podman((), True, {}, sys.argv[1]).run('play', 'kube', lock=Path(sys.argv[2]))"
    with subprocess.Popen([sys.executable, "-c", script, slow, lock]) as tool:
        assert begun.read_text() == "play kube\n"
        tool.kill()
    told = queue.SimpleQueue()
    waiting = threading.Thread(target=lambda: (pod_start.settle(lock, told.put), told.put("done")))
    waiting.start()
    assert told.get(timeout=60) == "waiting for the podman of a run that was killed"
    assert files.try_lock(lock) is None
    assert told.empty()
    go.write_text("on\n")
    assert told.get(timeout=60) == "done"
    waiting.join()


def test_a_podman_that_fails_under_a_lock_is_told_as_without_one(machine, monkeypatch):
    found = podman.probe(machine)
    monkeypatch.setitem(found.environ, "WANTED", "none")
    with pytest.raises(ToolError) as failed:
        found.run("play", "kube", lock=machine.project / "lock")
    assert failed.value.failure.argv == (found.path, "play", "kube")
    assert failed.value.failure.status == 126


@pytest.mark.podman
def test_a_real_podman_says_what_it_has(podman_here):
    assert not podman_here.exists("image", "localhost/sfcci-no-such-image:1")
    assert not podman_here.exists("secret", "sfcci-no-such-secret")
    podman_here.run("volume", "create", "sfcci-test-there")
    assert podman_here.exists("volume", "sfcci-test-there")
    podman_here.run("volume", "rm", "sfcci-test-there")
