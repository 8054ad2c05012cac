"""Captures frames of several interfaces into one pcapng on standard output, until standard input ends.

`frames.py [NODE:]TAP=NAME...`: the interface to listen on, in the namespace of a node or in this one, and the name that the
capture gives it. It says "ready" on standard error as soon as no frame can be missed, and "dropped N" at the end; its
exit status is what errno(3) says. A memory-mapped ring (packet_mmap, TPACKET_V2) for each namespace holds what arrives
while it writes: nothing of what passed before the end is lost. Frames come in the order of their time, whichever ring
they were in.
"""

import ctypes
import mmap
import os
import select
import socket
import struct
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import BinaryIO

sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))  # noqa: PTH100 - start-up time; -I knows no path

from sfcci.datapath import pcapng

SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 263, 5, 6, 10
TPACKET_V2, ETH_P_ALL = 1, 3
TP_STATUS_KERNEL, TP_STATUS_USER, TP_STATUS_VLAN = 0, 1, 0x10
FRAME_SIZE, BLOCK_SIZE, BLOCKS, FEWEST_BLOCKS = 2048, 1 << 18, 64, 16
"""8192 slots in 16 MiB: some 50 ms of what the switch can forward at most. Several namespaces share them."""
HEAD = struct.Struct("=IIIHHIIHH")
"""tpacket2_hdr: status, len, snaplen, mac, net, sec, nsec, vlan_tci, vlan_tpid (packet(7), if_packet.h)."""
ADDRESS = struct.Struct("=HHiHBB")
"""sockaddr_ll without the address: family, protocol, ifindex, hatype, pkttype, halen."""
ADDRESS_AT = 32
QUIET_S, LONGEST_S = 0.02, 1.0
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000
SETTLED_NS, HELD_MS, MOST_AT_ONCE = 1_000_000, 2, 4096
"""A frame of one ring waits so long for an earlier one of another; so many of one ring are taken at once."""


def enter(namespace: str) -> None:
    """Move this process into a network namespace (setns(2)). Raises OSError."""
    handle = os.open(namespace, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    finally:
        os.close(handle)


def open_ring(blocks: int) -> tuple[socket.socket, mmap.mmap]:
    """Give a socket that sees every interface of the namespace, and its ring."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
    frames = blocks * BLOCK_SIZE // FRAME_SIZE
    sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", BLOCK_SIZE, blocks, FRAME_SIZE, frames))
    ring = mmap.mmap(sock.fileno(), blocks * BLOCK_SIZE)
    return sock, ring


def arrived(ring: mmap.mmap, numbers: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    """Give time (ns) and packet block of each frame of a wanted interface, for ever; (0, b"") when nothing is there."""
    slot, frames = 0, len(ring) // FRAME_SIZE
    while True:
        at = slot * FRAME_SIZE
        status, length, kept, mac, _, sec, nsec, tci, tpid = HEAD.unpack_from(ring, at)
        if not status & TP_STATUS_USER:
            yield 0, b""
            continue
        _, _, index, _, kind, _ = ADDRESS.unpack_from(ring, at + ADDRESS_AT)
        number = numbers.get(index)
        data = ring[at + mac : at + mac + kept] if number is not None else b""
        struct.pack_into("=I", ring, at, TP_STATUS_KERNEL)
        slot = (slot + 1) % frames
        if number is None:
            continue
        if status & TP_STATUS_VLAN:  # the kernel takes the tag out of the frame
            data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
            length += 4
        direction, time_ns = "out" if kind == PACKET_OUTGOING else "in", sec * 10**9 + nsec
        yield time_ns, pcapng.packet(number, time_ns, direction, data, length)


class Merged:
    """Several rings as one: what they hold, in the order of time."""

    def __init__(self, rings: list[Iterator[tuple[int, bytes]]]) -> None:
        self.rings = rings
        self.held: list[tuple[int, bytes]] = []

    def take(self) -> Iterator[bytes]:
        """Give the blocks of frames before which none of another ring can come any more."""
        before = time.time_ns() - SETTLED_NS
        for ring in self.rings:
            for _ in range(MOST_AT_ONCE):
                one = next(ring)
                if not one[1]:
                    break
                self.held.append(one)
            else:  # it has more, from then on
                before = min(before, self.held[-1][0])
        if len(self.rings) > 1:
            self.held.sort(key=itemgetter(0))
            ready = bisect_right(self.held, before, key=itemgetter(0))
        else:
            ready = len(self.held)
        taken, self.held = self.held[:ready], self.held[ready:]
        return (block for _, block in taken)


def copy(socks: list[socket.socket], merged: Merged, out: BinaryIO) -> None:
    """Write blocks as they come, until standard input ends and no frame has come for QUIET_S (LONGEST_S at most)."""
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLIN)
    poll.register(0, select.POLLIN)
    end = 0.0
    while True:
        wrote = False
        for block in merged.take():
            wrote = True
            out.write(block)
        out.flush()
        if end and (not (wrote or merged.held) or time.monotonic() > end):
            return
        wait_ms = HELD_MS if merged.held else int(QUIET_S * 1000) if end else None
        events = dict(poll.poll(wait_ms))
        if 0 in events and not os.read(0, 1):
            end = time.monotonic() + LONGEST_S
            poll.unregister(0)


def opened(words: list[str]) -> tuple[list[socket.socket], list[Iterator[tuple[int, bytes]]]]:
    """Give a socket and what comes at it for each namespace that the words name; this one's first, there is no way back."""
    wanted: dict[str, dict[str, int]] = {}
    for number, word in enumerate(words):
        node, _, tap = word.partition("=")[0].rpartition(":")
        wanted.setdefault(node, {})[tap] = number
    socks, rings = [], []
    for node, taps in sorted(wanted.items()):
        if node:
            enter(f"/run/netns/{node}")
        numbers = {socket.if_nametoindex(tap): number for tap, number in taps.items()}
        sock, ring = open_ring(max(BLOCKS // len(wanted), FEWEST_BLOCKS))
        socks.append(sock)
        rings.append(arrived(ring, numbers))
    return socks, rings


def main(words: list[str]) -> None:
    """Open the rings, say so, copy."""
    socks, rings = opened(words)
    out = sys.stdout.buffer
    out.write(pcapng.header([word.partition("=")[2] for word in words]))
    out.flush()
    sys.stderr.write("ready\n")
    copy(socks, Merged(rings), out)
    lost = (struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1] for s in socks)
    sys.stderr.write(f"dropped {sum(lost)}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(error.errno or 1)  # not sys.exit: what is still to be written would fail again
