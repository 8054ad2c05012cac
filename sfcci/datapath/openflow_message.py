"""OpenFlow 1.5 messages as octets: flows and groups encoded, what a switch answers decoded. No wire is known here.

Source: OpenFlow Switch Specification 1.5.1, section 7; Open vSwitch's nicira-ext.h and ofp-actions.c for its own
actions (resubmit, clone, encap, decap, controller with a pause), netronome's selection method for groups.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
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
ANY = 0xFFFFFFFF
PORT_NORMAL, PORT_IN = 0xFFFFFFFA, 0xFFFFFFF8
NICIRA, SELECTION = 0x00002320, 0x0000154D
NSH_FIELDS = 0x005AD650
OXM, NXM, EXPERIMENTAL = 0x8000, 0x0001, 0xFFFF
FIELDS: Mapping[str, tuple[int, int]] = {
    "in_port": (OXM, 0),
    "reg0": (NXM, 0),
    "reg1": (NXM, 1),
    "reg2": (NXM, 2),
    "reg3": (NXM, 3),
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
SIZES = {name: (width + 7) // 8 for name, width in WIDTHS.items()} | {"mpls_label": 4, "nsh_spi": 4, "mpls_ttl": 1}
"""Field → octets on the wire."""


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """Give a message: its header and its body."""
    return struct.pack("!BBHI", VERSION, kind, 8 + len(body), xid) + body


def _padded(octets: bytes) -> bytes:
    return octets + b"\0" * (-len(octets) % 8)


def _header(name: str, masked: bool = False) -> bytes:
    """The header of a field: class, number, whether a mask follows, octets of what follows."""
    class_, number = FIELDS[name]
    length = SIZES[name] * (2 if masked else 1) + (4 if class_ == EXPERIMENTAL else 0)
    head = struct.pack("!HBB", class_, number << 1 | masked, length)
    return head + struct.pack("!I", NSH_FIELDS) if class_ == EXPERIMENTAL else head


def _field(name: str, value: int, mask: int | None) -> bytes:
    size = SIZES[name]
    octets = _header(name, mask is not None) + value.to_bytes(size, "big")
    return octets if mask is None else octets + mask.to_bytes(size, "big")


def encode_match(match: Match) -> bytes:
    """Give a match."""
    fields = b"".join(
        _field(bits.name, bits.value, None if bits.mask == (1 << WIDTHS[bits.name]) - 1 else bits.mask)
        for bits in match.bits
    )
    return _padded(struct.pack("!HH", 1, 4 + len(fields)) + fields)


def _action(kind: int, body: bytes) -> bytes:
    octets = _padded(struct.pack("!HH", kind, 0) + body)
    return octets[:2] + struct.pack("!H", len(octets)) + octets[4:]


def _own(subtype: int, body: bytes) -> bytes:
    """An action of Open vSwitch's own."""
    return _action(0xFFFF, struct.pack("!IH", NICIRA, subtype) + body)


def _output(port: int) -> bytes:
    return _action(0, struct.pack("!IH6x", port, 0))


def _push(action: Push) -> bytes:
    if action.kind == "mpls":
        return _action(19, struct.pack("!H2x", 0x8847))
    if action.kind == "nsh":  # packet type (1, 0x894f); property: class NSH, type metadata type, 1
        return _own(46, struct.pack("!HI", 0, 1 << 16 | 0x894F) + struct.pack("!HBBB3x", 4, 1, 5, 1))
    return _own(46, struct.pack("!HI", 0, 0))


def _move(action: Move) -> bytes:
    source, target = _header(action.source), _header(action.target)
    return _action(28, struct.pack("!HHH2x", action.width, action.first, 0) + source + target)


ENCODERS: Mapping[type[Any], Callable[[Any], bytes]] = {
    SetField: lambda a: _action(25, _field(a.name, a.value, a.mask)),
    Move: _move,
    Push: _push,
    PopMpls: lambda a: _action(20, struct.pack("!H2x", a.eth_type)),
    Decap: lambda _: _own(47, struct.pack("!2xI", 0xFFFE)),
    Resubmit: lambda a: _own(14, struct.pack("!HB3x", 0xFFF8, a.table)),
    ToGroup: lambda a: _action(22, struct.pack("!I", a.group)),
    Output: lambda a: _output(a.port),
    Normal: lambda _: _output(PORT_NORMAL),
    Clone: lambda a: _own(42, b"\0" * 6 + encode_actions(a.actions)),
    Pause: lambda _: _own(37, b"\0" * 6 + struct.pack("!HH4x", 3, 4)[:0] + _padded(struct.pack("!HH", 4, 4))),
}


def encode_actions(actions: Iterable[Action]) -> bytes:
    """Give a list of actions, which goes to no later table."""
    return b"".join(ENCODERS[type(action)](action) for action in actions)


def _instructions(actions: tuple[Action, ...]) -> bytes:
    """What a flow does: its actions, and the table it goes to."""
    done = [action for action in actions if not isinstance(action, Goto)]
    octets = b""
    if done:
        body = encode_actions(done)
        octets = struct.pack("!HH4x", 4, 8 + len(body)) + body
    return octets + b"".join(struct.pack("!HHB3x", 1, 8, a.table) for a in actions if isinstance(a, Goto))


def _flow(flow: Flow, command: int) -> bytes:
    head = struct.pack(
        "!QQBBHHHIIIHH", flow.cookie, 0, flow.table, command, 0, 0, flow.priority, ANY, ANY, ANY, 0, 0
    )
    deletes = command in (3, 4)
    return head + encode_match(flow.match) + (b"" if deletes else _instructions(flow.actions))


def _bucket(bucket: Bucket) -> bytes:
    actions = encode_actions(bucket.actions)
    properties = struct.pack("!HHH2x", 0, 8, 1)
    if bucket.watch is not None:
        properties += struct.pack("!HHI", 1, 8, bucket.watch)
    length = 8 + len(actions) + len(properties)
    return struct.pack("!HHI", length, len(actions), bucket.id) + actions + properties


def _group(group: Group, command: int) -> bytes:
    buckets = b"".join(_bucket(bucket) for bucket in group.buckets) if command < 2 else b""
    head = struct.pack("!HBxIH2xI", command, 1, group.number, len(buckets), 0xFFFFFFFF)
    if command == 2:
        return head
    fields = b"".join(_field(name, (1 << 8 * SIZES[name]) - 1, None) for name in group.fields)
    body = struct.pack("!II4x16sQ", SELECTION, 1, b"hash", 0) + fields
    method = _padded(struct.pack("!HH", 0xFFFF, 4 + len(body)) + body)
    return head + buckets + method


_FLOW_COMMANDS = {Verb.FLOW_ADD: 0, Verb.FLOW_DELETE: 4}
_GROUP_COMMANDS = {Verb.GROUP_ADD: 0, Verb.GROUP_MODIFY: 1, Verb.GROUP_DELETE: 2}


def encode_change(change: Change, xid: int) -> bytes:
    """Give the message that carries a change out."""
    if isinstance(change.item, Flow):
        return message(FLOW_MOD, xid, _flow(change.item, _FLOW_COMMANDS[change.verb]))
    return message(GROUP_MOD, xid, _group(change.item, _GROUP_COMMANDS[change.verb]))


def bundle(changes: Iterable[Change], number: int = 1, first_xid: int = 1) -> bytes:
    """Give the messages of a bundle: all of the changes at once, or none. Its last message's answer tells."""
    octets = [message(BUNDLE_CONTROL, first_xid, struct.pack("!IHH", number, 0, 3))]
    xid = first_xid
    for xid, change in enumerate(changes, first_xid + 1):  # noqa: B007 - the last one is wanted
        octets.append(message(BUNDLE_ADD, xid, struct.pack("!I2xH", number, 3) + encode_change(change, xid)))
    octets.append(message(BUNDLE_CONTROL, xid + 1, struct.pack("!IHH", number, 4, 3)))
    return b"".join(octets)
