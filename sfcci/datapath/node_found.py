"""How a lab's nodes are found: what runs on each, its way to the others, and whether that is wide enough."""

import contextlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sfcci import command
from sfcci.datapath import ovs, underlay
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.topology import Topology
from sfcci.datapath.unixctl import Control
from sfcci.errors import ToolError

AT_ONCE = 4
PATIENCE_S = 5
"""How long a daemon may take for an answer: one that was stopped takes for ever."""


@dataclass(frozen=True)
class FoundNode:
    """A node: its address on the underlay, and what was found on it; times are seconds since the epoch.

    `silent`: daemons that do not run; `tunnel`: what is wrong with its tunnel port, "" for nothing; `flows`: how many its
    switch has, None where it does not say; `mtu` and `needed`: octets that its way to the others takes, and has to take.
    """

    name: str
    address: str
    silent: tuple[str, ...]
    restarts: tuple[tuple[float, str], ...]
    tunnel: str
    flows: int | None
    mtu: int
    needed: int

    @property
    def trouble(self) -> tuple[str, ...]:
        """What is wrong with it, in words."""
        found = [f"{daemon} does not run" for daemon in self.silent]
        if not self.silent and self.flows is None:
            found.append("its switch does not answer")
        if self.tunnel:
            found.append(self.tunnel)
        if self.mtu < self.needed:
            found.append(f"its underlay's MTU is {self.mtu}; longest frames need {self.needed}")
        return tuple(found)


def found_nodes(keeper: Keeper, topology: Topology) -> tuple[FoundNode, ...]:
    """Look at every node. Raises MissingTool, ToolError where the lab has ended."""
    if not topology.nodes:
        return ()
    outside = _mtus(keeper)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda node: _found(keeper.at(node), topology, outside), topology.nodes))


def _found(keeper: Keeper, topology: Topology, outside: dict[str, int]) -> FoundNode:
    silent, address = ovs.silent(keeper), underlay.address(topology, keeper.node)
    widths = (_mtus(keeper).get(underlay.UPLINK, 0), outside.get(keeper.node, 0))  # both ends of its cable
    return FoundNode(
        keeper.node,
        address,
        silent,
        ovs.restarts(keeper),
        "" if silent else _tunnel(keeper, address),
        None if silent else _flows(keeper),
        min(widths),
        underlay.mtu(topology),
    )


def _mtus(keeper: Keeper) -> dict[str, int]:
    links = json.loads(keeper.run([command.find("ip"), "-j", "link"]).stdout or "[]")
    return {link["ifname"]: link["mtu"] for link in links}


def _tunnel(keeper: Keeper, address: str) -> str:
    """Say what is wrong with the tunnel port, or with the address that it sends from."""
    columns = ("--format=json", "--if-exists", "--columns=ofport,error", "list", "interface", underlay.TUNNEL)
    try:
        rows = json.loads(ovs.vsctl(keeper, *columns).stdout)["data"]
    except ToolError as error:
        return f"its database does not answer: {' '.join(error.failure.last_lines[-1:])}"
    if not rows:
        return "it has no tunnel port"
    number, why = rows[0]
    if isinstance(why, str) and why:
        return f"its tunnel port does not work: {why}"
    if number != underlay.TUNNEL_NUMBER:
        return f"its tunnel port has number {number}"
    return (
        "" if _has_way(keeper, address) else f"its bridge {underlay.PHYSICAL} has not the address {address}"
    )


def _has_way(keeper: Keeper, address: str) -> bool:
    """Say whether the switch knows the node's own address; a switch that says nothing is told of elsewhere."""
    with contextlib.suppress(ToolError), Control(ovs.file(keeper, "vswitchd.ctl"), PATIENCE_S) as switch:
        return underlay.PHYSICAL in switch.ask("ovs/route/lookup", address)
    return True


def _flows(keeper: Keeper) -> int | None:
    words = ("-O", "OpenFlow15", f"--timeout={PATIENCE_S}", "dump-aggregate", ovs.bridge(keeper))
    with contextlib.suppress(ToolError):
        said = ovs.run(keeper, "ovs-ofctl", *words).stdout
        if number := re.search(r"flow_count=(\d+)", said):
            return int(number[1])
    return None
