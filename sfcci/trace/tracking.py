"""Tracking ids: one number for a conversation, the same wherever its packets are seen.

`l3_tracking_id` hashes addresses and ports with the smaller end first, so both directions of a conversation and every
hop of a service chain (which rewrites MAC addresses) give the same; `tracking_id` hashes the MAC addresses too.
Written in Python for want of one dependency less: a flow is hashed once.

Sources: xxHash's specification of XXH64; the order of fields is Skydive's (release 0.24 and later).
"""

import struct
from functools import lru_cache

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
STRIPE = 32

IPV4, IPV6, ETHERNET = 1, 2, 3
"""Types of layers, as they are hashed."""
PORT_TYPES = {6: 4, 17: 5, 132: 6}
"""IP protocol → type of its ports: TCP, UDP, SCTP."""
ICMP_NAMES = (
    "UNKNOWN", "DESTINATION_UNREACHABLE", "ECHO", "ADDRESS_MASK", "NEIGHBOR", "INFO", "PACKET_TOO_BIG",
    "PARAMETER_PROBLEM", "REDIRECT", "ROUTER", "SOURCE_QUENCH", "TIME_EXCEEDED", "TIMESTAMP",
)  # fmt: skip
"""Kinds of ICMP messages, a question and its answer under one name; the place is the number that is hashed."""
ICMPV4_KINDS = {
    3: 1, 0: 2, 8: 2, 17: 3, 18: 3, 15: 5, 16: 5, 12: 7, 5: 8, 9: 9, 10: 9, 4: 10, 11: 11, 13: 12, 14: 12,
}  # fmt: skip
ICMPV6_KINDS = {1: 1, 128: 2, 129: 2, 135: 4, 136: 4, 2: 6, 4: 7, 137: 8, 133: 9, 134: 9, 3: 11}
"""Type of a message → place in `ICMP_NAMES`."""


def xxh64(data: bytes) -> int:
    """Give XXH64 of some octets with seed 0, 0 <= n < 2**64."""
    size = len(data)
    at = size & ~(STRIPE - 1)
    found = _stripes(data[:at]) if at else P5
    found += size
    words = size - at >> 3
    for word in struct.unpack_from(f"<{words}Q", data, at):
        word = word * P2 & MASK  # noqa: PLW2901 - three steps of one calculation
        found ^= (word << 31 | word >> 33) * P1 & MASK
        found &= MASK
        found = (found << 27 | found >> 37) * P1 + P4 & MASK
    at += words * 8
    if size - at >= 4:  # noqa: PLR2004 - octets of half a word
        found ^= int.from_bytes(data[at : at + 4], "little") * P1 & MASK
        found = (found << 23 | found >> 41) * P2 + P3 & MASK
        at += 4
    for octet in data[at:]:
        found ^= octet * P5 & MASK
        found = (found << 11 | found >> 53) * P1 & MASK
    found = (found ^ found >> 33) * P2 & MASK
    found = (found ^ found >> 29) * P3 & MASK
    return found ^ found >> 32


def _stripes(data: bytes) -> int:
    """Take in stripes of four words. Rotations keep their high bits: what follows is taken modulo 2**64 anyway."""
    first, second, third, fourth = P1 + P2 & MASK, P2, 0, -P1 & MASK
    for a, b, c, d in struct.iter_unpack(
        "<4Q", data
    ):  # written out: a loop over four would take twice as long
        first = first + a * P2 & MASK
        first = (first << 31 | first >> 33) * P1 & MASK
        second = second + b * P2 & MASK
        second = (second << 31 | second >> 33) * P1 & MASK
        third = third + c * P2 & MASK
        third = (third << 31 | third >> 33) * P1 & MASK
        fourth = fourth + d * P2 & MASK
        fourth = (fourth << 31 | fourth >> 33) * P1 & MASK
    found = (first << 1 | first >> 63) + (second << 7 | second >> 57)
    found += (third << 12 | third >> 52) + (fourth << 18 | fourth >> 46)
    for lane in (first, second, third, fourth):
        mixed = lane * P2 & MASK
        found = ((found ^ (mixed << 31 | mixed >> 33) * P1) & MASK) * P1 + P4 & MASK
    return found


def icmp_kind(version: int, icmp_type: int) -> int:
    """Give the place in `ICMP_NAMES` of a message of ICMP (version 4) or ICMPv6 (6)."""
    return (ICMPV4_KINDS if version == 4 else ICMPV6_KINDS).get(icmp_type, 0)  # noqa: PLR2004 - IP's version


def ports_part(protocol: int, source: int, destination: int) -> tuple[bytes, bytes, bytes]:
    """Give what stands for ports: the source's octets, the destination's, and what follows both."""
    return struct.pack("!H", source), struct.pack("!H", destination), struct.pack("!Q", PORT_TYPES[protocol])


def icmp_part(kind: int, code: int, identifier: int) -> tuple[bytes, bytes, bytes]:
    """Give what stands for an ICMP message: nothing that belongs to one end only."""
    return b"", b"", struct.pack("!BBHQ", kind, code, identifier, 0)


def tunnel_part(vni: int, port: int) -> tuple[bytes, bytes, bytes]:
    """Give what stands for a tunnel over UDP: its source port spreads load and says nothing."""
    return b"", b"", struct.pack("!IHQ", vni, port, 0)


NOTHING = (b"", b"", b"")


@lru_cache(4096)
def l3_tracking_id(source: bytes, destination: bytes, above: tuple[bytes, bytes, bytes] = NOTHING) -> int:
    """Give the id of a conversation of two addresses (4 or 16 octets each; b"" without a network layer).

    `above` comes from `ports_part`, `icmp_part` or `tunnel_part`. The last ones are remembered: a packet of a chain is
    seen at many places.
    """
    swapped = (source, above[0]) > (destination, above[1])
    return xxh64(_network(source, destination, above, swapped=swapped))


def tracking_id(
    macs: tuple[bytes, bytes], source: bytes, destination: bytes, above: tuple[bytes, bytes, bytes] = NOTHING
) -> int:
    """Give the id of a conversation of two MAC addresses (source, then destination; both b"": no link layer)."""
    if not macs[0]:
        return l3_tracking_id(source, destination, above)
    swapped = macs[0] > macs[1] if macs[0] != macs[1] else (source, above[0]) > (destination, above[1])
    ordered = macs[1] + macs[0] if swapped else macs[0] + macs[1]
    return xxh64(
        _network(source, destination, above, swapped=swapped) + ordered + struct.pack("!Q", ETHERNET)
    )


def _network(source: bytes, destination: bytes, above: tuple[bytes, bytes, bytes], *, swapped: bool) -> bytes:
    """Give what is hashed of the layers above the link, the ends in the order that `swapped` asks for."""
    first, second, rest = above
    if swapped:
        source, destination, first, second = destination, source, second, first
    if not source:
        return first + second + rest
    kind = IPV4 if len(source) == 4 else IPV6  # noqa: PLR2004 - octets of an address
    return source + destination + struct.pack("!Q", kind) + first + second + rest
