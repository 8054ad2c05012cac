"""Sockets of namespaces that nobody enters from outside, and what is said when there are none."""

import contextlib
import fcntl
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci.datapath.namespace import Raising
from sfcci.errors import MissingTool
from sfcci.trace import opener as opener_module
from sfcci.trace.opener import Gone, opened

pytestmark = pytest.mark.lab
PATIENCE_S = 60
SIOCGIFNAME = 0x8910
HOLDING = """
import sys, time
from sfcci.datapath.namespace import Keeper
from sfcci.trace.opener import opened
with opened(Keeper(int(sys.argv[1]), sys.argv[2], sys.argv[3] == "True")) as opener:
    print("here", flush=True)
    time.sleep(1000)
"""


@pytest.fixture(scope="module")
def keeper():
    raising = Raising()
    raising.keeper.run(
        ["ip", "-b", "-"], stdin="netns add a\nnetns add b\nlink add tapa type veth peer name eth0 netns a\n"
    )
    yield raising.keeper
    raising.end()


@pytest.fixture(scope="module")
def opener(keeper):
    with opened(keeper, "one") as made:
        yield made


def names_seen_by(sock):
    """Give the interfaces that a socket's namespace has."""
    return [name for number in range(1, 20) if (name := interface(sock, number))]


def interface(sock, number):
    try:
        asked = fcntl.ioctl(sock, SIOCGIFNAME, struct.pack("16si20x", b"", number))
    except OSError:
        return ""
    return asked[:16].rstrip(b"\0").decode()


def test_a_socket_is_of_the_namespace_that_was_asked_for(opener):
    with (
        opener.packet_socket("a") as inside,
        opener.packet_socket("") as beside,
        opener.packet_socket("b") as b,
    ):
        assert names_seen_by(inside) == ["lo", "eth0"]
        assert names_seen_by(beside) == ["lo", "tapa"]
        assert names_seen_by(b) == ["lo"]


def test_no_program_that_is_started_later_inherits_a_socket(opener):
    with opener.packet_socket("a") as sock:
        assert not sock.get_inheritable()


def test_after_an_answer_that_did_not_come_no_other_is_believed(keeper, monkeypatch):
    monkeypatch.setattr(opener_module, "LIMIT_S", 0.2)
    code = "import socket, time; sock = socket.socket(fileno=0); sock.sendall(b'{}'); sock.recv(99); time.sleep(0.5); sock.sendall(b'{}'); sock.recv(99)"
    monkeypatch.setattr(opener_module, "PROGRAM", "-c")
    monkeypatch.setattr(opener_module.command, "start", with_last_word(code, opener_module.command.start))
    with opened(keeper, "one") as opener:
        with pytest.raises(Gone, match="namespace a of lab one: timed out"):
            opener.packet_socket("a")
        assert not opener.alive()
        with pytest.raises(Gone):
            opener.packet_socket("b")


def with_last_word(word, start):
    return lambda words, **given: start([*words, word], **given)


def test_a_netlink_socket_hears_what_happens_in_its_namespace(opener, keeper):
    with opener.netlink_socket("a", 1) as sock:
        sock.settimeout(PATIENCE_S)
        keeper.run(["ip", "link", "set", "lo", "up"], host="a")
        assert b"lo\0" in sock.recv(65536)


def test_a_name_without_a_namespace_is_said(opener, keeper):
    keeper.run(["touch", "/run/netns/none"])
    assert {"a", "b", "none"} <= {path.name for path in opener.folder.iterdir()}
    with pytest.raises(Gone, match=r"namespace none of lab one: Invalid argument"):
        opener.packet_socket("none")


@pytest.mark.parametrize("name", ["nobody", "../run/netns/a", "..", "a\0b", "x" * 300])
def test_a_namespace_that_is_not_there_is_said_and_the_next_is_given(opener, name):
    with pytest.raises(Gone, match="of lab one"):
        opener.packet_socket(name)
    opener.packet_socket("a").close()


def test_a_lab_that_ends_is_told():
    raising = Raising()
    with opened(raising.keeper, "two") as opener:
        assert opener.alive()
        raising.end()
        assert not opener.alive()
        with pytest.raises(Gone, match="lab two"):
            opener.packet_socket("")
    with pytest.raises(Gone, match="lab two has ended"), opened(raising.keeper, "two"):
        pass


def children(pid):
    """Give the process ids below a process."""
    try:
        found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return found + [below for child in found for below in children(child)]


def runs(pid):
    """Whether a process is there, and not only waited for."""
    return Path(f"/proc/{pid}/exe").exists()


def test_a_tool_that_is_killed_leaves_no_program_behind(keeper):
    words = [sys.executable, "-c", HOLDING, str(keeper.pid), keeper.identity, str(keeper.user)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as tool:
        assert tool.stdout.readline() == b"here\n"
        left = children(tool.pid)
        assert left
        tool.send_signal(signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while any(runs(pid) for pid in left) and time.monotonic() < end:
        time.sleep(0.01)
    assert not [pid for pid in left if runs(pid)]


def test_without_privileges_it_is_said_how_to_get_them():
    code = "from sfcci.trace.opener import opened\nwith opened(None) as o: o.packet_socket('')"
    lost = (
        ["setpriv", "--bounding-set=-net_raw,-net_admin,-sys_admin", "--inh-caps=-all"]
        if os.geteuid() == 0
        else []
    )
    done = subprocess.run([*lost, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no privilege to capture on this machine; run it as root, or with CAP_NET_RAW" in done.stderr
    assert "sudo setpriv --reuid=$(id -u)" in done.stderr


def test_a_program_that_does_not_start_is_said(monkeypatch):
    monkeypatch.setattr(opener_module, "PROGRAM", "/nowhere.py")
    with pytest.raises(Exception, match="what opens sockets did not start"), opened(None):
        pass


def test_no_more_files_is_said(keeper, monkeypatch):
    monkeypatch.setattr(opener_module, "_many_files", lambda: None)
    with opened(keeper, "one") as opener:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        held = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
        try:
            with contextlib.suppress(OSError):
                while True:
                    held.append(os.dup(0))
            with pytest.raises(MissingTool, match="ulimit -n"):
                opener.packet_socket("a")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            for handle in held:
                os.close(handle)


def test_a_lab_of_somebody_else_is_said_to_be_so(keeper, monkeypatch):
    without = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all")
    prefix = keeper.prefix()
    monkeypatch.setattr(type(keeper), "prefix", lambda _self, *_host: (*without, *prefix))
    told = "no privilege to enter lab other; run it as the user who raised the lab"
    with pytest.raises(MissingTool, match=told), opened(keeper, "other"):
        pass
