"""The flow table: frames in, flow records out, fast enough to look at every packet.

Only the first packet of a flow in each direction is decoded (`packet`). Of all others a slice of the header is looked
up: MAC addresses to ports, without what differs from packet to packet (TTL, ids, checksums, lengths). The slice leads
to the innermost flow; MPLS and NSH frames count to the flow that carries it too. The forms below are cut at fixed
places; other frames are walked over (`table_slice`), and only fragments and headers with options are decoded each time.

A flow is known by its `key`: of an untagged Ethernet frame that is just the slice, so the dictionaries of slices are
the table itself; tagged and labelled frames have their slices there as further entries.
"""

import struct
from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any, Final

from sfcci.trace import table_key, table_more, table_time
from sfcci.trace.flow import NOT_FINISHED, ONE, TIMEOUT, UNKNOWN, FlowRecord, More, Owner
from sfcci.trace.packet import ACK, FIN, ICMP, RST, SYN, TCP, UDP, Packet, decode
from sfcci.trace.table_key import BEHIND_LABEL, BEHIND_SERVICE
from sfcci.trace.table_slice import slice_of
from sfcci.trace.table_template import PLAIN, Templates, is_regular, name_ends, parts_of, turned

EVICTED_AT_ONCE = 8
"""A full table makes room by an eighth: to look for the oldest flow each time would take too long."""
SLICES: Final = 4
"""Slices that are remembered for each flow that there may be."""

_PLAIN = struct.Struct("!15s5xHxB2x12s9xB").unpack_from
_TAGGED = struct.Struct("!19s5xHxB2x12s9xB").unpack_from
_LABELLED = struct.Struct("!17sxB5xHxB2x12s9xB").unpack_from
_SERVED = struct.Struct("!22s16x15s5xHxB2x12s9xB").unpack_from
_SIX = struct.Struct("!15s5xBx36s9xB").unpack_from
"""Ethernet and IPv4; the same behind a VLAN tag, a label, a service header of 24 octets and Ethernet; IPv6. Each gives
the slice's head and ends, IPv4's flags and offset, the protocol and, of TCP, the flags."""
_TUNNELS = tuple(struct.pack("!H", port) for port in table_key.TUNNEL_PORTS)
_EVENTS = FIN | SYN | RST
_FRAGMENT = 0x3FFF

Steps = tuple[tuple[FlowRecord, bool, int], ...]
"""The flows of a frame from the outermost: which, whether it goes from A to B, where in the frame it begins."""


class FlowTable:
    """The flows of one capture on one node. One thread at a time.

    `limit`: flows at most; the longest silent are evicted. `mode` "L3" knows flows by addresses alone, without MAC
    addresses. `raw_limit`: frames kept per flow, -1 all. `header_size`: octets of a frame that are looked at.
    """

    def __init__(  # noqa: PLR0913 - what may be asked of a capture
        self,
        node_tid: str = "",
        capture_id: str = "",
        *,
        limit: int = 500_000,
        mode: str = "L2",
        tcp_metrics: bool = False,
        defragment: bool = False,
        dns: bool = False,
        raw_limit: int = 0,
        header_size: int = 256,
        link_type: int = 1,
    ) -> None:
        self.owner = Owner(node_tid, capture_id, by_link=mode != "L3")
        self.limit, self.mode, self.header_size, self.link_type = limit, mode, header_size, link_type
        self.tcp_metrics, self.dns, self.raw_limit = tcp_metrics, dns, raw_limit
        self.evicted = self.undecodable = 0
        """Flows that had to go for others, and frames that are not even a link layer's."""
        self._ways = {kind: (dict[bytes, FlowRecord](), dict[bytes, FlowRecord]()) for kind in (TCP, UDP, 0)}
        """Slices and keys of TCP, UDP and all others, each from A to B and from B to A."""
        self._deep: dict[bytes, Steps] = {}
        """Slices of all other forms, to every flow that such a frame counts to."""
        self._count = self._slices = 0
        self._ended: list[FlowRecord] = []
        self._fragments = table_more.Fragments() if defragment else None
        self.raw = table_more.RawFrames(raw_limit, link_type)
        self._wants_more = bool(tcp_metrics or dns or raw_limit or defragment)
        self._templates = Templates()

    def __len__(self) -> int:
        return self._count

    def flows(self) -> Iterator[FlowRecord]:
        """Give the flows that live; the table must not change meanwhile."""
        for forward, _ in self._ways.values():
            for key, flow in forward.items():
                if key is flow.key:
                    yield flow

    def add(self, time_ns: int, frame: bytes | memoryview, length: int, outgoing: bool = False) -> None:
        """Count one frame (`add_all` is quicker for many); `length` is its own. A is who sent first: `outgoing` says less."""
        self.add_all(((time_ns, frame, length, outgoing),))

    def add_all(self, frames: Iterable[tuple[int, bytes | memoryview, int, bool]]) -> None:  # noqa: C901, PLR0912, PLR0915 - the hot loop: a call per packet would cost as much as the rest
        """Count frames, in order."""
        ways = self._ways
        (tcp, tcp_back), (udp, udp_back), (other, other_back) = ways[TCP], ways[UDP], ways[0]
        long_way, short_way = self._long_way, self._short_way
        ethernet, quick = self.link_type == 1, not self._wants_more and self.mode != "L3"
        outer: Any
        for time_ns, frame, length, _ in frames:
            trim = fragment = 0
            try:
                kind = frame[13] if ethernet else -1
                if kind == 0:  # 0x0800 or 0x8100
                    if frame[12] == 8:  # noqa: PLR2004
                        head, fragment, protocol, ends, flags = _PLAIN(frame)
                    else:
                        head, fragment, protocol, ends, flags = _TAGGED(frame)
                elif kind == 0xDD:  # noqa: PLR2004
                    head, protocol, ends, flags = _SIX(frame)
                elif kind == 0x47:  # noqa: PLR2004
                    head, first, fragment, protocol, ends, flags = _LABELLED(frame)
                    trim = BEHIND_LABEL
                    if first != 0x45:  # noqa: PLR2004 - a stack, options, IPv6
                        protocol = -1
                elif kind == 0x4F:  # noqa: PLR2004
                    head, behind, fragment, protocol, ends, flags = _SERVED(frame)
                    head += behind
                    trim = BEHIND_SERVICE
                else:
                    protocol = -1
            except (struct.error, IndexError):
                protocol = -1
            if protocol == TCP and not fragment & _FRAGMENT:
                forward, back, way = tcp, tcp_back, TCP
                key = head + ends
            elif protocol == UDP and not fragment & _FRAGMENT:
                forward, back, way = udp, udp_back, UDP
                key = head + ends
                flags = 0
            elif protocol == ICMP and not fragment & _FRAGMENT and not trim and len(head) == PLAIN:
                forward, back, way = other, other_back, 0
                key = head + ends[:10] + frame[38:40]
                flags = 0
            else:
                long_way(time_ns, frame, length, 0, b"", b"")
                continue
            flow = forward.get(key)
            onward = flow is not None
            if flow is None:
                flow = back.get(key)
            if flow is not None:
                size = ONE + length - trim
                if onward:
                    flow.ab += size
                else:
                    flow.ba += size
                flow.last_ns = time_ns
                if trim:
                    outer = flow.parent
                    if head[:6] == outer.key[:6]:  # its own way, which may not be the inner one's
                        outer.ab += ONE + length
                    else:
                        outer.ba += ONE + length
                    outer.last_ns = time_ns
                if flags & _EVENTS:
                    self._event(flow, time_ns, flags, forward=onward, size=size)
                continue
            if len(head) == PLAIN and (way == TCP or (way == UDP and ends[-2:] not in _TUNNELS)):
                flow = forward.get(turned(key))
            if flow is not None:
                self._count_seen(flow, time_ns, ONE + length, flags, False)
                back[key] = flow
                continue
            if not is_regular(head):
                long_way(time_ns, frame, length, 0, b"", b"")
            elif not (way and quick and short_way(time_ns, frame, length, way, key, head, flags)):
                long_way(time_ns, frame, length, way, key, head)

    def _count_seen(self, flow: FlowRecord, time_ns: int, size: int, flags: int, forward: bool) -> None:
        """Count a packet that may be the first in its direction."""
        flow.last_ns = time_ns
        if forward:
            flow.ab += size
        else:
            flow.ba += size
            if flow.first_ba_ns is None:
                flow.first_ba_ns = time_ns
        if flags & _EVENTS:
            self._event(flow, time_ns, flags, forward=forward, size=size)

    def _short_way(
        self,
        time_ns: int,
        frame: bytes | memoryview,
        length: int,
        way: int,
        key: bytes,
        head: bytes,
        flags: int,
    ) -> bool:
        """Count a frame without decoding it when its slice is not known, but its head is."""
        ends = key[len(head) :]
        shapes = self._templates.shapes(way, head, frame, ends)
        if shapes and len(head) == PLAIN:  # its slice is its key, and no flow has it
            new = self._begin(FlowRecord(shapes[0], self.owner, key, time_ns), key, way)
            name_ends(new, key, ends)
            self._count_seen(new, time_ns, ONE + length, flags, True)
            self._slices += 1
            return True
        parts = parts_of(shapes, way, head, ends) if shapes else ()
        parent, forward = None, True
        for shape, at, place, own, back in parts:
            around = parent.key_around() if parent else b""
            flow, there = self._ways[place][0].get(around + own), around + own
            forward = flow is not None
            if flow is None:
                flow = self._ways[place][0].get(around + back)
            if flow is None:
                flow, forward = self._begin(FlowRecord(shape, self.owner, there, time_ns), there, place), True
                flow.parent = parent
                name_ends(flow, own, ends)
            self._count_seen(
                flow, time_ns, ONE + length - at, flags if shape.network_protocol else 0, forward
            )
            parent = flow
        if parent:
            self._make_room_for_slices()
            self._ways[way][0 if forward else 1].setdefault(key, parent)
        return bool(parts)

    def _begin(self, flow: FlowRecord, key: bytes, way: int) -> FlowRecord:
        """Put a new flow into the table."""
        if self._count >= self.limit:
            self.evict(max(1, self._count // EVICTED_AT_ONCE))
        self._ways[way][0][key] = flow
        self._count += 1
        return flow

    def _long_way(
        self, time_ns: int, frame: bytes | memoryview, length: int, way: int, key: bytes, head: bytes
    ) -> None:
        """Decode a frame and count it to the flow of each of its packets; remember where its slice leads to.

        `way`, `key` and `head` are those of the slice; b"": it has none.
        """
        data = bytes(frame[: self.header_size])
        deep = None if self._wants_more or (key and way != UDP) else slice_of(data, self.link_type)
        if deep and (known := self._deep.get(deep[0])):
            self._step(known, time_ns, length, deep[1])
            return
        packet = outermost = decode(data, self.link_type)
        if not packet.layers:
            self.undecodable += 1
            return
        flow, forward = self._flow(packet, None, time_ns)
        self._count_one(flow, packet, time_ns, length, forward)
        steps = [(flow, forward, 0)]
        while packet.inner is not None:
            packet = packet.inner
            flow, forward = self._flow(packet, flow, time_ns)
            self._count_one(flow, packet, time_ns, length - packet.at, forward)
            steps.append((flow, forward, packet.at))
        if self._wants_more:
            self._add_more(flow, packet, data, time_ns, forward, length)
        if key and self._may_be_left_out(flow, outermost, way):
            self._make_room_for_slices()
            self._ways[way][0 if forward else 1].setdefault(key, flow)
            self._templates.learn(way, head, data, outermost)
        elif deep and table_key.is_whole(packet):
            self._make_room_for_slices()
            self._deep[deep[0]] = tuple(steps)

    def _step(self, steps: Steps, time_ns: int, length: int, flags: int) -> None:
        """Count a frame to flows that its like was counted to."""
        for flow, forward, at in steps:
            self._count_seen(flow, time_ns, ONE + length - at, 0, forward)
        if flags & _EVENTS:
            flow, forward, at = steps[-1]
            self._event(flow, time_ns, flags, forward=forward, size=ONE + length - at)

    def _make_room_for_slices(self) -> None:
        """There may be many slices to one flow (labels differ), so all are forgotten at times."""
        self._slices += 1
        if self._slices > SLICES * self.limit:
            self._slices = 0
            self._deep.clear()
            for there, back in self._ways.values():
                for other in [other for other, one in there.items() if other is not one.key]:
                    del there[other]
                back.clear()

    def _flow(self, packet: Packet, parent: FlowRecord | None, time_ns: int) -> tuple[FlowRecord, bool]:
        """Give the flow of a packet, and whether the packet goes from A to B; begin one where there is none."""
        if self._fragments and (first := self._fragments.flow_of(packet, parent)):
            return first[0], first[1]
        way, there, back = table_key.key_of(
            packet, parent, link=self.mode != "L3", by_slice=not self._wants_more
        )
        flows = self._ways[way][0]
        if found := flows.get(there):
            return found, True
        if found := flows.get(back):
            return found, False
        return self._begin(table_key.begun(packet, parent, self.owner, there, time_ns), there, way), True

    def _count_one(self, flow: FlowRecord, packet: Packet, time_ns: int, length: int, forward: bool) -> None:
        first_answer = not forward and flow.first_ba_ns is None and packet.addresses
        if first_answer and flow.rtt is not None and packet.icmp_seq is not None:
            flow.rtt = time_ns - flow.start_ns if flow.rtt == UNKNOWN - packet.icmp_seq else None
        flags = (packet.tcp_flags or 0) if packet.addresses else 0
        self._count_seen(flow, time_ns, ONE + length, flags, forward)

    def _event(self, flow: FlowRecord, time_ns: int, flags: int, *, forward: bool, size: int) -> None:
        """Take note of a connection's beginning and end; `size` is what the packet has just added."""
        if flags & (SYN | ACK) == SYN and forward and flow.finish != NOT_FINISHED:
            self._begin_again(flow, time_ns, size)
        if not forward and flow.first_ba_ns is None:  # of a connection that began again
            flow.first_ba_ns = time_ns
        table_time.note(flow, time_ns, flags, forward=forward, size=size)

    def _begin_again(self, flow: FlowRecord, time_ns: int, size: int) -> None:
        """The same ports, a new connection: what was counted is an ended flow of its own."""
        before = copy(flow)
        before.ab -= size
        self.raw.let_go((before,))
        if len(self._ended) < self.limit:
            self._ended.append(before)
        else:
            self.evicted += 1
        flow.ab, flow.ba, flow.start_ns, flow.first_ba_ns = size, 0, time_ns, None
        flow.rtt, flow.finish, flow.told, flow.more = None, NOT_FINISHED, None, None

    def _may_be_left_out(self, flow: FlowRecord, packet: Packet, way: int) -> bool:
        """Tell whether all frames with the slice of this one belong to that flow, and nothing else is wanted of them."""
        inner = packet.inner or packet
        if (self.tcp_metrics and way == TCP) or (
            self.dns and table_more.DNS_PORT in (inner.sport, inner.dport)
        ):
            return False
        if self.raw_limit and (not flow.more or flow.more.raw_captured != self.raw_limit):
            return False
        return table_key.is_told_by_slice(packet)

    def _add_more(
        self, flow: FlowRecord, packet: Packet, data: bytes, time_ns: int, forward: bool, length: int
    ) -> None:
        """Add what was asked for beyond counting; `packet` is the innermost, `length` the frame's own."""
        flow.more = flow.more or More()
        if self.raw_limit:
            self.raw.keep(flow.more, time_ns, data, length)
        if self._fragments:
            self._fragments.count(flow, packet, forward)
        if self.tcp_metrics and packet.protocol == TCP and packet.tcp_seq is not None:
            table_more.count_tcp(flow.more, packet, time_ns, forward)
        if self.dns and "DNS" in packet.layers:
            table_more.read_dns(flow.more, data[packet.payload_at :], time_ns)

    def evict(self, number: int) -> None:
        """Let so many flows go that have been silent the longest."""
        gone = set(sorted(self.flows(), key=lambda flow: flow.last_ns)[:number])
        self.evicted += len(gone)
        self._take_out(gone)

    def _take_out(self, gone: set[FlowRecord]) -> None:
        for way in self._ways.values():
            for flows in way:
                for key in [key for key, flow in flows.items() if flow in gone]:
                    del flows[key]
        for key in [key for key, steps in self._deep.items() if any(step[0] in gone for step in steps)]:
            del self._deep[key]
        self._count -= len(gone)
        self.raw.let_go(gone)

    def tick(self, now_ns: int) -> tuple[list[FlowRecord], list[FlowRecord]]:
        """Give the flows that have a new LastUpdateMetric, and those that have ended and are no longer in the table.

        Call it every few seconds; each flow is told of every 60 s, and once more when it ends.
        """
        updated, gone, ended = list[FlowRecord](), set[FlowRecord](), self._ended
        self._ended = []
        for flow in self.flows():
            if now_ns - flow.last_ns >= table_time.kept_ns(flow):
                gone.add(flow)
            elif now_ns - table_time.told_ns(flow) >= table_time.UPDATE_NS:
                table_time.tell(flow, now_ns)
                updated.append(flow)
        if gone:
            self._take_out(gone)
        for flow in gone:
            flow.finish = TIMEOUT if flow.finish == NOT_FINISHED else flow.finish
        ended += gone
        for flow in ended:
            table_time.tell(flow, now_ns)
        return updated, ended
