"""`sfcci dashboard`: dashboards checked, made, and pushed to Grafana."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "validate": ("dashboard_validate", "Say everything that is wrong with dashboards."),
    "update": ("dashboard_grafana", "Push dashboards to Grafana and read them back."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS)
def dashboard() -> None:
    """Validate dashboards, make them from job lists, bring them into Grafana.

    PATH is a file or a folder with *.yaml, *.yml, *.json; without any it is `dashboards` of the project.
    """
