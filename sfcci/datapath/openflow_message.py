"""OpenFlow 1.5 messages as octets: flows and groups encoded, what a switch answers decoded. No wire is known here.

Source: OpenFlow Switch Specification 1.5.1, section 7; Open vSwitch's nicira-ext.h and ofp-actions.c for its own
actions (resubmit, clone, encap, decap, controller with a pause), netronome's selection method for groups.
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

VERSION = 6
HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, EXPERIMENTER = 0, 1, 2, 3, 4
PACKET_IN, PORT_STATUS, FLOW_MOD, GROUP_MOD = 10, 12, 14, 15
MULTIPART_REQUEST, MULTIPART_REPLY, BARRIER_REQUEST, BARRIER_REPLY = 18, 19, 20, 21
BUNDLE_CONTROL, BUNDLE_ADD = 33, 34
GROUP_DELETE = 2
BUNDLE_OPEN, BUNDLE_COMMIT, BUNDLE_DISCARD = 0, 4, 6
ATOMIC_ORDERED = 3
ANY = 0xFFFFFFFF
PORT_NORMAL, PORT_LAST, SAME_PORT = 0xFFFFFFFA, 0xFFFFFF00, 0xFFF8
GOTO_TABLE, APPLY_ACTIONS = 1, 4
PACKET_NSH, PACKET_NEXT = 1 << 16 | 0x894F, 0xFFFE
SET_CONFIG, SET_PACKET_IN_FORMAT, RESUME, PACKET_IN2 = 9, 16, 28, 30
FLOWS, GROUPS, PORTS = 1, 7, 13
ALL_GROUPS = 0xFFFFFFFC
NICIRA, SELECTION = 0x00002320, 0x0000154D
NSH_FIELDS = 0x005AD650
OXM, NXM, EXPERIMENTAL = 0x8000, 0x0001, 0xFFFF
FIELDS: Mapping[str, tuple[int, int]] = {
    "in_port": (OXM, 0),
    "reg0": (NXM, 0),
    "reg1": (NXM, 1),
    "reg2": (NXM, 2),
    "reg3": (NXM, 3),
    "reg12": (NXM, 12),
    "reg13": (NXM, 13),
    "reg14": (NXM, 14),
    "reg15": (NXM, 15),
    "xxreg1": (NXM, 111 + 1),
    "xxreg2": (NXM, 111 + 2),
    "eth_type": (OXM, 5),
    "eth_src": (OXM, 4),
    "eth_dst": (OXM, 3),
    "mpls_label": (OXM, 34),
    "mpls_tc": (OXM, 35),
    "mpls_ttl": (NXM, 30),
    "nsh_mdtype": (EXPERIMENTAL, 2),
    "nsh_spi": (EXPERIMENTAL, 4),
    "nsh_si": (EXPERIMENTAL, 5),
    "nw_proto": (OXM, 10),
    "ip_frag": (NXM, 26),
    "ip_src": (OXM, 11),
    "ip_dst": (OXM, 12),
    "ipv6_src": (OXM, 26),
    "ipv6_dst": (OXM, 27),
    "icmpv6_type": (OXM, 29),
    "tcp_src": (OXM, 13),
    "tcp_dst": (OXM, 14),
    "udp_src": (OXM, 15),
    "udp_dst": (OXM, 16),
}
"""Field → class and number."""
SIZES = {name: (width + 7) // 8 for name, width in WIDTHS.items()} | {
    "mpls_label": 4,
    "nsh_spi": 4,
    "mpls_ttl": 1,
}
"""Field → octets on the wire."""


_HALVES = struct.Struct("!HH").pack
_ZEROS = tuple(b"\0" * (-rest % 8) for rest in range(8))
"""Octets beyond the last multiple of 8 → what fills up to the next."""
_HEAD = struct.Struct("!BBHI").pack
_FLOW_HEAD = struct.Struct("!QQBBHHHIIIHH").pack
_ADDITION = struct.Struct("!BBHII2xH").pack
_APPLY = struct.Struct("!HH4x").pack
_GOTO = struct.Struct("!HHB3x").pack


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """Give a message: its header and its body."""
    return _HEAD(VERSION, kind, 8 + len(body), xid) + body


def _padded(octets: bytes) -> bytes:
    return octets + b"\0" * (-len(octets) % 8)


def header(name: str, masked: bool = False) -> bytes:
    """Give the header of a field: class, number, whether a mask follows, octets of what follows."""
    class_, number = FIELDS[name]
    length = SIZES[name] * (2 if masked else 1) + (4 if class_ == EXPERIMENTAL else 0)
    head = struct.pack("!HBB", class_, number << 1 | masked, length)
    return head + struct.pack("!I", NSH_FIELDS) if class_ == EXPERIMENTAL else head


_HEADS = {(name, masked): header(name, masked) for name in FIELDS for masked in (False, True)}
_FULL = {name: (1 << width) - 1 for name, width in WIDTHS.items()}


def _field(name: str, value: int, mask: int | None) -> bytes:
    size = SIZES[name]
    if mask is None:
        return _HEADS[name, False] + value.to_bytes(size, "big")
    return _HEADS[name, True] + value.to_bytes(size, "big") + mask.to_bytes(size, "big")


def encode_match(match: Match) -> bytes:
    """Give a match."""
    fields = b"".join(
        [_field(b.name, b.value, None if b.mask == _FULL[b.name] else b.mask) for b in match.bits]
    )
    return _HALVES(1, 4 + len(fields)) + fields + _ZEROS[(4 + len(fields)) % 8]


def _action(kind: int, body: bytes) -> bytes:
    zeros = _ZEROS[(4 + len(body)) % 8]
    return _HALVES(kind, 4 + len(body) + len(zeros)) + body + zeros


def _own(subtype: int, body: bytes) -> bytes:
    """An action of Open vSwitch's own."""
    return _action(0xFFFF, struct.pack("!IH", NICIRA, subtype) + body)


def _output(port: int) -> bytes:
    return _action(0, struct.pack("!IH6x", port, 0))


def _push(action: Push) -> bytes:
    if action.kind == "mpls":
        return _action(19, struct.pack("!H2x", 0x8847))
    if action.kind == "nsh":  # packet type (1, 0x894f); property: class NSH, type metadata type, 1
        return _own(46, struct.pack("!HI", 0, PACKET_NSH) + struct.pack("!HBBB3x", 4, 1, 5, 1))
    return _own(46, struct.pack("!HI", 0, 0))


def _move(action: Move) -> bytes:
    source, target = header(action.source), header(action.target)
    return _action(28, struct.pack("!HHH2x", action.width, action.first, 0) + source + target)


ENCODERS: Mapping[type[Any], Callable[[Any], bytes]] = {
    SetField: lambda a: _action(25, _field(a.name, a.value, a.mask)),
    Move: _move,
    Push: _push,
    PopMpls: lambda a: _action(20, struct.pack("!H2x", a.eth_type)),
    Decap: lambda _: _own(47, struct.pack("!2xI", PACKET_NEXT)),
    Resubmit: lambda a: _own(14, struct.pack("!HB3x", SAME_PORT, a.table)),
    ToGroup: lambda a: _action(22, struct.pack("!I", a.group)),
    Output: lambda a: _output(a.port),
    Normal: lambda _: _output(PORT_NORMAL),
    Clone: lambda a: _own(42, b"\0" * 6 + encode_actions(a.actions)),
    Pause: lambda _: _own(37, b"\0" * 6 + _padded(struct.pack("!HH", 4, 4))),
}


def encode_actions(actions: Iterable[Action]) -> bytes:
    """Give a list of actions, which goes to no later table."""
    return b"".join(ENCODERS[type(action)](action) for action in actions)


def encode_instructions(actions: tuple[Action, ...]) -> bytes:
    """Give what a flow does: its actions, and the table it goes to."""
    body = b"".join([ENCODERS[type(action)](action) for action in actions if type(action) is not Goto])
    octets = _APPLY(APPLY_ACTIONS, 8 + len(body)) + body if body else b""
    return octets + b"".join([_GOTO(GOTO_TABLE, 8, a.table) for a in actions if isinstance(a, Goto)])


def _flow(flow: Flow, command: int) -> bytes:
    head = _FLOW_HEAD(flow.cookie, 0, flow.table, command, 0, 0, flow.priority, ANY, ANY, ANY, 0, 0)
    return head + encode_match(flow.match) + (b"" if command else encode_instructions(flow.actions))


def _bucket(bucket: Bucket) -> bytes:
    actions = encode_actions(bucket.actions)
    properties = struct.pack("!HHH2x", 0, 8, 1)
    if bucket.watch is not None:
        properties += struct.pack("!HHI", 1, 8, bucket.watch)
    length = 8 + len(actions) + len(properties)
    return struct.pack("!HHI", length, len(actions), bucket.id) + actions + properties


def _group(group: Group, command: int) -> bytes:
    buckets = b"".join(_bucket(bucket) for bucket in group.buckets) if command != GROUP_DELETE else b""
    head = struct.pack("!HBxIH2xI", command, 1, group.number, len(buckets), 0xFFFFFFFF)
    if command == GROUP_DELETE:
        return head
    fields = b"".join(_field(name, (1 << 8 * SIZES[name]) - 1, None) for name in group.fields)
    body = struct.pack("!II4x16sQ", SELECTION, 1, b"hash", 0) + fields
    method = _padded(struct.pack("!HH", 0xFFFF, 4 + len(body)) + body)
    return head + buckets + method


_FLOW_COMMANDS = {Verb.FLOW_ADD: 0, Verb.FLOW_DELETE: 4}
_GROUP_COMMANDS = {Verb.GROUP_ADD: 0, Verb.GROUP_MODIFY: 1, Verb.GROUP_DELETE: GROUP_DELETE}


def encode_change(change: Change, xid: int) -> bytes:
    """Give the message that carries a change out."""
    if isinstance(change.item, Flow):
        return message(FLOW_MOD, xid, _flow(change.item, _FLOW_COMMANDS[change.verb]))
    return message(GROUP_MOD, xid, _group(change.item, _GROUP_COMMANDS[change.verb]))


def additions(changes: Iterable[Change], bundle: int, first_xid: int) -> Iterator[bytes]:
    """Give the messages that put changes into a bundle, in order; the n-th (from 0) has `first_xid` + n."""
    for xid, change in enumerate(changes, first_xid):
        inner = encode_change(change, xid)
        yield (
            struct.pack("!BBHII2xH", VERSION, BUNDLE_ADD, 16 + len(inner), xid, bundle, ATOMIC_ORDERED)
            + inner
        )


def bundle_control(xid: int, bundle: int, what: int) -> bytes:
    """Give the message that opens a bundle, commits it (all of it at once, or none) or discards it."""
    return message(BUNDLE_CONTROL, xid, struct.pack("!IHH", bundle, what, ATOMIC_ORDERED))


def hello(xid: int) -> bytes:
    """Give the greeting of one who speaks OpenFlow 1.5 and nothing else."""
    return message(HELLO, xid, struct.pack("!HHI", 1, 8, 1 << VERSION))


def ask_flows(xid: int, cookie: int, mask: int) -> bytes:
    """Give the question for every flow whose cookie agrees with `cookie` in the bits of `mask`."""
    body = struct.pack("!B3xII4xQQ", 0xFF, ANY, ANY, cookie, mask) + encode_match(Match())
    return message(MULTIPART_REQUEST, xid, struct.pack("!HH4x", FLOWS, 0) + body)


def ask_groups(xid: int) -> bytes:
    """Give the question for every group: groups have no cookie."""
    return message(MULTIPART_REQUEST, xid, struct.pack("!HH4xI4x", GROUPS, 0, ALL_GROUPS))


def ask_ports(xid: int) -> bytes:
    """Give the question for every port."""
    return message(MULTIPART_REQUEST, xid, struct.pack("!HH4xI4x", PORTS, 0, ANY))


def want_events(xid: int) -> bytes:
    """Give what has Open vSwitch tell a connection of this kind anything of its own accord: whole packets wanted."""
    return message(SET_CONFIG, xid, struct.pack("!HH", 0, 0xFFFF))


def want_paused(xid: int) -> bytes:
    """Give what has the switch send us the packets that pause, whole, each with what gives it back."""
    return message(EXPERIMENTER, xid, struct.pack("!III", NICIRA, SET_PACKET_IN_FORMAT, 2))


def resume(xid: int, octets: bytes) -> bytes:
    """Give the message that gives a paused packet back: it goes on where it paused."""
    return message(EXPERIMENTER, xid, struct.pack("!II", NICIRA, RESUME) + octets)
