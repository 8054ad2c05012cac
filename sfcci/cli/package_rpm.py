"""`sfcci package rpm`: specs rendered, RPMs built, checked and put into the repository."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENTS
from sfcci.cli.package_proof import PROFILE
from sfcci.errors import UsageError
from sfcci.finding import exit_status

if TYPE_CHECKING:
    from sfcci.package.run import PackageReport
    from sfcci.package.turn import ComponentReport


@click.command(
    epilog="Examples: sfcci package rpm | sfcci package rpm sfcci --force | sfcci package rpm --check | "
    "sfcci package rpm --profile centos-stream-10"
)
@COMPONENTS
@click.option("--spec-only", is_flag=True, help="Write the specs into rpm/, build nothing.")
@click.option(
    "--check", is_flag=True, help="Write and build nothing; say what differs from the descriptions."
)
@click.option("--force", is_flag=True, help="Build again what has not changed.")
@click.option(
    "--with",
    "wanted",
    type=click.Choice(["tests"]),
    multiple=True,
    help="Run the sdist's own tests over what was built, too, where a build does not by itself.",
)
@PROFILE
@click.option(
    "--builder",
    type=click.Choice(["rpmbuild", "mock", "copr"]),
    default="rpmbuild",
    show_default=True,
    help="rpmbuild on this machine; mock in a chroot of the profile's distribution, here or in the Copr project of [rpm] copr.",
)
@console.as_json
@click.pass_context
def rpm(  # noqa: PLR0917 - a command's options are its arguments
    ctx: click.Context,
    components: tuple[str, ...],
    spec_only: bool,
    check: bool,
    force: bool,
    wanted: tuple[str, ...],
    profile: str,
    builder: str,
    json_output: bool,
) -> None:
    """Render rpm/*.spec, build source and binary RPMs, check them, make their repository.

    Each COMPONENT is a description in packaging/; without one, all are built. What is unchanged since it was built is
    not built again. Packages for another distribution are kept apart from this machine's.
    """
    from sfcci.package import run
    from sfcci.package.profile import profile as named
    from sfcci.package.work import Order
    from sfcci.pipeline.packaging import build_runs, record_packaging

    if spec_only + check + force > 1:
        raise UsageError("--spec-only, --check and --force exclude each other")
    if wanted and builder != "rpmbuild":
        raise UsageError("--with goes with --builder rpmbuild")
    if check or spec_only:
        _specs(ctx, components, spec_only, json_output)
    order = Order(force=force, write_specs=True, profile=named(profile), builder=builder, wanted=wanted)
    settings = console.settings()
    report = run.build_packages(settings, console.progress(), order, only=components)
    _tell(report, json_output)
    record_packaging(settings, build_runs(report.components), time.time())
    ctx.exit(report.exit_status)


def _specs(ctx: click.Context, components: tuple[str, ...], write: bool, json_output: bool) -> None:
    """Write the specs, or say what differs; ends the command."""
    from sfcci.package import run, tree
    from sfcci.package.turn import SPEC_COMMAND

    settings = console.settings()
    rendered = run.rendered_specs(settings, components, console.progress())
    written = tree.write_tree(settings.project, rendered) if write else ()
    drift = tree.drift(settings.project, rendered, SPEC_COMMAND, "" if components else run.SPECS)
    if json_output:
        console.print_json({"written": written, "findings": [finding.as_json() for finding in drift]})
    else:
        for path in written:
            click.echo(f"wrote {path}")
        console.print_findings(drift)
        click.echo(f"{len(rendered)} specs; {len(drift)} differ")
    ctx.exit(exit_status(drift))


def _tell(report: "PackageReport", json_output: bool) -> None:
    if json_output:
        components = [_as_json(component) for component in report.components]
        console.print_json({"repository": report.repository, "components": components})
        return
    console.print_findings(report.all_findings)
    for component in report.components:
        if component.error:
            click.echo(component.error, err=True)
        names = ", ".join(path.name for path in component.binary_rpms) or component.log or ""
        click.echo(f"{component.component}: {component.outcome}, {component.duration_s:.1f} s  {names}")
        if component.linted:
            click.echo(f"  {component.linted}")
    for place in report.places:
        click.echo(place)
    click.echo(f"repository: {report.repository}")


def _as_json(component: "ComponentReport") -> dict[str, Any]:
    return {**asdict(component), "findings": [finding.as_json() for finding in component.findings]}
