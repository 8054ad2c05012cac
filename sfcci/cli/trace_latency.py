"""`sfcci trace latency`: how long each function keeps packets."""

from typing import TYPE_CHECKING, Any

import click

from sfcci.address import without_user
from sfcci.cli import console, trace_seen
from sfcci.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from sfcci.trace.latency import Latency
    from sfcci.trace.passes import Trail

COLUMNS = ("group", "port pair", "host", "packets", "p50", "p95", "p99", "longest", "not returned")


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: sfcci trace latency --duration 30 --push",
)
@trace_seen.options
@trace_seen.duration
@click.option("--push", is_flag=True, help="Send the figures to Graphite, as StatsD's timers are named.")
@console.as_json
def latency(
    request: tuple[str, ...],
    lab: str,
    pcap: str | None,
    scenario: str,
    duration: float,
    push: bool,
    json_output: bool,
) -> None:
    """Show how long each function kept packets, from the moment it got one to the moment it gave it back.

    p50, p95 and p99 are spans that were measured (nearest rank). The switch's own row is from a packet's coming to a port to its
    leaving by the next. With --push the series are stats.timers.sfcci.lab.LAB.group.GROUP.pair.PAIR.upper_95 and the like, in milliseconds.

    Exit status 1: no packet was seen.
    """
    from sfcci.trace.latency import latencies

    if push and pcap:
        raise UsageError("--push sends what is measured now; a capture is of another time")
    seen = trace_seen.Seen(request, lab, pcap, scenario)
    trails: list[Trail] = []
    for batch in seen.batches(duration, trace_seen.progress(seen, duration)):
        trails += batch
    found = latencies(trails, seen.meant)
    if json_output:
        console.print_json([_told(one) for one in found])
    else:
        _show(found)
    if push and found and seen.lab:
        click.echo(_pushed(found, seen.lab.name), err=True)
    if not found:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _told(one: "Latency") -> dict[str, Any]:
    from sfcci.trace.latency import PERCENTILES

    return {
        "group": one.served.group or None,
        "pair": one.served.pair or None,
        "node": one.served.node,
        "packets": one.packets,
        "not_returned": one.unreturned,
        "least_ns": one.least,
        **{f"p{number}_ns": value for number, value in zip(PERCENTILES, one.percentiles, strict=True)},
        "most_ns": one.most,
    }


def _show(found: "tuple[Latency, ...]") -> None:
    from sfcci.trace.path_words import span

    if not found:
        click.echo("no packet passed")
        return
    rows = [
        (
            *one.served[:2],
            one.served.node,
            one.packets,
            *map(span, one.percentiles),
            span(one.most),
            one.unreturned or "",
        )
        for one in found
    ]
    console.table("", COLUMNS, rows)


def _pushed(found: "tuple[Latency, ...]", lab: str) -> str:
    import time

    from sfcci.metric import carbon, instance
    from sfcci.metric.kept_latency import points

    settings = console.settings()
    with instance.running(settings, console.progress()) as graphite:
        if graphite.carbon is None:
            raise UsageError(
                f"{without_user(graphite.url)} can only be read; set [graphite] carbon = HOST:PORT to push to it"
            )
        given = list(points(found, lab, graphite.retentions[0].start(time.time())))
        carbon.send(given, graphite.carbon)
    return f"{console.counted(len(given), 'point')} sent to carbon at {graphite.carbon}"
