"""The steps up to the metrics. A step gives its summary, details and exit status, or raises what kept it from running."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci.address import without_user
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError
from sfcci.finding import exit_status
from sfcci.gate.job import BAD, Job, JobResult, Result
from sfcci.gate.job import exit_status as gate_status
from sfcci.gate.order import LabFault
from sfcci.pipeline.dashboards import panel_numbers
from sfcci.pipeline.report import BROKEN_PACKAGE, FAULTS, Outcome, Run, told_findings

if TYPE_CHECKING:
    from sfcci.gate.runner import Buildset


def package_step(run: Run) -> Outcome:
    """Render, build and check every component; make the repository; scan the overlay."""
    from sfcci.package.run import run_packages
    from sfcci.package.turn import Outcome as Fate
    from sfcci.pipeline.packaging import build_runs, record_packaging, scan_runs

    broken = run.options.fault == BROKEN_PACKAGE
    run.packaged = ()  # until it is known better: an older build must not stand in for one that failed
    report = run_packages(run.settings, run.say, force=run.options.force, fault=broken)
    run.packaged = tuple(one.component for one in report.components if one.outcome is not Fate.FAILED)
    if not broken:
        scans = scan_runs(report.findings, report.scan_s) if report.master else ()
        record_packaging(run.settings, (*build_runs(report.components), *scans), time.time())
    fates = [f"{one.component} {one.version} {one.outcome}" for one in report.components]
    errors = [f"{one.component}: {one.error}" for one in report.components if one.outcome is Fate.FAILED]
    told = [*errors, f"repository: {report.repository}", f"overlay: scanned against {report.master}"]
    if report.left_out:
        told.append(f"not built here, but by sfcci package rpm: {', '.join(report.left_out)}")
    told += told_findings(report.all_findings, "sfcci package rpm --check, sfcci package ebuild --check")
    return ", ".join(fates), told, report.exit_status


def gate_step(run: Run) -> Outcome:
    """Run the pipeline's jobs, the one with a fault last."""
    from sfcci.gate.declaration import chosen, load_jobs
    from sfcci.gate.runner import default_parallel, run_jobs
    from sfcci.gate.watch import Said

    run.before = panel_numbers(run)
    pipeline = run.options.pipeline or run.settings.gate.pipeline
    jobs = chosen(load_jobs(run.settings.gate.jobs), (), pipeline)
    ill = FAULTS.get(run.options.fault, "")
    if ill and ill not in [job.name for job in jobs]:
        raise UsageError(
            f"the fault {run.options.fault} is put into {ill}, which is no job of the pipeline {pipeline}"
        )
    jobs = tuple(sorted(jobs, key=lambda job: job.name == ill))  # the red one last: it shows soonest
    results = run_jobs(jobs, _buildset(run, pipeline), Said(run.say), parallel=default_parallel())
    run.results.extend(result for result in results if result.result is not Result.RETRY)
    summary, details, status = _gate_summary(jobs, run.results)
    if ill and not any(result.job == ill and result.result in BAD for result in run.results):
        return summary, (*details, f"{ill} did not see the fault {run.options.fault}"), EXIT_FINDINGS
    return summary, details, status


def _buildset(run: Run, pipeline: str) -> "Buildset":
    from sfcci.gate.folder import head_commit, new_id
    from sfcci.gate.runner import Buildset

    fault = run.options.fault
    faults = {FAULTS[fault]: LabFault(fault)} if fault in set(LabFault) else {}
    return Buildset(
        run.settings, pipeline, new_id(), head_commit(run.settings.project), _packages(run), faults
    )


def _packages(run: Run) -> Callable[[str], tuple[Path, ...]] | None:
    from sfcci.package.install import built_packages
    from sfcci.package.work import with_fault

    broken = run.options.fault == BROKEN_PACKAGE
    packages = built_packages(with_fault(run.settings) if broken else run.settings)

    def fresh(component: str) -> tuple[Path, ...]:
        if packages is None or (run.packaged is not None and component not in run.packaged):
            raise UsageError(f"the RPM of {component} was not built in this run; see the package step")
        return packages(component)

    return packages if run.packaged is None else fresh


def _gate_summary(jobs: Sequence[Job], results: Sequence[JobResult]) -> Outcome:
    good = sum(result.result is Result.SUCCESS for result in results)
    bad = [result for result in results if result.result is not Result.SUCCESS]
    details = [
        f"{result.result} {result.job}: {reason}" for result in bad for reason in (result.reasons or ("",))
    ]
    details += [f"evidence of {result.job}: {result.log_dir}" for result in bad if result.log_dir]
    others = Counter(str(result.result) for result in bad)
    counts = [
        f"{good} of {len(jobs)} jobs SUCCESS",
        *(f"{count} {result}" for result, count in others.items()),
    ]
    return ", ".join(counts), details, gate_status(results)


def results_step(run: Run) -> Outcome:
    """Write JUnit XML beside the run database, which has the results already."""
    from sfcci import files
    from sfcci.gate.history import History
    from sfcci.gate.junit import junit_xml

    if not run.results:
        raise UsageError("the gate gave no result, so there is none to keep")
    path = run.settings.state / "junit" / f"{run.results[0].buildset}.xml"
    files.write_text(path, junit_xml(run.results))
    with History(run.settings) as history:
        kept = history.count()
    return f"{len(run.results)} recorded, {kept} in the run database", (f"JUnit XML {path}",), EXIT_OK


def metric_step(run: Run) -> Outcome:
    """Write the run database's sums into Graphite and read them back."""
    from sfcci.metric.push import push

    instance, _ = run.graphite()
    report = push(run.settings, instance, run.say)
    told = f"{len(report.findings)} sums are wrong" if report.findings else "the sums are right"
    summary = f"{report.changes} changes in {report.series} series; read back: {told}"
    details = [
        f"Graphite at {without_user(instance.url) or instance.carbon}",
        *told_findings(report.findings),
    ]
    return summary, details, exit_status(report.findings)
