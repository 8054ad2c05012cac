"""What tells flows apart: a packet → the key of its flow in either direction, and a new record for it.

The key of a TCP or UDP flow of an Ethernet frame is the header with all left out that differs from packet to packet,
VLAN tags too: a packet is the same flow with and without them. A flow that is carried by another has that one's key in
front of its own. What a label or a service header carries belongs to the key of the flow around it.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from sfcci.trace import tracking, tunnel
from sfcci.trace.flow import UNKNOWN, FlowRecord, Owner, Shape
from sfcci.trace.flow_id import HEADS
from sfcci.trace.packet import ICMP, ICMPV6, IPV4, SCTP, TCP, UDP, Packet
from sfcci.trace.tunnel import Carried

TRANSPORTS = {TCP: "TCP", UDP: "UDP", SCTP: "SCTP"}
NETWORKS = {4: "IPV4", 6: "IPV6"}
TUNNEL_PORTS = (tunnel.VXLAN_PORT, tunnel.GPE_PORT, tunnel.GENEVE_PORT, *tunnel.MPLS_PORTS)
BEHIND_LABEL, BEHIND_SERVICE = 18, 38
"""Octets in front of what a label, and a service header, carry."""
ECHO_REQUESTS = (8, 128)
_PORTS = struct.Struct("!HH").pack


class Key(NamedTuple):
    """A flow's key as the packet's source would see it, and as its destination would; `way`: 0 for other than ports."""

    way: int
    there: bytes
    back: bytes


def key_of(packet: Packet, parent: FlowRecord | None, *, link: bool = True, by_slice: bool = True) -> Key:
    """Give the key of the flow that a packet belongs to.

    Without `link`, MAC addresses count only where there is nothing else. With `by_slice` the key of a TCP or UDP flow
    that nothing carries is the slice of its plain frames, else `way` is 0.
    """
    macs = packet.macs if link or not packet.addresses else b""
    there, back = _above_link(packet)
    if not packet.addresses:
        kind = struct.pack("!H", (packet.ethertype or 0) & 0xFFFF)
        there, back = kind + there, kind + back
    there, back = macs + there, macs[6:] + macs[:6] + back
    if parent is None and by_slice and packet.addresses and macs and _plain(packet):
        return Key(packet.protocol or 0, there, back)
    before = parent.key_around() if parent is not None else b""
    protocol = bytes([packet.protocol or 0])
    return Key(0, before + there + protocol, before + back + protocol)


def _above_link(packet: Packet) -> tuple[bytes, bytes]:
    """Give the part of a key above the link layer; of a packet without addresses that of the one that it carries."""
    if not packet.addresses:
        return _above_link(packet.inner) if packet.inner else (b"", b"")
    half = len(packet.addresses) // 2
    source, destination = packet.addresses[:half], packet.addresses[half:]
    head = HEADS[packet.ip_version or IPV4]
    there, back = _above_network(packet)
    return head + source + destination + there, head + destination + source + back


def _above_network(packet: Packet) -> tuple[bytes, bytes]:
    if _tunnel(packet):
        there = struct.pack("!IH", packet.number, packet.dport)
        return there, there
    if packet.sport is not None and packet.dport is not None:
        return _PORTS(packet.sport, packet.dport), _PORTS(packet.dport, packet.sport)
    if packet.icmp_type is not None:
        kind = tracking.icmp_kind(packet.ip_version or IPV4, packet.icmp_type)
        there = struct.pack("!BBH", kind, packet.icmp_code or 0, packet.icmp_id or 0)
        return there, there
    there = struct.pack("!BI", packet.fragment, packet.number)
    return there, there


def _tunnel(packet: Packet) -> bool:
    return packet.protocol == UDP and packet.layers[-1] in ("VXLAN", "Geneve")


def _plain(packet: Packet) -> bool:
    """Tell whether TCP's or UDP's ports tell its flow, and nothing is carried in it."""
    if packet.sport is None or packet.protocol not in (TCP, UDP) or packet.inner:
        return False
    return packet.protocol == TCP or packet.dport not in TUNNEL_PORTS


def is_plain(packet: Packet) -> bool:
    """Tell whether all packets with the same addresses and ports are of its flow: the long way may be left out."""
    return _plain(packet) or (packet.icmp_type is not None and packet.inner is None)


def is_told_by_slice(packet: Packet) -> bool:
    """Tell whether all frames with the slice of this one, which is cut at fixed places, belong to its flows."""
    inner = packet.inner
    if inner is None:
        return bool(packet.addresses) and is_plain(packet)
    at = BEHIND_SERVICE if inner.macs else BEHIND_LABEL
    if packet.addresses or packet.vlans or inner.at != at:
        return False
    return bool(inner.addresses) and is_plain(inner)


def is_whole(packet: Packet) -> bool:
    """Tell whether a packet, the innermost, is all that its addresses and protocol promise: its like are of its flow."""
    if packet.protocol in TRANSPORTS:
        return packet.sport is not None
    return packet.protocol not in (ICMP, ICMPV6) or packet.icmp_type is not None


def begun(packet: Packet, parent: FlowRecord | None, owner: Owner, key: bytes, time_ns: int) -> FlowRecord:
    """Give a flow that begins with a packet, without having counted it."""
    flow = FlowRecord(shape_of(packet), owner, key, time_ns)
    flow.parent = parent
    if packet.macs:
        flow.link_a, flow.link_b = packet.eth_src, packet.eth_dst
    if packet.addresses:
        flow.network_a, flow.network_b = packet.src, packet.dst
        flow.port_a, flow.port_b = packet.sport, packet.dport
        if packet.icmp_type is not None:
            flow.port_a, flow.port_b = packet.icmp_id or 0, None
            flow.rtt = UNKNOWN - (packet.icmp_seq or 0) if packet.icmp_type in ECHO_REQUESTS else None
    return flow


def shape_of(packet: Packet) -> Shape:
    """Give what a flow that begins with a packet shares with others of its kind."""
    own = bool(packet.addresses)
    ports = own and packet.sport is not None
    icmp = own and packet.icmp_type is not None and packet.protocol in (ICMP, ICMPV6)
    return _shape(
        packet.layers,
        packet.vlans,
        bool(packet.macs),
        packet.ip_version if own else None,
        packet.number,
        packet.protocol if ports else None,
        (tracking.icmp_kind(packet.ip_version or IPV4, packet.icmp_type or 0), packet.icmp_code or 0)
        if icmp
        else None,
        packet.encap,
    )


@lru_cache(4096)
def _shape(
    layers: tuple[str, ...],
    vlans: tuple[int, ...],
    link: bool,
    version: int | None,
    number: int,
    transport: int | None,
    icmp: tuple[int, int] | None,
    encap: tuple[Carried, ...],
) -> Shape:
    """Give a shape; flows of one kind share it."""
    return Shape(
        layers_path="/".join(layers),
        link_protocol="ETHERNET" if link else "",
        link_id=sum(vlan << 12 * at for at, vlan in enumerate(vlans)),
        network_protocol=NETWORKS.get(version or 0, ""),
        network_id=number if version else 0,
        transport_protocol=TRANSPORTS.get(transport or 0, ""),
        icmp_type=tracking.ICMP_NAMES[icmp[0]] if icmp else None,
        icmp_code=icmp[1] if icmp else 0,
        application=layers[-1] if layers else "",
        encap=encap,
    )
