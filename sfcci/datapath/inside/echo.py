"""Gives back what it gets, over TCP and UDP (RFC 862): `echo.py ADDRESS/PORT...`, until standard input ends.

It says "ready" on standard error when everything is answered. At port 0 it answers UDP over IPv4 alone.
"""

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator

BACKLOG = 1024
ROOM = 65536


def family(address: str) -> socket.AddressFamily:
    """Give the family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def datagrams(sock: socket.socket) -> None:
    """Answer UDP packets."""
    while True:
        try:
            data, whence = sock.recvfrom(ROOM)
            sock.sendto(data, whence)
        except OSError:  # an ICMP error that an answer has caused, or a full queue: the asker sees to it
            continue


def connections(listener: socket.socket) -> None:
    """Take connections, each with a thread of its own."""
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=connection, args=(sock,), daemon=True).start()


def connection(sock: socket.socket) -> None:
    """Give back what comes until the other side has said all."""
    try:
        with sock:
            while data := sock.recv(ROOM):
                sock.sendall(data)
    except OSError:  # the other side is gone
        return


def to_zero(sock: socket.socket) -> None:
    """Answer UDP packets to port 0, which the kernel gives to nobody else; IPv4 (raw(7) gives the header, too)."""
    while True:
        data, whence = sock.recvfrom(ROOM)
        packet = data[4 * (data[0] & 15) :]
        source, port = struct.unpack_from("!HH", packet)
        if port == 0:
            sock.sendto(struct.pack("!HHHH", 0, source, len(packet), 0) + packet[8:], (whence[0], 0))


def opened(word: str) -> Iterator[threading.Thread]:
    """Listen at ADDRESS/PORT; give what answers, not begun. Raises OSError."""
    address, _, port = word.rpartition("/")
    if port == "0":
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        sock.bind((address, 0))
        yield threading.Thread(target=to_zero, args=(sock,), daemon=True)
        return
    for kind, answer in ((socket.SOCK_STREAM, connections), (socket.SOCK_DGRAM, datagrams)):
        sock = socket.socket(family(address), kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, int(port)))
        if kind is socket.SOCK_STREAM:
            sock.listen(BACKLOG)
        yield threading.Thread(target=answer, args=(sock,), daemon=True)


def begin(*words: str) -> Callable[[], None]:
    """Listen at each ADDRESS/PORT; give what answers for ever. Raises OSError."""
    threads = [thread for word in words for thread in opened(word)]

    def work() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return work


def main(words: list[str]) -> None:
    """Listen, say so, answer until told to end."""
    for thread in [thread for word in words for thread in opened(word)]:
        thread.start()
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    while os.read(0, 4096):
        pass


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"{error}")
