"""`sfcci package new`: descriptions begun."""

import datetime as dt

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK


@click.command(
    epilog="Examples: sfcci package new networking-bagpipe | sfcci package new dist/sample-1.0.tar.gz --dry-run"
)
@click.argument("sdist_or_name", metavar="SDIST-OR-NAME")
@click.option(
    "--version", metavar="VERSION", default="", help="Of a project on the index. [default: the newest]"
)
@click.option("--dry-run", is_flag=True, help="Print the description, write nothing.")
@console.as_json
@click.pass_context
def new(ctx: click.Context, sdist_or_name: str, version: str, dry_run: bool, json_output: bool) -> None:
    """Begin a description in packaging/ out of what an sdist says of itself.

    SDIST-OR-NAME is a .tar.gz, or a project on the package index. What the metadata does not settle is marked FILL IN,
    and until that is done the description is left out of the list and refused where it, or the whole catalogue, is asked
    for: exit status 1 as long as something is open.
    """
    from sfcci import files
    from sfcci.package import catalogue_run
    from sfcci.package.new import open_fields

    settings = console.settings()
    path, text = catalogue_run.new_description(settings, sdist_or_name, version, _today(), console.progress())
    if not dry_run:
        files.write_text(path, text)
    fields = open_fields(text)
    if json_output:
        console.print_json({"path": path, "written": not dry_run, "open": fields, "text": text})
    elif dry_run:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {path}")
        for field in fields:
            click.echo(f"  fill in: {field}")
        click.echo("then: sfcci package render")
    ctx.exit(EXIT_FINDINGS if fields else EXIT_OK)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
