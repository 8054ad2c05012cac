"""Packets that look the same are told apart by where they have been."""

from sfcci.trace.passes import IN, OUT, Pass, split
from sfcci.trace.seen import FiveTuple

FLOW = FiveTuple("10.0.0.1", "10.0.0.2", 6, 1, 2)
"""Two acknowledgements of one flow say the same, word for word."""


def seen(at, node, direction):
    return Pass(at, node, f"{node}_port", direction, (), "", "", 64, 60, FLOW)


def test_the_next_one_may_come_before_the_one_in_front_has_gone_on():
    told = "source in, vm out, vm in, source in, vm out, dest out, vm in, dest out"
    passes = [
        seen(at, node, IN if way == "in" else OUT)
        for at, (node, way) in enumerate(word.split() for word in told.split(", "))
    ]
    ways = [[(one.node, one.direction) for one in trail.passes] for trail in split(FLOW, passes)]
    assert ways == [[("source", IN), ("vm", OUT), ("vm", IN), ("dest", OUT)]] * 2


def test_one_that_comes_by_twice_is_told():
    told = "source in, vm out, vm in, vm out, vm in, dest out"
    passes = [
        seen(at, node, IN if way == "in" else OUT)
        for at, (node, way) in enumerate(word.split() for word in told.split(", "))
    ]
    (trail,) = split(FLOW, passes)
    assert [one.node for one in trail.passes].count("vm") == 4
