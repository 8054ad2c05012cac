"""The whole length of the river: package, gate, results, metric, dashboard, one after the other.

A step that cannot run stops no other: what it would have given is missing, and the summary says so.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.reading import PanelNumbers
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, SfcciError, UsageError
from sfcci.finding import Finding, Severity, exit_status
from sfcci.gate.job import BAD, Job, JobResult, Result, failed
from sfcci.gate.runner import LabFault
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.package.install import Installed
from sfcci.settings import Grafana, Settings

if TYPE_CHECKING:
    from sfcci.gate.runner import Buildset

Say = Callable[[str], None]
DASHBOARDS = "dashboards"
BROKEN_PACKAGE = "broken-package"
WITH_GRAPHITE = ("gate", "metric", "dashboard")
"""Steps that read or write Graphite; the gate notes what the panels show before its jobs."""
WINDOW_S = 3600.0
"""How far back the panels' numbers look: long enough for a run, short enough to be asked twice."""
SERIES_TOLD = 3
"""So many series of a panel that changed are told; the rest is counted."""
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
    after: tuple[PanelNumbers, ...] | None = None

    def graphite(self) -> tuple[Instance, GraphiteReader]:
        """Give the Graphite of this run, waiting until it is up. Raises what kept it from starting."""
        instance = self.instance.result()
        return instance, GraphiteReader(instance.url)


Outcome = tuple[str, Sequence[str], int]
"""A step's summary, its details and its exit status."""


def run_pipeline(
    settings: Settings,
    options: Options,
    say: Say,
    on_step: Callable[[StepReport], None],
    *,
    serve: Callable[[PipelineReport, str], None] | None = None,
) -> PipelineReport:
    """Run the steps in order; `on_step` hears of each as it ends.

    `serve` is called at the end with the address where the dashboards are shown, which is up until it returns ("":
    there is none). Raises UsageError for an unknown fault or step.
    """
    chosen = _chosen_steps(options)
    _check_fault(options.fault, chosen)
    wanted = not set(chosen).isdisjoint(WITH_GRAPHITE)
    with _graphite_starting(settings, say, wanted) as instance, contextlib.ExitStack() as shown:
        run = Run(settings, options, say, instance, shown)
        steps = []
        for name in chosen:
            steps.append(_report(name, run))
            on_step(steps[-1])
        report = PipelineReport(tuple(steps), tuple(run.results))
        if serve:
            serve(report, run.address)
    return report


def _chosen_steps(options: Options) -> tuple[str, ...]:
    for name in options.only:
        if name not in STEPS:
            raise UsageError(f"no step is named {name!r}; there are: {', '.join(STEPS)}")
    return tuple(name for name in STEPS if not options.only or name in options.only)


def _check_fault(fault: str, chosen: Sequence[str]) -> None:
    """See that the fault can show: one that nobody looks for would make a green run. Raises UsageError."""
    if not fault:
        return
    if fault not in FAULTS:
        raise UsageError(f"no fault is named {fault!r}; there are: {', '.join(FAULTS)}")
    for step in ("package", "gate") if fault == BROKEN_PACKAGE else ("gate",):
        if step not in chosen:
            raise UsageError(f"the fault {fault} needs the step {step}, too: --step {step}")


@contextlib.contextmanager
def _graphite_starting(settings: Settings, say: Say, wanted: bool) -> Iterator["Future[Instance]"]:
    """Start Graphite beside the first steps: it is wanted only later, and making its environment takes a while."""
    from sfcci.metric.instance import running

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1, thread_name_prefix="graphite") as pool:
        yield pool.submit(lambda: stack.enter_context(running(settings, say))) if wanted else Future()


def _report(name: str, run: Run) -> StepReport:
    begin = time.monotonic()
    try:
        summary, details, status = STEPS[name](run)
    except SfcciError as error:
        lines = str(error).splitlines()
        return StepReport(
            name, Status.NOT_RUN, lines[0], tuple(lines[1:]), time.monotonic() - begin, error.exit_status
        )
    kind = Status.OK if status == EXIT_OK else Status.FINDINGS if status == EXIT_FINDINGS else Status.NOT_RUN
    return StepReport(name, kind, summary, tuple(details), time.monotonic() - begin, status)


def _package(run: Run) -> Outcome:
    from sfcci.package.run import Outcome as Fate
    from sfcci.package.run import run_packages

    broken = run.options.fault == BROKEN_PACKAGE
    run.packaged = ()  # until it is known better: an older build must not stand in for one that failed
    report = run_packages(run.settings, run.say, force=run.options.force, fault=broken)
    run.packaged = tuple(one.component for one in report.components if one.outcome is not Fate.FAILED)
    fates = [f"{one.component} {one.version} {one.outcome}" for one in report.components]
    errors = [f"{one.component}: {one.error}" for one in report.components if one.outcome is Fate.FAILED]
    told = [*errors, *_told(report.all_findings)]
    return f"{', '.join(fates)}; overlay scanned against {report.master}", told, report.exit_status


def _gate(run: Run) -> Outcome:
    from sfcci.gate.declaration import chosen, load_jobs
    from sfcci.gate.runner import run_jobs

    run.before = _panel_numbers(run)
    pipeline = run.options.pipeline or run.settings.gate.pipeline
    jobs = chosen(load_jobs(run.settings.gate.jobs), (), pipeline)
    ill = FAULTS.get(run.options.fault, "")
    if ill and ill not in [job.name for job in jobs]:
        raise UsageError(
            f"the fault {run.options.fault} is put into {ill}, which is no job of the pipeline {pipeline}"
        )
    jobs = tuple(sorted(jobs, key=lambda job: job.name == ill))  # the red one last: it shows soonest
    for result in run_jobs(jobs, _buildset(run, pipeline), run.say):
        run.results.append(result)
    summary, details, status = _gate_summary(jobs, run.results)
    if ill and run.results[-1].result not in BAD:
        return summary, (*details, f"{ill} did not see the fault {run.options.fault}"), EXIT_FINDINGS
    return summary, details, status


def _buildset(run: Run, pipeline: str) -> "Buildset":
    from sfcci.gate.runner import Buildset, head_commit, new_id

    fault = run.options.fault
    faults = {FAULTS[fault]: LabFault(fault)} if fault in set(LabFault) else {}
    return Buildset(
        run.settings, pipeline, new_id(), head_commit(run.settings.project), _installer(run), faults
    )


def _installer(run: Run) -> Callable[[str, Path], Installed] | None:
    from sfcci.package.install import installer
    from sfcci.package.run import with_fault

    install = installer(with_fault(run.settings) if run.options.fault == BROKEN_PACKAGE else run.settings)

    def fresh(component: str, root: Path) -> Installed:
        if install is None or (run.packaged is not None and component not in run.packaged):
            raise UsageError(f"the RPM of {component} was not built in this run; see the package step")
        return install(component, root)

    return install if run.packaged is None else fresh


def _gate_summary(jobs: Sequence[Job], results: Sequence[JobResult]) -> Outcome:
    good = sum(result.result is Result.SUCCESS for result in results)
    bad = [result for result in results if result.result is not Result.SUCCESS]
    details = [
        f"{result.result} {result.job}: {reason}" for result in bad for reason in (result.reasons or ("",))
    ]
    details += [f"evidence of {result.job}: {result.log_dir}" for result in bad if result.log_dir]
    status = EXIT_FINDINGS if any(map(failed, results)) else EXIT_OK
    return f"{good} of {len(jobs)} jobs SUCCESS", details, status


def _results(run: Run) -> Outcome:
    from sfcci import files
    from sfcci.gate.history import History
    from sfcci.gate.junit import junit_xml

    if not run.results:
        raise UsageError("the gate gave no result, so there is none to keep")
    path = run.settings.state / "junit" / f"{run.results[0].buildset}.xml"
    files.write_text(path, junit_xml(run.results))
    with History(run.settings) as history:
        kept = len(history.runs())
    return f"{len(run.results)} results recorded ({kept} runs in the database), JUnit XML {path}", (), EXIT_OK


def _metric(run: Run) -> Outcome:
    from sfcci.metric.push import push

    instance, _ = run.graphite()
    report = push(run.settings, instance, run.say)
    told = f"{len(report.findings)} sums are wrong" if report.findings else "the sums are right"
    summary = f"{report.results} results as {report.points} points in {report.series} series to {instance.url}; read back: {told}"
    return summary, _told(report.findings), exit_status(report.findings)


def _dashboard(run: Run) -> Outcome:
    from sfcci.dashboard.reading import changes
    from sfcci.dashboard.validate import examine

    _, reader = run.graphite()
    seen = examine([run.settings.project / DASHBOARDS], reader)
    where, details, status = _shown(run, seen.dashboards)
    run.after = _panel_numbers(run)
    changed = _by_panel(changes(run.before or (), run.after or ()))
    told = [*_told(seen.findings), *details, *changed]
    summary = f"{len(seen.dashboards)} dashboards with {seen.targets} targets validated; {where}; {len(changed)} panels changed"
    return summary, told, max(status, exit_status(seen.findings))


def _by_panel(changes: Iterable[str]) -> tuple[str, ...]:
    """Give one line per panel out of "panel: series 0 → 1" lines."""
    panels: dict[str, list[str]] = {}
    for line in changes:
        panel, _, series = line.partition(": ")
        panels.setdefault(panel, []).append(series)
    return tuple(f"changed: {panel}: {_few(series)}" for panel, series in panels.items())


def _few(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - SERIES_TOLD} more" if len(texts) > SERIES_TOLD else ""
    return ", ".join(texts[:SERIES_TOLD]) + more


def _shown(run: Run, dashboards: Sequence[Dashboard]) -> Outcome:
    """Show the dashboards the best way that is here: a configured Grafana, the pod, the embedded preview."""
    from sfcci.dashboard import pod

    way = pod.choice(run.settings)
    if way.way is pod.Way.GRAFANA:
        return _pushed(run, dashboards, run.settings.grafana)
    if way.way is pod.Way.POD:
        return _pushed(run, dashboards, _pod(run))
    return _previewed(run, way.reason)


def _pushed(run: Run, dashboards: Sequence[Dashboard], grafana: Grafana) -> Outcome:
    from sfcci.dashboard.grafana import push

    report = push(dashboards, grafana, run.say)
    run.address = report.pushed[0].url if report.pushed else report.server
    summary = f"{len(report.pushed)} pushed to Grafana {report.version} at {report.server} and read back"
    return summary, _told(report.findings), exit_status(report.findings)


def _pod(run: Run) -> Grafana:
    """Start the pod, feed its Graphite with what the run database holds, and give its Grafana."""
    from sfcci.dashboard import pod
    from sfcci.gate.history import History
    from sfcci.metric.graphite import parse_address
    from sfcci.metric.push import write

    found = run.shown.enter_context(pod.running(pod.pod_file(run.settings), run.say))
    instance, _ = run.graphite()
    with History(run.settings) as history:
        results = tuple(history.results())
    write(results, Instance(found.graphite_url, parse_address(found.carbon), instance.retentions), run.say)
    return replace(run.settings.grafana, url=found.grafana_url)


def _previewed(run: Run, reason: str) -> Outcome:
    """Start the embedded preview and ask it for every panel, as its page does."""
    from sfcci.web.client import drawn
    from sfcci.web.server import start_preview

    instance, _ = run.graphite()
    run.address = run.shown.enter_context(
        start_preview(run.settings, instance.url, run.options.port, say=run.say)
    )
    panels = drawn(run.address, hours=1)
    full = sum(panel.has_data for panel in panels)
    return f"embedded preview: {full} of {len(panels)} panels have data ({reason})", (), EXIT_OK


def _panel_numbers(run: Run) -> tuple[PanelNumbers, ...] | None:
    """What every panel shows now; None when Graphite is not there (its own step says why)."""
    from sfcci.dashboard.reading import dashboard_numbers
    from sfcci.dashboard.validate import examine

    now = time.time()
    try:
        _, reader = run.graphite()
        dashboards = examine([run.settings.project / DASHBOARDS]).dashboards
        return tuple(dashboard_numbers(dashboards, reader, now - WINDOW_S, now + 60))
    except SfcciError:
        return None


def _told(findings: Iterable[Finding]) -> list[str]:
    return [str(finding) for finding in findings if finding.severity is not Severity.INFO]


STEPS: dict[str, Callable[[Run], Outcome]] = {
    "package": _package,
    "gate": _gate,
    "results": _results,
    "metric": _metric,
    "dashboard": _dashboard,
}
"""The steps in their order."""
