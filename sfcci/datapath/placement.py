"""On which node each host is: as the scenario says, else dealt out one by one, so that neighbours on a path part."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count, cycle, islice
from typing import Any, Final

from sfcci.chain.encapsulation import VXLAN
from sfcci.datapath.topology import Topology

MOST_NODES: Final = 64
UNDERLAY: Final = "underlay"
"""The name of what joins the nodes, beside which each node's cable has the node's name."""


def node_names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of a scenario's nodes: those that it and its hosts say, and as many more as it wants. () for none."""
    wanted = data.get("nodes", 0)
    named = [*(wanted if isinstance(wanted, Sequence) else ()), *named_by_hosts(data)]
    names = tuple(dict.fromkeys(named))
    if not isinstance(wanted, int) or wanted <= len(names):
        return names
    fresh = (name for name in map("node{}".format, count(1)) if name not in names)
    return (*names, *islice(fresh, wanted - len(names)))


def numbered_names(wanted: int) -> tuple[str, ...]:
    """Give the names of so many nodes: node1, node2 and so on."""
    return tuple(f"node{number}" for number in range(1, wanted + 1))


def named_by_hosts(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the nodes that hosts say they are on, each once."""
    return tuple(dict.fromkeys(host["node"] for host in data["hosts"].values() if "node" in host))


def placed(topology: Topology, nodes: Sequence[str], encapsulation: str = VXLAN) -> Topology:
    """Give the topology over these nodes; without any, the same."""
    if not nodes:
        return topology
    turn = cycle(nodes)
    hosts = tuple(host if host.node else replace(host, node=next(turn)) for host in topology.hosts)
    node_of = {host.name: host.node for host in hosts}
    ports = tuple(replace(port, node=node_of[port.host]) for port in topology.ports)
    return Topology(hosts, ports, tuple(nodes), encapsulation)
