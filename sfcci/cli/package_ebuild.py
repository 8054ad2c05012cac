"""`sfcci package ebuild`: the overlay rendered, compared, and checked by pkgcheck."""

from dataclasses import replace
from pathlib import Path

import click

from sfcci import finding
from sfcci.cli import console
from sfcci.cli.package_check import GENTOO_REPO
from sfcci.cli.package_named import COMPONENTS


@click.command(
    epilog="Examples: sfcci package ebuild | sfcci package ebuild --check --gentoo-repo /var/db/repos/gentoo"
)
@COMPONENTS
@click.option("--check", is_flag=True, help="Write nothing; say what differs from the descriptions.")
@GENTOO_REPO
@console.as_json
@click.pass_context
def ebuild(
    ctx: click.Context,
    components: tuple[str, ...],
    check: bool,
    gentoo_repo: Path | None,
    json_output: bool,
) -> None:
    """Render ebuilds, metadata.xml and Manifests into gentoo/, then check the overlay with pkgcheck.

    Each COMPONENT is a description in packaging/; without one, all are rendered.
    """
    from sfcci.package import overlay
    from sfcci.package.tree import write_tree

    settings, say = console.settings(), console.progress()
    if gentoo_repo:
        settings = replace(settings, gentoo=replace(settings.gentoo, repo=str(gentoo_repo)))
    rendered = overlay.rendered_overlay(settings, components, say)
    written = () if check else write_tree(settings.project, rendered)
    report = overlay.check_overlay(settings, say, only=components)
    if json_output:
        answer = {"written": written, "master": report.master, "minimal": report.minimal}
        console.print_json({**answer, "findings": [f.as_json() for f in report.findings]})
    else:
        for path in written:
            click.echo(f"wrote {path}")
        console.print_findings(report.findings)
        click.echo(_summary(len(rendered), report.findings))
        click.echo(f"checked by pkgcheck against {report.master}")
    ctx.exit(finding.exit_status(report.findings))


def _summary(files: int, found: tuple[finding.Finding, ...]) -> str:
    counts = {level: sum(f.severity is level for f in found) for level in finding.Severity}
    return f"{files} files; " + ", ".join(
        f"{count} {level}s" for level, count in counts.items() if level != "info"
    )
