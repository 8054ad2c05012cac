"""`sfcci metrics`: results into Graphite, names out of it."""

import sys
from dataclasses import asdict

import click

from sfcci.cli import console
from sfcci.cli.late import LateGroup
from sfcci.finding import exit_status

COMMANDS = {
    "push": ("metrics", "Write what has changed into Graphite and read it back."),
    "status": ("metrics", "Say how much waits for Graphite."),
    "find": ("metrics_names", "List the names that a glob matches."),
    "complete": ("metrics_names", "List what a name may go on as."),
    "tree": ("metrics_names", "Draw the names as a tree."),
    "check": ("metrics_names", "Say whether names exist, and when they last had a value."),
    "browse": ("metrics_browse", "Search, complete and draw names on a local page."),
}
"""Name → module and line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci metrics find 'stats_counts.**'")
def metrics() -> None:
    """Push results into Graphite; find metric names."""


@click.command(epilog="Example: sfcci metrics push")
@click.option(
    "--since", metavar="TIME", help="Also what ended since: 36h, 7d, 2026-11-20T14:30Z. [statsd: 1h]"
)
@click.option("--all", "everything", is_flag=True, help="Also all that Graphite has already.")
@click.option(
    "--to",
    type=click.Choice(["graphite", "statsd"]),
    default="graphite",
    help="Whom to tell; statsd: increments, each result once, not idempotent.",
)
@console.as_json
def push(since: str | None, everything: bool, to: str, json_output: bool) -> None:
    """Write what has changed in the run database into Graphite, and read it back.

    Every value written is the whole of its step, so a push may be repeated, come late, or die. What is not proven to be in
    Graphite waits in the run database (see `metrics status`). Exit status 1 when Graphite does not have it, or has a wrong
    sum.

    `--to statsd` is for those who run a StatsD ([graphite] statsd = HOST:PORT) instead. It counts what it is told at the
    moment when it is told, and adds it to what it has: these increments are NOT idempotent. Each result that ended in the
    last hour (`--since`) is told once; what is lost on the way is not told again. Push to one of the two, not to both
    when they feed the same Graphite.
    """
    import time

    from sfcci.moment import parse_moment

    since_s = parse_moment(since, time.time()) if since else None
    if to == "statsd":
        if everything:
            raise click.UsageError("--all is for Graphite: StatsD would count everything as of now")
        _tell(since_s, json_output)
        return
    from sfcci.metric import instance
    from sfcci.metric.push import push as push_results

    settings, say = console.settings(), console.progress()
    with instance.running(settings, say) as graphite:
        report = push_results(settings, graphite, say, since_s=since_s, everything=everything)
    if json_output:
        findings = [finding.as_json() for finding in report.findings]
        console.print_json({**asdict(report), "findings": findings})
    else:
        console.print_findings(report.findings)
        click.echo(report.summary)
    sys.exit(exit_status(report.findings))


def _tell(since_s: float | None, json_output: bool) -> None:
    import time

    from sfcci.errors import UsageError
    from sfcci.metric import statsd
    from sfcci.metric.carbon import parse_address

    settings = console.settings()
    if not settings.graphite.statsd:
        raise UsageError("no StatsD is known; set [graphite] statsd = HOST:PORT")
    address = parse_address(settings.graphite.statsd, "StatsD", 8125)
    begin_s = time.time() - statsd.DEFAULT_S if since_s is None else since_s
    told = statsd.tell(settings, address, begin_s, console.progress())
    if json_output:
        console.print_json({**asdict(told), "idempotent": False})
        return
    click.echo(
        f"{told.results} results told to StatsD at {address} in {told.datagrams} datagrams, {told.before} had been told before; "
        "increments are not idempotent and not read back"
    )


@click.command(epilog="Example: sfcci metrics status --json")
@console.as_json
def status(json_output: bool) -> None:
    """Say how many changes wait for Graphite, since when, for which, and when it last had all. Nothing is started."""
    from sfcci.gate.spool import Spool
    from sfcci.moment import moment_text

    with Spool(console.settings()) as spool:
        waiting = spool.waiting()
    if json_output:
        console.print_json(asdict(waiting))
        return
    had = f"had all at {moment_text(waiting.pushed_s)}" if waiting.pushed_s else "has not had all yet"
    click.echo(f"target: {waiting.target}; it {had}" if waiting.target else "nothing has been pushed yet")
    if waiting.oldest_s is None:
        click.echo("nothing waits")
    else:
        click.echo(
            f"{waiting.marks} changes wait, the oldest of results that ended at {moment_text(waiting.oldest_s)}; "
            "write them with: sfcci metrics push"
        )
