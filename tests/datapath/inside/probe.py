"""Asks another host something once and tells the answer as JSON on standard output.

* `probe.py icmp ADDRESS LENGTH PATIENCE_S`: an echo request with LENGTH octets of data, not to be fragmented:
  {"answered": whether, "ttl": the answer's, "us": its time}.
* `probe.py tcp ADDRESS PORT LENGTH PATIENCE_S [SOURCE_PORT]`: GET /bytes/LENGTH of the lab's web server:
  {"answered": whether all of it came, "got": octets, "us": until the last one}.
* `probe.py mtu ADDRESS LENGTH...`: which of these lengths of a UDP payload the kernel takes without fragments:
  {"taken": [LENGTH...], "mtu": what it knows of the way, in octets of IP}.

A question without an answer has "error" beside "answered": false; the exit status is 0 then, too.
"""

import json
import os
import socket
import struct
import sys
import time

IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52
ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""Types of request and reply (RFC 792, RFC 4443)."""


def family(address: str) -> socket.AddressFamily:
    """Give the family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def whole(sock: socket.socket) -> None:
    """Have a socket's packets never be fragmented."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DO)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)


def internet_checksum(data: bytes) -> int:
    """Give the checksum of RFC 1071."""
    total = sum(int(word) for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(address: str, length: int, patience_s: float) -> dict[str, object]:
    """Send an echo request, wait for its reply."""
    kind = family(address)
    sixth = kind == socket.AF_INET6
    request, reply = ECHO[kind]
    with socket.socket(
        kind, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if sixth else socket.IPPROTO_ICMP
    ) as sock:
        if sixth:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
        whole(sock)
        sock.connect((address, 0))
        number = os.getpid() & 0xFFFF
        body = struct.pack("!HH", number, 1) + bytes(length)
        checksum = 0 if sixth else internet_checksum(struct.pack("!BBH", request, 0, 0) + body)
        begin = time.monotonic()
        sock.send(struct.pack("!BBH", request, 0, checksum) + body)  # the kernel sets ICMPv6's checksum
        while (left := begin + patience_s - time.monotonic()) > 0:
            sock.settimeout(left)
            data, notes, _, _ = sock.recvmsg(65536, 256)
            ttl = (
                data[8]
                if not sixth
                else next((struct.unpack("i", v)[0] for _, k, v in notes if k == IPV6_HOPLIMIT), 0)
            )
            message = data if sixth else data[4 * (data[0] & 15) :]
            if message[0] == reply and message[4:] == body:
                return {"answered": True, "ttl": ttl, "us": round((time.monotonic() - begin) * 1e6)}
    raise TimeoutError("no answer")


def tcp(address: str, port: int, length: int, patience_s: float, source: int = 0) -> dict[str, object]:
    """Fetch some octets from the lab's web server."""
    begin = time.monotonic()
    with socket.socket(family(address), socket.SOCK_STREAM) as sock:
        sock.settimeout(patience_s)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if source:
            sock.bind(("", source))
        sock.connect((address, port))
        sock.sendall(f"GET /bytes/{length} HTTP/1.1\r\n\r\n".encode())
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
    got = len(b"".join(parts).partition(b"\r\n\r\n")[2])
    return {"answered": got == length, "got": got, "us": round((time.monotonic() - begin) * 1e6)}


def mtu(address: str, lengths: list[int]) -> dict[str, object]:
    """Try lengths; an ICMP error that an earlier one has caused is the kernel's knowledge by then."""
    taken = []
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        whole(sock)
        sock.connect((address, 9))
        for length in lengths:
            try:
                sock.send(bytes(length))
                taken.append(length)
            except OSError:
                continue
        sixth = sock.family == socket.AF_INET6
        level, option = (socket.IPPROTO_IPV6, IPV6_MTU) if sixth else (socket.IPPROTO_IP, IP_MTU)
        return {"taken": taken, "mtu": sock.getsockopt(level, option)}


def main(kind: str, address: str, words: list[str]) -> dict[str, object]:
    """Ask."""
    try:
        if kind == "icmp":
            return icmp(address, int(words[0]), float(words[1]))
        if kind == "tcp":
            return tcp(address, int(words[0]), int(words[1]), float(words[2]), *map(int, words[3:4]))
        return mtu(address, [int(word) for word in words])
    except OSError as error:
        return {"answered": False, "error": f"{error}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], sys.argv[3:])) + "\n")
