"""Jobs and their results, in Zuul's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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


class Whole(StrEnum):
    """A change of everything at once."""

    RESTORE = "restore"
    """Chains and hosts are as they were at the start."""
    DELETE = "delete"
    """No resource of a chain is left."""


@dataclass(frozen=True)
class Change:
    """What a step does to the chains and to the hosts that the functions run on.

    `patch` is a merge patch (RFC 7396) on the scenario's collections; `hosts` says who is up and who is not.
    """

    patch: Mapping[str, Any] = field(default_factory=dict)
    hosts: Mapping[str, bool] = field(default_factory=dict)
    whole: Whole | None = None


@dataclass(frozen=True)
class Http:
    """So many GET requests from one host to another, each on a connection of its own."""

    source: str
    dest: str
    requests: int = 20


@dataclass(frozen=True)
class Flows:
    """So many flows of each protocol in `over` ("tcp", "udp", "icmp"), each with a question and the same as its answer.

    Flow n goes to ports[n % len(ports)], from port `source_port` + n (0: whichever is free). `length`: octets of payload.
    """

    source: str
    dest: str
    over: tuple[str, ...]
    flows: int = 20
    ports: tuple[int, ...] = (5000,)
    source_port: int = 0
    ip: int = 4
    length: int = 56


@dataclass(frozen=True)
class Stream:
    """Numbered UDP packets to `port`, and as many to `control`, which no chain takes; they flow while the change is made."""

    source: str
    dest: str
    rate: float = 200
    port: int = 5000
    control: int = 6000
    ip: int = 4


@dataclass(frozen=True)
class Traceroute:
    """`traceroute -n` from one host to another."""

    source: str
    dest: str


Traffic = Http | Flows | Stream | Traceroute
Hosts = tuple[tuple[str, ...], ...]
"""Hop by hop, the hosts of which a packet passes one."""


@dataclass(frozen=True)
class Answered:
    """Every request and flow got its answer, whole (HTTP: status 200)."""


@dataclass(frozen=True)
class Dropped:
    """No packet of any flow came to where it goes, so none has an answer."""


@dataclass(frozen=True)
class Visits:
    """Every flow's packets pass one function of each set, in this order, and nothing else."""

    hops: Hosts


@dataclass(frozen=True)
class BothWays:
    """Each flow's answers pass the functions that its questions have passed, from the last to the first."""


@dataclass(frozen=True)
class Quiet:
    """None of the flows' packets, there or back, is seen at these hosts."""

    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Shares:
    """Each of these hosts is visited by at least this share of the flows that were sent (above 0, to 1)."""

    among: tuple[str, ...]
    at_least: float


@dataclass(frozen=True)
class OneOf:
    """All flows pass the same one of these hosts."""

    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Weights:
    """The flows are spread over these hosts in proportion to their weights, within so much; weight 0 gets none."""

    among: tuple[tuple[str, float], ...]
    within: float


@dataclass(frozen=True)
class MovedAtMost:
    """Of the flows that the step before had, too, at most this share passes other functions now."""

    share: float


@dataclass(frozen=True)
class Copies:
    """Each of these hosts gets one copy of each packet that went all the way."""

    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Encapsulation:
    """Packets of the flows come to the host in "mpls" or "nsh", with this path id and service index, or in "none"."""

    at: str
    kind: str
    path: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class Lost:
    """Of the streams' packets at most so many do not come. A run whose control stream loses one does not count."""

    packets: int


@dataclass(frozen=True)
class Ways:
    """Each packet of the streams goes one of these ways, or is lost on one: none passes a function by."""

    ways: tuple[Hosts, ...]


@dataclass(frozen=True)
class Hops:
    """traceroute names, hop by hop, an address of one host of each set, and ends there."""

    hops: Hosts


@dataclass(frozen=True)
class FlowsAsAtStart:
    """The switch holds exactly the flows and groups that it held before the first step."""


@dataclass(frozen=True)
class BaseFlows:
    """The switch holds exactly the flows and groups that it held before there was any chain."""


Check = (
    Answered
    | Dropped
    | Visits
    | BothWays
    | Quiet
    | Shares
    | OneOf
    | Weights
    | MovedAtMost
    | Copies
    | Encapsulation
    | Lost
    | Ways
    | Hops
    | FlowsAsAtStart
    | BaseFlows
)


@dataclass(frozen=True)
class Step:
    """Make the changes, send traffic, check what was captured and answered; in this order.

    A stream flows while the changes are made, one after the other.
    """

    changes: tuple[Change, ...] = ()
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
    nodes: int = 0
    """Over so many nodes the scenario's hosts are spread; 0: as the scenario says."""
    encapsulation: str = ""
    """How frames go from node to node; "": as the scenario says."""
    steps: tuple[Step, ...] = ()
    install: str = ""
    """The component whose freshly built RPM is installed into a root; `command` then runs out of it."""
    command: tuple[str, ...] = ()
    attempts: int = 3
    """So often it is tried when it fails before its own work begins (Zuul's word)."""
    place: Place | None = None
    """Where it was declared."""
