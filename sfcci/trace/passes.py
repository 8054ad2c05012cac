"""Packets followed from port to port: frames seen at the switch's ports → one trail for each packet.

A packet is known again behind a function by its addresses, ports, IP id, TCP numbers and length: a router changes its
MAC addresses and its TTL only. Of packets that look the same (sent again, say) each has a trail of its own: what a host
sends was given to it, or is new; none overtakes another.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from sfcci.chain.table import place
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import Fault, InputError, Place
from sfcci.trace.packet import FiveTuple, Packet, decode
from sfcci.trace.tunnel import Carried

IN, OUT = "in", "out"
"""Into the switch, out of it."""
Identity = tuple[object, ...]
MOST_PASSES = 1_000_000
"""Passes that are kept at once; the packets that came first are given up for new ones."""
_by_time = itemgetter(0)


class Pass(NamedTuple):
    """One frame as it was seen at one port of the switch."""

    time_ns: int
    """Since the epoch."""
    node: str
    """The host on the port."""
    port: str
    """The name that the capture has for the port."""
    direction: str
    """IN: the node gave it to the switch; OUT: the switch gave it to the node."""
    encap: tuple[Carried, ...]
    """What the packet is carried in, the outermost first."""
    eth_src: str
    eth_dst: str
    ttl: int | None
    length: int
    """Octets of the frame."""
    flow: FiveTuple
    """As it is there: a translator changes it. An echo's identifier stands for its ports."""

    @property
    def place(self) -> tuple[str, int, int] | None:
        """The "mpls" or "nsh" that the frame is in first, with path id and service index; None: it is in neither."""
        for kind, *numbers in self.encap:
            if kind == "nsh":
                return "nsh", int(numbers[0]), int(numbers[1])
            if kind == "mpls":
                return "mpls", *place(int(numbers[0]))
        return None


@dataclass(frozen=True)
class Trail:
    """One packet's way through the switch, as far as it was seen: its passes in time order, and the copies of it."""

    flow: FiveTuple
    """As the sender sent it; an address that a function makes of another is that other's."""
    passes: tuple[Pass, ...]
    copies: tuple[Pass, ...] = ()
    """What taps got."""

    @property
    def begin_ns(self) -> int:
        """When it was first seen, since the epoch."""
        return (self.passes or self.copies)[0].time_ns

    @property
    def shape(self) -> tuple[object, ...]:
        """What packets have in common that went the same way: all but times, lengths and the flow."""
        return tuple((one.port, one.direction, one.encap, one.ttl) for one in (*self.passes, *self.copies))


@dataclass
class _Way:
    """What was seen of one packet so far. `inside`: the switch has it; `held`: the nodes that have it, since when."""

    ttl: int | None
    """As it was when the switch got it: no switch changes it."""
    inside: bool = False
    since_ns: int = 0
    held: dict[str, int] = field(default_factory=dict)
    passes: list[Pass] = field(default_factory=list)
    copies: list[Pass] = field(default_factory=list)

    def had(self, node: str) -> bool:
        """Whether the node has got it before."""
        return any(one.node == node and one.direction != IN for one in (*self.passes, *self.copies))


class Trails:
    """Frames in, trails out. `ports` maps an interface of the capture to its node; others' frames are passed over.

    `taps` are nodes that get copies and give nothing back; `aliases` says which address a translator has made of which.
    `wants`: whose frames are kept (None: all), by what `told` gives. Frames may come out of order: those of one packet are
    put in order when it is taken.
    """

    def __init__(
        self,
        ports: Mapping[str, str],
        *,
        taps: Collection[str] = (),
        aliases: Mapping[str, str] | None = None,
        wants: Callable[[FiveTuple], bool] | None = None,
        limit: int = MOST_PASSES,
    ) -> None:
        self.given_up = 0
        """Passes of packets that there was no room for."""
        self.last_ns: int | None = None
        """When the last frame that was kept passed."""
        self._ports, self._taps, self._aliases = ports, taps, aliases or {}
        self._wants, self._limit = wants, limit
        self._seen: dict[Identity, list[Pass]] = {}
        self._kept = 0

    def add(self, frame: CapturedFrame) -> None:
        """Take in a frame; what is no IP packet is passed over."""
        node = self._ports.get(frame.interface)
        if node is None or not frame.direction:
            return
        packet = decode(frame.data, frame.link_type)
        if packet.src is None or packet.protocol is None:
            return
        flow = told(packet)
        key = identity(packet, self._aliases, flow)
        if self._wants is not None and not self._wants(_flow_of(key)):
            return
        self._seen.setdefault(key, []).append(_passed(frame, node, packet, flow))
        self.last_ns = max(frame.time_ns, self.last_ns or 0)
        self._kept += 1
        while self._kept > self._limit:
            oldest = self._seen.pop(next(iter(self._seen)))
            self._kept -= len(oldest)
            self.given_up += len(oldest)

    def take(self, before_ns: int | None = None) -> list[Trail]:
        """Give, oldest first, and forget the trails of packets that were last seen before then (None: all)."""
        done = [
            key
            for key, passes in self._seen.items()
            if before_ns is None or max(map(_by_time, passes)) < before_ns
        ]
        found: list[Trail] = []
        for key in done:
            passes = self._seen.pop(key)
            self._kept -= len(passes)
            found += split(_flow_of(key), passes, self._taps)
        return sorted(found, key=lambda trail: trail.begin_ns)


def trails(
    frames: Iterable[CapturedFrame],
    ports: Mapping[str, str],
    *,
    taps: Collection[str] = (),
    aliases: Mapping[str, str] | None = None,
    wants: Callable[[FiveTuple], bool] | None = None,
    limit: int = MOST_PASSES,
) -> tuple[Trail, ...]:
    """Give the trail of every IP packet, oldest first; see `Trails`.

    Raises InputError: there are more passes than `limit`; a part of them would tell of packets that were dropped.
    """
    seen = Trails(ports, taps=taps, aliases=aliases, wants=wants, limit=limit)
    for frame in frames:
        seen.add(frame)
        if seen.given_up:
            raise InputError(
                Fault(
                    Place("capture"),
                    f"more than {limit} frames of the requests that are wanted",
                    "fewer",
                    "name the request more closely, such as '10.0.0.3 -> 10.0.0.8 tcp 80'",
                )
            )
    return tuple(seen.take())


def split(flow: FiveTuple, passes: Iterable[Pass], taps: Collection[str] = ()) -> list[Trail]:
    """Give the trails of packets that look the same, of which these are all passes."""
    seen: list[_Way] = []
    for one in sorted(passes, key=_by_time):
        if one.direction == IN:
            _into(seen, one)
        else:
            _out_of(seen, one, one.node in taps)
    return [Trail(flow, tuple(way.passes), tuple(way.copies)) for way in seen]


def _into(seen: list[_Way], one: Pass) -> None:
    """A node gives a packet to the switch: it was given to it, or is new."""
    held = [way for way in seen if one.node in way.held]
    way = min(held, key=lambda way: way.held[one.node], default=None)
    if way is None:
        way = _Way(one.ttl)
        seen.append(way)
    way.held.pop(one.node, None)
    way.inside, way.ttl, way.since_ns = True, one.ttl, one.time_ns
    way.passes.append(one)


def _out_of(seen: list[_Way], one: Pass, copy: bool) -> None:
    """The switch gives a packet to a node: the one that it has had for the longest time; else another one of the last.

    Of packets that look the same it is rather one that has not been there: between nodes the next may come before the
    one in front has gone on.
    """
    inside = [way for way in seen if way.inside]
    alike = [way for way in inside if way.ttl == one.ttl]
    way = _longest(way for way in alike if not way.had(one.node)) or _longest(alike) or _longest(inside)
    if way is None:
        if not seen:
            seen.append(_Way(one.ttl))
        way = seen[-1]
    if copy:
        way.copies.append(one)
        return
    way.inside, way.held[one.node] = False, one.time_ns
    way.passes.append(one)


def _longest(ways: Iterable[_Way]) -> _Way | None:
    return min(ways, key=lambda way: way.since_ns, default=None)


def _passed(frame: CapturedFrame, node: str, packet: Packet, flow: FiveTuple) -> Pass:
    return Pass(
        frame.time_ns,
        node,
        frame.interface,
        frame.direction,
        packet.encap,
        packet.eth_src,
        packet.eth_dst,
        packet.ttl,
        frame.length,
        flow,
    )


def identity(packet: Packet, aliases: Mapping[str, str], flow: FiveTuple) -> Identity:
    """What stays of a packet from hop to hop; the five-tuple comes first, with the addresses before translators."""
    return (
        _original(flow, aliases) if aliases else flow,
        packet.ip_id,
        packet.tcp_seq,
        packet.tcp_ack,
        packet.tcp_flags,
        packet.icmp_type,
        packet.icmp_seq,
        packet.payload_length,
    )


def told(packet: Packet) -> FiveTuple:
    """Give an IP packet's five-tuple; an echo's identifier stands for its ports."""
    flow = packet.five_tuple
    assert flow is not None  # noqa: S101 - who calls lets IP packets in only
    return flow if packet.icmp_id is None else flow._replace(sport=packet.icmp_id, dport=packet.icmp_id)


def _original(flow: FiveTuple, aliases: Mapping[str, str]) -> FiveTuple:
    return flow._replace(src=aliases.get(flow.src, flow.src), dst=aliases.get(flow.dst, flow.dst))


def _flow_of(key: Identity) -> FiveTuple:
    flow = key[0]
    assert isinstance(flow, FiveTuple)  # noqa: S101 - `identity` begins with it
    return flow
