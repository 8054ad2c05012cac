"""`sfcci preview`: the dashboards on a local page."""

import threading
from pathlib import Path

import click

from sfcci.cli import console


@click.command(epilog="Example: sfcci preview dashboards/ --graphite http://127.0.0.1:8080")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--graphite", metavar="URL", help="Draw from this Graphite, read only.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The page's port; by default a free one."
)
@console.as_json
def preview(paths: tuple[Path, ...], graphite: str | None, port: int, json_output: bool) -> None:
    """Show the dashboards on a local page, without Grafana, until Ctrl-C.

    PATH is a file or a folder; without any it is `dashboards` of the project. The numbers are Graphite's: of the one
    given, else of the settings' one, else of the private one, which is started for as long as the page is up.
    """
    from sfcci.web.server import start_preview

    settings = console.settings()
    say = console.progress()
    with (
        console.graphite_url(settings, graphite) as url,
        start_preview(settings, url, port, paths=paths, say=say) as address,
    ):
        if json_output:
            console.print_json({"address": address, "graphite": url})
        else:
            click.echo(f"{address} shows the dashboards from Graphite at {url}; Ctrl-C ends it")
        threading.Event().wait()
