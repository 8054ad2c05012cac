"""Jobs in real labs, as the gate's workers run them."""

from sfcci import settings
from sfcci.datapath.scenario import load_scenario
from sfcci.gate import runner
from sfcci.gate.declaration import load_jobs
from sfcci.gate.job import Result
from sfcci.gate.order import Order, Verdict
from sfcci.gate.verdict import in_lab

JOBS = {job.name: job for job in load_jobs()}
AT_ONCE = 3
"""A job waits most of its time: for functions to give back what they hold, and for who does not answer."""


def of_file(name):
    """Give the names of the jobs that a file declares."""
    return [job.name for job in JOBS.values() if job.place.path.endswith(f"/{name}")]


def verdicts(names, folder):
    """Run these jobs, some at once; give what is known of each in the end."""
    buildset = runner.Buildset(settings.load(folder), "gate", "b1", "c1")
    results = runner.run_jobs(tuple(JOBS[name] for name in names), buildset, parallel=AT_ONCE)
    return {one.job: Verdict(one.result, one.reasons) for one in results}


def verdict(job, folder):
    """Run a job as often as it is tried when the machine itself loses packets."""
    for attempt in range(job.attempts):
        order = Order(job, folder, folder / "cache", attempt + 1, load_scenario(job.scenario))
        found = in_lab(order, lambda _phase: None)
        if found.result is not Result.RETRY:
            break
    return found
