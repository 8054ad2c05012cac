"""The figures of a job; naive versions are written from the definitions."""

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import isclose
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate import figures
from sfcci.gate.figures import Level, Rate, job_figures, pass_probability, percentile, retested, wilson
from sfcci.gate.job import BAD, NOT_COUNTED, JobResult, Result
from sfcci.gate.query import outcomes_of

NOW = 1_800_000_000
DAY = 86_400
RUN = JobResult("r", "sfc-web", Result.SUCCESS, "t", "gate", "h", "p", "main", NOW - DAY, 0)


def run(ago_s, result=Result.SUCCESS, duration_ms=1000, **others):
    """A run that ended so long ago."""
    others = {"run": f"{ago_s}", **others}
    return replace(
        RUN, result=result, started_at=NOW - ago_s - duration_ms / 1000, duration_ms=duration_ms, **others
    )


def of(runs, now_s=NOW):
    """The figures of runs of one series, and its columns."""
    outcomes = outcomes_of(runs)
    (series,) = outcomes.series
    return job_figures(series, outcomes.tested, retested(outcomes.tested), now_s)


RUNS = st.lists(
    st.builds(
        run,
        st.integers(0, 40 * DAY),
        st.sampled_from([Result.SUCCESS, Result.SUCCESS, Result.FAILURE, *Result]),
        st.integers(0, 9999),
        commit=st.sampled_from(["", "a", "b", "c", "d"]),
        voting=st.booleans(),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda one: one.run,
)


@pytest.mark.parametrize(
    ("bad", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, then numbers of scipy 1.17
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.27753279986288926),
        (5, 10, 0.236593090512564, 0.7634069094874361),
        (10, 10, 0.7224672001371109, 1.0),
        (137, 1000, 0.11707313063299474, 0.1597050960275183),
        (3, 1_000_000, 1.0202712409681223e-06, 8.821149774312435e-06),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_agrees_with_known_values(bad, n, low, high):
    assert wilson(bad, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_shares_that_the_score_test_does_not_refuse(counts):
    bad, n = counts
    low, high = wilson(bad, n)
    assert 0 <= low <= (bad / n if n else 0.5) <= high <= 1
    if n:  # its ends solve (bad / n - p)^2 = z^2 p (1 - p) / n
        for end in (low, high):
            assert isclose((bad / n - end) ** 2, figures.Z95**2 * end * (1 - end) / n, abs_tol=1e-9)
        assert wilson(n - bad, n) == (pytest.approx(1 - high), pytest.approx(1 - low))


@pytest.mark.parametrize(
    ("bad", "n", "level"),
    [
        (9, 9, Level.FEW),
        (0, 10, Level.WELL),
        (1, 10, Level.WELL),
        (11, 100, Level.LOOK),
        (25, 100, Level.LOOK),
        (26, 100, Level.AMBER),
        (33, 100, Level.AMBER),
        (34, 100, Level.RED),
        (50, 100, Level.RED),
        (51, 100, Level.ALARM),
        (10, 10, Level.ALARM),
    ],
)
def test_a_level_begins_above_its_limit(bad, n, level):
    assert Rate(bad, n).level is level


def test_a_rate_is_told_with_n_and_interval():
    assert str(Rate(15, 148)) == "10.1% of 148 (95 %: 6.2% to 16.0%)"
    assert str(Rate(1, 9)) == "11.1% of 9 (95 %: 2.0% to 43.5%, too few)"
    assert str(Rate(0, 0)) == "no results"


def test_22_jobs_at_ten_percent_let_a_tenth_pass():
    assert pass_probability([Rate(10, 100)] * 22) == pytest.approx(0.098, abs=5e-4)


@given(st.lists(st.integers(0, 50).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))))
def test_the_gate_passes_when_each_job_passes(rates):
    found = pass_probability(rates)
    exact = Fraction(1)
    for rate in rates:
        exact *= Fraction(rate.n - rate.bad, rate.n) if rate.n else 1
    assert (found is None) == all(rate.n == 0 for rate in rates)
    assert found is None or isclose(found, exact, abs_tol=1e-12)


@given(st.lists(st.integers(0, 1000)), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_pass(values, percent):
    found = percentile(sorted(values), percent)
    enough = [
        one for one in values if sum(other <= one for other in values) >= Fraction(percent, 100) * len(values)
    ]
    assert found == min(enough, default=None)


def test_percentiles_lie_beside_the_ones_of_the_standard_library():
    values = [*range(1, 1001)]
    assert (percentile(values, 50), percentile(values, 95)) == (500, 950)
    assert quantiles(values, n=20, method="inclusive")[18] == pytest.approx(950, abs=1)


@given(RUNS)
def test_rates_are_of_results_that_count_and_ended_in_the_window(runs):
    found = of(runs)
    for name, length_s in figures.WINDOWS.items():
        inside = [one.result for one in runs if one.ended_at >= NOW - length_s]
        bad, good = sum(one in BAD for one in inside), inside.count(Result.SUCCESS)
        assert found.rates[name] == Rate(bad, bad + good)
        assert len(inside) - bad - good == sum(one in NOT_COUNTED for one in inside)
    assert [*found.rates] == ["24h", "7d", "30d"]
    assert found.rates["30d"] == Rate(sum(day.bad for day in found.days), sum(day.n for day in found.days))
    assert found.days[-1] == found.rates["24h"]
    assert len(found.days) == 30


@given(RUNS)
def test_flaky_commits_have_both_results(runs):
    seen = defaultdict(set)
    for one in runs:
        if one.commit and one.result not in NOT_COUNTED:
            seen[one.commit].add(one.result in BAD)
    assert sorted(of(runs).flaky) == sorted(commit for commit, results in seen.items() if len(results) == 2)


def test_flaky_commits_stand_in_the_order_of_their_bad_results():
    ends = [(9, "b", 0), (8, "a", 1), (7, "b", 1), (6, "a", 0), (5, "c", 1)]
    runs = [run(ago, Result.FAILURE if bad else Result.SUCCESS, commit=commit) for ago, commit, bad in ends]
    assert of(runs).flaky == ("a", "b")


@given(RUNS)
def test_flips_streaks_and_last_times_follow_from_the_results_in_order(runs):
    found = of(runs)
    runs = sorted(runs, key=lambda one: (one.ended_ms, one.run))
    results = [one for one in runs if one.result not in NOT_COUNTED]
    bad = [one.result in BAD for one in results]
    assert found.flips == sum(one != other for one, other in pairwise(bad))
    assert found.flip_rate == (found.flips / (len(bad) - 1) if len(bad) > 1 else None)
    assert found.last_s == runs[-1].ended_at
    assert found.voting == runs[-1].voting
    assert found.last_green_s == max((one.ended_at for one in results if one.result not in BAD), default=None)
    assert found.last_bad_s == max((one.ended_at for one in results if one.result in BAD), default=None)
    assert found.green_streak == (bad[::-1].index(True) if True in bad else len(bad))


@given(RUNS)
def test_durations_are_of_good_runs_of_the_longest_window(runs):
    found = of(runs)
    durations = sorted(
        one.duration_ms for one in runs if one.result is Result.SUCCESS and one.ended_at >= NOW - 30 * DAY
    )
    assert (found.p50_ms, found.p95_ms) == (percentile(durations, 50), percentile(durations, 95))


def test_the_shortest_window_with_enough_results_judges():
    often = [run(hour * 3600, Result.FAILURE) for hour in range(1, 12)]
    rare = [run(day * DAY + 9, Result.FAILURE) for day in range(2, 20)]
    assert (of(often).window, of(often).level) == ("24h", Level.ALARM)
    assert (of(rare).window, of(rare).level) == ("30d", Level.ALARM)
    assert (of(rare[:3]).window, of(rare[:3]).level) == ("30d", Level.FEW)


@pytest.mark.parametrize(
    ("every_s", "ago_s", "silent"),
    [
        (3600, DAY, False),
        (3600, DAY + 1, True),
        (DAY, 3 * DAY, False),
        (DAY, 3 * DAY + 1, True),
        (7 * DAY, 20 * DAY, False),
    ],
)
def test_a_job_is_silent_after_three_intervals_and_at_least_a_day(every_s, ago_s, silent):
    found = of([run(ago_s + number * every_s) for number in range(9)])
    assert found.silent is silent
    assert found.interval_s == every_s
    assert found.last_s == NOW - ago_s


def test_of_a_single_result_no_silence_can_be_told():
    found = of([run(300 * DAY)])
    assert (found.interval_s, found.silent) == (None, False)


def test_a_regression_is_an_index_among_the_results_that_count():
    runs = [run(9000 - number, Result.SUCCESS) for number in range(100)]
    runs += [run(5000 - number, Result.CANCELED) for number in range(10)]
    runs += [run(1000 - number, Result.TIMED_OUT) for number in range(6)]
    found = of(runs)
    assert found.split
    assert (found.split.at, found.split.bad_after) == (100, 6)


def of_weekdays(weeks):
    """The ends of a job that runs every hour from 8 to 18 on weekdays, up to a Friday's evening."""
    friday = 1_795_197_600  # 2026-11-20 18:00 UTC
    ends = [
        friday - 7 * DAY * week - DAY * day - 3600 * hour
        for week in range(weeks)
        for day in range(5)
        for hour in range(11)
    ]
    return friday, ends


@pytest.mark.parametrize(
    ("weeks", "after_h", "silent"),
    [(4, 62, False), (4, 62 + 24, False), (4, 62 * 1.5 + 1, True), (2, 62, True), (3, 62, False)],
)
def test_a_job_that_runs_on_weekdays_has_not_stopped_at_a_weekend_nor_on_a_holiday_after_it(
    weeks, after_h, silent
):
    friday, ends = of_weekdays(weeks)
    runs = [run(NOW - end, Result.SUCCESS) for end in ends]
    outcomes = outcomes_of(runs)
    found = job_figures(
        outcomes.series[0], outcomes.tested, retested(outcomes.tested), friday + after_h * 3600
    )
    assert found.interval_s == 3600
    assert found.silent is silent


def test_one_outage_is_no_usual_pause():
    ends = [100 * DAY + 3600 * number for number in range(100)] + [
        90 * DAY + 3600 * number for number in range(100)
    ]
    assert of([run(ago - 90 * DAY + DAY + 3600) for ago in ends]).silent
