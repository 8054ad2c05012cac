"""`sfcci-skydive client alert`: expressions that are asked, and what happens when their answers are new."""

import click

from sfcci.cli.skydive import asked_client, configured, crud, print_object

PATH = "/api/alert"


@configured
@click.group(epilog="Example: sfcci-skydive client alert list")
def alert() -> None:
    """Create, list, show and delete alerts."""


@configured
@alert.command(
    epilog="Example: sfcci-skydive client alert create --name down --expression \"G.V().Has('Name', Regex('^tap'), 'State', 'DOWN')\""
)
@click.option("--name", default="", help="A name for people, and of its series in Graphite.")
@click.option("--description", default="", help="What it is for.")
@click.option(
    "--expression", required=True, metavar="QUERY", help="What is asked; it fires when that is not empty."
)
@click.option("--trigger", default="graph", show_default=True, help="graph: when it changes; or duration:5s.")
@click.option("--action", default="", metavar="URL", help="http(s):// gets a POST; file:// names a script.")
def create(name: str, description: str, expression: str, trigger: str, action: str) -> None:
    """Create an alert."""
    body = {
        "Name": name,
        "Description": description,
        "Expression": expression,
        "Trigger": trigger,
        "Action": action,
    }
    print_object(asked_client().ask("POST", PATH, body).json())


crud(alert, "alert", PATH)
