"""`gate runs --metric NAME --at TIME`: from a point to the runs that made it."""

import dataclasses
import json
import time

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli.gate_runs import runs
from sfcci.errors import InputError, UsageError
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.moment import moment_text

NOW = int(time.time()) // 60 * 60
STEM = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_DATABASE_URL", f"sqlite:///{tmp_path}/runs.sqlite")
    with History(
        dataclasses.replace(settings.load(), database_url=f"sqlite:///{tmp_path}/runs.sqlite")
    ) as history:
        history.record(
            JobResult(
                f"run-{job}-{age}", job, result, "t", "gate", "h.org", "p/q", "main", NOW - age - 1, 1000
            )
            for job, age, result in (
                ("a", 55, Result.FAILURE),
                ("a", 44, Result.FAILURE),
                ("a", 43, Result.SUCCESS),
                ("a", 95, Result.FAILURE),
                ("b", 44, Result.FAILURE),
            )
        )
    return lambda *words: CliRunner().invoke(
        runs, words, env={"SFCCI_GRAPHITE_URL": "", "SFCCI_GRAPHITE_CARBON": ""}
    )


def ids(answer):
    assert answer.exit_code == 0, answer.output
    return [one["run"] for one in json.loads(answer.stdout)]


def test_a_point_leads_to_its_runs_the_newest_first(run):
    words = ("--metric", f"stats_counts.{STEM}.a.FAILURE", "--json", "--at")
    assert ids(run(*words, str(NOW - 42))) == ["run-a-44"]
    assert ids(run(*words, str(NOW - 52))) == ["run-a-55"]
    assert ids(run(*words, str(NOW - 52), "--from", "2d")) == ["run-a-44", "run-a-55"]
    assert ids(run(*words, str(NOW - 180))) == []


def test_a_dashboards_target_and_more_than_one_are_understood(run):
    target = f"alias(integral(transformNull(sumSeries(stats_counts.{STEM}.*.{{FAILURE,TIMED_OUT}}))),'bad')"
    found = ids(run("--metric", target, "--at", str(NOW - 42), "--from", "1h", "--json"))
    assert sorted(found) == ["run-a-44", "run-a-55", "run-a-95", "run-b-44"]
    two = [word for job in "ab" for word in ("--metric", f"{STEM}.{job}.FAILURE")]
    assert sorted(ids(run(*two, "--at", str(NOW - 42), "--json"))) == ["run-a-44", "run-b-44"]
    assert ids(run("--metric", target, "--at", str(NOW - 42), "--from", "1h", "--job", "b", "--json")) == [
        "run-b-44"
    ]


def test_a_name_that_means_nothing_is_told(run):
    answer = run("--metric", "stats_counts.nothing", "--at", "1h", "--json")
    assert json.loads(answer.stdout) == []
    assert answer.stderr.splitlines()[1] == (
        "no series of the run database is meant by stats_counts.nothing; see: sfcci metrics find 'stats_counts.nothing'"
    )


def test_the_time_that_the_point_is_of_is_told(run):
    answer = run("--metric", f"stats_counts.{STEM}.a.FAILURE", "--at", str(NOW - 42), "--json")
    begin, end = moment_text((NOW - 42) // 10 * 10), moment_text((NOW - 42) // 10 * 10 + 10)
    assert answer.stderr == f"the point is of the time from {begin} to {end}\n"


def test_beside_the_runs_the_last_one_before_is_told(run):
    answer = run("--metric", f"stats_counts.{STEM}.a.FAILURE", "--at", str(NOW))
    assert answer.stdout == "no run is behind this point\n"
    (last,) = ids(run("--job", "a", "--result", "FAILURE", "--limit", "1", "--json"))
    nearest = moment_text(NOW - int(last.rpartition("-")[2]))
    assert answer.stderr.splitlines()[1:] == [f"the last run before it: --at '{nearest}'"]


@pytest.mark.parametrize(
    "words",
    [
        ("--at", "1h"),
        ("--metric", "a.b"),
        ("--metric", "a.b", "--at", "1h", "--since", "2d"),
        ("--metric", "a.b", "--at", "tomorrow"),
        ("--metric", "sum(a.b", "--at", "1h"),
        ("--metric", "a.b", "--at", "1h", "--step", "long"),
        ("--metric", "a.b", "--at", "2001-01-01"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, words):
    assert isinstance(run(*words).exception, UsageError | InputError)
