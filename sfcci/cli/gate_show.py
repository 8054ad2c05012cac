"""`sfcci gate show`: one run with its reasons, attempts and evidence."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import completion, console
from sfcci.errors import EXIT_FINDINGS, MissingTool

if TYPE_CHECKING:
    from sfcci.gate.inquiry import Shown
    from sfcci.gate.job import JobResult


@click.command("show", epilog="Example: sfcci gate show last-bad")
@click.argument("run", default="last", shell_complete=completion.runs)
@click.option("--files", is_flag=True, help="Only the paths of its files, one per line.")
@click.option("--open", "open_", is_flag=True, help="Open its folder on the desktop.")
@console.as_json
def show(run: str, files: bool, open_: bool, json_output: bool) -> None:
    """Show one run: its result, why, its attempts, and its files with the command that reads each.

    RUN is an id, the beginning of one that no other has, `last` or `last-bad` (the newest that failed).

    Exit status: 0 it is shown, 1 files were asked for and there are none, 2 there is no such run.
    """
    from sfcci.gate import inquiry
    from sfcci.gate.history import History

    settings = console.settings()
    with History(settings) as history:
        shown = inquiry.show(history, settings, run)
    if json_output:
        told = asdict(shown) | {"files": [asdict(one) for one in shown.files]}
        console.print_json(told)
    elif files:
        for one in shown.files:
            click.echo(one.path)
    elif not open_:
        _print(shown)
    if (files or open_) and not shown.files:
        click.echo(f"there is no evidence of {shown.result.run}: {shown.without}", err=True)
        sys.exit(EXIT_FINDINGS)
    if open_ and shown.folder:
        _open(shown.folder)


def _print(shown: "Shown") -> None:
    from sfcci.cli.gate_run import show_result

    result = shown.result
    show_result(result, evidence=False)
    click.echo()
    for fact, value in _facts(result):
        click.echo(f"{fact:12} {value}")
    if len(shown.attempts) > 1:
        for number, one in enumerate(shown.attempts, 1):
            here = "   (this one)" if one.run == result.run else ""
            click.echo(f"{f'attempt {number}':12} {one.result}  {one.run}{here}")
    if not shown.folder or not shown.files:
        click.echo(f"{'evidence':12} none: {shown.without}")
        return
    click.echo(f"{'evidence':12} {shown.folder}\n")
    rows = [(one.path.relative_to(shown.folder), one.read, _size(one.size), one.what) for one in shown.files]
    widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
    for name, read, size, what in rows:
        click.echo(f"  {name!s:{widths[0]}}  {size:>{widths[2]}}  {read:{widths[1]}}  {what}")


def _facts(result: "JobResult") -> list[tuple[str, str]]:
    from sfcci.moment import moment_text

    change = f"{result.change},{result.patchset}".rstrip(",")
    facts = [
        ("run", result.run),
        ("started", moment_text(result.started_at)),
        ("pipeline", f"{result.pipeline} of {result.tenant}"),
        ("project", f"{result.project} on {result.host}, branch {result.branch}"),
        ("commit", result.commit),
        ("change", change),
        ("buildset", result.buildset),
    ]
    return [(name, value) for name, value in facts if value]


def _size(octets: int) -> str:
    return f"{octets / 1024:.0f} KiB" if octets >= 10_240 else f"{octets} B"  # noqa: PLR2004 - four digits at most


def _open(folder: Path) -> None:
    from sfcci import command

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise MissingTool(
            f"there is no desktop here to open {folder} on", "look into it with: sfcci gate show"
        )
    command.launch([command.find("xdg-open"), folder], log=Path(os.devnull))
