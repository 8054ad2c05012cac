"""Who hears of runs while they go on."""

from collections.abc import Callable

from sfcci.gate.job import Job, JobResult


class Watch:
    """Hears of runs. Every method may stay as it is here: silent."""

    def plans(self, count: int) -> None:
        """Hear how many results there will be at least."""

    def begins(self, run: str, job: Job, attempt: int) -> None:
        """Hear that an attempt begins."""

    def phase(self, run: str, phase: str) -> None:
        """Hear what a run does now."""

    def ends(self, result: JobResult) -> None:
        """Hear of a result; it is in the run database."""


class Said(Watch):
    """Says one line for each job that begins, and what becomes of it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def begins(self, run: str, job: Job, attempt: int) -> None:  # noqa: ARG002 - the run's id says nothing to a reader
        """Say it, with the attempt when it is not the first."""
        self._say(f"{job.name} begins" + (f" (attempt {attempt} of {job.attempts})" if attempt > 1 else ""))

    def ends(self, result: JobResult) -> None:
        """Say it."""
        self._say(f"{result.job}: {result.result} after {result.duration_ms / 1000:.1f} s")
