"""What goes into a run of the pipeline, what its steps hand on to each other, and what comes out."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sfcci.dashboard.reading import PanelNumbers
from sfcci.errors import EXIT_OK
from sfcci.finding import Finding, Severity
from sfcci.gate.job import JobResult
from sfcci.gate.order import LabFault
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

Say = Callable[[str], None]
BROKEN_PACKAGE = "broken-package"
FAULTS = {
    LabFault.DROP: "sfc-http-diverted",
    LabFault.NO_CLASSIFIER: "sfc-http-diverted",
    BROKEN_PACKAGE: "sfc-rpm-install",
}
"""Fault that can be put in on purpose → the job that it is put into."""


class Status(StrEnum):
    """How a step ended."""

    OK = "ok"
    FINDINGS = "findings"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Options:
    """What the user asked for. `fault` is a word of FAULTS or ""; `only` are steps to run, () for all."""

    force: bool = False
    fault: str = ""
    pipeline: str = ""
    only: tuple[str, ...] = ()
    port: int = 0
    """The embedded preview's port; 0 for any free one."""


@dataclass(frozen=True)
class StepReport:
    """How one step ended: a line that sums it up, lines that tell more, its exit status."""

    name: str
    status: Status
    summary: str
    details: tuple[str, ...] = ()
    duration_s: float = 0.0
    exit_status: int = EXIT_OK


@dataclass(frozen=True)
class PipelineReport:
    """All steps and the gate's results. 3 (a step could not run) outranks 2 and 1."""

    steps: tuple[StepReport, ...]
    results: tuple[JobResult, ...]

    @property
    def exit_status(self) -> int:
        """The highest exit status of the steps."""
        return max((step.exit_status for step in self.steps), default=EXIT_OK)


@dataclass
class Run:
    """What the steps of one run hand on to each other."""

    settings: Settings
    options: Options
    say: Say
    instance: "Future[Instance]"
    shown: contextlib.ExitStack
    """Holds up what shows the dashboards until the run ends."""
    address: str = ""
    """Where the dashboards are shown."""
    packaged: tuple[str, ...] | None = None
    """Components that have packages of this run; None when the step was not asked for, so what is there counts."""
    results: list[JobResult] = field(default_factory=list)
    before: tuple[PanelNumbers, ...] | None = None

    def graphite(self) -> tuple[Instance, GraphiteReader]:
        """Give the Graphite of this run, waiting until it is up. Raises what kept it from starting."""
        instance = self.instance.result()
        return instance, GraphiteReader(instance.url)


Outcome = tuple[str, Sequence[str], int]
"""A step's summary, its details and its exit status."""


def told_findings(findings: Iterable[Finding], where: str = "") -> list[str]:
    """Give the errors, and how many warnings there are and `where` they can be read ("": the warnings, too)."""
    found = tuple(findings)
    shown = (Severity.ERROR,) if where else (Severity.ERROR, Severity.WARNING)
    lines = [str(finding) for finding in found if finding.severity in shown]
    lines = [line for text in lines for line in text.splitlines()]
    warnings = Counter(finding.keyword for finding in found if finding.severity is Severity.WARNING)
    if where and warnings:
        counts = ", ".join(f"{count} {keyword}" for keyword, count in warnings.items())
        lines.append(f"warnings: {counts} (read them with: {where})")
    return lines
