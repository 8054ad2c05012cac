"""Sockets in any network namespace, of a lab or of this machine, opened by a program inside that hands them out.

with opened(lab) as opener:
    sock = opener.packet_socket("source")

A lab lies in namespaces that only a program of the lab can enter; without a lab the program is the machine's, and needs
the privileges of who captures there. It lives as long as its opener: kill -9 of the tool ends it too.
"""

import contextlib
import errno
import json
import os
import re
import resource
import select
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sfcci import command
from sfcci.datapath.lab import Lab
from sfcci.datapath.namespace import Keeper
from sfcci.errors import MissingTool, ProgramFailure, SfcciError, ToolError

PROGRAM = Path(__file__).parent / "inside" / "opener.py"
NAMES = Path("/run/netns")
NAME = re.compile(r"(?!\.\.?$)[^/\0]{0,255}")
"""What `ip netns` takes for a name: one of a file; "" for the switch's own."""
LIMIT_S = 10.0
"""How long the program may take for its start, and for an answer."""
LONGEST = 4096
NOTHING = b"{}"
HANDLE = struct.Struct("i")
ROOM = socket.CMSG_SPACE(HANDLE.size)
PRIVILEGES = ("net_raw", "net_admin", "sys_admin")
"""What opening sockets in the machine's namespaces takes (capabilities(7))."""


class Gone(SfcciError):  # noqa: N818 - what has happened
    """The namespace, the interface, or the whole lab is not there, or no longer."""


class Opener:
    """Opens sockets in the namespaces of a lab or of the machine; made by `opened`. Any thread may use it."""

    def __init__(self, asked: socket.socket, folder: Path, name: str) -> None:
        self._asked, self._turn = asked, threading.Lock()
        self.folder, self.name = folder, name
        """`folder` holds the names of namespaces, as this process sees it; `name` is the lab's, "" for the machine."""

    def packet_socket(self, netns: str) -> socket.socket:
        """Give a packet socket (packet(7), raw) that hears nothing until it is bound. Raises Gone, MissingTool."""
        return self._socket({"kind": "packet", "netns": netns})

    def netlink_socket(self, netns: str, groups: int) -> socket.socket:
        """Give a route netlink socket (rtnetlink(7)), bound to these groups' bits. Raises Gone, MissingTool."""
        return self._socket({"kind": "netlink", "netns": netns, "groups": groups})

    def fileno(self) -> int:
        """Give what becomes readable when the lab has ended (and not else, but while a socket is being asked for)."""
        return self._asked.fileno()

    def alive(self) -> bool:
        """Say whether the program inside still is: a lab's ends with its lab."""
        with self._turn:
            return not _readable(self._asked, 0)

    def _socket(self, request: dict[str, Any]) -> socket.socket:
        if not NAME.fullmatch(request["netns"]):
            raise Gone(self._where(repr(request["netns"]), "there is no such name"))
        with self._turn:
            try:
                self._asked.sendall(json.dumps(request).encode())
                # socket.recv_fds drops its flags: every program that is started later would have the socket too
                words, notes, _, _ = self._asked.recvmsg(LONGEST, ROOM, socket.MSG_CMSG_CLOEXEC)
            except OSError as error:
                with contextlib.suppress(OSError):  # a late answer must not be taken for the next request's
                    self._asked.shutdown(socket.SHUT_RDWR)
                raise Gone(self._where(request["netns"], error.strerror or str(error))) from None
        if not words:
            raise Gone(f"{self._here()} has ended")
        if notes:
            return socket.socket(fileno=HANDLE.unpack_from(notes[0][2])[0])
        if words == NOTHING:
            raise MissingTool("no more files can be opened", "raise the limit: ulimit -n 65536")
        raise self._refused(json.loads(words), request["netns"])

    def _refused(self, answer: dict[str, Any], netns: str) -> SfcciError:
        if answer["errno"] in (errno.EPERM, errno.EACCES):
            return MissingTool(f"no privilege to capture on {self._here()}", remedy())
        return Gone(self._where(netns, answer["why"]))

    def _where(self, netns: str, why: str) -> str:
        return f"namespace {netns} of {self._here()}: {why}" if netns else f"{self._here()}: {why}"

    def _here(self) -> str:
        return f"lab {self.name}" if self.name else "this machine"


def remedy() -> str:
    """Say how a program of an ordinary user gets the privileges of one that captures (setpriv(1))."""
    given = ",".join(f"+{name}" for name in PRIVILEGES)
    words = f"sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups --inh-caps={given} --ambient-caps={given}"
    return f"run it as root, or with CAP_{', CAP_'.join(name.upper() for name in PRIVILEGES)}: {words} -- sfcci ..."


@contextlib.contextmanager
def opened(lab: Lab | Keeper | None, name: str = "") -> Iterator[Opener]:
    """Give what opens sockets in a lab's namespaces, or (None) in this machine's. `name` is for what is said of it.

    Raises Gone (there is no such lab any more), MissingTool, ToolError.
    """
    _many_files()
    keeper = lab.keeper if isinstance(lab, Lab) else lab
    name = name or (lab.scenario.name if isinstance(lab, Lab) else "lab") if lab else ""
    words: list[str | Path] = [*(keeper.prefix() if keeper else ()), sys.executable, "-I", "-S", PROGRAM]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, contextlib.ExitStack() as stack:
        with theirs:
            if keeper and not keeper.alive():
                raise Gone(f"lab {name} has ended")
            process = stack.enter_context(command.start(words, stdin=theirs.fileno(), stderr=command.PIPE))
        _wait_ready(ours, process, name)
        ours.settimeout(LIMIT_S)
        yield Opener(ours, keeper.root / NAMES.relative_to("/") if keeper else NAMES, name)


def _wait_ready(ours: socket.socket, process: command.Process, lab: str) -> None:
    """Wait for the program's first message. Raises MissingTool (the lab is another's), ToolError with its last words."""
    readable = _readable(ours, LIMIT_S)
    if readable and ours.recv(LONGEST):
        return
    said = os.read(process.stderr.fileno(), LONGEST) if readable and process.stderr else b""
    lines = tuple(said.decode(errors="replace").splitlines())
    if lab and any(os.strerror(no) in line for no in (errno.EPERM, errno.EACCES) for line in lines):
        raise MissingTool(
            f"no privilege to enter lab {lab}", "run it as the user who raised the lab, or as root"
        )
    words = tuple(str(word) for word in process.args) if isinstance(process.args, list) else ()
    raise ToolError(ProgramFailure(words, process.poll() or -1, lines), "what opens sockets did not start")


def _readable(sock: socket.socket, limit_s: float) -> bool:
    poll = select.poll()  # select(2) knows no handle above 1023, and who captures has many
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(limit_s * 1000))


def _many_files() -> None:
    """Let this process open as many files as it may: each interface that is watched is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
