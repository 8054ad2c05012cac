"""Flows as a host of the lab sends them: run by path inside the host, standard library only.

    python -I -S probe.py ADDRESS KINDS FLOWS PORTS SOURCE_PORT LENGTH

KINDS of http, tcp, udp, icmp and PORTS are separated by commas. Flow n goes to port n of PORTS, round and round, from
SOURCE_PORT + n (0: whichever is free), and has LENGTH octets of payload, which tcp, udp and icmp want back. It prints one
JSON list: for each flow its kind, the local port or the echo's identifier (0: it was not sent), the port that it goes to,
whether all of its answer came, and what went wrong. UDP and ICMP ask again when no answer comes, by a packet that can be told
from the one before.
"""

import http.client
import itertools
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 16
TIMEOUT_S = 2.0
ASKED, PATIENCE_S = 3, 1.0
"""So often UDP and ICMP ask before they give up, and so long they wait each time."""
GIVE_UP_AFTER = 8
"""So many failures and the rest is not tried: a dead chain is told in seconds."""
OK = 200
ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""Types of request and reply (RFC 792, RFC 4443)."""
ICMP = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
ROOM = 65536
UDP_HEADER, FROM_ZERO = 8, 40_000
Answer = dict[str, object]


class Failure(Exception):  # noqa: N818 - its text says it
    """No whole answer came."""


def checksum(data: bytes) -> int:
    """Give the checksum of RFC 1071."""
    total = sum(int(word) for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Probe:
    """Sends flows to one address and remembers how many failed."""

    def __init__(self, address: str, ports: list[int], source_port: int, length: int) -> None:
        self.address, self.ports, self.source_port, self.length = address, ports, source_port, length
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.failed = 0
        self.lock = threading.Lock()
        self.identifiers = itertools.count(os.getpid() * 257)

    def flow(self, kind: str, number: int) -> Answer:
        """Send one flow; never raises."""
        answer: Answer = {
            "kind": kind,
            "port": 0,
            "to": self.ports[number % len(self.ports)],
            "answered": False,
            "error": "",
        }
        if self.failed >= GIVE_UP_AFTER:
            return {**answer, "error": "not tried: too many before it had no answer"}
        try:
            KINDS[kind](self, number, answer)
            answer["answered"] = True
        except (OSError, http.client.HTTPException, Failure) as error:
            answer["error"] = str(error) or type(error).__name__
            with self.lock:
                self.failed += 1
        return answer

    def socket(self, number: int, kind: socket.SocketKind, answer: Answer) -> socket.socket:
        """Give a connected socket whose port was known before it was used: what gets no answer is judged, too."""
        sock = socket.socket(self.family, kind)
        try:
            sock.settimeout(TIMEOUT_S)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", self.source_port + number if self.source_port else 0))
            answer["port"] = sock.getsockname()[1]
            sock.connect((self.address, int(str(answer["to"]))))
        except BaseException:
            sock.close()
            raise
        return sock

    def http(self, number: int, answer: Answer) -> None:
        """Ask for the web server's page."""
        connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_S)
        try:
            connection.sock = self.socket(number, socket.SOCK_STREAM, answer)
            connection.request("GET", "/")
            reply = connection.getresponse()
            reply.read()
            if reply.status != OK:
                raise Failure(f"status {reply.status}")
        finally:
            connection.close()

    def tcp(self, number: int, answer: Answer) -> None:
        """Send octets over a connection, and read as many."""
        with self.socket(number, socket.SOCK_STREAM, answer) as sock:
            text = bytes(self.length)
            sender = threading.Thread(target=_say, args=(sock, text), daemon=True)
            sender.start()
            got = 0
            while part := sock.recv(ROOM):
                got += len(part)
            if got != len(text):
                raise Failure(f"{got} of {len(text)} octets came back")

    def udp(self, number: int, answer: Answer) -> None:
        """Send a packet and wait for the same; another try has another length, and is never longer than what was asked for."""
        if answer["to"] == 0:
            self.udp_to_zero(number, answer)
            return
        with self.socket(number, socket.SOCK_DGRAM, answer) as sock:
            for attempt in range(ASKED):
                text = bytes(self.length - attempt if self.length >= ASKED else self.length + attempt)
                sock.send(text)
                if _heard(sock, text, bytes):
                    return
        raise Failure("timed out")

    def udp_to_zero(self, number: int, answer: Answer) -> None:
        """The same to port 0, which the kernel sends no datagram to: its header is made here (no checksum: RFC 768)."""
        source = answer["port"] = self.source_port + number if self.source_port else FROM_ZERO + number
        with socket.socket(self.family, socket.SOCK_RAW, socket.IPPROTO_UDP) as sock:
            sock.settimeout(
                TIMEOUT_S
            )  # not connected: there the kernel tells that nobody listens, and somebody does
            for attempt in range(ASKED):
                text = bytes(self.length + attempt)
                length = len(text) + UDP_HEADER
                sock.sendto(struct.pack("!HHHH", source, 0, length, 0) + text, (self.address, 0))
                if _heard(sock, struct.pack("!HHHH", 0, source, length, 0) + text, _fourth):
                    return
        raise Failure("timed out")

    def icmp(self, _number: int, answer: Answer) -> None:
        """Ping."""
        request, reply = ECHO[self.family]
        identifier = next(self.identifiers) & 0xFFFF or 1
        sixth = self.family == socket.AF_INET6
        with socket.socket(self.family, socket.SOCK_RAW, ICMP[self.family]) as sock:
            sock.connect((self.address, 0))
            answer["port"] = answer["to"] = identifier
            for attempt in range(ASKED):
                body = struct.pack("!HH", identifier, attempt + 1) + bytes(self.length)
                check = 0 if sixth else checksum(struct.pack("!BBH", request, 0, 0) + body)
                sock.send(struct.pack("!BBH", request, 0, check) + body)  # the kernel sets ICMPv6's checksum
                if _heard(sock, bytes([reply]) + body, _sixth_echo if sixth else _fourth_echo):
                    return
        raise Failure("timed out")


def _say(sock: socket.socket, text: bytes) -> None:
    try:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
    except OSError:  # who reads the answer is told
        return


def _fourth(data: bytes) -> bytes:
    """Give what IPv4 carries; the kernel gives a raw socket its header, too (raw(7))."""
    return data[4 * (data[0] & 15) :]


def _fourth_echo(data: bytes) -> bytes:
    """Give an ICMP message without code and checksum."""
    message = _fourth(data)
    return message[:1] + message[4:]


def _sixth_echo(data: bytes) -> bytes:
    return data[:1] + data[4:]


def _heard(sock: socket.socket, wanted: bytes, read: Callable[[bytes], bytes]) -> bool:
    """Wait for an answer, for a while."""
    end = time.monotonic() + PATIENCE_S
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            if read(sock.recv(ROOM)) == wanted:
                return True
        except TimeoutError:
            return False
    return False


KINDS: dict[str, Callable[[Probe, int, Answer], None]] = {
    "http": Probe.http,
    "tcp": Probe.tcp,
    "udp": Probe.udp,
    "icmp": Probe.icmp,
}


def main(address: str, kinds: str, flows: int, ports: str, source_port: int, length: int) -> None:
    """Send the flows that the command line asks for."""
    probe = Probe(address, [int(port) for port in ports.split(",")], source_port, length)
    wanted = [(kind, number) for number in range(flows) for kind in kinds.split(",")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        print(json.dumps(list(pool.map(lambda one: probe.flow(*one), wanted))))  # noqa: T201 - its one output


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
