"""`sfcci gate report`: whether the gate lets changes pass, and which job needs a look first."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from sfcci.gate.report import Report


@click.command(epilog="Example: sfcci gate report --pipeline gate --since 30d --html report.html")
@click.option("--pipeline", "pipelines", metavar="GLOB", multiple=True, help="Only these pipelines.")
@click.option("--project", "projects", metavar="GLOB", multiple=True, help="Only these projects.")
@click.option("--branch", "branches", metavar="GLOB", multiple=True, help="Only these branches.")
@click.option(
    "--job",
    "jobs",
    metavar="GLOB",
    multiple=True,
    help="List only these jobs; the others still count for the pipeline as a whole.",
)
@click.option(
    "--since",
    metavar="TIME",
    default="90d",
    show_default=True,
    help="Look at results since then: 36h, 7d, 2026-11-20T14:30Z or epoch seconds. After a fix, say when it was.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report as one page that needs nothing else.",
)
@click.option(
    "--link",
    metavar="PATTERN",
    help="The page with the runs of a job, with {tenant} {pipeline} {host} {project} {branch} {job} "
    "(default: [gate] link).",
)
@click.option(
    "--fail-above",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Exit status 1 when a voting job with at least 10 results failed more often than this.",
)
@console.as_json
def report(
    *,
    pipelines: tuple[str, ...],
    projects: tuple[str, ...],
    branches: tuple[str, ...],
    jobs: tuple[str, ...],
    since: str,
    html: Path | None,
    link: str | None,
    fail_above: float | None,
    json_output: bool,
) -> None:
    """Say whether the gate lets changes pass, and which job needs a look first.

    \b
    failure rate   bad results / results that count, with n and its 95 % interval (Wilson); bad are FAILURE,
                   TIMED_OUT, POST_FAILURE, RETRY_LIMIT, NODE_FAILURE and DISK_FULL, good is SUCCESS, no other counts.
                   Below 10 results it is "too few". Windows: 24 h, 7 d, 30 d.
    level          above 10 % look, 25 % amber, 33 % red, 50 % alarm; of the shortest window with 10 results
    pass           product of (1 - failure rate) over the pipeline's voting jobs; beside it the buildsets that failed
    regressed      the moment that best splits the results into a better before and a worse after (likelihood ratio),
                   when the rate rose by 5 points or more, by at least 4 failures, and chance does it in less than 5 %
                   (Fisher's exact test, corrected for the number of moments)
    flaky          the same commit has good and bad results of the job
    stopped        no result for three times the usual interval (median of the last 100), at least a day, and longer
                   than 1.5 times the longest pause that came twice in 30 days (nights, weekends)
    p50 / p95      durations of the good runs of the last 30 days
    merged         a change has merged when, in a pipeline whose name has the word gate, it has a buildset whose
                   voting jobs all ended well (SUCCESS, or SKIPPED beside one); failed buildsets per merged change are
                   those of such changes in all pipelines
    rechecks       further buildsets of the same patch set in a pipeline whose name has the word check

    Rates are weighted: a Graphite target that averages percentages per step shows another number.

    \b
    --json: {now, since, results, pipelines: [{tenant, pipeline, host, project, branch, silent_since,
      windows: {"24h"|"7d"|"30d": {pass_probability, voting_jobs, too_few: [job], failed_buildsets: RATE}},
      jobs: [{job, voting, level, window, marks: [regressed|stopped|flaky], rates: {"24h"|"7d"|"30d"|"all": RATE},
        days: [{bad, n}] (30, oldest first), flaky: [commit], flips, flip_rate, last, last_green, last_bad,
        green_streak, interval_s, stopped_since, p50_ms, p95_ms, link,
        regression: {since, earliest, before: RATE, after: RATE, probability, over,
          first_bad: {run, buildset, commit, change, patchset}, last_good: {ended, buildset, commit, ...},
          merged_between: [{buildset, commit, change, patchset}], changes_hit, hitters: [{..., bad, n}]}}]}],
      changes: [{tenant, host, project, branch, merged, failed_buildsets: {pipeline: count}, failed_per_merged,
        checked, rechecks, rechecks_per_change}]}
    RATE: {bad, n, rate, low, high, level}. Times are ISO 8601 (UTC), shares 0 to 1, what there is not is null.
    """  # noqa: D301 - a real backspace: click leaves the lines below it as they are
    gc.disable()  # a tenth of the time goes there, while modules are read and when Python ends; nothing is garbage
    try:
        found = _read(jobs, pipelines, projects, branches, since, link)
    finally:
        gc.freeze()
        gc.enable()
    if html:
        _write_page(found, html)
    _print(found, json_output=json_output, quiet=html is not None)
    sys.exit(_status(found, fail_above))


def _read(
    jobs: tuple[str, ...],
    pipelines: tuple[str, ...],
    projects: tuple[str, ...],
    branches: tuple[str, ...],
    since: str,
    link: str | None,
) -> "Report":
    import time

    from sfcci.gate.link import check_link
    from sfcci.gate.query import Query
    from sfcci.gate.report_read import read_report
    from sfcci.moment import parse_moment

    settings, now_s = console.settings(), time.time()
    pattern = settings.gate.link if link is None else link
    check_link(pattern)
    query = Query(jobs, pipelines, projects, branches, since_s=parse_moment(since, now_s))
    return read_report(settings, now_s, query, pattern)


def _print(found: "Report", *, json_output: bool, quiet: bool) -> None:
    if json_output:
        from sfcci.gate.report_json import report_json

        console.print_json(report_json(found))
        return
    if quiet:
        return
    from rich.console import Console

    from sfcci.gate.report_text import report_text

    terminal = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for part in report_text(found, terminal.width):
        terminal.print(part)


def _write_page(found: "Report", path: Path) -> None:
    from sfcci import files
    from sfcci.gate.report_html import report_html

    files.write_text(path, report_html(found))
    click.echo(f"report in {path}", err=True)


def _status(found: "Report", fail_above: float | None) -> int:
    """Name the jobs that failed too often, if it was asked, and give the exit status."""
    from sfcci.gate.report_words import rate_words

    if fail_above is None:
        return EXIT_OK
    above = found.above(fail_above)
    for job in above:
        key, rate = job.figures.key, job.figures.rates[job.figures.window]
        click.echo(
            f"{key.pipeline}: {key.job} failed in {rate_words(rate)}: above {fail_above:g} %", err=True
        )
    return EXIT_FINDINGS if above else EXIT_OK
