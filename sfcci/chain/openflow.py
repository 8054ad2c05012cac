"""OpenFlow 1.5 as values: matches, actions, flows, groups, a program of them, and the changes between two programs.

`str` of a flow, group or change is what `ovs-ofctl -O OpenFlow15 bundle` reads. Source: ovs-fields(7), ovs-actions(7),
ovs-ofctl(8) "Bundle file".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address

OUR_COOKIE = 0x5FC0_0000_0000_0000
"""The upper 16 bits of every cookie of ours; the lower 24 carry the path id, 0 for what all chains share."""
WIDTHS = {
    "in_port": 32,
    "reg0": 32,
    "reg1": 32,
    "reg2": 32,
    "eth_type": 16,
    "eth_src": 48,
    "eth_dst": 48,
    "nw_proto": 8,
    "ip_src": 32,
    "ip_dst": 32,
    "ipv6_src": 128,
    "ipv6_dst": 128,
    "icmpv6_type": 8,
    "tcp_src": 16,
    "tcp_dst": 16,
    "udp_src": 16,
    "udp_dst": 16,
}
"""Field → width in bits. Order: prerequisites in front, as they are printed."""


def _hex(value: int) -> str:
    return f"0x{value:x}"


def _mac(value: int) -> str:
    return ":".join(f"{byte:02x}" for byte in value.to_bytes(6, "big"))


def _ip(value: int) -> str:
    return str(IPv4Address(value))


def _ipv6(value: int) -> str:
    return str(IPv6Address(value))


_SPELLINGS: Mapping[str, Callable[[int], str]] = {
    "in_port": str,
    "eth_type": _hex,
    "nw_proto": str,
    "icmpv6_type": str,
    "eth_src": _mac,
    "eth_dst": _mac,
    "ip_src": _ip,
    "ip_dst": _ip,
    "ipv6_src": _ipv6,
    "ipv6_dst": _ipv6,
}


def spelled(name: str, value: int) -> str:
    """Give a field's value as ovs-ofctl writes it."""
    return _SPELLINGS.get(name, _hex)(value)


@dataclass(frozen=True, order=True)
class Bits:
    """One field's condition: the packet's value agrees with `value` in the bits of `mask`."""

    name: str
    value: int
    mask: int

    def __str__(self) -> str:
        full = (1 << WIDTHS[self.name]) - 1
        text = f"{self.name}={spelled(self.name, self.value)}"
        return text if self.mask == full else f"{text}/{spelled(self.name, self.mask)}"


@dataclass(frozen=True, order=True)
class Match:
    """Conditions on fields, each field at most once, in the order of WIDTHS; none matches every packet."""

    bits: tuple[Bits, ...] = ()

    def __str__(self) -> str:
        return ",".join(str(bits) for bits in self.bits)

    def agrees(self, packet: Mapping[str, int]) -> bool:
        """Say whether a packet matches; a field that it lacks never does."""
        return all(b.name in packet and packet[b.name] & b.mask == b.value for b in self.bits)


def match(**fields: int | tuple[int, int]) -> Match:
    """Give a match from `name=value` or `name=(value, mask)`; a mask of 0 leaves the field out."""
    bits = []
    for name, width in WIDTHS.items():
        if name in fields:
            given = fields[name]
            value, mask = given if isinstance(given, tuple) else (given, (1 << width) - 1)
            if mask:
                bits.append(Bits(name, value & mask, mask))
    return Match(tuple(bits))


@dataclass(frozen=True)
class SetField:
    """Write a value into a field."""

    name: str
    value: int

    def __str__(self) -> str:
        return f"set_field:{spelled(self.name, self.value)}->{self.name}"


@dataclass(frozen=True)
class Goto:
    """Go on in a later table."""

    table: int

    def __str__(self) -> str:
        return f"goto_table:{self.table}"


@dataclass(frozen=True)
class Resubmit:
    """Look the packet up in a table: what a bucket, which knows no goto, does."""

    table: int

    def __str__(self) -> str:
        return f"resubmit(,{self.table})"


@dataclass(frozen=True)
class ToGroup:
    """Hand the packet to a group."""

    group: int

    def __str__(self) -> str:
        return f"group:{self.group}"


@dataclass(frozen=True)
class Output:
    """Send the packet out of a port (never out of the one that it came in by: the switch sees to that)."""

    port: int

    def __str__(self) -> str:
        return f"output:{self.port}"


@dataclass(frozen=True)
class Normal:
    """Switch the packet as a learning switch does."""

    def __str__(self) -> str:
        return "NORMAL"


Action = SetField | Goto | Resubmit | ToGroup | Output | Normal


def _actions(actions: tuple[Action, ...]) -> str:
    return ",".join(str(action) for action in actions) or "drop"


@dataclass(frozen=True)
class Flow:
    """A rule. Table, priority and match are its key; no actions means drop."""

    table: int
    priority: int
    match: Match
    actions: tuple[Action, ...]
    cookie: int = OUR_COOKIE

    def __str__(self) -> str:
        return f"cookie={self.cookie:#x},{self.selector},actions={_actions(self.actions)}"

    @cached_property
    def selector(self) -> str:
        """The key as ovs-ofctl writes it; two flows with one selector are one flow."""
        text = f"table={self.table},priority={self.priority}"
        return f"{text},{self.match}" if self.match.bits else text


@dataclass(frozen=True)
class Bucket:
    """One choice of a group. `id` stays with its member for life: the hash is over it."""

    id: int
    actions: tuple[Action, ...]

    def __str__(self) -> str:
        return f"bucket=bucket_id:{self.id},weight:1,actions={_actions(self.actions)}"


@dataclass(frozen=True)
class Group:
    """A select group that chooses by a hash over `fields` of the packet (rendezvous hashing over bucket ids)."""

    number: int
    fields: tuple[str, ...]
    buckets: tuple[Bucket, ...]

    def __str__(self) -> str:
        head = f"group_id={self.number},type=select,selection_method=hash,fields({','.join(self.fields)})"
        return ",".join([head, *(str(bucket) for bucket in self.buckets)])


@dataclass(frozen=True)
class Program:
    """All flows and groups of ours on a switch, each key once, in the order of their keys."""

    flows: tuple[Flow, ...] = ()
    groups: tuple[Group, ...] = ()

    @cached_property
    def flow_of(self) -> Mapping[str, Flow]:
        """Flows by selector."""
        return {flow.selector: flow for flow in self.flows}

    @cached_property
    def group_of(self) -> Mapping[int, Group]:
        """Groups by number."""
        return {group.number: group for group in self.groups}

    @cached_property
    def tables(self) -> Mapping[int, tuple[Flow, ...]]:
        """Flows by table, highest priority first."""
        tables: dict[int, list[Flow]] = {}
        for flow in sorted(self.flows, key=lambda f: -f.priority):
            tables.setdefault(flow.table, []).append(flow)
        return {table: tuple(flows) for table, flows in tables.items()}

    def __str__(self) -> str:
        return "\n".join([*(f"group add {g}" for g in self.groups), *(f"flow add {f}" for f in self.flows)])


def program_of(flows: Iterable[Flow], groups: Iterable[Group] = ()) -> Program:
    """Give the program of these flows and groups, in canonical order, doubles taken out."""
    by_selector = {flow.selector: flow for flow in flows}
    by_number = {group.number: group for group in groups}
    return Program(
        tuple(sorted(by_selector.values(), key=_place)),
        tuple(by_number[number] for number in sorted(by_number)),
    )


def _place(flow: Flow) -> tuple[int, int, list[tuple[str, int, int]]]:
    """Where a flow stands in a program; the order of matches, spelled out for speed."""
    return flow.table, -flow.priority, [(bits.name, bits.value, bits.mask) for bits in flow.match.bits]


class Verb(StrEnum):
    """What a change does. Order: a flow never names a group that is not there yet, or no longer."""

    GROUP_ADD = "group add"
    GROUP_MODIFY = "group modify"
    FLOW_ADD = "flow add"
    FLOW_DELETE = "flow delete_strict"
    GROUP_DELETE = "group delete"


@dataclass(frozen=True)
class Change:
    """One line of a bundle."""

    verb: Verb
    item: Flow | Group

    def __str__(self) -> str:
        if self.verb is Verb.FLOW_DELETE and isinstance(self.item, Flow):
            return f"{self.verb} {self.item.selector}"
        if self.verb is Verb.GROUP_DELETE and isinstance(self.item, Group):
            return f"{self.verb} group_id={self.item.number}"
        return f"{self.verb} {self.item}"


def changes(old: Program, new: Program) -> tuple[Change, ...]:
    """Give what turns `old` into `new`, in the order in which a switch takes it; nothing when they are equal."""
    if old is new:
        return ()
    old_groups, new_groups = old.group_of, new.group_of
    return (
        *(Change(Verb.GROUP_ADD, g) for g in new.groups if g.number not in old_groups),
        *(Change(Verb.GROUP_MODIFY, g) for g in new.groups if old_groups.get(g.number, g) != g),
        *(Change(Verb.FLOW_ADD, f) for f in new.flows if old.flow_of.get(f.selector) != f),
        *(Change(Verb.FLOW_DELETE, f) for f in old.flows if f.selector not in new.flow_of),
        *(Change(Verb.GROUP_DELETE, g) for g in old.groups if g.number not in new_groups),
    )


def applied(steps: Iterable[Change], program: Program) -> Program:
    """Give the program after the changes: what a switch holds once it has taken them."""
    flows, groups = dict(program.flow_of), dict(program.group_of)
    for step in steps:
        if isinstance(step.item, Group):
            groups.pop(step.item.number, None)
            if step.verb is not Verb.GROUP_DELETE:
                groups[step.item.number] = step.item
        else:
            flows.pop(step.item.selector, None)
            if step.verb is not Verb.FLOW_DELETE:
                flows[step.item.selector] = step.item
    return program_of(flows.values(), groups.values())
