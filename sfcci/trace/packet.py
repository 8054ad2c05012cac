"""Frames decoded: bytes in, one `Packet` out, whatever the bytes are.

A layer is a function `(frame, at, into)` that writes what it read and calls the layer above; tables by EtherType and
by IP protocol say which one that is. A frame that ends early, or whose lengths contradict each other, gives what was
read so far and `truncated`. Sources: IEEE 802.1Q, RFC 791, 792, 768, 3032, 4443, 8200, 8300, 9293.
"""

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPE_NSH = 0x894F
IPV4, IPV6 = 4, 6
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
"""Bits of `Packet.tcp_flags`."""

VLAN_TYPES = (0x8100, 0x88A8, 0x9100)
MPLS_TYPES = (0x8847, 0x8848)
ICMP_ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMPV6: (1, 2, 3, 4)}
ICMP_ECHOES = {ICMP: (0, 8), ICMPV6: (128, 129)}
NSH_IPV4, NSH_IPV6, NSH_ETHERNET = 1, 2, 3
"""What follows a service header (RFC 8300 section 2.2)."""
IPV6_EXTENSIONS = (0, 43, 51, 60, 135)
IPV6_FRAGMENT, IPV6_AUTHENTICATION = 44, 51
UDP_HEADER = 8
ADDRESSES_KEPT = 4096
"""Texts of addresses that are remembered: a lab has few, and making a text costs more than the rest."""


class MplsLabel(NamedTuple):
    """One entry of an MPLS label stack (RFC 3032 section 2.1)."""

    label: int
    traffic_class: int
    bottom: bool
    ttl: int


class ServiceHeader(NamedTuple):
    """A network service header's path and the place on it (RFC 8300 section 2)."""

    spi: int
    si: int
    ttl: int


class FiveTuple(NamedTuple):
    """Whom a packet is from and to; ports are None where the protocol has none or they were cut off."""

    src: str
    dst: str
    protocol: int
    sport: int | None = None
    dport: int | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """What a frame says. None: the frame has no such field, or ends before it."""

    eth_src: str = ""
    eth_dst: str = ""
    vlans: tuple[int, ...] = ()
    """VLAN ids, the outermost first."""
    mpls: tuple[MplsLabel, ...] = ()
    """The label stack, the outermost first."""
    nsh: ServiceHeader | None = None
    """The service header; addresses and types of Ethernet are those of the frame around it."""
    ethertype: int | None = None
    """The type behind the VLAN tags (MPLS's own when there are labels)."""
    ip_version: int | None = None
    src: str | None = None
    dst: str | None = None
    ttl: int | None = None
    """TTL or hop limit."""
    protocol: int | None = None
    """The protocol above IP, behind IPv6's extension headers."""
    ip_id: int | None = None
    """IPv4's identification: with the addresses it tells one packet from the next."""
    fragment: bool = False
    sport: int | None = None
    dport: int | None = None
    tcp_seq: int | None = None
    tcp_ack: int | None = None
    tcp_flags: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None
    icmp_seq: int | None = None
    icmp_inner: FiveTuple | None = None
    """The packet that an ICMP error speaks of."""
    payload_length: int = 0
    """Octets behind the last header that was read, by IP's own length: padding of the frame does not count."""
    truncated: bool = False
    """The frame ends before it should, or its lengths contradict each other."""

    @property
    def five_tuple(self) -> FiveTuple | None:
        """Source, destination, protocol and ports; None when the packet is not IP."""
        if self.src is None or self.dst is None or self.protocol is None:
            return None
        return FiveTuple(self.src, self.dst, self.protocol, self.sport, self.dport)


Fields = dict[str, Any]
Layer = Callable[[bytes, int, Fields], None]


class _ContradictionError(Exception):
    """Lengths in the frame contradict each other: nothing behind them can be trusted."""


def decode(frame: bytes) -> Packet:
    """Give what an Ethernet frame says. Raises nothing: see `Packet.truncated`."""
    into: Fields = {}
    try:
        _ethernet(frame, 0, into)
    except (struct.error, _ContradictionError):
        into["truncated"] = True
        into["payload_length"] = 0
    for stack in ("vlans", "mpls"):
        if stack in into:
            into[stack] = tuple(into[stack])
    return Packet(**into)


_ETHERNET = struct.Struct("!6s6sH")
_TAG = struct.Struct("!HH")
_WORD = struct.Struct("!I")
_IPV4 = struct.Struct("!BxHHHBBxx4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_PORTS = struct.Struct("!HH")
_TCP = struct.Struct("!HHIIBBxxxxxx")
_NSH = struct.Struct("!HBBI")
_ICMP = struct.Struct("!BBxxHH")


def _ethernet(frame: bytes, at: int, into: Fields) -> None:
    dst, src, ethertype = _ETHERNET.unpack_from(frame, at)
    into["eth_src"], into["eth_dst"] = _mac(src), _mac(dst)
    at += _ETHERNET.size
    while ethertype in VLAN_TYPES:
        into["ethertype"] = ethertype
        tag, ethertype = _TAG.unpack_from(frame, at)
        into.setdefault("vlans", []).append(tag & 0xFFF)
        at += _TAG.size
    into["ethertype"] = ethertype
    into["payload_length"] = len(frame) - at
    if layer := BY_ETHERTYPE.get(ethertype):
        layer(frame, at, into)


def _mpls(frame: bytes, at: int, into: Fields) -> None:
    labels: list[MplsLabel] = into.setdefault("mpls", [])
    bottom = False
    while not bottom:
        (word,) = _WORD.unpack_from(frame, at)
        bottom = bool(word >> 8 & 1)
        labels.append(MplsLabel(word >> 12, word >> 9 & 7, bottom, word & 0xFF))
        at += _WORD.size
    into["payload_length"] = len(frame) - at
    version = frame[at] >> 4 if at < len(frame) else 0  # a label does not name what it carries
    if layer := {IPV4: _ipv4, IPV6: _ipv6}.get(version):
        layer(frame, at, into)


def _nsh(frame: bytes, at: int, into: Fields) -> None:
    first, _, protocol, path = _NSH.unpack_from(frame, at)
    length = (first & 0x3F) * 4
    if first >> 14 or length < _NSH.size or "nsh" in into:  # no other version is known; none lies in another
        raise _ContradictionError
    into["nsh"] = ServiceHeader(path >> 8, path & 0xFF, first >> 6 & 0x3F)
    at += length
    into["payload_length"] = len(frame) - at
    if protocol == NSH_ETHERNET:
        (ethertype,) = struct.unpack_from("!H", frame, at + 12)
        protocol, at = {ETHERTYPE_IPV4: NSH_IPV4, ETHERTYPE_IPV6: NSH_IPV6}.get(ethertype, 0), at + 14
    if layer := {NSH_IPV4: _ipv4, NSH_IPV6: _ipv6}.get(protocol):
        layer(frame, at, into)


def _ipv4(frame: bytes, at: int, into: Fields) -> None:
    first, length, ip_id, fragment, ttl, protocol, src, dst = _IPV4.unpack_from(frame, at)
    header = (first & 0xF) * 4
    if first >> 4 != IPV4 or header < _IPV4.size:
        raise _ContradictionError
    into.update(
        ip_version=IPV4, src=_ipv4_text(src), dst=_ipv4_text(dst), ttl=ttl, protocol=protocol, ip_id=ip_id
    )
    into["fragment"] = bool(fragment & 0x3FFF)
    end = at + length if length else len(frame)  # 0: the network card was to cut it up (TSO)
    _above_ip(frame, at + header, end, into, first_fragment=not fragment & 0x1FFF)


def _ipv6(frame: bytes, at: int, into: Fields) -> None:
    first, length, protocol, hop_limit, src, dst = _IPV6.unpack_from(frame, at)
    if first >> 28 != IPV6:
        raise _ContradictionError
    into.update(ip_version=IPV6, src=_ipv6_text(src), dst=_ipv6_text(dst), ttl=hop_limit, protocol=protocol)
    at += _IPV6.size
    end = at + length if length else len(frame)
    first_fragment = True
    while first_fragment and (protocol in IPV6_EXTENSIONS or protocol == IPV6_FRAGMENT):
        following, size, word = struct.unpack_from("!BBH", frame, at)
        if protocol == IPV6_FRAGMENT:
            into["fragment"], first_fragment, size = True, not word >> 3, 0
        at += (size + 2) * 4 if protocol == IPV6_AUTHENTICATION else (size + 1) * 8
        protocol = into["protocol"] = following
    _above_ip(frame, at, end, into, first_fragment=first_fragment)


def _above_ip(frame: bytes, at: int, end: int, into: Fields, *, first_fragment: bool) -> None:
    """Call the layer above IP with the frame cut where IP ends, so that padding is never read as a header."""
    if at > end:
        raise _ContradictionError
    into["payload_length"] = end - at
    into["truncated"] = end > len(frame)
    if first_fragment and (layer := BY_PROTOCOL.get(into["protocol"])):
        layer(frame[:end], at, into)


def _udp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = _PORTS.unpack_from(frame, at)
    if at + UDP_HEADER > len(frame):
        raise _ContradictionError
    into["payload_length"] -= UDP_HEADER


def _tcp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = _PORTS.unpack_from(frame, at)
    _, _, into["tcp_seq"], into["tcp_ack"], offset, into["tcp_flags"] = _TCP.unpack_from(frame, at)
    header = (offset >> 4) * 4
    if not _TCP.size <= header <= into["payload_length"]:
        raise _ContradictionError
    into["payload_length"] -= header


def _sctp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = _PORTS.unpack_from(frame, at)


def _icmp(frame: bytes, at: int, into: Fields) -> None:
    protocol = into["protocol"]
    into["icmp_type"], into["icmp_code"], identifier, sequence = _ICMP.unpack_from(frame, at)
    into["payload_length"] -= _ICMP.size
    if "quoted" in into:
        return  # no error speaks of an error: a hostile frame could nest them without end
    if into["icmp_type"] in ICMP_ECHOES[protocol]:
        into["icmp_id"], into["icmp_seq"] = identifier, sequence
    elif into["icmp_type"] in ICMP_ERRORS[protocol]:
        into["icmp_inner"] = _quoted(frame, at + _ICMP.size, _ipv4 if protocol == ICMP else _ipv6)


def _quoted(frame: bytes, at: int, layer: Layer) -> FiveTuple | None:
    """Give whom the quoted packet is from and to: an error quotes only its beginning, so what is cut off is no fault."""
    into: Fields = {"quoted": True}
    with contextlib.suppress(struct.error, _ContradictionError):
        layer(frame, at, into)
    if "protocol" not in into:
        return None
    return FiveTuple(into["src"], into["dst"], into["protocol"], into.get("sport"), into.get("dport"))


BY_ETHERTYPE: dict[int, Layer] = {
    ETHERTYPE_IPV4: _ipv4,
    ETHERTYPE_IPV6: _ipv6,
    **dict.fromkeys(MPLS_TYPES, _mpls),
    ETHERTYPE_NSH: _nsh,
}
BY_PROTOCOL: dict[int, Layer] = {ICMP: _icmp, TCP: _tcp, UDP: _udp, ICMPV6: _icmp, 132: _sctp}


@lru_cache(ADDRESSES_KEPT)
def _mac(octets: bytes) -> str:
    return octets.hex(":")


@lru_cache(ADDRESSES_KEPT)
def _ipv4_text(octets: bytes) -> str:
    return str(IPv4Address(octets))


@lru_cache(ADDRESSES_KEPT)
def _ipv6_text(octets: bytes) -> str:
    return str(IPv6Address(octets))
