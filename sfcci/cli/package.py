"""`sfcci package`: packages rendered, built, checked and put into a repository."""

import importlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import completion, console
from sfcci.errors import UsageError
from sfcci.finding import exit_status

if TYPE_CHECKING:
    from sfcci.package.run import ComponentReport, PackageReport

COMMANDS = {
    "rpm": ("sfcci.cli.package", "Render specs, build and check RPMs, make their repository."),
    "ebuild": ("sfcci.cli.package_ebuild", "Render ebuilds and Manifests, check the overlay."),
}
"""Name → module with the command of that name, one line of help."""


class PackageGroup(click.Group):
    """The commands of the group; one that lies in another module is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names, the first first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give the command, imported if need be."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])


@click.group(cls=PackageGroup, epilog="Example: sfcci package rpm networking-sfc")
def package() -> None:
    """Render, build and check packages (RPM, Gentoo) of the components in packaging/."""


@click.command(
    epilog="Examples: sfcci package rpm | sfcci package rpm sfcci --force | sfcci package rpm --check"
)
@click.argument("components", metavar="[COMPONENT]...", nargs=-1, shell_complete=completion.components)
@click.option("--spec-only", is_flag=True, help="Write the specs into rpm/, build nothing.")
@click.option(
    "--check", is_flag=True, help="Write and build nothing; say what differs from the descriptions."
)
@click.option("--force", is_flag=True, help="Build again what has not changed.")
@console.as_json
@click.pass_context
def rpm(
    ctx: click.Context,
    components: tuple[str, ...],
    spec_only: bool,
    check: bool,
    force: bool,
    json_output: bool,
) -> None:
    """Render rpm/*.spec, build source and binary RPMs, check them, make their repository.

    Each COMPONENT is a description in packaging/; without one, all are built. What is unchanged since it was built is
    not built again.
    """
    from sfcci.package import run, tree

    if spec_only + check + force > 1:
        raise UsageError("--spec-only, --check and --force exclude each other")
    settings, say = console.settings(), console.progress()
    if not (check or spec_only):
        report = run.build_packages(settings, say, force=force, only=components, write_specs=True)
        _tell(report, json_output)
        ctx.exit(report.exit_status)
    rendered = run.rendered_specs(settings, components, say)
    written = tree.write_tree(settings.project, rendered) if spec_only else ()
    drift = tree.drift(settings.project, rendered, run.SPEC_COMMAND, "" if components else run.SPECS)
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
    click.echo(f"repository: {report.repository}")


def _as_json(component: "ComponentReport") -> dict[str, Any]:
    return {**asdict(component), "findings": [finding.as_json() for finding in component.findings]}
