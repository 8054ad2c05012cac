"""What happens in a lab, as it happens: links, what somebody changed by hand, and whether keeper and switch live.

Nothing is asked twice: ovsdb-server tells of each change (RFC 7047, "monitor"), a connection to ovs-vswitchd and the
keeper's process handle become readable when these end.
"""

import contextlib
import os
import socket
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from sfcci.datapath import ovs
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.ovsdb import Database, Row, Tables, ask_monitor
from sfcci.datapath.ready import readable
from sfcci.datapath.topology import Port
from sfcci.datapath.unix_socket import connected
from sfcci.errors import ProgramFailure, SfcciError, ToolError

CONNECT_S = 5.0
BETWEEN_S = 0.01
MONITOR: Final[Tables] = {
    "Interface": ("name", "link_state", "ofport", "ifindex"),
    "Port": ("name", "tag"),
    "Bridge": ("name", "fail_mode"),
}
SETTINGS: Final = ("name", "ofport", "ifindex", "tag", "fail_mode")
"""Columns that only a person or a plane changes."""
NO_DEVICE = -1
"""The number of a port whose network device is gone."""


class Watch:
    """A watch over one lab. `links` says for each interface of the switch whether it has a link.

    `lost` says who has ended, `ended` that the lab itself has; a daemon that has ended is started again by the keeper,
    and then wants a new watch.
    """

    def __init__(self, keeper: Keeper) -> None:
        """Begin to watch. Raises ToolError when the lab or its Open vSwitch does not answer."""
        self._lab = keeper
        self.links: dict[str, bool] = {}
        self.lost, self.ended = "", False
        self._database = Database(MONITOR)
        self._rows = self._database.rows
        self.changed = False
        """Whether something of the switch's own was changed since somebody last set it to False."""
        self._seen: set[str] = set()
        """Taps that had a number once."""
        with contextlib.ExitStack() as stack:
            try:
                self._keeper = os.pidfd_open(keeper.pid)
                stack.callback(os.close, self._keeper)
                self._socket = stack.enter_context(_connected(keeper, "db.sock"))
                self._switch = stack.enter_context(_connected(keeper, "vswitchd.ctl"))
                self._send(ask_monitor(MONITOR))
            except OSError as error:
                words = ("connect", error.filename or "the lab's sockets")
                raise ToolError(
                    ProgramFailure(words, -1, (str(error),)), "Open vSwitch does not answer"
                ) from None
            self._begin()
            self._stack = stack.pop_all()

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something has happened."""
        if self.lost:  # the lab may still be there without its switch, and be ended now
            return () if self.ended else (self._keeper,)
        return self._keeper, self._socket.fileno(), self._switch.fileno()

    def look(self, seconds: float = 0.0) -> bool:
        """Take in what has happened, waiting so long for the first of it; say whether there was anything."""
        if self.ended:
            return False
        told = readable(self.handles(), seconds)
        if self._keeper in told:
            self.lost, self.ended = "the lab has ended", True
        elif self._switch.fileno() in told and not _received(self._switch):
            self.lost = "ovs-vswitchd has ended"
            self.links.clear()  # nobody forwards
        elif self._socket.fileno() in told:
            self._take()
        return bool(told)

    def settle(self, taps: Collection[str], limit_s: float) -> None:
        """Wait until all these have a link, `limit_s` at most."""
        end = time.monotonic() + limit_s
        while not self.lost and not all(self.links.get(tap) for tap in taps) and time.monotonic() < end:
            self.look(max(end - time.monotonic(), 0))

    def expect(self, ports: Iterable[Port]) -> None:
        """Have `awry` tell of these ports too where they are not there; they were plugged before the watch began."""
        self._seen |= {port.tap for port in ports}
        self.changed = True

    def succeed(self, other: "Watch") -> None:
        """Be in the place of one that has lost a daemon: what that has seen is still asked for; and end it."""
        self._seen |= other._seen  # noqa: SLF001 - one of the same kind
        self.changed = True
        other.close()

    def wait_for_bridge(self, limit_s: float) -> None:
        """Wait until a switch that begins has its bridge again, `limit_s` at most: somebody may have taken it away."""
        end = time.monotonic() + limit_s
        while not self.lost and time.monotonic() < end:
            with contextlib.suppress(OSError), connected(_path(self._lab, f"{ovs.BRIDGE}.mgmt"), CONNECT_S):
                return
            self.look(BETWEEN_S)

    def awry(self, ports: Iterable[Port]) -> tuple[Port, ...]:
        """Give those ports that somebody took from the switch, or gave another number or network.

        Of a port that the switch has not yet told of nothing is said: it may be on its way.
        """
        there = {row["name"]: row["ofport"] for row in self._rows["Interface"].values()}
        tags = {row["name"]: row["tag"] for row in self._rows["Port"].values()}
        return tuple(
            port
            for port in ports
            if port.tap in self._seen
            and (
                port.tap not in there
                or (isinstance(there[port.tap], int) and there[port.tap] not in (port.number, NO_DEVICE))
                or (port.tap in tags and tags[port.tap] != (port.network or None))
            )
        )

    def without_device(self, ports: Iterable[Port]) -> tuple[Port, ...]:
        """Give those ports whose network device is gone."""
        rows = self._rows["Interface"].values()
        gone = {row["name"] for row in rows if row["ofport"] == NO_DEVICE or row["ifindex"] == 0}
        return tuple(port for port in ports if port.tap in gone)

    def closed(self) -> bool:
        """Say whether the bridge is there and forwards nothing of its own accord."""
        return any(
            row["name"] == ovs.BRIDGE and row["fail_mode"] == "secure"
            for row in self._rows["Bridge"].values()
        )

    def has(self, names: Iterable[str]) -> bool:
        """Say whether the switch has all these interfaces, and they work."""
        there = {row["name"] for row in self._rows["Interface"].values() if _has_number(row)}
        return there.issuperset(names)

    def close(self) -> None:
        """End the watch; again is allowed."""
        self._stack.close()
        self.ended = True
        self.lost = self.lost or "the watch has ended"

    def _begin(self) -> None:
        """Wait until the switch has told of its interfaces, of which the bridge's own is one. Raises ToolError.

        The database forgets the state of links with its process, and until the switch writes it again none is known.
        """
        end = time.monotonic() + CONNECT_S
        while not self._told():
            if self.lost or time.monotonic() > end:
                words = ("monitor", "Interface")
                raise ToolError(ProgramFailure(words, -1, (self.lost,)), "Open vSwitch does not answer")
            self.look(max(end - time.monotonic(), 0))

    def _told(self) -> bool:
        rows = self._rows["Interface"].values()
        return bool(rows) and all(isinstance(row["link_state"], str) for row in rows if _has_number(row))

    def _take(self) -> None:
        data = _received(self._socket)
        try:
            self._send(self._database.take(data))
        except ValueError as error:
            self.lost = f"ovsdb-server: {error}"
        if not data:
            self.lost = "ovsdb-server has ended"
        for table, _, was, row in self._database.changed:
            self.changed |= was is not None and (
                row is None or any(was[key] != row[key] for key in SETTINGS if key in row)
            )
            if table == "Interface":
                self._link(was["name"] if was else "", row)
        self._database.changed.clear()

    def _link(self, before: str, row: Row | None) -> None:
        self.links.pop(before, None)
        if row:
            self.links[row["name"]] = row["link_state"] == "up"
            if _has_number(row):
                self._seen.add(row["name"])

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # who has ended is found by reading
            self._socket.sendall(data)


def _received(sock: socket.socket) -> bytes:
    """Give what has come, b"" when who sent it has ended."""
    try:
        return sock.recv(1 << 16)
    except OSError:  # it ended before it had taken the connection
        return b""


def _has_number(row: Row) -> bool:
    return isinstance(row["ofport"], int) and row["ofport"] > 0


class Lost(SfcciError):  # noqa: N818 - what has happened
    """The lab, or something in it, is no longer as it was: it is to be looked at anew."""


def _connected(keeper: Keeper, name: str) -> socket.socket:
    """Give a connection to a socket of the lab's, whose daemon may be just starting. Raises OSError."""
    end = time.monotonic() + CONNECT_S
    while True:
        try:
            return connected(_path(keeper, name), CONNECT_S)
        except (ConnectionRefusedError, FileNotFoundError):
            if time.monotonic() > end or not keeper.alive():
                raise
            time.sleep(BETWEEN_S)


def _path(keeper: Keeper, name: str) -> Path:
    return ovs.file(keeper, name)
