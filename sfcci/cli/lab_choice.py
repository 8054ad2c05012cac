"""Which lab a command means: the one that `--name` names, or the only one that is up."""

from typing import TYPE_CHECKING

import click

from sfcci.cli import completion, console

if TYPE_CHECKING:
    from sfcci.datapath.standing import StandingLab

named = click.option(
    "--name",
    default="",
    metavar="NAME",
    help="Which lab, when several are up.",
    shell_complete=completion.labs,
)


def one(name: str) -> "StandingLab":
    """Give the lab that is meant. Raises UsageError."""
    from sfcci.datapath import standing

    return standing.one(console.settings().state, name)
