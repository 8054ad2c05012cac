"""`sfcci gate imports|forget`: what was imported, and taking it away again."""

from dataclasses import asdict

import click

from sfcci.cli import console


@click.command(epilog="Example: sfcci gate imports")
@console.as_json
def imports(json_output: bool) -> None:
    """List the imports that brought something, the newest first. `sfcci gate forget NUMBER` takes one back."""
    from sfcci.gate.imports import Imports
    from sfcci.moment import moment_text

    with Imports(console.settings()) as history:
        found = history.imports()
    if json_output:
        console.print_json(list(map(asdict, found)))
    elif found:
        rows = [
            (one.id, moment_text(one.imported_s), one.format, one.new, one.changed, one.source)
            for one in found
        ]
        console.table("Imports", ("import", "when", "format", "new", "changed", "file"), rows)
    else:
        click.echo("nothing was imported; sfcci gate import FILE brings results of others")


@click.command(epilog="Example: sfcci gate forget last")
@click.argument("number", metavar="IMPORT")
@console.as_json
def forget(number: str, json_output: bool) -> None:
    """Take the runs that an import brought away again; IMPORT is its number (`sfcci gate imports`), or `last`.

    The next `sfcci metrics push` brings Graphite after: what the runs counted is 0 there then. Names stay, and so do values
    of pass_probability where no result of a pipeline is left (whisper has no way to take a value away); what was told to a
    StatsD stays, too. Runs that were there before and that the import changed stay as it said: import the file that said
    otherwise again.

    Exit status: 0 well, 2 there is no such import, 3 the database cannot be used.
    """
    from sfcci.gate.imports import Imports

    with Imports(console.settings()) as history:
        one = history.import_of(number)
        gone = history.take_back(one)
    if json_output:
        console.print_json({"import": asdict(one), "forgotten": gone})
        return
    click.echo(
        f"import {one.id} ({one.source}): {console.counted(gone, 'run')} forgotten; next: sfcci metrics push"
    )
    if one.changed:
        click.echo(f"runs that it changed stay as it said: {one.changed}", err=True)
