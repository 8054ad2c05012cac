"""Journeys: which hosts a packet was given to, told from frames at the switch's ports."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.trace.packet import FiveTuple
from sfcci.trace.visits import journeys

HOSTS = {"s": "source", "d": "dest", "ai": "a", "ao": "a", "bi": "b", "bo": "b", "t": "tap"}
SOURCE, DEST, OTHER = "10.0.0.1", "10.0.0.2", "10.0.0.9"
FLOW = FiveTuple(SOURCE, DEST, 17, 4000, 53)


def octets(address):
    return bytes(int(part) for part in address.split("."))


def packet(ttl=64, number=1, source=SOURCE, dest=DEST, protocol=17, above=None, payload=b"x"):
    above = struct.pack("!HHHH", 4000, 53, 8 + len(payload), 0) if above is None else above
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(above + payload), number, 0, ttl, protocol, 0)
    return head + octets(source) + octets(dest) + above + payload


def ethernet(data, ethertype=0x0800):
    return bytes(12) + struct.pack("!H", ethertype) + data


def mpls(data, label=0x1FF):
    return ethernet(struct.pack("!I", label << 12 | 1 << 8 | 255) + data, 0x8847)


def nsh(data, spi=1, si=255):
    return ethernet(
        struct.pack("!HBBI", 63 << 6 | 6, 1, 3, spi << 8 | si) + bytes(16) + ethernet(data), 0x894F
    )


def seen(*events):
    """Give frames in time order: "ai<" into the switch, "ai>" out of it; a text alone is the usual packet."""
    frames = []
    for number, event in enumerate(events):
        where, data = (event, ethernet(packet())) if isinstance(event, str) else event
        direction = "in" if where[-1] == "<" else "out"
        frames.append(CapturedFrame(number * 1000, where[:-1], direction, data, len(data)))
    return frames


def told(*events, **how):
    return [(j.sender, *j.hops) for j in journeys(seen(*events), HOSTS, **how)]


def routed(where, ttl, **other):
    return where, ethernet(packet(ttl, **other))


def test_a_packet_is_followed_from_port_to_port_in_time_order():
    (way,) = journeys(
        seen("s<", "ai>", routed("ao<", 63), routed("bi>", 63), routed("bo<", 62), routed("d>", 62)), HOSTS
    )
    assert (way.flow, way.sender, way.hops, way.begin_s) == (FLOW, "source", ("a", "b", "dest"), 0.0)
    assert way.back == FiveTuple(DEST, SOURCE, 17, 53, 4000)
    assert way.carried == (("none", 0, 0),) * 3


def test_what_carries_a_packet_is_told_at_each_host_and_it_is_the_same_packet():
    data = packet()
    (way,) = journeys(
        seen(
            "s<",
            ("ai>", mpls(data)),
            ("ao<", mpls(data, 0x1FE)),
            ("bi>", nsh(data, 7, 254)),
            ("bo<", nsh(data, 7, 253)),
            "d>",
        ),
        HOSTS,
    )
    assert way.hops == ("a", "b", "dest")
    assert way.carried == (("mpls", 1, 255), ("nsh", 7, 254), ("none", 0, 0))


def test_a_tap_gets_copies_and_is_no_hop():
    (way,) = journeys(seen("s<", "t>", "ai>", "ao<", "t>", "d>"), HOSTS, taps={"tap"})
    assert (way.hops, way.copies) == (("a", "dest"), ("tap", "tap"))


def test_an_address_that_a_translator_makes_stands_for_the_one_it_was_made_of():
    way = [routed("ao<", 63, source=OTHER), routed("d>", 63, source=OTHER)]
    assert told("s<", "ai>", *way) == [("source", "a"), ("a", "dest")]
    assert told("s<", "ai>", *way, aliases={OTHER: SOURCE}) == [("source", "a", "dest")]


def test_echoes_are_told_apart_by_their_identifier_and_number():
    def echo(kind, identifier, number):
        return ethernet(packet(protocol=1, above=struct.pack("!BBHHH", kind, 0, 0, identifier, number)))

    ways = journeys(
        seen(("s<", echo(8, 5, 1)), ("s<", echo(8, 5, 2)), ("d>", echo(8, 5, 1)), ("s<", echo(8, 6, 1))),
        HOSTS,
    )
    assert [(way.flow.sport, way.flow.dport, way.hops) for way in ways] == [
        (5, 5, ("dest",)),
        (5, 5, ()),
        (6, 6, ()),
    ]


def test_a_packet_that_is_sent_again_has_a_way_of_its_own_also_while_the_first_is_under_way():
    lost = told("s<", "ai>", "s<", "ai>", routed("ao<", 63), routed("d>", 63))
    assert sorted(lost) == [("source", "a"), ("source", "a", "dest")]
    both = [
        routed(where, ttl)
        for where, ttl in (("s<", 64), ("s<", 64), ("ai>", 64), ("ao<", 63), ("ai>", 64), ("ao<", 63))
    ]
    assert told(*both, routed("d>", 63), routed("d>", 63)) == [("source", "a", "dest")] * 2


def test_frames_of_others_and_of_no_ip_are_passed_over():
    assert told("x<", ("s<", ethernet(bytes(28), 0x0806)), ("s<", b"")) == []


@given(st.lists(st.sampled_from("ab"), max_size=2, unique=True), st.integers(1, 4), st.randoms())
def test_packets_that_look_the_same_are_followed_in_any_interleaving(functions, count, random):
    """Each port is a queue: what comes there first, goes on first."""
    steps = [("s<", 64)]
    for place, name in enumerate(functions):
        steps += [(f"{name}i>", 64 - place), (f"{name}o<", 63 - place)]
    steps.append(("d>", 64 - len(functions)))
    at, events = [0] * count, []
    while any(place < len(steps) for place in at):
        ready = [n for n, place in enumerate(at) if place < len(steps) and (n == 0 or at[n - 1] > place)]
        one = random.choice(ready)
        events.append(routed(*steps[at[one]]))
        at[one] += 1
    assert told(*events) == [("source", *functions, "dest")] * count
