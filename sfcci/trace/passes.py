"""Packets followed from port to port: frames seen at the switch's ports → one trail for each packet.

A packet is known again behind a function by its addresses, ports, IP id, TCP numbers and length: a router changes its
MAC addresses and its TTL only. Of packets that look the same (sent again, say) each has a trail of its own: what a host
sends was given to it, or is new. When they look the same none overtakes another.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.trace.packet import FiveTuple, Packet, decode

IN, OUT = "in", "out"
"""Into the switch, out of it."""
Encap = tuple[str | int, ...]
"""What a packet is carried in: ("vlan", id), ("mpls", label, ttl), ("nsh", spi, si, ttl)."""
Identity = tuple[object, ...]
MOST_WAYS = 200_000
"""Packets that are kept in mind at once; the oldest are given up for new ones."""


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
    encap: tuple[Encap, ...]
    """The outermost first."""
    eth_src: str
    eth_dst: str
    ttl: int | None
    length: int
    """Octets of the frame."""
    flow: FiveTuple
    """As it is there: a translator changes it. An echo's identifier stands for its ports."""


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
        return min(
            self.passes[0].time_ns if self.passes else self.copies[0].time_ns,
            *(c.time_ns for c in self.copies),
            (1 << 63),
        )

    @property
    def shape(self) -> tuple[object, ...]:
        """What two packets have in common that went the same way: everything but times, numbers of packets and lengths."""
        return tuple((one.port, one.direction, one.encap) for one in (*self.passes, *self.copies))
