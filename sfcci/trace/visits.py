"""Where packets went: frames captured at the switch's ports → the hosts that each packet was given to, in order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import IN, OUT, Trail, trails

PLAIN = ("none", 0, 0)


@dataclass(frozen=True)
class Journey:
    """One packet's way through the switch: the host that sent it and those that it was given to, in time order."""

    flow: FiveTuple
    """An echo's identifier stands for its ports; an address that a function makes of another is that other's."""
    sender: str
    """The host whose port the packet was first seen coming from; "" when only deliveries were captured."""
    hops: tuple[str, ...]
    begin_s: float
    """When it was first seen, seconds since the epoch."""
    copies: tuple[str, ...] = ()
    """The taps that got it."""
    carried: tuple[tuple[str, int, int], ...] = ()
    """For each of `hops` what the packet was carried in: "none", "mpls" or "nsh", path id and service index."""

    @property
    def back(self) -> FiveTuple:
        """Give what the packets of its answers carry."""
        return FiveTuple(self.flow.dst, self.flow.src, self.flow.protocol, self.flow.dport, self.flow.sport)


def journeys(
    frames: Iterable[CapturedFrame],
    hosts: Mapping[str, str],
    *,
    taps: Collection[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> tuple[Journey, ...]:
    """Give the journey of every IP packet, oldest first, as `passes` tells it. `hosts`: interface of the switch → host.

    `taps` are hosts that get copies and give nothing back; `aliases` says which address a translator has made of which.
    Frames of other interfaces and other protocols are passed over.
    """
    return tuple(_journey(trail) for trail in trails(frames, hosts, taps=taps, aliases=aliases))


def _journey(trail: Trail) -> Journey:
    given = [one for one in trail.passes if one.direction == OUT]
    begun = trail.passes[:1]
    return Journey(
        trail.flow,
        begun[0].node if begun and begun[0].direction == IN else "",
        tuple(one.node for one in given),
        trail.begin_ns / 1e9,
        tuple(one.node for one in trail.copies),
        tuple(one.place or PLAIN for one in given),
    )
