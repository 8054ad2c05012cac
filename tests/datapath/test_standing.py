"""Labs that stay, as their user meets them: the commands of `sfcci lab`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click import Context
from click.shell_completion import ShellComplete

from sfcci import command
from sfcci.cli.lab import lab
from sfcci.datapath import standing
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import InputError, UsageError

pytestmark = pytest.mark.lab
needs_user_namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", *command.OWN_USER, "true"], capture_output=True, check=False).returncode != 0,
    reason="no user namespaces here (a chroot has none)",
)
needs_tcpdump = pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump not installed")
SMALL = """\
name: small
network: 192.0.2.0/29
hosts:
  a: {}
  b: {services: {http: 8080}}
ports:
  a0: {host: a, ip: 192.0.2.1}
  b0: {host: b, ip: 192.0.2.2}
"""


def sfcci(state, *words, status=0, **options):
    """Run the command; give its standard output, or standard error when it fails as expected."""
    done = subprocess.run(
        [sys.executable, "-m", "sfcci", "lab", *words],
        env={**os.environ, "SFCCI_RUN_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A state folder with the lab "small" up, raised by the command."""
    state = tmp_path_factory.mktemp("state")
    scenario = state / "small.yaml"
    scenario.write_text(SMALL)
    sfcci(state, "up", str(scenario))
    yield state
    sfcci(state, "down")
    assert standing.labs(state) == ()


def test_a_program_runs_on_a_host_with_its_status_and_folder(folder, tmp_path):
    where = sfcci(folder, "exec", "a", "pwd", cwd=tmp_path)
    assert where.strip() == str(tmp_path)
    assert "192.0.2.1/29" in sfcci(folder, "exec", "a", "ip", "-4", "addr")
    sfcci(folder, "exec", "b", "sh", "-c", "exit 7", status=7)


def test_what_a_program_may_run_on_is_completed(folder, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(folder))
    exec_ = lab.get_command(Context(lab), "exec")
    offered = ShellComplete(exec_, {}, "exec", "").get_completions([], "")
    assert [item.value for item in offered] == ["a", "b", "switch"]


def test_a_shell_reads_commands(folder):
    assert "192.0.2.2" in sfcci(folder, "shell", "b", input="ip -4 addr\nexit\n")


def test_the_web_server_answers(folder):
    program = "import urllib.request as u; print(len(u.urlopen('http://192.0.2.2:8080/bytes/70000', timeout=60).read()))"
    assert sfcci(folder, "exec", "a", sys.executable, "-c", program) == "70000\n"
    program = program.replace("len(", "repr(").replace("bytes/70000", "")
    assert "This is b." in sfcci(folder, "exec", "a", sys.executable, "-c", program)


def test_status_tells_all_in_json(folder):
    (found,) = json.loads(sfcci(folder, "status", "--json"))
    assert (found["name"], found["scenario"]) == ("small", str(folder / "small.yaml"))
    assert found["datapath"] in ("netdev", "dummy")
    assert found["hosts"][1] == {
        "name": "b",
        "node": None,
        "forwards": False,
        "function": None,
        "services": {"http": 8080},
    }
    port = found["ports"][0]
    assert (port["name"], port["host"], port["tap"]) == ("a0", "a", "tap" + port["id"][:11])
    text = sfcci(folder, "status")
    assert port["tap"] in text
    assert f"datapath {found['datapath']}" in text


def one_datagram_seen(state, word):
    """Run tcpdump on a port until it has seen one datagram, which a sends to b."""
    with subprocess.Popen(
        [sys.executable, "-m", "sfcci", "lab", "tcpdump", word, "-n", "-c", "1", "udp"],
        env={**os.environ, "SFCCI_RUN_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tcpdump:
        for line in tcpdump.stderr:
            if line.startswith(("listening on", "reading from")):
                break
        send = "import socket; socket.socket(2, 2).sendto(b'x', ('192.0.2.2', 9999))"
        sfcci(state, "exec", "a", sys.executable, "-c", send)
        seen = tcpdump.stdout.read()
    return tcpdump.returncode == 0 and "192.0.2.1" in seen


@needs_tcpdump
@pytest.mark.parametrize("word", ["b0", "tap", "id"])
def test_tcpdump_takes_a_port_s_name_tap_or_id(folder, word):
    port = standing.one(folder).lab.topology.port("b0")
    assert one_datagram_seen(folder, {"tap": port.tap, "id": port.id}.get(word, word))


@needs_tcpdump
@needs_user_namespaces
def test_tcpdump_works_in_an_ordinary_user_s_lab(monkeypatch, tmp_path):
    """There tcpdump may not capture; the lab's own capture feeds it."""
    (tmp_path / "small.yaml").write_text(SMALL)
    with monkeypatch.context() as patch:
        patch.setattr("sfcci.datapath.namespace.os.geteuid", lambda: 1000)
        up = standing.up(tmp_path, "small", load_scenario(tmp_path / "small.yaml"), lambda _: None)
    try:
        assert up.lab.keeper.user
        assert one_datagram_seen(tmp_path, "b0")
    finally:
        standing.down(tmp_path, up)


def test_wrong_words_are_told(folder):
    assert "no host 'c'; there are: a, b" in sfcci(folder, "exec", "c", "true", status=2)
    assert "no port 'b00'; did you mean b0?" in sfcci(folder, "tcpdump", "b00", status=2)
    assert "no lab 'smal'; did you mean small?" in sfcci(
        folder, "exec", "--name", "smal", "a", "true", status=2
    )
    assert "lab small is up already" in sfcci(folder, "up", str(folder / "small.yaml"), status=2)
    assert "bad lab name '../x'" in sfcci(
        folder, "up", str(folder / "small.yaml"), "--name", "../x", status=2
    )
    assert "no scenario 'dem'; did you mean demo?" in sfcci(folder, "up", "dem", status=2)


def test_two_labs_stand_side_by_side_and_each_ends_alone(folder):
    sfcci(folder, "up", str(folder / "small.yaml"), "--name", "second")
    assert "several labs are up: second, small; say which with --name" in sfcci(
        folder, "exec", "a", "true", status=2
    )
    sfcci(folder, "exec", "--name", "second", "a", "true")
    assert sfcci(folder, "down", "--name", "second") == "lab second is down\n"
    assert [found.name for found in standing.labs(folder)] == ["small"]
    sfcci(folder, "exec", "a", "true")


def test_without_a_lab_the_commands_say_how_to_raise_one(tmp_path):
    assert "no lab is up; raise one with: sfcci lab up" in sfcci(tmp_path, "exec", "a", "true", status=2)
    sfcci(tmp_path, "status", status=1)


def test_a_record_whose_keeper_is_gone_means_nothing(tmp_path):
    up = standing.up(tmp_path, "x", load_scenario("demo"), lambda _: None)
    os.kill(up.lab.keeper.pid, signal.SIGKILL)
    while up.lab.keeper.alive():
        time.sleep(0.001)
    assert standing.labs(tmp_path) == ()
    with pytest.raises(UsageError, match="no lab x is up"):
        standing.one(tmp_path, "x")
    again = standing.up(tmp_path, "x", load_scenario("demo"), lambda _: None)
    standing.down(tmp_path, again)
    assert not (tmp_path / "labs/x.json").exists()


def test_a_spoilt_record_is_told(tmp_path):
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/x.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"x\.json: KeyError\('keeper'\); expected a lab's record; remove the file"
    ):
        standing.labs(tmp_path)


@pytest.mark.parametrize("delay_s", [0.05, 0.15, 0.25, 0.35, 0.45, 0.6])
def test_lab_up_killed_at_any_moment_leaves_a_lab_with_a_record_or_none(tmp_path, delay_s):
    with subprocess.Popen(
        [sys.executable, "-m", "sfcci", "lab", "up"],
        env={**os.environ, "SFCCI_RUN_STATE": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as tool:
        time.sleep(delay_s)
        tool.kill()
    there = standing.labs(tmp_path)
    for found in there:  # killed so late that it was up
        standing.down(tmp_path, found)
    end = time.monotonic() + 60
    while processes(tmp_path) and time.monotonic() < end:
        time.sleep(0.02)
    assert not processes(tmp_path)


def processes(state):
    """Give the processes that were started with this state folder and are alive."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"SFCCI_RUN_STATE={state}".encode() in (path / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine:
            found.add(int(path.name))
    return found


@needs_user_namespaces
def test_an_ordinary_user_s_lab_forwards_too(monkeypatch, tmp_path):
    """In a user namespace of its own: no tap device, so Open vSwitch's dummy datapath with the same cables."""
    monkeypatch.setattr("sfcci.datapath.namespace.os.geteuid", lambda: 1000)
    with raised(load_scenario("demo")) as lab, lab.capture(tmp_path / "a.pcapng"):
        assert lab.keeper.user
        assert lab.datapath == "dummy"
        program = "import urllib.request as u; print(u.urlopen('http://10.0.0.128/', timeout=60).read())"
        for _ in range(2):
            done = lab.run("source", [sys.executable, "-c", program], timeout_s=120)
            assert done.stdout == "b'This is dest.\\n'\n", done.stderr
        shown = lab.run("source", ["traceroute", "-n", "10.0.0.128"], timeout_s=30).stdout.splitlines()[1:]
        assert len(shown) == 3
        assert "10.0.0.47" in shown[1]
