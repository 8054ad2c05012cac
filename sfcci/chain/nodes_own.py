"""The parts that only a node of many has: its tunnel's, those of the ports that it reaches, and of their networks."""

from collections.abc import Collection, Mapping

from sfcci.chain.node import Places
from sfcci.chain.nodes_flows import NodeFlows
from sfcci.chain.program import Part, PartKey
from sfcci.chain.state import NOTHING

Elsewhere = dict[tuple[int, int], Part]
"""By port and number of the tunnel: how a port is reached from all nodes that do not have it."""


def own_parts(
    flows: NodeFlows, before: Places, moved: Collection[int], elsewhere: Elsewhere
) -> dict[PartKey, Part | None]:
    """Give a node's own parts that may differ from before, when `moved` ports (numbers) were elsewhere; None: no more.

    `elsewhere` is filled: nodes with the same places share it.
    """
    if flows.places.alone:
        return {}
    made: dict[PartKey, Part | None] = {}
    if flows.node.name not in before.nodes:
        made["tunnel",] = flows.tunnel()
    for network in {*_networks(before, moved), *_networks(flows.places, moved)}:
        made |= _of_network(flows, before, network, moved, elsewhere)
    return made


def _networks(places: Places, numbers: Collection[int]) -> set[int]:
    return {places.ports[number].network for number in numbers if number in places.ports}


def _of_network(
    flows: NodeFlows, before: Places, network: int, moved: Collection[int], elsewhere: Elsewhere
) -> dict[PartKey, Part | None]:
    name = flows.node.name
    old = before.of_network.get(network, NOTHING)
    new = flows.places.of_network.get(network, NOTHING)
    had = _numbers(old) if name in old else ()
    if name not in new:
        gone: dict[PartKey, Part | None] = {("place", str(number)): None for number in had}
        return gone | ({("network", str(network)): None} if had else {})
    has = _numbers(new)
    fresh = has if name not in old else [number for number in has if number in moved]
    made: dict[PartKey, Part | None] = {("place", str(n)): None for n in had if n in moved}
    made |= {("place", str(number)): _place(flows, number, elsewhere) for number in fresh}
    if old.get(name) != new[name] or old.keys() != new.keys():
        made["network", str(network)] = flows.network(network)
    return made


def _numbers(of_node: Mapping[str, Collection[int]]) -> list[int]:
    return [number for numbers in of_node.values() for number in numbers]


def _place(flows: NodeFlows, number: int, elsewhere: Elsewhere) -> Part:
    if flows.places.ports[number].node == flows.node.name:
        return flows.place(number)
    key = number, flows.node.tunnel
    if key not in elsewhere:
        elsewhere[key] = flows.place(number)
    return elsewhere[key]
