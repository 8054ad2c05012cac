"""NextHop: through which neighbour a namespace or host reaches an address, by its routing tables.

The first table that knows a way says it; in it the route with the longest prefix, then the one with the lowest priority.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from sfcci.trace.graph import Node
from sfcci.trace.gremlin_parser import Step
from sfcci.trace.gremlin_world import Asked, OfNodes, Single

Address = IPv4Address | IPv6Address


def next_hop(state: OfNodes, step: Step, asked: Asked) -> Single:
    """NextHop: of each node that has a way {Priority, IP, MAC, IfIndex}."""
    try:
        address = ip_address(str(step.parameters[0]))
    except ValueError:
        raise asked.expression.fault(
            step.at, f"'{step.parameters[0]}' is no address", "an IP address"
        ) from None
    hops = {node.id: hop for node in state.nodes if (hop := _hop(node, address)) is not None}
    return Single("next hops", [hops] if hops else [])


def _hop(node: Node, address: Address) -> dict[str, Any] | None:
    for table in _objects(node.metadata.get("RoutingTables")):
        found = [
            (prefix, route)
            for route in _objects(table.get("Routes"))
            if (prefix := _prefix(route, address)) >= 0
        ]
        if found:
            _, route = min(found, key=lambda one: (-one[0], _priority(one[1])))
            return _shown(node, route, address)
    return None


def _objects(value: object) -> Iterable[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list | tuple) else ()


def _first(route: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(_objects(route.get("NextHops"))), {})


def _priority(route: Mapping[str, Any]) -> int:
    found = _first(route).get("Priority") or route.get("Priority") or 0
    return found if isinstance(found, int) else 0


def _prefix(route: Mapping[str, Any], address: Address) -> int:
    """How many bits of the address the route names; -1 when it is no way there."""
    try:
        network = ip_network(str(route.get("Prefix")), strict=False)
    except ValueError:
        return -1
    return network.prefixlen if network.version == address.version and address in network else -1


def _shown(node: Node, route: Mapping[str, Any], address: Address) -> dict[str, Any]:
    """The hop as Skydive writes it; the address itself is next where a route has no gateway."""
    hop = _first(route)
    via = str(hop.get("IP") or address)
    neighbours = _objects(node.metadata.get("Neighbors"))
    mac = next((one.get("MAC") for one in neighbours if one.get("IP") == via), None)
    found = {"Priority": _priority(route), "IP": via, "MAC": mac, "IfIndex": hop.get("IfIndex") or 0}
    return {key: value for key, value in found.items() if value is not None and value != ""}
