"""`sfcci dashboard validate`: everything that is wrong with dashboards."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import Unreachable
from sfcci.finding import Severity
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.dashboard.validate import Examination
    from sfcci.gate.running import RunningJobs

FORMATS = ("text", "json", "sarif", "junit", "github")
WEIGHTS = tuple(str(severity) for severity in Severity)
"""From the heaviest on."""


@click.command(
    epilog="Example: sfcci dashboard validate dashboards/ --graphite http://127.0.0.1:8080 --jobs ../my-project"
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--graphite", metavar="URL", help="Check metric names against this Graphite.")
@click.option(
    "--jobs",
    metavar="DIR",
    multiple=True,
    help="Check job names against the jobs that run: a repository with Zuul's configuration, a folder of such, or our "
    "own job files; PROJECT=DIR names the project. May be given several times.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write the report to a file.")
@click.option(
    "--fail-on",
    type=click.Choice(WEIGHTS),
    default="error",
    show_default=True,
    help="The lightest finding for which the exit status is 1.",
)
@click.option("--verbose", is_flag=True, help="List what is of weight info, too.")
@click.option("--rules", is_flag=True, help="List the rules, with the keywords for remarks, and end.")
@console.as_json
@click.pass_context
def validate(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    graphite: str | None,
    jobs: tuple[str, ...],
    form: str,
    output: Path | None,
    fail_on: str,
    verbose: bool,
    rules: bool,
    json_output: bool,
) -> None:
    """Say everything that is wrong with dashboards, with file, line and column.

    Structure (grafyaml's schema), duplicate keys, grammar and functions of each target, what targets mean; with --jobs each
    job name; and each metric name against Graphite: the one given, else that of the settings, else the private one if it
    is up. Exit status: 0 well, 1 findings, 2 bad input, 3 Graphite was to be asked and could not be.

    A comment in the YAML silences findings of the line or block that it stands on or above:
    `# sfcci: ignore[KEYWORD] because REASON`, `# sfcci: snooze[KEYWORD] until YYYY-MM-DD because REASON`; ignore-file and
    snooze-file hold for the file.
    """
    if rules:
        _print_rules()
        return
    form = "json" if json_output else form
    settings = console.settings()
    wanted = paths or (settings.project / "dashboards",)
    seen, asked, failure = _examined(settings, wanted, graphite or _graphite(settings), jobs)
    heavy = any(_weighs(one.severity, fail_on) for one in seen.findings)
    if form not in ("json", "sarif") and not verbose:
        shown = tuple(one for one in seen.findings if one.severity is not Severity.INFO)
        seen = replace(seen, findings=shown)
    _report(seen, form, output, asked, str(failure or ""))
    if failure:
        raise failure
    ctx.exit(int(heavy))


def _examined(
    settings: Settings, paths: tuple[Path, ...], url: str, job_lists: tuple[str, ...]
) -> "tuple[Examination, str, Unreachable | None]":
    """Look at the dashboards; where Graphite does not answer, through the other layers all the same."""
    from sfcci.dashboard.validate import examine
    from sfcci.metric.graphite import GraphiteReader

    jobs = _jobs(settings, job_lists)
    if not url:
        return examine(paths, jobs=jobs), "", None
    reader = GraphiteReader(url)
    try:
        return examine(paths, reader, jobs), reader.shown, None
    except Unreachable as error:
        return examine(paths, jobs=jobs), "", error


def _jobs(settings: Settings, lists: tuple[str, ...]) -> "RunningJobs | None":
    if not lists:
        return None
    from sfcci.gate.zuul_files import running_jobs

    return running_jobs(lists, settings.gate)


def _report(seen: "Examination", form: str, output: Path | None, asked: str, failure: str) -> None:
    from sfcci.dashboard import report

    if form == "text" and output is None:
        console.print_findings(seen.findings)
        click.echo(report.summary(seen, asked, failure))
        return
    text = report.FORMATS[form](seen, asked, failure).rstrip("\n") + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        from sfcci import files

        files.write_text(output, text)
        click.echo(f"{report.summary(seen, asked, failure)}; report in {output}", err=True)


def _print_rules() -> None:
    from sfcci.dashboard.rule import RULES

    console.table(
        "Rules", ("layer", "keyword", "what"), ((r.layer, r.keyword, r.what) for r in RULES.values())
    )


def _weighs(severity: Severity, lightest: str) -> bool:
    return WEIGHTS.index(str(severity)) <= WEIGHTS.index(lightest)


def _graphite(settings: Settings) -> str:
    """Give the address of the Graphite that is there without being named."""
    if settings.graphite.url:
        return settings.graphite.url
    from sfcci.metric import instance

    return instance.status(settings).url
