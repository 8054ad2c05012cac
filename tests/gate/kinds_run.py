"""Jobs in real labs, one after another, as the gate's workers run them."""

from sfcci.datapath.scenario import load_scenario
from sfcci.gate.declaration import load_jobs
from sfcci.gate.job import Result
from sfcci.gate.order import Order
from sfcci.gate.verdict import in_lab

JOBS = {job.name: job for job in load_jobs()}


def of_file(name):
    """Give the names of the jobs that a file declares."""
    return [job.name for job in JOBS.values() if job.place.path.endswith(f"/{name}")]


def verdict(job, folder):
    """Run a job as often as it is tried when the machine itself loses packets."""
    for attempt in range(job.attempts):
        order = Order(job, folder, folder / "cache", attempt + 1, load_scenario(job.scenario))
        found = in_lab(order, lambda _phase: None)
        if found.result is not Result.RETRY:
            break
    return found
