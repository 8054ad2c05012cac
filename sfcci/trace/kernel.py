"""The kernel of one network namespace, asked and listened to by a netlink socket (`trace.netlink` has the octets)."""

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Final

from sfcci.trace import netlink
from sfcci.trace.netlink import BRIDGE, Heard, NamespaceId, Refused
from sfcci.trace.opener import Gone
from sfcci.trace.topology_space import Space

QUEUE = 4 << 20
"""Octets that may wait for us, where the kernel allows it."""
LONGEST = 1 << 18
TRIES = 32
"""How often what changes while it is told, or is too much at once, is asked for again."""
PATIENCE_S = 5.0
AT_ONCE = 64
"""Reads of one namespace before another has its turn."""
SIOCETHTOOL, DRIVER, SETTINGS = 0x8946, 3, 1
SO_RCVBUFFORCE: Final = 33


class Overrun(Exception):  # noqa: N818 - what has happened
    """The kernel could not tell everything: its queue for us was full."""


class Kernel:
    """What a namespace is asked by; `fileno` is readable when it has told something unasked."""

    _buffer = bytearray(LONGEST)
    """One for all: what is read is taken in before the next is."""
    _seq = 0

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):  # the first takes a privilege
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, QUEUE)
                break

    def fileno(self) -> int:
        """Give the socket's handle."""
        return self._socket.fileno()

    def close(self) -> None:
        """Let go of the namespace."""
        self._socket.close()

    def everything(self, blank: Space) -> Space:
        """Ask for all that is in the namespace; what happens meanwhile is told in between. Raises Gone."""
        for _ in range(TRIES):
            try:
                self._fill(blank)
                break
            except Overrun:
                self._drain()
                blank = blank.blank()
        return blank

    def heard(self) -> Iterator[Heard]:
        """Give what was told unasked. Raises Overrun."""
        for _ in range(AT_ONCE):
            if (data := self._received()) is None:
                return
            yield from netlink.read(data)

    def answers(self, ask: Callable[[int], bytes]) -> Iterator[Heard]:
        """Give the answer, part by part, and what is told in between. Raises Overrun, Gone."""
        Kernel._seq = seq = Kernel._seq % 0x7FFFFFFF + 1
        self._socket.send(ask(seq))
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if (data := self._received()) is None:
                readable(self._socket, end - time.monotonic())
                continue
            for heard in netlink.read(data):
                if heard.seq == seq and heard.fact == Refused(errno.EBUSY):
                    raise Overrun  # it still answers what was asked before its queue was full
                yield heard
                if heard.seq == seq and not heard.part:
                    return
        raise Gone("a namespace's kernel does not answer")

    def number_of(self, path: str, hear: Callable[[Heard], None]) -> int:
        """Give the number of another namespace, by its file, -1 for none; `hear` gets what is told in between.

        Raises Overrun, Gone, FileNotFoundError.
        """
        number, handle = -1, os.open(path, os.O_RDONLY)
        try:
            for heard in self.answers(lambda seq: netlink.ask_namespace_id(seq, handle)):
                if isinstance(heard.fact, NamespaceId) and heard.seq:
                    number = heard.fact.nsid
                else:
                    hear(heard)
        finally:
            os.close(handle)
        return number

    def driver(self, name: str) -> tuple[str, int]:
        """Give an interface's driver and its speed in Mbit/s, "" and 0 for none (ethtool's ioctl)."""
        told = self._ethtool(name, DRIVER, 196)
        driver = told[4:36].partition(b"\0")[0].decode(errors="replace")
        told = self._ethtool(name, SETTINGS, 44)
        low, high = struct.unpack_from("=H", told, 12)[0], struct.unpack_from("=H", told, 28)[0]
        speed = low | high << 16
        return driver, 0 if speed in (0xFFFF, 0xFFFFFFFF) else speed

    def _fill(self, space: Space) -> None:
        self._tell(space, netlink.ask_links)
        self._tell(space, netlink.ask_addresses)
        self._tell(space, netlink.ask_routes)
        self._tell(space, netlink.ask_neighbours)
        if any(link.kind in ("bridge", "vxlan") for link in space.links.values()):
            self._tell(space, lambda seq: netlink.ask_neighbours(seq, BRIDGE))

    def _tell(self, space: Space, ask: Callable[[int], bytes]) -> None:
        for _ in range(TRIES):
            torn = False
            for heard in self.answers(ask):
                torn |= heard.torn
                for _ in space.hear(heard):
                    pass
            if not torn:
                return

    def _drain(self) -> None:
        """Let go of what waits, an answer that was broken off too: before that nothing more is told."""
        for _ in range(LONGEST):
            with contextlib.suppress(Overrun):
                if self._received() is None:
                    return

    def _received(self) -> memoryview | None:
        """Give what waits, None for nothing. Raises Overrun."""
        try:
            length, _, flags, _ = self._socket.recvmsg_into([self._buffer])
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                raise Overrun from None
            raise
        if flags & socket.MSG_TRUNC:
            raise Overrun
        return memoryview(self._buffer)[:length]

    def _ethtool(self, name: str, command: int, length: int) -> bytes:
        told = ctypes.create_string_buffer(struct.pack("=I", command), length)
        request = struct.pack("16sP", os.fsencode(name), ctypes.addressof(told)).ljust(40, b"\0")
        with contextlib.suppress(OSError):  # it has no such thing, or is gone
            fcntl.ioctl(self._socket, SIOCETHTOOL, request)
            return told.raw
        return bytes(length)


def readable(sock: socket.socket, seconds: float) -> bool:
    """Wait so long until a socket has something to read; by poll(2), because select(2) knows no more than 1 024 files."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(max(seconds, 0) * 1000))
