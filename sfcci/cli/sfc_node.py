"""`sfcci sfc node`: the machines whose Open vSwitch the server drives, and their certificates."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from sfcci.cli import console, sfc_door
from sfcci.cli.sfc_kind import Kind
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.api.client import Door
    from sfcci.datapath.pki import Pair, Pki

MADE = "made"
KIND = Kind(
    "nodes",
    "node",
    "nodes",
    "node",
    listed=(
        ("name", "Name"),
        ("status", "Status"),
        ("tunnel_ip", "Tunnel IP"),
        ("ports", "Ports"),
        ("flows", "Flows"),
        ("status_reason", "Reason"),
    ),
    long=(
        ("ovsdb", "OVSDB"),
        ("openflow", "OpenFlow"),
        ("bridge", "Bridge"),
        ("encapsulation", "Encapsulation"),
        ("underlay_mtu", "Underlay MTU"),
        ("needed_mtu", "Needed MTU"),
        ("ovs_version", "Open vSwitch"),
        ("status_since", "Since"),
        ("heard_at", "Heard"),
    ),
)
OPEN_VSWITCH = "/etc/openvswitch"
"""Where its certificates lie on a node, as in the lines that are printed."""

_PLACES = (
    click.option(
        "--openflow",
        metavar="PLACE",
        help="Where its bridge listens, as in ssl:192.0.2.5:6653; default: beside the database, port 6653.",
    ),
    click.option(
        "--encapsulation",
        type=click.Choice(["vxlan", "vxlan-gpe", "geneve"]),
        help="Of the tunnels between nodes: all have the same (vxlan).",
    ),
    click.option(
        "--certificate",
        metavar="FILE|made",
        help="The server's certificate (PEM, on the server's machine); made: its own authority's, the default.",
    ),
    click.option("--key", metavar="FILE", help="The certificate's key (PEM, no passphrase)."),
    click.option("--ca", metavar="FILE", help="The authority that has signed the node's certificate (PEM)."),
    click.option(
        "--peer",
        metavar="NAME",
        help="The name in the node's certificate, where it is neither the node's nor its address.",
    ),
    click.option(
        "--underlay-mtu",
        type=click.IntRange(576, 65535),
        help="The MTU of the network that carries the tunnels (1500); networks get what the tunnels leave of it.",
    ),
    click.option(
        "--datapath-type",
        type=click.Choice(["system", "netdev", "dummy"]),
        help="Of its bridge: system (the kernel's) or netdev (userspace); default: as it is.",
    ),
    click.option("--description", metavar="TEXT", help="What it is."),
)


def _with(words: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def decorated(command: Any) -> Any:
        for word in reversed(words):
            command = word(command)
        return command

    return decorated


def _begins(command: Any) -> Any:
    return sfc_door.asks(command, lambda _given: True, anywhere=True)


@click.group(epilog="Example: sfcci sfc node add compute1 --ovsdb ssl:192.0.2.5:6640 --tunnel-ip 192.0.2.5")
def node() -> None:
    """Register the machines whose Open vSwitch the server drives; see how they are.

    A server that runs takes up nodes as they are registered. While there are nodes it drives them and no lab: ports are
    those that somebody plugged there (an interface whose external_ids:iface-id is a port's id).
    """


@node.command(
    epilog="Example: sfcci sfc node add compute1 --ovsdb ssl:192.0.2.5:6640 --openflow ssl:192.0.2.5:6653 --tunnel-ip 192.0.2.5"
)
@click.argument("name")
@click.option(
    "--ovsdb", required=True, metavar="PLACE", help="Where its database listens, as in ssl:192.0.2.5:6640."
)
@click.option("--tunnel-ip", required=True, metavar="ADDRESS", help="Its address for tunnels.")
@click.option("--bridge", default="br-int", show_default=True, help="Its bridge; made where there is none.")
@_with(_PLACES)
@_begins
@console.as_json
def add(name: str, json_output: bool, door: "Door", **given: Any) -> None:
    """Register a node, and say what to type there.

    With ssl its certificate is made here, and what is to be copied to the node is told. A server that is started later takes it up, too.
    PLACE is unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT; an IPv6 address stands in brackets. Without TLS whoever
    reaches a node's ports is its master.
    """
    made = door.ask("POST", "nodes", {"node": {"name": name, **_body(given)}})["node"]
    pair = _pair(door, made)
    if json_output:
        console.print_json({**made, **_files(pair)})
        return
    click.echo(f"registered {name}")
    _say_steps(made, pair)


@node.command("list", epilog="Example: sfcci sfc node list --long")
@click.option("--long", is_flag=True, help="Where they listen, their MTU, since when they are as they are.")
@sfc_door.asks
@console.as_json
def list_(long: bool, json_output: bool, door: "Door") -> None:
    """Show the nodes, and how each is."""
    from sfcci.cli.sfc_shown import listed

    there = door.ask("GET", "nodes")["nodes"]
    if json_output:
        console.print_json(there)
    elif there:
        click.echo(listed(KIND, [_without_none(one) for one in there], long), nl=False)
    else:
        click.echo("no node is registered")


@node.command(epilog="Example: sfcci sfc node show compute1")
@click.argument("name")
@sfc_door.asks
@console.as_json
def show(name: str, json_output: bool, door: "Door") -> None:
    """Show one node."""
    from sfcci.cli.sfc_shown import shown

    one = _found(door, name)
    if json_output:
        console.print_json(one)
    else:
        click.echo(shown(KIND, _without_none(one)), nl=False)


@node.command("set", epilog="Example: sfcci sfc node set compute1 --underlay-mtu 9000")
@click.argument("name")
@click.option("--ovsdb", metavar="PLACE", help="Where its database listens.")
@click.option("--tunnel-ip", metavar="ADDRESS", help="Its address for tunnels.")
@_with(_PLACES)
@sfc_door.asks
@console.as_json
def set_(name: str, json_output: bool, door: "Door", **given: Any) -> None:
    """Change what is registered of a node.

    The encapsulation changes on all nodes.
    """
    body = _body(given)
    if not body:
        raise UsageError("nothing to set; name an option, as in --tunnel-ip 192.0.2.6")
    one = door.ask("PUT", f"nodes/{_found(door, name)['id']}", {"node": body})["node"]
    if json_output:
        console.print_json(one)
    else:
        click.echo(f"changed {name}")


@node.command(epilog="Example: sfcci sfc node remove compute1")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@sfc_door.asks
def remove(names: tuple[str, ...], door: "Door") -> None:
    """Forget nodes.

    A server takes from their switches what it put there, where they answer; what to type on one that does not is told.
    """
    for one in [_found(door, name) for name in names]:
        door.ask("DELETE", f"nodes/{one['id']}")
        click.echo(f"removed {one['name']}")
        if not _is_followed(one):
            click.echo(f"nobody reaches its switch now, which keeps what it has; on {one['name']}:", err=True)
            for line in farewell(one):
                click.echo(f"  {line}", err=True)


@node.command(epilog="Example: sfcci sfc node certificates compute1 --renew")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--renew", is_flag=True, help="Make other certificates; those before are kept beside them.")
@click.option(
    "--own",
    is_flag=True,
    help="With --renew: the server's own, which nodes take as they took the one before.",
)
@sfc_door.asks
@console.as_json
def certificates(names: tuple[str, ...], renew: bool, own: bool, json_output: bool, door: "Door") -> None:
    """Show until when certificates of nodes hold.

    Those that are not there yet are made. To be used on the server's machine: they lie in its state folder, keys
    readable by their owner alone. Exit status 1 when one ends within 30 days.
    """
    from datetime import UTC, datetime

    from sfcci.errors import EXIT_FINDINGS

    if not _is_here(door):
        raise UsageError(
            f"certificates are made on the server's machine, by its authority: run this there, not against {door.address}"
        )
    if renew and not (names or own):
        raise UsageError("--renew changes what nodes have to have; name them, or give --own for the server's")
    pki = _pki()
    nodes = [_found(door, name) for name in names] or door.ask("GET", "nodes")["nodes"]
    pairs = {
        one["name"]: pki.node(one["name"], one["tunnel_ip"], anew=renew and bool(names))
        for one in nodes
        if names or _uses_made(one)
    }
    told = [
        ("controller", pki.controller(anew=renew and own)),
        *pairs.items(),
    ]  # a node may have that name, too
    now = datetime.now(UTC)
    if json_output:
        console.print_json([{"name": name, **_files(pair)} for name, pair in told])
    else:
        rows = ((name, f"{pair.until:%Y-%m-%d}", pair.certificate, pair.key) for name, pair in told)
        console.table(f"authority {pki.authority}", ("for", "until", "certificate", "key"), rows)
        for one in nodes if names else ():
            _say_steps(one, pairs[one["name"]])
    if any(pair.ends_soon(now) for _, pair in told):
        click.echo(
            "one ends soon: sfcci sfc node certificates NAME --renew, or --own --renew for the server's",
            err=True,
        )
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _found(door: "Door", name: str) -> dict[str, Any]:
    from sfcci.cli.sfc_verbs import found

    return found(door, KIND, name)


def _body(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the options say, as the API has it. Raises UsageError."""
    body = {name: value for name, value in given.items() if value is not None}
    if body.get("certificate") == MADE:
        if body.get("key") or body.get("ca"):
            raise UsageError("--certificate made comes with its key and authority: give no --key and no --ca")
        return {**body, "certificate": "", "key": "", "ca": ""}
    for name in ("certificate", "key", "ca"):
        if body.get(name):
            body[name] = str(Path(body[name]).absolute())
    return body


def _uses_made(node: Mapping[str, Any]) -> bool:
    return not node["certificate"] and any(node[name].startswith("ssl:") for name in ("ovsdb", "openflow"))


def _pki() -> "Pki":
    from sfcci.datapath.pki import Pki

    return Pki(console.settings().state / "pki")


def _is_followed(node: Mapping[str, Any]) -> bool:
    from sfcci.chain.status import AWAY, UNKNOWN

    return node["status"] not in (AWAY, UNKNOWN)


def _is_here(door: "Door") -> bool:
    from sfcci.api.listen import is_loopback

    parts = urlsplit(door.address)
    return parts.scheme not in ("http", "https") or is_loopback(parts.hostname or "")


def _pair(door: "Door", node: Mapping[str, Any]) -> "Pair | None":
    """Give the node's certificate, made where the server is here and it wants one."""
    if not _uses_made(node):
        return None
    if not _is_here(door):
        click.echo(
            f"its certificate is made on the server's machine: sfcci sfc node certificates {node['name']}",
            err=True,
        )
        return None
    pki = _pki()
    pki.controller()
    return pki.node(node["name"], node["tunnel_ip"])


def _files(pair: "Pair | None") -> dict[str, Any]:
    if pair is None:
        return {}
    return {
        "certificate_file": str(pair.certificate),
        "key_file": str(pair.key),
        "until": f"{pair.until:%Y-%m-%dT%H:%M:%SZ}",
    }


def _say_steps(node: Mapping[str, Any], pair: "Pair | None") -> None:
    """Say what to copy to the node, and what to type there."""
    if pair is not None:
        click.echo(f"certificate: {pair.certificate} (until {pair.until:%Y-%m-%d})")
        click.echo(f"copy to {node['name']}, into {OPEN_VSWITCH}:")
        for path in (pair.key, pair.certificate, _pki().authority):
            click.echo(f"  {path}")
    if lines := steps(node, pair):
        click.echo(f"then, on {node['name']}:" if pair else f"on {node['name']}:")
        for line in lines:
            click.echo(f"  {line}")


def steps(node: Mapping[str, Any], pair: "Pair | None") -> list[str]:
    """Give the commands that have a node's Open vSwitch listen where it is registered."""
    from sfcci.chain.remote import read
    from sfcci.datapath.node_rows import listening

    lines = []
    if pair is not None:
        names = " ".join(
            f"{OPEN_VSWITCH}/{name}" for name in (pair.key.name, pair.certificate.name, "ca.crt")
        )
        lines.append(f"ovs-vsctl set-ssl {names}")
    if manager := listening(read(node["ovsdb"])):
        lines.append(f"ovs-vsctl set-manager {manager}")
    if controller := listening(read(node["openflow"])):
        lines.append(
            f"ovs-vsctl --may-exist add-br {node['bridge']} -- set-fail-mode {node['bridge']} secure"
        )
        lines.append(f"ovs-vsctl set-controller {node['bridge']} {controller}")
    return lines


def farewell(node: Mapping[str, Any]) -> list[str]:
    """Give the commands that take from a node's switch what a server put there, and `steps` told to type."""
    from sfcci.chain.remote import read
    from sfcci.datapath.node_rows import listening, tunnel_name

    bridge = node["bridge"]
    listener = f" -- del-controller {bridge}" if listening(read(node["openflow"])) else ""
    return [
        f"ovs-ofctl -O OpenFlow15 del-flows {bridge}",
        f"ovs-ofctl -O OpenFlow15 del-groups {bridge}",
        f"ovs-vsctl --if-exists del-port {bridge} {tunnel_name(bridge)}{listener}",
    ]


def _without_none(node: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "" if value is None else value for name, value in node.items()}
