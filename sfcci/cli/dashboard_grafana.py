"""`sfcci dashboard update|diff|list|pull`: dashboards in Grafana and in files."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.dashboard_server import (
    asked,
    connected,
    datasource_option,
    legacy_option,
    one_named,
    overwrite_option,
    paths_argument,
    server_options,
    settings,
    unchecked_option,
)
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError
from sfcci.finding import Finding, exit_status

if TYPE_CHECKING:
    from sfcci.dashboard.grafana import Plan, PushReport
    from sfcci.dashboard.source import Sources


@click.command(epilog="Example: sfcci dashboard update dashboards/ --datasource OpenStack=graphite --dry-run")
@paths_argument
@datasource_option
@legacy_option
@overwrite_option
@unchecked_option
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option(
    "--keep-going", is_flag=True, help="When one is refused, keep the others instead of undoing them."
)
@click.option("--adopt", is_flag=True, help="Delete the copies that grafyaml made of these dashboards.")
@server_options
@console.as_json
@click.pass_context
def update(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    dry_run: bool,
    adopt: bool,
    keep_going: bool,
    json_output: bool,
    **given: Any,
) -> None:
    """Push dashboards to Grafana and read them back; a second time nothing is written.

    They are checked first, all of them; one fault and nothing is pushed. When Grafana refuses one, the others are undone.
    Files in a sub-folder of PATH go to the folder of that name. A dashboard keeps its uid, which comes from the file's
    name, under a new title. Data sources that files describe are made where there is none of that name. Token or user and
    password come from SFCCI_GRAFANA_TOKEN, SFCCI_GRAFANA_USER and SFCCI_GRAFANA_PASSWORD, sfcci.toml, or files that it names.
    """
    from sfcci.dashboard import grafana

    sources, options = asked(paths, given)
    options = replace(options, adopt=adopt, keep_going=keep_going)
    with connected(given) as client:
        if dry_run:
            _show_plan(grafana.plan(client, sources, settings(given), options), json_output)
            return
        try:
            report = grafana.update(client, sources, settings(given), options, console.progress())
        except KeyboardInterrupt as error:
            click.echo("".join(map(str, error.args)) or "nothing was written", err=True)
            raise
    _show_report(report, sources, json_output)
    ctx.exit(exit_status(report.findings))


@click.command(epilog="Example: sfcci dashboard diff dashboards/ --grafana http://127.0.0.1:3000")
@paths_argument
@datasource_option
@legacy_option
@overwrite_option
@unchecked_option
@server_options
@console.as_json
@click.pass_context
def diff(ctx: click.Context, /, paths: tuple[Path, ...], json_output: bool, **given: Any) -> None:
    """Show what an update would change, as a unified difference for each dashboard; nothing is written.

    Exit status 0 when Grafana has what the files say, 1 when it differs.
    """
    from sfcci.dashboard import grafana

    sources, options = asked(paths, given)
    with connected(given) as client:
        plan = grafana.plan(client, sources, settings(given), options)
    _show_plan(plan, json_output)
    ctx.exit(EXIT_FINDINGS if _to_do(plan) else EXIT_OK)


@click.command(name="list", epilog="Example: sfcci dashboard list --ours")
@paths_argument
@datasource_option
@legacy_option
@click.option("--ours", is_flag=True, help="Only those that carry our tag.")
@server_options
@console.as_json
def list_(paths: tuple[Path, ...], ours: bool, json_output: bool, **given: Any) -> None:
    """List the dashboards of Grafana: which are ours, and which are as the files (PATH) say.

    State: same, change (differs from its file), move (is in another folder), create (only in a file), foreign (someone
    else's, under the uid of a file), orphan (ours, in no file), other.
    """
    from sfcci.dashboard import grafana

    sources, options = asked(paths, {**given, "overwrite": False, "unchecked": True})
    with connected(given) as client:
        plan = grafana.plan(client, sources, settings(given), options)
        entries = {one.uid: one for one in grafana.listing(client, ours=ours)}
    states = {one.wanted.uid: one for one in plan.steps}
    rows = [
        {
            "state": str(step.action),
            "uid": uid,
            "title": step.wanted.title,
            "folder": step.wanted.folder.title,
        }
        | {"ours": uid in entries and entries[uid].ours, "path": step.wanted.path}
        for uid, step in states.items()
    ] + [
        {"state": "orphan" if one.ours else "other", "uid": uid, "title": one.title, "folder": one.folder}
        | {"ours": one.ours, "path": None}
        for uid, one in entries.items()
        if uid not in states
    ]
    if json_output:
        console.print_json(rows)
        return
    columns = ("state", "ours", "uid", "folder", "title")
    shown = [{**row, "ours": "yes" if row["ours"] else ""} for row in rows]
    console.table("", columns, ([row[column] for column in columns] for row in shown))


@click.command(epilog="Example: sfcci dashboard pull sfc-gate -o dashboards/sfc-gate.yaml")
@click.argument("name", metavar="UID|TITLE")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@server_options
@console.as_json
def pull(name: str, output: Path | None, force: bool, json_output: bool, **given: Any) -> None:
    """Turn a dashboard of Grafana into grafyaml's YAML; what grafyaml has no word for is told on standard error.

    An update of the file gives the same dashboard again, under the uid of the file's name.
    """
    from sfcci import files
    from sfcci.dashboard import grafana_datasource
    from sfcci.dashboard.pull import pulled, yaml_text

    if output and output.exists() and not force:
        raise UsageError(f"{output} exists; give --force to overwrite it")
    with connected(given) as client:
        found = one_named(client, name)
        made = pulled(found.json, grafana_datasource.titles(client), settings(given).datasource)
    text = yaml_text(made.content)
    if json_output:
        told = {"unsaid": made.unsaid, "made_up_titles": made.made_up}
        console.print_json({"uid": found.uid, "dashboard": made.content, **told})
    elif not output:
        click.echo(text, nl=False)
    if output:
        files.write_text(output, text)
    for note in made.unsaid:
        click.echo(f"not said: {note}", err=True)
    for title in made.made_up:
        click.echo(
            f"made up: title of the row {title!r}, from its first panel; Grafana keeps none that is not shown",
            err=True,
        )


list = list_  # noqa: A001 - the command's name


def _to_do(plan: "Plan") -> bool:
    from sfcci.dashboard.plan import Action

    return any(one.action is not Action.SAME for one in plan.steps) or bool(plan.datasources)


def _show_plan(plan: "Plan", json_output: bool) -> None:
    from sfcci.dashboard.plan import difference

    if json_output:
        console.print_json(
            {
                "dashboards": [
                    {"path": one.wanted.path, "uid": one.wanted.uid, "title": one.wanted.title}
                    | {"action": str(one.action), "diff": difference(one)}
                    for one in plan.steps
                ],
                "folders": [one.title for one in plan.folders if one.missing],
                "datasources": [one.wanted.name for one in plan.datasources],
                "findings": [one.as_json() for one in plan.findings],
            }
        )
        return
    for folder in plan.folders:
        if folder.missing:
            click.echo(f"folder {folder.title!r} would be made")
    for change in plan.datasources:
        click.echo(f"data source {change.wanted.name!r} would be {'changed' if change.found else 'made'}")
    for one in plan.steps:
        click.echo(f"{one.wanted.path}: {one.wanted.title}: {one.action}")
        if text := difference(one):
            click.echo(text)
    console.print_findings(plan.findings)


def _show_report(report: "PushReport", sources: "Sources", json_output: bool) -> None:
    if json_output:
        console.print_json(
            {
                "grafana": report.server,
                "version": report.version,
                "pushed": [vars(one) for one in report.pushed],
                "findings": _findings_json(report.findings),
                "unchecked": _findings_json(sources.findings),
            }
        )
        return
    for one in report.pushed:
        done = "unchanged" if one.action == "same" else f"{one.action}d"
        click.echo(f"{one.path}: {one.title}, {done}, version {one.version}, at {one.url}")
    console.print_findings([*sources.findings, *report.findings])


def _findings_json(findings: tuple[Finding, ...]) -> Any:
    return [one.as_json() for one in findings]
