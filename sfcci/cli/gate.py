"""`sfcci gate`: the jobs and their results."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "list": ("gate_run", "List the declared jobs."),
    "run": ("gate_run", "Run jobs: those named, or all of a pipeline."),
    "runs": ("gate_runs", "List runs, the newest first."),
    "import": ("gate_import", "Import results: JUnit XML, subunit, Zuul's builds, another sfcci's."),
    "imports": ("gate_imports", "List what was imported."),
    "forget": ("gate_imports", "Take the runs of an import away again."),
    "show": ("gate_show", "Show one run: its result, why, its attempts, its evidence."),
    "schedule": ("gate_schedule", "Print a systemd timer or a cron line for periodic runs."),
    "report": ("gate_report", "Say whether changes pass, and which job needs a look first."),
    "browse": ("gate_browse", "Show the runs and their evidence on a local page."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci gate run sfc-http-diverted")
def gate() -> None:
    """Run the gate's jobs and see what they found."""
