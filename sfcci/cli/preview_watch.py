"""`sfcci preview watch`: dashboards go into Grafana when they are saved."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.cli.dashboard_server import datasource_option, overwrite_option, pair, paths_argument
from sfcci.errors import UsageError
from sfcci.finding import Severity
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.dashboard.following import Follower, Told
    from sfcci.dashboard.grafana import Options


@click.command(epilog="Example: sfcci preview watch dashboards/ --grafana http://127.0.0.1:3000")
@paths_argument
@click.option(
    "--grafana", metavar="URL", help="Push to this Grafana instead of the settings' one or the pod's."
)
@click.option("--folder", metavar="TITLE", help="Use this folder instead of the one in the settings.")
@datasource_option
@overwrite_option
@console.as_json
def watch(
    paths: tuple[Path, ...],
    grafana: str | None,
    folder: str | None,
    datasources: tuple[str, ...],
    overwrite: bool,
    json_output: bool,
) -> None:
    """Push dashboards to Grafana, then each one when its file is saved, until Ctrl-C.

    PATH is a file or a folder, with those below it; without any it is `dashboards` of the project. What is saved is checked
    first: faults are told, and the dashboard is not pushed until they are put right. A Grafana that goes away is waited for. It is the
    one given, else the settings' one, else that of the pod (sfcci preview up). With --json each save is one line.
    """
    from sfcci.dashboard.grafana import Options

    settings = console.settings()
    named = replace(
        settings.grafana, url=grafana or settings.grafana.url, folder=folder or settings.grafana.folder
    )
    options = Options(datasources=dict(pair(text) for text in datasources), overwrite=overwrite)
    shown = paths or (settings.project / "dashboards",)
    follower = _follower(replace(settings, grafana=named), shown, options)
    for told in follower.follow(threading.Event(), console.progress()):
        (_print_json if json_output else _print)(told)


def _follower(settings: Settings, paths: Sequence[Path], options: "Options") -> "Follower":
    """Give what follows the files into the Grafana of the settings, else into the pod's. Raises UsageError without both."""
    from sfcci.dashboard import pod, pod_follow
    from sfcci.dashboard.following import Follower

    if settings.grafana.url:
        return Follower(paths, lambda: settings.grafana, lambda sources: (sources, options))
    if pod.known(settings):
        return pod_follow.follower(settings, paths, options, console.progress())
    raise UsageError(
        "no Grafana to push to; start one (sfcci preview up), give --grafana URL, or set [grafana] url in sfcci.toml; "
        "`sfcci preview serve` shows dashboards without one, and follows their files, too"
    )


def _print(told: "Told") -> None:
    for one in told.pushed:
        done = "unchanged" if one.action == "same" else f"{one.action}d"
        click.echo(f"{one.path}: {one.title}, {done}, version {one.version}, at {one.url}")
    for path in told.gone:
        click.echo(f"{path} is gone; its dashboard stays in Grafana (sfcci dashboard delete takes it away)")
    console.print_findings(told.findings)
    for path in sorted({one.place.path for one in told.findings if one.severity is Severity.ERROR}):
        click.echo(f"{path} is not pushed until this is put right")
    if told.waiting:
        click.echo(f"waiting: {told.waiting}")


def _print_json(told: "Told") -> None:
    line = {
        "pushed": [vars(one) for one in told.pushed],
        "findings": [one.as_json() for one in told.findings],
        "waiting": told.waiting,
        "gone": told.gone,
    }
    click.echo(json.dumps(line))
