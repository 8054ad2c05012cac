"""TCP connections that begin on a host of a lab, made by this process: a program inside hands out the sockets.

with opened(lab, "source") as door:
    door.unconnected("10.0.0.128").connect(("10.0.0.128", 80))

It lives as long as its block: kill -9 of the tool ends it too.
"""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_address

from sfcci import command
from sfcci.datapath.lab import Lab
from sfcci.datapath.namespace import INSIDE
from sfcci.datapath.ready import readable
from sfcci.errors import ProgramFailure, ToolError, Unreachable

LIMIT_S = 10.0
"""How long the program may take for its start, and for an answer."""
LONGEST = 4096
ROOM = socket.CMSG_SPACE(4)


class Door:
    """Gives sockets of one host's namespace; made by `opened`. Any thread may use it."""

    def __init__(self, asked: socket.socket, ended: int, where: str) -> None:
        self._asked, self._where, self._turn = asked, where, threading.Lock()
        self.ended = ended
        """A file descriptor that becomes readable when the program inside has ended, which it does with its lab."""

    def unconnected(self, address: str) -> socket.socket:
        """Give an unconnected TCP socket of the address's version of IP, on that host. Raises Unreachable: the lab has ended."""
        word = str(ip_address(address).version).encode()
        with self._turn:
            try:
                self._asked.sendall(word)
                # socket.recv_fds drops its flags: every program that is started later would have the socket too
                said, notes, _, _ = self._asked.recvmsg(LONGEST, ROOM, socket.MSG_CMSG_CLOEXEC)
            except OSError as error:
                with contextlib.suppress(OSError):  # a late answer must not be taken for the next request's
                    self._asked.shutdown(socket.SHUT_RDWR)
                raise Unreachable(f"{self._where}: {error.strerror or error}") from None
        if notes:
            return socket.socket(fileno=int.from_bytes(notes[0][2], sys.byteorder))
        raise Unreachable(f"{self._where}: {said[1:].decode(errors='replace') or 'the lab has ended'}")


@contextlib.contextmanager
def opened(lab: Lab, host: str) -> Iterator[Door]:
    """Give the door to a host of a lab for the block. Raises UsageError (no such host), MissingTool, ToolError."""
    words = [*lab.prefix(host), sys.executable, "-I", "-S", str(INSIDE / "door.py")]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, contextlib.ExitStack() as stack:
        with theirs:
            process = stack.enter_context(command.start(words, stdin=theirs.fileno(), stderr=command.PIPE))
        _wait_ready(ours, process)
        ours.settimeout(LIMIT_S)
        assert process.stderr  # noqa: S101 - a pipe was asked for
        yield Door(ours, process.stderr.fileno(), f"host {host} of lab {lab.scenario.name}")


def _wait_ready(ours: socket.socket, process: command.Process) -> None:
    """Wait for the program's first message. Raises ToolError with its last words."""
    there = readable([ours], LIMIT_S)
    if there and ours.recv(LONGEST):
        return
    said = os.read(process.stderr.fileno(), LONGEST) if there and process.stderr else b""
    words = tuple(map(str, process.args)) if isinstance(process.args, list | tuple) else (str(process.args),)
    raise ToolError(
        ProgramFailure(words, process.poll() or -1, tuple(said.decode(errors="replace").splitlines())),
        "no way into the lab",
    )
