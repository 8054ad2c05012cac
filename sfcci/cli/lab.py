"""`sfcci lab`: a service function chain with real packets, to try things by hand."""

import time
from typing import TYPE_CHECKING, Any

import click

from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.cli import completion, console, lab_choice, lab_nodes, lab_reach

if TYPE_CHECKING:
    from sfcci.datapath.node_found import FoundNode
    from sfcci.datapath.standing import StandingLab

_PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group(epilog="Example: sfcci lab up && sfcci lab exec source curl http://10.0.0.128/")
def lab() -> None:
    """Raise a service function chain with real packets, and look into it.

    Hosts are network namespaces, the switch is an Open vSwitch of the lab's own. As root it runs the netdev
    datapath, as an ordinary user the dummy datapath in a user namespace: both forward real packets.
    """


for _command in lab_reach.COMMANDS:
    lab.add_command(_command)


@lab.command(epilog="Example: sfcci lab up demo --name mine")
@click.argument("scenario", default="demo", shell_complete=completion.scenarios)
@click.option("--name", default="", metavar="NAME", help="The lab's name; the scenario's, when not given.")
@click.option(
    "--nodes",
    type=click.IntRange(min=1),
    help="Spread the hosts over so many nodes, each with a switch of its own.  [default: as the scenario says]",
)
@click.option(
    "--encapsulation",
    type=click.Choice(ENCAPSULATIONS),
    help="How frames go from node to node.  [default: as the scenario says, vxlan]",
)
@console.as_json
def up(scenario: str, name: str, nodes: int | None, encapsulation: str | None, json_output: bool) -> None:
    """Raise SCENARIO and leave it up.

    SCENARIO is the name of one that comes with sfcci (sfcci lab scenarios), or the path of a YAML file. On several
    nodes the functions of a chain are on different ones, and packets go from one to the next through tunnels.
    """
    from sfcci.datapath import standing
    from sfcci.datapath.scenario import load_scenario, on_nodes

    wanted = load_scenario(scenario)
    if nodes:
        wanted = on_nodes(wanted, nodes, encapsulation or "")
    elif encapsulation:
        raise click.UsageError("--encapsulation is of the tunnels between nodes; say how many with --nodes")
    begin = time.monotonic()
    raised = standing.up(console.settings().state, name or wanted.name, wanted, console.progress())
    if json_output:
        console.print_json(_as_json(raised, lab_nodes.nodes(raised)))
        return
    took = time.monotonic() - begin
    click.echo(f"lab {raised.name} is up after {took:.2f} s (Open vSwitch datapath {raised.lab.datapath})")
    _hints(raised, alone=len(standing.labs(console.settings().state)) == 1)


@lab.command(epilog="Example: sfcci lab scenarios")
@console.as_json
def scenarios(json_output: bool) -> None:
    """Show the scenarios that come with sfcci.

    One for every kind of chain; their names are for `sfcci lab up` and for jobs.
    """
    from sfcci.datapath.scenario import described

    known = described()
    if json_output:
        console.print_json([{"name": name, "about": about} for name, about in known.items()])
        return
    console.table("Scenarios", ("scenario", "what it shows"), known.items())


@lab.command(epilog="Example: sfcci lab status --json")
@lab_choice.named
@console.as_json
def status(name: str, json_output: bool) -> None:
    """Show the labs that are up.

    Hosts, ports and the switch's side of each port; what of Open vSwitch has ended and was started again; each node's
    address, flows, and whether its underlay is wide enough. Exit status 1 when no lab is up, a switch does not run, or
    a way between two nodes does not work.
    """
    from sfcci.datapath import standing

    state = console.settings().state
    there = (standing.one(state, name),) if name else standing.labs(state)
    nodes = {found.name: lab_nodes.nodes(found) for found in there}
    if json_output:
        console.print_json([_as_json(found, nodes[found.name]) for found in there])
    elif not there:
        click.echo("no lab is up; raise one with: sfcci lab up")
    for found in () if json_output else there:
        _show(found, nodes[found.name])
    if not there or any(lab_nodes.wrong(found, nodes[found.name]) for found in there):
        raise click.exceptions.Exit(1)


@lab.command(
    "exec", context_settings=_PASSED_ON, epilog="Example: sfcci lab exec source traceroute -n 10.0.0.128"
)
@lab_choice.named
@click.argument("host", shell_complete=completion.hosts)
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(name: str, host: str, program: tuple[str, ...]) -> None:
    """Run PROGRAM on HOST.

    HOST may be "switch" too, or a node: there ovs-vsctl and ovs-ofctl find its switch. The program has this terminal, and its exit status is this command's.
    """
    from pathlib import Path

    from sfcci import command

    found = lab_choice.one(name)
    command.become([*found.lab.prefix(host), "env", f"--chdir={Path.cwd()}", *program])


@lab.command(epilog="Example: sfcci lab shell vm1")
@lab_choice.named
@click.argument("host", shell_complete=completion.hosts)
def shell(name: str, host: str) -> None:
    """Open a shell on HOST, on a node, or on "switch"."""
    from sfcci import command

    found = lab_choice.one(name)
    words = ["bash", "--norc", "-i"] if command.available("bash") else ["sh", "-i"]
    prompt = f"PS1=[{found.name}/{host}]# "
    command.become([*found.lab.prefix(host), "env", "TERM=" + _terminal(), prompt, *words])


@lab.command(context_settings=_PASSED_ON, epilog="Example: sfcci lab tcpdump p3in -n -c 10 tcp")
@lab_choice.named
@click.argument("port", shell_complete=completion.ports)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def tcpdump(name: str, port: str, arguments: tuple[str, ...]) -> None:
    """Run tcpdump at the switch's side of PORT.

    PORT is a port's name, its tap or its id; ARGUMENTS are tcpdump's own. In an ordinary user's lab tcpdump cannot capture (it wants to change its user id); there the lab's own capture
    feeds `tcpdump -r -`.
    """
    from sfcci import command

    found = lab_choice.one(name)
    wanted = found.lab.topology.port(port)
    if not found.lab.keeper.user:
        there = found.lab.keeper.at(wanted.node).prefix()
        command.become([*there, command.find("tcpdump"), "-i", wanted.tap, *arguments])
    raise click.exceptions.Exit(_tcpdump_as_user(found, wanted, arguments))


@lab.command(epilog="Example: sfcci lab down --all")
@lab_choice.named
@click.option("--all", "everything", is_flag=True, help="End every lab that is up.")
@console.as_json
def down(name: str, everything: bool, json_output: bool) -> None:
    """End a lab; nothing of it stays.

    Its processes, namespaces, interfaces and files are gone when this returns.
    """
    from sfcci.datapath import standing

    state = console.settings().state
    there = standing.labs(state) if everything else (standing.one(state, name),)
    for found in there:
        standing.down(state, found)
        if not json_output:
            click.echo(f"lab {found.name} is down")
    if json_output:
        console.print_json([found.name for found in there])


def _terminal() -> str:
    import os

    return os.environ.get("TERM", "dumb")


def _tcpdump_as_user(found: "StandingLab", port: Any, arguments: tuple[str, ...]) -> int:
    """Feed the lab's own capture to tcpdump until it has enough or the user has; give its exit status."""
    import contextlib

    from sfcci import command
    from sfcci.datapath import capture

    click.echo(f"capturing {port.tap} with the lab's own capture; tcpdump shows it (-r -)", err=True)
    words = capture.argv(found.lab.keeper.prefix(), [port])
    pipe = command.PIPE
    with command.start(words, stdin=pipe, stdout=pipe, stderr=pipe) as source:
        capture.wait_ready(source)
        with command.start(
            ["tcpdump", "-l", "-r", "-", *arguments], stdin=source.stdout, stdout=None, stderr=None
        ) as shown:
            with contextlib.suppress(KeyboardInterrupt):
                return shown.wait()
            if source.stdin:
                source.stdin.close()  # what has been captured is still shown
            return shown.wait(capture.DRAIN_S)


def _as_json(found: "StandingLab", nodes: "tuple[FoundNode, ...]") -> dict[str, Any]:
    topology = found.lab.topology
    return {
        "name": found.name,
        "scenario": found.lab.scenario.source.path,
        "served": found.served,
        "since": found.since,
        "datapath": found.lab.datapath,
        "keeper": found.lab.keeper.pid,
        "silent": lab_nodes.silent(found),
        "restarts": lab_nodes.restarts(found),
        "encapsulation": topology.encapsulation if topology.nodes else None,
        "nodes": lab_nodes.as_json(nodes),
        "hosts": [
            {
                "name": host.name,
                "node": host.node or None,
                "forwards": host.forwards,
                "function": host.function.kind if host.function else None,
                "services": dict(host.services),
            }
            for host in topology.hosts
        ],
        "ports": [
            {
                "name": port.name,
                "host": port.host,
                "id": port.id,
                "tap": port.tap,
                "mac": port.mac,
                "ip": port.ip,
            }
            for port in topology.ports
        ],
        "port_chains": list(found.chains),
    }


def _show(found: "StandingLab", nodes: "tuple[FoundNode, ...]") -> None:
    since = lab_nodes.clock(found.since)
    topology = found.lab.topology
    ports = (port for host in topology.hosts for port in topology.ports_of(host.name))
    console.table(
        f"lab {found.name}: {found.lab.scenario.source.path}, Open vSwitch datapath {found.lab.datapath}, up since {since}",
        ("host", "port", "address", "MAC", "switch's side"),
        ((p.host, p.name, ", ".join(p.plain), p.mac, ":".join(filter(None, p.plug))) for p in ports),
    )
    lab_nodes.show(found, nodes)


def _hints(found: "StandingLab", *, alone: bool) -> None:
    """Say what to try: a request from a classified port to a host with a web server, and where it goes."""
    topology, chains = found.lab.topology, found.lab.scenario.chains
    sources = [
        topology.port(c.logical_source_port).host for c in chains.flow_classifiers if c.logical_source_port
    ] or [host.name for host in topology.hosts]
    servers = [topology.ports_of(host.name)[-1] for host in topology.hosts if "http" in host.services]
    named = "" if alone else f" --name {found.name}"
    tries = [f"sfcci lab tcpdump{named} {topology.ports[-1].name} -n"]
    if servers and servers[0].ip:
        tries = [
            f"sfcci lab exec{named} {sources[0]} curl http://{servers[0].ip}/",
            f"sfcci lab exec{named} {sources[0]} traceroute -n {servers[0].ip}",
            *tries,
            f"sfcci sfc trace --lab {found.name} {sources[0]} {servers[0].name}",
        ]
    click.echo("try: " + "\n     ".join(tries))
