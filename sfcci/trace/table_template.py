"""First packets without decoding: what the head of a frame leads to, once a frame with the same head was decoded.

Frames of the forms that `FlowTable` cuts at fixed places differ in their heads (tags, labels, service headers) and in
who talks to whom. Of each head that was seen, `Templates` remembers the shapes of its flows; keys are put together here
as `table_key` does, so that a flow is the same whichever way it began.
"""

import struct
from collections.abc import Sequence
from typing import Final

from sfcci.trace.flow import FlowRecord, Shape
from sfcci.trace.flow_id import HEADS, LINK, MACS
from sfcci.trace.packet import TCP, UDP, UDP_NAMES, Packet, ipv4_text, ipv6_text, mac_text
from sfcci.trace.table_key import BEHIND_LABEL, BEHIND_SERVICE, TUNNEL_PORTS, shape_of

PLAIN, TAGGED, LABEL, SERVICE = 15, 19, 17, 37
"""Octets of the head of each form: no tag, one tag, one label, a service header of 24 octets and Ethernet."""
_LENGTH_AT: Final = {PLAIN: 16, TAGGED: 20, LABEL: 20, SERVICE: 54}
_LEAST: Final = {TCP: 40, UDP: 28}
"""Octets of IPv4's header and the next one: a packet that says it has fewer has no ports."""
_KEPT: Final = 4096
_NAMED: Final = frozenset(struct.pack("!H", port) for port in (*UDP_NAMES, *TUNNEL_PORTS))
_FOUR, _SIX = HEADS[4], HEADS[6]
_PORTS, _WORD = struct.Struct("!HH").unpack_from, struct.Struct("!H").unpack_from


Part = tuple[Shape, int, int, bytes, bytes]
"""One flow of a frame: its shape, the octets in front of it, where the table keeps it (TCP, UDP, 0), its key from the
source and from the destination; of a flow that is carried, without what stands in front."""


class Templates:
    """Heads → the shapes of the flows of frames that have them, the outermost first."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[int, bytes], Sequence[Shape]] = {}

    def learn(self, way: int, head: bytes, frame: bytes, packet: Packet) -> None:
        """Remember what a frame of TCP or UDP (`way`) was decoded to."""
        inner = packet.inner or packet
        named = way == UDP and {inner.sport, inner.dport} & {*UDP_NAMES, *TUNNEL_PORTS}
        if not way or named or not (len(head) == LABEL or head[-3:] in (_FOUR, _SIX)):
            return
        if len(self._shapes) >= _KEPT:
            self._shapes.clear()
        packets = (packet, packet.inner) if packet.inner else (packet,)
        self._shapes[way, _kind(head, frame)] = [shape_of(one) for one in packets]

    def shapes(self, way: int, head: bytes, frame: bytes | memoryview, ends: bytes) -> Sequence[Shape]:
        """Give the shapes of a frame's flows, () where it has to be decoded. `ends`: addresses and ports."""
        shapes = self._shapes.get((way, _kind(head, frame)), ())
        if way == UDP and (ends[-4:-2] in _NAMED or ends[-2:] in _NAMED):
            return ()
        six = head[-1] == _SIX[-1]
        (length,) = _WORD(frame, _LENGTH_AT[len(head)] + 2 * six)  # IPv6's does not count its own header
        return shapes if length + 20 * six >= _LEAST[way] or not length else ()


def parts_of(shapes: Sequence[Shape], way: int, head: bytes, ends: bytes) -> Sequence[Part]:
    """Give the flows of a frame."""
    half = len(ends) // 2 - 2
    there = (_SIX if head[-1] == _SIX[-1] else _FOUR) + ends
    back = there[:3] + ends[half:-4] + ends[:half] + ends[-2:] + ends[-4:-2]
    macs, turned = head[:MACS], head[6:MACS] + head[:6]
    if len(shapes) == 1:
        return ((shapes[0], 0, way, macs + there, turned + back),)
    there, back = there + bytes((way,)), back + bytes((way,))
    kind = head[MACS:LINK]
    outer = (shapes[0], 0, 0, macs + kind + there, turned + kind + back)
    if len(head) == LABEL:
        return outer, (shapes[1], BEHIND_LABEL, 0, there, back)
    macs, turned = head[22:34], head[28:34] + head[22:28]
    return outer, (shapes[1], BEHIND_SERVICE, 0, macs + there, turned + back)


def is_regular(head: bytes) -> bool:
    """Tell whether IP follows a head, without options, where its form has it (of a label, the table looks itself)."""
    return len(head) == LABEL or head[-3:] == _FOUR or head[-3:-1] == _SIX[:2]


def _kind(head: bytes, frame: bytes | memoryview) -> bytes:
    """Give what of a head tells the shapes of its flows: all but addresses; of a label the TTL too."""
    if len(head) == SERVICE:
        return head[MACS:22] + head[34:]
    return bytes(frame[MACS:18]) if len(head) == LABEL else head[MACS:]


def name_ends(flow: FlowRecord, own: bytes, ends: bytes) -> None:
    """Write into a new flow who talks to whom; `own`: its key without what stands in front."""
    if flow.shape.link_protocol:
        flow.link_a, flow.link_b = mac_text(own[6:MACS]), mac_text(own[:6])
    if flow.shape.network_protocol:
        half = len(ends) // 2 - 2
        text = ipv4_text if half == 4 else ipv6_text  # noqa: PLR2004 - octets of an address
        flow.network_a, flow.network_b = text(ends[:half]), text(ends[half:-4])
        flow.port_a, flow.port_b = _PORTS(ends, 2 * half)


def turned(key: bytes) -> bytes:
    """Give the slice of the other direction: MAC addresses, IP addresses and ports change places."""
    half = (len(key) - 19) // 2
    middle, ports = 15 + half, 15 + 2 * half
    return b"".join(
        (
            key[6:12],
            key[:6],
            key[12:15],
            key[middle:ports],
            key[15:middle],
            key[ports + 2 :],
            key[ports : ports + 2],
        )
    )
