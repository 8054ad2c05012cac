"""`sfcci dashboard update`: dashboards pushed to Grafana."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import UsageError
from sfcci.finding import Finding, exit_status

if TYPE_CHECKING:
    from sfcci.dashboard.grafana import PushReport

paths_argument = click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))


@click.command(epilog="Example: sfcci dashboard update dashboards/ --grafana http://127.0.0.1:3000")
@paths_argument
@click.option("--grafana", metavar="URL", help="Push to this Grafana instead of the one in the settings.")
@console.as_json
@click.pass_context
def update(ctx: click.Context, paths: tuple[Path, ...], grafana: str | None, json_output: bool) -> None:
    """Push dashboards to Grafana and read them back.

    They are checked first, all of them; one fault and nothing is pushed. Token or user and password come from
    SFCCI_GRAFANA_TOKEN, SFCCI_GRAFANA_USER and SFCCI_GRAFANA_PASSWORD, sfcci.toml, or files that it names.
    """
    from sfcci.dashboard.grafana import push
    from sfcci.dashboard.validate import load

    settings = console.settings()
    target = replace(settings.grafana, url=grafana) if grafana else settings.grafana
    if not target.url:
        raise UsageError(
            "no Grafana is configured; give --grafana URL, or set [grafana] url in sfcci.toml; "
            "`sfcci preview` shows dashboards without one"
        )
    report = push(load(paths or (settings.project / "dashboards",)), target, console.progress())
    if json_output:
        console.print_json(_push_json(report))
    else:
        for one in report.pushed:
            click.echo(f"{one.path}: {one.title}, version {one.version}, at {one.url}")
        console.print_findings(report.findings)
    ctx.exit(exit_status(report.findings))


def _push_json(report: "PushReport") -> dict[str, object]:
    return {
        "grafana": report.server,
        "version": report.version,
        "pushed": [vars(one) for one in report.pushed],
        "findings": _findings_json(report.findings),
    }


def _findings_json(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    return [one.as_json() for one in findings]
