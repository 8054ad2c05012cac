"""What a frame says, as values: `packet.decode` makes them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sfcci.trace.tunnel import Carried, MplsLabel, ServiceHeader


class FiveTuple(NamedTuple):
    """Whom a packet is from and to; ports are None where the protocol has none or they were cut off."""

    src: str
    dst: str
    protocol: int
    sport: int | None = None
    dport: int | None = None


class Arp(NamedTuple):
    """Who asks for whom (operation 1), or answers (2): their IPv4 addresses (RFC 826)."""

    operation: int
    sender: str
    target: str


@dataclass(frozen=True)
class Packet:
    """What a frame says. None: the frame has no such field, or ends before it.

    It has no slots on purpose: what a frame does not say stays the class's default, so that making one costs no more
    than what was read (`packet`).
    """

    eth_src: str = ""
    eth_dst: str = ""
    vlans: tuple[int, ...] = ()
    """VLAN ids, the outermost first."""
    mpls: tuple[MplsLabel, ...] = ()
    """The label stack, the outermost first."""
    nsh: ServiceHeader | None = None
    """The service header; addresses and types of Ethernet are those of the frame around it."""
    ethertype: int | None = None
    """The type behind the VLAN tags (MPLS's own when there are labels)."""
    ip_version: int | None = None
    src: str | None = None
    dst: str | None = None
    ttl: int | None = None
    """TTL or hop limit."""
    protocol: int | None = None
    """The protocol above IP, behind IPv6's extension headers."""
    ip_id: int | None = None
    """IPv4's identification: with the addresses it tells one packet from the next."""
    fragment: bool = False
    sport: int | None = None
    dport: int | None = None
    tcp_seq: int | None = None
    tcp_ack: int | None = None
    tcp_flags: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None
    icmp_seq: int | None = None
    icmp_inner: FiveTuple | None = None
    """The packet that an ICMP error speaks of."""
    payload_length: int = 0
    """Octets behind the last header that was read, by IP's own length: padding of the frame does not count."""
    truncated: bool = False
    """The frame ends before it should, or its lengths contradict each other."""
    arp: Arp | None = None
    inner: "Packet | None" = field(default=None, compare=False, repr=False)
    """What a label stack, a service header or a tunnel carries. Of the first two this packet has the addresses, ports
    and lengths too, as long as it has no IP header of its own."""
    layers: tuple[str, ...] = field(default=(), compare=False)
    """The layers' names, up to where `inner` begins: ("Ethernet", "MPLS")."""
    encap: tuple[Carried, ...] = field(default=(), compare=False)
    """All that the packet is carried in and that it carries its inner one in, the outermost first: see `tunnel`."""
    number: int = field(default=0, compare=False)
    """The network's: VNI, or GRE key."""
    addresses: bytes = field(default=b"", compare=False, repr=False)
    """Source and destination of this packet's own IP header, in octets."""
    macs: bytes = field(default=b"", compare=False, repr=False)
    """Destination and source of Ethernet, in octets, as they stand in the frame."""
    at: int = field(default=0, compare=False)
    """Where the packet begins in the frame."""
    payload_at: int = field(default=0, compare=False)
    """Where the payload of TCP or UDP begins in the frame."""

    @property
    def five_tuple(self) -> FiveTuple | None:
        """Source, destination, protocol and ports; None when the packet is not IP."""
        if self.src is None or self.dst is None or self.protocol is None:
            return None
        return FiveTuple(self.src, self.dst, self.protocol, self.sport, self.dport)
