"""A flow: what was seen of one conversation at one place, in Skydive's schema and with a few fields of our own.

A table may hold half a million of them, so a `FlowRecord` keeps what differs from flow to flow in slots, what many
share in one `Shape`, and what few have in one `More`; texts are made when they are asked for. Bytes and packets of a
direction are one number (`ab`, `ba`): a packet of n bytes adds `ONE + n`.

Source: Skydive's flow schema (JSON names, and which fields it leaves out).
"""

import struct
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from sfcci.trace.flow_id import LINK, conversation_of

ONE: Final = 1 << 48
"""One packet, in a number that holds packets above and bytes below; 2**48 bytes are 256 TiB."""
BYTES: Final = ONE - 1
TOTAL: Final = 11
"""Octets of such a number, where it is kept as octets: 2**40 packets."""
TOLD: Final = struct.Struct(f"!{TOTAL}s{TOTAL}sQ")
"""`ab`, `ba` and a time (ns) of a flow: octets, for objects would be twice as much."""
MS: Final = 1_000_000
"""Nanoseconds of a millisecond."""

NOT_FINISHED, TIMEOUT, TCP_FIN, TCP_RST = "NOT_FINISHED", "TIMEOUT", "TCP_FIN", "TCP_RST"
UNKNOWN: Final = -1
"""`rtt` of a flow that began with a question (SYN, echo request) that has no answer yet."""


Carried = tuple[str | int, ...]
"""What a packet is carried in: ("vlan", id), ("mpls", label, ttl), ("nsh", spi, si, ttl), ("vxlan", vni),
("geneve", vni), ("gre", key)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What flows of one kind share. "" and None: the flow has no such layer."""

    layers_path: str = ""
    link_protocol: str = ""
    link_id: int = 0
    network_protocol: str = ""
    network_id: int = 0
    transport_protocol: str = ""
    transport_id: int = 0
    icmp_type: str | None = None
    icmp_code: int = 0
    application: str = ""
    encap: tuple[Carried, ...] = ()
    """What the flow's first packet was carried in, the outermost first."""


class Owner(NamedTuple):
    """Where a flow was seen: the node's TID, and the capture that looked."""

    node_tid: str = ""
    capture_id: str = ""
    by_link: bool = True
    """Whether MAC addresses tell its flows apart."""


class Metric(NamedTuple):
    """Packets and bytes each way between two times (ns); `rtt_ns` 0 where it is not known."""

    ab_packets: int
    ab_bytes: int
    ba_packets: int
    ba_bytes: int
    start_ns: int
    last_ns: int
    rtt_ns: int = 0

    def json(self) -> dict[str, int]:
        """Give Skydive's form of it: times in ms, RTT (in ns) only where there is one."""
        shown = {
            "ABPackets": self.ab_packets,
            "ABBytes": self.ab_bytes,
            "BAPackets": self.ba_packets,
            "BABytes": self.ba_bytes,
            "Start": self.start_ns // MS,
            "Last": self.last_ns // MS,
        }
        return {**shown, "RTT": self.rtt_ns} if self.rtt_ns else shown


class RawPacket(NamedTuple):
    """One captured frame of a flow: `number` counts the flow's captured frames from 0."""

    time_ns: int
    number: int
    data: bytes
    link_type: int
    length: int
    """The frame's own, of which `data` may be the begin alone."""


@dataclass(slots=True)
class More:
    """What few flows have. `tcp`, `ip`, `dns` and `dhcp` are dictionaries as they stand in the JSON."""

    update: Metric | None = None
    """Of a parsed flow; a table's own has `told`."""
    tcp: dict[str, int] | None = None
    ip: dict[str, int] | None = None
    dns: dict[str, Any] | None = None
    raw_packets: list[RawPacket] = field(default_factory=list)
    raw_captured: int = 0
    state: Any = None
    """What a table remembers to go on with `tcp`; nobody else's."""
    other: dict[str, Any] | None = None
    """Fields of a parsed document that have no place of their own (DHCPv4, VRRPv2, another version's)."""


class FlowRecord:
    """One flow. A is who sent its first packet. Times are ns since the epoch; None: there is no such thing."""

    __slots__ = (
        "_id", "_l3", "ab", "ba", "finish", "first_ba_ns", "key", "last_ns", "link_a", "link_b", "more", "network_a",
        "network_b", "owner", "parent", "port_a", "port_b", "rtt", "shape", "start_ns", "told",
    )  # fmt: skip

    def __init__(self, shape: Shape, owner: Owner, key: bytes | str, time_ns: int) -> None:
        self.shape = shape
        self.owner = owner
        self.key = key
        """What tells it from all flows of its table that live at a time; of a parsed flow its UUID."""
        self.parent: FlowRecord | str | None = None
        """The flow that carries it; of a parsed flow that one's UUID."""
        self.link_a: str | None = None
        self.link_b: str | None = None
        self.network_a: str | None = None
        self.network_b: str | None = None
        self.port_a: int | None = None
        """Transport.A; of ICMP the identifier."""
        self.port_b: int | None = None
        self.ab = self.ba = 0
        self.start_ns = self.last_ns = time_ns
        self.first_ba_ns: int | None = None
        """When the first packet from B to A passed."""
        self.rtt: int | None = None
        self.finish = NOT_FINISHED
        self.told: bytes | None = None
        """The last update, as `TOLD`: at its beginning, then at its end; see `table_time`."""
        self.more: More | None = None

    _id: int | str
    _l3: int | str

    def __getattr__(self, name: str) -> Any:
        """Make an id when it is asked for the first time: until then its slot is empty."""
        if name not in ("_id", "_l3"):
            raise AttributeError(name)
        said = conversation_of(
            self.own_key(),
            linked=bool(self.shape.link_protocol) and (self.owner.by_link or not self.shape.network_protocol),
            networked=bool(self.shape.network_protocol),
            transport=self.shape.transport_protocol,
        )
        made = said.l3_tracking_id() if name == "_l3" else said.tracking_id(by_link=self.owner.by_link)
        setattr(self, name, made)
        return made

    def key_around(self) -> bytes:
        """Give what stands in front of the keys of flows that this one carries.

        Of Ethernet without a network layer that is its addresses and type: the rest of its key tells of what it carries.
        """
        key = self.key if isinstance(self.key, bytes) else self.key.encode()
        shape = self.shape
        flat = self.parent is None and not shape.network_protocol and shape.link_protocol
        return (key[:LINK] if flat else key) + b"/"

    def own_key(self) -> bytes:
        """Give the flow's key without that of the flow around it."""
        around = self.parent.key_around() if isinstance(self.parent, FlowRecord) else b""
        return self.key[len(around) :] if isinstance(self.key, bytes) else b""

    def __repr__(self) -> str:
        return f"FlowRecord({self.layers_path} {self.network_a}:{self.port_a} {self.network_b}:{self.port_b})"

    @property
    def uuid(self) -> str:
        """A text that no other flow has: of its node, its capture, its key and its first packet's time."""
        if isinstance(self.key, str):
            return self.key
        told = f"{self.start_ns} {self.owner.node_tid} {self.owner.capture_id} ".encode()
        return blake2b(told + self.key, digest_size=8).hexdigest()

    @property
    def parent_uuid(self) -> str:
        """The UUID of the flow that carries this one, "" when nothing does."""
        return self.parent.uuid if isinstance(self.parent, FlowRecord) else self.parent or ""

    @property
    def tracking_id(self) -> str:
        """The same wherever the same frames pass with the same MAC addresses."""
        return f"{self._id:x}" if isinstance(self._id, int) else self._id

    @tracking_id.setter
    def tracking_id(self, value: int | str) -> None:
        self._id = value

    @property
    def l3_tracking_id(self) -> str:
        """The same wherever the same packets pass: on every hop, in both directions, whatever carries them."""
        return f"{self._l3:x}" if isinstance(self._l3, int) else self._l3

    @l3_tracking_id.setter
    def l3_tracking_id(self, value: int | str) -> None:
        self._l3 = value

    @property
    def layers_path(self) -> str:
        """The layers' names joined by "/": Ethernet/IPv4/TCP."""
        return self.shape.layers_path

    @property
    def application(self) -> str:
        """The last layer's name."""
        return self.shape.application

    @property
    def encap(self) -> tuple[Carried, ...]:
        """What the first packet was carried in, the outermost first; see `Carried`."""
        return self.shape.encap

    @property
    def node_tid(self) -> str:
        """The TID of the node where it was seen."""
        return self.owner.node_tid

    @property
    def capture_id(self) -> str:
        """The capture that saw it."""
        return self.owner.capture_id

    @property
    def first_ab_ns(self) -> int:
        """When the first packet from A to B passed: the flow's first."""
        return self.start_ns

    @property
    def ab_packets(self) -> int:
        """Packets from A to B."""
        return self.ab >> 48

    @property
    def ab_bytes(self) -> int:
        """Bytes from A to B: the frames' own lengths, whatever was cut off by the capture."""
        return self.ab & BYTES

    @property
    def ba_packets(self) -> int:
        """Packets from B to A."""
        return self.ba >> 48

    @property
    def ba_bytes(self) -> int:
        """Bytes from B to A."""
        return self.ba & BYTES

    @property
    def rtt_ns(self) -> int:
        """From the first question (SYN, echo request) to its answer; 0 when it is not known."""
        return self.rtt if self.rtt is not None and self.rtt > 0 else 0

    @property
    def metric(self) -> Metric:
        """What passed since the flow began."""
        return Metric(
            self.ab >> 48, self.ab & BYTES, self.ba >> 48, self.ba & BYTES,
            self.start_ns, self.last_ns, self.rtt_ns,
        )  # fmt: skip

    @property
    def update(self) -> Metric | None:
        """What passed between the last two updates (LastUpdateMetric); None before the first."""
        if self.told is None:
            return self.more.update if self.more else None
        (ab, ba, since_ns), (ab_now, ba_now, now_ns) = TOLD.iter_unpack(self.told)
        there = int.from_bytes(ab_now, "big") - int.from_bytes(ab, "big")
        back = int.from_bytes(ba_now, "big") - int.from_bytes(ba, "big")
        return Metric(there >> 48, there & BYTES, back >> 48, back & BYTES, since_ns, now_ns, self.rtt_ns)

    @property
    def raw_packets(self) -> list[RawPacket]:
        """The frames that were kept of it, in order."""
        return self.more.raw_packets if self.more else []

    @property
    def ends(self) -> tuple[str | None, int | None, str | None, int | None]:
        """Who talks to whom: address and port of A, then of B."""
        return self.network_a, self.port_a, self.network_b, self.port_b
