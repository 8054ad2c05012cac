import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import series_key
from sfcci.metric.name import (
    Kind,
    MetricName,
    PipelineName,
    SeriesName,
    metric_name,
    name_of,
    parse_name,
    parse_series,
    part,
)

PARTS = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
TODAY = st.builds(MetricName, PARTS, PARTS, PARTS, PARTS, PARTS, PARTS, PARTS)
PIPELINES = (
    st.builds(PipelineName, PARTS, PARTS)
    | st.builds(PipelineName, PARTS, PARTS, PARTS)
    | st.builds(PipelineName, PARTS, PARTS, PARTS, PARTS, PARTS, PARTS)
)
NAMES = TODAY | st.builds(MetricName, PARTS, PARTS, PARTS) | PIPELINES
SERIES = st.builds(SeriesName, st.sampled_from([Kind.COUNT, Kind.RATE, Kind.GAUGE]), NAMES) | st.builds(
    SeriesName, st.just(Kind.TIMER), NAMES, PARTS
)
UPSTREAM = (
    "stats_counts.zuul.tenant.openstack.pipeline.check.project.opendev_org."
    "openstack_networking-sfc.stable_2023_1.job.networking-sfc-tempest.POST_FAILURE"
)
OLD = "stats_counts.zuul.pipeline.check.job.gate-networking-sfc-python27-db-ubuntu-xenial.FAILURE"


def result(**changed):
    given = {
        "run": "1",
        "job": "sfc-http",
        "result": Result.SUCCESS,
        "tenant": "openstack",
        "pipeline": "gate",
        "host": "opendev.org",
        "project": "openstack/networking-sfc",
        "branch": "stable/2024.1",
        "started_at": 0.0,
        "duration_ms": 1,
    }
    return JobResult(**{**given, **changed})


def test_a_result_is_counted_under_the_name_that_zuul_gives():
    assert str(SeriesName(Kind.COUNT, metric_name(result()))) == (
        "stats_counts.zuul.tenant.openstack.pipeline.gate.project.opendev_org."
        "openstack_networking-sfc.stable_2024_1.job.sfc-http.SUCCESS"
    )


def test_a_name_of_upstream_is_read():
    name = parse_series(UPSTREAM).metric
    assert (name.tenant, name.project, name.branch) == (
        "openstack",
        "openstack_networking-sfc",
        "stable_2023_1",
    )
    assert (name.pipeline, name.job, name.result) == ("check", "networking-sfc-tempest", "POST_FAILURE")


def test_a_name_from_before_zuul_v3_is_read():
    name = parse_series(OLD).metric
    assert (name.pipeline, name.result, name.tenant) == ("check", "FAILURE", "")
    assert str(parse_series(OLD)) == OLD


def test_a_timer_has_its_figure_last():
    name = parse_series(UPSTREAM.replace("stats_counts", "stats.timers") + ".upper_90")
    assert (name.kind, name.figure, name.metric.result) == (Kind.TIMER, "upper_90", "POST_FAILURE")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zuul.tenant.openstack.pipeline.gate.all_jobs", PipelineName("gate", "all_jobs", "openstack")),
        (
            "zuul.tenant.openstack.pipeline.gate.resident_time",
            PipelineName("gate", "resident_time", "openstack"),
        ),
        (
            "zuul.tenant.openstack.pipeline.gate.project.opendev_org.openstack_nova.master.current_changes",
            PipelineName("gate", "current_changes", "openstack", "opendev_org", "openstack_nova", "master"),
        ),
        ("zuul.pipeline.gate.all_jobs", PipelineName("gate", "all_jobs")),
        (
            "zuul.tenant.t.pipeline.gate.project.h.p.main.job.tempest.wait_time",
            MetricName("gate", "tempest", "wait_time", "t", "h", "p", "main"),
        ),
    ],
)
def test_what_zuul_tells_of_pipelines_and_waiting_is_read(text, name):
    assert parse_name(text) == name
    assert str(name) == text


def test_the_pass_probability_is_a_gauge_of_a_project_in_a_pipeline():
    text = "stats.gauges.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.pass_probability"
    found = parse_series(text)
    assert (found.kind, found.metric.figure, found.metric.project) == (Kind.GAUGE, "pass_probability", "p_q")


def test_a_name_with_half_a_project_is_refused():
    with pytest.raises(InputError):
        PipelineName("gate", "all_jobs", "t", project="p")
    with pytest.raises(InputError):
        PipelineName("gate", "all_jobs", host="h", project="p", branch="main")


@given(NAMES)
def test_reading_what_is_printed_gives_the_name(name):
    assert parse_name(str(name)) == name


@given(SERIES)
def test_reading_what_is_printed_gives_the_series(series):
    assert parse_series(str(series)) == series


@given(st.text())
def test_any_text_is_one_legal_part(text):
    assert part(part(text)) == part(text)
    assert "." not in part(text)
    MetricName(part(text), "job", "SUCCESS")


@given(st.lists(st.sampled_from(["zuul", "tenant", "pipeline", "job", "x", "", "a b"]), max_size=14))
def test_text_is_a_name_that_prints_as_it_was_or_is_refused(parts):
    text = ".".join(parts)
    with contextlib.suppress(InputError):
        assert str(parse_name(text)) == text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("zuul.pipeline.check.jobs.x.FAILURE", "part 4 is 'jobs'; expected 'job'"),
        (
            "zuul.pipeline.check",
            "3 parts; expected 6, 4 as in zuul.pipeline.{pipeline}.job.{job}.{result} or zuul.pipeline.{pipeline}.{figure}",
        ),
        ("zuul.pipeline..job.x.FAILURE", "the part ''"),
    ],
)
def test_a_name_that_does_not_fit_is_told_where(text, fault):
    with pytest.raises(InputError) as caught:
        parse_name(text)
    assert fault in str(caught.value)


def test_a_series_without_a_known_prefix_is_refused():
    with pytest.raises(InputError, match="stats_counts"):
        parse_series("zuul.pipeline.check.job.x.FAILURE")


@pytest.mark.parametrize("outcome", list(Result))
def test_a_series_and_a_result_have_the_name_of_their_runs(outcome):
    one = result(job="py3.12", result=outcome)
    assert name_of(series_key(one), outcome) == metric_name(one)


def test_names_that_differ_in_a_dot_only_are_one_series():
    dotted, plain = result(job="py3.12"), result(job="py3_12")
    assert metric_name(dotted) == metric_name(plain)
