"""`sfcci dashboard validate`: everything that is wrong with dashboards."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import Unreachable
from sfcci.finding import Finding, Severity, exit_status
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.dashboard.validate import Examination

paths_argument = click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))


@click.command(epilog="Example: sfcci dashboard validate dashboards/ --graphite http://127.0.0.1:8080")
@paths_argument
@click.option("--graphite", metavar="URL", help="Check metric names against this Graphite.")
@click.option("--verbose", is_flag=True, help="List results that have not happened yet, too.")
@console.as_json
@click.pass_context
def validate(
    ctx: click.Context, paths: tuple[Path, ...], graphite: str | None, verbose: bool, json_output: bool
) -> None:
    """Say everything that is wrong with dashboards, with file, line and column.

    Structure (grafyaml's schema), duplicate keys, the grammar and functions of each target; and each metric name against
    Graphite: the one given, else that of the settings, else the private one if it is up.
    """
    from sfcci.dashboard.validate import examine
    from sfcci.metric.graphite import GraphiteReader

    settings = console.settings()
    wanted = paths or (settings.project / "dashboards",)
    url = graphite or _graphite(settings)
    failure: Unreachable | None = None
    try:
        seen = examine(wanted, GraphiteReader(url) if url else None)
    except Unreachable as error:  # the other layers have their say all the same
        failure, seen = error, examine(wanted)
    if json_output:
        checked = None if failure else url or None
        console.print_json(_as_json(seen, checked, str(failure) if failure else None))
    else:
        console.print_findings(one for one in seen.findings if verbose or one.severity is not Severity.INFO)
        click.echo(_summary(seen, "" if failure else url))
    if failure:
        raise failure
    ctx.exit(exit_status(seen.findings))


def _graphite(settings: Settings) -> str:
    """Give the address of the Graphite that is there without being named."""
    if settings.graphite.url:
        return settings.graphite.url
    from sfcci.metric import instance

    return instance.status(settings).url


def _summary(seen: "Examination", url: str) -> str:
    def count(number: int, what: str) -> str:
        return f"{number} {what}" if number == 1 else f"{number} {what}s"

    errors = sum(one.severity is Severity.ERROR for one in seen.findings)
    waiting = sum(one.keyword == "NeverHappened" for one in seen.findings)
    parts = [f"{count(len(seen.files), 'file')}, {count(seen.targets, 'target')}: {count(errors, 'error')}"]
    if url:
        parts.append(f"{count(seen.metrics, 'metric pattern')} asked of {url}")
    else:
        parts.append("metric names not checked (no Graphite: --graphite URL)")
    if waiting:
        parts.append(f"{waiting} of results that have not happened yet (--verbose lists them)")
    return "; ".join(parts)


def _as_json(seen: "Examination", graphite: str | None, failure: str | None) -> dict[str, object]:
    return {
        "files": seen.files,
        "dashboards": [{"title": one.title, "uid": one.uid, "path": one.path} for one in seen.dashboards],
        "targets": seen.targets,
        "metrics": seen.metrics,
        "graphite": graphite,
        "error": failure,
        "findings": _findings_json(seen.findings),
    }


def _findings_json(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    return [one.as_json() for one in findings]
