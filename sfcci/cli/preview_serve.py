"""`sfcci preview serve`: the dashboards on a local page."""

from pathlib import Path

import click

from sfcci.cli import browsing, console


@click.command(epilog="Example: sfcci preview serve dashboards/ --graphite http://127.0.0.1:8080")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--graphite", metavar="URL", help="Draw from this Graphite, read only.")
@browsing.port_option
@console.as_json
def serve(paths: tuple[Path, ...], graphite: str | None, port: int, json_output: bool) -> None:
    """Show the dashboards on a local page, without Grafana, until Ctrl-C; the runs and the metric names beside them.

    PATH is a file or a folder; without any it is `dashboards` of the project. The numbers are Graphite's: of the one
    given, else of the settings' one, else of the private one, which is started for as long as the page is up.
    """
    settings = console.settings()
    with console.graphite_url(settings, graphite) as url:
        shown = paths or (settings.project / "dashboards",)
        browsing.serve(settings, url, "/", port, no_open=True, json_output=json_output, paths=shown)
