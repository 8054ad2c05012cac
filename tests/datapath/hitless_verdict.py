"""What became of numbered packets while their chain was changed: lost, past a function, in a wrong order; all on values.

A packet may have met each order of functions that was in force at some time from its sending to its coming.
"""

import struct
from collections import Counter
from dataclasses import dataclass, field

from sfcci.trace.packet import UDP, decode

NSH = b"\x89\x4f"
PAYLOAD = 64
HEAD = struct.Struct("!QQ")
MORE, PAST, ORDER, ASTRAY = "more", "past", "order", "astray"


@dataclass(frozen=True)
class Era:
    """An order of functions (each hop the ports by which it is entered), and when a packet may meet it (ns)."""

    begin_ns: int
    end_ns: float
    order: tuple[frozenset[str], ...]


@dataclass
class Passage:
    """A packet on its way: when it was sent, when the switch gave it to its receiver, the functions' ports it entered.

    `stays_ns`: in each function; `passing_ns`: through the switch from each.
    """

    sent_ns: int
    came_ns: int = 0
    entered: list[str] = field(default_factory=list)
    stays_ns: list[int] = field(default_factory=list)
    passing_ns: list[int] = field(default_factory=list)
    last: tuple[str, str, int] = ("", "", 0)
    """Where it was seen last: the port, into the switch or out of it, when."""


def without_nsh(data):
    """Take a network service header away, and the Ethernet header before it (RFC 8300, section 2.2)."""
    return data[14 + 4 * (data[15] & 0x3F) :] if data[12:14] == NSH else data


def passages(frames, ends):
    """Give the passages of a stream's packets by (address, port, number). `ends`: ports of the switch that are no function's."""
    found, since = {}, {}
    for frame in sorted(frames, key=lambda one: one.time_ns):
        data = without_nsh(frame.data)
        packet = decode(data)
        if packet.protocol != UDP or packet.truncated or packet.payload_length != PAYLOAD:
            continue
        number, sent_ns = HEAD.unpack_from(data, len(data) - PAYLOAD)
        key = packet.dst, packet.dport, number
        passage = found.setdefault(key, Passage(sent_ns))
        _seen(passage, frame, frame.interface in ends, since.get(key))
        since[key] = frame.time_ns
        passage.last = frame.interface, frame.direction, frame.time_ns
    return found


def _seen(passage, frame, end, before_ns):
    """Note where a packet was seen, after `before_ns`."""
    if frame.direction == "out" and passage.entered:
        passage.passing_ns.append(frame.time_ns - before_ns)
    if end:
        passage.came_ns = frame.time_ns if frame.direction == "out" else passage.came_ns
    elif frame.direction == "out":
        passage.entered.append(frame.interface)
    elif passage.entered:
        passage.stays_ns.append(frame.time_ns - before_ns)


def judged(passage, eras):
    """Say what is wrong with a passage; "" when nothing is, MORE when it has passed more functions than it had to.

    PAST: of no order that it may have met all functions; ORDER: all of one, in another order; ASTRAY: it has had more
    than the one order that it may have met.
    """
    end = passage.came_ns or passage.sent_ns
    orders = {era.order for era in eras if era.begin_ns <= end and passage.sent_ns <= era.end_ns}
    fitting = [order for order in orders if _in_order(order, passage.entered)]
    if fitting:
        if any(len(order) == len(passage.entered) for order in fitting):
            return ""
        return ASTRAY if len(orders) == 1 else MORE
    had = any(all(any(port in hop for port in passage.entered) for hop in order) for order in orders)
    return ORDER if had else PAST


def _in_order(order, entered):
    left = iter(entered)
    return all(any(port in hop for port in left) for hop in order)


def counted(found, eras, address):
    """Count the verdicts on the passages to an address that have come."""
    return Counter(
        judged(passage, eras) for (to, _, _), passage in found.items() if to == address and passage.came_ns
    )


def faults(found, eras, address):
    """Say of each packet to an address that is lost or wrong what became of it, by the updates (of which eras end)."""
    for (to, port, number), passage in sorted(found.items()):
        said = judged(passage, eras) if passage.came_ns else "lost"
        if to == address and said not in ("", MORE):
            update = max(place for place, era in enumerate(eras) if era.begin_ns <= passage.sent_ns)
            after_ms = (passage.sent_ns - eras[update].begin_ns) / 1e6
            port_name, way, last_ns = passage.last
            last_ms = (last_ns - eras[update].begin_ns) / 1e6
            orders = [
                " ".join("/".join(sorted(hop)) for hop in era.order)
                for era in eras[update - 1 if update else 0 : update + 2]
            ]
            yield (
                f"{to}:{port} number {number}: {said}; sent {after_ms:.1f} ms after update {update} had begun, "
                f"entered {' '.join(passage.entered) or 'nothing'}, last seen {way} at {port_name} at {last_ms:.1f} ms; orders then: {', '.join(orders)}"
            )
