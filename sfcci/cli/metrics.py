"""`sfcci metrics`: results into Graphite, names out of it."""

import sys
from dataclasses import asdict

import click

from sfcci.cli import console
from sfcci.cli.late import LateGroup
from sfcci.finding import exit_status

COMMANDS = {
    "push": ("metrics", "Write results into Graphite and read their sums back."),
    "find": ("metrics_names", "List the names that a glob matches."),
    "complete": ("metrics_names", "List what a name may go on as."),
    "tree": ("metrics_names", "Draw the names as a tree."),
    "check": ("metrics_names", "Say whether names exist, and when they last had a value."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci metrics find 'stats_counts.**'")
def metrics() -> None:
    """Push results into Graphite; find metric names."""


@click.command(epilog="Example: sfcci metrics push --since 2d")
@click.option("--since", metavar="TIME", help="Only results that ended in the last TIME: 90m, 36h, 7d, 4w.")
@console.as_json
def push(since: str | None, json_output: bool) -> None:
    """Derive counters and durations from the run database, write them into Graphite, read their sums back.

    It may be repeated: every value is the sum of its step. Exit status 1 when a sum in Graphite is wrong.
    """
    import time

    from sfcci.metric import instance, retention
    from sfcci.metric.push import push as push_results

    settings, say = console.settings(), console.progress()
    since_s = time.time() - retention.parse_span(since) if since else None
    with instance.running(settings, say) as graphite:
        report = push_results(settings, graphite, say, since_s=since_s)
    if json_output:
        findings = [finding.as_json() for finding in report.findings]
        console.print_json({**asdict(report), "findings": findings})
    else:
        console.print_findings(report.findings)
        click.echo(report.summary)
    sys.exit(exit_status(report.findings))
