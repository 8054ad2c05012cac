"""The path that a real packet took, hop by hop, and whether it is its chain's."""

from dataclasses import dataclass
from enum import StrEnum

from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import Pass


class Verdict(StrEnum):
    """What is to be said of a path in a word."""

    OK = "OK"
    BYPASSED = "BYPASSED"
    """It went past a function that its chain names."""
    WRONG_ORDER = "WRONG-ORDER"
    """It visited functions in another order, or others, than its chain names."""
    DROPPED_AT = "DROPPED-AT"
    """It did not arrive."""


class Where(StrEnum):
    """Where a packet was dropped."""

    FUNCTION = "in the function"
    SWITCH = "in the switch"
    CLASSIFIER = "before the classifier"


class Role(StrEnum):
    """What a node is to a packet."""

    SOURCE = "source"
    FUNCTION = "function"
    TAP = "tap"
    DESTINATION = "destination"
    OTHER = "other"
    """It got a frame that is not for it: flooded."""


@dataclass(frozen=True)
class Hop:
    """One node that a packet came to. Names are those of people; "" and () where there is none."""

    node: str
    role: Role
    given: Pass | None = None
    """The frame that the switch gave to it; None at the source."""
    returned: Pass | None = None
    """The frame that it gave to the switch; None where it kept it."""
    delta_ns: int = 0
    """From the last time that the packet was seen to the first time here: at the source 0."""
    chain: str = ""
    group: str = ""
    pair: str = ""
    spi: int | None = None
    si: int | None = None
    """The place on the path that the switch knows the packet at when it gives it to the function."""
    label: int | None = None
    """The same as one number: the MPLS label of a function that knows it. See `on_wire`."""
    on_wire: bool = False
    """Whether place or label was in the frame; else it is from the switch's tables."""
    number: int | None = None
    """The group's number on the switch; None where there was no choice."""
    buckets: tuple[int, ...] = ()
    """The ids of the group's buckets that lead to this pair: as many as its weight says."""
    choices: int = 0
    """How many live pairs the group had to choose from."""
    fault: str = ""

    @property
    def inside_ns(self) -> int | None:
        """How long the node kept it."""
        return self.returned.time_ns - self.given.time_ns if self.given and self.returned else None

    @property
    def time_ns(self) -> int:
        """When the packet was first seen here, since the epoch."""
        first = self.given or self.returned
        return first.time_ns if first else 0


@dataclass(frozen=True)
class Step:
    """One group of the chain that was meant: the pairs that may serve, and the one that did ("" for none)."""

    group: str
    pairs: tuple[str, ...]
    nodes: tuple[str, ...]
    """The hosts of the pairs, in their order."""
    visited: str = ""
    tap: bool = False


@dataclass(frozen=True)
class ChainPath:
    """One direction of one request: the way of its first packet, or of the first one that went wrong."""

    flow: FiveTuple
    tracking_id: str
    """L3TrackingID: the same for both directions."""
    direction: str
    """"forward": as the request; "reverse": as the answer."""
    hops: tuple[Hop, ...]
    verdict: Verdict
    says: str
    chain: str = ""
    """The name of the chain that wants it; "": none does."""
    back: bool = False
    """Whether it is on the way back of a symmetric chain."""
    meant: tuple[Step, ...] = ()
    node: str = ""
    """The node that the verdict is about; "" for OK."""
    where: Where | None = None
    at: Pass | None = None
    """The frame of which the switch made what is wrong; None where a function is to blame, or nobody."""
    told: str = ""
    """What the switch said of that frame when it was asked (ofproto/trace)."""
    packets: int = 1
    """How many packets this direction of the flow had."""
    alike: int = 1
    """How many of them went the same way."""
    first: int = 1
    """Which of them this is the way of."""

    @property
    def ok(self) -> bool:
        """Whether it went as its chain says, or, without a chain, arrived."""
        return self.verdict is Verdict.OK

    @property
    def pairs(self) -> tuple[str, ...]:
        """The pairs that it visited, in order."""
        return tuple(hop.pair for hop in self.hops if hop.role is Role.FUNCTION)

    @property
    def begin_ns(self) -> int:
        """When the packet was first seen, since the epoch."""
        return self.hops[0].time_ns if self.hops else 0
