"""Route netlink (rtnetlink(7)) in octets: requests that ask what a namespace holds, and what it answers and tells.

What is read was written by a kernel, maybe a newer one: what is not known, or is shorter than it says, is left out.
"""

import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv6Address
from typing import Final, NamedTuple

NOTHING, REFUSED, DONE = 1, 2, 3
NEW_LINK, NEW_ADDRESS, NEW_ROUTE, NEW_NEIGHBOUR, NEW_NAMESPACE = 16, 20, 24, 28, 88
"""A removal's number is the next one, a question's the one after that."""
QUESTION: Final = 2
REQUEST, PARTS, TORN, REPLACE, DUMP = 0x1, 0x2, 0x10, 0x100, 0x300
GROUPS: Final = sum(1 << group - 1 for group in (1, 3, 5, 7, 9, 11, 28))
"""Links, neighbours, IPv4's and IPv6's addresses and routes, ids of namespaces (linux/rtnetlink.h)."""
ANY, IPV4, IPV6, BRIDGE = 0, 2, 10, 7
UP, CLONED = 0x1, 0x200
NO_STATISTICS = struct.pack("=HHI", 8, 29, 1 << 3)
"""IFLA_EXT_MASK: counters are long and asked for apart."""

_HEAD, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
_LINK, _ADDRESS = struct.Struct("=BxHiII"), struct.Struct("=BBBBI")
_ROUTE, _NEIGHBOUR, _HOP = struct.Struct("=BBBBBBBBI"), struct.Struct("=BxxxiHBB"), struct.Struct("=HBBi")

FLAGS: Final = (
    "UP", "BROADCAST", "DEBUG", "LOOPBACK", "POINTOPOINT", "NOTRAILERS", "RUNNING", "NOARP", "PROMISC", "ALLMULTI",
    "MASTER", "SLAVE", "MULTICAST", "PORTSEL", "AUTOMEDIA", "DYNAMIC", "LOWER_UP", "DORMANT", "ECHO",
)  # fmt: skip
"""Of a link, from bit 0 (linux/if.h)."""
STATES: Final = (
    "NUD_INCOMPLETE", "NUD_REACHABLE", "NUD_STALE", "NUD_DELAY", "NUD_PROBE", "NUD_FAILED", "NUD_NOARP", "NUD_PERMANENT",
)  # fmt: skip
"""Of a neighbour, from bit 0 (linux/neighbour.h)."""
NEIGHBOUR_FLAGS: Final = (
    "NTF_USE", "NTF_SELF", "NTF_MASTER", "NTF_PROXY", "NTF_EXT_LEARNED", "NTF_OFFLOADED", "NTF_STICKY", "NTF_ROUTER",
)  # fmt: skip
KINDS: Final = {
    1: "ether", 512: "ppp", 768: "ipip", 769: "tunnel6", 772: "loopback", 776: "sit", 778: "ipgre", 823: "gre6",
    65534: "none",
}  # fmt: skip
"""What a link's frames begin with (linux/if_arp.h)."""
COUNTERS: Final = (
    "RxPackets", "TxPackets", "RxBytes", "TxBytes", "RxErrors", "TxErrors", "RxDropped", "TxDropped", "Multicast",
    "Collisions", "RxLengthErrors", "RxOverErrors", "RxCrcErrors", "RxFrameErrors", "RxFifoErrors", "RxMissedErrors",
    "TxAbortedErrors", "TxCarrierErrors", "TxFifoErrors", "TxHeartbeatErrors", "TxWindowErrors", "RxCompressed",
    "TxCompressed",
)  # fmt: skip
"""A link's, in the order of struct rtnl_link_stats64 (linux/if_link.h)."""
_COUNTERS = struct.Struct(f"={len(COUNTERS)}Q")
BOND_MODES: Final = (
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
)  # fmt: skip


class Link(NamedTuple):
    """An interface. `nsid` is the namespace of `other` (the link beneath, or a veth's peer), -1 its own."""

    ifindex: int
    name: str
    kind: str
    encapsulation: str
    flags: int
    mac: str
    mtu: int
    master: int
    other: int
    nsid: int
    vlan: int = -1
    vni: int = -1
    bond_mode: str = ""
    counters: tuple[int, ...] = ()


class Address(NamedTuple):
    """An interface's address, written as `10.0.0.3/24`."""

    ifindex: int
    family: int
    text: str


class Hop(NamedTuple):
    """Where a route leads: gateway ("" on the link itself) and interface."""

    ifindex: int
    gateway: str


class Route(NamedTuple):
    """A way, `prefix` written as `10.0.0.0/24`. Two of one `place` are two ways to the same."""

    family: int
    table: int
    prefix: str
    tos: int
    priority: int
    protocol: int
    kind: int
    hops: tuple[Hop, ...]

    @property
    def place(self) -> tuple[int, int, str, int, int]:
        """What a route that replaces another has in common with it."""
        return self[:5]


class Neighbour(NamedTuple):
    """Who is known on a link: of IPv4, of IPv6, or (BRIDGE) behind a bridge's port."""

    ifindex: int
    family: int
    ip: str
    mac: str
    state: int
    flags: int
    vlan: int
    vni: int


class NamespaceId(NamedTuple):
    """The number by which a namespace knows another one; -1 for none."""

    nsid: int


class Refused(NamedTuple):
    """A request failed with this errno."""

    errno: int


class Done(NamedTuple):
    """The last of an answer in parts."""


Fact = Link | Address | Route | Neighbour | NamespaceId


class Heard(NamedTuple):
    """A message: `removed` tells that the fact is none any more, `torn` that what is asked for changed meanwhile."""

    fact: Fact | Refused | Done
    seq: int = 0
    removed: bool = False
    torn: bool = False
    replaces: bool = False
    part: bool = False
    """Whether more of the same answer comes."""


def ask_links(seq: int, *, counters: bool = False) -> bytes:
    """Ask for all links."""
    return _request(NEW_LINK, seq, DUMP, _LINK.pack(ANY, 0, 0, 0, 0) + (b"" if counters else NO_STATISTICS))


def ask_link(seq: int, ifindex: int) -> bytes:
    """Ask for one link."""
    return _request(NEW_LINK, seq, 0, _LINK.pack(ANY, 0, ifindex, 0, 0) + NO_STATISTICS)


def ask_addresses(seq: int) -> bytes:
    """Ask for all addresses of IPv4 and IPv6."""
    return _request(NEW_ADDRESS, seq, DUMP, _ADDRESS.pack(ANY, 0, 0, 0, 0))


def ask_routes(seq: int) -> bytes:
    """Ask for the routes of all tables."""
    return _request(NEW_ROUTE, seq, DUMP, _ROUTE.pack(ANY, 0, 0, 0, 0, 0, 0, 0, 0))


def ask_neighbours(seq: int, family: int = ANY) -> bytes:
    """Ask for all neighbours; a bridge's are asked for apart."""
    return _request(NEW_NEIGHBOUR, seq, DUMP, _NEIGHBOUR.pack(family, 0, 0, 0, 0))


def ask_namespace_id(seq: int, handle: int) -> bytes:
    """Ask by which number a namespace is known, given its file opened by who sends this."""
    return _request(NEW_NAMESPACE, seq, 0, struct.pack("=BxxxHHI", ANY, 8, 3, handle))


def _request(about: int, seq: int, flags: int, body: bytes) -> bytes:
    return _HEAD.pack(_HEAD.size + len(body), about + QUESTION, REQUEST | flags, seq, 0) + body


def read(data: memoryview) -> Iterator[Heard]:
    """Give what is told, in order."""
    at, end = 0, len(data)
    while at + _HEAD.size <= end:
        length, about, flags, seq, _ = _HEAD.unpack_from(data, at)
        if not _HEAD.size <= length <= end - at:
            return
        if (heard := _heard(about, flags, seq, data[at + _HEAD.size : at + length])) is not None:
            yield heard
        at += length + 3 & ~3


def _heard(about: int, flags: int, seq: int, body: memoryview) -> Heard | None:
    torn = bool(flags & TORN)
    if about == DONE:
        return Heard(Done(), seq, torn=torn)
    if about == REFUSED:
        return Heard(Refused(-struct.unpack_from("=i", body)[0]), seq) if len(body) >= 4 else None  # noqa: PLR2004 - an int
    kind = READERS.get(about & ~1)  # a removal is the odd one
    if kind is None or len(body) < kind[0]:
        return None
    fact = kind[1](body)
    return fact and Heard(fact, seq, bool(about & 1), torn, bool(flags & REPLACE), bool(flags & PARTS))


def attributes(data: memoryview) -> dict[int, memoryview]:
    """Give attributes by number; of two of one number the last counts, what is cut off ends them."""
    found: dict[int, memoryview] = {}
    at, end = 0, len(data)
    while at + 4 <= end:
        length, number = _ATTRIBUTE.unpack_from(data, at)
        if not 4 <= length <= end - at:  # noqa: PLR2004 - an attribute's head
            break
        found[number & 0x3FFF] = data[at + 4 : at + length]
        at += length + 3 & ~3
    return found


_NOTHING = memoryview(b"")


def _number(data: memoryview | None, default: int = 0) -> int:
    """Give an attribute that is a number in the machine's own order, whatever its width."""
    return int.from_bytes(data, sys.byteorder) if data is not None and len(data) <= 8 else default  # noqa: PLR2004 - u64


def _signed(data: memoryview | None) -> int:
    return struct.unpack_from("=i", data)[0] if data is not None and len(data) >= 4 else -1  # noqa: PLR2004 - an int


def _text(data: memoryview | None) -> str:
    return "" if data is None else bytes(data).partition(b"\0")[0].decode(errors="replace")


def _link(body: memoryview) -> Link | None:
    family, arp, index, flags, _ = _LINK.unpack_from(body)
    own = attributes(body[_LINK.size :])
    name = _text(own.get(3))
    if (
        family != ANY or not name
    ):  # told of a bridge's port (which leaves the bridge, not the machine), of wireless
        return None
    about = attributes(own.get(18, _NOTHING))
    kind = _text(about.get(1))
    more = attributes(about.get(2, _NOTHING)) if kind in ("vlan", "vxlan", "geneve", "bond") else {}
    number = _number(more.get(1), -1)
    counters = own.get(23, _NOTHING)
    return Link(
        index,
        name,
        kind,
        KINDS.get(arp) or f"unknown{arp}",
        flags,
        own.get(1, _NOTHING).hex(":") if own.get(1) else "",
        _number(own.get(4)),
        _number(own.get(10)),
        _number(own.get(5)),
        _signed(own.get(37)),
        number if kind == "vlan" else -1,
        number if kind in ("vxlan", "geneve") else -1,
        BOND_MODES[number] if kind == "bond" and 0 <= number < len(BOND_MODES) else "",
        _COUNTERS.unpack_from(counters) if len(counters) >= _COUNTERS.size else (),
    )


def ip(data: memoryview | None) -> str:
    """Give an address of 4 or 16 octets as text (RFC 5952), "" for none."""
    if data is None:
        return ""
    if len(data) == 4:  # noqa: PLR2004 - IPv4
        return f"{data[0]}.{data[1]}.{data[2]}.{data[3]}"
    if len(data) != 16:  # noqa: PLR2004 - IPv6
        return ""
    return str(IPv6Address(bytes(data)))


def _address(body: memoryview) -> Address | None:
    family, length, _, _, index = _ADDRESS.unpack_from(body)
    own = attributes(body[_ADDRESS.size :])
    text = ip(own.get(2) or own.get(1))  # the local one; the other is a point-to-point link's far end
    return Address(index, family, f"{text}/{length}") if text and family in (IPV4, IPV6) else None


def _route(body: memoryview) -> Route | None:
    family, length, _, tos, table, protocol, _, kind, flags = _ROUTE.unpack_from(body)
    if family not in (IPV4, IPV6) or flags & CLONED:
        return None
    own = attributes(body[_ROUTE.size :])
    to = ip(own.get(1)) or ("0.0.0.0" if family == IPV4 else "::")  # noqa: S104 - everywhere, not a place to listen at
    hops = tuple(_hops(own.get(9, _NOTHING))) or (Hop(_number(own.get(4)), _gateway(own)),)
    return Route(
        family, _number(own.get(15), table), f"{to}/{length}", tos, _number(own.get(6)), protocol, kind, hops
    )


def _hops(data: memoryview) -> Iterator[Hop]:
    at = 0
    while at + _HOP.size <= len(data):
        length, _, _, index = _HOP.unpack_from(data, at)
        if not _HOP.size <= length <= len(data) - at:
            return
        yield Hop(index, _gateway(attributes(data[at + _HOP.size : at + length])))
        at += length + 3 & ~3


def _gateway(own: dict[int, memoryview]) -> str:
    """Give the gateway, which may be of the other IP version (RTA_VIA)."""
    via = own.get(18)
    return ip(own.get(5)) or (ip(via[2:]) if via else "")


def _neighbour(body: memoryview) -> Neighbour | None:
    family, index, state, flags, _ = _NEIGHBOUR.unpack_from(body)
    if family not in (IPV4, IPV6, BRIDGE):
        return None
    own = attributes(body[_NEIGHBOUR.size :])
    mac = own[2].hex(":") if own.get(2) else ""
    return Neighbour(
        index, family, ip(own.get(1)), mac, state, flags, _number(own.get(5)), _number(own.get(7))
    )


def _namespace_id(body: memoryview) -> NamespaceId | None:
    return NamespaceId(_signed(attributes(body[4:]).get(1)))


READERS: Final[Mapping[int, tuple[int, Callable[[memoryview], Fact | None]]]] = {
    NEW_LINK: (_LINK.size, _link),
    NEW_ADDRESS: (_ADDRESS.size, _address),
    NEW_ROUTE: (_ROUTE.size, _route),
    NEW_NEIGHBOUR: (_NEIGHBOUR.size, _neighbour),
    NEW_NAMESPACE: (4, _namespace_id),
}
"""What a message is about -> how long its own head is, and who reads it."""
