"""Sends one request on a host of a lab and waits for its answer: `ask.py PROTOCOL SOURCE SPORT DEST DPORT`.

PROTOCOL is tcp (a connection, and an HTTP request over it), udp (a datagram) or icmp (an echo request). SPORT 0: any. Exit
status 0 when something was answered, 1 when not within LIMIT_S; what went wrong is said on standard error.
"""

import os
import socket
import struct
import sys

LIMIT_S = 1.0
ECHO = {socket.AF_INET: (8, socket.IPPROTO_ICMP), socket.AF_INET6: (128, socket.IPPROTO_ICMPV6)}


def connected(family: int, kind: int, source: tuple[str, int], dest: tuple[str, int]) -> socket.socket:
    """Give a socket from `source` to `dest`."""
    sock = socket.socket(family, kind)
    sock.settimeout(LIMIT_S)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(source)
    sock.connect(dest)
    return sock


def over_tcp(family: int, source: tuple[str, int], dest: tuple[str, int]) -> None:
    """Connect and ask for a page; who speaks no HTTP may end the connection."""
    with connected(family, socket.SOCK_STREAM, source, dest) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % dest[0].encode())
        while sock.recv(65536):
            pass


def over_udp(family: int, source: tuple[str, int], dest: tuple[str, int]) -> None:
    """Send a datagram; one that nobody listens to is answered too, by an error."""
    with connected(family, socket.SOCK_DGRAM, source, dest) as sock:
        sock.send(b"sfcci trace path\n")
        sock.recv(65536)


def over_icmp(family: int, source: tuple[str, int], dest: tuple[str, int]) -> None:
    """Send an echo request with this process's id."""
    kind, protocol = ECHO[socket.AddressFamily(family)]
    head = struct.pack("!BBHHH", kind, 0, 0, os.getpid() & 0xFFFF, 1)
    data = head + b"sfcci trace path"
    if family == socket.AF_INET:  # of ICMPv6 the kernel makes the checksum
        data = data[:2] + struct.pack("!H", checksum(data)) + data[4:]
    with socket.socket(family, socket.SOCK_RAW, protocol) as sock:
        sock.settimeout(LIMIT_S)
        sock.bind((source[0], 0))
        sock.sendto(data, (dest[0], 0))
        sock.recv(65536)


def checksum(data: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main(words: list[str]) -> int:
    """Send, wait, tell."""
    protocol, source, sport, dest, dport = words
    family = socket.AF_INET6 if ":" in dest else socket.AF_INET
    ways = {"tcp": over_tcp, "udp": over_udp, "icmp": over_icmp}
    try:
        ways[protocol](family, (source, int(sport)), (dest, int(dport)))
    except ConnectionRefusedError:
        sys.stderr.write("nobody listens at that port\n")  # which is an answer
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
