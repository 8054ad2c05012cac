"""What a check says of flows, their answers, taps, streams and what carries packets."""

from dataclasses import replace
from itertools import count

import pytest

from sfcci.datapath.stream import Flowing
from sfcci.gate import checks
from sfcci.gate.checks import Observation, Request, Streamed
from sfcci.gate.job import (
    BaseFlows,
    BothWays,
    Copies,
    Dropped,
    Encapsulation,
    Lost,
    MovedAtMost,
    OneOf,
    Visits,
    Ways,
    Weights,
)
from sfcci.trace.packet import ICMP, TCP, UDP, FiveTuple
from sfcci.trace.visits import Journey

SOURCE, DEST = "10.0.0.1", "10.0.0.2"
clock = count()


def request(port, protocol=UDP, to=5000):
    return Request("source", "dest", SOURCE, DEST, port, to, protocol=protocol)


def there(port, *hops, protocol=UDP, to=5000, **more):
    carried = more.pop("carried", (("none", 0, 0),) * len(hops))
    flow = FiveTuple(SOURCE, DEST, protocol, port, to)
    return Journey(flow, "source", hops, float(next(clock)), carried=carried, **more)


def back(port, *hops, protocol=UDP, to=5000):
    return Journey(FiveTuple(DEST, SOURCE, protocol, to, port), "dest", hops, float(next(clock)))


def seen(*journeys, **more):
    flows = dict.fromkeys(j.flow if j.flow.src == SOURCE else j.back for j in journeys)
    requests = tuple(request(flow.sport, flow.protocol, flow.dport) for flow in flows)
    return Observation(requests, journeys, **more)


def told(check, observation):
    return checks.reasons(check, observation)


def test_flows_of_each_protocol_are_told_apart():
    ways = [
        there(7, "a", "dest", protocol=TCP),
        there(7, "b", "dest"),
        there(7, "a", "dest", protocol=ICMP, to=7),
    ]
    assert told(Visits((("a",),)), seen(*ways)) == (
        "udp from port 7: no packet went a > dest (seen: b > dest x1)",
    )
    (icmp,) = told(Visits((("b",),)), seen(ways[2]))
    assert icmp.startswith("icmp echo 7: no packet went")


def test_answers_pass_the_same_functions_from_the_last_to_the_first():
    good = seen(there(1, "a", "b", "dest"), back(1, "b", "a", "source"), back(1, "b"))
    assert told(BothWays(), good) == ()
    assert told(BothWays(), seen(there(1, "dest"), back(1, "source"))) == ()
    assert told(BothWays(), seen(there(1, "a", "b", "dest"), back(1, "a", "b", "source"))) == (
        "udp from port 1: no answer came back b > a > source (seen: a > b > source x1)",
    )
    twice = seen(there(1, "a", "dest"), back(1, "a", "source"), back(1, "source"))
    assert told(BothWays(), twice) == ("udp from port 1: an answer came back source instead of a > source",)
    assert "no way back is known" in told(BothWays(), seen(there(1, "a")))[0]
    assert told(BothWays(), Observation()) == ("no request was sent, so no way is known",)


def test_weights_are_kept_within_what_is_allowed_and_weight_0_is_none_at_all():
    flows = [there(port, "a" if port <= 25 else "b", "dest") for port in range(1, 101)]
    assert told(Weights((("a", 1.0), ("b", 3.0), ("c", 0.0)), 0.03), seen(*flows)) == ()
    assert told(Weights((("a", 1.0), ("b", 1.0)), 0.03), seen(*flows)) == (
        "a got 25 of 100 requests (25.0%), expected 50.0% within 3.0%",
        "b got 75 of 100 requests (75.0%), expected 50.0% within 3.0%",
    )
    one = seen(*flows, there(101, "c", "dest"))
    assert told(Weights((("a", 1.0), ("b", 3.0), ("c", 0.0)), 0.03), one) == (
        "c got 1 of 101 requests (1.0%), expected 0.0%",
    )
    assert told(Weights((("a", 1.0),), 0.5), Observation()) != ()


def test_all_flows_pass_the_same_one():
    assert told(OneOf(("a", "b")), seen(there(1, "a", "dest"), there(2, "a", "dest"))) == ()
    assert told(OneOf(("a", "b")), seen(there(1, "a", "dest"), there(2, "b", "dest"))) == (
        "of 2 requests passed: a 1, b 1; expected all of them to pass the same one",
    )
    assert "none of them" in told(OneOf(("a",)), seen(there(1, "dest")))[0]
    assert told(OneOf(("a",)), seen(there(1, "a", "dest"), there(2, "dest"))) != ()


def test_few_flows_move():
    now = seen(*(there(port, "a" if port < 4 else "b", "dest") for port in range(1, 11)))
    earlier = {request(port).flow: ("a", "dest") for port in range(1, 9)}
    assert told(MovedAtMost(0.7), replace(now, earlier=earlier)) == ()
    assert told(MovedAtMost(0.3), replace(now, earlier=earlier)) == (
        "5 of 8 flows moved (62%), expected at most 30%",
    )
    assert "source_port" in told(MovedAtMost(0.3), now)[0]


def test_a_tap_gets_one_copy_of_each_packet():
    good = seen(there(1, "a", "dest", copies=("tap",)), there(1, "a"))
    assert told(Copies(("tap",)), good) == ()
    bad = seen(
        there(1, "a", "dest"),
        there(2, "a", "dest", copies=("tap", "tap")),
        there(3, "a", "dest", copies=("tap",)),
    )
    assert told(Copies(("tap",)), bad) == (
        "tap got 0 copies of each of 1 packets, expected one",
        "tap got 2 copies of each of 1 packets, expected one",
    )
    assert told(Copies(("tap",)), seen(there(1, "a"))) == (
        "no packet went all the way, so no copy is missed",
    )


@pytest.mark.parametrize(
    ("check", "reasons"),
    [
        (Encapsulation("a", "mpls", 1, 255), ()),
        (Encapsulation("a", "mpls"), ()),
        (Encapsulation("dest", "none"), ()),
        (
            Encapsulation("a", "mpls", 1, 254),
            ("1 packets came to a in mpls path 1 index 255, expected mpls path 1 index 254",),
        ),
        (Encapsulation("a", "none"), ("1 packets came to a in mpls path 1 index 255, expected none",)),
        (Encapsulation("dest", "nsh", 1), ("1 packets came to dest in none, expected nsh path 1",)),
        (Encapsulation("b", "none"), ("no packet of the requests came to b",)),
    ],
)
def test_what_carries_a_packet_is_what_was_said(check, reasons):
    carried = (("mpls", 1, 255), ("none", 0, 0))
    assert told(check, seen(there(1, "a", "dest", carried=carried))) == reasons


def test_what_should_be_dropped_and_is_not_is_told():
    assert told(Dropped(), seen(there(1, "a"), there(2))) == ()
    assert told(Dropped(), seen(there(1, "dest"))) == (
        "1 packets came to dest, which should have been dropped",
    )
    assert "captured" in told(Dropped(), Observation((request(1),)))[0]


def stream(*ways, lost=(), sent=10, duplicated=0, control=("dest",)):
    flowing = Flowing(sent, sent, duplicated, 0, lost, {}, {})
    one = Streamed("dest", SOURCE, DEST, 5000, 6000, flowing, Flowing(sent, sent, 0, 0, (), {}, {}))
    packets = [there(9, *way) for way in ways] + [there(8, *control, to=6000)]
    return Observation(journeys=tuple(packets), streams=(one,))


def test_a_stream_loses_no_more_than_is_allowed():
    assert told(Lost(0), stream()) == ()
    assert told(Lost(3), stream(lost=((3, 5),))) == ()
    assert told(Lost(0), stream(lost=((3, 5), (7, 7)))) == (
        "4 of 10 packets were lost (numbers 3-5, 7); the control stream lost none",
    )
    assert told(Lost(0), stream(duplicated=2)) == ("2 of 10 packets came twice",)
    assert told(Lost(0), Observation()) == ("no stream was sent",)


def test_a_control_stream_that_passes_a_function_is_none():
    assert told(Lost(0), stream(control=("a", "dest"))) == (
        "the control stream went a > dest: it is to pass no function",
    )


def test_each_packet_of_a_stream_goes_one_of_the_ways_or_is_lost_on_one():
    ways = Ways(((("a",), ("b", "c")), (("d",),)))
    assert told(ways, stream(("a", "b", "dest"), ("a", "c", "dest"), ("d", "dest"), ("a",), ())) == ()
    assert told(ways, stream(("a", "dest"), ("a", "dest"), ("d", "b", "dest"))) == (
        "2 packets of the stream went a > dest instead of a > b|c > dest or d > dest",
        "1 packets of the stream went d > b > dest instead of a > b|c > dest or d > dest",
    )
    assert told(ways, stream()) == ("no packet of the stream was captured, so no way is known",)


def test_flows_are_those_of_a_switch_without_chains():
    assert told(BaseFlows(), Observation(tables_base="a", tables_after="a", tables_before="b")) == ()
    assert told(BaseFlows(), Observation(tables_base="a", tables_after="a\nb")) == (
        "left over in the switch: b",
    )
