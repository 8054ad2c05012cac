"""What a flow table adds to flows on request: TCP's metrics, fragments put to their flow, DNS, frames kept."""

from collections.abc import Iterable
from typing import Any

from sfcci.trace.dns import read_message
from sfcci.trace.flow import MS, FlowRecord, More, RawPacket
from sfcci.trace.packet import FIN, RST, SYN, Packet

DNS_PORT = 53
FRAGMENTS_KEPT = 4096
MOST_RAW = 200_000
"""Frames that a table keeps at most: some 80 MB."""
HOLES_KEPT = 64
"""Ranges of a connection that may still come; a hostile one could leave a hole behind every segment."""
_HALF = 1 << 31
_ROUND = 1 << 32

TCP_NAMES = (
    "SynStart", "FinStart", "RstStart", "SegmentOutOfOrder", "SegmentSkipped", "SegmentSkippedBytes",
    "Packets", "Bytes", "SawStart", "SawEnd",
)  # fmt: skip
"""TCPMetric's fields, each with AB and BA in front; SynTTL comes with the SYN."""


class RawFrames:
    """Frames kept of each flow: as many as `limit` (-1: all), and of all flows of a table no more than there is room for."""

    def __init__(self, limit: int, link_type: int) -> None:
        self._limit, self._link_type, self._kept = limit, link_type, 0
        self.lost = 0
        """Frames that would have been kept."""

    def keep(self, more: More, time_ns: int, data: bytes, length: int) -> None:
        """Keep a frame of a flow, or as much of it as there is."""
        if 0 <= self._limit <= more.raw_captured:
            return
        if self._kept >= MOST_RAW:
            self.lost += 1
            return
        more.raw_packets.append(RawPacket(time_ns, more.raw_captured, data, self._link_type, length))
        more.raw_captured += 1
        self._kept += 1

    def let_go(self, flows: Iterable[FlowRecord]) -> None:
        """Make room: flows have left the table with what was kept of them."""
        self._kept -= sum(len(flow.more.raw_packets) for flow in flows if flow.more)


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
    """One direction of a connection, in octets counted without an end: what is expected next, and what came early.

    `early`: ranges behind holes, in order, each with its number of segments. `lost`: holes that were given up.
    """

    __slots__ = ("early", "expected", "lost", "lost_bytes")

    def __init__(self) -> None:
        self.expected: int | None = None
        self.early: list[tuple[int, int, int]] = []
        self.lost = self.lost_bytes = 0


def count_tcp(more: More, packet: Packet, time_ns: int, forward: bool) -> None:
    """Count a segment in the flow's TCPMetric: segments that have data, SYN or FIN, gaps, and what comes early.

    As the reference: a segment is out of order that came before one that precedes it; skipped is what never came.
    """
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
        way = more.state[0 if forward else 1]
        metric[side + "SegmentOutOfOrder"] += _in_sequence(way, packet.tcp_seq or 0, length)
        starts, ends = [way.expected, *(one[1] for one in way.early)], [one[0] for one in way.early]
        missing = sum(start - end for start, end in zip(ends, starts, strict=False))
        metric[side + "SegmentSkipped"] = way.lost + len(way.early)
        metric[side + "SegmentSkippedBytes"] = way.lost_bytes + missing


def _in_sequence(way: _Way, seq: int, length: int) -> int:
    """Give how many segments had come before this one though they belong behind it; numbers go round at 2**32."""
    if way.expected is None:
        way.expected = seq + length
        return 0
    begin = way.expected + (seq - way.expected + _HALF) % _ROUND - _HALF
    end = begin + length
    if begin > way.expected:
        _put_early(way, begin, end)
        return 0
    late = 0
    way.expected = max(way.expected, end)
    while way.early and way.early[0][0] <= way.expected:
        _, end, many = way.early.pop(0)
        late += many if end > way.expected else 0
        way.expected = max(way.expected, end)
    return late


def _put_early(way: _Way, begin: int, end: int) -> None:
    """Keep a range for which something before it is missing; the oldest hole is given up where there are too many."""
    touched = [one for one in way.early if one[0] <= end and begin <= one[1]]
    if any(one[0] <= begin and end <= one[1] for one in touched):
        return
    whole = (
        min((begin, *(one[0] for one in touched))),
        max((end, *(one[1] for one in touched))),
        1 + sum(one[2] for one in touched),
    )
    way.early = sorted([*(one for one in way.early if one not in touched), whole])
    if len(way.early) > HOLES_KEPT:
        start, way_end, _ = way.early.pop(0)
        way.lost += 1
        way.lost_bytes += start - (way.expected or 0)
        way.expected = way_end


def read_dns(more: More, payload: bytes, time_ns: int) -> None:
    """Keep the last message of a flow; one that cannot be read leaves the one before."""
    message: dict[str, Any] | None = read_message(payload)
    if message is not None:
        message["timestamp"] = {"seconds": time_ns // 10**9, "nanos": time_ns % 10**9}
        more.dns = message
