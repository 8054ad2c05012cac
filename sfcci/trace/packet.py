"""Frames decoded: bytes in, one `Packet` out, whatever the bytes are.

A layer is a function `(frame, at, into)` that writes what it read and calls the layer above; tables by EtherType and
by IP protocol say which one that is. A frame that ends early, or whose lengths contradict each other, gives what was
read so far and `truncated`. What a tunnel carries is a packet of its own, `inner`. Sources: IEEE 802.1Q, RFC 791, 792,
768, 826, 4443, 8200, 9293; LINKTYPE_* of tcpdump.org.
"""

import contextlib
import struct
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any

from sfcci.trace import tunnel
from sfcci.trace.seen import Arp, FiveTuple, Packet
from sfcci.trace.tunnel import Behind, ContradictionError, MplsLabel, ServiceHeader

__all__ = ["FiveTuple", "MplsLabel", "Packet", "ServiceHeader", "decode"]

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPE_NSH = 0x894F
ETHERTYPE_ARP = 0x0806
ETHERTYPE_LLDP = 0x88CC
IPV4, IPV6 = 4, 6
ICMP, TCP, UDP, GRE, ICMPV6, SCTP = 1, 6, 17, 47, 58, 132
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
"""Bits of `Packet.tcp_flags`."""

VLAN_TYPES = (0x8100, 0x88A8, 0x9100)
MPLS_TYPES = (0x8847, 0x8848)
ICMP_ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMPV6: (1, 2, 3, 4)}
ICMP_ECHOES = {ICMP: (0, 8), ICMPV6: (128, 129)}
IPV6_EXTENSIONS = {
    0: "IPv6HopByHop",
    43: "IPv6Routing",
    51: "IPSecAH",
    60: "IPv6Destination",
    135: "IPv6Mobility",
}
IPV6_FRAGMENT, IPV6_AUTHENTICATION = 44, 51
UDP_HEADER = 8
LEAST_ETHERTYPE = 0x600
"""Below it is a length (IEEE 802.3)."""
UDP_NAMES = {53: ("DNS", 12), 67: ("DHCPv4", 240), 68: ("DHCPv4", 240), 123: ("NTP", 48)}
"""What a datagram to or from a port is, and its shortest header (RFC 1035, 2131, 5905): less than that is none."""
MAX_DEPTH = 8
"""Packets in packets: a hostile frame could nest them by the hundred."""
ADDRESSES_KEPT = 4096
"""Texts of addresses that are remembered: a lab has few, and making a text costs more than the rest."""


Fields = dict[str, Any]
Layer = Callable[[bytes, int, Fields], None]
FLAT = (
    "ip_version", "src", "dst", "ttl", "protocol", "ip_id", "fragment", "sport", "dport", "tcp_seq", "tcp_ack",
    "tcp_flags", "icmp_type", "icmp_code", "icmp_id", "icmp_seq", "icmp_inner", "payload_length", "truncated",
)  # fmt: skip
"""What a packet without an IP header of its own tells of the one that it carries."""


def decode(frame: bytes, link_type: int = 1) -> Packet:
    """Give what a frame says; `link_type` as in captures (1: Ethernet). Raises nothing: see `Packet.truncated`."""
    return _packet(frame, 0, BY_LINK_TYPE.get(link_type, _nothing), {"layers": [], "encap": [], "depth": 0})


def _packet(frame: bytes, at: int, layer: Layer, into: Fields) -> Packet:
    into["at"] = at
    try:
        layer(frame, at, into)
    except (struct.error, ContradictionError):
        into["truncated"] = True
        into["payload_length"] = 0
    for stack in ("layers", "encap", "vlans"):
        into[stack] = tuple(into.get(stack, ()))
    del into["depth"]
    packet = object.__new__(Packet)
    packet.__dict__.update(into)  # a frozen dataclass would set all its fields one by one
    return packet


_ETHERNET = struct.Struct("!6s6sH")
_TAG = struct.Struct("!HH")
_IPV4 = struct.Struct("!BxHHHBBxx4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_PORTS = struct.Struct("!HH")
_TCP = struct.Struct("!HHIIBBxxxxxx")
_ICMP = struct.Struct("!BBxxHH")
_ARP = struct.Struct("!HHBBH6x4s6x4s")
_SLL, _SLL2 = struct.Struct("!HHH8sH"), struct.Struct("!HxxIHBB8s")


def _nothing(frame: bytes, at: int, into: Fields) -> None:  # noqa: ARG001 - a layer
    """A link type that is not known: nothing can be said."""
    raise ContradictionError


def _ethernet(frame: bytes, at: int, into: Fields) -> None:
    dst, src, ethertype = _ETHERNET.unpack_from(frame, at)
    into["eth_src"], into["eth_dst"], into["macs"] = mac_text(src), mac_text(dst), dst + src
    into["layers"].append("Ethernet")
    _behind_link(frame, at + _ETHERNET.size, ethertype, into)


def _behind_link(frame: bytes, at: int, ethertype: int, into: Fields) -> None:
    """Read VLAN tags, then what the EtherType behind them says."""
    while ethertype in VLAN_TYPES:
        into["ethertype"] = ethertype
        tag, ethertype = _TAG.unpack_from(frame, at)
        into.setdefault("vlans", []).append(tag & 0xFFF)
        into["encap"].append(("vlan", tag & 0xFFF))
        into["layers"].append("Dot1Q")
        at += _TAG.size
    into["ethertype"] = ethertype
    into["payload_length"] = len(frame) - at
    if layer := BY_ETHERTYPE.get(ethertype):
        layer(frame, at, into)
    elif ethertype < LEAST_ETHERTYPE:
        into["layers"].append("LLC")


def _cooked(frame: bytes, at: int, into: Fields) -> None:
    """Linux's cooked captures, of all interfaces at once (LINKTYPE_LINUX_SLL)."""
    _, _, size, address, ethertype = _SLL.unpack_from(frame, at)
    into["eth_src"] = mac_text(address[:6]) if size == len(address[:6]) else ""
    into["layers"].append("LinuxSLL")
    _behind_link(frame, at + _SLL.size, ethertype, into)


def _cooked_again(frame: bytes, at: int, into: Fields) -> None:
    """The same, second version (LINKTYPE_LINUX_SLL2)."""
    ethertype, _, _, _, size, address = _SLL2.unpack_from(frame, at)
    into["eth_src"] = mac_text(address[:6]) if size == len(address[:6]) else ""
    into["layers"].append("LinuxSLL2")
    _behind_link(frame, at + _SLL2.size, ethertype, into)


def _loopback(frame: bytes, at: int, into: Fields) -> None:
    """BSD's loopback: a family in the byte order of whoever captured, then IP (LINKTYPE_NULL, LINKTYPE_LOOP)."""
    struct.unpack_from("!I", frame, at)
    into["layers"].append("Loopback")
    _ip(frame, at + 4, into)


def _ip(frame: bytes, at: int, into: Fields) -> None:
    """IP of either version, with nothing around it."""
    (first,) = struct.unpack_from("!B", frame, at)
    if layer := {IPV4: _ipv4, IPV6: _ipv6}.get(first >> 4):
        layer(frame, at, into)
    else:
        raise ContradictionError


def _arp(frame: bytes, at: int, into: Fields) -> None:
    into["layers"].append("ARP")
    _, protocol, _, size, operation, sender, target = _ARP.unpack_from(frame, at)
    if protocol == ETHERTYPE_IPV4 and size == IPV4:
        into["arp"] = Arp(operation, ipv4_text(sender), ipv4_text(target))


def _lldp(frame: bytes, at: int, into: Fields) -> None:  # noqa: ARG001 - a layer
    into["layers"].append("LinkLayerDiscovery")


def _mpls(frame: bytes, at: int, into: Fields) -> None:
    into["mpls"], behind = tunnel.mpls(frame, at)
    if (behind.ethertype == tunnel.UNKNOWN or "src" in into) and tunnel.looks_bridged(frame, behind.at):
        behind = behind._replace(ethertype=tunnel.BRIDGED)
    _inside(frame, behind, into)


def _nsh(frame: bytes, at: int, into: Fields) -> None:
    into["nsh"], behind = tunnel.nsh(frame, at)
    _inside(frame, behind, into)


def _gre(frame: bytes, at: int, into: Fields) -> None:
    behind = tunnel.gre(frame, at)
    if behind.ethertype not in MPLS_TYPES:
        _inside(frame, behind, into)
        return
    into["layers"].append(behind.name)
    into["encap"] += behind.carried
    into["number"] = behind.number
    _mpls(frame, behind.at, into)


def _inside(frame: bytes, behind: Behind, into: Fields) -> None:
    """Read what is carried, as a packet of its own; whoever has no IP header takes over what that one tells."""
    into["layers"].append(behind.name)
    into["encap"] += behind.carried
    into["number"] = into.get("number", 0) or behind.number
    into["payload_length"] = len(frame) - behind.at
    if behind.at > len(frame) or into["depth"] == MAX_DEPTH:
        raise ContradictionError
    layer = _ethernet if behind.ethertype == tunnel.BRIDGED else BY_ETHERTYPE.get(behind.ethertype)
    if layer is None:
        return
    inner = _packet(
        frame, behind.at, layer, {"layers": [], "encap": list(into["encap"]), "depth": into["depth"] + 1}
    )
    if not inner.layers:  # the frame ends before it begins
        raise ContradictionError
    into["inner"] = inner
    if "src" not in into:
        into.update((name, getattr(inner, name)) for name in FLAT)


def _ipv4(frame: bytes, at: int, into: Fields) -> None:
    first, length, ip_id, fragment, ttl, protocol, src, dst = _IPV4.unpack_from(frame, at)
    header = (first & 0xF) * 4
    if first >> 4 != IPV4 or header < _IPV4.size:
        raise ContradictionError
    into.update(
        ip_version=IPV4, src=ipv4_text(src), dst=ipv4_text(dst), ttl=ttl, protocol=protocol, ip_id=ip_id
    )
    into["addresses"] = src + dst
    into["layers"].append("IPv4")
    into["fragment"] = bool(fragment & 0x3FFF)
    end = at + length if length else len(frame)  # 0: the network card was to cut it up (TSO)
    _above_ip(frame, at + header, end, into, first_fragment=not fragment & 0x1FFF)


def _ipv6(frame: bytes, at: int, into: Fields) -> None:
    first, length, protocol, hop_limit, src, dst = _IPV6.unpack_from(frame, at)
    if first >> 28 != IPV6:
        raise ContradictionError
    into.update(ip_version=IPV6, src=ipv6_text(src), dst=ipv6_text(dst), ttl=hop_limit, protocol=protocol)
    into["addresses"] = src + dst
    into["layers"].append("IPv6")
    at += _IPV6.size
    end = at + length if length else len(frame)
    first_fragment = True
    while first_fragment and (protocol in IPV6_EXTENSIONS or protocol == IPV6_FRAGMENT):
        following, size, word = struct.unpack_from("!BBH", frame, at)
        into["layers"].append(IPV6_EXTENSIONS.get(protocol, "IPv6Fragment"))
        if protocol == IPV6_FRAGMENT:
            into["fragment"], first_fragment, size = True, not word >> 3, 0
            into["ip_id"] = struct.unpack_from("!I", frame, at + 4)[0]
        at += (size + 2) * 4 if protocol == IPV6_AUTHENTICATION else (size + 1) * 8
        protocol = into["protocol"] = following
    _above_ip(frame, at, end, into, first_fragment=first_fragment)


def _above_ip(frame: bytes, at: int, end: int, into: Fields, *, first_fragment: bool) -> None:
    """Call the layer above IP with the frame cut where IP ends, so that padding is never read as a header."""
    if at > end:
        raise ContradictionError
    into["payload_length"] = end - at
    into["truncated"] = end > len(frame)
    if not first_fragment:
        into["layers"].append("Fragment")
    elif layer := BY_PROTOCOL.get(into["protocol"]):
        layer(frame[:end], at, into)


def _udp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = sport, dport = _PORTS.unpack_from(frame, at)
    into["layers"].append("UDP")
    at += UDP_HEADER
    if at > len(frame):
        raise ContradictionError
    into["payload_at"] = at
    into["payload_length"] -= UDP_HEADER
    if "quoted" in into:
        return
    if behind := tunnel.over_udp(frame, at, dport):
        if behind.name:
            _inside(frame, behind, into)
        else:
            _mpls(frame, at, into)
    elif told := UDP_NAMES.get(dport) or UDP_NAMES.get(sport):
        into["layers"] += [told[0]] if len(frame) - at >= told[1] else []


def _tcp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = _PORTS.unpack_from(frame, at)
    into["layers"].append("TCP")
    _, _, into["tcp_seq"], into["tcp_ack"], offset, into["tcp_flags"] = _TCP.unpack_from(frame, at)
    header = (offset >> 4) * 4
    if not _TCP.size <= header <= into["payload_length"]:
        raise ContradictionError
    into["payload_at"] = at + header
    into["payload_length"] -= header


def _sctp(frame: bytes, at: int, into: Fields) -> None:
    into["sport"], into["dport"] = _PORTS.unpack_from(frame, at)
    into["layers"].append("SCTP")


def _icmp(frame: bytes, at: int, into: Fields) -> None:
    protocol = into["protocol"]
    into["icmp_type"], into["icmp_code"], identifier, sequence = _ICMP.unpack_from(frame, at)
    into["layers"].append("ICMPv4" if protocol == ICMP else "ICMPv6")
    into["payload_length"] -= _ICMP.size
    if "quoted" in into:
        return  # no error speaks of an error: a hostile frame could nest them without end
    if into["icmp_type"] in ICMP_ECHOES[protocol]:
        into["icmp_id"], into["icmp_seq"] = identifier, sequence
        into["layers"] += ["ICMPv6Echo"] if protocol == ICMPV6 else []
    elif into["icmp_type"] in ICMP_ERRORS[protocol]:
        into["icmp_inner"] = _quoted(frame, at + _ICMP.size, _ipv4 if protocol == ICMP else _ipv6)


def _quoted(frame: bytes, at: int, layer: Layer) -> FiveTuple | None:
    """Give whom the quoted packet is from and to: an error quotes only its beginning, so what is cut off is no fault."""
    into: Fields = {"quoted": True, "layers": [], "encap": [], "depth": MAX_DEPTH}
    with contextlib.suppress(struct.error, ContradictionError):
        layer(frame, at, into)
    if "protocol" not in into:
        return None
    return FiveTuple(into["src"], into["dst"], into["protocol"], into.get("sport"), into.get("dport"))


BY_ETHERTYPE: dict[int, Layer] = {
    ETHERTYPE_IPV4: _ipv4,
    ETHERTYPE_IPV6: _ipv6,
    **dict.fromkeys(MPLS_TYPES, _mpls),
    ETHERTYPE_NSH: _nsh,
    ETHERTYPE_ARP: _arp,
    ETHERTYPE_LLDP: _lldp,
}
BY_PROTOCOL: dict[int, Layer] = {
    ICMP: _icmp,
    TCP: _tcp,
    UDP: _udp,
    ICMPV6: _icmp,
    SCTP: _sctp,
    GRE: _gre,
}
BY_LINK_TYPE: dict[int, Layer] = {
    0: _loopback,
    108: _loopback,
    1: _ethernet,
    **dict.fromkeys((12, 14, 101, 228, 229), _ip),
    113: _cooked,
    276: _cooked_again,
}
"""LINKTYPE_* → the layer that a frame begins with; 12 and 14 are raw IP of some systems' own numbers."""


@lru_cache(ADDRESSES_KEPT)
def mac_text(octets: bytes) -> str:
    """Give a MAC address as it is written."""
    return octets.hex(":")


@lru_cache(ADDRESSES_KEPT)
def ipv4_text(octets: bytes) -> str:
    """Give an IPv4 address as it is written."""
    a, b, c, d = octets
    return f"{a}.{b}.{c}.{d}"


@lru_cache(ADDRESSES_KEPT)
def ipv6_text(octets: bytes) -> str:
    """Give an IPv6 address as it is written (RFC 5952)."""
    return str(IPv6Address(octets))
