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


def xxh64(data: bytes, seed: int = 0) -> int:
    """Give XXH64 of some octets, 0 <= n < 2**64."""
    size, at = len(data), 0
    if size >= STRIPE:
        lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at <= size - STRIPE:
            words = struct.unpack_from("<4Q", data, at)
            lanes = [_round(lane, word) for lane, word in zip(lanes, words, strict=True)]
            at += STRIPE
        found = sum(_turned(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
        for lane in lanes:
            found = ((found ^ _round(0, lane)) * P1 + P4) & MASK
    else:
        found = (seed + P5) & MASK
    return _avalanche(_rest(data, at, (found + size) & MASK))


def _rest(data: bytes, at: int, found: int) -> int:
    """Take in what is left behind the stripes: words of 8, one of 4, single octets."""
    size = len(data)
    while at <= size - 8:
        found ^= _round(0, int.from_bytes(data[at : at + 8], "little"))
        found = (_turned(found, 27) * P1 + P4) & MASK
        at += 8
    if at <= size - 4:
        found ^= int.from_bytes(data[at : at + 4], "little") * P1 & MASK
        found = (_turned(found, 23) * P2 + P3) & MASK
        at += 4
    for octet in data[at:]:
        found = _turned(found ^ octet * P5 & MASK, 11) * P1 & MASK
    return found


def _avalanche(found: int) -> int:
    found = (found ^ found >> 33) * P2 & MASK
    found = (found ^ found >> 29) * P3 & MASK
    return found ^ found >> 32


def _round(lane: int, word: int) -> int:
    lane = (lane + word * P2) & MASK
    return ((lane << 31 | lane >> 33) & MASK) * P1 & MASK


def _turned(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & MASK


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


@lru_cache(65536)
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
