"""A verdict rests on packets and answers."""

from itertools import count

import pytest

from sfcci.gate import checks
from sfcci.gate.checks import Observation, Request
from sfcci.gate.job import Answered, FlowsAsAtStart, Hops, Quiet, Shares, Visits
from sfcci.trace.packet import FiveTuple
from sfcci.trace.visits import Journey

CHAIN = Visits((("vm1", "vm2"), ("vm3",)))
clock = count()


def request(port, answered=True, error=""):
    return Request("source", "dest", "10.0.0.1", "10.0.0.2", port, 80, answered, error)


def journey(port, *hops):
    return Journey(FiveTuple("10.0.0.1", "10.0.0.2", 6, port, 80), "source", hops, float(next(clock)))


def seen(*ways, answered=True):
    ports = dict.fromkeys(way[0] for way in ways)
    return Observation(tuple(request(port, answered) for port in ports), tuple(journey(*way) for way in ways))


def test_a_chain_that_is_kept_to_gives_no_reason():
    assert checks.reasons(CHAIN, seen((1, "vm1", "vm3", "dest"), (2, "vm2", "vm3", "dest"))) == ()


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        (("dest",), "no packet went vm1|vm2 > vm3 > dest (seen: dest x1)"),
        (("vm3", "vm1", "dest"), "no packet went"),
        (("vm1", "vm3"), "no packet went"),
        ((), "seen: nowhere x1"),
        (("vm1", "vm2", "vm3", "dest"), "no packet went"),
    ],
)
def test_a_bypass_a_wrong_order_and_a_loss_are_told(way, reason):
    (told,) = checks.reasons(CHAIN, seen((1, *way)))
    assert reason in told


def test_one_packet_astray_is_enough():
    (told,) = checks.reasons(CHAIN, seen((1, "vm1", "vm3", "dest"), (1, "dest")))
    assert told == "tcp from port 1: a packet went dest instead of vm1|vm2 > vm3 > dest"


def test_a_packet_lost_on_its_way_and_sent_again_is_no_bypass():
    assert checks.reasons(CHAIN, seen((1, "vm1"), (1, "vm1", "vm3", "dest"))) == ()


def test_packets_of_others_do_not_count():
    other = Journey(FiveTuple("10.0.0.9", "10.0.0.2", 6, 1, 80), "other", ("dest",), 0.0)
    good = seen((1, "vm1", "vm3", "dest"))
    assert checks.reasons(CHAIN, Observation(good.requests, (*good.journeys, other))) == ()


def test_lost_answers_are_counted_with_their_commonest_reason():
    lost = Observation(
        (
            request(1),
            request(2, False, "timed out"),
            request(3, False, "timed out"),
            request(4, False, "status 503"),
        )
    )
    assert checks.reasons(Answered(), lost) == ("3 of 4 requests had no answer (timed out)",)
    assert checks.reasons(Answered(), Observation()) == ("0 of 0 requests had no answer",)


def test_a_host_that_should_be_quiet_and_is_not_is_told():
    (told,) = checks.reasons(Quiet(("vm3",)), seen((1, "vm1", "vm3", "dest"), (2, "vm1", "dest")))
    assert told == "1 packets of the requests passed vm3, which should be quiet"
    assert checks.reasons(Quiet(("vm2",)), seen((1, "vm1", "vm3", "dest"))) == ()


def test_silence_without_any_packet_proves_nothing():
    assert "proves nothing" in checks.reasons(Quiet(("vm3",)), Observation((request(1),)))[0]
    assert "proves nothing" in checks.reasons(FlowsAsAtStart(), Observation())[0]


def test_shares_count_requests_not_packets():
    ways = [
        (1, "vm1", "dest"),
        *[(2, "vm2", "dest")] * 9,
        (3, "vm1", "dest"),
        (4, "vm1", "dest"),
        (5, "vm1", "dest"),
    ]
    assert checks.reasons(Shares(("vm1", "vm2"), 0.2), seen(*ways)) == ()
    (told,) = checks.reasons(Shares(("vm1", "vm2"), 0.3), seen(*ways))
    assert told == "vm2 got 1 of 5 requests (20%), expected at least 30%"


def test_traceroute_is_read_by_the_hosts_addresses():
    own = {"vm1": frozenset({"10.0.0.11"}), "vm3": frozenset({"10.0.0.13"}), "dest": frozenset({"10.0.0.2"})}
    wanted = Hops((("vm1", "vm2"), ("vm3",), ("dest",)))
    assert (
        checks.reasons(wanted, Observation(route=("10.0.0.11", "10.0.0.13", "10.0.0.2"), addresses=own)) == ()
    )
    (told,) = checks.reasons(wanted, Observation(route=("10.0.0.2",), addresses=own))
    assert told == "traceroute showed 10.0.0.2 (dest), expected vm1|vm2 > vm3 > dest"


def test_what_is_left_over_in_the_switch_is_named():
    after = Observation(tables_before="flow a\nflow b", tables_after="flow b\nflow c")
    assert checks.reasons(FlowsAsAtStart(), after) == (
        "left over in the switch: flow c",
        "missing in the switch: flow a",
    )


def test_packets_of_an_unanswered_request_count():
    lost = seen((1, "dest"), answered=False)
    assert "no packet went" in checks.reasons(CHAIN, lost)[0]
    assert "passed vm3" in checks.reasons(Quiet(("vm3",)), seen((1, "vm3"), (2, "dest"), answered=False))[0]


def test_a_request_that_was_not_sent_proves_nothing():
    unsent = Observation((request(0, False, "not tried"),))
    assert checks.reasons(CHAIN, unsent) == ("a request has no way: not tried",)
    assert checks.reasons(CHAIN, Observation()) == ("no request was sent, so no way is known",)
    assert checks.reasons(Shares(("vm1",), 0.1), unsent) != ()


def test_an_answer_that_passes_a_quiet_host_is_told():
    there = seen((1, "dest"))
    back = Journey(FiveTuple("10.0.0.2", "10.0.0.1", 6, 80, 1), "dest", ("vm1", "source"), 9.0)
    (told,) = checks.reasons(Quiet(("vm1",)), Observation(there.requests, (*there.journeys, back)))
    assert told == "1 packets of the requests passed vm1, which should be quiet"


def test_a_share_is_of_all_requests_not_of_those_that_were_diverted():
    ways = [(1, "vm1", "dest"), (2, "vm2", "dest"), *((port, "dest") for port in range(3, 11))]
    told = checks.reasons(Shares(("vm1", "vm2"), 0.2), seen(*ways))
    assert told[0] == "vm1 got 1 of 10 requests (10%), expected at least 20%"


def test_two_sources_with_one_port_number_are_told_apart():
    other = Request("other", "dest", "10.0.0.9", "10.0.0.2", 1, 80)
    way = Journey(FiveTuple("10.0.0.9", "10.0.0.2", 6, 1, 80), "other", ("vm2", "vm3", "dest"), 0.0)
    good = seen((1, "vm1", "vm3", "dest"))
    both = Observation((*good.requests, other), (*good.journeys, way))
    assert checks.reasons(CHAIN, both) == ()
    assert len(both.forward) == 2


def test_many_reasons_are_cut_and_counted():
    told = checks.reasons(CHAIN, seen(*((port, "dest") for port in range(1, 21))))
    assert len(told) == checks.MAX_REASONS + 1
    assert told[-1] == "and 15 more"
