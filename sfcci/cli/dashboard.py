"""`sfcci dashboard`: dashboards checked, made, and pushed to Grafana."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "validate": ("dashboard_validate", "Say everything that is wrong with dashboards."),
    "new": ("dashboard_new", "Make a dashboard from a list of jobs."),
    "regenerate": ("dashboard_new", "Make dashboards anew; what was written by hand stays."),
    "update": ("dashboard_grafana", "Push dashboards to Grafana and read them back."),
    "diff": ("dashboard_grafana", "Show what an update would change."),
    "list": ("dashboard_grafana", "List what is in Grafana, and which dashboards differ from the files."),
    "pull": ("dashboard_grafana", "Turn a dashboard of Grafana into grafyaml's YAML."),
    "delete": ("dashboard_remove", "Delete dashboards from Grafana."),
    "prune": ("dashboard_remove", "Delete our dashboards that are in no file any more."),
    "render": ("dashboard_render", "Draw dashboards into one file each: a picture or a page."),
    "install-grafyaml": (
        "dashboard_grafyaml",
        "Install a program `grafana-dashboard` with grafyaml's words.",
    ),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci dashboard validate dashboards/")
def dashboard() -> None:
    """Validate dashboards, make them from job lists, bring them into Grafana.

    PATH is a file or a folder with *.yaml, *.yml, *.json; without any it is `dashboards` of the project.
    """
