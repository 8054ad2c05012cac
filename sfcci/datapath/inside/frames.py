"""Captures frames of several interfaces into one pcapng on standard output, until standard input ends.

`frames.py TAP=NAME...`: the interface to listen on and the name that the capture gives it. It says "ready" on
standard error as soon as no frame can be missed, and "dropped N" at the end; its exit status is what errno(3) says. A memory-mapped ring
(packet_mmap, TPACKET_V2) holds what arrives while it writes: nothing of what passed before the end is lost.
"""

import mmap
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))  # noqa: PTH100 - start-up time; -I knows no path

from sfcci.datapath import pcapng

SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 263, 5, 6, 10
TPACKET_V2, ETH_P_ALL = 1, 3
TP_STATUS_KERNEL, TP_STATUS_USER, TP_STATUS_VLAN = 0, 1, 0x10
FRAME_SIZE, BLOCK_SIZE, BLOCKS = 2048, 1 << 18, 64
"""8192 slots in 16 MiB: some 50 ms of what the switch can forward at most."""
FRAMES = BLOCKS * BLOCK_SIZE // FRAME_SIZE
HEAD = struct.Struct("=IIIHHIIHH")
"""tpacket2_hdr: status, len, snaplen, mac, net, sec, nsec, vlan_tci, vlan_tpid (packet(7), if_packet.h)."""
ADDRESS = struct.Struct("=HHiHBB")
"""sockaddr_ll without the address: family, protocol, ifindex, hatype, pkttype, halen."""
ADDRESS_AT = 32
QUIET_S, LONGEST_S = 0.02, 1.0
PACKET_OUTGOING = 4


def open_ring() -> tuple[socket.socket, mmap.mmap]:
    """Give a socket that sees every interface of the namespace, and its ring."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
    sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", BLOCK_SIZE, BLOCKS, FRAME_SIZE, FRAMES))
    ring = mmap.mmap(sock.fileno(), BLOCKS * BLOCK_SIZE)
    return sock, ring


def arrived(ring: mmap.mmap, numbers: dict[int, int]) -> Iterator[bytes]:
    """Give a packet block per frame of a wanted interface, for ever; b"" when nothing is there."""
    slot = 0
    while True:
        at = slot * FRAME_SIZE
        status, length, kept, mac, _, sec, nsec, tci, tpid = HEAD.unpack_from(ring, at)
        if not status & TP_STATUS_USER:
            yield b""
            continue
        _, _, index, _, kind, _ = ADDRESS.unpack_from(ring, at + ADDRESS_AT)
        number = numbers.get(index)
        data = ring[at + mac : at + mac + kept] if number is not None else b""
        struct.pack_into("=I", ring, at, TP_STATUS_KERNEL)
        slot = (slot + 1) % FRAMES
        if number is None:
            continue
        if status & TP_STATUS_VLAN:  # the kernel takes the tag out of the frame
            data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
            length += 4
        direction = "out" if kind == PACKET_OUTGOING else "in"
        yield pcapng.packet(number, sec * 10**9 + nsec, direction, data, length)


def copy(sock: socket.socket, blocks: Iterator[bytes], out: BinaryIO) -> None:
    """Write blocks as they come, until standard input ends and no frame has come for QUIET_S (LONGEST_S at most)."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    poll.register(0, select.POLLIN)
    end = 0.0
    while True:
        wrote = False
        for block in blocks:
            if not block or (end and time.monotonic() > end):
                break
            wrote = True
            out.write(block)
        out.flush()
        if end and (not wrote or time.monotonic() > end):
            return
        events = dict(poll.poll(int(QUIET_S * 1000) if end else None))
        if 0 in events and not os.read(0, 1):
            end = time.monotonic() + LONGEST_S
            poll.unregister(0)


def main(words: list[str]) -> None:
    """Open the ring, say so, copy."""
    wanted = [word.partition("=") for word in words]
    numbers = {socket.if_nametoindex(tap): number for number, (tap, _, _) in enumerate(wanted)}
    sock, ring = open_ring()
    out = sys.stdout.buffer
    out.write(pcapng.header([name for _, _, name in wanted]))
    out.flush()
    sys.stderr.write("ready\n")
    copy(sock, arrived(ring, numbers), out)
    _, dropped = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    sys.stderr.write(f"dropped {dropped}\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(error.errno or 1)  # not sys.exit: what is still to be written would fail again
