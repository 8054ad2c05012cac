"""`sfcci trace balance`: how flows spread over port pairs, against the weights."""

from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console, trace_seen
from sfcci.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from sfcci.trace.balance import Spread
    from sfcci.trace.chainpath import ChainPath

COLUMNS = ("chain", "group", "port pair", "host", "weight", "expected", "flows", "share")


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: sfcci trace balance '-> dest tcp 80' --duration 30",
)
@trace_seen.options
@trace_seen.duration
@click.option(
    "--flows", type=click.IntRange(min=1), metavar="N", help="End as soon as there were so many requests."
)
@click.option(
    "--level",
    default=0.01,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="What is less probable than this is not put down to chance.",
)
@console.as_json
def balance(
    request: tuple[str, ...],
    lab: str,
    pcap: str | None,
    scenario: str,
    duration: float,
    flows: int | None,
    level: float,
    json_output: bool,
) -> None:
    """Compare how the flows of requests spread over the port pairs of each group with the pairs' weights.

    The p-value is the probability of a spread at least so uneven when the switch chooses by the weights: exact for few flows,
    by Pearson's chi-square for many. With several groups the level holds for all of them together (Bonferroni).

    Exit status 1: a group's spread is not put down to chance, or no flow was seen.
    """
    from sfcci.trace import balance as module

    seen = trace_seen.Seen(request, lab, pcap, scenario)
    found = module.spreads(_requests(seen, duration, flows), seen.meant)
    judged = [one for one in found if one.flows]
    limit = level / max(1, len(judged))
    if json_output:
        console.print_json({"level": level, "groups": [_told(one, limit) for one in found]})
    else:
        _show(found, limit)
    if not judged or any(one.p_value < limit for one in judged):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _requests(seen: trace_seen.Seen, duration: float, flows: int | None) -> "list[ChainPath]":
    """Give the path of the first packet of each request's flow."""
    from sfcci.trace.judging import answered, paths

    found: dict[object, ChainPath] = {}
    tell = trace_seen.progress(seen, duration)
    for batch in seen.batches(duration, lambda left: tell(left) and (flows is None or len(found) < flows)):
        for path in paths(batch, seen.meant, lambda flow: seen.wanted(flow) and answered(flow) not in found):
            if path.direction == "forward":
                found.setdefault(path.flow, path)
    return list(found.values())


def _told(one: "Spread", limit: float) -> dict[str, Any]:
    return {
        "chain": one.chain,
        "group": one.group,
        "flows": one.flows,
        "p_value": one.p_value,
        "statistic": one.statistic,
        "degrees_of_freedom": one.freedom or None,
        "significant": bool(one.flows) and one.p_value < limit,
        "pairs": [
            {
                "pair": s.pair,
                "host": s.node,
                "weight": s.weight,
                "expected": one.expected(s),
                "flows": s.flows,
            }
            for s in one.shares
        ],
    }


def _show(found: "tuple[Spread, ...]", limit: float) -> None:
    if not found:
        click.echo("no chain has a group with several port pairs")
        return
    rows = [
        (
            one.chain,
            one.group,
            share.pair,
            share.node,
            share.weight,
            f"{one.expected(share):.1f}",
            share.flows,
            f"{share.flows / one.flows:.1%}" if one.flows else "",
        )
        for one in found
        for share in one.shares
    ]
    console.table("", COLUMNS, rows)
    for one in found:
        bad = bool(one.flows) and one.p_value < limit
        click.secho(f"{one.group} of {one.chain}: {_sentence(one, bad)}", fg="red" if bad else None)


def _sentence(one: "Spread", bad: bool) -> str:
    if not one.flows:
        return "no flow was seen"
    kept_out = [share.pair for share in one.shares if share.flows and not share.weight]
    if kept_out:
        return f"{', '.join(kept_out)} should get none"
    how = (
        "exact"
        if one.statistic is None
        else f"chi-square {one.statistic:.2f}, {one.freedom} degrees of freedom"
    )
    word = "not as the weights say" if bad else "as the weights say"
    return f"{console.counted(one.flows, 'flow')}, {word} (p = {one.p_value:.3g}, {how})"
