"""`sfcci package build`: ebuilds built, merged and put to use by portage, in a prefix of its own."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENTS
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.package.merge import ComponentMerge


@click.command(
    epilog="Examples: sfcci package build networking-sfc | sfcci package build networking-sfc --use doc,test | "
    "sfcci package build networking-sfc --version 9999 --git ~/src/networking-sfc"
)
@COMPONENTS
@click.option(
    "--version", default="", help="Another version than the description's, or 9999 for the live ebuild."
)
@click.option("--use", "flags", default="", metavar="FLAG,...", help="USE flags; -FLAG switches one off.")
@click.option(
    "--git",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A clone for live ebuilds, since phases have no network.",
)
@click.option(
    "--time-limit",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=1800,
    show_default=True,
    help="For all phases up to the image, and for each later one.",
)
@console.as_json
@click.pass_context
def build(
    ctx: click.Context,
    components: tuple[str, ...],
    version: str,
    flags: str,
    git: Path | None,
    time_limit: float,
    json_output: bool,
) -> None:
    """Build ebuilds of gentoo/ with portage and merge them into a prefix of their own, then unmerge them.

    All phases run: clean, unpack, prepare, configure, compile, test (with USE=test), install, package, qmerge, unmerge; without a
    network, in a root that is thrown away. Modules and entry points are loaded from what was merged. Each COMPONENT is a
    description in packaging/; without one, all are built.
    """
    from sfcci.package import merge
    from sfcci.pipeline.packaging import merge_runs, record_packaging

    if (version or git) and len(components) != 1:
        raise UsageError("--version and --git are of one component: name it")
    use = tuple(flag for flag in flags.replace(",", " ").split() if flag)
    asked = merge.Asked(version, use, git, time_limit)
    settings = console.settings()
    told = merge.merge_components(settings, console.progress(), components, asked)
    record_packaging(settings, merge_runs(told), time.time())
    if json_output:
        console.print_json([_as_json(one) for one in told])
    else:
        for one in told:
            _tell(one)
    ctx.exit(max((one.exit_status for one in told), default=0))


def _tell(one: "ComponentMerge") -> None:
    console.print_findings(one.findings)
    if one.build is None:
        click.echo(one.error, err=True)
        click.echo(f"{one.component}: not built, {one.duration_s:.1f} s")
        return
    built = one.build
    outcome = "failed" if one.exit_status else "merged and unmerged"
    click.echo(f"{built.ebuild}: {outcome}, {one.duration_s:.1f} s, {len(built.image)} files")
    click.echo("  " + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in built.phases.items()))
    if one.modules or one.entry_points:
        excused = f"; {one.excused} do not load by design" if one.excused else ""
        click.echo(f"  loaded: {one.modules} modules, {one.entry_points} entry points{excused}")
    click.echo(f"  {built.built_in}")
    if built.variant:
        click.echo(f"  {built.variant}")
    click.echo(f"  log: {built.log}")


def _as_json(one: "ComponentMerge") -> dict[str, Any]:
    told = asdict(one)
    if one.build:
        told["build"] |= {"findings": [finding.as_json() for finding in one.findings]}
    return told
