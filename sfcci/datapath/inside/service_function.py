"""A service function on packet sockets: what goes in at one interface comes out of the other, and the other way round.

`service_function.py KIND IN OUT [WORD=VALUE...]`; OUT may be IN. Kinds:

* `wire`: a bump in the wire: frames as they are.
* `mpls`, `nsh`: knows the encapsulation and nothing else: one place further on the path, frames without it are dropped.
* `router`: routes IPv4 and IPv6 in user space, so that it can hold packets: one hop less to live.
* `translator`: a router that changes addresses: `map=A/B`, who comes from A goes on from B, answers to B go on to A.

Words: `hold=MS` keeps each packet that long; `address=swap` sends encapsulated frames back to whom they come from,
`address=keep` (as they come) is the default; `neighbour=ADDRESS/MAC` (repeatable) is where a router sends a packet for
that address, else the frame's destination stays. It says "ready" on standard error when no packet can be missed. When
standard input ends it sends what it holds and writes {"passed", "dropped", "unsent"} (packets) to standard output.
"""

import collections
import contextlib
import fcntl
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_P_ALL = 3
SIOCGIFADDR, SIOCGIFHWADDR = 0x8915, 0x8927
IPV4, IPV6, MPLS, NSH = b"\x08\x00", b"\x86\xdd", b"\x88\x47", b"\x89\x4f"
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
ERRORS = {IPV4: (3, 11, 12), IPV6: (1, 2, 3, 4)}
"""Types of ICMP messages that carry what they are about (RFC 792, RFC 4443)."""
RECEIVE_BUFFER = 8 << 20
"""What arrives while it sleeps; without the right to ask for so much the kernel gives its usual limit."""
SO_RCVBUFFORCE = 33
LOOK_S = 0.02
Change = Callable[[bytes], bytes]
"""A frame as it goes on; b"" when it goes nowhere."""
Ways = dict[socket.socket, tuple[socket.socket, Change]]
"""Where frames come in → where they go out, and what becomes of them."""


def mpls(frame: bytes) -> bytes:
    """Go one place further: label and TTL less one; a TTL of 0 goes nowhere (RFC 3032, section 2.4)."""
    if frame[12:14] != MPLS or len(frame) < 18:  # noqa: PLR2004 - Ethernet and one label
        return b""
    (entry,) = struct.unpack_from("!I", frame, 14)
    if entry & 0xFF <= 1 or not entry >> 12 & 0xFF:
        return b""
    return frame[:14] + struct.pack("!I", entry - (1 << 12) - 1) + frame[18:]


def nsh(frame: bytes) -> bytes:
    """Go one place further: service index less one, 0 goes nowhere; the TTL is the forwarders' (RFC 8300, section 2)."""
    if frame[12:14] != NSH or len(frame) < 22:  # noqa: PLR2004 - Ethernet, base header and service path header
        return b""
    si = frame[21]
    return frame[:21] + bytes([si - 1]) + frame[22:] if si else b""


def added(checksum: int, old: bytes, new: bytes) -> int:
    """Give a checksum in which `new` stands for `old`, both of an even number of octets (RFC 1624, equation 3)."""
    total = ~checksum & 0xFFFF
    total += sum(~int(word) & 0xFFFF for (word,) in struct.iter_unpack("!H", old))
    total += sum(int(word) for (word,) in struct.iter_unpack("!H", new))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def replaced(frame: bytearray, at: int, old: bytes, new: bytes) -> None:
    """Put a checksum right; a UDP packet without one stays so."""
    if at + 2 <= len(frame):
        (was,) = struct.unpack_from("!H", frame, at)
        struct.pack_into("!H", frame, at, added(was, old, new))


def lived(frame: bytearray) -> bool:
    """Take one hop from an IP packet's life; whether any is left."""
    at = 22 if frame[12:14] == IPV4 else 21
    if frame[at] <= 1:
        return False
    if at == 22:  # noqa: PLR2004 - IPv4 has a checksum over it
        replaced(frame, 24, bytes([frame[22], 0]), bytes([frame[22] - 1, 0]))
    frame[at] -= 1
    return True


def ends(frame: bytes) -> tuple[slice, slice]:
    """Give where source and destination stand in an IP packet's frame."""
    if frame[12:14] == IPV4:
        return slice(26, 30), slice(30, 34)
    return slice(22, 38), slice(38, 54)


def above(frame: bytes) -> tuple[int, int]:
    """Give the protocol above IP, and where its checksum stands; 0, 0 where none covers the addresses."""
    sixth = frame[12:14] == IPV6
    protocol = frame[20] if sixth else frame[23]
    start = 54 if sixth else 14 + 4 * (frame[14] & 0x0F)
    if not sixth and struct.unpack_from("!H", frame, 20)[0] & 0x1FFF:
        return 0, 0  # a later fragment: the first one has the header
    at = {TCP: 16, UDP: 6, ICMPV6: 2 if sixth else 0}.get(protocol, 0)
    return (protocol, start + at) if at else (0, 0)


def put(frame: bytearray, where: slice, new: bytes) -> None:
    """Put an address into an IP packet, and every checksum right that covers it."""
    old = bytes(frame[where])
    protocol, at = above(bytes(frame))
    if frame[12:14] == IPV4:
        replaced(frame, 24, old, new)
    if at and not (protocol == UDP and frame[at : at + 2] == b"\0\0"):
        replaced(frame, at, old, new)
        if protocol == UDP and frame[at : at + 2] == b"\0\0":
            frame[at : at + 2] = b"\xff\xff"  # 0 would mean that there is none (RFC 768)
    frame[where] = new


def about(frame: bytes) -> int:
    """Give where the packet begins that an ICMP error is about; 0: it is no error, or a fragment of one."""
    sixth = frame[12:14] == IPV6
    start = 54 if sixth else 14 + 4 * (frame[14] & 0x0F)
    whole = sixth or not struct.unpack_from("!H", frame, 20)[0] & 0x3FFF
    error = frame[20 if sixth else 23] == (ICMPV6 if sixth else ICMP)
    room = start + 8 + (40 if sixth else 20) <= len(frame)
    return start + 8 if error and whole and room and frame[start] in ERRORS[frame[12:14]] else 0


def wire(frame: bytes) -> bytes:
    """Leave it as it is."""
    return frame


PLAIN: dict[str, Change] = {"wire": wire, "mpls": mpls, "nsh": nsh}


class Router:
    """Routes packets that come to one of its addresses' frames; its own packets are the kernel's."""

    def __init__(
        self, own: set[bytes], neighbours: dict[bytes, bytes], maps: list[tuple[bytes, bytes]]
    ) -> None:
        self.own, self.neighbours = own, neighbours
        self.out = dict(maps)
        self.back = {new: old for old, new in maps}

    def change(self, mac: bytes, out: bytes) -> Change:
        """Give what becomes of frames that come to `mac` and go out at `out`."""

        def routed(frame: bytes) -> bytes:
            source, destination = ends(frame)
            long_enough = len(frame) >= destination.stop
            if frame[:6] != mac or frame[12:14] not in (IPV4, IPV6) or not long_enough:
                return b""
            packet = bytearray(frame)
            if bytes(packet[destination]) in self.own or not lived(packet):
                return b""
            self._translate(packet, source, destination)
            if at := about(frame):
                self._translate_about(packet, at, source, destination)
            hop = self.neighbours.get(bytes(packet[destination]), bytes(packet[:6]))
            packet[:12] = hop + out
            return bytes(packet)

        return routed

    def _translate(self, packet: bytearray, source: slice, destination: slice) -> None:
        for where, table in ((source, self.out), (destination, self.back)):
            if new := table.get(bytes(packet[where])):
                put(packet, where, new)

    def _translate_about(self, packet: bytearray, at: int, source: slice, destination: slice) -> None:
        """Have an ICMP error tell of the packet as who sent it knows it (RFC 5508, section 4)."""
        inner = bytearray(packet[:14] + packet[at:])
        for where, table in ((source, self.back), (destination, self.out)):
            if new := table.get(bytes(inner[where])):
                put(inner, where, new)
        old, new = bytes(packet[at:]), bytes(inner[14:])
        packet[at:] = new
        odd = b"\0" * (len(old) % 2)
        replaced(packet, at - 6, old + odd, new + odd)


def swapping(change: Change, mac: bytes) -> Change:
    """Have frames go back to whom they came from."""

    def swapped(frame: bytes) -> bytes:
        changed = change(frame)
        return changed and changed[6:12] + mac + changed[12:]

    return swapped


def address(text: str) -> bytes:
    """Give the octets of an IP address. Raises OSError."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def own_addresses(names: set[str]) -> set[bytes]:
    """Give the addresses of interfaces."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name in names:
            with contextlib.suppress(OSError):  # it has none
                found.add(fcntl.ioctl(control, SIOCGIFADDR, struct.pack("40s", name.encode()))[20:24])
    with contextlib.suppress(OSError), open("/proc/net/if_inet6") as lines:  # noqa: PTH123 - start-up time
        found |= {bytes.fromhex(line.split()[0]) for line in lines if line.split()[5] in names}
    return found


def open_interface(name: str) -> socket.socket:
    """Give a socket that gets what comes in at an interface, and nothing that goes out. Raises OSError."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind((name, ETH_P_ALL))
    sock.setblocking(False)
    return sock


def arrived(sock: socket.socket, most: int = 64) -> list[bytes]:
    """Give frames that have arrived; an interface that is down gives none."""
    frames: list[bytes] = []
    with contextlib.suppress(OSError):
        while len(frames) < most:
            frames.append(sock.recv(65536))
    return frames


def run(ways: Ways, hold_s: float, until: tuple[int, ...] = ()) -> dict[str, int]:
    """Pass packets on until the handle `until` ends and nothing is held, or an interface is gone. Give how many."""
    counts = {"passed": 0, "dropped": 0, "unsent": 0}
    held: collections.deque[tuple[float, socket.socket, bytes]] = collections.deque()
    waited: list[socket.socket | int] = [*until, *ways]
    while waited or held:
        limit = max(0.0, held[0][0] - time.monotonic()) if held else None
        readable, _, _ = select.select(waited, [], [], limit)
        now = time.monotonic()
        for source in (one for one in readable if isinstance(one, socket.socket)):
            out, change = ways[source]
            frames = arrived(source)
            if not frames and not source.getsockname()[0]:
                return counts
            for frame in frames:
                changed = change(frame)
                if changed:
                    held.append((now + hold_s, out, changed))
                else:
                    counts["dropped"] += 1
        while held and held[0][0] <= now:
            _, out, frame = held.popleft()
            try:
                out.send(frame)
                counts["passed"] += 1
            except OSError:  # too long for the interface, or it is down
                counts["unsent"] += 1
        if any(handle in readable and not os.read(handle, 4096) for handle in until):
            waited = []
    return counts


def opened(kind: str, into: str, out: str, words: Sequence[str]) -> tuple[Ways, float]:
    """Open both sides; give what becomes of packets, and how long they are held (seconds). Raises OSError."""
    given = [(key, value) for key, _, value in (word.partition("=") for word in words)]
    pairs = {name: [value.split("/") for key, value in given if key == name] for name in ("neighbour", "map")}
    neighbours = {address(ip): bytes.fromhex(mac.replace(":", "")) for ip, mac in pairs["neighbour"]}
    options = dict(given)
    router = Router(
        own_addresses({into, out}), neighbours, [(address(a), address(b)) for a, b in pairs["map"]]
    )
    sides = {name: open_interface(name) for name in {into, out}}
    macs = {name: sock.getsockname()[4] for name, sock in sides.items()}

    def change(here: str, there: str) -> Change:
        if kind in ("router", "translator"):
            return router.change(macs[here], macs[there])
        plain = PLAIN[kind]
        return swapping(plain, macs[there]) if options.get("address") == "swap" else plain

    ways = {sides[a]: (sides[b], change(a, b)) for a, b in ((into, out), (out, into))}
    return ways, float(options.get("hold", "0")) / 1000


def begin(kind: str, into: str, out: str, *words: str) -> Callable[[], None]:
    """Open both sides; give what passes packets on for ever, whatever cables are pulled and plugged. Raises OSError."""
    ways, hold_s = opened(kind, into, out, words)

    def work() -> None:
        now = ways
        while True:
            run(now, hold_s)
            for sock in now:
                sock.close()
            now = plugged(kind, into, out, words)

    return work


def plugged(kind: str, into: str, out: str, words: Sequence[str]) -> Ways:
    """Wait until both interfaces are there, and open them."""
    while True:
        try:
            return opened(kind, into, out, words)[0]
        except OSError:
            time.sleep(LOOK_S)


def main(kind: str, into: str, out: str, words: list[str]) -> None:
    """Open both sides, say so, pass on."""
    ways, hold_s = opened(kind, into, out, words)
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    sys.stdout.write(json.dumps(run(ways, hold_s, (sys.stdin.fileno(),))) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
    except OSError as error:
        sys.exit(f"{error}")
