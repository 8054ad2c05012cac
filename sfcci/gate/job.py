"""Jobs and their results, in Zuul's words."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a run of a job ended (Zuul's build results)."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    TIMED_OUT = "TIMED_OUT"
    POST_FAILURE = "POST_FAILURE"
    RETRY_LIMIT = "RETRY_LIMIT"
    NODE_FAILURE = "NODE_FAILURE"
    DISK_FULL = "DISK_FULL"
    SKIPPED = "SKIPPED"
    CANCELED = "CANCELED"
    ABORTED = "ABORTED"
    DEQUEUED = "DEQUEUED"


BAD = (
    Result.FAILURE,
    Result.TIMED_OUT,
    Result.POST_FAILURE,
    Result.RETRY_LIMIT,
    Result.NODE_FAILURE,
    Result.DISK_FULL,
)
"""Results that count as failed, in the order in which they are listed in targets."""
NOT_COUNTED = (Result.SKIPPED, Result.CANCELED, Result.ABORTED, Result.DEQUEUED)
"""Results that say nothing about the job: they are in no rate."""


@dataclass(frozen=True)
class JobResult:
    """One run of one job. Times are seconds since the epoch (UTC); `reasons` say why a bad result is bad."""

    run: str
    """The run's id: unique, sorts by time."""
    job: str
    result: Result
    tenant: str
    pipeline: str
    host: str
    project: str
    branch: str
    started_at: float
    duration_ms: int
    buildset: str = ""
    """What the jobs that ran together share."""
    voting: bool = True
    commit: str = ""
    reasons: tuple[str, ...] = ()
    log_dir: str = ""
    """The folder with the run's evidence; "" when none was kept."""

    @property
    def ended_at(self) -> float:
        """The moment that a metric of this run carries."""
        return self.started_at + self.duration_ms / 1000
