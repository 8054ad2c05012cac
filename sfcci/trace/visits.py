"""Where packets went: frames captured at the switch's ports → the hosts that each packet was given to, in order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.trace.packet import FiveTuple, Packet, decode

PLAIN = ("none", 0, 0)


@dataclass(frozen=True)
class Journey:
    """One packet's way through the switch: the host that sent it and those that it was given to, in time order."""

    flow: FiveTuple
    """An echo's identifier stands for its ports; an address that a function makes of another is that other's."""
    sender: str
    """The host whose port the packet was first seen coming from; "" when only deliveries were captured."""
    hops: tuple[str, ...]
    begin_s: float
    """When it was first seen, seconds since the epoch."""
    copies: tuple[str, ...] = ()
    """The taps that got it."""
    carried: tuple[tuple[str, int, int], ...] = ()
    """For each of `hops` what the packet was carried in: "none", "mpls" or "nsh", path id and service index."""

    @property
    def back(self) -> FiveTuple:
        """Give what the packets of its answers carry."""
        return FiveTuple(self.flow.dst, self.flow.src, self.flow.protocol, self.flow.dport, self.flow.sport)


@dataclass
class _Way:
    """What was seen of one packet so far. `at` is the host that has it now, "" while the switch has it."""

    begin_s: float
    sender: str
    ttl: int | None
    """As it was when the switch got it: no switch changes it."""
    at: str = ""
    since_ns: int = 0
    hops: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    carried: list[tuple[str, int, int]] = field(default_factory=list)


def journeys(
    frames: Iterable[CapturedFrame],
    hosts: Mapping[str, str],
    *,
    taps: Collection[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> tuple[Journey, ...]:
    """Give the journey of every IP packet, oldest first. `hosts` maps an interface of the switch to its host.

    A packet is known again behind a function by its addresses, ports, IP id, TCP numbers and length: a router changes
    its MAC addresses and its TTL only. Of packets that look the same (sent again, say) each has a way of its own: what a
    host sends was given to it, or is new. `taps` are hosts that get copies and give nothing back; `aliases` says which
    address a translator has made of which. Frames of other interfaces and other protocols are passed over.
    """
    ways: dict[tuple[object, ...], list[_Way]] = {}
    for frame in sorted(frames, key=lambda one: one.time_ns):
        host = hosts.get(frame.interface)
        packet = decode(frame.data)
        if host is not None and packet.five_tuple is not None:
            _add(ways.setdefault(identity(packet, aliases or {}), []), frame, host, packet, taps)
    found = [_journey(key, way) for key, seen in ways.items() for way in seen]
    return tuple(sorted(found, key=lambda journey: journey.begin_s))


def _add(seen: list[_Way], frame: CapturedFrame, host: str, packet: Packet, taps: Collection[str]) -> None:
    """Put a frame to one of the ways of packets that look the same."""
    if frame.direction == "in":
        way = _first(way for way in seen if way.at == host)
        if way is None:
            way = _Way(frame.time_s, host, packet.ttl)
            seen.append(way)
        way.at, way.ttl, way.since_ns = "", packet.ttl, frame.time_ns
    elif frame.direction == "out":
        if not seen:
            seen.append(_Way(frame.time_s, "", packet.ttl))
        inside = [way for way in seen if not way.at]
        way = _first(way for way in inside if way.ttl == packet.ttl) or _first(inside) or seen[-1]
        if host in taps:
            way.copies.append(host)
        else:
            way.at, way.since_ns = host, frame.time_ns
            way.hops.append(host)
            way.carried.append(_carried(packet))


def _first(ways: Iterable[_Way]) -> _Way | None:
    """Give the one that has been where it is for the longest time: none overtakes another."""
    return min(ways, key=lambda way: way.since_ns, default=None)


def _carried(packet: Packet) -> tuple[str, int, int]:
    """Give what a packet is carried in: of a label the path id is all but the last 8 bits."""
    if packet.mpls:
        label = packet.mpls[0].label
        return "mpls", label >> 8, label & 0xFF
    return ("nsh", packet.nsh.spi, packet.nsh.si) if packet.nsh else PLAIN


def identity(packet: Packet, aliases: Mapping[str, str]) -> tuple[object, ...]:
    """What stays of a packet from hop to hop; the five-tuple comes first."""
    return (
        _flow(packet, aliases),
        packet.ip_id,
        packet.tcp_seq,
        packet.tcp_ack,
        packet.tcp_flags,
        packet.icmp_type,
        packet.icmp_seq,
        packet.payload_length,
    )


def _flow(packet: Packet, aliases: Mapping[str, str]) -> FiveTuple:
    flow = packet.five_tuple
    assert flow is not None  # noqa: S101 - `journeys` lets IP packets in only
    if aliases:
        flow = flow._replace(src=aliases.get(flow.src, flow.src), dst=aliases.get(flow.dst, flow.dst))
    if packet.icmp_id is not None:
        return flow._replace(sport=packet.icmp_id, dport=packet.icmp_id)
    return flow


def _journey(key: tuple[object, ...], way: _Way) -> Journey:
    flow = key[0]
    assert isinstance(flow, FiveTuple)  # noqa: S101 - `identity` begins with it
    hops, copies, carried = tuple(way.hops), tuple(way.copies), tuple(way.carried)
    return Journey(flow, way.sender, hops, way.begin_s, copies, carried)
