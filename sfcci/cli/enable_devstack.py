"""`sfcci enable devstack`: the lines of local.conf, printed or put into the file."""

from pathlib import Path

import click

from sfcci.cli import console


@click.command(epilog="Example: sfcci enable devstack --skydive --into ~/devstack/local.conf")
@click.option(
    "--branch",
    metavar="NAME",
    default="",
    help="The branch of networking-sfc, as in stable/2025.2. [default: master]",
)
@click.option("--driver", metavar="NAME", default="ovs", show_default=True, help="What programs the chains.")
@click.option(
    "--skydive", is_flag=True, help="Also Skydive: an agent and an analyzer, with its page at port 8082."
)
@click.option(
    "--into",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Put the lines into this local.conf.",
)
@click.option("--dry-run", is_flag=True, help="With --into: show the change as a diff, and write nothing.")
@click.option("--undo", is_flag=True, help="With --into: take the lines out again.")
@console.as_json
def devstack(
    branch: str, driver: str, skydive: bool, into: Path | None, dry_run: bool, undo: bool, json_output: bool
) -> None:
    """Print the lines of local.conf with which devstack installs networking-sfc, for its section [[local|localrc]].

    With --into they are put there, in the place of those of another time; all else in the file stays, and a backup is beside it. Then run stack.sh.
    """
    from sfcci.enable import devstack as lines
    from sfcci.enable import writing
    from sfcci.errors import UsageError

    text = lines.fragment(branch=branch, driver=driver, skydive=skydive)
    if into is None and (dry_run or undo):
        raise UsageError("--dry-run and --undo are for a file: name it with --into")
    if into is None:
        console.print_json({"lines": text.splitlines()}) if json_output else click.echo(text, nl=False)
        return
    if not into.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {into.parent}: --into names devstack's local.conf, which may be new"
        )
    before = writing.text_of(into) if into.exists() else ""
    after = lines.without(before) if undo else lines.within(before, text)
    change = writing.Change(into.resolve(), before, after)
    kept = _written(change, dry_run)
    if json_output:
        console.print_json(
            {"path": str(into), "changed": before != after, "written": kept != "", "diff": change.diff()}
        )
        return
    click.echo(change.diff() or "nothing to do\n", nl=False)
    click.echo(kept or ("nothing was written" if before != after else ""), nl=bool(kept or before != after))


def _written(change: "object", dry_run: bool) -> str:
    """Write the file; give a sentence, "" when nothing was written."""
    from sfcci import files
    from sfcci.enable import writing

    assert isinstance(change, writing.Change)  # noqa: S101 - the import is late
    if dry_run or change.before == change.after:
        return ""
    if not change.path.exists():
        files.write_text(change.path, change.after, mode=0o600)
        return f"written: {change.path}"
    (kept,) = writing.write([change])
    return f"written: {change.path} (as it was: {kept})"
