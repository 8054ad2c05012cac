"""`sfcci gate browse`: the runs on a local page."""

from urllib.parse import urlencode

import click

from sfcci.cli import browsing, completion, console


@click.command(epilog="Example: sfcci gate browse --job 'sfc-*' --result bad --since 7d")
@click.option(
    "--job", metavar="GLOB", multiple=True, shell_complete=completion.jobs, help="Only runs of this job."
)
@click.option("--pipeline", metavar="GLOB", multiple=True, help="Only runs in this pipeline.")
@click.option(
    "--result", metavar="RESULT", multiple=True, help="Only runs with this result; `bad`: any that failed."
)
@click.option("--since", metavar="WHEN", help="Only runs that ended since then: 36h, 7d, 2026-11-20.")
@click.option("--run", metavar="RUN", help="Begin at the page of this run.")
@browsing.options
@console.as_json
def browse(
    *,
    job: tuple[str, ...],
    pipeline: tuple[str, ...],
    result: tuple[str, ...],
    since: str | None,
    run: str | None,
    graphite: str | None,
    port: int,
    no_open: bool,
    json_output: bool,
) -> None:
    """Show the runs, their reasons and their evidence on a local page, until Ctrl-C.

    Dashboards and metric names are a click away; they are read from the Graphite given, else from the settings' one, else
    from the private one when it is up. The pages are on loopback: other users of this machine can read them, too.
    """
    from sfcci.web.pages_runs import run_path

    many = {"job": job, "pipeline": pipeline, "result": result, "since": (since,) if since else ()}
    query = urlencode([(name, value) for name, values in many.items() for value in values])
    path = run_path(run) if run else f"/runs?{query}".rstrip("?")
    settings = console.settings()
    browsing.serve(settings, browsing.graphite_there(settings, graphite), path, port, no_open, json_output)
