import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import outcomes_of, series_key
from sfcci.metric import probability
from sfcci.metric.retention import parse_retentions

RETENTIONS = parse_retentions("10s:1d,60s:30d,1h:1y")
HOUR, DAY = 3600, 86400
NOW = 1_800_000_000


def result(at, job="a", outcome=Result.SUCCESS, *, voting=True, run="1"):
    return JobResult(run, job, outcome, "t", "gate", "h.org", "p/q", "main", at - 1, 1000, voting=voting)


GAUGE = probability.gauge(series_key(result(NOW)))


def values(results, *starts):
    found = probability.probabilities(outcomes_of(results).series, {GAUGE: starts}, HOUR)
    return {point.time_s: point.value for point in found}


def test_it_is_named_as_zuul_names_a_project_in_a_pipeline():
    assert GAUGE == "stats.gauges.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.pass_probability"


def test_it_is_the_product_over_the_voting_jobs():
    runs = [result(NOW, "a")] * 3 + [result(NOW, "a", Result.TIMED_OUT)]
    runs += [result(NOW, "b"), result(NOW, "b", Result.FAILURE)]
    runs += [result(NOW, "silent", Result.FAILURE, voting=False), result(NOW, "skipped", Result.SKIPPED)]
    assert values(runs, NOW) == {NOW: pytest.approx(0.75 * 0.5)}


def test_a_result_counts_for_the_24_hours_that_follow_it():
    runs = [result(NOW + 5, outcome=Result.FAILURE)]
    assert values(runs, NOW - HOUR, NOW, NOW + 23 * HOUR, NOW + DAY) == {NOW: 0, NOW + 23 * HOUR: 0}
    assert probability.touched([NOW + 5], HOUR, NOW + 10 * DAY) == {NOW + n * HOUR for n in range(24)}
    assert max(probability.touched([NOW + 5], HOUR, NOW + 2 * HOUR + 7)) == NOW + 2 * HOUR


def test_the_grid_is_the_coarsest_archives_or_an_hour():
    assert probability.grid_s(RETENTIONS) == HOUR
    assert probability.grid_s(parse_retentions("60s:1d")) == HOUR
    assert probability.grid_s(parse_retentions("10s:1h,7200s:1y")) == 7200
    assert probability.grid_s(parse_retentions("7s:1d")) == 3605


RUNS = st.lists(
    st.builds(
        result,
        st.integers(NOW - 3 * DAY, NOW),
        st.sampled_from("abc"),
        st.sampled_from(Result),
        voting=st.booleans(),
    ),
    max_size=40,
)


@given(RUNS, st.integers(0, 60))
def test_each_value_is_that_of_its_definition(runs, hours):
    start = (NOW - hours * HOUR) // HOUR * HOUR
    inside = [one for one in runs if one.voting and start + HOUR - DAY <= int(one.ended_at) < start + HOUR]
    product, counted = 1.0, 0
    for job in "abc":
        good = sum(one.job == job and one.result is Result.SUCCESS for one in inside)
        bad = sum(one.job == job and one.result in BAD for one in inside)
        counted += good + bad
        product *= good / (good + bad) if good + bad else 1
    assert values(runs, start) == ({start: pytest.approx(product)} if counted else {})


@given(RUNS)
def test_only_the_steps_that_a_result_touches_change_by_it(runs):
    steps = [NOW // HOUR * HOUR - n * HOUR for n in range(72)]
    if not runs:
        return
    before, after = values(runs[1:], *steps), values(runs, *steps)
    touched = probability.touched([int(runs[0].ended_at)], HOUR, NOW)
    assert {at for at in steps if before.get(at) != after.get(at)} <= touched


BAD = {
    Result.FAILURE,
    Result.TIMED_OUT,
    Result.POST_FAILURE,
    Result.RETRY_LIMIT,
    Result.NODE_FAILURE,
    Result.DISK_FULL,
}
