"""The connection to Open vSwitch's database: there whenever the database is, and readable when it has told something."""

import contextlib
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci.datapath.ovsdb import Database, ask_echo, ask_monitor
from sfcci.datapath.unix_socket import connected
from sfcci.trace.folder_watch import FolderWatch
from sfcci.trace.kernel import readable
from sfcci.trace.opener import Opener

if TYPE_CHECKING:
    import socket

CONNECT_S = 5.0
AGAIN_S = 2.0
"""How long one that has a socket and does not listen may take: it is just starting, or was killed."""
BETWEEN_S = 0.01
LATE_S = 0.2
"""How long one is waited for that did not answer the last time: it may be stopped, and others shall not wait for it."""
RETRY_S = 15.0
"""How long one that did not answer is left alone: to ask it takes CONNECT_S."""


class DatabaseWatch:
    """A database that is watched. `handles` change with each `look`."""

    def __init__(self, path: Path) -> None:
        """Begin. Raises OSError where the kernel gives no more watches."""
        self._path, self._echo, self._again_s, self._late = path, 0, 0.0, False
        self._socket: socket.socket | None = None
        self._folder = FolderWatch(path.parent)
        self.database = Database()
        self._connect(CONNECT_S)

    @property
    def there(self) -> bool:
        """Whether a database is connected."""
        return self._socket is not None

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable."""
        return (self._folder.fileno(), *((self._socket.fileno(),) if self._socket else ()))

    def look(self) -> bool:
        """Take in what has happened; say whether this is another connection than before, or none any more."""
        names = self._folder.take()
        if self._socket is not None:
            if self._take():
                return False
            self._socket.close()
            self._socket = None
            self._connect(AGAIN_S)
            return True
        return (names is None or self._path.name in names) and self._connect(AGAIN_S)

    def ask(self) -> None:
        """Have the database tell when it has told everything that it holds now: `settle` waits for that."""
        self._echo += 1
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(ask_echo(self._echo))

    def settle(self, limit_s: float) -> bool:
        """Wait until everything is told that the database held when it was asked; say whether it was found just now.

        One that has a socket and did not answer (it was stopped, or had much to do) is asked again now and then.
        """
        end = time.monotonic() + limit_s
        if self._socket is None:
            return time.monotonic() >= self._again_s and self._connect(0.0)
        end = min(end, time.monotonic() + LATE_S) if self._late else end
        with contextlib.suppress(OSError):
            while self._echo not in self.database.echoed and time.monotonic() < end:
                if readable(self._socket, end - time.monotonic()) and not self._take():
                    return False
        self._late = self._echo not in self.database.echoed
        self.database.echoed.clear()
        return False

    def close(self) -> None:
        """End the watch: who asks it still gets no answer, and no new connection."""
        self._folder.close()
        self.close_socket()
        self._again_s = math.inf

    def _connect(self, limit_s: float) -> bool:
        """Connect, and wait for the first rows; a socket without a database behind it may be one that is starting."""
        end = time.monotonic() + limit_s
        while self._socket is None:
            try:
                self._socket = connected(self._path, CONNECT_S)
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    return False
                time.sleep(BETWEEN_S)
            except OSError:
                return False
        return self._begin()

    def _begin(self) -> bool:
        self.database = Database()
        sock, end = self._socket, time.monotonic() + CONNECT_S
        try:
            if sock is not None:
                sock.sendall(ask_monitor())
                while not self.database.begun and time.monotonic() < end:
                    if readable(sock, end - time.monotonic()) and not self._take():
                        break
        except OSError:
            self.database = Database()
        if sock is None or not self.database.begun:
            self._again_s = time.monotonic() + RETRY_S
            self.close_socket()
            return False
        return True

    def close_socket(self) -> None:
        """Let go of a connection that is of no use."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _take(self) -> bool:
        """Take in what has come; False: the database has ended, or is none."""
        sock = self._socket
        if sock is None:
            return False
        try:
            while readable(sock, 0):
                if not (data := sock.recv(1 << 20)):
                    return False
                if answer := self.database.take(data):
                    sock.sendall(answer)
        except (OSError, ValueError):
            return False
        return True


def database_of(opener: Opener, node: str = "") -> Path:
    """Give the path of a switch's database: a lab's own, a node's, else the machine's (ovs-vsctl(8))."""
    if opener.name:
        return (_nodes(opener) / node if node else _nodes(opener).parent) / "db.sock"
    return Path(os.environ.get("OVS_RUNDIR", "/run/openvswitch")) / "db.sock"


def nodes_of(opener: Opener) -> tuple[str, ...]:
    """Give the names of a lab's nodes, each with a switch of its own; none where it has one switch."""
    with contextlib.suppress(OSError):
        return tuple(sorted(path.name for path in _nodes(opener).iterdir())) if opener.name else ()
    return ()


def _nodes(opener: Opener) -> Path:
    return opener.folder.parent / "lab/nodes"
