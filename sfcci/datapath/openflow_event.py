"""What a switch says of its own accord, as values: what became of a port, packets that wait with us.

Source: OpenFlow Switch Specification 1.5.1, 7.2.1 and 7.4.3; Open vSwitch's nicira-ext.h (NXT_PACKET_IN2, NXT_RESUME).
"""

import struct
import sys
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sfcci.datapath import openflow_message as wire
from sfcci.datapath.openflow_decode import PACKET_REGISTERS, fields, pieces


class PortFate(StrEnum):
    """What became of a port."""

    ADDED = "added"
    DELETED = "deleted"
    CHANGED = "changed"


@dataclass(frozen=True)
class SwitchPort:
    """A port as the switch tells of it. `up`: set up, and with a link."""

    number: int
    name: str
    up: bool


@dataclass(frozen=True)
class PortEvent:
    """Something became of a port."""

    fate: PortFate
    port: SwitchPort


@dataclass(frozen=True)
class Paused:
    """A packet that waits with us. `octets`: what gives it back, word for word.

    `cookie` is that of the flow by which it came into the first table. `place`: register 0 when it paused. `node`:
    where it paused, of many.
    """

    octets: bytes
    cookie: int
    frame: bytes
    in_port: int = 0
    place: int = 0
    node: str = ""

    @property
    def size(self) -> int:
        """Octets that keeping it takes."""
        return len(self.octets)


def decode_ports(octets: bytes) -> Iterator[SwitchPort]:
    """Give each port of a row of them (ofp_port)."""
    at = 0
    while at < len(octets):
        number, length, name, config, state = struct.unpack_from("!IH10x16sII", octets, at)
        yield SwitchPort(number, name.rstrip(b"\0").decode("utf-8", "replace"), not (config | state) & 1)
        at += max(length, 40)


def decode_port_event(body: bytes) -> PortEvent:
    """Give what a port status message says."""
    fate = (PortFate.ADDED, PortFate.DELETED, PortFate.CHANGED)[min(body[0], 2)]
    return PortEvent(fate, next(decode_ports(body[8:])))


def decode_paused(body: bytes) -> Paused | None:
    """Give the packet that a message of Open vSwitch's own brings, if it is one that waits to be given back."""
    if struct.unpack_from("!II", body) != (wire.NICIRA, wire.PACKET_IN2):
        return None
    cookie, metadata, frame, waits = 0, b"", b"", False
    for kind, value in pieces(body, 8, len(body)):
        if kind == 0:
            frame = value
        elif kind == 4:  # noqa: PLR2004 - NXPINT_COOKIE
            cookie = struct.unpack_from("!4xQ", value)[0]
        elif kind == 6:  # noqa: PLR2004 - NXPINT_METADATA
            metadata = value
        elif kind == 8:  # noqa: PLR2004 - NXPINT_CONTINUATION
            waits = True
    return Paused(body[8:], cookie, frame, *_where(metadata)) if waits else None


def _where(octets: bytes) -> tuple[int, int]:
    """The port that a packet came in by and its first register, from its metadata; the switch tells registers in twos."""
    known = {(f.class_, f.number): f.value for f in fields(octets, 0, len(octets))}
    return known.get(wire.FIELDS["in_port"], 0), known.get((PACKET_REGISTERS, 0), 0) >> 32


class Parking:
    """Packets that wait, in the order in which they came, of at most `limit` octets; one too many is lost, and counted.

    A switch keeps nothing of a packet that pauses: all of it is here.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self.limit, self.lost, self.octets = limit, 0, 0
        self._packets: deque[Paused] = deque()

    def __len__(self) -> int:
        return len(self._packets)

    def park(self, packet: Paused) -> bool:
        """Keep a packet; say whether there was room."""
        if self.octets + packet.size > self.limit:
            self.lost += 1
            return False
        self._packets.append(packet)
        self.octets += packet.size
        return True

    def leave(self, most: int = sys.maxsize, but: Collection[int] = ()) -> tuple[Paused, ...]:
        """Hand out the first `most` of them, first come first, but for those at these places; none of them is kept."""
        packets: list[Paused] = []
        others: list[Paused] = []
        while self._packets and len(packets) < most:
            packet = self._packets.popleft()
            (others if packet.place in but else packets).append(packet)
        self._packets.extendleft(reversed(others))
        self.octets -= sum(packet.size for packet in packets)
        return tuple(packets)
