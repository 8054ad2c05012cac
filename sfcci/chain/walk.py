"""A walk through a program: what a switch that holds it does with a packet, on our own values alone.

A packet is a mapping from field to number (the fields of `openflow.WIDTHS`); a field that is not in it does not exist
in the packet (a TCP segment has no udp_dst). Registers are 0 at the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sfcci.chain.openflow import (
    Action,
    Bucket,
    Goto,
    Group,
    Normal,
    Output,
    Program,
    Resubmit,
    SetField,
    ToGroup,
)

Packet = Mapping[str, int]
Choose = Callable[[Group, Packet], Bucket]
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


def walk(program: Program, packet: Packet, choose: Choose = first_bucket) -> tuple[Sent, ...]:
    """Give what leaves the switch, in order; nothing when the packet is dropped. `choose` stands for the hash.

    Raises LookupError for a group that is not there, RecursionError for a program without an end.
    """
    steps = _Walk(program, {"reg0": 0, "reg1": 0, "reg2": 0, **packet}, choose)
    steps.look_up(0)
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

    def execute(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            match action:
                case SetField(name, value):
                    self.packet[name] = value
                case Goto(table) | Resubmit(table):
                    self.look_up(table)
                case ToGroup(number):
                    self.enter(number)
                case Output(port) if port != self.packet["in_port"]:
                    self.sent.append(Sent(port, dict(self.packet)))
                case Normal():
                    self.sent.append(Sent(None, dict(self.packet)))

    def enter(self, number: int) -> None:
        group = self.program.group_of.get(number)
        if group is None:
            raise LookupError(f"no group {number}")
        kept = dict(self.packet)  # what a bucket writes is its own (OpenFlow 1.5, section 5.10)
        self.execute(self.choose(group, self.packet).actions)
        self.packet = kept
