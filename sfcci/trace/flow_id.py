"""What a flow's ids are hashed of, read back from its key: ids are asked of few flows, so none is made before that.

A key (`table_key`) ends with MAC addresses, an EtherType where the flow has no network layer, then what stands above:
version, addresses, and ports, ICMP's message or a tunnel's number; what carries the flow stands in front.
"""

import struct
from typing import NamedTuple

from sfcci.trace import tracking

LINK = 14
"""Octets of a key that come from Ethernet, when it begins with one."""
MACS, HEAD = 12, 3
HEADS = {4: b"\x08\x00\x45", 6: b"\x86\xdd\x60"}
"""IP's version → what stands in front of addresses."""
PROTOCOLS = {"TCP": 6, "UDP": 17}
_ICMP = {1, 58}
_PORTS, _FRAGMENT, _TUNNEL = 4, 5, 6
"""Octets behind the addresses: of ports or an ICMP message, of what has neither, of a tunnel."""


class Conversation(NamedTuple):
    """What is hashed: MAC addresses (destination, source) or b"", IP addresses or b"", and what is above them."""

    macs: bytes
    source: bytes
    destination: bytes
    above: tuple[bytes, bytes, bytes]

    def l3_tracking_id(self) -> int:
        """Give the number that is the same on every hop."""
        return tracking.l3_tracking_id(self.source, self.destination, self.above)

    def tracking_id(self, *, by_link: bool) -> int:
        """Give the number of the same conversation between the same MAC addresses, with `by_link`."""
        if not by_link and self.source:
            return self.l3_tracking_id()
        macs = self.macs[6:], self.macs[:6]
        return tracking.tracking_id(macs, self.source, self.destination, self.above)


def conversation_of(key: bytes, *, linked: bool, networked: bool, transport: str) -> Conversation:
    """Read a key without what carries its flow; `linked`: it begins with MAC addresses, `networked`: IP follows.

    `transport` is the name of TCP or UDP for keys that end with ports, without a protocol.
    """
    macs = key[:MACS] if linked else b""
    rest = key[len(macs) + (0 if networked else 2) :]
    if len(rest) <= HEAD:
        return Conversation(macs, b"", b"", tracking.NOTHING)
    size = 4 if rest[:HEAD] == HEADS[4] else 16
    source, destination = rest[HEAD : HEAD + size], rest[HEAD + size : HEAD + 2 * size]
    above = rest[HEAD + 2 * size :]
    protocol = PROTOCOLS.get(transport, 0)
    if len(above) > _PORTS:
        above, protocol = above[:-1], above[-1]
    return Conversation(macs, source, destination, _hashed(above, protocol))


def _hashed(above: bytes, protocol: int) -> tuple[bytes, bytes, bytes]:
    """Give what is hashed of what stands behind the addresses."""
    if len(above) == _TUNNEL:
        vni, port = struct.unpack("!IH", above)
        return tracking.tunnel_part(vni, port)
    if len(above) == _PORTS and protocol in tracking.PORT_TYPES:
        source, destination = struct.unpack("!HH", above)
        return tracking.ports_part(protocol, source, destination)
    if len(above) == _PORTS and protocol in _ICMP:
        return tracking.icmp_part(*struct.unpack("!BBH", above))
    return tracking.NOTHING
