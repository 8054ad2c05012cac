"""Whatever happens to a run, it has a result and leaves nothing behind: kills, a worker that hangs, a full disk, signals to the tool."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from kinds_run import JOBS

from sfcci import settings
from sfcci.gate import process, runner
from sfcci.gate.history import History
from sfcci.gate.job import Result, Step
from sfcci.gate.order import LabFault
from sfcci.gate.runner import Buildset
from sfcci.gate.watch import Watch

pytestmark = pytest.mark.lab
RUN = [sys.executable, "-m", "sfcci", "gate", "run", "-p", "2"]
LONG = """
jobs:
  - name: long
    pipeline: gate
    timeout: 60
    scenario: demo
    steps:
      - traffic: [{http: {from: source, to: dest, requests: 100000}}]
        checks: [answered]
"""


@pytest.fixture(autouse=True)
def before():
    """What this program had started before the test is another's, dead or alive."""
    OTHERS.clear()
    OTHERS.update(below(os.getpid()))


@pytest.fixture
def buildset(tmp_path):
    return Buildset(settings.load(tmp_path), "gate", "b1", "c1")


class Saboteur(Watch):
    """Does something to a run's processes when its steps begin, in its first attempts."""

    def __init__(self, what, attempts=1):
        self._what, self._left = what, attempts

    def phase(self, _run, phase):
        if phase.startswith("step 1") and self._left:
            self._left -= 1
            self._what()


OTHERS = set()


def processes():
    """Process id → (parent, name, words) of all that runs."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (path / "stat").read_text().partition("(")[2].rpartition(")")
            found[int(path.name)] = (int(rest.split()[1]), name, (path / "cmdline").read_bytes().split(b"\0"))
        except OSError:
            continue
    return found


def below(pid):
    """Processes that descend from one."""
    there = {one: what for one, what in processes().items() if one not in OTHERS}
    found = {pid}
    while more := {one for one, (parent, _, _) in there.items() if parent in found} - found:
        found |= more
    return {one: there[one] for one in found - {pid}}


def one_of_ours(name="", word=b""):
    (pid,) = (
        pid
        for pid, (_, own, words) in below(os.getpid()).items()
        if own == name or any(one.endswith(word) and word for one in words)
    )
    return pid


def worker():
    """The child that judges: its parent is the warden, who has the same words, as what it is about to start has."""
    there = below(os.getpid())
    own = {pid for pid, (_, _, words) in there.items() if any(one.endswith(b"worker.py") for one in words)}
    wardens = {pid for pid in own if there[pid][0] not in own}
    (pid,) = (pid for pid in own if there[pid][0] in wardens)
    return pid


def warden():
    there = below(os.getpid())
    return there[worker()][0]


def keeper():
    there = below(os.getpid())
    (pid,) = (
        pid
        for pid, (_, name, words) in there.items()
        if name != "unshare" and any(one.endswith(b"keeper.py") for one in words)
    )
    return pid


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)


def left(mark):
    """Processes that carry a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (path / "environ").read_bytes() and int(path.name) != os.getpid():
                found.append((path / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def nothing_left(mark, within_s=20.0):
    until = time.monotonic() + within_s
    while (found := left(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    return found == [] or found


def test_a_worker_that_is_killed_is_lost_like_a_node_and_its_job_is_tried_again(buildset):
    first, second = runner.run_jobs((JOBS["sfc-balance"],), buildset, Saboteur(lambda: kill(worker())))
    assert (first.result, second.result) == (Result.RETRY, Result.SUCCESS)
    assert first.reasons == ("the job's process was ended by SIGKILL (signal 9) while step 1 of 1",)
    assert not below(os.getpid())


def test_a_worker_that_is_killed_each_time_is_retry_limit(buildset):
    job = replace(JOBS["sfc-balance"], attempts=2)
    results = runner.run_jobs((job,), buildset, Saboteur(lambda: kill(worker()), 9))
    assert [one.result for one in results] == [Result.RETRY, Result.RETRY_LIMIT]


def test_a_worker_that_crashes_tells_where(buildset):
    job = replace(JOBS["sfc-balance"], attempts=1)
    (result,) = runner.run_jobs((job,), buildset, Saboteur(lambda: kill(worker(), signal.SIGSEGV)))
    assert result.result is Result.RETRY_LIMIT
    assert result.reasons[1:3] == ("Fatal Python error: Segmentation fault", "see worker.log")
    assert "steps.py" in (Path(result.log_dir) / "worker.log").read_text()


def test_a_warden_that_is_killed_takes_everything_with_it(buildset):
    job = replace(JOBS["sfc-balance"], attempts=1)
    (result,) = runner.run_jobs((job,), buildset, Saboteur(lambda: kill(warden())))
    assert result.result is Result.RETRY_LIMIT
    assert nothing_left(str(buildset.settings.state)) is True


def test_a_lab_whose_keeper_is_killed_is_lost_and_its_job_is_tried_again(buildset):
    first, second = runner.run_jobs((JOBS["sfc-balance"],), buildset, Saboteur(lambda: kill(keeper())))
    assert (first.result, second.result) == (Result.RETRY, Result.SUCCESS)
    assert first.reasons[0] == "the lab was lost: the process that kept it is gone"


def test_a_switch_that_dies_is_a_failure_and_named(buildset):
    attack = Saboteur(lambda: kill(one_of_ours("ovs-vswitchd")))
    (result,) = runner.run_jobs((JOBS["sfc-balance"],), buildset, attack)
    assert result.result is Result.FAILURE
    assert result.reasons[0] == "ovs-vswitchd died while the job ran; see ovs-vswitchd.log"
    kept = Path(result.log_dir)
    assert (kept / "ovs-vswitchd.log").stat().st_size


def test_a_function_that_never_answers_is_a_failure_and_says_so(buildset):
    job = JOBS["sfc-http-diverted"]
    (result,) = runner.run_jobs((job,), replace(buildset, faults={job.name: LabFault.DROP}))
    assert (result.result, result.reasons[0]) == (
        Result.FAILURE,
        "20 of 20 requests had no answer (timed out)",
    )


def test_a_worker_that_hangs_is_killed_after_the_grace_with_its_lab(buildset, monkeypatch):
    monkeypatch.setattr(process, "GRACE_S", 0.5)
    job = replace(JOBS["sfc-balance"], timeout_s=8.0)
    (result,) = runner.run_jobs((job,), buildset, Saboteur(lambda: kill(worker(), signal.SIGSTOP)))
    assert result.result is Result.TIMED_OUT
    assert "it was killed with all that it had started" in result.reasons[0]
    assert "while step 1 of 1" in result.reasons[0]
    assert result.duration_ms < 8000 + 60_000
    assert not below(os.getpid())


def test_a_switch_that_hangs_is_timed_out_in_time(buildset):
    job = replace(JOBS["sfc-balance"], timeout_s=8.0)
    attack = Saboteur(lambda: kill(one_of_ours("ovs-vswitchd"), signal.SIGSTOP))
    (result,) = runner.run_jobs((job,), buildset, attack)
    assert result.result is Result.TIMED_OUT
    assert result.duration_ms < 8000 + 60_000
    kept = Path(result.log_dir)
    assert (kept / "host.vm1").exists()
    assert "switch.flows: nsenter ended" in (kept / "not-kept").read_text()


def test_a_fault_of_our_own_is_an_error_of_no_job_with_its_traceback_kept(buildset):
    job = replace(JOBS["sfc-balance"], steps=(Step(changes=(None,)),))
    (result,) = runner.run_jobs((job,), buildset)
    assert result.result is Result.ERROR
    assert "AttributeError" in result.reasons[1]
    assert "Traceback" in (Path(result.log_dir) / "worker.log").read_text()


def test_evidence_that_cannot_be_kept_is_a_post_failure(buildset):
    def in_the_way():
        (folder,) = (buildset.settings.state / "runs").glob("*/")
        (folder / "switch.flows").mkdir()

    job = replace(JOBS["sfc-balance"], timeout_s=120)
    changed = replace(buildset, faults={job.name: LabFault.NO_CLASSIFIER})
    (result,) = runner.run_jobs((job,), changed, Saboteur(in_the_way))
    assert result.result is Result.POST_FAILURE
    assert result.reasons[0].startswith("FAILURE: tcp from port")
    assert "its evidence could not be kept: cannot write" in result.reasons[-1]


def tool(tmp_path, *words, **environ):
    (tmp_path / "jobs").mkdir(exist_ok=True)
    (tmp_path / "jobs" / "long.yaml").write_text(LONG)
    own = {
        "SFCCI_RUN_STATE": str(tmp_path / "state"),
        "SFCCI_PROJECT": str(tmp_path),
        "SFCCI_GATE_JOBS": str(tmp_path / "jobs"),
    }
    return subprocess.Popen(
        [*RUN, *words],
        env={**os.environ, **own, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_steps(tmp_path, count):
    until = time.monotonic() + 60
    while len(list((tmp_path / "state").glob("runs/*/step1.pcapng"))) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def results(tmp_path):
    with History(settings.load(tmp_path, {"SFCCI_RUN_STATE": str(tmp_path / "state")})) as history:
        return [one.result for one in history.results()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tool_that_is_interrupted_cancels_its_runs_and_leaves_nothing(tmp_path, number):
    with tool(tmp_path, "--repeat", "2") as running:
        wait_for_steps(tmp_path, 2)
        running.send_signal(number)
        _, said = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert results(tmp_path) == [Result.CANCELED, Result.CANCELED]
    assert nothing_left(str(tmp_path / "state")) is True
    assert not list((tmp_path / "state" / "runs").iterdir())


def test_a_tool_that_is_killed_leaves_nothing_and_the_next_records_aborted(tmp_path):
    with tool(tmp_path, "--repeat", "2") as running:
        wait_for_steps(tmp_path, 2)
        running.kill()
        running.communicate(timeout=120)
    assert nothing_left(str(tmp_path / "state")) is True
    assert results(tmp_path) == []
    with tool(tmp_path, "no-such-job") as refused:
        assert "no job is named" in refused.communicate(timeout=120)[1]
    (tmp_path / "jobs" / "long.yaml").write_text(LONG)
    short = LONG.replace("100000", "3")
    with tool(tmp_path) as after:
        (tmp_path / "jobs" / "long.yaml").write_text(short)
        after.communicate(timeout=120)
    assert sorted(results(tmp_path)) == [Result.ABORTED, Result.ABORTED, Result.SUCCESS]


def on_a_small_disk(tmp_path, size, command_line):
    """Run a line of shell with a disk of its own as the state folder ($STATE); "$@" there is the tool. Gives result and rest."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    state = tmp_path / "small"
    state.mkdir()
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "long.yaml").write_text(LONG.replace("100000", "1500"))
    script = f'mount -t tmpfs -o size={size} none "$STATE" && {{ {command_line}\n}}; ls "$STATE"/runs >&2'
    argv = [
        "unshare",
        "--mount",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        script,
        "sh",
        *RUN,
        "--json",
        "--quiet",
    ]
    own = {"SFCCI_GATE_JOBS": str(tmp_path / "jobs"), "SFCCI_PROJECT": str(tmp_path)}
    own |= {"SFCCI_RUN_STATE": str(state), "STATE": str(state)}
    done = subprocess.run(
        argv, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr
    (result,) = json.loads(done.stdout)
    assert result["result"] == "DISK_FULL", done.stderr
    return result, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_is_full_before_a_run_is_told_before_its_traffic(tmp_path):
    result, errors = on_a_small_disk(tmp_path, "2M", '"$@"')
    (reason,) = result["reasons"]
    assert reason.startswith(f"no room below {tmp_path}/small/runs; the run needs 11.3 MiB, and 1.")
    assert result["duration_ms"] == 0
    assert errors.endswith("run it again\n"), "no run's folder is left"


FILL = """
"$@" & tool=$!
for _ in $(seq 600); do
    for capture in "$STATE"/runs/*/step1.pcapng; do [ -s "$capture" ] && break 2; done
    sleep 0.05
done
head -c 64M /dev/zero >"$STATE"/others 2>/dev/null
wait $tool"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_others_fill_meanwhile_is_a_result_and_what_the_run_took_is_given_back(tmp_path):
    result, errors = on_a_small_disk(tmp_path, "14M", FILL)
    assert "the disk is full" in result["reasons"][0]
    assert result["reasons"][-1] == "its evidence was removed to make room"
    assert errors.endswith("its evidence was removed to make room\n"), "no run's folder is left"
