"""Receives what `stream_sender.py` sends: `stream_receiver.py PORT...`, IPv4 and IPv6.

It says "ready" on standard error when no packet can be missed. A line on standard input, "SECONDS PACKETS", tells how many
packets were sent to all ports together, and how long to wait for the next while some are missing; for doubles it waits
DOUBLES_S. When standard input has ended, and so long nothing has come, it writes what came to standard output, by port:
{"PORT": {"came": packets, "numbers": [[first, last]...], "duplicated": packets, "late": packets that came after one with a
higher number, "ttls": {"TTL": packets}, "delays_us": {"p50", "p99", "most"}}}. Delays end where the kernel took the packet.
"""

import collections
import contextlib
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Iterable

HEAD = struct.Struct("!QQ")
SO_RCVBUFFORCE, RECEIVE_BUFFER = 33, 16 << 20
SO_TIMESTAMPNS, IP_RECVTTL, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 35, 12, 51, 52
ROOM = 256
DOUBLES_S = 0.2


class Record:
    """What came at one port."""

    def __init__(self) -> None:
        self.seen: collections.Counter[int] = collections.Counter()
        self.ttls: collections.Counter[int] = collections.Counter()
        self.delays: list[int] = []
        self.highest, self.late = -1, 0

    def take(self, data: bytes, came_ns: int, ttl: int) -> None:
        """Count a packet."""
        number, left_ns = HEAD.unpack_from(data)
        self.late += number < self.highest
        self.highest = max(self.highest, number)
        self.seen[number] += 1
        self.ttls[ttl] += 1
        self.delays.append(came_ns - left_ns)

    def told(self) -> dict[str, object]:
        """Give the record as JSON has it."""
        delays = sorted(self.delays)
        at = {"p50": len(delays) // 2, "p99": len(delays) * 99 // 100, "most": len(delays) - 1}
        return {
            "came": len(delays),
            "numbers": ranges(sorted(self.seen)),
            "duplicated": len(delays) - len(self.seen),
            "late": self.late,
            "ttls": {str(ttl): count for ttl, count in sorted(self.ttls.items())},
            "delays_us": {name: delays[place] // 1000 for name, place in at.items()} if delays else {},
        }


def ranges(numbers: list[int]) -> list[list[int]]:
    """Give numbers in order as ranges, both ends included."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def listening(port: int) -> socket.socket:
    """Give a socket at a port of both IP versions that tells when a packet came and what was left of its life."""
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind(("::", port))
    sock.setblocking(False)
    return sock


def take(sock: socket.socket, record: Record) -> None:
    """Take all that is there."""
    with contextlib.suppress(BlockingIOError):
        while True:
            data, notes, _, _ = sock.recvmsg(65536, ROOM)
            if len(data) < HEAD.size:
                continue
            came_ns, ttl = 0, 0
            for level, kind, value in notes:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("qq", value)
                    came_ns = seconds * 10**9 + nanoseconds
                elif (level, kind) in (
                    (socket.IPPROTO_IP, socket.IP_TTL),
                    (socket.IPPROTO_IPV6, IPV6_HOPLIMIT),
                ):
                    (ttl,) = struct.unpack("i", value)
            record.take(data, came_ns, ttl)


def patience(said: bytes, records: Iterable[Record]) -> float:
    """Give how many seconds the next packet may take, of what a line said: long while some are missing."""
    seconds, _, packets = said.partition(b" ")
    missing = packets and sum(len(record.seen) for record in records) < int(packets)
    return float(seconds) if missing else DOUBLES_S


def main(ports: list[int]) -> None:
    """Listen, say so, take, tell."""
    records = {listening(port): Record() for port in ports}
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    said, open_ = b"", True
    while True:
        waited: list[socket.socket | int] = [*records, 0] if open_ else [*records]
        readable, _, _ = select.select(waited, [], [], None if open_ else patience(said, records.values()))
        for sock in (one for one in readable if isinstance(one, socket.socket)):
            take(sock, records[sock])
        if 0 in readable:
            line = os.read(0, 100)
            open_ = bool(line)
            said += line
        if not open_ and not readable:
            break
    sys.stdout.write(
        json.dumps({str(sock.getsockname()[1]): record.told() for sock, record in records.items()}) + "\n"
    )


if __name__ == "__main__":
    try:
        main([int(word) for word in sys.argv[1:]])
    except OSError as error:
        sys.exit(f"{error}")
