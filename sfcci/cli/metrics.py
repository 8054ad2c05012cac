"""`sfcci metrics`: results into Graphite, names out of it."""

import sys
from dataclasses import asdict

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS
from sfcci.finding import exit_status


@click.group(epilog="Example: sfcci metrics find 'stats_counts.**'")
def metrics() -> None:
    """Push results into Graphite; find metric names."""


@metrics.command("push", epilog="Example: sfcci metrics push --since 2d")
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


@metrics.command("find", epilog="Example: sfcci metrics find 'stats_counts.zuul.tenant.*'")
@click.argument("pattern", metavar="[GLOB]", default="*")
@console.as_json
def find(pattern: str, json_output: bool) -> None:
    """List the names that a Graphite glob matches (* ? [a-z] {a,b}; a part at a time).

    A branch is shown with `.*` behind it. Exit status 1 when nothing matches, with the name that was perhaps meant.
    """
    from sfcci.metric import instance
    from sfcci.metric.push import reader

    with instance.running(console.settings(), console.progress()) as graphite:
        source = reader(graphite)
        found = source.find(pattern)
        why = "" if found else source.nearest(pattern)
    if json_output:
        console.print_json([{"name": name, "series": series} for name, series in found.items()])
    else:
        for name, series in found.items():
            click.echo(name if series else f"{name}.*")
    if not found:
        click.echo(f"nothing matches {pattern}: {why}", err=True)
        sys.exit(EXIT_FINDINGS)
