"""`sfcci trace install-skydive`: the name `skydive`, for scripts that call it."""

import os
import sys
from pathlib import Path

import click

from sfcci import files
from sfcci.cli import console
from sfcci.errors import UsageError

MARK = "# made by sfcci trace install-skydive"


@click.command(epilog="Example: sfcci trace install-skydive --bin ~/.local/bin")
@click.option(
    "--bin",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to put it into; default: where sfcci is.",
)
@click.option("--remove", is_flag=True, help="Take it away again.")
@console.as_json
def install_skydive(folder: Path | None, remove: bool, json_output: bool) -> None:
    """Install the program `skydive`: sfcci-skydive by the name that scripts know.

    A program of that name that is not ours is left alone.
    """
    path = (folder or Path(sys.executable).parent).expanduser() / "skydive"
    there = path.is_symlink() or path.exists()
    if there and not _is_ours(path):
        raise UsageError(f"{path} is another program; choose another folder with --bin")
    if remove:
        path.unlink(missing_ok=True)
    else:
        files.write_text(path, _script(), mode=0o755)
    if json_output:
        console.print_json({"path": str(path), "there": not remove})
        return
    click.echo(f"{path} is {'gone' if remove else 'installed'}" + _hint(path, remove=remove))


def _script() -> str:
    """Give a script of its own, so that it works wherever it lies: it names the Python that runs us."""
    return f'#!/bin/sh\n{MARK}\nexec "{sys.executable}" -P -c "from sfcci.cli.skydive import main; main(\'skydive\')" "$@"\n'


def _is_ours(path: Path) -> bool:
    try:
        return MARK.encode() in path.read_bytes()[:1024]
    except OSError:
        return False


def _hint(path: Path, *, remove: bool) -> str:
    on_path = str(path.parent) in os.environ.get("PATH", "").split(os.pathsep)
    return "" if remove or on_path else f"; {path.parent} is not in PATH"
