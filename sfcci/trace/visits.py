"""Where packets went: frames captured at the switch's ports → the hosts that each packet was given to, in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.trace.packet import FiveTuple, Packet, decode


@dataclass(frozen=True)
class Journey:
    """One packet's way through the switch: the host that sent it and those that it was given to, in time order."""

    flow: FiveTuple
    sender: str
    """The host whose port the packet was first seen coming from; "" when only deliveries were captured."""
    hops: tuple[str, ...]
    begin_s: float
    """When it was first seen, seconds since the epoch."""


def journeys(frames: Iterable[CapturedFrame], hosts: Mapping[str, str]) -> tuple[Journey, ...]:
    """Give the journey of every IP packet, oldest first. `hosts` maps an interface of the switch to its host.

    A packet is known again behind a function by its addresses, ports, IP id, TCP sequence and length: a router
    changes its MAC addresses and its TTL only. Frames of other interfaces and other protocols are passed over.
    """
    ways: dict[tuple[object, ...], list[tuple[float, str, str]]] = {}
    for frame in sorted(frames, key=lambda one: one.time_ns):
        host = hosts.get(frame.interface)
        packet = decode(frame.data)
        if host is not None and packet.five_tuple is not None:
            ways.setdefault(identity(packet), []).append((frame.time_s, frame.direction, host))
    return tuple(_journey(key, seen) for key, seen in ways.items())


def identity(packet: Packet) -> tuple[object, ...]:
    """What stays of a packet from hop to hop; the five-tuple comes first."""
    return (
        packet.five_tuple,
        packet.ip_id,
        packet.tcp_seq,
        packet.tcp_flags,
        packet.icmp_seq,
        packet.payload_length,
    )


def _journey(key: tuple[object, ...], seen: list[tuple[float, str, str]]) -> Journey:
    flow = key[0]
    assert isinstance(flow, FiveTuple)  # noqa: S101 - `journeys` lets IP packets in only
    time_s, direction, first = seen[0]
    hops = tuple(host for _, way, host in seen if way == "out")
    return Journey(flow, first if direction == "in" else "", hops, time_s)
