"""Packets to be injected: what is wanted of them, and their octets, with every checksum.

Echo requests (ICMP), connection requests (TCP) and datagrams (UDP), in IPv4 and IPv6, behind any VLAN tags. Sources: RFC 791,
RFC 8200, RFC 792, RFC 4443, RFC 9293, RFC 768, RFC 1071 (checksum), IEEE 802.1Q.
"""

import string
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_interface

from sfcci.errors import UsageError

Chance = Callable[[int], int]
"""Gives a number from 0 to below the one given."""
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}
KINDS = tuple(f"{name}{version}" for name in PROTOCOLS for version in (4, 6))
MODES = ("unique", "random")
ICMPV6 = 58
ECHO_REQUEST = {4: 8, 6: 128}
SYN = 2
PAYLOAD = 56
"""As long as ping's."""
LONGEST = 65535
PORTS = 1 << 16
DOT1Q, IPV4, IPV6 = 0x8100, 0x0800, 0x86DD


@dataclass(frozen=True)
class Injection:
    """What is to be sent; see the fields. Raises UsageError.

    `kind` is one of KINDS, or "icmp", "tcp", "udp": of the addresses' version then. Addresses may have a prefix length.
    """

    kind: str
    src_ip: str
    dst_ip: str
    dst_mac: str
    src_mac: str = ""
    """"": the interface's own."""
    src_port: int = 0
    """0: whichever chance gives, as for `dst_port` and `id`."""
    dst_port: int = 0
    id: int = 0
    """ICMP's identifier."""
    count: int = 1
    interval_ms: int = 0
    payload: str = ""
    """"": letters by chance."""
    inc_payload: int = 0
    """By how many letters each payload is longer than the one before."""
    mode: str = "unique"
    """"unique": all of one flow; "random": each of another (identifier or source port)."""
    ttl: int = 64
    vlans: tuple[int, ...] = ()
    """VLAN ids, the outermost first."""

    def __post_init__(self) -> None:
        source, destination = _address(self.src_ip), _address(self.dst_ip)
        kinds = (*KINDS, *PROTOCOLS)
        if self.kind not in kinds:
            raise UsageError(f"packets of type {self.kind!r}; there are: {', '.join(kinds)}")
        if source.version != destination.version or self.kind[-1:] not in (str(source.version), "p"):
            raise UsageError(f"{self.kind} from {source} to {destination}: the versions of IP differ")
        if self.mode not in MODES:
            raise UsageError(f"mode {self.mode!r}; there are: {', '.join(MODES)}")
        for mac in (self.dst_mac, *([self.src_mac] if self.src_mac else [])):
            octets(mac)
        for name, least, most in (
            ("src_port", 0, PORTS - 1),
            ("dst_port", 0, PORTS - 1),
            ("id", 0, PORTS - 1),
            ("count", 1, 1 << 32),
            ("interval_ms", 0, 1 << 32),
            ("inc_payload", 0, LONGEST),
            ("ttl", 1, 255),
        ):
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{name} {getattr(self, name)} is not from {least} to {most}")
        if any(not 0 < vlan < 4095 for vlan in self.vlans):  # noqa: PLR2004 - 802.1Q keeps both ends for itself
            raise UsageError(f"VLANs {self.vlans}; each is from 1 to 4094")
        longest = len(self.payload.encode() or bytes(PAYLOAD)) + self.inc_payload * (self.count - 1)
        if longest > LONGEST - 60:
            raise UsageError(
                f"a payload of {longest} octets; no packet has room for more than {LONGEST - 60}"
            )

    @property
    def version(self) -> int:
        """The version of IP."""
        return _address(self.src_ip).version


def frames(wanted: Injection, own_mac: str, chance: Chance) -> Iterator[bytes]:
    """Give the Ethernet frames of an injection; `own_mac` is the interface's."""
    protocol = wanted.kind.rstrip("46")
    head = _ethernet(wanted, own_mac)
    payload = wanted.payload.encode() or _letters(PAYLOAD, chance)
    identifier = wanted.id or _any(chance)
    src_port, dst_port, ip_id = wanted.src_port or _any(chance), wanted.dst_port or _any(chance), _any(chance)
    for number in range(wanted.count):
        if number and wanted.mode == "random":
            identifier, src_port = _any(chance), _any(chance)
        if protocol == "icmp":
            body = _echo(wanted.version, identifier, number, payload)
        elif protocol == "tcp":
            sequence = chance(1 << 32)
            body = (
                struct.pack("!HHIIBBHHH", src_port, dst_port, sequence, 0, 5 << 4, SYN, PORTS - 1, 0, 0)
                + payload
            )
        else:
            body = struct.pack("!HHHH", src_port, dst_port, 8 + len(payload), 0) + payload
        yield head + _ip(wanted, protocol, body, (ip_id + number) % PORTS)
        payload += _letters(wanted.inc_payload, chance)


def checksum(data: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def octets(mac: str) -> bytes:
    """Give the octets of a MAC address. Raises UsageError."""
    try:
        found = bytes.fromhex(mac.replace(":", "").replace("-", ""))
    except ValueError:
        found = b""
    if len(found) != 6:  # noqa: PLR2004 - octets of an address (IEEE 802)
        raise UsageError(f"MAC address {mac!r} is none; it looks like 02:00:00:00:00:01")
    return found


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_interface(text).ip
    except ValueError:
        raise UsageError(f"IP address {text!r} is none") from None


def _ethernet(wanted: Injection, own_mac: str) -> bytes:
    tags = b"".join(struct.pack("!HH", DOT1Q, vlan) for vlan in wanted.vlans)
    ends = octets(wanted.dst_mac) + octets(wanted.src_mac or own_mac)
    return ends + tags + struct.pack("!H", IPV4 if wanted.version == 4 else IPV6)  # noqa: PLR2004 - IP's version


def _ip(wanted: Injection, protocol: str, body: bytes, ip_id: int) -> bytes:
    """Give the IP packet around what is above it, whose checksum is set."""
    sixth = wanted.version == 6  # noqa: PLR2004 - IP's version
    number = ICMPV6 if sixth and protocol == "icmp" else PROTOCOLS[protocol]
    ends = _address(wanted.src_ip).packed + _address(wanted.dst_ip).packed
    body = _checked(protocol, body, ends, number, sixth=sixth)
    if sixth:
        return struct.pack("!IHBB", 6 << 28, len(body), number, wanted.ttl) + ends + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ip_id, 0, wanted.ttl, number, 0)
    return head[:10] + struct.pack("!H", checksum(head + ends)) + ends + body


def _checked(protocol: str, body: bytes, ends: bytes, number: int, *, sixth: bool) -> bytes:
    """Set the checksum of what is above IP; ICMP of IPv4 alone does not count IP's addresses."""
    at = {"icmp": 2, "tcp": 16, "udp": 6}[protocol]
    pseudo = ends + struct.pack(
        "!II" if sixth else "!HH", *((len(body), number) if sixth else (number, len(body)))
    )
    found = checksum(body if protocol == "icmp" and not sixth else pseudo + body)
    if protocol == "udp":
        found = found or PORTS - 1  # 0 says that there is none
    return body[:at] + struct.pack("!H", found) + body[at + 2 :]


def _echo(version: int, identifier: int, number: int, payload: bytes) -> bytes:
    return struct.pack("!BBHHH", ECHO_REQUEST[version], 0, 0, identifier, number % PORTS) + payload


def _any(chance: Chance) -> int:
    return chance(PORTS - 1) + 1


def _letters(count: int, chance: Chance) -> bytes:
    return "".join(string.ascii_letters[chance(len(string.ascii_letters))] for _ in range(count)).encode()
