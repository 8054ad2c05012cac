"""`sfcci package check`: what the catalogue renders compared with what is there, and the overlay judged."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENTS
from sfcci.errors import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from sfcci.finding import Finding
    from sfcci.package.overlay import OverlayReport
    from sfcci.settings import Settings

GENTOO_REPO = click.option(
    "--gentoo-repo",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Check against the ::gentoo in DIR. [default: setting gentoo.repo, /var/db/repos/gentoo, else a minimal one]",
)


@click.command(epilog="Examples: sfcci package check | sfcci package check networking-sfc --no-scan --json")
@COMPONENTS
@click.option("--no-scan", is_flag=True, help="Leave pkgcheck out: compare, and run the lints of our own.")
@click.option("--strict", is_flag=True, help="Exit status 1 for warnings, too.")
@GENTOO_REPO
@console.as_json
@click.pass_context
def check(
    ctx: click.Context,
    components: tuple[str, ...],
    no_scan: bool,
    strict: bool,
    gentoo_repo: Path | None,
    json_output: bool,
) -> None:
    """Say what in rpm/ and gentoo/ is not what the descriptions render or is edited by hand, and judge the overlay.

    The overlay is judged by lints of our own and by pkgcheck, against ::gentoo. Nothing is written there, nothing built.
    Each COMPONENT is a description in packaging/; without one, all are checked. Exit status 1 when something is wrong.
    """
    from sfcci.package import catalogue_run, overlay

    settings, say = console.settings(), console.progress()
    if gentoo_repo:
        settings = replace(settings, gentoo=replace(settings.gentoo, repo=str(gentoo_repo)))
    differences = catalogue_run.check(settings, components, say)
    if not json_output:  # told now: what judges the overlay may be missing on this machine
        console.print_findings(differences)
        click.echo(_differences(differences))
    report = None
    if overlay.is_there(settings):
        begin = time.monotonic()
        report = overlay.judge_overlay(settings, say, only=components, scan=not no_scan)
        if report.scanned and not components:
            _record(settings, report, time.monotonic() - begin)
    found = (*differences, *(report.findings if report else ()))
    if json_output:
        console.print_json(_json(found, report))
    elif report:
        console.print_findings(report.findings)
        click.echo(_judgement(report))
    ctx.exit(_status(found, strict))


def _record(settings: "Settings", report: "OverlayReport", duration_s: float) -> None:
    from sfcci.pipeline.packaging import record_packaging, scan_runs  # late: the run database is heavy

    record_packaging(settings, scan_runs(report.findings, duration_s), time.time())


def _status(found: "tuple[Finding, ...]", strict: bool) -> int:
    from sfcci.finding import Severity

    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return EXIT_FINDINGS if any(finding.severity in bad for finding in found) else EXIT_OK


def _json(found: "tuple[Finding, ...]", report: "OverlayReport | None") -> dict[str, object]:
    told = {
        "master": report.master if report else None,
        "minimal": report.minimal if report else None,
        "scanned": bool(report and report.scanned),
    }
    return {**told, "findings": [finding.as_json() for finding in found]}


def _differences(found: "tuple[Finding, ...]") -> str:
    from sfcci.finding import Severity

    drift = sum(finding.severity is Severity.ERROR for finding in found)
    return f"{drift} files differ; {len(found) - drift} regions are edited by hand"


def _judgement(report: "OverlayReport") -> str:
    from sfcci.finding import Severity

    errors, warnings = (
        sum(finding.severity is level for finding in report.findings)
        for level in (Severity.ERROR, Severity.WARNING)
    )
    by = "our own lints and pkgcheck" if report.scanned else "our own lints alone"
    return f"overlay: {errors} errors, {warnings} warnings; judged by {by} against {report.master}"
