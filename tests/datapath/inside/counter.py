"""Counts what comes in at an interface, as a tap does that gets copies: `counter.py INTERFACE`.

It says "ready" on standard error when no frame can be missed, and when standard input ends it writes the frames to
standard output: {"frames": N, "kinds": {"0800/17/5000": N...}}: ethertype, protocol, destination port, where there is one.
"""

import collections
import json
import os
import select
import socket
import struct
import sys

SOL_PACKET, PACKET_IGNORE_OUTGOING, ETH_P_ALL = 263, 23, 3
SO_RCVBUFFORCE, RECEIVE_BUFFER = 33, 8 << 20
QUIET_S = 0.02
WITH_PORTS = (6, 17)


def kind(frame: bytes) -> str:
    """Say what a frame is."""
    ethertype = frame[12:14].hex()
    if ethertype == "0800" and len(frame) >= 34:
        return f"{ethertype}/{_above(frame, frame[23], 14 + 4 * (frame[14] & 15))}"
    if ethertype == "86dd" and len(frame) >= 54:
        return f"{ethertype}/{_above(frame, frame[20], 54)}"
    return ethertype


def _above(frame: bytes, protocol: int, start: int) -> str:
    if protocol not in WITH_PORTS or len(frame) < start + 4:
        return str(protocol)
    return f"{protocol}/{struct.unpack_from('!H', frame, start + 2)[0]}"


def main(interface: str) -> None:
    """Count until standard input ends and nothing more is there."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind((interface, ETH_P_ALL))
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    counts: collections.Counter[str] = collections.Counter()
    ended = False
    waited: list[socket.socket | int] = [sock, 0]
    while True:
        readable, _, _ = select.select(waited, [], [], QUIET_S if ended else None)
        if sock in readable:
            counts[kind(sock.recv(65536))] += 1
        if 0 in readable:
            ended = not os.read(0, 4096)
            waited = [sock] if ended else waited
        if ended and not readable:
            break
    sys.stdout.write(json.dumps({"frames": counts.total(), "kinds": dict(counts)}) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as error:
        sys.exit(f"{error}")
