"""Jobs run: each in a lab of its own, bounded in time, always ending in a result with its evidence.

A run's folder is `<state>/runs/<run>`; its lock is held until the result is in the run database. So a folder whose
lock is free and whose run the database lacks belongs to a run that was killed: the next runner records its result, or
ABORTED when there is none.
"""

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sfcci import command, files
from sfcci.chain.model import ChainState, found
from sfcci.datapath.lab import Lab, raised
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import InputError, MissingTool, SfcciError, ToolError, UsageError
from sfcci.gate.history import History
from sfcci.gate.job import BAD, Job, JobResult, Result
from sfcci.gate.steps import Deadline, TimeUp, take_steps
from sfcci.package.install import Installed
from sfcci.settings import Settings

Say = Callable[[str], None]
Verdict = tuple[Result, tuple[str, ...]]
RESULT = "result.json"
DATABASE = "database"


class LabFault(StrEnum):
    """Faults that are put into a job's lab on purpose, to see the gate turn red."""

    DROP = "drop"
    """The last function of the chain drops what it gets."""
    NO_CLASSIFIER = "no-classifier"
    """The chain has no classifier."""


@dataclass(frozen=True)
class Buildset:
    """What jobs that run together share: settings, pipeline, commit, the way to install a component, faults per job.

    `install` takes a component and a folder; None: there are no packages, so jobs that need one are SKIPPED.
    """

    settings: Settings
    pipeline: str
    id: str
    commit: str = ""
    install: Callable[[str, Path], Installed] | None = None
    faults: Mapping[str, LabFault] | None = None


def new_id() -> str:
    """Give an id that sorts by time: UTC to the second and six random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def head_commit(project: Path) -> str:
    """Give the commit that the project's work tree stands on; "" when it is no git repository."""
    if not command.available("git"):
        return ""
    with suppress(SfcciError):  # a git that is broken keeps no job from running
        return command.run(["git", "-C", project, "rev-parse", "HEAD"], timeout_s=10).stdout.strip()
    return ""


def run_jobs(jobs: tuple[Job, ...], buildset: Buildset, say: Say = lambda _text: None) -> Iterator[JobResult]:
    """Run jobs one after the other and give each result once it is in the run database.

    Raises MissingTool when no lab can be raised here, InputError for a scenario that is wrong.
    """
    with History(buildset.settings) as history:
        record_aborted(history, buildset)
        for number, job in enumerate(jobs, 1):
            command.stop_if_interrupted()
            say(f"{job.name} ({number}/{len(jobs)})")
            yield run_job(job, buildset, history)


def run_job(job: Job, buildset: Buildset, history: History) -> JobResult:
    """Run one job and record its result; evidence stays in the run's folder unless the result is good.

    Raises what kept it from a result (no lab can be raised here, the disk is full); then there never was a run.
    """
    folder = buildset.settings.state / "runs" / new_id()
    with files.locked(folder / "lock"):
        try:
            result = _judged(job, buildset, folder)
        except SfcciError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        history.record([result])
        if not result.log_dir:
            shutil.rmtree(folder, ignore_errors=True)
    return result


def _judged(job: Job, buildset: Buildset, folder: Path) -> JobResult:
    begin, clock = time.time(), time.monotonic()
    files.write_text(folder / DATABASE, database_mark(buildset.settings) + "\n")
    aborted: Verdict = (Result.ABORTED, ("the tool ended before the job did",))
    _write_result(folder, _result(job, buildset, folder.name, begin, 0, aborted, str(folder)))
    verdict = _verdict(job, buildset, folder)
    duration_ms = round((time.monotonic() - clock) * 1000)
    evidence = str(folder) if verdict[0] in BAD else ""
    result = _result(job, buildset, folder.name, begin, duration_ms, verdict, evidence)
    _write_result(folder, result)
    return result


def record_aborted(history: History, buildset: Buildset) -> None:
    """Give this database the results of its runs whose tool was killed; runs that are alive hold their lock and stay."""
    known, mark = history.runs(), database_mark(buildset.settings)
    for folder in sorted((buildset.settings.state / "runs").glob("*/")):
        if folder.name in known or not (held := files.try_lock(folder / "lock")):
            continue
        with held:
            result = _left_result(folder, mark)
            if result is None:  # only beginning, ended just now, or another database's
                continue
            history.record([result])
            if not result.log_dir:
                shutil.rmtree(folder, ignore_errors=True)


def database_mark(settings: Settings) -> str:
    """Give what tells run databases apart without telling their passwords."""
    return hashlib.sha256(settings.database_url.encode()).hexdigest()[:16]


def _left_result(folder: Path, mark: str) -> JobResult | None:
    """Give the result that a run noted for the database `mark`: ABORTED from its begin on, its verdict from its end on."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        if (folder / DATABASE).read_text().strip() != mark:
            return None
        told = json.loads((folder / RESULT).read_text())
        return JobResult(**{**told, "result": Result(told["result"]), "reasons": tuple(told["reasons"])})
    return None


def _verdict(job: Job, buildset: Buildset, folder: Path) -> Verdict:
    deadline = Deadline(job.timeout_s)
    try:
        return (
            _installed_verdict(job, buildset, folder, deadline)
            if job.install
            else _lab_verdict(job, buildset, folder, deadline)
        )
    except TimeUp as error:
        return Result.TIMED_OUT, (str(error),)
    except ToolError as error:  # outside of the steps: the lab or the root could not be made
        return _told_by(error, deadline, Result.NODE_FAILURE)


def _told_by(error: ToolError, deadline: Deadline, otherwise: Result) -> Verdict:
    """Give the verdict of a program that failed: TIMED_OUT when the job's time is up."""
    timed_out = deadline.seconds <= time.monotonic() - deadline.begin_s
    return (Result.TIMED_OUT if timed_out else otherwise), tuple(str(error).splitlines())


def _lab_verdict(job: Job, buildset: Buildset, folder: Path, deadline: Deadline) -> Verdict:
    scenario = load_scenario(job.scenario)
    fault = (buildset.faults or {}).get(job.name)
    if fault is LabFault.NO_CLASSIFIER:
        scenario = replace(scenario, chains=_without_classifiers(scenario.chains))
    with raised(scenario) as lab:
        if fault is LabFault.DROP:
            _make_last_function_drop(lab)
        try:
            reasons = take_steps(lab, job, scenario.chains, folder, deadline)
        except (MissingTool, UsageError, InputError) as error:
            return Result.NODE_FAILURE, (str(error),)
        except ToolError as error:
            return _told_by(error, deadline, Result.FAILURE)
    if reasons and fault:
        reasons = (*reasons, f"the fault {fault} was put in on purpose")
    return (Result.FAILURE, reasons) if reasons else (Result.SUCCESS, ())


def _installed_verdict(job: Job, buildset: Buildset, folder: Path, deadline: Deadline) -> Verdict:
    if buildset.install is None:
        return Result.SKIPPED, (
            f"no RPM of {job.install} has been built; build it with: sfcci package rpm {job.install}",
        )
    try:
        installed = buildset.install(job.install, folder / "root")
    except ToolError:
        raise
    except SfcciError as error:
        return Result.NODE_FAILURE, (str(error),)
    env = _own_settings(installed.env, folder, buildset.settings.cache)
    argv = [*installed.argv, *job.command[1:]]
    try:
        done = command.run(argv, timeout_s=deadline.left_s(), env=env, check=False)
    except ToolError as error:
        return _told_by(error, deadline, Result.FAILURE)
    files.write_text(folder / "output", f"{done.stdout}\n{done.stderr}\n")
    if done.status == 0:
        return Result.SUCCESS, ()
    return Result.FAILURE, (
        f"{' '.join(job.command)} out of the installed RPM ended with status {done.status}",
        *done.failure().last_lines,
    )


def _own_settings(env: Mapping[str, str], folder: Path, cache: Path) -> dict[str, str]:
    """Give the environment in which a packaged sfcci sees none of this one's settings: its runs are not the gate's."""
    kept = {key: value for key, value in env.items() if not key.startswith("SFCCI_")}
    own = {"SFCCI_PROJECT": folder, "SFCCI_RUN_STATE": folder / "state", "SFCCI_RUN_CACHE": cache}
    return kept | {key: str(value) for key, value in own.items()}


def _without_classifiers(state: ChainState) -> ChainState:
    for chain in state.port_chains:
        state = state.with_classifiers(chain.id, ())
    return state


def _make_last_function_drop(lab: Lab) -> None:
    chains = lab.scenario.chains
    group = found(chains.port_pair_groups, chains.port_chains[0].port_pair_groups[-1])
    for pair in group.port_pairs:
        lab.set_forwarding(lab.topology.port(found(chains.port_pairs, pair).ingress).host, forwards=False)


def _result(
    job: Job,
    buildset: Buildset,
    run: str,
    begin: float,
    duration_ms: int,
    verdict: Verdict,
    log_dir: str,
) -> JobResult:
    gate = buildset.settings.gate
    return JobResult(
        run=run,
        job=job.name,
        result=verdict[0],
        tenant=gate.tenant,
        pipeline=buildset.pipeline,
        host=gate.host,
        project=gate.project,
        branch=gate.branch,
        started_at=begin,
        duration_ms=duration_ms,
        buildset=buildset.id,
        voting=job.voting,
        commit=buildset.commit,
        reasons=verdict[1],
        log_dir=log_dir,
    )


def _write_result(folder: Path, result: JobResult) -> None:
    files.write_text(folder / RESULT, json.dumps(asdict(result), indent=1) + os.linesep)
