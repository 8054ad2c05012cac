"""`sfcci preview serve`: the dashboards on a local page."""

from pathlib import Path

import click

from sfcci.cli import browsing, console
from sfcci.errors import UsageError


@click.command(epilog="Example: sfcci preview serve dashboards/ --graphite http://127.0.0.1:8080")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@browsing.graphite_option
@click.option(
    "--sample", is_flag=True, help="Draw made-up data, which is labelled so; nothing real is read or written."
)
@browsing.port_option
@console.as_json
def serve(paths: tuple[Path, ...], graphite: str | None, sample: bool, port: int, json_output: bool) -> None:
    """Show the dashboards on a local page, without Grafana, until Ctrl-C; the runs and the metric names beside them.

    PATH is a file or a folder; without any it is `dashboards` of the project. A dashboard is drawn again when its file is
    saved. The numbers are Graphite's: of the one given, else of the settings' one, else of the private one, which is started
    for as long as the page is up.

    With --sample they are made up, for all that the dashboards ask for, in a Graphite of their own that goes with the page.
    """
    settings = console.settings()
    shown = paths or (settings.project / "dashboards",)
    if sample:
        if graphite:
            raise UsageError("--sample makes data up, --graphite draws what is there: give one of them")
        from sfcci.dashboard import sample_feed

        with sample_feed.running(settings, console.progress(piped=True)) as feeder:
            browsing.serve(
                settings,
                feeder.to.url,
                "/",
                port,
                no_open=True,
                json_output=json_output,
                paths=shown,
                prepare=feeder.prepare,
            )
        return
    with console.graphite_url(settings, graphite) as url:
        browsing.serve(settings, url, "/", port, no_open=True, json_output=json_output, paths=shown)
