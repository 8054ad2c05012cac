"""How flows spread over pairs: counted from paths, and judged against the weights as the textbooks do."""

from dataclasses import replace
from itertools import product
from math import factorial, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_world import WHOLE, frames, meant

from sfcci.trace import balance
from sfcci.trace.balance import Share, chi_square_tail, exact, judged, pearson
from sfcci.trace.evidence import paths_of

BY_VM2 = ("source_vm_port<", "p2in>", ("p2out<", {"ttl": 63}), *WHOLE[3:])


def seen(*ways, ports=None):
    """Give the spreads of flows of the demonstration, each from a port of its own."""
    numbers = ports or range(40000, 40000 + len(ways))
    given = [
        frame
        for at, (way, port) in enumerate(zip(ways, numbers, strict=True))
        for frame in frames("demo", *way, at=at * 100, ports=(port, 53), number=at + 1)
    ]
    return balance.spreads(paths_of(given, meant("demo")), meant("demo"))


def test_the_flows_of_each_pair_are_counted_beside_its_weight():
    (one,) = seen(WHOLE, WHOLE, BY_VM2)
    assert (one.chain, one.group, one.flows) == ("PC1", "PG1", 3)
    assert [(s.pair, s.node, s.weight, s.flows, one.expected(s)) for s in one.shares] == [
        ("PP1", "vm1", 1, 2, 1.5),
        ("PP2", "vm2", 1, 1, 1.5),
    ]
    assert (one.p_value, one.statistic) == (pytest.approx(1.0), None)


def test_packets_of_one_flow_are_one_choice():
    (one,) = seen(WHOLE, WHOLE, WHOLE, ports=(40000, 40000, 40001))
    assert [share.flows for share in one.shares] == [2, 0]


def test_flows_that_the_hash_does_not_tell_apart_are_one_choice():
    found = meant("demo")
    (spi,) = found.layout.ways
    ways = found.layout.ways[spi]
    hop = replace(ways[0].hops[0], lb_fields=("ip_src",))
    path = replace(ways[0], hops=(hop, *ways[0].hops[1:]))
    told = replace(found, layout=replace(found.layout, ways={spi: (path, *ways[1:])}))
    given = [f for port in (40000, 40001) for f in frames("demo", *WHOLE, ports=(port, 53), at=port)]
    (one,) = balance.spreads(paths_of(given, found), told)
    assert [share.flows for share in one.shares] == [1, 0]


def test_a_group_without_a_flow_is_told_and_judged_by_nobody():
    (one,) = balance.spreads((), meant("demo"))
    assert (one.flows, one.p_value) == (0, 1.0)


def test_a_pair_without_weight_that_was_chosen_is_no_chance():
    told = judged("c", "g", [Share("a", "vm1", 1, 9), Share("b", "vm2", 0, 1)])
    assert told.p_value == 0
    assert judged("c", "g", [Share("a", "vm1", 1, 9), Share("b", "vm2", 0, 0)]).p_value == 1


@pytest.mark.parametrize(
    ("statistic", "freedom", "tail"),  # Abramowitz and Stegun, table 26.8; and round percentiles
    [
        (3.84146, 1, 0.05),
        (6.63490, 1, 0.01),
        (5.99146, 2, 0.05),
        (7.81473, 3, 0.05),
        (9.48773, 4, 0.05),
        (11.0705, 5, 0.05),
        (29.5883, 10, 0.001),
        (140.169, 100, 0.005),
        (0.0, 3, 1.0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(statistic, freedom, tail):
    assert chi_square_tail(statistic, freedom) == pytest.approx(tail, rel=2e-4)


def test_few_flows_are_judged_exactly():
    assert exact([8, 0], [0.5, 0.5]) == pytest.approx(2 / 2**8)
    assert exact([5, 0], [0.2, 0.8]) == pytest.approx(0.2**5)
    assert judged("c", "g", [Share("a", "x", 1, 8), Share("b", "y", 1, 0)]).p_value == pytest.approx(2 / 256)


def test_many_flows_are_judged_by_chi_square():
    told = judged(
        "c", "g", [Share(name, name, 1, n) for name, n in zip("abcd", (300, 200, 250, 250), strict=True)]
    )
    assert (told.statistic, told.freedom) == (pytest.approx(20.0), 3)
    assert told.p_value == pytest.approx(1.697e-4, rel=1e-3)


def test_parts_that_expect_too_few_are_put_together():
    assert pearson([1, 5, 500, 494], [0.002, 0.004, 0.5, 0.494])[1] == 2


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=3), st.lists(st.integers(1, 5), min_size=3, max_size=3)
)
def test_the_exact_value_is_the_sum_over_all_sequences(counts, weights):
    parts = [one / sum(weights[: len(counts)]) for one in weights[: len(counts)]]

    def likely(found):
        ways = factorial(sum(found)) // prod(map(factorial, found))
        return ways * prod(part**count for part, count in zip(parts, found, strict=True))

    flows = sum(counts)
    outcomes = [one for one in product(range(flows + 1), repeat=len(counts)) if sum(one) == flows]
    assert sum(map(likely, outcomes)) == pytest.approx(1)
    wanted = sum(p for p in map(likely, outcomes) if p <= likely(counts) * (1 + 1e-8))
    assert exact(counts, parts) == pytest.approx(wanted)
