"""What a process of its own costs a job, and how many jobs at a time are quickest.

python benchmarks/bench_gate.py [N]     # so many runs of each kind; medians
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sfcci import settings
from sfcci.datapath.scenario import load_scenario
from sfcci.gate.declaration import load_jobs
from sfcci.gate.folder import new_id
from sfcci.gate.job import Job, Result
from sfcci.gate.order import Order, Verdict
from sfcci.gate.process import started
from sfcci.gate.runner import Buildset, default_parallel, run_jobs
from sfcci.gate.verdict import judge

LIMIT_MS = 400.0
"""A process of its own shall cost a job less processor time than that."""


def measured_ms(work: Callable[[], Verdict | None]) -> tuple[float, float]:
    """Give wall and processor time of a call, its programs included. Raises SystemExit when the job is not green."""
    begin, before = time.monotonic(), os.times()
    verdict = work()
    if verdict is None or verdict.result is not Result.SUCCESS:
        sys.exit(f"the job is not green: {verdict}")
    wall_s, used = time.monotonic() - begin, os.times()
    return wall_s * 1000, (sum(used[:4]) - sum(before[:4])) * 1000


def own_process(job: Job, state: Path, count: int) -> tuple[float, float]:
    """Give what a process of its own costs a job: wall and processor time (ms), medians of pairs of runs."""
    order = Order(job, state / "order", state, scenario=load_scenario(job.scenario))
    order.folder.mkdir()

    def inside() -> Verdict:
        return judge(order, lambda _phase: None)

    def outside() -> Verdict | None:
        with started(order) as process:
            while process.hear():
                pass
            process.end()
        return process.verdict

    pairs = [(measured_ms(inside), measured_ms(outside)) for _ in range(count)]
    print(f"{job.name} inside this process: {statistics.median(pair[0][0] for pair in pairs):.0f} ms")
    wall, processor = (statistics.median(after[k] - before[k] for before, after in pairs) for k in (0, 1))
    return wall, processor


def gate_s(jobs: tuple[Job, ...], buildset: Buildset, parallel: int, count: int) -> float:
    """Give the seconds that all jobs take, so many at a time."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        results = run_jobs(jobs, buildset, parallel=parallel)
        times.append(time.monotonic() - begin)
        if {one.result for one in results} != {Result.SUCCESS}:
            sys.exit(f"not every job is green: {results}")
    return statistics.median(times)


def main(count: int) -> int:
    """Print the medians; 1 when the limit is missed."""
    jobs = tuple(job for job in load_jobs() if job.scenario)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        wall_ms, processor_ms = own_process(jobs[0], state, count * 3)
        print(
            f"a process of its own costs {wall_ms:.0f} ms, of which {processor_ms:.0f} ms processor time (limit {LIMIT_MS:g} ms)"
        )
        own = replace(
            settings.load(state), state=state / "state", database_url=f"sqlite:///{state}/runs.sqlite"
        )
        for parallel in (1, 2, 3, 4):
            took_s = gate_s(jobs, Buildset(own, "gate", new_id()), parallel, count)
            note = " (the default here)" if parallel == default_parallel() else ""
            print(f"{len(jobs)} jobs, {parallel} at a time{note}: {took_s:.1f} s")
    return int(processor_ms > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
