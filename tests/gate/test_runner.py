"""Jobs in a real lab: green when the chain works, red when it does not, and never without a result."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from kinds_run import JOBS

from sfcci import settings
from sfcci.errors import UsageError
from sfcci.gate import runner
from sfcci.gate.history import History
from sfcci.gate.job import Job, Result
from sfcci.gate.order import LabFault
from sfcci.gate.runner import Buildset
from sfcci.gate.watch import Watch

WHAT_FAILS_FIRST = """#!/bin/sh
echo x >> {count}
[ "$(wc -l < {count})" -le {failures} ] && {{ echo "not today" >&2; exit 1; }}
exec {program} "$@"
"""


@pytest.fixture
def buildset(tmp_path):
    return Buildset(settings.load(tmp_path), "gate", "b1", "c1")


def run(job, buildset, **changes):
    (result,) = runner.run_jobs((job,), replace(buildset, **changes))
    return result


def recorded(buildset):
    with History(buildset.settings) as history:
        return list(history.results())


class Heard(Watch):
    def __init__(self):
        self.words = []

    def begins(self, _run, job, attempt):
        self.words.append(("begins", job.name, attempt))

    def phase(self, _run, phase):
        self.words.append(("phase", phase))

    def ends(self, result):
        self.words.append(("ends", result.job, result.result))


@pytest.fixture
def failing_first(tmp_path, monkeypatch):
    """Put a program before the real one that fails so often as it is told."""

    def put(program, failures):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        real = runner.command.find(program)
        text = WHAT_FAILS_FIRST.format(count=tmp_path / "count", failures=failures, program=real)
        (folder / program).write_text(text)
        (folder / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    return put


@pytest.mark.lab
@pytest.mark.parametrize("parallel", [1, 2])
def test_the_jobs_of_ours_are_green_on_the_demo_one_by_one_and_side_by_side(parallel, buildset):
    jobs = tuple(job for job in JOBS.values() if job.scenario == "demo")
    results = runner.run_jobs(jobs, buildset, parallel=parallel)
    assert {one.job: (one.result, one.reasons, one.log_dir) for one in results} == {
        job.name: (Result.SUCCESS, (), "") for job in jobs
    }
    assert not list((buildset.settings.state / "runs").iterdir()), "a good run keeps no evidence"
    assert recorded(buildset) == sorted(results, key=lambda one: (one.ended_ms, one.run))


@pytest.mark.lab
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (LabFault.DROP, "requests had no answer"),
        (LabFault.NO_CLASSIFIER, "no packet went vm1|vm2 > vm3 > dest (seen: dest x"),
    ],
)
def test_a_fault_turns_its_job_red_with_its_evidence_and_no_other(fault, reason, buildset):
    jobs = (JOBS["sfc-http-diverted"], JOBS["sfc-balance"])
    changed = replace(buildset, faults={"sfc-http-diverted": fault})
    results = {one.job: one for one in runner.run_jobs(jobs, changed, parallel=2)}
    assert results["sfc-balance"].result is Result.SUCCESS, "a lab is its job's own"
    red = results["sfc-http-diverted"]
    assert red.result is Result.FAILURE
    assert reason in "\n".join(red.reasons)
    kept = {path.name for path in Path(red.log_dir).iterdir()}
    assert kept >= {"step1.pcapng", "step1.flows", "step1.json", "result.json", "host.vm1", "switch.flows"}
    assert red in recorded(buildset)


@pytest.mark.lab
def test_a_job_that_takes_too_long_is_timed_out_and_keeps_its_evidence(buildset):
    slow = replace(JOBS["sfc-http-diverted"], timeout_s=4.0)
    result = run(slow, buildset, faults={slow.name: LabFault.DROP})
    assert (result.result, result.reasons) == (Result.TIMED_OUT, ("the job did not end within 4 s",))
    assert result.duration_ms < 4000 + 60_000, "evidence is kept within a grace"
    assert (Path(result.log_dir) / "ovs-vswitchd.log").stat().st_size
    assert json.loads((Path(result.log_dir) / "machine.json").read_text())["kernel"]


@pytest.mark.lab
def test_what_fails_before_the_jobs_own_work_is_tried_again(buildset, failing_first):
    failing_first("ovs-vsctl", 1)
    heard = Heard()
    first, second = runner.run_jobs((JOBS["sfc-balance"],), buildset, heard)
    assert (first.result, second.result) == (Result.RETRY, Result.SUCCESS)
    assert "not today" in "\n".join(first.reasons)
    assert (first.buildset, first.run != second.run) == (second.buildset, True)
    assert (Path(first.log_dir) / "ovsdb-server.log").exists(), "why it failed is kept"
    assert [one.result for one in recorded(buildset)] == [Result.RETRY, Result.SUCCESS]
    told = [word for word in heard.words if word[0] != "phase"]
    assert told == [
        ("begins", "sfc-balance", 1),
        ("ends", "sfc-balance", Result.RETRY),
        ("begins", "sfc-balance", 2),
        ("ends", "sfc-balance", Result.SUCCESS),
    ]


@pytest.mark.lab
def test_after_the_declared_attempts_it_is_retry_limit(buildset, failing_first):
    failing_first("ovs-vsctl", 1000)
    results = runner.run_jobs((replace(JOBS["sfc-balance"], attempts=2),), buildset)
    assert [one.result for one in results] == [Result.RETRY, Result.RETRY_LIMIT]
    assert results[-1].reasons[-1] == "it was tried 2 times"


def test_a_machine_without_open_vswitch_is_no_machine_to_run_on(buildset, monkeypatch, tmp_path):
    monkeypatch.setattr("sfcci.command.search_path", lambda: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    code = "import sys; sys.path.append({!r}); from sfcci import machine; machine.search_path = lambda: {!r}"
    (tmp_path / "sitecustomize.py").write_text(
        code.format(str(Path(runner.__file__).parents[2]), str(tmp_path))
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = run(JOBS["sfc-balance"], buildset)
    assert result.result is Result.NODE_FAILURE
    assert "is not installed" in result.reasons[0]


def test_a_job_without_its_package_is_skipped(buildset):
    result = run(JOBS["sfc-rpm-install"], buildset)
    assert result.result is Result.SKIPPED
    assert "sfcci package rpm sfcci" in result.reasons[0]
    assert recorded(buildset) == [result]


def test_a_package_that_is_refused_is_no_failure_of_the_job(buildset):
    def refuse(_component):
        raise UsageError("the RPM of sfcci was not built in this run")

    result = run(JOBS["sfc-rpm-install"], buildset, packages=refuse)
    assert (result.result, result.reasons) == (
        Result.NODE_FAILURE,
        ("the RPM of sfcci was not built in this run",),
    )


@pytest.mark.distro
def test_packages_that_do_not_install_are_tried_again(buildset, tmp_path):
    broken = tmp_path / "broken.rpm"
    broken.write_text("no package")
    job = Job("installed", ("gate",), 60, install="sfcci", command=("sfcci",), attempts=2)
    results = runner.run_jobs((job,), replace(buildset, packages=lambda _component: (broken,)))
    assert [one.result for one in results] == [Result.RETRY, Result.RETRY_LIMIT]
    assert "broken.rpm" in "\n".join(results[0].reasons)


def test_a_scenario_that_went_wrong_meanwhile_is_told(buildset, tmp_path):
    job = replace(JOBS["sfc-balance"], scenario=str(tmp_path / "gone.yaml"))
    result = run(job, buildset)
    assert result.result is Result.CONFIG_ERROR
    assert "gone.yaml: No such file" in result.reasons[0]


@pytest.mark.lab
def test_rounds_are_buildsets_of_their_own(buildset):
    jobs = (JOBS["sfc-balance"], JOBS["sfc-traceroute"])
    results = runner.run_jobs(jobs, buildset, parallel=2, repeat=2)
    by_buildset = {}
    for one in results:
        by_buildset.setdefault(one.buildset, set()).add(one.job)
    assert list(by_buildset.values()) == [{"sfc-balance", "sfc-traceroute"}] * 2
    assert "b1" in by_buildset


@pytest.mark.lab
def test_nothing_is_begun_after_the_first_voting_failure_when_that_is_asked(buildset):
    changed = replace(buildset, faults={"sfc-traceroute": LabFault.NO_CLASSIFIER})
    jobs = (JOBS["sfc-traceroute"],)
    results = runner.run_jobs(jobs, changed, repeat=5, until_failure=True)
    assert [one.result for one in results] == [Result.FAILURE]
    deaf = (replace(JOBS["sfc-traceroute"], voting=False),)
    assert len(runner.run_jobs(deaf, changed, repeat=2, until_failure=True)) == 2


def test_the_run_database_that_cannot_be_used_ends_the_run_with_its_result_kept(buildset, monkeypatch):
    monkeypatch.setattr(History, "record", lambda _self, _results: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(replace(JOBS["sfc-balance"], timeout_s=0.001), buildset)
    monkeypatch.undo()
    monkeypatch.setenv("SFCCI_RUN_STATE", str(buildset.settings.state))
    runner.run_jobs((JOBS["sfc-rpm-install"],), buildset)
    assert sorted(one.result for one in recorded(buildset)) == [Result.SKIPPED, Result.TIMED_OUT]


def test_ids_sort_by_time():
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", runner.run_folder.new_id())
