"""Packets at the ports of a scenario's switch, written as `p1in>` (out of the switch) and `p1out<` (into it)."""

import struct
from functools import cache

from sfcci.datapath import tracing
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.datapath.scenario import load_scenario
from sfcci.trace.evidence import paths_of
from sfcci.trace.meant import meant_of

TCP, UDP = 6, 17
ENDS = {"demo": ("10.0.0.103", "10.0.0.128")}
BEGIN_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000


@cache
def meant(name):
    return meant_of(tracing.of_scenario(load_scenario(name)))


def octets(address):
    return bytes(map(int, address.split(".")))


def packet(source, dest, protocol=UDP, ports=(40000, 53), ttl=64, number=1):
    data = b"x" * 8
    above = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    if protocol == TCP:
        above = struct.pack("!HHIIBBHHH", *ports, 1, 0, 5 << 4, 2, 0, 0, 0)
    size = 20 + len(above) + len(data)
    head = struct.pack("!BBHHHBBH", 0x45, 0, size, number, 0, ttl, protocol, 0)
    return head + octets(source) + octets(dest) + above + data


def framed(data, mac="02:00:00:00:00:01", label=None, nsh=None):
    to, kind = bytes.fromhex(mac.replace(":", "")), 0x0800
    if label is not None:
        data, kind = struct.pack("!I", label << 12 | 1 << 8 | 255) + data, 0x8847
    if nsh is not None:
        inside = to + bytes(6) + struct.pack("!H", 0x0800) + data
        data = struct.pack("!HBBI", 63 << 6 | 6, 1, 3, nsh[0] << 8 | nsh[1]) + bytes(16) + inside
        kind = 0x894F
    return to + bytes(6) + struct.pack("!H", kind) + data


def frames(name, *events, answer=False, at=0, **how):
    """Give frames of one packet of a scenario, a microsecond apart; an event may have its own `ttl`, `label`, `nsh`."""
    source, dest = ENDS.get(name, ("10.0.0.1", "10.0.0.2"))
    ends, ports = ((dest, source), (53, 40000)) if answer else ((source, dest), (40000, 53))
    how.setdefault("ports", ports)
    found = []
    for number, event in enumerate(events):
        where, own = (event, {}) if isinstance(event, str) else event
        header = {word: own[word] for word in ("label", "nsh") if word in own}
        data = framed(packet(*ends, ttl=own.get("ttl", 64), **how), **header)
        time_ns = BEGIN_NS + (at + number) * STEP_NS
        found.append(CapturedFrame(time_ns, where[:-1], "in" if where[-1] == "<" else "out", data, len(data)))
    return found


def seen(at, data, *events):
    """Give the same frame at several ports, a microsecond apart."""
    return [
        CapturedFrame(
            BEGIN_NS + n * STEP_NS, where[:-1], "in" if where[-1] == "<" else "out", data, len(data)
        )
        for n, where in enumerate(events, at)
    ]


def paths(name, *events, given=None, **how):
    return paths_of(frames(name, *events, **how), given or meant(name))


def path(name, *events, **how):
    (found,) = paths(name, *events, **how)
    return found


WHOLE = (
    "source_vm_port<",
    "p1in>",
    ("p1out<", {"ttl": 63}),
    ("p3in>", {"ttl": 63}),
    ("p3out<", {"ttl": 62}),
    ("dest_vm_port>", {"ttl": 62}),
)
MPLS = (
    "source_port<",
    ("p1in>", {"label": 511}),
    ("p1out<", {"label": 510}),
    ("p3in>", {"label": 510}),
    ("p3out<", {"label": 509}),
    "dest_port>",
)
"""A packet of the demonstration that goes as it should."""
THERE = ("source_port<", "p1in>", "p1out<", "p3in>", "p3out<", "dest_port>")
BACK = ("dest_port<", "p3out>", "p3in<", "p1out>", "p1in<", "source_port>")
"""A packet of the symmetric scenario, and its answer."""
