"""Jobs in a real lab: green when the chain works, red when it does not, and never without a result."""

import ast
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.errors import MissingTool
from sfcci.gate import runner
from sfcci.gate.declaration import load_jobs
from sfcci.gate.history import History
from sfcci.gate.job import Job, Result
from sfcci.gate.runner import Buildset, Installed, LabFault

JOBS = {job.name: job for job in load_jobs()}


@pytest.fixture
def buildset(tmp_path):
    return Buildset(settings.load(tmp_path), "gate", "b1", "c1")


def run(job, buildset, **changes):
    (result,) = runner.run_jobs((job,), replace(buildset, **changes))
    return result


@pytest.mark.lab
@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if job.scenario])
def test_a_job_of_ours_is_green_on_the_demo(name, buildset):
    result = run(JOBS[name], buildset)
    assert (result.result, result.reasons, result.log_dir) == (Result.SUCCESS, (), "")
    assert not list((buildset.settings.state / "runs").iterdir()), "a good run keeps no evidence"


@pytest.mark.lab
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (LabFault.DROP, "requests had no answer"),
        (LabFault.NO_CLASSIFIER, "no packet went vm1|vm2 > vm3 > dest (seen: dest x"),
    ],
)
def test_a_fault_turns_the_job_red_and_keeps_its_evidence(fault, reason, buildset):
    result = run(JOBS["sfc-http-diverted"], buildset, faults={"sfc-http-diverted": fault})
    assert result.result is Result.FAILURE
    assert reason in "\n".join(result.reasons)
    kept = {path.name for path in Path(result.log_dir).iterdir()}
    assert kept >= {"step1.pcapng", "step1.flows", "step1.json", "result.json"}
    with History(buildset.settings) as history:
        assert list(history.results()) == [result]


@pytest.mark.lab
def test_a_job_that_takes_too_long_is_timed_out(buildset):
    slow = replace(JOBS["sfc-http-diverted"], timeout_s=0.01)
    result = run(slow, buildset)
    assert (result.result, result.reasons) == (Result.TIMED_OUT, ("the job did not end within 0.01 s",))


def test_a_job_without_its_package_is_skipped(buildset):
    result = run(JOBS["sfc-rpm-install"], buildset)
    assert result.result is Result.SKIPPED
    assert "sfcci package rpm sfcci" in result.reasons[0]


@pytest.mark.parametrize(
    ("code", "result"), [("pass", Result.SUCCESS), ("raise SystemExit('no module')", Result.FAILURE)]
)
def test_an_installed_program_decides_by_its_exit_status(code, result, buildset):
    job = Job("installed", ("gate",), 20, install="sfcci", command=("sfcci", "gate"))
    way = Installed((sys.executable, "-c", code), dict(os.environ))
    told = run(job, buildset, install=lambda _component, _root: way)
    assert told.result is result
    if result is Result.FAILURE:
        assert told.reasons[-1] == "no module"


def test_an_installed_program_that_hangs_is_timed_out(buildset):
    job = Job("installed", ("gate",), 0.5, install="sfcci", command=("sfcci", "gate"))
    way = Installed((sys.executable, "-c", "import time; time.sleep(60)"), dict(os.environ))
    assert run(job, buildset, install=lambda _component, _root: way).result is Result.TIMED_OUT


def test_a_package_that_cannot_be_installed_is_no_failure_of_the_job(buildset):
    def refuse(_component, _root):
        raise MissingTool("rpm is not installed")

    assert run(JOBS["sfc-rpm-install"], buildset, install=refuse).result is Result.NODE_FAILURE


def test_a_packaged_sfcci_sees_none_of_our_settings(buildset, monkeypatch, tmp_path):
    monkeypatch.setenv("SFCCI_DATABASE_URL", "sqlite:////nowhere")
    note = tmp_path / "note"
    code = f"import os; print({{k: v for k, v in os.environ.items() if 'SFCCI' in k}}, file=open({str(note)!r}, 'w'))"
    job = Job("installed", ("gate",), 20, install="sfcci", command=("sfcci", "gate"))
    way = Installed((sys.executable, "-c", code), dict(os.environ))
    assert run(job, buildset, install=lambda _component, _root: way).result is Result.SUCCESS
    told = ast.literal_eval(note.read_text())
    assert set(told) == {"SFCCI_PROJECT", "SFCCI_RUN_STATE", "SFCCI_RUN_CACHE"}
    assert told["SFCCI_RUN_STATE"].startswith(told["SFCCI_PROJECT"])


def test_a_job_that_could_not_run_leaves_no_run(buildset, monkeypatch):
    def refuse(*_arguments):
        raise MissingTool("ovs-vsctl is not installed")

    monkeypatch.setattr(runner, "_verdict", refuse)
    with pytest.raises(MissingTool):
        run(JOBS["sfc-balance"], buildset)
    assert not list((buildset.settings.state / "runs").iterdir())


def test_a_result_that_a_killed_run_had_is_not_lost(buildset, monkeypatch):
    verdict = (Result.FAILURE, ("it went astray",))
    monkeypatch.setattr(runner, "_verdict", lambda *_arguments: verdict)
    monkeypatch.setattr(History, "record", lambda _self, _results: 1 / 0)  # as kill -9 between the two
    with pytest.raises(ZeroDivisionError):
        run(JOBS["sfc-balance"], buildset)
    monkeypatch.undo()
    with History(buildset.settings) as history:
        runner.record_aborted(history, buildset)
        (result,) = history.results()
    assert (result.job, result.result, result.reasons) == ("sfc-balance", *verdict)


def test_a_run_that_only_begins_is_left_alone(buildset):
    (buildset.settings.state / "runs" / "20260101T000000Z-aaaaaa").mkdir(parents=True)
    with History(buildset.settings) as history:
        runner.record_aborted(history, buildset)
        assert not history.runs()


@pytest.mark.lab
def test_a_killed_run_is_recorded_as_aborted_by_the_next_one(buildset):
    code = """
import sys
from sfcci import settings
from sfcci.gate import runner
from sfcci.gate.declaration import load_jobs
from pathlib import Path
jobs = {job.name: job for job in load_jobs()}
list(runner.run_jobs((jobs["sfc-restored"],), runner.Buildset(settings.load(Path(sys.argv[1])), "gate", "b0")))
"""
    runs = buildset.settings.state / "runs"
    with subprocess.Popen(
        [sys.executable, "-c", code, buildset.settings.project], start_new_session=True
    ) as tool:
        while not list(runs.glob("*/step1.pcapng")):
            assert tool.poll() is None
            time.sleep(0.01)
        os.kill(tool.pid, signal.SIGKILL)
    with History(buildset.settings) as history:
        runner.record_aborted(history, buildset)
        (result,) = history.results()
        assert (result.job, result.result) == ("sfc-restored", Result.ABORTED)
        runner.record_aborted(history, buildset)
        assert len(list(history.results())) == 1
