"""Sends numbered UDP packets at a rate: `stream_sender.py RATE COUNT LENGTH ADDRESS/PORT...`.

At each beat one packet to every address; COUNT 0: until standard input ends. A beat that comes late is made up for, so
that COUNT / RATE is the time that it takes. It says "ready" on standard error before the first beat, of which there is
one at least. A payload is LENGTH octets long: the number (8 octets), the time (8, nanoseconds since the epoch), then
zeros. At the end it writes {"sent": N, "refused": {"ADDRESS/PORT": N}, "latest_ms": how late the latest beat was} to
standard output; "refused" are packets that the sender's own kernel did not take.
"""

import json
import os
import select
import socket
import struct
import sys
import time

HEAD = struct.Struct("!QQ")


def connected(word: str) -> socket.socket:
    """Give a socket to ADDRESS/PORT. Raises OSError."""
    address, _, port = word.rpartition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.connect((address, int(port)))
    return sock


def ended(wait_s: float) -> bool:
    """Wait that long for the end of standard input; whether it has come."""
    readable, _, _ = select.select([0], [], [], max(0.0, wait_s))
    return bool(readable) and not os.read(0, 4096)


def main(rate: float, count: int, length: int, words: list[str]) -> None:
    """Send, tell."""
    sinks = [(word, connected(word)) for word in words]
    refused: dict[str, int] = {}
    tail = bytes(max(0, length - HEAD.size))
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    begin, number, latest = time.monotonic(), 0, 0.0
    while not count or number < count:
        wait = begin + number / rate - time.monotonic()
        latest = max(latest, -wait)
        if number and (wait > 0 or number % 64 == 0) and ended(wait):
            break
        for word, sock in sinks:
            try:
                sock.send(HEAD.pack(number, time.time_ns()) + tail)
            except OSError:  # no neighbour, a full queue, or an ICMP error that came back
                refused[word] = refused.get(word, 0) + 1
        number += 1
    sys.stdout.write(
        json.dumps({"sent": number, "refused": refused, "latest_ms": round(latest * 1000, 3)}) + "\n"
    )


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    except OSError as error:
        sys.exit(f"{error}")
