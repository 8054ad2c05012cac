"""`sfcci zuul`: the gate's jobs as CI systems have them."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "jobs": ("zuul_write", "Write Zuul's job definitions, the project's pipelines and the playbooks."),
    "github": ("zuul_write", "Write a GitHub workflow that runs the jobs."),
    "gitlab": ("zuul_write", "Write a GitLab CI file that runs the jobs."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci zuul jobs --nodeset debian-bookworm")
def zuul() -> None:
    """Write the gate's jobs down for CI systems: Zuul, GitHub, GitLab.

    Their results come back by: sfcci gate import results.json
    """
