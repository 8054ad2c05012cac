"""`sfcci dashboard install-grafyaml`: the program `grafana-dashboard` for those who used grafyaml."""

import sys
from pathlib import Path

import click

from sfcci import files
from sfcci.errors import UsageError

NAME = "grafana-dashboard"
MARK = "# grafyaml's words, sfcci's work"
PROGRAM = """#!{python}
{mark}
from sfcci.cli.grafana_dashboard import main

main()
"""
MAX_SHEBANG = 127
"""Longer first lines are cut off by older Linux kernels (execve(2))."""


@click.command(name="install-grafyaml", epilog="Example: sfcci dashboard install-grafyaml --bindir ~/bin")
@click.option(
    "--bindir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("~/.local/bin"),
    show_default=True,
    help="The folder that the program goes to.",
)
def install_grafyaml(bindir: Path) -> None:
    """Install a program `grafana-dashboard` that understands grafyaml's words: validate, update, delete.

    It reads grafyaml's files and /etc/grafyaml/grafyaml.conf, GRAFANA_URL and GRAFANA_APIKEY. A program of that name that
    is not this one is left alone.
    """
    path = bindir.expanduser() / NAME
    if path.is_symlink() or (path.exists() and MARK not in _head(path)):
        raise UsageError(f"{path} is somebody else's; remove it, or give another folder: --bindir DIR")
    shebang = (
        sys.executable
        if len(sys.executable) < MAX_SHEBANG and " " not in sys.executable
        else "/usr/bin/env python3"
    )
    changed = files.write_text(path, PROGRAM.format(python=shebang, mark=MARK), mode=0o755)
    click.echo(f"{path} {'is installed' if changed else 'is there already'}")


def _head(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""
