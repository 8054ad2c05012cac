"""`sfcci gate`: the jobs and their results."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "list": ("gate_run", "List the declared jobs."),
    "run": ("gate_run", "Run jobs: those named, or all of a pipeline."),
    "report": ("gate_report", "Say whether changes pass, and which job needs a look first."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci gate run sfc-http-diverted")
def gate() -> None:
    """Run the gate's jobs and see what they found."""
