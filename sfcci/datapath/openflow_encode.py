"""Flows, groups and changes of them as OpenFlow 1.5 octets.

A switch takes a bundle in while it is made, so making it may cost no more than that: whatever octets all flows share are
made once, here at the top. Source: OpenFlow Switch Specification 1.5.1, 7.2 and 7.3.4; Open vSwitch's nicira-ext.h and
ofp-actions.c for its own actions (resubmit, clone, encap, decap, controller with a pause), netronome's selection method.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

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
from sfcci.chain.openflow import Bucket, Flow, Group, Match
from sfcci.chain.program import Change, Verb
from sfcci.datapath import openflow_message as wire
from sfcci.datapath.openflow_decode import Stray
from sfcci.datapath.openflow_message import NICIRA, header

LONGEST = 0xFFFF
"""Octets of a message: its length is told in two of them."""
_ZEROS = tuple(b"\0" * (-rest % 8) for rest in range(8))
"""Octets beyond the last multiple of 8 → what fills up to the next."""
_HALVES = struct.Struct("!HH").pack
_APPLY = struct.Struct("!HH4x").pack
_GOTO = tuple(struct.pack("!HHB3x", wire.GOTO_TABLE, 8, table) for table in range(256))
_FLOW = struct.Struct("!2sHII2xH2sHIQ8xBB4xH12s4x").pack
_IN_BUNDLE, _FLOW_MOD = bytes((wire.VERSION, wire.BUNDLE_ADD)), bytes((wire.VERSION, wire.FLOW_MOD))
_NO_BUFFER_PORT_GROUP = struct.pack("!III", wire.ANY, wire.ANY, wire.ANY)
_DELETE_STRICT = 4
_FLOW_LENGTH, _BUNDLE_LENGTH = 48, 16
"""Octets of a flow's message in front of its match; octets that a bundle puts in front of a message."""


class TooLong(ValueError):  # noqa: N818 - it is no fault of the octets
    """A change that no message can carry."""

    def __init__(self, change: Change) -> None:
        self.change = change
        super().__init__(f"it takes more than the {LONGEST} octets that a message has")


def _condition(name: str, width: int) -> tuple[int, bytes, bytes, int]:
    return (1 << width) - 1, header(name), header(name, masked=True), wire.SIZES[name]


_CONDITIONS = {name: _condition(name, width) for name, width in WIDTHS.items()}
"""Field → mask of all its bits, header without and with a mask, octets of its value."""


def encode_match(match: Match) -> bytes:
    """Give a match."""
    parts = []
    for name, value, mask in match.bits:
        full, head, masked, size = _CONDITIONS[name]
        if mask == full:
            parts.append(head + value.to_bytes(size, "big"))
        else:
            parts.append(masked + value.to_bytes(size, "big") + mask.to_bytes(size, "big"))
    fields = b"".join(parts)
    length = 4 + len(fields)
    return _HALVES(1, length) + fields + _ZEROS[length % 8]


def _action(kind: int, body: bytes) -> bytes:
    zeros = _ZEROS[(4 + len(body)) % 8]
    return _HALVES(kind, 4 + len(body) + len(zeros)) + body + zeros


def _own(subtype: int, body: bytes) -> bytes:
    """An action of Open vSwitch's own."""
    return _action(0xFFFF, struct.pack("!IH", NICIRA, subtype) + body)


def _setting(name: str) -> tuple[bytes, int, bytes]:
    empty = _action(25, header(name) + bytes(wire.SIZES[name]))
    at = 4 + len(header(name))
    return empty[:at], wire.SIZES[name], empty[at + wire.SIZES[name] :]


_SETTINGS = {name: _setting(name) for name in WIDTHS}
"""Field → what is in front of its value where it is set, octets of that, what follows."""


def _set_field(action: SetField) -> bytes:
    front, size, rest = _SETTINGS[action.name]
    value = action.value.to_bytes(size, "big")
    if action.mask is None:
        return front + value + rest
    return _action(25, header(action.name, masked=True) + value + action.mask.to_bytes(size, "big"))


def _output(port: int) -> bytes:
    return _action(0, struct.pack("!IH6x", port, 0))


def _push(action: Push) -> bytes:
    if action.kind == "mpls":
        return _action(19, struct.pack("!H2x", 0x8847))
    if action.kind == "nsh":  # packet type (1, 0x894f); property: class NSH, type metadata type, 1
        return _own(46, struct.pack("!HI", 0, wire.PACKET_NSH) + struct.pack("!HBBB3x", 4, 1, 5, 1))
    return _own(46, struct.pack("!HI", 0, 0))


def _move(action: Move) -> bytes:
    ends = header(action.source) + header(action.target)
    return _action(28, struct.pack("!HHH2x", action.width, action.first, 0) + ends)


_RESUBMITS = tuple(_own(14, struct.pack("!HB3x", wire.SAME_PORT, table)) for table in range(256))
_ENCODERS: Mapping[type[Any], Callable[[Any], bytes]] = {
    SetField: _set_field,
    Move: _move,
    Push: _push,
    PopMpls: lambda a: _action(20, struct.pack("!H2x", a.eth_type)),
    Decap: lambda _: _own(47, struct.pack("!2xI", wire.PACKET_NEXT)),
    Resubmit: lambda a: _RESUBMITS[a.table],
    ToGroup: lambda a: _action(22, struct.pack("!I", a.group)),
    Output: lambda a: _output(a.port),
    Normal: lambda _: _output(wire.PORT_NORMAL),
    Clone: lambda a: _own(42, b"\0" * 6 + encode_actions(a.actions)),
    Pause: lambda _: _own(37, b"\0" * 6 + struct.pack("!HH4x", 4, 4)),
}


def encode_actions(actions: Iterable[Action]) -> bytes:
    """Give a list of actions, which goes to no later table."""
    return b"".join([_ENCODERS[type(action)](action) for action in actions])


def encode_instructions(actions: tuple[Action, ...]) -> bytes:
    """Give what a flow does: its actions, and the table it goes to."""
    goto = b""
    if actions and type(actions[-1]) is Goto:
        goto, actions = _GOTO[actions[-1].table], actions[:-1]
    body = b"".join([_ENCODERS[type(action)](action) for action in actions])
    return _APPLY(wire.APPLY_ACTIONS, 8 + len(body)) + body + goto if body else goto


def _flow(flow: Flow, command: int, xid: int, bundle: int) -> bytes:
    body = encode_match(flow.match)
    if not command:
        body += encode_instructions(flow.actions)
    length = _FLOW_LENGTH + len(body)
    return (
        _FLOW(
            _IN_BUNDLE,
            length + _BUNDLE_LENGTH,
            xid,
            bundle,
            wire.ATOMIC_ORDERED,
            _FLOW_MOD,
            length,
            xid,
            flow.cookie,
            flow.table,
            command,
            flow.priority,
            _NO_BUFFER_PORT_GROUP,
        )
        + body
    )


def removal(stray: Stray, xid: int) -> bytes:
    """Give the message that takes a flow away whose match is told word for word."""
    length = _FLOW_LENGTH + len(stray.match)
    place = (0, stray.table, _DELETE_STRICT, stray.priority, _NO_BUFFER_PORT_GROUP)
    heads = (_IN_BUNDLE, length + _BUNDLE_LENGTH, xid, 0, wire.ATOMIC_ORDERED, _FLOW_MOD, length, xid)
    return _FLOW(*heads, *place)[_BUNDLE_LENGTH:] + stray.match


def _bucket(bucket: Bucket) -> bytes:
    actions = encode_actions(bucket.actions)
    properties = struct.pack("!HHH2x", 0, 8, 1)
    if bucket.watch is not None:
        properties += struct.pack("!HHI", 1, 8, bucket.watch)
    length = 8 + len(actions) + len(properties)
    return struct.pack("!HHI", length, len(actions), bucket.id) + actions + properties


def _group(group: Group, command: int, xid: int, bundle: int) -> bytes:
    deleted = command == wire.GROUP_DELETE
    buckets = b"" if deleted else b"".join([_bucket(bucket) for bucket in group.buckets])
    head = struct.pack("!HBxIH2xI", command, 1, group.number, len(buckets), 0xFFFFFFFF)
    inner = wire.message(wire.GROUP_MOD, xid, head + buckets + (b"" if deleted else _method(group.fields)))
    length = _BUNDLE_LENGTH + len(inner)
    return struct.pack("!2sHII2xH", _IN_BUNDLE, length, xid, bundle, wire.ATOMIC_ORDERED) + inner


def _method(fields: Iterable[str]) -> bytes:
    """How a group chooses: by a hash over all bits of these fields."""
    hashed = b"".join(header(name) + b"\xff" * wire.SIZES[name] for name in fields)
    body = struct.pack("!II4x16sQ", wire.SELECTION, 1, b"hash", 0) + hashed
    return _HALVES(0xFFFF, 4 + len(body)) + body + _ZEROS[(4 + len(body)) % 8]


_MAKERS: Mapping[Verb, tuple[Callable[[Any, int, int, int], bytes], int]] = {
    Verb.FLOW_ADD: (_flow, 0),
    Verb.FLOW_DELETE: (_flow, _DELETE_STRICT),
    Verb.GROUP_ADD: (_group, 0),
    Verb.GROUP_MODIFY: (_group, 1),
    Verb.GROUP_DELETE: (_group, wire.GROUP_DELETE),
}
"""Verb → what makes its message, and the command in it."""


def addition(change: Change, xid: int, bundle: int) -> bytes:
    """Give the message that puts a change into a bundle. Raises TooLong."""
    make, command = _MAKERS[change.verb]
    try:
        return make(change.item, command, xid, bundle)
    except struct.error:
        raise TooLong(change) from None


def additions(changes: Iterable[Change], bundle: int, first_xid: int) -> Iterator[bytes]:
    """Give the messages that put changes into a bundle, in order; the n-th (from 0) has `first_xid` + n. Raises TooLong."""
    for xid, change in enumerate(changes, first_xid):
        yield addition(change, xid, bundle)
