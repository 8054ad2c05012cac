"""OpenFlow 1.5 octets as values: what `openflow_message` encodes, as a switch gives it back.

`Unread` is raised for what is not in our words: another program's flow, or a flow of ours that somebody changed.
Source: OpenFlow Switch Specification 1.5.1, section 7; Open vSwitch's nicira-ext.h.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

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
from sfcci.chain.field import WIDTHS
from sfcci.chain.openflow import Bits, Bucket, Flow, Group, Match, match
from sfcci.datapath import openflow_message as wire

NAMES: Mapping[tuple[int, int], str] = {code: name for name, code in wire.FIELDS.items()}
"""Class and number → field."""
PACKET_REGISTERS = 0x8001
"""The class of 64-bit registers: two of the 32-bit ones each, in which a switch tells matches on them."""
ORDER = {name: place for place, name in enumerate(WIDTHS)}


class Unread(ValueError):  # noqa: N818 - it is no fault: the octets say what we never say
    """Octets that say something that our values cannot."""


@dataclass(frozen=True)
class _Field:
    """A field's octets, taken apart."""

    class_: int
    number: int
    value: int
    mask: int
    full: bool

    @property
    def name(self) -> str:
        name = NAMES.get((self.class_, self.number))
        if name is None:
            raise Unread(f"field {self.number} of class {self.class_:#06x}")
        return name


def _header(octets: bytes, at: int) -> tuple[int, int, bool, int, int]:
    """Give class, number, whether a mask follows, octets of the value and mask, and where these begin."""
    class_, number, length = struct.unpack_from("!HBB", octets, at)
    at += 4
    if class_ == wire.EXPERIMENTAL:
        if struct.unpack_from("!I", octets, at)[0] != wire.NSH_FIELDS:
            raise Unread("another maker's field")
        at, length = at + 4, length - 4
    return class_, number >> 1, bool(number & 1), length, at


def _field(octets: bytes, at: int) -> tuple[_Field, int]:
    class_, number, masked, length, at = _header(octets, at)
    size = length // 2 if masked else length
    value = int.from_bytes(octets[at : at + size], "big")
    all_ones = (1 << 8 * size) - 1
    mask = int.from_bytes(octets[at + size : at + 2 * size], "big") if masked else all_ones
    return _Field(class_, number, value, mask, mask == all_ones), at + length


def fields(octets: bytes, at: int, end: int) -> Iterator[_Field]:
    """Give each of a row of fields."""
    while at < end:
        found, at = _field(octets, at)
        yield found


def _words(found: _Field) -> Iterator[tuple[str, tuple[int, int]]]:
    """A field as the ones that we name: a 64-bit register is two."""
    if found.class_ != PACKET_REGISTERS:
        width = (1 << WIDTHS.get(found.name, 8)) - 1
        yield found.name, (found.value, found.mask & width)
        return
    for register, shift in ((2 * found.number, 32), (2 * found.number + 1, 0)):
        mask = found.mask >> shift & 0xFFFFFFFF
        if mask:
            if f"reg{register}" not in WIDTHS:
                raise Unread(f"register {register}")
            yield f"reg{register}", (found.value >> shift & 0xFFFFFFFF, mask)


def _heads() -> Iterator[tuple[bytes, tuple[str, int, bool]]]:
    """Header → field, octets of its value, whether a mask follows."""
    for name in WIDTHS:
        for masked in (False, True):
            yield wire.header(name, masked), (name, wire.SIZES[name], masked)


_HEADS = dict(_heads())
_FULL = {name: (1 << width) - 1 for name, width in WIDTHS.items()}
Placed = tuple[tuple[int, Bits], ...]
"""Conditions, each with the place of its field among WIDTHS."""
_READ: dict[bytes, Placed] = {}
"""What fields of matches say that have been read: most of a switch's matches say the same of most fields."""
_MOST_READ = 1 << 14


def _condition(octets: bytes) -> Placed:
    """What one field of a match, with its header, says: a 64-bit register says something of two."""
    head = _HEADS.get(octets[:4])
    if head is None:
        bits = _spelled_out(octets)
    else:
        name, size, masked = head
        mask = _FULL[name]
        if masked:
            mask &= int.from_bytes(octets[4 + size :], "big")
        bits = (Bits(name, int.from_bytes(octets[4 : 4 + size], "big") & mask, mask),)
    placed = tuple((ORDER[one.name], one) for one in bits)
    if len(_READ) >= _MOST_READ:
        _READ.clear()
    _READ[octets] = placed
    return placed


def _spelled_out(octets: bytes) -> tuple[Bits, ...]:
    words = dict(_words(_field(octets, 0)[0]))
    if unknown := words.keys() - WIDTHS.keys():
        raise Unread(f"a match on {', '.join(sorted(unknown))}")
    return match(**words).bits


_LENGTH, _FIELD_LENGTH = struct.Struct("!2xH").unpack_from, struct.Struct("!3xB").unpack_from


def decode_match(octets: bytes, at: int = 0) -> tuple[Match, int]:
    """Give a match, and where what follows it begins."""
    length = _LENGTH(octets, at)[0]
    begin, end = at + 4, at + length
    if end > len(octets):
        raise Unread("a length that cannot be")
    found: list[tuple[int, Bits]] = []
    while begin < end:
        then = begin + 4 + _FIELD_LENGTH(octets, begin)[0]
        field = octets[begin:then]
        found += _READ.get(field) or _condition(field)
        begin = then
    found.sort()
    return Match(tuple([bits for _, bits in found])), at + (length + 7) // 8 * 8


def _set_field(body: bytes) -> Action:
    found, _ = _field(body, 0)
    return SetField(found.name, found.value, None if found.full else found.mask)


def _move(body: bytes) -> Action:
    width, first, target_first = struct.unpack_from("!HHH", body)
    class_, number, _, _, at = _header(body, 8)
    to_class, to_number, _, _, _ = _header(body, at)
    if target_first:
        raise Unread("a move to the middle of a field")
    source = _Field(class_, number, 0, 0, full=False).name
    return Move(source, first, width, _Field(to_class, to_number, 0, 0, full=False).name)


def _output(body: bytes) -> Action:
    port = struct.unpack_from("!I", body)[0]
    if port == wire.PORT_NORMAL:
        return Normal()
    if port > wire.PORT_LAST:
        raise Unread(f"output to the reserved port {port:#x}")
    return Output(port)


def _push_mpls(body: bytes) -> Action:
    if body[:2] != b"\x88\x47":
        raise Unread("another label's ethertype")
    return Push("mpls")


def _resubmit(body: bytes) -> Action:
    port, table = struct.unpack_from("!HB", body)
    if port != wire.SAME_PORT:
        raise Unread("a lookup as if from another port")
    return Resubmit(table)


def _encap(body: bytes) -> Action:
    kind = struct.unpack_from("!I", body, 2)[0]
    kinds = {wire.PACKET_NSH: "nsh", 0: "ethernet"}
    if kind not in kinds:
        raise Unread(f"an encapsulation of type {kind:#x}")
    return Push(kinds[kind])


def _decap(body: bytes) -> Action:
    if struct.unpack_from("!2xI", body)[0] != wire.PACKET_NEXT:
        raise Unread("a header taken off for a given one below")
    return Decap()


def _pause(body: bytes) -> Action:
    if body[6:10] != struct.pack("!HH", 4, 4) or any(body[10:]):
        raise Unread("a packet for a controller")
    return Pause()


_OWN: Mapping[int, Callable[[bytes], Action]] = {
    14: _resubmit,
    37: _pause,
    42: lambda body: Clone(decode_actions(body[6:])),
    46: _encap,
    47: _decap,
}


def _own(body: bytes) -> Action:
    maker, subtype = struct.unpack_from("!IH", body)
    decoder = _OWN.get(subtype) if maker == wire.NICIRA else None
    if decoder is None:
        raise Unread(f"action {subtype} of maker {maker:#x}")
    return decoder(body[6:])


_DECODERS: Mapping[int, Callable[[bytes], Action]] = {
    0: _output,
    19: _push_mpls,
    20: lambda body: PopMpls(struct.unpack_from("!H", body)[0]),
    22: lambda body: ToGroup(struct.unpack_from("!I", body)[0]),
    25: _set_field,
    28: _move,
    0xFFFF: _own,
}


def pieces(octets: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Give type and body of each of a row of things that begin with type and length, padded to 8 octets."""
    while at < end:
        kind, length = struct.unpack_from("!HH", octets, at)
        if length < 4 or at + length > end:  # noqa: PLR2004 - the header's own length
            raise Unread("a length that cannot be")
        yield kind, octets[at + 4 : at + length]
        at += (length + 7) // 8 * 8


def decode_actions(octets: bytes) -> tuple[Action, ...]:
    """Give a list of actions. Raises Unread."""
    actions = []
    for kind, body in pieces(octets, 0, len(octets)):
        if kind not in _DECODERS:
            raise Unread(f"action {kind}")
        actions.append(_DECODERS[kind](body))
    return tuple(actions)


@lru_cache(maxsize=1 << 12)
def decode_instructions(octets: bytes) -> tuple[Action, ...]:
    """Give what a flow does. Raises Unread."""
    actions: tuple[Action, ...] = ()
    for kind, body in pieces(octets, 0, len(octets)):
        if kind == wire.APPLY_ACTIONS:
            actions += decode_actions(body[4:])
        elif kind == wire.GOTO_TABLE:
            actions += (Goto(body[0]),)
        else:
            raise Unread(f"instruction {kind}")
    return actions


_FLOW = struct.Struct("!4xBxHHHHHQ").unpack_from


def decode_flow(octets: bytes) -> Flow:
    """Give a flow from what a switch says of it (ofp_flow_desc). Raises Unread."""
    table, priority, idle, hard, _, _, cookie = _FLOW(octets)
    if idle or hard:
        raise Unread("a flow that ends by itself")
    found, at = decode_match(octets, 24)
    at += (_LENGTH(octets, at)[0] + 7) // 8 * 8  # counters
    return Flow(table, priority, found, decode_instructions(octets[at:]), cookie)


@dataclass(frozen=True)
class Stray:
    """A flow in our name that says what we never say: by what a switch knows it, the match word for word."""

    table: int
    priority: int
    match: bytes


def decode_stray(octets: bytes) -> Stray:
    """Give what a switch knows a flow by (ofp_flow_desc), whatever it says."""
    table, priority, *_ = _FLOW(octets)
    return Stray(table, priority, octets[24 : 24 + (_LENGTH(octets, 24)[0] + 7) // 8 * 8])


def decode_group_number(octets: bytes) -> int:
    """Give the number of a group (ofp_group_desc), whatever it does."""
    return int.from_bytes(octets[4:8], "big")


def _bucket(octets: bytes) -> Bucket:
    length, of_actions, number = struct.unpack_from("!HHI", octets)
    watch, weight = None, 1
    for kind, body in pieces(octets, 8 + of_actions, length):
        if kind == 0:
            weight = struct.unpack_from("!H", body)[0]
        elif kind == 1:
            port = struct.unpack_from("!I", body)[0]
            watch = None if port == wire.ANY else port
        elif kind == 2 and body[:4] != b"\xff" * 4:  # noqa: PLR2004 - a group that is watched
            raise Unread("a bucket that watches a group")
    if weight != 1:
        raise Unread("a bucket with a weight")
    return Bucket(number, decode_actions(octets[8 : 8 + of_actions]), watch)


def _buckets(octets: bytes) -> Iterator[Bucket]:
    at = 0
    while at < len(octets):
        length = struct.unpack_from("!H", octets, at)[0]
        if length < 8:  # noqa: PLR2004 - the header's own length
            raise Unread("a length that cannot be")
        yield _bucket(octets[at : at + length])
        at += length


def _method(octets: bytes) -> tuple[str, ...]:
    """The fields that a group hashes, in the order of WIDTHS: the switch keeps none."""
    for kind, body in pieces(octets, 0, len(octets)):
        if kind == wire.EXPERIMENTAL and struct.unpack_from("!II", body) == (wire.SELECTION, 1):
            if body[12:28].rstrip(b"\0") != b"hash":
                break
            return tuple(sorted((f.name for f in fields(body, 36, len(body))), key=lambda n: ORDER[n]))
    raise Unread("a group that does not choose by a hash over fields")


def decode_group(octets: bytes) -> Group:
    """Give a group from what a switch says of it (ofp_group_desc). Raises Unread."""
    kind, number, length = struct.unpack_from("!2xBxIH", octets)
    if kind != 1:
        raise Unread(f"a group of type {kind}")
    buckets = tuple(_buckets(octets[16 : 16 + length]))
    return Group(number, _method(octets[16 + length :]), buckets)


def entries(octets: bytes) -> Iterator[bytes]:
    """Give each entry of a multipart answer whose entries begin with their length."""
    at = 0
    while at < len(octets):
        length = struct.unpack_from("!H", octets, at)[0]
        if not length:
            raise Unread("an entry of no length")
        yield octets[at : at + length]
        at += length
