"""`sfcci package list|show|render`: the catalogue as it is, and what it renders."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import completion, console
from sfcci.errors import EXIT_OK, EXIT_TOOL

if TYPE_CHECKING:
    from sfcci.package.catalogue_run import Available

COMPONENTS = click.argument(
    "components", metavar="[COMPONENT]...", nargs=-1, shell_complete=completion.components
)


@click.command("list", epilog="Example: sfcci package list --outdated")
@click.option("--outdated", is_flag=True, help="Ask the package index for newer releases.")
@console.as_json
@click.pass_context
def list(ctx: click.Context, outdated: bool, json_output: bool) -> None:  # noqa: A001 - the command's name
    """List the components of packaging/ with their versions.

    With --outdated, exit status 3 when the index could not be asked for one of them.
    """
    from sfcci.package import catalogue_run

    settings = console.settings()
    found = (
        catalogue_run.available(settings, console.progress()) if outdated else catalogue_run.listed(settings)
    )
    if json_output:
        console.print_json([_available_json(one, outdated) for one in found])
    else:
        columns = (
            "component",
            "version",
            "kind",
            "from",
            "in the pipeline",
            *(("newest",) if outdated else ()),
        )
        console.table("", columns, [_available_row(one, outdated) for one in found])
        for reason in dict.fromkeys(one.reason for one in found if one.reason):
            click.echo(reason, err=True)
    ctx.exit(EXIT_TOOL if any(one.reason for one in found) else EXIT_OK)


@click.command(epilog="Example: sfcci package show networking-sfc --json")
@click.argument("component", shell_complete=completion.components)
@console.as_json
def show(component: str, json_output: bool) -> None:
    """Show what is told of COMPONENT, what its source says, and the distributions' names for it and what it requires."""
    from sfcci.package import catalogue_run
    from sfcci.package.portrait import portrait, translations

    (found,) = catalogue_run.subjects(console.settings(), [component], console.progress())
    known = portrait(found.component, found.metadata)
    if json_output:
        console.print_json(known)
        return
    click.echo(f"{known['name']} {known['version']}: {known['read']['summary']}")
    for title in ("told", "read", "rpm", "gentoo"):
        click.secho(f"\n{title}", bold=True)
        for line in _lines(known[title]):
            click.echo(f"  {line}")
    rows = [
        (one.requirement, one.rpm, one.rpm_package, " ".join(one.gentoo) or one.why)
        for one in translations(found.component, found.metadata)
    ]
    click.echo()
    console.table("Requirements", ("the source", "RPM's dependency", "RPM package", "Gentoo"), rows)


@click.command(epilog="Example: sfcci package render networking-sfc")
@COMPONENTS
@console.as_json
def render(components: tuple[str, ...], json_output: bool) -> None:
    """Write what the descriptions say: specs into rpm/, ebuilds into gentoo/. Hand-edited regions of specs stay.

    Each COMPONENT is a description in packaging/; without one, all are rendered.
    """
    from sfcci.package import catalogue_run, tree

    settings = console.settings()
    texts = catalogue_run.rendered(settings, components, console.progress())
    written = tree.write_tree(settings.project, texts)
    if json_output:
        console.print_json({"files": sorted(texts), "written": written})
        return
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"{len(texts)} files rendered, {len(written)} changed")


def _available_json(one: "Available", outdated: bool) -> dict[str, Any]:
    source = one.component.source
    known = {
        "name": one.component.name,
        "version": one.version,
        "kind": one.component.kind,
        "source": source.path or source.sdist,
        "pipeline": one.component.pipeline,
    }
    if not outdated:
        return known
    newest = one.newest.version if one.newest else None
    return {**known, "newest": newest, "outdated": one.outdated, "reason": one.reason}


def _available_row(one: "Available", outdated: bool) -> Iterable[str]:
    component = one.component
    source = f"this project ({component.source.path})" if component.source.path else component.source.sdist
    row = (component.name, one.version, component.kind, source, "yes" if component.pipeline else "no")
    return (*row, _newest(one)) if outdated else row


def _newest(one: "Available") -> str:
    if one.component.source.path:
        return ""
    if one.newest is None:
        return "not known"
    return one.newest.version if one.outdated else "the same"


def _lines(values: Mapping[str, Any]) -> Iterable[str]:
    """Lines "key: value" of what is not empty."""
    for key, value in values.items():
        if text := _text(value):
            yield f"{key.replace('_', ' ')}: {text}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return value if isinstance(value, str) else ", ".join(map(str, value))
