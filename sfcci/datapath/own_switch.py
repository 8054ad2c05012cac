"""A switch of our own that any user may have: Open vSwitch with dummy ports, asked by ofproto/trace.

No privilege, no namespace, no device of the machine: two daemons in a folder of their own, which is taken away as soon
as we are connected to them; they end when this process does, however it ends.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sfcci import command, files
from sfcci.chain.program import Program, changes
from sfcci.datapath import openflow_client
from sfcci.datapath.ovs import BRIDGE, SCHEMAS
from sfcci.datapath.traced import Traced
from sfcci.datapath.unix_socket import connected
from sfcci.datapath.unixctl import Control
from sfcci.errors import MissingTool, ProgramFailure, ToolError
from sfcci.machine import install_hint

PREFIX = "sfcci-trace-"
START_S = 60.0
LEFT_S = 60.0
"""How old a folder must be that nobody holds, to be somebody's who was killed while it began."""
PROGRAMS = ("ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-vswitchd")
QUIET = ("--no-chdir", "-vconsole:off", "-vsyslog:off", "-vfile:off")


@dataclass(frozen=True)
class DummyPort:
    """A port of the switch: its interface's name, OpenFlow number, the MAC behind it, its network (0: the only one)."""

    name: str
    number: int
    mac: str
    network: int = 0


class OwnSwitch:
    """The switch while it runs; `install` gives it a program, `traced` carries packets through it."""

    def __init__(self, control: Control, openflow: openflow_client.Switch) -> None:
        self._control, self._openflow = control, openflow
        self.program = Program()

    def install(self, program: Program) -> None:
        """Have the switch hold this program. Raises Unreachable, openflow_client.Refused."""
        self._openflow.apply(changes(self.program, program))
        self.program = program

    def traced(self, *, named: bool = False) -> Traced:
        """Give what carries packets through the switch; `named` as for `Traced`."""
        return Traced(self._control, BRIDGE, lambda: self.program, named=named)


@contextlib.contextmanager
def own_switch(ports: Iterable[DummyPort]) -> Iterator[OwnSwitch]:
    """Give a switch with these ports for the block; it knows who is behind each. Raises MissingTool, ToolError."""
    for name in PROGRAMS:
        command.find(name)
    known = tuple(ports)
    with contextlib.ExitStack() as stack:
        with _folder() as folder:
            _start(stack, folder, known)
            control = stack.enter_context(Control(folder / "vswitchd.ctl"))
            path = folder / f"{BRIDGE}.mgmt"
            openflow = stack.enter_context(openflow_client.connect(f"unix:{path}"))
            _check(openflow, known)
        for port in known:
            control.ask("fdb/add", BRIDGE, port.name, str(port.network), port.mac)
        yield OwnSwitch(control, openflow)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder for sockets, gone behind the block; those of who was killed in such a block go, too."""
    above = Path(tempfile.gettempdir())
    for left in above.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if left.stat().st_uid == os.geteuid() and time.time() - left.stat().st_mtime > LEFT_S:
                _remove_left(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = files.try_lock(folder / "held")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock:
            lock.close()


def _remove_left(folder: Path) -> None:
    if lock := files.try_lock(folder / "held"):
        with lock:
            shutil.rmtree(folder, ignore_errors=True)


def _start(stack: contextlib.ExitStack, folder: Path, ports: Iterable[DummyPort]) -> None:
    """Start both daemons; the switch has its ports when the second one begins."""
    schema = next((path for path in SCHEMAS if path.exists()), None)
    if schema is None:
        raise MissingTool("Open vSwitch is not installed", install_hint("ovs-vsctl"))
    environment = {**os.environ, **dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(folder))}
    database, socket = folder / "conf.db", folder / "db.sock"
    command.run([command.find("ovsdb-tool"), "create", database, schema], env=environment, timeout_s=START_S)

    def daemon(sign: Path, *words: str | Path) -> None:
        argv = [*command.ends_with_tool(), command.find(str(words[0])), *words[1:], *QUIET]
        process = stack.enter_context(command.start(argv, cwd=folder, env=environment))
        _wait(process, sign, str(words[0]))

    daemon(socket, "ovsdb-server", database, f"--remote=punix:{socket}", f"--unixctl={folder}/ovsdb.ctl")
    words = [command.find("ovs-vsctl"), f"--db=unix:{socket}", "--no-wait", "init", *_bridge(ports)]
    command.run(words, env=environment, timeout_s=START_S)
    dummy = ("--disable-system", "--enable-dummy=override", f"--unixctl={folder}/vswitchd.ctl")
    daemon(folder / f"{BRIDGE}.mgmt", "ovs-vswitchd", f"unix:{socket}", *dummy)


def _bridge(ports: Iterable[DummyPort]) -> Iterator[str]:
    yield from (
        "--",
        "add-br",
        BRIDGE,
        "--",
        "set",
        "bridge",
        BRIDGE,
        "datapath_type=dummy",
        "fail_mode=secure",
    )
    for port in ports:
        yield from ("--", "add-port", BRIDGE, port.name, *([f"tag={port.network}"] if port.network else []))
        yield from ("--", "set", "interface", port.name, "type=dummy", f"ofport_request={port.number}")


def _wait(process: command.Process, sign: Path, name: str) -> None:
    """Wait until a daemon answers at its socket. Raises ToolError."""
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(
            FileNotFoundError, ConnectionRefusedError
        ):  # not there, or not listened to yet
            connected(sign, START_S).close()
            return
        time.sleep(0.001)
    raise ToolError(ProgramFailure((name,), process.poll() or -1), "it did not begin")


def _check(openflow: openflow_client.Switch, ports: Iterable[DummyPort]) -> None:
    """See that every port has its number: the switch has taken in all of them. Raises ToolError."""
    end = time.monotonic() + START_S
    while not {port.number for port in ports} <= openflow.ports().keys():
        if time.monotonic() > end:
            raise ToolError(ProgramFailure(("ovs-vswitchd",), -1), "ports have other numbers than asked for")
        time.sleep(0.001)
