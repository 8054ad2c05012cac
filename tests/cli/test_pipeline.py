"""`sfcci pipeline run`: what its words mean together."""

import contextlib
import json

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli import pipeline as command
from sfcci.errors import UsageError
from sfcci.gate import runner
from sfcci.gate.declaration import load_jobs
from sfcci.gate.job import JobResult, Result
from sfcci.pipeline.report import FAULTS, Options, Status
from sfcci.pipeline.run import STEPS, run_pipeline


def run(options, project):
    return run_pipeline(settings.load(project), options, lambda _text: None, lambda _step: None)


@pytest.fixture
def graphites(monkeypatch):
    """Every Graphite that was started."""
    started = []

    @contextlib.contextmanager
    def running(*_arguments):
        started.append(1)
        yield None

    monkeypatch.setattr("sfcci.metric.instance.running", running)
    monkeypatch.setattr("sfcci.pipeline.steps.panel_numbers", lambda _run: None)
    return started


def test_the_words_are_the_pipelines_own():
    assert tuple(STEPS) == command.STEPS
    assert tuple(FAULTS) == command.FAULTS
    assert set(command.COLOURS) == set(Status)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(fault="drop", only=("results",)), "the fault drop needs the step gate, too: --step gate"),
        (Options(fault="broken-package", only=("gate",)), "broken-package needs the step package, too"),
    ],
)
def test_a_fault_that_no_step_would_see_is_refused(options, reason, tmp_path):
    with pytest.raises(UsageError, match=reason):
        run(options, tmp_path)


def test_a_fault_whose_job_does_not_run_is_told(tmp_path, graphites):
    (tmp_path / "jobs.yaml").write_text(
        """
jobs:
  - name: other
    pipeline: gate
    timeout: 5
    scenario: demo
    steps: [{traffic: [{http: {from: source, to: dest}}], checks: [answered]}]
"""
    )
    (tmp_path / "sfcci.toml").write_text('[gate]\njobs = "."\n')
    (step,) = run(Options(fault="drop", only=("gate",)), tmp_path).steps
    assert step.exit_status == 2
    assert "is put into sfc-http-diverted, which is no job of the pipeline gate" in step.summary
    assert graphites


def test_a_gate_that_does_not_see_the_fault_is_not_well(tmp_path, graphites, monkeypatch):
    def blind(jobs, _buildset, _watch, **_how):
        return [
            JobResult("r", job.name, Result.SUCCESS, "t", "gate", "h", "p", "main", 0.0, 1) for job in jobs
        ]

    monkeypatch.setattr(runner, "run_jobs", blind)
    report = run(Options(fault="drop", only=("gate",)), tmp_path)
    assert report.exit_status == 1
    assert report.steps[0].details[-1] == "sfc-http-diverted did not see the fault drop"
    assert len(report.results) == len(load_jobs())
    assert graphites


def test_graphite_is_started_only_for_steps_that_use_it(tmp_path, graphites):
    run(Options(only=("results",)), tmp_path)
    assert not graphites


def test_what_goes_on_is_told_on_standard_error_also_where_that_is_no_terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(tmp_path))
    done = CliRunner().invoke(command.run, ["--step", "results", "--json"])
    assert done.stderr == "  step results\n"
    assert json.loads(done.stdout)["exit_status"] == done.exit_code == 2
