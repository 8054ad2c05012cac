"""What packets are carried in: one function per header, octets in, what lies behind them out.

Each gives a `Behind`: where the next layer begins and its EtherType (that of bridged Ethernet for a whole frame), so
that `packet` walks on; none walks on itself. Sources: RFC 3032 (MPLS), 8300 (NSH), 7348 (VXLAN), 8926 (Geneve), 2784
and 2890 (GRE), 7510 (MPLS over UDP); draft-ietf-nvo3-vxlan-gpe; draft-foschiano-erspan.
"""

import struct
from typing import NamedTuple

Carried = tuple[str | int, ...]
"""("vlan", id), ("mpls", label, ttl), ("nsh", spi, si, ttl), ("vxlan", vni), ("geneve", vni), ("gre", key)."""

IPV4, IPV6, MPLS, NSH, BRIDGED, ERSPAN = 0x0800, 0x86DD, 0x8847, 0x894F, 0x6558, 0x88BE
UNKNOWN = 0
NSH_IPV4, NSH_IPV6, NSH_ETHERNET = 1, 2, 3
NEXT_PROTOCOLS = {NSH_IPV4: IPV4, NSH_IPV6: IPV6, NSH_ETHERNET: BRIDGED, 4: NSH, 5: MPLS}
"""What follows a service header (RFC 8300 section 2.2) or VXLAN-GPE, which count alike."""
VXLAN_PORT, GPE_PORT, GENEVE_PORT = 4789, 4790, 6081
MPLS_PORTS = (6635, 51234)
"""MPLS over UDP: as RFC 7510 says, and as Contrail does."""


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


class Behind(NamedTuple):
    """What lies behind a header: where, and of which EtherType; `carried` is what the header says of itself."""

    at: int
    ethertype: int
    carried: tuple[Carried, ...] = ()
    number: int = 0
    """The network's: VNI or GRE key."""
    name: str = ""


class ContradictionError(Exception):
    """Lengths in the frame contradict each other: nothing behind them can be trusted."""


_WORD, _NSH, _VXLAN = struct.Struct("!I"), struct.Struct("!HBBI"), struct.Struct("!BxxBI")
_GENEVE, _GRE = struct.Struct("!BBHI"), struct.Struct("!HH")


def mpls(frame: bytes, at: int) -> tuple[tuple[MplsLabel, ...], Behind]:
    """Give a label stack, the outermost first. A label does not name what it carries: its first octet tells.

    A stack that the frame ends in gives a `Behind` beyond the frame.
    """
    labels: list[MplsLabel] = []
    while not labels or not labels[-1].bottom:
        if at + _WORD.size > len(frame):
            return tuple(labels), Behind(at + _WORD.size, UNKNOWN)
        (word,) = _WORD.unpack_from(frame, at)
        labels.append(MplsLabel(word >> 12, word >> 9 & 7, bool(word >> 8 & 1), word & 0xFF))
        at += _WORD.size
    version = frame[at] >> 4 if at < len(frame) else 0
    carried = tuple(("mpls", one.label, one.ttl) for one in labels)
    return tuple(labels), Behind(at, {4: IPV4, 6: IPV6}.get(version, UNKNOWN), carried, 0, "MPLS")


def looks_bridged(frame: bytes, at: int) -> bool:
    """Tell whether a whole Ethernet frame seems to begin there: behind labels nothing says so."""
    kind, following = frame[at + 12 : at + 14], frame[at + 14 : at + 15]
    if kind in (b"\x08\x00", b"\x86\xdd"):
        return bool(following) and following[0] >> 4 == (4 if kind == b"\x08\x00" else 6)
    return kind in (b"\x08\x06", b"\x81\x00", b"\x88\xa8")


def nsh(frame: bytes, at: int) -> tuple[ServiceHeader, Behind]:
    """Give a service header, with metadata of type 1 or 2. Raises ContradictionError: no other version is known."""
    first, _, protocol, path = _NSH.unpack_from(frame, at)
    length = (first & 0x3F) * 4
    if first >> 14 or length < _NSH.size:
        raise ContradictionError
    header = ServiceHeader(path >> 8, path & 0xFF, first >> 6 & 0x3F)
    ethertype = NEXT_PROTOCOLS.get(protocol, UNKNOWN)
    return header, Behind(at + length, ethertype, (("nsh", *header),), 0, "NSH")


def over_udp(frame: bytes, at: int, port: int) -> Behind | None:
    """Give what a datagram to that port carries when it is a tunnel's, None when it is not. `at`: behind UDP."""
    if port in (VXLAN_PORT, GPE_PORT):
        flags, following, word = _VXLAN.unpack_from(frame, at)
        told = port == GPE_PORT and flags & 4
        ethertype = NEXT_PROTOCOLS.get(following, UNKNOWN) if told else BRIDGED
        return Behind(at + _VXLAN.size, ethertype, (("vxlan", word >> 8),), word >> 8, "VXLAN")
    if port == GENEVE_PORT:
        first, _, ethertype, word = _GENEVE.unpack_from(frame, at)
        if first >> 6:
            raise ContradictionError
        end = at + _GENEVE.size + (first & 0x3F) * 4
        return Behind(end, ethertype, (("geneve", word >> 8),), word >> 8, "Geneve")
    return Behind(at, MPLS) if port in MPLS_PORTS else None


def gre(frame: bytes, at: int) -> Behind:
    """Give what a GRE header carries; ERSPAN's own header counts to it."""
    flags, ethertype = _GRE.unpack_from(frame, at)
    if flags & 7:  # another version: PPTP's
        return Behind(at, UNKNOWN, (("gre", 0),), 0, "GRE")
    at += _GRE.size + (4 if flags & 0x8000 else 0)
    key = 0
    if flags & 0x2000:
        (key,) = _WORD.unpack_from(frame, at)
        at += 4
    if flags & 0x1000:
        at += 4
    if ethertype == ERSPAN:
        at, ethertype = at + (8 if flags & 0x1000 else 0), BRIDGED
    return Behind(at, ethertype, (("gre", key),), key, "GRE")
