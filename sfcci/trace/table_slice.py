"""Slices of headers of any form: what of a frame tells its flows, without what differs from packet to packet.

`FlowTable` knows the most frequent forms by heart; these are all others: stacks of tags and labels, service headers
with any metadata, tunnels. Two frames with one slice have the same layers with the same addresses, ports and numbers.
"""

import struct

from sfcci.trace import tunnel
from sfcci.trace.packet import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, VLAN_TYPES

RAW_IP = (12, 14, 101, 228, 229)
MAX_DEPTH = 4
_WORD, _BEHIND_NSH = struct.Struct("!H"), tunnel.NEXT_PROTOCOLS
_MPLS_TYPES = (0x8847, 0x8848)
_FRAGMENT = 0x3FFF
_IPV4_HEADER, _IPV6_HEADER = 20, 40
_TCP_FLAGS = 13


class _Walk:
    """A walk over a frame: what was taken of it, and where it is."""

    __slots__ = ("at", "depth", "flags", "frame", "taken")

    def __init__(self, frame: bytes) -> None:
        self.frame, self.at, self.taken, self.flags, self.depth = frame, 0, bytearray(), 0, 0

    def take(self, count: int, skip: int = 0) -> None:
        """Take so many octets into the slice, then leave out some."""
        self.taken += self.frame[self.at : self.at + count]
        self.at += count + skip


def slice_of(frame: bytes, link_type: int = 1) -> tuple[bytes, int] | None:
    """Give a frame's slice and, of TCP, its flags; None where a frame has to be decoded (fragments, options)."""
    walk = _Walk(frame)
    try:
        complete = _ethernet(walk) if link_type == 1 else link_type in RAW_IP and _ip(walk)
    except (IndexError, struct.error, tunnel.ContradictionError):
        return None
    return (bytes(walk.taken), walk.flags) if complete else None


def _ethernet(walk: _Walk) -> bool:
    walk.take(12)
    return _typed(walk)


def _typed(walk: _Walk) -> bool:
    """Walk on behind an EtherType, which is taken too."""
    (ethertype,) = _WORD.unpack_from(walk.frame, walk.at)
    walk.take(2)
    while ethertype in VLAN_TYPES:
        (ethertype,) = _WORD.unpack_from(walk.frame, walk.at + 2)
        walk.take(4)
    return _behind(walk, ethertype)


def _behind(walk: _Walk, ethertype: int) -> bool:
    if ethertype in (tunnel.IPV4, tunnel.IPV6):
        return _ip(walk)
    if ethertype in _MPLS_TYPES:
        while True:
            bottom = walk.frame[walk.at + 2] & 1
            walk.take(3, 1)
            if bottom:
                return walk.frame[walk.at] >> 4 in (4, 6) and _ip(walk)
    if ethertype == tunnel.NSH:
        size = (walk.frame[walk.at + 1] & 0x3F) * 4
        following = _BEHIND_NSH.get(walk.frame[walk.at + 3], 0)
        walk.take(8, max(0, size - 8))
        return _carried(walk, following)
    return ethertype != tunnel.BRIDGED


def _carried(walk: _Walk, ethertype: int) -> bool:
    walk.depth += 1
    if walk.depth > MAX_DEPTH:
        return False
    return _ethernet(walk) if ethertype == tunnel.BRIDGED else _behind(walk, ethertype)


def _ip(walk: _Walk) -> bool:
    frame, at = walk.frame, walk.at
    version = frame[at] >> 4
    if version == 4:  # noqa: PLR2004 - IP's version
        if frame[at] != 0x45 or _WORD.unpack_from(frame, at + 6)[0] & _FRAGMENT:  # noqa: PLR2004 - no options
            return False
        protocol, addresses = frame[at + 9], frame[at + 12 : at + _IPV4_HEADER]
        walk.at += _IPV4_HEADER
    else:
        protocol, addresses = frame[at + 6], frame[at + 8 : at + _IPV6_HEADER]
        walk.at += _IPV6_HEADER
    walk.taken += bytes((version, protocol))
    walk.taken += addresses
    return _above(walk, protocol)


def _above(walk: _Walk, protocol: int) -> bool:
    frame, at = walk.frame, walk.at
    if protocol == TCP:
        walk.flags = frame[at + _TCP_FLAGS]
    if protocol in (TCP, UDP, SCTP):
        walk.take(4, 4)
        return protocol != UDP or _datagram(walk, _WORD.unpack_from(frame, at + 2)[0])
    if protocol in (ICMP, ICMPV6):
        walk.take(2, 2)
        walk.take(2)
        return True
    return _gre(walk) if protocol == GRE else False


def _datagram(walk: _Walk, port: int) -> bool:
    """Walk on in what a tunnel over UDP carries."""
    if port in tunnel.MPLS_PORTS:
        return _behind(walk, tunnel.MPLS)
    if port in (tunnel.VXLAN_PORT, tunnel.GPE_PORT, tunnel.GENEVE_PORT):
        behind = tunnel.over_udp(walk.frame, walk.at, port)
        if behind is None or not behind.name or behind.at - walk.at < 8:  # noqa: PLR2004 - either header
            return False
        walk.take(8, behind.at - walk.at - 8)
        return _carried(walk, behind.ethertype)
    return True


def _gre(walk: _Walk) -> bool:
    behind = tunnel.gre(walk.frame, walk.at)
    walk.taken += walk.frame[walk.at : walk.at + 4] + struct.pack("!I", behind.number)
    walk.at = behind.at
    return _carried(walk, behind.ethertype)
