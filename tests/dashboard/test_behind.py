"""Which time of which series is behind a point, by the functions around it. (Against a real Graphite: tests/metric/test_agreement.)"""

import pytest

from sfcci.dashboard.behind import behind
from sfcci.dashboard.target import TargetError
from sfcci.errors import UsageError
from sfcci.gate.job import BAD, Result
from sfcci.gate.query import SeriesKey
from sfcci.metric.retention import parse_retentions

RETENTIONS = parse_retentions("10s:1d,60s:30d,1h:1y")
HOUR, DAY = 3600, 86400
NOW = 1_800_000_000
A = SeriesKey("t", "gate", "h.org", "p/q", "main", "a")
B = A._replace(job="b")
OTHER = A._replace(branch="stable/2024.1")
STEM = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job"
NAME = f"stats_counts.{STEM}.a.FAILURE"


def asked(*targets, at=NOW - 25, known=(A, B, OTHER), **options):
    """Give what is asked for: (jobs and branches, results, begin and end as seconds before now)."""
    found = behind(targets, at, known, RETENTIONS, NOW, **options)
    return [
        (
            sorted((key.job, key.branch) for key in one.query.series),
            one.query.results,
            NOW - one.query.since_s,
            NOW - one.query.until_s,
        )
        for one in found.asked
    ]


def time_of(target, at=NOW - 25, **options):
    ((_, _, begin, end),) = asked(target, at=at, **options)
    return begin, end


def test_a_point_of_a_counter_is_the_runs_of_its_step():
    assert asked(NAME) == [([("a", "main")], (Result.FAILURE,), 30, 20)]


@pytest.mark.parametrize(
    "name",
    [
        f"{STEM}.a.FAILURE",
        f"stats.{STEM}.a.FAILURE",
        f"stats.timers.{STEM}.a.FAILURE.median",
        f"stats.timers.{STEM}.a.FAILURE.{{mean,upper_95}}",
        f"stats_counts.{STEM}.a.F*",
        "stats_counts.**.main.job.a.FAILURE",
        "**.main.job.a.FAILURE",
        "stats_counts.zuul.tenant.**.main.**.job.a.FAIL*",
        "stats_counts.*.tenant.t.pipeline.gate.project.*.*.main.job.[a].FAILUR?",
    ],
)
def test_every_name_of_a_series_means_its_runs(name):
    assert asked(name) == [([("a", "main")], (Result.FAILURE,), 30, 20)]


def test_the_short_form_means_every_project():
    found = asked("stats_counts.zuul.pipeline.gate.job.a.FAILURE")
    assert found == [([("a", "main"), ("a", "stable/2024.1")], (Result.FAILURE,), 30, 20)]


def test_the_archive_is_that_of_the_left_edge():
    assert time_of(NAME, from_s=NOW - 3600) == (30, 20)
    assert time_of(NAME, at=NOW - 85, from_s=NOW - 2 * DAY) == (120, 60)
    assert time_of(NAME, at=NOW - 4000, from_s=NOW - 40 * DAY) == (7200, 3600)
    assert time_of(NAME, at=NOW - 40 * DAY - 5) == (40 * DAY + 3600, 40 * DAY)


def test_what_graphite_does_not_keep_is_told():
    with pytest.raises(UsageError, match="goes back 365 days"):
        behind([NAME], NOW - 400 * DAY, [A], RETENTIONS, NOW)


def test_a_running_sum_goes_back_to_the_left_edge():
    edge = {"from_s": NOW - 3600}
    assert time_of(f"integral({NAME})", **edge) == (3590, 20)
    assert time_of(f"alias(consolidateBy(integral(transformNull({NAME})),'last'),'x')", **edge) == (3590, 20)


@pytest.mark.parametrize(
    ("target", "begin", "end"),
    [
        (f"summarize({NAME},'1h','sum')", 3600, 0),
        (f"summarize({NAME},'10min')", 600, 0),
        (f"smartSummarize({NAME},'1h')", 590, -3010),
        (f"summarize({NAME},'1hour','sum',true)", 590, -3010),
        (f"movingAverage({NAME},'1h')", 3630, 20),
        (f"movingSum({NAME},6)", 90, 20),
        (f"timeShift({NAME},'1d')", DAY + 30, DAY + 20),
        (f"timeShift({NAME},'+1d')", -DAY + 30, -DAY + 20),
        (f"integralByInterval({NAME},'5min')", 290, 20),
        (f"{NAME}|scale(2)|keepLastValue()", 30, 20),
    ],
)
def test_functions_that_look_at_other_times_are_followed(target, begin, end):
    assert time_of(target, from_s=NOW - 4195) == (begin, end)


@pytest.mark.parametrize(
    ("named", "placed"),
    [
        ("summarize({},intervalString='1d',func='sum')", "summarize({},'1d','sum')"),
        ("integralByInterval({},intervalUnit='1d')", "integralByInterval({},'1d')"),
        ("movingSum({},windowSize='1d')", "movingSum({},'1d')"),
        ("timeShift({},timeShift='1d')", "timeShift({},'1d')"),
        ("timeShift({},timeShift='+1d')", "timeShift({},'+1d')"),
    ],
)
def test_an_argument_that_is_named_means_the_same_as_in_its_place(named, placed):
    assert time_of(named.format(NAME)) == time_of(placed.format(NAME))


@pytest.mark.parametrize("function", ["summarize", "integralByInterval", "movingSum", "timeShift"])
@pytest.mark.parametrize("nothing", ["0", "'0'", "'0h'"])
def test_an_interval_of_nothing_is_a_step(function, nothing):
    assert time_of(f"{function}({NAME},{nothing})")


def test_the_parts_of_a_ratio_are_asked_for_once_each():
    bad = f"stats_counts.{STEM}.a.{{{','.join(BAD)}}}"
    every = f"stats_counts.{STEM}.a.{{SUCCESS,{','.join(BAD)}}}"
    found = asked(f"asPercent(sumSeries({bad}),sumSeries({every}))")
    assert found == [([("a", "main")], (Result.SUCCESS, *BAD), 30, 20)]


def test_a_fallback_and_what_is_scaled_by_nothing_have_no_part():
    assert asked(f"fallbackSeries({NAME},stats_counts.{STEM}.b.SUCCESS)") == asked(NAME)
    assert asked(f"sumSeries({NAME},scale(stats_counts.{STEM}.b.SUCCESS,0))") == asked(NAME)


def test_the_pass_probability_is_made_by_24_hours_of_voting_runs():
    found = behind(
        [f"stats.gauges.{STEM.removesuffix('.job')}.pass_probability"],
        NOW - 25,
        [A, B, OTHER],
        RETENTIONS,
        NOW,
    )
    (one,) = found.asked
    assert one.voting_only
    assert {key.job for key in one.query.series} == {"a", "b"}
    assert one.query.results == (Result.SUCCESS, *BAD)
    end = (NOW - 25) // HOUR * HOUR + HOUR
    assert (one.query.since_s, one.query.until_s) == (end - DAY, end)


def test_all_jobs_of_a_pipeline_are_all_its_runs():
    (one,) = behind(
        ["stats_counts.zuul.tenant.t.pipeline.gate.all_jobs"], NOW - 25, [A, B], RETENTIONS, NOW
    ).asked
    assert (len(one.query.series), one.query.results) == (2, tuple(Result))


def test_names_that_mean_no_series_are_told():
    found = behind([f"sumSeries({NAME},stats_counts.{STEM}.c.FAILURE)"], NOW, [A], RETENTIONS, NOW)
    assert found.unknown == (f"stats_counts.{STEM}.c.FAILURE",)


def test_a_broken_target_is_refused():
    with pytest.raises(TargetError):
        behind(["sumSeries(a.b"], NOW, [A], RETENTIONS, NOW)
