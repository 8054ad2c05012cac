"""Jobs run: each attempt in a process and a lab of its own, bounded in time, always ending in a result.

A run's folder is `<state>/runs/<run>`; its lock is held until the result is in the run database. So a folder whose
lock is free and whose run the database lacks belongs to a run whose tool was killed: the next runner records its result,
or ABORTED when there is none.
"""

import contextlib
import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sfcci import command
from sfcci.datapath.scenario import Scenario, load_scenario, on_nodes
from sfcci.errors import DiskFull, InputError, SfcciError, UsageError
from sfcci.gate import folder as run_folder
from sfcci.gate.folder import Folder
from sfcci.gate.history import History
from sfcci.gate.job import Job, JobResult, Result, failed
from sfcci.gate.order import LabFault, Order, Verdict
from sfcci.gate.outcome import KEPT, after_attempts, conclude
from sfcci.gate.process import Process, started
from sfcci.gate.watch import Watch
from sfcci.settings import Settings

TICK_S = 1.0
CANCELED = Verdict(Result.CANCELED, ("it was interrupted",))


@dataclass(frozen=True)
class Buildset:
    """What jobs that run together share: settings, pipeline, what is tested, the packages, faults per job.

    `packages` gives the RPMs of a component; None: none has been built, so jobs that need one are SKIPPED.
    """

    settings: Settings
    pipeline: str
    id: str
    commit: str = ""
    packages: Callable[[str], tuple[Path, ...]] | None = None
    faults: Mapping[str, LabFault] = field(default_factory=dict)
    change: str = ""
    patchset: str = ""


@dataclass(frozen=True)
class _Task:
    job: Job
    buildset: Buildset
    attempt: int = 1


@dataclass
class _Run:
    """An attempt that goes on; `stack` holds its lock and its process."""

    task: _Task
    folder: Folder
    process: Process
    stack: contextlib.ExitStack
    begin: float
    clock: float
    phase: str = ""


def default_parallel() -> int:
    """Give how many jobs at a time are quickest here: as many as there are processors (measured: benchmarks/bench_gate.py)."""
    return max(1, len(os.sched_getaffinity(0)))


def run_jobs(
    jobs: tuple[Job, ...],
    buildset: Buildset,
    watch: Watch | None = None,
    *,
    parallel: int = 1,
    repeat: int = 1,
    until_failure: bool = False,
) -> tuple[JobResult, ...]:
    """Run jobs, `parallel` at a time, `repeat` rounds of them; give all results, those of repeated attempts, too.

    With `until_failure` nothing is begun after a voting job has failed. Whatever ends this early (Ctrl-C, an error)
    ends what runs, too, and records it as CANCELED. Raises MissingTool (the state folder cannot be written),
    Unreachable (the run database cannot be used).
    """
    with History(buildset.settings) as history:
        run_folder.record_aborted(history, buildset.settings)
        run_folder.clean(buildset.settings)
        gate = _Gate(history, watch or Watch())
        rounds = (
            buildset if number == 0 else replace(buildset, id=run_folder.new_id()) for number in range(repeat)
        )
        gate.waiting.extend(_Task(job, one) for one in rounds for job in jobs)
        gate.run(parallel, until_failure)
    return tuple(gate.results)


class _Gate:
    """Tasks that wait, runs that go on, results. One thread waits for all of them."""

    def __init__(self, history: History, watch: Watch) -> None:
        self.waiting: deque[_Task] = deque()
        self.results: list[JobResult] = []
        self._running: dict[Process, _Run] = {}
        self._history, self._watch = history, watch
        self._selector = selectors.DefaultSelector()

    def run(self, parallel: int, until_failure: bool) -> None:
        """Begin what waits, hear what runs, until there is nothing left."""
        self._watch.plans(len(self.waiting))
        try:
            while self.waiting or self._running:
                command.stop_if_interrupted()
                while self.waiting and len(self._running) < parallel:
                    self._begin(self.waiting.popleft())
                self._hear()
                if until_failure and any(map(failed, self.results)):
                    self.waiting.clear()
        except BaseException:
            self._cancel()
            raise
        finally:
            self._selector.close()

    def _begin(self, task: _Task) -> None:
        """Begin an attempt in a process of its own, where it needs one to be judged."""
        begin, clock = time.time(), time.monotonic()
        order = _order(task)
        if isinstance(order, Verdict):
            self._record(_result(task, run_folder.new_id(), begin, 0, order))
            return
        stack = contextlib.ExitStack()
        folder = Folder(order.folder)
        try:
            aborted = Verdict(Result.ABORTED, ("the tool ended before the job did",))
            noted = _result(task, folder.run, begin, 0, aborted, folder)
            room = run_folder.room_bytes(task.job)
            stack.enter_context(folder.begun(noted, task.buildset.settings, room))
            process = stack.enter_context(started(order))
        except DiskFull as error:
            stack.close()
            self._record(_result(task, folder.run, begin, 0, Verdict(Result.DISK_FULL, (str(error),))))
            folder.remove()
            return
        except BaseException:
            stack.close()
            folder.remove()
            raise
        self._running[process] = _Run(task, folder, process, stack, begin, clock)
        self._selector.register(process, selectors.EVENT_READ)
        self._watch.begins(folder.run, task.job, task.attempt)

    def _hear(self) -> None:
        for key, _ in self._selector.select(TICK_S) if self._running else ():
            process = key.fileobj
            assert isinstance(process, Process)  # noqa: S101 - nothing else is registered
            run = self._running[process]
            more = process.hear()
            if process.phase != run.phase:
                run.phase = process.phase
                self._watch.phase(run.folder.run, run.phase)
            if not more:
                self._end(run)

    def _end(self, run: _Run) -> None:
        """Record how an attempt ended; have it tried again when it is to be."""
        task, process = run.task, run.process
        self._selector.unregister(process)
        verdict = conclude(task.job, process.verdict, process.end(), process.phase)
        verdict = after_attempts(task.job, task.attempt, verdict)
        if verdict.result is Result.RETRY:
            self.waiting.appendleft(replace(task, attempt=task.attempt + 1))
        del self._running[process]
        self._close(run, verdict)

    def _close(self, run: _Run, verdict: Verdict) -> None:
        duration_ms = round((time.monotonic() - run.clock) * 1000)
        evidence = run.folder if verdict.result in KEPT else None
        result = _result(run.task, run.folder.run, run.begin, duration_ms, verdict, evidence)
        with run.stack:
            result = run.folder.ended(result, lambda: _keep_facts(run.process.order, result))
            self._record(result)
            if not result.log_dir:
                run.folder.remove()

    def _record(self, result: JobResult) -> None:
        self._history.record([result])
        self.results.append(result)
        self._watch.ends(result)

    def _cancel(self) -> None:
        """End everything that runs, all at once, and record it as CANCELED."""
        runs, self._running = tuple(self._running.values()), {}
        for run in runs:
            run.process.cancel()
        self._watch = Watch()  # who interrupts does not want to hear more
        for run in runs:
            run.process.end()
            with contextlib.suppress(SfcciError):
                self._close(run, CANCELED)


def _keep_facts(order: Order, result: JobResult) -> None:
    if result.log_dir:
        from sfcci.gate.keeping import keep_facts

        keep_facts(order)


def _order(task: _Task) -> Order | Verdict:
    """Give what a worker is to do; a verdict where it is known without one."""
    job, shared = task.job, task.buildset
    folder = shared.settings.state / "runs" / run_folder.new_id()
    order = Order(job, folder, shared.settings.cache, task.attempt, fault=shared.faults.get(job.name))
    if not job.install:
        try:
            return replace(order, scenario=_scenario(job))
        except (InputError, UsageError) as error:  # it was right when the job file was read
            return Verdict(Result.CONFIG_ERROR, tuple(str(error).splitlines()))
    if shared.packages is None:
        how = f"no RPM of {job.install} has been built; build it with: sfcci package rpm {job.install}"
        return Verdict(Result.SKIPPED, (how,))
    try:
        return replace(order, rpms=shared.packages(job.install))
    except SfcciError as error:
        return Verdict(Result.NODE_FAILURE, tuple(str(error).splitlines()))


def _scenario(job: Job) -> Scenario:
    found = load_scenario(job.scenario)
    return on_nodes(found, job.nodes, job.encapsulation) if job.nodes else found


def _result(
    task: _Task, run: str, begin: float, duration_ms: int, verdict: Verdict, evidence: Folder | None = None
) -> JobResult:
    shared, gate = task.buildset, task.buildset.settings.gate
    return JobResult(
        run=run,
        job=task.job.name,
        result=verdict.result,
        tenant=gate.tenant,
        pipeline=shared.pipeline,
        host=gate.host,
        project=gate.project,
        branch=gate.branch,
        started_at=begin,
        duration_ms=duration_ms,
        buildset=shared.id,
        voting=task.job.voting,
        commit=shared.commit,
        reasons=verdict.reasons,
        log_dir=str(evidence.path) if evidence else "",
        change=shared.change,
        patchset=shared.patchset,
    )
