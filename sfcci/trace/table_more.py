"""What a flow table adds to flows on request: TCP's metrics, fragments put to their flow, DNS, frames kept."""

from typing import Any

from sfcci.trace.dns import read_message
from sfcci.trace.flow import MS, FlowRecord, More, RawPacket
from sfcci.trace.packet import FIN, RST, SYN, Packet

DNS_PORT = 53
FRAGMENTS_KEPT = 4096
HOLES_KEPT = 64
"""Ranges of a connection that may still come; a hostile one could leave a hole behind every segment."""
_HALF = 1 << 31
_ROUND = 1 << 32

TCP_NAMES = (
    "SynStart", "FinStart", "RstStart", "SegmentOutOfOrder", "SegmentSkipped", "SegmentSkippedBytes",
    "Packets", "Bytes", "SawStart", "SawEnd",
)  # fmt: skip
"""TCPMetric's fields, each with AB and BA in front; SynTTL comes with the SYN."""


def keep_raw(more: More, limit: int, time_ns: int, data: bytes, link_type: int) -> None:
    """Keep a frame of a flow that has fewer than `limit` (-1: of any)."""
    if limit < 0 or more.raw_captured < limit:
        more.raw_packets.append(RawPacket(time_ns, more.raw_captured, data, link_type))
        more.raw_captured += 1


class Fragments:
    """Which flow the fragments behind a first one belong to: they have no ports of their own (RFC 791, RFC 8200)."""

    def __init__(self) -> None:
        self._flows: dict[tuple[object, ...], tuple[FlowRecord, bool]] = {}

    def flow_of(self, packet: Packet, parent: FlowRecord | None) -> tuple[FlowRecord, bool] | None:
        """Give the flow of a fragment whose first one was seen, and whether it goes from A to B."""
        if not packet.fragment or "Fragment" not in packet.layers:
            return None
        return self._flows.get((packet.addresses, packet.protocol, packet.ip_id, packet.at, parent))

    def count(self, flow: FlowRecord, packet: Packet, forward: bool) -> None:
        """Count a fragment in the flow's IPMetric, and remember a first one."""
        assert flow.more is not None  # noqa: S101 - the table gives one
        metric = flow.more.ip = flow.more.ip or {"Fragments": 0, "FragmentErrors": 0}
        if not packet.fragment:
            return
        metric["Fragments"] += 1
        if "Fragment" in packet.layers:
            metric["FragmentErrors"] += flow.shape.layers_path.endswith("/Fragment")
            return
        parent = flow.parent if isinstance(flow.parent, FlowRecord) else None
        self._flows[packet.addresses, packet.protocol, packet.ip_id, packet.at, parent] = flow, forward
        if len(self._flows) > FRAGMENTS_KEPT:
            del self._flows[next(iter(self._flows))]


class _Way:
    """One direction of a connection: the next octet that is expected, and the ranges before it that were left out."""

    __slots__ = ("expected", "holes")

    def __init__(self) -> None:
        self.expected: int | None = None
        self.holes: list[tuple[int, int]] = []


def count_tcp(more: More, packet: Packet, time_ns: int, forward: bool) -> None:
    """Count a segment in the flow's TCPMetric: segments that have data, SYN or FIN, gaps, and what comes late."""
    if more.tcp is None:
        more.tcp = {side + name: 0 for side in ("AB", "BA") for name in TCP_NAMES}
        more.state = _Way(), _Way()
    side, metric, flags = "AB" if forward else "BA", more.tcp, packet.tcp_flags or 0
    for bit, name in ((SYN, "SynStart"), (FIN, "FinStart"), (RST, "RstStart")):
        if flags & bit and not metric[side + name]:
            metric[side + name] = time_ns // MS
    if flags & SYN:
        metric.setdefault(side + "SynTTL", packet.ttl or 0)
    length = packet.payload_length + bool(flags & SYN) + bool(flags & FIN)
    if length:
        metric[side + "Packets"] += 1
        metric[side + "Bytes"] += packet.payload_length
        metric[side + "SawStart"] |= bool(flags & SYN)
        metric[side + "SawEnd"] |= bool(flags & (FIN | RST))
        _sequence(more.state[0 if forward else 1], metric, side, packet.tcp_seq or 0, length)


def _sequence(way: _Way, metric: dict[str, int], side: str, seq: int, length: int) -> None:
    """Compare a segment with what was expected; numbers go round at 2**32."""
    end = (seq + length) % _ROUND
    ahead = 0 if way.expected is None else (seq - way.expected + _HALF) % _ROUND - _HALF
    if ahead > 0:
        metric[side + "SegmentSkipped"] += 1
        metric[side + "SegmentSkippedBytes"] += ahead
        way.holes = [*way.holes[-HOLES_KEPT:], (way.expected or 0, seq)]
    elif ahead < 0:
        filled = [hole for hole in way.holes if (seq - hole[0]) % _ROUND < (hole[1] - hole[0]) % _ROUND]
        if filled:
            metric[side + "SegmentOutOfOrder"] += 1
            way.holes = [hole for hole in way.holes if hole not in filled]
    if way.expected is None or (end - way.expected + _HALF) % _ROUND - _HALF > 0:
        way.expected = end


def read_dns(more: More, payload: bytes, time_ns: int) -> None:
    """Keep the last message of a flow; one that cannot be read leaves the one before."""
    message: dict[str, Any] | None = read_message(payload)
    if message is not None:
        message["timestamp"] = {"seconds": time_ns // 10**9, "nanos": time_ns % 10**9}
        more.dns = message
