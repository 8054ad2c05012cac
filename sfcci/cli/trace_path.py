"""`sfcci trace path`: the path of one real request."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sfcci.cli import completion, console, trace_seen
from sfcci.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfcci.trace.chainpath import ChainPath, Verdict
    from sfcci.trace.meant import Meant

FORMATS = ("text", "json", "dot", "mermaid", "html")
COLOURS = {"OK": "green"}


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: sfcci trace path source to dest tcp 80 --send",
)
@trace_seen.options
@click.option("--send", is_flag=True, help="Send such a request in the lab in the place of waiting for one.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for such a request.",
)
@click.option(
    "--run", metavar="RUN", shell_complete=completion.runs, help="Those in the evidence of a run of the gate."
)
@click.option(
    "--analyzer",
    metavar="HOST:PORT",
    help="Those that an analyzer has seen (sfcci trace serve); an ID asks it anyway.",
)
@click.option("--reverse", is_flag=True, help="The answer's path alone.")
@click.option("--forward", is_flag=True, help="The request's path alone.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="html is one page.",
)
@click.option("--output", "-o", metavar="FILE", help="Write it to a file.")
@console.as_json
def path(  # noqa: PLR0917 - click passes them by name
    request: tuple[str, ...],
    lab: str,
    send: bool,
    wait: float,
    pcap: str | None,
    scenario: str,
    run: str | None,
    analyzer: str | None,
    reverse: bool,
    forward: bool,
    form: str,
    output: str | None,
    json_output: bool,
) -> None:
    """Show the path that a real request took through its chain, hop by hop, and judge it.

    For each node: when the packet came, how long it stayed, in what it was carried (a label that is on no wire is told
    from the switch's tables), which port pair was chosen. Against the chain that was meant it is OK, BYPASSED,
    WRONG-ORDER or DROPPED-AT a node: in the function, in the switch, before the classifier. The answer's path follows.

    FROM and TO are addresses, networks, hosts or ports of the lab, or "any", with :PORT behind them where that counts;
    "to" stands for "->", which a shell wants in quotes. An ID is an L3TrackingID. The first such request that passes
    from now on is shown; of a capture, a run, an analyzer all that they have.

    Exit status 1: a packet did not go as its chain says, or none passed.
    """
    ways = [
        word
        for word, given in (("--pcap", pcap), ("--run", run), ("--analyzer", analyzer), ("--send", send))
        if given
    ]
    if len(ways) > 1:
        raise UsageError(f"{ways[0]} and {ways[1]} exclude each other")
    found, meant = _found(request, _Asked(lab, send, wait, pcap, scenario, run, analyzer))
    shown = _chosen(found, forward=forward, reverse=reverse)
    _show(shown, meant, "json" if json_output else form, output)
    if not shown or not all(one.ok for one in shown):
        raise click.exceptions.Exit(EXIT_FINDINGS)


@dataclass(frozen=True)
class _Asked:
    lab: str
    send: bool
    wait: float
    pcap: str | None
    scenario: str
    run: str | None
    analyzer: str | None


def _found(request: tuple[str, ...], asked: _Asked) -> "tuple[Sequence[ChainPath], Meant]":
    from sfcci.cli import trace_path_from as source
    from sfcci.trace import flowfilter

    if asked.run:
        return source.of_run(asked.run, flowfilter.parse(request, {}))
    if asked.analyzer or (flowfilter.is_id(request) and not (asked.pcap or asked.lab)):
        return source.of_analyzer(asked.analyzer, flowfilter.parse(request, {}))
    seen = trace_seen.Seen(request, asked.lab, asked.pcap, asked.scenario)
    return source.of_place(seen, send=asked.send, wait=asked.wait)


def _chosen(found: "Sequence[ChainPath]", *, forward: bool, reverse: bool) -> "list[ChainPath]":
    wanted = {word for word, asked in (("forward", forward), ("reverse", reverse)) if asked}
    return [one for one in found if not wanted or one.direction in wanted]


def _show(paths: "Sequence[ChainPath]", meant: "Meant", form: str, output: str | None) -> None:
    from pathlib import Path

    from sfcci import files

    text = _formed(paths, meant, form, painted=output is None and sys.stdout.isatty())
    if output:
        files.write_text(Path(output), text + "\n")
    else:
        click.echo(text)


def _formed(paths: "Sequence[ChainPath]", meant: "Meant", form: str, *, painted: bool) -> str:
    import json

    from sfcci.trace import path_dot, path_html, path_json, path_text

    match form:
        case "json":
            return json.dumps(path_json.document(paths, meant), indent=2)
        case "dot":
            return path_dot.dot(paths, meant)
        case "mermaid":
            return path_dot.mermaid(paths, meant)
        case "html":
            return path_html.page(paths, meant)
    if not paths:
        return "no such request passed"
    return path_text.text(paths, meant, _paint) if painted else path_text.text(paths, meant)


def _paint(text: str, verdict: "Verdict") -> str:
    return click.style(text, fg=COLOURS.get(verdict, "red"))
