"""Ports that are found on nodes → the topology that the planner knows, and where each of them is.

Nothing is plugged here: who runs the machines does that. A port has one number on all nodes and its network one tag; both
are kept where the port is (`node_rows`), so that whoever drives the nodes next finds them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sfcci.chain.node import Node, PlacedPort, Places, overhead
from sfcci.chain.port import mac_number
from sfcci.chain.remote import OPENFLOW_PORT, OVSDB_PORT, read
from sfcci.chain.state import Resource, State
from sfcci.datapath.node_rows import Marks, NodeRows, NodeSpec, Plugged
from sfcci.datapath.topology import ENCAPSULATIONS, LAST_TAG, Port, Topology
from sfcci.datapath.wanted import LAST_NUMBER

Found = Mapping[str, tuple[str, Plugged]]
"""Port id → its node, and how it is plugged there."""
Nodes = Mapping[str, NodeRows]
"""Node → what its database says."""
NOWHERE: Final[Found] = {}


def spec_of(node: Resource) -> NodeSpec:
    """Give a registered node as the data plane wants it."""
    return NodeSpec(
        node["name"],
        read(node["ovsdb"], OVSDB_PORT),
        read(node["openflow"], OPENFLOW_PORT),
        node["tunnel_ip"],
        node["bridge"],
        node["encapsulation"],
        (node["certificate"], node["key"], node["ca"]),
        node["peer"],
        node["underlay_mtu"],
        node["datapath_type"],
    )


def found(state: State, nodes: Nodes, before: Found = NOWHERE) -> Found:
    """Give where the API's ports are.

    One that is on two nodes (it moves) is where it carries traffic, then where the API has bound it, then where it was.
    """
    made: dict[str, tuple[str, Plugged]] = {}
    ports = state.of("ports")
    for name, rows in nodes.items():
        for id_, plugged in rows.ports.items():
            port = ports.get(id_)
            if port is None or not plugged.ofport or not state.get("networks", port["network_id"]):
                continue
            if id_ in made:
                bound = port.get("binding:host_id")
                was = before[id_][0] if id_ in before else ""
                both = (made[id_], (name, plugged))
                made[id_] = max(both, key=lambda one: (one[1].up, one[0] == bound, one[0] == was))
            else:
                made[id_] = name, plugged
    return made


def bound(state: State, at: Found) -> State:
    """Give the state in which ports are plugged that are found, and no others, each on its node, at its device."""
    ports = state.of("ports")
    plugged = {
        id_: {**ports[id_], "binding:host_id": node, "device_id": ports[id_].get("device_id") or id_}
        for id_, (node, _) in at.items()
    }
    kept = {id_: plugged[id_] for id_ in ports if id_ in plugged}
    return State({**state.collections, "ports": kept})


def numbered(state: State, known: Topology, at: Found) -> Topology:
    """Give what is known with the numbers and tags that newly found ports bring along, where nobody else has them."""
    there = {port.id for port in known.ports}
    numbers = {port.number for port in known.ports}
    networks = {port.network: _network(state, port.id) for port in known.ports}
    brought = []
    for id_, (_, plugged) in at.items():
        network = _network(state, id_)
        if id_ in there or not 0 < plugged.number <= LAST_NUMBER or plugged.number in numbers:
            continue
        fits = (
            network not in networks.values() and plugged.tag not in networks and 0 < plugged.tag <= LAST_TAG
        )
        if fits or networks.get(plugged.tag) == network:
            networks[plugged.tag] = network
        numbers.add(plugged.number)
        tag = plugged.tag if networks.get(plugged.tag) == network else 0
        brought.append(Port(id_, "", "", "", "", plugged.number, network=tag))
    return replace(known, ports=(*known.ports, *brought)) if brought else known


def _network(state: State, port: str) -> str:
    resource = state.get("ports", port)
    return str(resource["network_id"]) if resource else ""


def marks(topology: Topology, at: Found) -> dict[str, Marks]:
    """Give what each node's ports shall have, by node."""
    made: dict[str, dict[str, tuple[int, int]]] = {}
    for port in topology.ports:
        if port.id in at:
            made.setdefault(at[port.id][0], {})[port.id] = port.number, port.network
    return dict(made)


@dataclass(frozen=True)
class Placed:
    """A port with its number, its node, and its OpenFlow number there."""

    number: int
    ofport: int
    place: PlacedPort


def placed(topology: Topology, at: Found) -> dict[int, Placed]:
    """Give the ports that are found, by their numbers over all nodes."""
    return {
        port.number: Placed(
            port.number, at[port.id][1].ofport, PlacedPort(at[port.id][0], mac_number(port.mac), port.network)
        )
        for port in topology.ports
        if port.id in at
    }


def places(specs: Iterable[NodeSpec], nodes: Nodes, ports: Mapping[int, Placed]) -> Places:
    """Give the places of ports; a node without a tunnel port yet has no place, but for one that is alone."""
    all_of_them = {spec.name: spec for spec in specs}
    alone = len(all_of_them) == 1
    known = {name: spec for name, spec in all_of_them.items() if alone or nodes[name].tunnel}
    here: dict[str, dict[int, int]] = {name: {} for name in known}
    for number, port in ports.items():
        if port.place.node in here and port.ofport != number:
            here[port.place.node][number] = port.ofport
    made = {name: Node(name, spec.tunnel_ip, nodes[name].tunnel, here[name]) for name, spec in known.items()}
    encapsulation = next((spec.encapsulation for spec in known.values()), "vxlan")
    return Places(made, {number: port.place for number, port in ports.items()}, encapsulation)


def needed_mtus(state: State, specs: Iterable[NodeSpec], topology: Topology, at: Found) -> dict[str, int]:
    """Give the MTU that each node's underlay has to have for the packets of its networks and functions; none alone.

    Who decides for a port elsewhere sends the frame as it is to arrive: with the label, or the header, that a function
    of its chain wants. So functions elsewhere count for a node, too.
    """
    kinds = _correlations(state)
    by_node: dict[str, list[tuple[int, str | None]]] = {}
    for port in topology.ports:
        if port.id in at:
            by_node.setdefault(at[port.id][0], []).append((port.mtu, kinds.get(port.id)))
    carried = [one for some in by_node.values() for one in some if one[1]]
    known = tuple(specs)
    if len(known) < 2:  # noqa: PLR2004 - one has nobody to send to
        return {}
    return {
        spec.name: max(
            mtu + overhead(spec.encapsulation, 6 if ":" in spec.tunnel_ip else 4, kind)
            for mtu, kind in (*by_node[spec.name], *carried)
        )
        for spec in known
        if spec.name in by_node
    }


def _correlations(state: State) -> dict[str, str]:
    """Give what packets carry at functions' ports, where they carry something: port id → mpls or nsh."""
    made: dict[str, str] = {}
    for pair in state.of("port_pairs").values():
        kind = (pair.get("service_function_parameters") or {}).get("correlation")
        if kind in ENCAPSULATIONS and kind:
            made[pair["ingress"]] = made[pair["egress"]] = kind
    return made
