"""`sfcci sfc trace`: the path that a packet would take, hop by hop."""

from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import completion, console, sfc_door
from sfcci.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sfcci.chain.model import FlowClassifier
    from sfcci.chain.question import Asked, Question
    from sfcci.cli.sfc_trace_shown import Trace
    from sfcci.datapath.standing import StandingLab
    from sfcci.datapath.tracing import Scene

_PORT = click.IntRange(0, 65535)


@click.command(
    epilog="Example: sfcci sfc trace source_vm_port dest_vm_port --protocol tcp --dport 80 --scenario demo"
)
@click.argument("source", required=False, shell_complete=completion.ports)
@click.argument("dest", required=False, shell_complete=completion.ports)
@click.option("--protocol", type=click.Choice(["tcp", "udp", "icmp"]), help="What the packet is.")
@click.option("--icmp", is_flag=True, help="The same as --protocol icmp: an echo request.")
@click.option("--sport", type=_PORT, metavar="PORT", help="The source port of TCP and UDP.")
@click.option("--dport", type=_PORT, metavar="PORT", help="The destination port of TCP and UDP.")
@click.option("--ipv6", is_flag=True, help="An IPv6 packet, where the ports have addresses of both versions.")
@click.option("--reverse", is_flag=True, help="The answer, too: from DEST back to SOURCE.")
@click.option(
    "--all", "everything", is_flag=True, help="A packet of every classifier of every chain, and its answer."
)
@click.option("--flows", is_flag=True, help="Show also what the switch says of each step (ofproto/trace).")
@click.option(
    "--scenario", default="", metavar="SCENARIO", help="Ask about a scenario in the place of the API."
)
@click.option(
    "--lab", default="", metavar="NAME", shell_complete=completion.labs, help="Ask the switch of this lab."
)
@click.option(
    "--own-switch", is_flag=True, help="Ask no lab: a switch of its own holds what the chains ask for."
)
@click.option("--url", metavar="URL", help="The server; default: [api] url, OS_ENDPOINT, this machine's.")
@click.option("--state", "state_file", metavar="FILE", help="A state file in the place of a server.")
@console.as_json
def trace(  # noqa: PLR0917 - click passes them by name
    source: str | None,
    dest: str | None,
    protocol: str | None,
    icmp: bool,
    sport: int | None,
    dport: int | None,
    ipv6: bool,
    reverse: bool,
    everything: bool,
    flows: bool,
    scenario: str,
    lab: str,
    own_switch: bool,
    url: str | None,
    state_file: str | None,
    json_output: bool,
) -> None:
    """Show the path that a packet from SOURCE to DEST would take, hop by hop, and whether it is its chain's.

    SOURCE and DEST are ports: names, ids or addresses; or hosts. What is not said of the packet is as the first
    classifier at SOURCE wants it that fits. No packet is sent: Open vSwitch is asked (ofproto/trace). It is the
    switch of the lab that the server has plugged its ports into ("netdev", "dummy"), when that is up on this machine;
    else one of the command's own ("trace"), which needs no privilege, and holds what the chains ask for. Where there is
    neither a server nor its state, the only lab that is up is asked. What functions do is assumed: they route, bridge
    or count down as their port pairs say.

    Exit status 1: a packet does not go as its chain says, or does not arrive.
    """
    from sfcci.cli import sfc_trace_shown as shown
    from sfcci.datapath import tracing

    asked = _asked("icmp" if icmp else protocol, sport, dport, ipv6)
    if everything == bool(source) or bool(source) != bool(dest):
        raise UsageError("name SOURCE and DEST, or say --all")
    if everything and asked != _asked(None, None, None, False):
        raise UsageError("--all asks what each classifier wants; no packet can be named with it")
    scene = scene_of(scenario, lab, own_switch, url, state_file)
    done: list[Trace] = []
    untold: list[str] = []
    questions = list(_questions(scene, source, dest, asked, untold))
    tell = console.progress()
    for batch in tracing.batches(scene, questions):
        tell(f"asking about {len(batch)} of {len(questions)} packets")
        with tracing.carrying(scene, batch, named=flows) as carry:
            for one in batch:
                done += shown.traced(scene, carry, one, answers=reverse or everything)
    if json_output:
        console.print_json(shown.as_json(scene, done, untold, flows=flows))
    else:
        click.echo(shown.text(scene, done, untold, flows=flows, brief=everything))
    if untold or not all(one.verdict.right for one in done):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _asked(protocol: str | None, sport: int | None, dport: int | None, ipv6: bool) -> "Asked":
    from sfcci.chain.question import Asked

    if protocol == "icmp" and (sport, dport) != (None, None):
        raise UsageError("ICMP has no ports; leave --sport and --dport out")
    if protocol is None and (sport, dport) != (None, None):
        raise UsageError("say --protocol tcp or --protocol udp with --sport and --dport")
    return Asked(protocol, sport, dport, "IPv6" if ipv6 else None)


def scene_of(scenario: str, lab: str, own_switch: bool, url: str | None, state_file: str | None) -> "Scene":
    """Give what is asked about: a scenario, a lab, or the API's state with its lab. Raises UsageError."""
    from sfcci.datapath import standing, tracing
    from sfcci.datapath.scenario import load_scenario

    if scenario and (lab or url or state_file):
        raise UsageError("--scenario says what is asked about; leave --lab, --url and --state out")
    if lab and own_switch:
        raise UsageError("--lab asks a lab's switch, --own-switch none; give one of them")
    if scenario:
        return tracing.of_scenario(load_scenario(scenario))
    folder = console.settings().state
    named = standing.one(folder, lab) if lab else None
    if named and not named.served:
        return tracing.of_lab(named)
    if not (named or url or state_file or own_switch) and (only := _only_lab(folder)):
        return tracing.of_lab(only)
    state = asked_state(url, state_file)
    found = named or (None if own_switch else tracing.lab_of(folder, state))
    return tracing.of_lab(found, state) if found else tracing.of_state(state)


def lab_scene(lab: str) -> "Scene":
    """Give what is meant in a lab that is up (the only one, without a name), by the API's state where that has it.

    Raises UsageError.
    """
    from sfcci.datapath import standing, tracing

    folder = console.settings().state
    there = [] if lab else standing.labs(folder)
    if len(there) > 1:
        raise UsageError(f"several labs are up: {', '.join(one.name for one in there)}; say which with --lab")
    found = standing.one(folder, lab)
    return tracing.of_lab(found, asked_state(None, None) if found.served else None)


def _only_lab(folder: "Path") -> "StandingLab | None":
    """The lab that must be meant: a scenario's, the only one that is up, where neither server nor state file is.

    Raises UsageError where there are several.
    """
    from sfcci.datapath import standing

    there = [one for one in standing.labs(folder) if not one.served]
    if not there or sfc_door.is_anywhere():
        return None
    if len(there) > 1:
        names = ", ".join(one.name for one in there)
        raise UsageError(f"several labs are up: {names}; say which with --lab")
    return there[0]


def asked_state(url: str | None, state_file: str | None) -> Any:
    """Give the API's state, from its server or its file. Raises Unreachable, UsageError."""
    from sfcci.api.applying import seen
    from sfcci.chain.refused import Refused
    from sfcci.chain.state import State

    try:
        with sfc_door.opened(url, state_file) as door:
            found = seen(door)
    except Refused as no:
        raise sfc_door.NotTaken(no.sentence) from None
    return State({name: {one["id"]: one for one in resources} for name, resources in found.items()})


def _questions(
    scene: "Scene", source: str | None, dest: str | None, asked: "Asked", untold: list[str]
) -> "Iterator[Question]":
    """The packets to ask about; `untold` gets those of which nothing can be asked, in words."""
    from dataclasses import replace

    from sfcci.chain.question import Question, question, samples
    from sfcci.datapath.tracing import port_named

    if source and dest:
        sixth = "IPv6" if ":" in source + dest and "." not in source + dest else asked.ethertype
        first, last = (port_named(scene, word).id for word in (source, dest))
        yield question(scene.layout, first, last, replace(asked, ethertype=sixth))
        return
    for one in samples(scene.layout):
        if isinstance(one, Question):
            yield one
        else:
            untold.append(_untold(scene, one))


def _untold(scene: "Scene", classifier: "FlowClassifier") -> str:
    """Why no packet of a classifier can be asked about."""
    source, name = classifier.logical_source_port or "", scene.layout.name(classifier.id)
    if why := scene.unplugged.get(source):
        return f"{name}: not asked: {why}"
    return f"{name}: not asked: no plugged port in its network has an address that it is for"
