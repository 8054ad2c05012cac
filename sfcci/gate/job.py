"""Jobs and their results, in Zuul's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sfcci.errors import EXIT_FINDINGS, EXIT_OK, EXIT_TOOL, Place


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
    MERGE_CONFLICT = "MERGE_CONFLICT"
    CONFIG_ERROR = "CONFIG_ERROR"
    ERROR = "ERROR"
    RETRY = "RETRY"
    """An attempt that ended before the job's own work began and was tried again; Zuul's result of None."""


BAD = (
    Result.FAILURE,
    Result.TIMED_OUT,
    Result.POST_FAILURE,
    Result.RETRY_LIMIT,
    Result.NODE_FAILURE,
    Result.DISK_FULL,
)
"""Results that count as failed, in the order in which they are listed in targets."""
NOT_COUNTED = (
    Result.SKIPPED,
    Result.CANCELED,
    Result.ABORTED,
    Result.DEQUEUED,
    Result.MERGE_CONFLICT,
    Result.CONFIG_ERROR,
    Result.ERROR,
    Result.RETRY,
)
"""Results that say nothing about the job: they are in no rate."""


@dataclass(frozen=True)
class JobResult:
    """One run of one job. Times are seconds since the epoch (UTC); `reasons` say why a bad result is bad.

    Times are kept to the millisecond, so that what is written down somewhere is equal to what is read there.
    """

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
    """The folder with the run's evidence, or the address of an imported run's logs; "" when none was kept."""
    change: str = ""
    """The change under review (Gerrit's number, a pull request's); "" when the run was of no change."""
    patchset: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", round(self.started_at, 3))

    @property
    def ended_at(self) -> float:
        """The moment that a metric of this run carries."""
        return self.ended_ms / 1000

    @property
    def ended_ms(self) -> int:
        """The same in milliseconds since the epoch."""
        return round(self.started_at * 1000) + self.duration_ms


def failed(result: JobResult) -> bool:
    """Say whether a result makes its buildset fail: it is bad and its job votes."""
    return result.voting and result.result in BAD


UNJUDGED = (Result.CANCELED, Result.ABORTED, Result.CONFIG_ERROR, Result.ERROR)
"""Results of a job that was wanted and of which nothing is known now."""


def exit_status(results: Iterable[JobResult]) -> int:
    """0 when no voting job failed, 1 when one did, 3 when no machine was there for those that failed or nothing is known of one."""
    voting = [result for result in results if result.voting]
    bad = [result.result for result in voting if result.result in BAD]
    if any(result is not Result.NODE_FAILURE for result in bad):
        return EXIT_FINDINGS
    return EXIT_TOOL if bad or any(result.result in UNJUDGED for result in voting) else EXIT_OK


@dataclass(frozen=True)
class Change:
    """What a step does to the chains: new members by name, or everything as it was at the start.

    `chains` and `groups` map a name to the attributes that change (lists of names).
    """

    chains: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    restore: bool = False


@dataclass(frozen=True)
class Http:
    """So many GET requests from one host to another, each on a connection of its own."""

    source: str
    dest: str
    requests: int = 20


@dataclass(frozen=True)
class Traceroute:
    """`traceroute -n` from one host to another."""

    source: str
    dest: str


Traffic = Http | Traceroute


@dataclass(frozen=True)
class Answered:
    """Every request got its answer (HTTP status 200)."""


@dataclass(frozen=True)
class Visits:
    """Every request's packets pass one function of each set, in this order, and nothing else."""

    hops: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Quiet:
    """None of the requests' packets, there or back, is seen at these hosts."""

    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Shares:
    """Each of these hosts is visited by at least this share of the requests that were sent (above 0, to 1)."""

    among: tuple[str, ...]
    at_least: float


@dataclass(frozen=True)
class Hops:
    """traceroute names, hop by hop, an address of one host of each set, and ends there."""

    hops: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FlowsAsAtStart:
    """The switch holds exactly the flows and groups that it held before the first step."""


Check = Answered | Visits | Quiet | Shares | Hops | FlowsAsAtStart


@dataclass(frozen=True)
class Step:
    """Change the chains, send traffic, check what was captured and answered; in this order."""

    change: Change = Change()
    traffic: tuple[Traffic, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Job:
    """A declared job. It either raises `scenario` and takes `steps`, or runs `command` out of an installed RPM."""

    name: str
    pipelines: tuple[str, ...]
    timeout_s: float
    description: str = ""
    voting: bool = True
    scenario: str = ""
    steps: tuple[Step, ...] = ()
    install: str = ""
    """The component whose freshly built RPM is installed into a root; `command` then runs out of it."""
    command: tuple[str, ...] = ()
    attempts: int = 3
    """So often it is tried when it fails before its own work begins (Zuul's word)."""
    place: Place | None = None
    """Where it was declared."""
