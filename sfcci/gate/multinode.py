"""Jobs over several nodes: the same scenario, steps and checks, its hosts dealt out over machines with a switch each."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from sfcci.datapath.placement import MOST_NODES
from sfcci.errors import UsageError
from sfcci.gate.job import Job

SUFFIX: Final = "-multinode"
"""What the field's jobs over several nodes are named by (Zuul: tempest-multinode-full)."""
NODES: Final = 3
"""Over so many, where nobody says how many."""
RAISING_S: Final = 20.0
"""So much more time a job has for each of its nodes."""


def multinode(job: Job, nodes: int = NODES, encapsulation: str = "") -> Job:
    """Give the job over so many nodes, with a name of its own. Raises UsageError for one without a lab, and for too many."""
    if not job.scenario:
        raise UsageError(f"the job {job.name!r} raises no lab, so it has no hosts to put on nodes")
    if nodes > MOST_NODES:
        raise UsageError(f"{nodes} nodes are too many for one lab: at most {MOST_NODES}")
    name = job.name if job.nodes or job.name.endswith(SUFFIX) else job.name + SUFFIX
    return replace(
        job,
        name=name,
        nodes=nodes,
        encapsulation=encapsulation or job.encapsulation,
        timeout_s=job.timeout_s + RAISING_S * max(nodes - job.nodes, 0),
    )


def variants(jobs: tuple[Job, ...], pattern: str) -> tuple[Job, ...]:
    """Give the jobs over several nodes that a name or glob with the suffix means, of those that are on one."""
    if not pattern.endswith(SUFFIX):
        return ()
    there = {job.name for job in jobs}
    made = (multinode(job) for job in jobs if job.scenario and not job.nodes)
    return tuple(job for job in made if job.name not in there and fnmatchcase(job.name, pattern))
