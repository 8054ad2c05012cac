"""The dashboard of the gate tells the truth: every job, every bad result, weighted rates, n."""

from pathlib import Path

import pytest

from sfcci.dashboard.target import calls, parse_target, paths
from sfcci.dashboard.validate import load
from sfcci.gate.job import BAD, Result
from sfcci.metric.glob import alternatives

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def panels():
    (dashboard,) = load([PROJECT / "dashboards" / "sfc-gate.yaml"])
    return {
        panel.title: [parse_target(target.text) for target in panel.targets] for panel in dashboard.panels
    }


def jobs():
    from sfcci.gate.declaration import load_jobs

    return {job.name for job in load_jobs()}


def named(tree):
    return tree.arguments[-1].value


@pytest.mark.parametrize(
    "title", ["Failure rate of each job", "Results counted for each job (n)", "Duration of good runs"]
)
def test_every_job_of_the_gate_is_on_the_panel_and_no_other(panels, title):
    assert {named(tree) for tree in panels[title]} == jobs()


@pytest.mark.parametrize("title", ["Failure rate of each job", "Failure rate of the gate"])
def test_a_rate_counts_every_bad_result_over_all_that_count(panels, title):
    for tree in panels[title]:
        (percent,) = [call for call in calls(tree) if call.name == "asPercent"]
        bad, counted = (next(paths(part)).text for part in percent.arguments)
        assert bad.rpartition(".")[0] == counted.rpartition(".")[0]
        assert alternatives(bad.rpartition(".")[2]) == tuple(BAD)
        assert alternatives(counted.rpartition(".")[2]) == (Result.SUCCESS, *BAD)


def test_a_target_names_the_job_that_its_alias_says(panels):
    for title in ("Failure rate of each job", "Results counted for each job (n)", "Duration of good runs"):
        for tree in panels[title]:
            assert {path.text.split(".job.")[1].split(".")[0] for path in paths(tree)} == {named(tree)}


def test_names_are_those_that_the_results_are_counted_under(panels):
    from sfcci.gate.job import JobResult
    from sfcci.metric.name import Kind, SeriesName, metric_name
    from sfcci.settings import Gate

    gate = Gate()
    result = JobResult(
        "r", "*", Result.DISK_FULL, gate.tenant, gate.pipeline, gate.host, gate.project, gate.branch, 0.0, 1
    )
    scope = str(SeriesName(Kind.COUNT, metric_name(result))).split(".job.")[0]
    found = {
        path.text.split(".job.")[0] for trees in panels.values() for tree in trees for path in paths(tree)
    }
    assert found == {scope, scope.replace("stats_counts", "stats.timers", 1)}


def test_every_kind_of_bad_result_has_its_bars(panels):
    assert [named(tree) for tree in panels["Bad results by kind"]] == list(BAD)


def test_a_job_of_the_gate_without_a_panel_fails_here(tmp_path):
    from importlib import resources

    from sfcci.dashboard.validate import examine
    from sfcci.gate.zuul_files import running_jobs
    from sfcci.settings import Gate

    def lies(folder):
        found = examine([PROJECT / "dashboards"], jobs=running_jobs([folder], Gate())).findings
        return [one.what for one in found if one.keyword.startswith("Job")]

    own = resources.files("sfcci.gate") / "jobs"
    assert lies(str(own)) == []
    for file in own.iterdir():
        text = file.read_text().replace("name: sfc-balance\n", "name: sfc-fairness\n")
        (tmp_path / file.name).write_text(text)
    assert set(lies(tmp_path)) == {
        "the job sfc-balance does not run in gate of sfcci/sfcci",
        "the job sfc-fairness runs in gate of sfcci/sfcci and is on no panel",
    }
