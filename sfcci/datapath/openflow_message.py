"""OpenFlow 1.5 messages as octets: their numbers, their heads, what a switch is asked. No wire is known here.

Source: OpenFlow Switch Specification 1.5.1, section 7; Open vSwitch's nicira-ext.h and ofp-actions.c for its own
actions (resubmit, clone, encap, decap, controller with a pause), netronome's selection method for groups.
"""

import struct
from collections.abc import Mapping

from sfcci.chain.field import WIDTHS

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
    "packet_type": (OXM, 44),
    "tun_id": (OXM, 38),
    "tun_src": (NXM, 31),
    "tun_dst": (NXM, 32),
    "tun_ipv6_src": (NXM, 109),
    "tun_ipv6_dst": (NXM, 110),
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


_HEAD = struct.Struct("!BBHI").pack
EVERYTHING = struct.pack("!HH4x", 1, 4)
"""The match of every packet."""


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """Give a message: its header and its body."""
    return _HEAD(VERSION, kind, 8 + len(body), xid) + body


def header(name: str, masked: bool = False) -> bytes:
    """Give the header of a field: class, number, whether a mask follows, octets of what follows."""
    class_, number = FIELDS[name]
    length = SIZES[name] * (2 if masked else 1) + (4 if class_ == EXPERIMENTAL else 0)
    head = struct.pack("!HBB", class_, number << 1 | masked, length)
    return head + struct.pack("!I", NSH_FIELDS) if class_ == EXPERIMENTAL else head


def bundle_control(xid: int, bundle: int, what: int) -> bytes:
    """Give the message that opens a bundle, commits it (all of it at once, or none) or discards it."""
    return message(BUNDLE_CONTROL, xid, struct.pack("!IHH", bundle, what, ATOMIC_ORDERED))


def hello(xid: int) -> bytes:
    """Give the greeting of one who speaks OpenFlow 1.5 and nothing else."""
    return message(HELLO, xid, struct.pack("!HHI", 1, 8, 1 << VERSION))


def ask_flows(xid: int, cookie: int, mask: int) -> bytes:
    """Give the question for every flow whose cookie agrees with `cookie` in the bits of `mask`."""
    body = struct.pack("!B3xII4xQQ", 0xFF, ANY, ANY, cookie, mask) + EVERYTHING
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
