"""The dashboard of the gate over a real Graphite: the rates that it shows are the weighted ones."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard.reading import Trouble, answers, changes, dashboard_numbers, drawn_panels
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.validate import examine, load
from sfcci.finding import Severity, exit_status
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import outcomes_of
from sfcci.metric import carbon, graphite, instance, series
from sfcci.metric.proof import missing, proof_of

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.graphite
JOBS = {
    "sfc-http-diverted": (Result.SUCCESS,) * 9 + (Result.FAILURE,),
    "sfc-balance": (Result.SUCCESS,) * 3,
    "sfc-traceroute": (Result.TIMED_OUT, Result.NODE_FAILURE, Result.SKIPPED),
    "sfc-no-classifier": (Result.FAILURE,) + (Result.SUCCESS,) * 49,
    "sfc-group-removed": (Result.CANCELED,),
}
"""Job → results: a mixed one, one never bad, one never good, one whose only failure is alone in its step, one without rate."""
RATES = {"sfc-http-diverted": 10.0, "sfc-balance": 0.0, "sfc-traceroute": 100.0, "sfc-no-classifier": 2.0}
COUNTED = {"sfc-http-diverted": 10.0, "sfc-balance": 3.0, "sfc-traceroute": 2.0, "sfc-no-classifier": 50.0}


def results(jobs, begin):
    for job, found in jobs.items():
        for number, result in enumerate(found):
            # the first of a job stands alone, the others share one step: an average of percentages would be far off
            at = begin if number == 0 else begin + 1200
            yield JobResult(
                f"r{number}",
                job,
                result,
                "sfcci",
                "gate",
                "sfcci.example.org",
                "sfcci/sfcci",
                "main",
                at,
                2500,
            )


@pytest.fixture
def running(tmp_path, cache_dir):
    chosen = replace(settings.load(PROJECT), state=tmp_path / "state", cache=cache_dir)
    with instance.running(chosen) as found:
        yield found


def written(running, made):
    spans = series.spans(outcomes_of(made).series, running.retentions)
    points = list(series.points(spans, running.retentions, time.time()))
    carbon.send(points, running.carbon)
    assert not missing(points, proof_of(running)), "carbon has written them"
    return graphite.GraphiteReader(running.url)


def test_rates_are_weighted_and_count_every_bad_result_and_a_failure_changes_its_panels(running):
    now = time.time()
    made = list(results(JOBS, now - 3 * 3600))
    reader = written(running, made)
    dashboards = load([PROJECT / "dashboards" / "sfc-gate.yaml"])
    before = dashboard_numbers(dashboards, reader, now - 86400, now)
    shown = {panel.panel: panel.values for panel in before}
    assert {job: rate for job, rate in shown["Failure rate of each job"].items() if rate is not None} == RATES
    assert {job: n for job, n in shown["Results counted for each job (n)"].items() if n} == COUNTED
    assert list(shown["Failure rate of the gate"].values()) == [pytest.approx(100 * 4 / 65)]
    assert list(shown["Results counted (n)"].values()) == [65.0]
    assert list(shown["Bad results"].values()) == [4.0]
    assert shown["Bad results by kind"] == {"FAILURE": 2.0, "TIMED_OUT": 1.0, "NODE_FAILURE": 1.0}
    assert shown["Duration of good runs"]["sfc-balance"] == pytest.approx(2.5)

    written(running, list(results({"sfc-balance": (Result.FAILURE,)}, now - 60)))
    after = dashboard_numbers(dashboards, reader, now - 86400, now)
    assert "Failure rate of each job: sfc-balance 0 → 25" in changes(before, after)
    assert "Bad results: bad 4 → 5" in changes(before, after)

    panels = {panel["title"]: panel for panel in drawn_panels(grafana_json(dashboards[0]))}
    troubles = {one.trouble for one in answers(panels["Bad results by kind"], reader, now - 86400, now, 500)}
    assert troubles == {Trouble.NONE, Trouble.NEVER}


def test_a_gate_that_ran_once_and_well_has_a_valid_dashboard(running):
    jobs = dict.fromkeys(declared(), (Result.SUCCESS,))
    reader = written(running, list(results(jobs, time.time() - 60)))
    found = examine([PROJECT / "dashboards" / "sfc-gate.yaml"], reader).findings
    assert exit_status(found) == 0
    assert {one.severity for one in found} == {Severity.INFO}
    assert "NeverHappened" in {one.keyword for one in found}
    shown = dashboard_numbers(load([PROJECT / "dashboards"]), reader, time.time() - 3600, time.time())
    assert set(shown[3].values.values()) == {0.0}


def declared():
    from sfcci.gate.declaration import load_jobs

    return [job.name for job in load_jobs()]
