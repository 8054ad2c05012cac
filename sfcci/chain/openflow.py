"""OpenFlow 1.5 as values: matches, flows, buckets, groups.

`str` of a flow or group is what `ovs-ofctl -O OpenFlow15 bundle` reads. Source: ovs-fields(7), ovs-actions(7),
ovs-ofctl(8) "Bundle file".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sfcci.chain.action import Action, spelled_actions
from sfcci.chain.field import WIDTHS, spelled

OUR_COOKIE = 0x5FC0_0000_0000_0000
"""The upper 16 bits of every cookie of ours; the lower 24 carry the path id, 0 for what all chains share."""


class Bits(NamedTuple):
    """One field's condition: the packet's value agrees with `value` in the bits of `mask`.

    This, matches and flows are tuples: there are a hundred thousand of them, and they are keys.
    """

    name: str
    value: int
    mask: int

    def __str__(self) -> str:
        full = (1 << WIDTHS[self.name]) - 1
        text = f"{self.name}={spelled(self.name, self.value)}"
        return text if self.mask == full else f"{text}/{spelled(self.name, self.mask)}"


class Match(NamedTuple):
    """Conditions on fields, each field at most once, in the order of WIDTHS; none matches every packet."""

    bits: tuple[Bits, ...] = ()

    def __str__(self) -> str:
        return ",".join(str(bits) for bits in self.bits)

    def agrees(self, packet: Mapping[str, int]) -> bool:
        """Say whether a packet matches; a field that it lacks never does."""
        return all(b.name in packet and packet[b.name] & b.mask == b.value for b in self.bits)


_made = tuple.__new__
"""What the class of a named tuple does, without its way round through Python."""
_PLACES = {name: (place, (1 << width) - 1) for place, (name, width) in enumerate(WIDTHS.items())}


def match(**fields: int | tuple[int, int]) -> Match:
    """Give a match from `name=value` or `name=(value, mask)`; a mask of 0 leaves the field out."""
    bits: list[Bits] = []
    last, ordered = -1, True
    for name, given in fields.items():
        place, mask = _PLACES[name]
        if isinstance(given, tuple):
            value, mask = given
            if not mask:
                continue
        else:
            value = given
        bits.append(_made(Bits, (name, value & mask, mask)))
        ordered = ordered and last < place
        last = place
    if not ordered:
        bits.sort(key=lambda one: _PLACES[one.name])
    return _made(Match, (tuple(bits),))


FlowKey = tuple[int, int, Match]


class Flow(NamedTuple):
    """A rule. Table, priority and match are its key; no actions means drop."""

    table: int
    priority: int
    match: Match
    actions: tuple[Action, ...]
    cookie: int = OUR_COOKIE

    def __str__(self) -> str:
        return f"cookie={self.cookie:#x},{self.selector},actions={spelled_actions(self.actions)}"

    @property
    def key(self) -> FlowKey:
        """What a switch knows it by: two flows with one key are one flow."""
        return self.table, self.priority, self.match

    @property
    def selector(self) -> str:
        """The key as ovs-ofctl writes it."""
        text = f"table={self.table},priority={self.priority}"
        return f"{text},{self.match}" if self.match.bits else text


@dataclass(frozen=True)
class Bucket:
    """One choice of a group. `id` stays with its member for life: the hash is over it.

    `watch`: the OpenFlow port without which it is no choice.
    """

    id: int
    actions: tuple[Action, ...]
    watch: int | None = None

    def __str__(self) -> str:
        watch = "" if self.watch is None else f"watch_port:{self.watch},"
        return f"bucket=bucket_id:{self.id},weight:1,{watch}actions={spelled_actions(self.actions)}"


@dataclass(frozen=True)
class Group:
    """A select group that chooses by a hash over `fields` of the packet (rendezvous hashing over bucket ids)."""

    number: int
    fields: tuple[str, ...]
    buckets: tuple[Bucket, ...]

    def __str__(self) -> str:
        head = f"group_id={self.number},type=select,selection_method=hash,fields({','.join(self.fields)})"
        return ",".join([head, *(str(bucket) for bucket in self.buckets)])
