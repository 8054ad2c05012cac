"""Packaging jobs as gate jobs: what was built, checked, installed, built again goes to the run database, in Zuul's words.

They run in a pipeline of their own, `package`: a change's verdict is the gate's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sfcci.errors import EXIT_INPUT, EXIT_OK
from sfcci.finding import Finding, Severity
from sfcci.gate.folder import head_commit, new_id
from sfcci.gate.job import JobResult, Result
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.package.install_test import InstallReport
    from sfcci.package.merge import ComponentMerge
    from sfcci.package.turn import ComponentReport
    from sfcci.package.verify import VerifyReport

PIPELINE = "package"
BUILD, CHECK, INSTALL, REPRODUCIBLE = (
    "package-build",
    "package-check",
    "package-install",
    "package-reproducible",
)
"""The jobs; each is one per component: package-build-networking-sfc."""
SCAN, EBUILD, MERGE = "package-scan", "package-ebuild", "package-merge"
"""The jobs of the overlay: the scan is one for all of it, package-scan-overlay; the others are one per component."""
CHECK_STAGES = ("lint", "check")
MERGE_PHASES = ("qmerge", "unmerge")


@dataclass(frozen=True)
class PackagingRun:
    """One run of a packaging job for one component."""

    job: str
    component: str
    duration_s: float
    findings: tuple[Finding, ...] = ()
    error: str = ""
    """Why there is no answer."""
    error_status: int = EXIT_OK


def build_runs(reports: "Iterable[ComponentReport]") -> tuple[PackagingRun, ...]:
    """Give the runs of build and check in what the package step gave; what was unchanged did not run."""
    from sfcci.package.turn import Outcome

    runs = []
    for one in reports:
        if one.outcome is Outcome.UNCHANGED:
            continue
        checking = sum(one.stages_s.get(stage, 0.0) for stage in CHECK_STAGES)
        built = one.outcome is Outcome.BUILT
        findings = () if built else one.findings
        rest = one.duration_s - checking
        runs.append(PackagingRun(BUILD, one.component, rest, findings, one.error, one.error_status))
        if built:
            runs.append(PackagingRun(CHECK, one.component, checking, one.findings))
    return tuple(runs)


def install_runs(report: "InstallReport") -> tuple[PackagingRun, ...]:
    """Give the runs of the installation test; what the repository lacks as a whole counts for each of them."""
    return tuple(
        PackagingRun(INSTALL, one.component, sum(one.durations_s.values()), (*one.findings, *report.closure))
        for one in report.components
    )


def verify_runs(report: "VerifyReport") -> tuple[PackagingRun, ...]:
    """Give the runs of the proof that packages can be built again."""
    return tuple(
        PackagingRun(REPRODUCIBLE, one.component, one.duration_s, one.findings, one.error, one.error_status)
        for one in report.components
    )


def scan_runs(findings: Iterable[Finding], duration_s: float) -> tuple[PackagingRun, ...]:
    """Give the run of the overlay's scan."""
    return (PackagingRun(SCAN, "overlay", duration_s, tuple(findings)),)


def merge_runs(reports: "Iterable[ComponentMerge]") -> tuple[PackagingRun, ...]:
    """Give the runs of the ebuilds' phases, and of merging and using what they made; what failed was not merged."""
    runs = []
    for one in reports:
        phases = one.build.phases if one.build else {}
        merged = sum(phases.get(phase, 0.0) for phase in MERGE_PHASES)
        if MERGE_PHASES[0] not in phases:
            runs.append(
                PackagingRun(EBUILD, one.component, one.duration_s, one.findings, one.error, one.error_status)
            )
            continue
        runs.append(PackagingRun(EBUILD, one.component, sum(phases.values()) - merged))
        rest = one.duration_s - sum(phases.values()) + merged
        runs.append(PackagingRun(MERGE, one.component, rest, one.findings, one.error, one.error_status))
    return tuple(runs)


def packaging_results(
    settings: Settings, runs: Iterable[PackagingRun], ended_s: float, buildset: str, commit: str = ""
) -> tuple[JobResult, ...]:
    """Give the results of runs that followed each other and ended at `ended_s` (epoch seconds)."""
    listed = tuple(runs)
    begin = ended_s - sum(run.duration_s for run in listed)
    results = []
    for run in listed:
        results.append(_result(settings, run, begin, buildset, commit))
        begin += run.duration_s
    return tuple(results)


def record_packaging(settings: Settings, runs: Iterable[PackagingRun], ended_s: float) -> None:
    """Write runs that ended just now into the run database; nothing happens without any. Raises Unreachable."""
    listed = tuple(runs)
    if not listed:
        return
    from sfcci.gate.history import History

    commit = head_commit(settings.project)
    with History(settings) as history:
        history.record(packaging_results(settings, listed, ended_s, new_id(), commit))


def _result(settings: Settings, run: PackagingRun, begin: float, buildset: str, commit: str) -> JobResult:
    gate = settings.gate
    errors = [finding for finding in run.findings if finding.severity is Severity.ERROR]
    reasons = [run.error, *(f"{one.place}: {one.what} [{one.keyword}]" for one in errors)]
    return JobResult(
        run=new_id(),
        job=f"{run.job}-{run.component}",
        result=_outcome(run, bool(errors)),
        tenant=gate.tenant,
        pipeline=PIPELINE,
        host=gate.host,
        project=gate.project,
        branch=gate.branch,
        started_at=begin,
        duration_ms=round(run.duration_s * 1000),
        buildset=buildset,
        commit=commit,
        reasons=tuple(filter(None, reasons)),
    )


def _outcome(run: PackagingRun, failed: bool) -> Result:
    if run.error:
        return Result.CONFIG_ERROR if run.error_status == EXIT_INPUT else Result.NODE_FAILURE
    return Result.FAILURE if failed else Result.SUCCESS
