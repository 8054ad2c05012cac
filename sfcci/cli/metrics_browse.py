"""`sfcci metrics browse`: the names of a Graphite on a local page."""

from urllib.parse import urlencode

import click

from sfcci.cli import browsing, completion, console


@click.command(epilog="Example: sfcci metrics browse --graphite http://127.0.0.1:8080")
@click.argument("name", metavar="[NAME]", default="", shell_complete=completion.metric_names)
@browsing.options
@console.as_json
def browse(name: str, graphite: str | None, port: int, no_open: bool, json_output: bool) -> None:
    """Search, complete and draw metric names on a local page, until Ctrl-C; NAME (or a glob) is drawn at once.

    They are read from the Graphite given, else from the settings' one, else from the private one, which is started for as
    long as the page is up.
    """
    path = f"/metrics?{urlencode({'name': name})}" if name else "/metrics"
    settings = console.settings()
    with console.graphite_url(settings, graphite) as url:
        browsing.serve(settings, url, path, port, no_open=no_open, json_output=json_output)
