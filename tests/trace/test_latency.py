"""How long functions keep packets: spans from the frame that the switch gave to the one that it got back."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from path_world import WHOLE, frames, meant

from sfcci.trace.latency import Served, latencies, percentile
from sfcci.trace.passes import trails


def measured(*packets):
    """Give latencies by pair; each packet is (its events, how many nanoseconds its frames are apart)."""
    found, given = meant("demo"), []
    for number, (events, apart) in enumerate(packets, 1):
        for place, frame in enumerate(frames("demo", *events, number=number)):
            given.append(replace(frame, time_ns=frame.time_ns + number * 10**9 + place * apart))
    return {one.served: one for one in latencies(trails(given, found.nodes), found)}


VM1, VM3, SWITCH = Served("PG1", "PP1", "vm1"), Served("PG2", "PP3", "vm3"), Served("", "", "switch")


def test_functions_are_told_apart_and_the_switch_is_last():
    found = measured((WHOLE, 0), (WHOLE, 1000), (WHOLE, 2000))
    assert list(found) == [VM1, VM3, SWITCH]
    assert (found[VM1].packets, found[VM1].least, found[VM1].most) == (3, 1000, 3000)
    assert found[VM1].percentiles == (2000, 3000, 3000)
    assert found[SWITCH].packets == 9
    assert found[SWITCH].is_switch


def test_a_packet_that_a_function_kept_is_counted_and_is_no_span():
    found = measured((WHOLE, 0), (WHOLE[:2], 0))
    assert (found[VM1].packets, found[VM1].unreturned) == (1, 1)


def test_a_packet_that_the_switch_kept_is_the_switchs():
    found = measured((WHOLE[:3], 0))
    assert (found[SWITCH].packets, found[SWITCH].unreturned) == (1, 1)
    assert found[VM1].unreturned == 0


def test_nothing_is_told_of_nothing():
    assert latencies((), meant("demo")) == ()


@given(st.lists(st.integers(0, 10**9), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_a_span_that_so_many_do_not_exceed(spans, per_cent):
    ordered = sorted(spans)
    found = percentile(ordered, per_cent)
    assert found in spans
    assert sum(span <= found for span in spans) * 100 >= per_cent * len(spans)
    assert sum(span < found for span in spans) * 100 < per_cent * len(spans)
