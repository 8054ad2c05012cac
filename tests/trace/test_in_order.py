"""Frames of several interfaces in one order."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace.in_order import STEP_NS, InOrder


def frames(times):
    return [(time_ns, b"", 0, False) for time_ns in times]


def times(passed):
    return [time_ns for time_ns, *_ in passed]


@given(st.lists(st.lists(st.integers(0, 50), max_size=8).map(sorted), max_size=6), st.integers(0, 60))
def test_what_has_passed_until_then_is_given_in_order_and_the_rest_later(lists, until):
    order = InOrder()
    first = order.take([frames(one) for one in lists], until)
    every = sorted(time_ns for one in lists for time_ns in one)
    assert times(first) == [time_ns for time_ns in every if time_ns <= until]
    assert bool(order) is (len(first) < len(every))
    assert times(first) + times(order.take([], 60)) == every
    assert not order


def test_an_older_frame_that_is_read_later_comes_first():
    order = InOrder()
    assert times(order.take([frames([5, 30])], 20)) == [5]
    assert times(order.take([frames([25])], 40)) == [25, 30]


def test_a_clock_that_was_set_back_keeps_nothing_for_long():
    order = InOrder()
    assert times(order.take([frames([5, 10 * STEP_NS])], 10)) == [5, 10 * STEP_NS]
