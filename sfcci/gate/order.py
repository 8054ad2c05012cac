"""What a worker is told to do and what it says in the end: values that cross from one process to another."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sfcci.datapath.scenario import Scenario
from sfcci.gate.job import Job, Result

GRACE_S = 15.0
"""So long after its time a job may keep evidence; then its worker is killed with all that it started."""


class LabFault(StrEnum):
    """Faults that are put into a job's lab on purpose, to see the gate turn red."""

    DROP = "drop"
    """The last function of the chain drops what it gets."""
    NO_CLASSIFIER = "no-classifier"
    """The chain has no classifier."""


@dataclass(frozen=True)
class Order:
    """One attempt at a job: everything that its worker needs, so that it reads no file that may have changed."""

    job: Job
    folder: Path
    """Where the evidence lies."""
    cache: Path
    attempt: int = 1
    scenario: Scenario | None = None
    fault: LabFault | None = None
    rpms: tuple[Path, ...] = ()
    """What is installed before `job.command` runs."""


@dataclass(frozen=True)
class Verdict:
    """How an attempt ended and why. RETRY: before the job's own work began."""

    result: Result
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class End:
    """How a worker's process ended: `kind` is "exited", "time" (it was out), "canceled" or "lost" (its keeper died, too)."""

    kind: str
    status: int = 0
    """Exit status; negative: the signal that ended it."""
    signal: str = ""
    """Name and number of that signal."""
    said: tuple[str, ...] = ()
    """What its log says of it."""
