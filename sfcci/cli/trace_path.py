"""`sfcci trace path`: the path of one real request."""

import sys
from typing import TYPE_CHECKING

import click

from sfcci.cli import completion, console
from sfcci.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfcci.trace.chainpath import ChainPath, Verdict
    from sfcci.trace.flowfilter import Filter
    from sfcci.trace.meant import Meant

FORMATS = ("text", "json", "dot", "mermaid", "html")
COLOURS = {"OK": "green"}


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: sfcci trace path source dest tcp 80 --send",
)
@click.argument("request", nargs=-1, type=click.UNPROCESSED, metavar="[ID | FROM -> TO [PROTOCOL [PORT]]]")
@click.option(
    "--lab",
    default="",
    metavar="NAME",
    shell_complete=completion.labs,
    help="Which lab, when several are up.",
)
@click.option(
    "--pcap",
    type=click.Path(path_type=str),
    metavar="FILE",
    help="A capture of the switch's ports in the place of a lab.",
)
@click.option(
    "--scenario",
    default="",
    metavar="SCENARIO",
    help="With --pcap: the chains that were meant, when no lab has them.",
)
@click.option("--send", is_flag=True, help="Send such a request in the lab in the place of waiting for one.")
@click.option(
    "--wait", default=30.0, show_default=True, metavar="SECONDS", help="How long to wait for such a request."
)
@click.option("--reverse", is_flag=True, help="The answer's path alone.")
@click.option("--forward", is_flag=True, help="The request's path alone.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How it is shown; html is one page.",
)
@click.option("--output", "-o", type=click.Path(path_type=str), metavar="FILE", help="Write it to a file.")
@console.as_json
def path(  # noqa: PLR0917 - click passes them by name
    request: tuple[str, ...],
    lab: str,
    pcap: str | None,
    scenario: str,
    send: bool,
    wait: float,
    reverse: bool,
    forward: bool,
    form: str,
    output: str | None,
    json_output: bool,
) -> None:
    """Show the path that a real request took through its chain, hop by hop, and judge it.

    For each node: when the packet came and left, how long the function kept it, in what it was carried (of a label that is on no
    wire the switch's tables tell), which port pair was chosen. Against the chain that was meant it is OK, BYPASSED, WRONG-ORDER or DROPPED-AT
    a node: in the function, in the switch, before the classifier. The answer's path follows.

    FROM and TO are addresses, networks, hosts or ports of the lab, or "any", with :PORT behind them if you like; "to" stands for "->", which a shell wants in
    quotes. An ID is an L3TrackingID. Without any the next request is shown. The first such request that passes from now on is shown; with --pcap all that
    the capture has.

    Exit status 1: a packet did not go as its chain says, or none passed.
    """
    from sfcci.trace import flowfilter

    if scenario and not pcap:
        raise UsageError("--scenario says what was meant with --pcap; a lab has its chains")
    if pcap and send:
        raise UsageError("--send sends a request in a lab; --pcap reads a capture")
    place = _Place(lab, scenario)
    wanted = flowfilter.parse(request, place.names)
    found = _of_capture(place, pcap, wanted) if pcap else _of_lab(place, wanted, send, wait)
    shown = _chosen(found, forward=forward, reverse=reverse)
    _show(shown, place.meant, "json" if json_output else form, output)
    if not shown or not all(one.ok for one in shown):
        raise click.exceptions.Exit(EXIT_FINDINGS)


class _Place:
    """The lab, or the scenario, that is asked about."""

    def __init__(self, lab: str, scenario: str) -> None:
        from sfcci.cli.sfc_trace import scene_of
        from sfcci.trace.meant import meant_of

        self.scene = scene_of(scenario, lab, False, None, None)
        self.standing = self.scene.lab
        self.meant = meant_of(self.scene)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Hosts and ports by what people call them, with their addresses."""
        topology = self.meant.topology
        hosts = {
            host.name: tuple(a for port in topology.ports_of(host.name) for a in port.plain)
            for host in topology.hosts
        }
        return hosts | {port.name: port.plain for port in topology.ports if port.name}


def _of_capture(place: _Place, pcap: str, wanted: "Filter") -> "tuple[ChainPath, ...]":
    from pathlib import Path

    from sfcci.trace.evidence import evidence_of

    return evidence_of(Path(pcap), place.meant, wanted)


def _of_lab(place: _Place, wanted: "Filter", send: bool, wait: float) -> "tuple[ChainPath, ...]":
    from sfcci.trace.explaining import explained, meant_now
    from sfcci.trace.judging import paths
    from sfcci.trace.sending import send as sent
    from sfcci.trace.watching import watched

    if place.standing is None:
        raise UsageError("no lab is up; raise one with: sfcci lab up, or read a capture with --pcap")
    tell = console.progress(piped=True)
    with watched(place.standing.lab, place.meant, wanted.either, place.standing.name) as watching:
        if send:
            tell(sent(place.standing.lab, place.meant, wanted))
        else:
            tell(f"waiting for such a request in lab {place.standing.name} ({wait:g} s at most)")
        watching.until_quiet(1.0 if send else wait)
        seen = watching.take()
    place.meant = meant_now(place.scene, place.standing.lab)
    return explained(paths(seen, place.meant, wanted)[:2], place.meant, place.standing.lab)


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
