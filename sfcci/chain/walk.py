"""A walk through a program: what a switch that holds it does with a packet, on our own values alone.

A packet is a mapping from field to number (the fields of `openflow.WIDTHS`); a field that is not in it does not exist
in the packet (a TCP segment has no udp_dst). Registers are 0 at the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sfcci.chain.action import (
    Action,
    Clone,
    Decap,
    Goto,
    Move,
    Normal,
    Output,
    Pause,
    PopMpls,
    Push,
    Resubmit,
    SetField,
    ToGroup,
)
from sfcci.chain.field import REGISTERS
from sfcci.chain.openflow import Bucket, Group
from sfcci.chain.program import Program
from sfcci.chain.table import MPLS, NSH, NSH_PACKET

Packet = Mapping[str, int]
Choose = Callable[[Group, Packet], Bucket]
FRAME = ("eth_type", "eth_src", "eth_dst")
MAX_LOOKUPS = 64
"""A switch gives up somewhere (Open vSwitch: 4096 resubmits); no program of ours comes near."""


@dataclass(frozen=True)
class Sent:
    """A packet that leaves: out of `port`, or, when that is None, switched NORMAL."""

    port: int | None
    packet: Packet


def first_bucket(group: Group, _packet: Packet) -> Bucket:
    """Choose the bucket with the lowest id."""
    return group.buckets[0]


def walk(program: Program, packet: Packet, choose: Choose = first_bucket, table: int = 0) -> tuple[Sent, ...]:
    """Give what leaves the switch, in order; nothing when the packet is dropped. `choose` stands for the hash.

    It begins in `table`. Raises LookupError for a group that is not there, RecursionError for a program without an end.
    """
    steps = _Walk(program, {**dict.fromkeys(REGISTERS, 0), **packet}, choose)
    steps.look_up(table)
    return tuple(steps.sent)


class _Walk:
    def __init__(self, program: Program, packet: dict[str, int], choose: Choose) -> None:
        self.program, self.packet, self.choose = program, packet, choose
        self.sent: list[Sent] = []
        self.lookups = 0

    def look_up(self, table: int) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise RecursionError(f"more than {MAX_LOOKUPS} tables")
        for flow in self.program.tables.get(table, ()):
            if flow.match.agrees(self.packet):
                self.execute(flow.actions)
                return

    def execute(self, actions: tuple[Action, ...]) -> None:  # noqa: C901 - a case for each action
        for action in actions:
            match action:
                case SetField(name, value, mask):
                    self.write(name, value, mask)
                case Move(source, first, width, target):
                    self.write(target, self.packet[source] >> first & (1 << width) - 1, (1 << width) - 1)
                case Push() | PopMpls() | Decap():
                    self.packet = wrapped(self.packet, action)
                case Goto(table) | Resubmit(table):
                    self.look_up(table)
                case ToGroup(number):
                    self.enter(number)
                case Clone(inner):
                    self.apart(inner)
                case Output(port) if port != self.packet["in_port"]:
                    self.sent.append(Sent(port, dict(self.packet)))
                case Pause():
                    self.sent.append(Sent(None, {**self.packet, "parked": 1}))
                    return
                case Normal():
                    self.sent.append(Sent(None, dict(self.packet)))

    def write(self, name: str, value: int, mask: int | None) -> None:
        kept = 0 if mask is None else self.packet.get(name, 0) & ~mask
        self.packet[name] = kept | value

    def apart(self, actions: tuple[Action, ...]) -> None:
        """What is written meanwhile is the copy's own (OpenFlow 1.5, section 5.10, says so of buckets, too)."""
        kept = dict(self.packet)
        self.execute(actions)
        self.packet = kept

    def enter(self, number: int) -> None:
        group = self.program.group_of.get(number)
        if group is None:
            raise LookupError(f"no group {number}")
        self.apart(self.choose(group, self.packet).actions)


def wrapped(packet: Mapping[str, int], action: Push | PopMpls | Decap) -> dict[str, int]:
    """Give the packet with one header more or less; what is below one is kept under names of its own. Raises LookupError."""
    match action:
        case Push("mpls"):
            return {**packet, "eth_type": MPLS, "mpls_label": 0, "mpls_tc": 0, "mpls_ttl": 0}
        case PopMpls(eth_type):
            kept = {name: value for name, value in packet.items() if not name.startswith("mpls_")}
            return {**kept, "eth_type": eth_type}
        case Push("nsh"):
            below = {f"below_{name}": packet[name] for name in FRAME}
            header = {"packet_type": NSH_PACKET, "nsh_mdtype": 1, "nsh_spi": 0, "nsh_si": 0}
            return {**packet, **below, "eth_type": NSH, **header}
        case Push():
            return {n: v for n, v in packet.items() if n != "packet_type"} | {"eth_src": 0, "eth_dst": 0}
    if packet["eth_type"] != NSH or "nsh_mdtype" not in packet:
        raise LookupError("no header to take off")
    if not packet.get("bare"):
        return {**packet, "bare": 1}
    gone = {name for name in packet if name.startswith(("nsh_", "below_"))} | {"bare"}
    return {n: v for n, v in packet.items() if n not in gone} | {n: packet[f"below_{n}"] for n in FRAME}
