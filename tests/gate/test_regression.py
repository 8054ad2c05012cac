"""Where a job began to fail more often, and whether chance did it; naive versions are written from the definition."""

from fractions import Fraction
from math import comb, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate.regression import MAX_PROBABILITY, best_split, earliest, fisher, regression

BITS = st.lists(st.integers(0, 1), max_size=60).map(bytes)
RUNS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 30)), max_size=12).map(
    lambda runs: b"".join(bytes([bit]) * length for bit, length in runs)
)


def naive_likelihood(bits, at):
    """The logarithm of the likelihood ratio of a split, and whether the rate rises there."""

    def likelihood(part):
        return sum(part.count(bit) * log(part.count(bit) / len(part)) for bit in (0, 1) if part.count(bit))

    before, after = bits[:at], bits[at:]
    rises = Fraction(after.count(1), len(after)) > Fraction(before.count(1), len(before))
    return likelihood(before) + likelihood(after) - likelihood(bits), rises


def naive_fisher(bad, n, other_bad, other_n):
    """Count the ways to draw n of all such that at least `bad` of them are bad."""
    all_bad, total = bad + other_bad, n + other_n
    ways = sum(
        comb(all_bad, k) * comb(total - all_bad, n - k)
        for k in range(bad, min(n, all_bad) + 1)
        if n - k <= total - all_bad
    )
    return Fraction(ways, comb(total, n))


@given(BITS | RUNS)
def test_the_split_is_the_likeliest_of_all_that_rise(bits):
    found = best_split(bits)
    tried = [naive_likelihood(bits, at) for at in range(1, len(bits))]
    best = max((ratio for ratio, rises in tried if rises), default=None)
    assert (found is None) == (best is None)
    if found:
        ratio, rises = naive_likelihood(bits, found.at)
        assert rises
        assert isclose(ratio, best, abs_tol=1e-9)
        assert isclose(found.likelihood, ratio, abs_tol=1e-9)
        assert (found.bad_before, found.bad_after) == (bits[: found.at].count(1), bits[found.at :].count(1))


@given(BITS | RUNS)
def test_a_regression_begins_with_a_failure_after_a_good_result(bits):
    if found := best_split(bits):
        assert bits[found.at - 1 : found.at + 1] == b"\0\1"


@given(BITS | RUNS)
def test_a_regression_is_a_rise_by_enough_failures_that_chance_hardly_makes(bits):
    split, found = best_split(bits), regression(bits)
    if split:
        sides = (split.bad_after, len(bits) - split.at, split.bad_before, split.at)
        rise = Fraction(*sides[:2]) - Fraction(*sides[2:])
        chance = naive_fisher(*sides) * (len(bits) - 1)
        assert isclose(split.probability, min(1, chance), rel_tol=1e-9)
        if abs(chance - MAX_PROBABILITY) > 1e-9 and abs(rise - Fraction(5, 100)) > 1e-9:
            assert (found is not None) == (sides[0] >= 4 and rise > Fraction(5, 100) and chance < 0.05)
    assert found is None or found.at == split.at


@given(RUNS, st.integers(0, 40))
def test_a_fault_may_have_come_as_early_as_splits_are_plausible(bits, good):
    bits = bytes(good) + bits
    if split := best_split(bits):
        first = earliest(bits, split)
        assert 1 <= first <= split.at
        plausible = [
            naive_likelihood(bits, at)[0] >= split.likelihood - 2 - 1e-9 for at in range(1, len(bits))
        ]
        assert all(plausible[first - 1 : split.at])
        assert first == 1 or naive_likelihood(bits, first - 1)[0] <= split.likelihood - 2 + 1e-9


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_fisher_counts_the_ways(bad, good, other_bad, other_good):
    exact = naive_fisher(bad, bad + good, other_bad, other_bad + other_good)
    assert isclose(fisher(bad, bad + good, other_bad, other_bad + other_good), exact, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("bad", "n", "other_bad", "other_n", "probability"),
    [  # the lady tasting tea (Fisher, 1935), then numbers of scipy 1.17's fisher_exact(alternative="greater")
        (4, 4, 0, 4, 1 / 70),
        (3, 4, 1, 4, 17 / 70),
        (8, 40, 20, 1000, 4.1255156389762714e-06),
        (4, 4, 0, 5000, 3.832329973258441e-14),
        (30, 100, 10, 100, 0.0003252053538017104),
        (1, 10, 5, 10, 0.9945820433436533),
        (500, 2000, 3000, 43000, 8.811827622030607e-130),
        (0, 5, 3, 9, 1.0),
        (20, 20, 0, 45000, 2.0885647384816124e-75),
    ],
)
def test_fisher_agrees_with_known_values(bad, n, other_bad, other_n, probability):
    assert isclose(fisher(bad, n, other_bad, other_n), probability, rel_tol=1e-8)


def test_a_job_that_broke_is_found_where_it_broke():
    bits = bytes(200) + b"\1\0\1\1\0\1\1"
    found = regression(bits)
    assert found
    assert (found.at, found.bad_after, found.after) == (200, 5, 7)


@pytest.mark.parametrize(
    "bits",
    [
        b"",
        b"\1",
        bytes(50),
        b"\1" * 50,
        bytes(500) + b"\1\1\1",  # three failures only
        b"\1\0" * 100,  # as bad as ever
        b"\1\1\1\1" + bytes(500),  # it got better
    ],
)
def test_what_did_not_get_worse_is_no_regression(bits):
    assert regression(bits) is None


def test_a_rise_below_five_points_is_no_regression():
    rare = (bytes(99) + b"\1") * 100
    often = (bytes(24) + b"\1") * 400
    split = best_split(rare + often)
    assert split
    assert split.rise < 0.05
    assert split.probability < 0.001
    assert regression(rare + often) is None
