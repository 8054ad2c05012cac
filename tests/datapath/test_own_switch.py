"""A switch that any user may have: it works without a privilege, and nothing of it is left, however it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sfcci.chain.action import Output
from sfcci.chain.openflow import Flow, match
from sfcci.chain.program import program_of
from sfcci.datapath import own_switch as module
from sfcci.datapath.own_switch import DummyPort, own_switch
from sfcci.datapath.unixctl import Control
from sfcci.errors import MissingTool, ToolError

PATIENCE_S = 60
PORTS = (DummyPort("a", 1, "02:00:00:00:00:01"), DummyPort("b", 2, "02:00:00:00:00:02"))
PACKET = {
    "in_port": 1,
    "eth_type": 0x800,
    "eth_src": 1,
    "eth_dst": 2,
    "ip_src": 1,
    "ip_dst": 2,
    "nw_proto": 17,
}
FORWARDING = program_of([Flow(0, 1, match(in_port=1), (Output(2),))])
HELD = """
import sys, time
from sfcci.datapath import own_switch
{before}
with own_switch.own_switch([own_switch.DummyPort("a", 1, "02:00:00:00:00:01")]):
    print("ready", flush=True)
    time.sleep(600)
"""
WAITS_INSIDE = "own_switch._check = lambda *_: (print('ready', flush=True), time.sleep(600))"


@pytest.fixture
def temporary(monkeypatch):
    """The folder of temporary files of this test alone."""
    folder = Path(tempfile.mkdtemp(prefix="own"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    shutil.rmtree(folder)


def held(before=""):
    words = [sys.executable, "-c", HELD.format(before=before)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)


def children(pid):
    found = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for line in found for child in line]


def gone(pids):
    """Wait until none of the processes is."""
    end = time.monotonic() + PATIENCE_S
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.01)
    return True


def alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    return False


def test_it_says_what_becomes_of_a_packet_and_takes_another_program():
    with own_switch(PORTS) as switch:
        switch.install(FORWARDING)
        (departure,) = switch.traced()(PACKET).departures
        assert (departure.port, departure.switched) == (2, False)
        switch.install(program_of([]))
        assert switch.traced()(PACKET).departures == ()


def test_its_folder_is_gone_while_it_works_and_its_daemons_behind_the_block(temporary):
    others = children(os.getpid())
    with own_switch(PORTS) as switch:
        assert list(temporary.iterdir()) == []
        daemons = set(children(os.getpid())) - set(others)
        assert len(daemons) == 2
        assert switch.traced()(PACKET).departures == ()
    assert gone(daemons)


def test_a_long_path_is_no_obstacle(temporary, monkeypatch):
    folder = temporary / ("long" * 40)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with own_switch(PORTS) as switch:
        assert switch.traced()(PACKET).departures == ()


def test_kill_9_leaves_no_process_and_no_file(temporary):
    process = held()
    assert process.stdout.readline() == "ready\n"
    daemons = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(daemons) == 2
    assert gone(daemons)
    assert list(temporary.iterdir()) == []


def test_what_kill_9_leaves_while_it_begins_the_next_one_takes_away(temporary):
    process = held(WAITS_INSIDE)
    assert process.stdout.readline() == "ready\n"
    (folder,) = temporary.iterdir()
    old = time.time() - 2 * module.LEFT_S
    os.utime(folder, (old, old))
    with own_switch(PORTS):
        assert folder.exists(), "somebody begins there"
    daemons = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert gone(daemons)
    with own_switch(PORTS):
        assert not folder.exists()


def test_a_word_that_the_daemon_does_not_take_is_told(temporary):
    with own_switch(PORTS) as switch, pytest.raises(ToolError, match=r"unknown field|syntax"):
        switch._control.ask("ofproto/trace", "br-int", "no_such_field=1")
    with pytest.raises(ToolError, match="does not answer"):
        Control(temporary / "nobody.ctl")


def test_a_machine_without_open_vswitch_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(module, "SCHEMAS", ())
    with pytest.raises(MissingTool, match="Open vSwitch is not installed"), own_switch(PORTS):
        pass
