"""The whole pipeline on real parts: green, then red with a fault put in; and what happens when a part is not there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from sfcci import settings
from sfcci.errors import UsageError
from sfcci.gate.declaration import load_jobs
from sfcci.gate.history import History
from sfcci.gate.job import Result
from sfcci.pipeline.report import Options, Status
from sfcci.pipeline.run import run_pipeline

REPOSITORY = settings.Path(__file__).parents[1]
everything = [pytest.mark.distro, pytest.mark.lab, pytest.mark.graphite]


def silent(_text):
    pass


def run(options, project=REPOSITORY, **environ):
    return run_pipeline(settings.load(project, {**os.environ, **environ}), options, silent, silent)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The demo's jobs alone: how the others come out, the gate's own tests see."""
    folder = tmp_path_factory.mktemp("jobs")
    shutil.copy(REPOSITORY / "sfcci" / "gate" / "jobs" / "sfc.yaml", folder)
    return {"SFCCI_GATE_JOBS": str(folder)}


@pytest.fixture(scope="module")
def state(tmp_path_factory, built_for_pipeline):
    """One state folder for the runs that follow each other; the packages are built in it as the package step builds them."""
    folder = tmp_path_factory.mktemp("state") / "state"
    shutil.copytree(built_for_pipeline.settings.state, folder, symlinks=True)
    return {"SFCCI_RUN_STATE": str(folder)}


@pytest.fixture(scope="module")
def green(state, few):
    """The steps with the demo's jobs; then the last ones, when another run has had all the jobs that dashboards show."""
    first = run(Options(only=("package", "gate", "results", "metric")), **state, **few)
    with History(settings.load(REPOSITORY, {**os.environ, **state})) as history:
        history.record(
            replace(first.results[0], run=f"another-{job.name}", job=job.name)
            for job in load_jobs()
            if job.name not in {result.job for result in first.results}
        )
    return first, run(Options(only=("metric", "dashboard")), **state)


@pytest.mark.distro
@pytest.mark.lab
@pytest.mark.graphite
class TestWhole:
    def test_all_steps_are_well(self, green):
        steps = [step for report in green for step in report.steps]
        assert {(step.name, step.status) for step in steps} == {
            (name, Status.OK) for name in ("package", "gate", "results", "metric", "dashboard")
        }, [step.details for step in steps]
        assert [report.exit_status for report in green] == [0, 0]
        assert {result.result for result in green[0].results} == {Result.SUCCESS}

    def test_a_fault_is_one_more_failure_everywhere(self, green, state, few):
        assert [report.exit_status for report in green] == [0, 0]
        steps = ("gate", "results", "metric", "dashboard")
        red = run(Options(fault="drop", only=steps), **state, **few)
        assert red.exit_status == 1
        bad = [result for result in red.results if result.result is Result.FAILURE]
        assert [result.job for result in bad] == ["sfc-http-diverted"]
        assert "no answer" in bad[0].reasons[0]
        told = {step.name: step for step in red.steps}
        assert "read back: the sums are right" in told["metric"].summary
        assert "changed: Bad results: bad 0 → 1" in told["dashboard"].details
        suites = ET.parse(re.search(r"XML (\S+)", told["results"].details[0])[1])  # noqa: S314 - our own document
        assert suites.find("testsuite").get("failures") == "1"
        with History(settings.load(REPOSITORY, {**os.environ, **state})) as history:
            assert sum(result.result is Result.FAILURE for result in history.results()) == 1

    def test_ctrl_c_in_the_middle_leaves_nothing(self, tmp_path):
        environ = {**os.environ, "SFCCI_RUN_STATE": str(tmp_path)}
        argv = [sys.executable, "-m", "sfcci", "pipeline", "run", "--step", "gate", "--step", "metric"]
        with subprocess.Popen(argv, cwd=REPOSITORY, env=environ, stderr=subprocess.PIPE, text=True) as tool:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob("runs/*/result.json")) and time.monotonic() < deadline:
                time.sleep(0.02)
            tool.send_signal(signal.SIGINT)
            _, said = tool.communicate(timeout=30)
        assert tool.returncode == 130
        assert "interrupted" in said
        assert "Traceback" not in said
        for _ in range(100):
            left = [
                path
                for path in settings.Path("/proc").glob("[0-9]*")
                if str(tmp_path).encode() in cmdline(path)
            ]
            if not left:
                break
            time.sleep(0.1)
        assert not left


def cmdline(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_a_step_that_cannot_run_stops_no_other(tmp_path):
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "sfcci.toml").write_text('[graphite]\nurl = "http://127.0.0.1:1"\ncarbon = "127.0.0.1:1"\n')
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "a.toml").write_text("nmae = 1\n")
    report = run(
        Options(only=("package", "results", "metric", "dashboard")),
        tmp_path,
        SFCCI_RUN_STATE=str(tmp_path / "state"),
    )
    assert [(step.name, step.status) for step in report.steps] == [
        ("package", Status.NOT_RUN),
        ("results", Status.NOT_RUN),
        ("metric", Status.OK),
        ("dashboard", Status.NOT_RUN),
    ]
    assert report.exit_status >= 2
    assert all("\n" not in step.summary for step in report.steps)


def test_unknown_words_are_told():
    with pytest.raises(UsageError, match="no step is named 'gte'; there are: package, gate"):
        run(Options(only=("gte",)))
    with pytest.raises(UsageError, match="no fault is named 'x'; there are: drop"):
        run(Options(fault="x"))


@pytest.mark.lab
def test_json_is_one_document_on_standard_output(tmp_path, few):
    argv = [sys.executable, "-m", "sfcci", "pipeline", "run", "--step", "gate", "--json"]
    environ = {
        **os.environ,
        **few,
        "SFCCI_RUN_STATE": str(tmp_path),
        "SFCCI_GRAPHITE_URL": "http://127.0.0.1:1",
    }
    done = subprocess.run(argv, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == report["exit_status"] == 0
    assert {result["result"] for result in report["results"]} == {"SUCCESS", "SKIPPED"}
