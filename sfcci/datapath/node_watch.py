"""A node's database, followed: what it says of ports, and what keeps it as it shall be. One thread for each node.

A node that does not answer delays nobody: it is dialled again, later and later. What it said last stays known meanwhile.
"""

import contextlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sfcci.chain.status import AWAY, CONNECTED, REFUSED
from sfcci.datapath.node_rows import WATCHED, Marks, NodeRows, NodeSpec, farewell, read, repairs
from sfcci.datapath.ovsdb import Database, Operation, ask_echo, ask_monitor, ask_transaction
from sfcci.datapath.ready import Bell, readable
from sfcci.datapath.remote import Tls, WrongCertificate, opened, refusal
from sfcci.errors import SfcciError, Unreachable

CONNECT_S: Final = 5.0
SILENT_S: Final = 5.0
"""So long a node may say nothing until it is asked whether it lives, and so long again to answer."""
FIRST_RETRY_S, LAST_RETRY_S = 0.1, 15.0
CLOSE_S: Final = 1.5
PIECE: Final = 1 << 16
NOT_YET: Final = "it has not answered yet"
NO_MARKS: Final[Marks] = {}


@dataclass(frozen=True)
class Seen:
    """What is known of a node's database; times are seconds since the epoch.

    `state` is chain.status.CONNECTED, AWAY or REFUSED; `refusal`: what the database did not take of our wishes.
    """

    state: str = AWAY
    reason: str = ""
    since: float = 0.0
    heard: float | None = None
    rows: NodeRows = field(default_factory=NodeRows)
    told: bool = False
    """Whether it ever said anything: `rows` are then what it said last."""
    tried: bool = False
    """Whether an attempt to reach it has come to an end."""
    refusal: str = ""


class NodeWatch:
    """Follows the database of one node. `told` is called, in the watch's own thread, when `seen` is another."""

    def __init__(
        self, spec: NodeSpec, tls: Tls | None, told: Callable[[], None], before: Seen | None = None
    ) -> None:
        """Begin. `before`: what was known of the node, which is reached otherwise from now on."""
        self.spec, self.tls = spec, tls
        self.seen = replace(before or Seen(), state=AWAY, reason=NOT_YET, since=time.time(), tried=False)
        self._told = told
        self._marks: Marks = NO_MARKS
        self._bell = Bell()
        self._closing = self._leaving = self._resting = False
        self._socket: socket.socket | None = None
        self._database = Database(WATCHED)
        self._names = itertools.count(1)
        self._asked = ""
        """The name of the transaction that is on its way, "" when there is none."""
        self._steps: list[Operation] = []
        self._thread = threading.Thread(target=self._work, name=f"node {spec.name}", daemon=True)
        self._thread.start()

    def mark(self, marks: Mapping[str, tuple[int, int]]) -> None:
        """Say which number and tag each port shall have; the node is told soon. Returns at once."""
        if marks != self._marks:
            self._marks = dict(marks)
            self._bell.ring()

    def rest(self) -> None:
        """Repair nothing any more: the node is ours no more."""
        self._resting = True

    def close(self, *, leave: bool = False) -> None:
        """End the watch, soon; `leave`: the node is ours no more, and what we put into its database goes."""
        self._leaving, self._closing = leave, True
        self._bell.ring()

    def join(self) -> None:
        """Wait a moment for the thread's end."""
        self._thread.join(CLOSE_S)

    def _work(self) -> None:
        delay_s = FIRST_RETRY_S
        while not self._closing:
            try:
                self._begin()
                delay_s = FIRST_RETRY_S
                while not self._closing:
                    self._follow()
                if self._leaving:
                    self._say(farewell(self._database.rows, self.spec))
                    self._follow()
            except (SfcciError, OSError, ValueError) as error:
                self._lost(error)
            self._hang_up()
            if not self._closing:
                readable([self._bell], delay_s)
                self._bell.hear()
                delay_s = min(delay_s * 2, LAST_RETRY_S)

    def _begin(self) -> None:
        """Connect and take in all that there is. Raises SfcciError, OSError, ValueError."""
        self._database, self._asked, self._steps = Database(WATCHED), "", []
        self._socket = opened(self.spec.ovsdb, self.tls, CONNECT_S)
        self._socket.sendall(ask_monitor(WATCHED))
        end = time.monotonic() + CONNECT_S
        while not self._database.begun and (self._leaving or not self._closing):
            if (left := end - time.monotonic()) <= 0:
                raise Unreachable(f"{self.spec.ovsdb} takes the connection and says nothing")
            self._take(left)

    def _follow(self) -> None:
        """Publish what is known, have put right what is not as it shall be, and wait for what comes."""
        self._publish()
        if not self._asked and not self._closing and not self._resting:
            self._say(repairs(self._database.rows, self.spec, self._marks))
        if not self._take(SILENT_S):
            self._probe()

    def _publish(self) -> None:
        rows = read(self._database.rows, self.spec)
        old = self.seen
        since = old.since if old.state == CONNECTED else time.time()
        new = Seen(CONNECTED, "", since, time.time(), rows, told=True, tried=True, refusal=old.refusal)
        self.seen = new
        if replace(new, heard=old.heard) != old:
            self._told()

    def _say(self, steps: list[Operation]) -> None:
        """Ask for these steps, but for those that were refused just now: asked again when something else is wanted."""
        if not steps or steps == self._steps:
            return
        assert self._socket is not None  # noqa: S101 - connected
        self._asked, self._steps = f"step {next(self._names)}", steps
        self._socket.sendall(ask_transaction(self._asked, steps))

    def _take(self, limit_s: float) -> bool:
        """Take in what comes within that time, or a wake-up; False: nothing came. Raises Unreachable, OSError, ValueError."""
        assert self._socket is not None  # noqa: S101 - connected
        told = readable([self._socket.fileno(), self._bell], limit_s)
        self._bell.hear()
        if self._socket.fileno() in told:
            data = _received(self._socket)
            if not data:
                raise Unreachable(f"{self.spec.ovsdb} has ended the connection")
            if answers := self._database.take(data):
                self._socket.sendall(answers)
            self._answered()
        return bool(told)

    def _answered(self) -> None:
        if self._asked in self._database.done:
            refusal = self._database.done.pop(self._asked)
            self._asked = ""
            if not refusal:
                self._steps = []
            if refusal != self.seen.refusal:
                self.seen = replace(self.seen, refusal=refusal)
                self._told()
        self._database.done.clear()
        self._database.changed.clear()

    def _probe(self) -> None:
        """Ask for a sign of life. Raises Unreachable."""
        assert self._socket is not None  # noqa: S101 - connected
        number = next(self._names)
        self._socket.sendall(ask_echo(number))
        end = time.monotonic() + SILENT_S
        while number not in self._database.echoed and not self._closing:
            if (left := end - time.monotonic()) <= 0:
                raise Unreachable(f"{self.spec.ovsdb} has said nothing for {2 * SILENT_S:.0f} s")
            self._take(left)
        self._database.echoed.clear()

    def _lost(self, error: Exception) -> None:
        if isinstance(error, ssl.SSLError) and self.tls:
            error = refusal(error, self.spec.ovsdb, self.tls)
        state = (
            REFUSED
            if isinstance(error, WrongCertificate) or not isinstance(error, Unreachable | OSError)
            else AWAY
        )
        reason = " ".join(str(error).split())
        old = self.seen
        if (old.state, old.reason) != (state, reason):
            since = old.since if old.state == state else time.time()
            self.seen = replace(old, state=state, reason=reason, since=since, tried=True, refusal="")
            self._told()

    def _hang_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None


def _received(sock: socket.socket) -> bytes:
    """Give what has come: with TLS all of a record, for what is decoded already wakes nobody."""
    data = sock.recv(PIECE)
    while isinstance(sock, ssl.SSLSocket) and sock.pending():
        data += sock.recv(PIECE)
    return data
