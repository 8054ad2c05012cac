"""Frames of one interface as the kernel lays them into a ring that is shared with it (packet_mmap, TPACKET_V2).

A frame has a slot of its own, so each can be read as soon as it has passed, and slots run out by frames alone. (TPACKET_V3
packs frames into blocks, which are given by a timer: to have seen all that passed one would wait for it, and a reader that
pauses for as many of its ticks as there are blocks loses frames however few they are.) Where no ring can be had, a plain
socket gives the same. (A run's evidence is written by `datapath.inside.frames` instead: a program of its own, with one socket for all
ports, that no other work of the tool can hold up.) Sources: packet(7), linux/if_packet.h, Documentation/networking/packet_mmap.rst.
"""

import contextlib
import ctypes
import fcntl
import mmap
import socket
import struct

from sfcci.trace import bpf
from sfcci.trace.in_order import Passed
from sfcci.trace.opener import Gone

SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_AUXDATA, PACKET_VERSION, PACKET_IGNORE_OUTGOING = 5, 6, 8, 10, 23
TPACKET_V2, ETH_P_ALL, PACKET_OUTGOING = 1, 3, 4
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
STATUS_USER, STATUS_VLAN = 1, 0x10
SIOCGIFHWADDR = 0x8927
LOOPBACK = 772
ETHERNET_KINDS = (1, LOOPBACK)
"""Kinds of hardware (if_arp.h) whose frames begin with Ethernet's header; of others a raw socket gives the IP packet."""
HEAD = struct.Struct("=IIIHHIIHH14xB")
"""tpacket2_hdr (status, len, snaplen, mac, net, sec, nsec, vlan_tci, vlan_tpid), and sockaddr_ll's pkttype."""
AUXILIARY = struct.Struct("=IIIHHHH")
"""tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid."""
FRAME_AT = 80
"""Where a frame ends its headers of tpacket2_hdr and sockaddr_ll at most: it begins at 66."""
BLOCK = 1 << 16
ROOM = 256
DOT1Q = 0x8100


class Ring:
    """A packet socket that hears one interface, and the ring that its frames come in."""

    def __init__(
        self,
        sock: socket.socket,
        interface: str,
        expression: str = "",
        snap: int = 256,
        *,
        direction: str = "",
        slots: int = 1024,
    ) -> None:
        """Begin to hear what the filter takes, the first `snap` octets of each. Takes the socket for its own.

        `direction` is "in" or "out" for what comes in by the interface, or leaves by it, alone.
        Raises Gone (no such interface), InputError (a filter that makes no sense for frames of this kind), OSError.
        """
        self._sock, self._slots, self._dropped = sock, slots, 0
        self._ring: mmap.mmap | None = None
        try:
            hardware = _hardware(sock, interface)
            self.link_type = bpf.ETHERNET if hardware in ETHERNET_KINDS else bpf.RAW_IP
            self._filter = bpf.compiled(expression, self.link_type, snap)
            bpf.attach(sock, self._filter, outgoing_only=direction == "out")
            # On a loopback each frame goes out, then comes in.
            self._bind(interface, incoming_only=direction == "in" or (hardware == LOOPBACK and not direction))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Give what becomes readable when a frame has come."""
        return self._sock.fileno()

    def read(self, most: int) -> list[Passed]:
        """Give frames that have come and were not given yet, in their order, as many as `most` at most."""
        return self._read_ring(self._ring, most) if self._ring else self._read_socket(most)

    def lost(self) -> int:
        """Give how many frames were dropped so far, because the ring was full."""
        with contextlib.suppress(OSError):
            _, dropped = struct.unpack("II", self._sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            self._dropped += dropped
        return self._dropped

    def gone(self) -> bool:
        """Say whether the interface is gone, after an error of the socket; one that is only down comes back."""
        self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return not self._sock.getsockname()[0]

    def close(self) -> None:
        """Let go; again is allowed."""
        if self._ring:
            self._ring.close()
            self._ring = None
        self._sock.close()

    @property
    def slots(self) -> int:
        """As many frames can wait."""
        return self._slots

    def _bind(self, interface: str, *, incoming_only: bool) -> None:
        """Lay the ring, then hear the interface: in this order no frame comes by another way.

        A frame's time is when it came to the interface, the same for all who hear it, not when it was laid into a ring.
        """
        self._sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if incoming_only:
            self._sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        try:
            self._lay()
        except OSError:  # a kernel without rings, or without memory for one
            self._fall_back()
        try:
            self._sock.bind((interface, ETH_P_ALL))
        except OSError as error:
            raise Gone(f"interface {interface}: {error.strerror}") from None

    def _lay(self) -> None:
        self._frame = FRAME_AT + self._filter.snap + -(FRAME_AT + self._filter.snap) % 16
        block = max(BLOCK, 1 << (self._frame - 1).bit_length())
        self._in_block = block // self._frame
        blocks = -(-self._slots // self._in_block)
        self._slots, self._block = blocks * self._in_block, block
        self._sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        _set(self._sock, PACKET_RX_RING, struct.pack("IIII", block, blocks, self._frame, self._slots))
        try:
            self._ring = mmap.mmap(self._sock.fileno(), blocks * block)
        except OSError:
            _set(
                self._sock, PACKET_RX_RING, struct.pack("IIII", 0, 0, 0, 0)
            )  # else frames would go there, unseen
            raise
        self._slot = 0

    def _fall_back(self) -> None:
        self._sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        size = self._slots * (self._filter.snap + ROOM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        with contextlib.suppress(PermissionError):
            self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
        self._sock.setblocking(False)

    # Longer than a function is elsewhere: its loop runs for every frame, and calls nothing for most.
    def _read_ring(self, ring: mmap.mmap, most: int) -> list[Passed]:
        slot, slots, in_block = self._slot, self._slots, self._in_block
        block, size, unpack, free = self._block, self._frame, HEAD.unpack_from, struct.pack("=I", 0)
        passed: list[Passed] = []
        for _ in range(min(most, slots)):
            at = slot // in_block * block + slot % in_block * size
            status, length, kept, mac, _, seconds, nanoseconds, tci, tpid, kind = unpack(ring, at)
            if not status & STATUS_USER:
                break
            begin = at + mac
            frame = ring[begin : begin + kept]
            ring[at : at + 4] = free
            slot = slot + 1 if slot + 1 < slots else 0
            if status & STATUS_VLAN:
                frame, length = self._tagged(frame, tci, tpid), length + 4
                if not frame:
                    continue
            passed.append((seconds * 1_000_000_000 + nanoseconds, frame, length, kind == PACKET_OUTGOING))
        self._slot = slot
        return passed

    def _read_socket(self, most: int) -> list[Passed]:
        passed: list[Passed] = []
        for _ in range(min(most, 4 * self._slots)):  # under a flood there is always one more
            try:
                data, notes, _, address = self._sock.recvmsg(self._filter.snap, ROOM)
            except OSError:
                break
            time_ns, length, frame = 0, len(data), data
            for level, kind, value in notes:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, length, _, _, _, tci, tpid = AUXILIARY.unpack_from(value)
                    if status & STATUS_VLAN:
                        frame, length = self._tagged(data, tci, tpid), length + 4
                elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack_from("qq", value)
                    time_ns = seconds * 1_000_000_000 + nanoseconds
            if frame:
                passed.append((time_ns, frame, length, address[2] == PACKET_OUTGOING))
        return passed

    def _tagged(self, frame: bytes, tci: int, tpid: int) -> bytes:
        """Put back the VLAN tag that the kernel took out; b"" when the filter does not want the frame that results."""
        whole = frame[:12] + struct.pack("!HH", tpid or DOT1Q, tci) + frame[12:]
        return whole[: self._filter.snap] if self._filter.matches(whole) else b""


def _hardware(sock: socket.socket, interface: str) -> int:
    """Give the kind of an interface's hardware (if_arp.h). Raises Gone."""
    try:
        given = fcntl.ioctl(sock, SIOCGIFHWADDR, struct.pack("16s24x", interface.encode()[:15]))
    except OSError as error:
        raise Gone(f"interface {interface}: {error.strerror}") from None
    return int(struct.unpack_from("H", given, 16)[0])


def _set(sock: socket.socket, option: int, value: bytes) -> None:
    """Set an option of a packet socket that the kernel takes its time for: socket.setsockopt would hold all threads. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).setsockopt(sock.fileno(), SOL_PACKET, option, value, len(value)):
        raise OSError(ctypes.get_errno(), "setsockopt")
