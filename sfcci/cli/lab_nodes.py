"""What `sfcci lab status` says of a lab's switch, or of its nodes and theirs."""

import time
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console

if TYPE_CHECKING:
    from sfcci.datapath.node_found import FoundNode
    from sfcci.datapath.standing import StandingLab

SHOWN_RESTARTS = 5


def silent(found: "StandingLab") -> list[str]:
    """Give the daemons of the lab's own switch that do not run; a lab of nodes has none."""
    from sfcci.datapath import ovs

    return [] if found.lab.nodes else list(ovs.silent(found.lab.keeper))


def restarts(found: "StandingLab") -> list[dict[str, Any]]:
    """Give which daemon of the lab's own switch was started again, and when."""
    from sfcci.datapath import ovs

    return [{"at": at, "daemon": daemon} for at, daemon in ovs.restarts(found.lab.keeper)]


def nodes(found: "StandingLab") -> "tuple[FoundNode, ...]":
    """Look at the lab's nodes."""
    from sfcci.datapath.node_found import found_nodes

    return found_nodes(found.lab.keeper, found.lab.topology)


def as_json(found: "tuple[FoundNode, ...]") -> list[dict[str, Any]]:
    """Give nodes as --json tells them."""
    return [
        {
            "name": node.name,
            "address": node.address,
            "flows": node.flows,
            "mtu": {"found": node.mtu, "needed": node.needed},
            "trouble": list(node.trouble),
            "restarts": [{"at": at, "daemon": daemon} for at, daemon in node.restarts],
        }
        for node in found
    ]


def wrong(found: "StandingLab", there: "tuple[FoundNode, ...]") -> bool:
    """Say whether a switch, or a way between two, does not work."""
    return bool(silent(found)) or any(node.trouble for node in there)


def show(found: "StandingLab", there: "tuple[FoundNode, ...]") -> None:
    """Say how the nodes are; what of Open vSwitch has ended, and how to go on."""
    if there:
        topology = found.lab.topology
        on = {node: sum(host.node == node for host in topology.hosts) for node in topology.nodes}
        title = f"nodes, joined by {topology.encapsulation}"
        console.table(
            title,
            ("node", "address", "hosts", "flows", "MTU", "state"),
            (
                (n.name, n.address, on[n.name], "?" if n.flows is None else n.flows, n.mtu, _state(n))
                for n in there
            ),
        )
    for node in there:
        _tell(found, node.name, list(node.silent), node.restarts)
    if not there:
        told = [(one["at"], one["daemon"]) for one in restarts(found)]
        _tell(found, "switch", silent(found), told)


def _state(node: "FoundNode") -> str:
    return "; ".join(node.trouble) or "well"


def _tell(found: "StandingLab", where: str, ended: list[str], again: Any) -> None:
    from sfcci.datapath import ovs

    folder = ovs.folder(found.lab.keeper.at(where if found.lab.nodes else ""))
    of = f" of {where}" if found.lab.nodes else ""
    for at, daemon in again[-SHOWN_RESTARTS:]:
        click.echo(f"{daemon}{of} had ended and was started again at {clock(at)}")
    for daemon in ended:
        click.echo(
            f"{daemon}{of} does not run; the lab starts it again every second. Its last words: "
            f"sfcci lab exec --name {found.name} {where} tail {folder}/{daemon}.log; "
            f"sfcci lab down --name {found.name} ends the lab"
        )


def clock(at: float) -> str:
    """Give a time of the clock (seconds since the epoch) as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
