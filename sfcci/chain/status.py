"""What the data plane says of ports and chains, laid over the resources that the API answers with.

A status is never stored: it is a fact of now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sfcci.chain.state import NOTHING, Resource

CONNECTED, AWAY, BEHIND, REFUSED, UNKNOWN = "CONNECTED", "AWAY", "BEHIND", "REFUSED", "UNKNOWN"
"""A node: it has all that it is to have; it does not answer; it answers and has not all yet; it does not want us, or
we do not want it (its certificate is another's); nobody has asked it."""
ACTIVE, BUILD, DEGRADED, ERROR, DOWN = "ACTIVE", "BUILD", "DEGRADED", "ERROR", "DOWN"
"""A chain is the first four, a port ACTIVE or DOWN."""
NO_DATA_PLANE: Final = "no data plane follows this server"


@dataclass(frozen=True)
class ChainStatus:
    """How a chain is: its status, why it is no other ("" for ACTIVE), and which pairs of its groups carry traffic.

    `live` has the ids of pairs by the id of their group; DEGRADED: some group lacks some, ERROR: one has none.
    """

    status: str
    reason: str = ""
    live: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class NodeFacts:
    """How a node is: its status, why, since when (as `2026-01-31T23:59:59Z`); None: it is not known.

    `needed_mtu`: what packets of its networks and chains need of the underlay's MTU.
    """

    status: str
    reason: str = ""
    since: str | None = None
    heard: str | None = None
    """When it said something last."""
    ports: int = 0
    flows: int = 0
    ovs_version: str = ""
    needed_mtu: int | None = None


@dataclass(frozen=True)
class Facts:
    """What is known now: port id → ACTIVE or DOWN, chain id → its status.

    `reason` says why a chain of which nothing is known is BUILD. `nodes` has what is known of nodes, by name.
    """

    ports: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    chains: Mapping[str, ChainStatus] = field(default_factory=lambda: NOTHING)
    reason: str = NO_DATA_PLANE
    nodes: Mapping[str, "NodeFacts"] = field(default_factory=lambda: NOTHING)


def shown(collection: str, resource: Resource, facts: Facts) -> Resource:
    """Give the resource as it is answered: ports and chains with the facts laid over, others as they are."""
    if collection == "ports":
        return {**resource, "status": facts.ports.get(resource["id"], resource["status"])}
    if collection == "subnets":  # `shared` is its network's: kept to know who may see it, not told
        return {name: value for name, value in resource.items() if name != "shared"}
    if collection == "port_chains":
        return {**resource, **_chain(facts.chains.get(resource["id"]) or ChainStatus(BUILD, facts.reason))}
    if collection == "nodes":
        return {**resource, **_node(facts.nodes.get(resource["name"]) or NodeFacts(UNKNOWN, facts.reason))}
    if collection == "agents" and (node := facts.nodes.get(resource["host"])):
        heard = (
            node.heard.replace("T", " ").removesuffix("Z") if node.heard else resource["heartbeat_timestamp"]
        )
        return {**resource, "alive": node.status in (CONNECTED, BEHIND), "heartbeat_timestamp": heard}
    return resource


def _node(facts: NodeFacts) -> Resource:
    return {
        "status": facts.status,
        "status_reason": facts.reason,
        "status_since": facts.since,
        "heard_at": facts.heard,
        "ports": facts.ports,
        "flows": facts.flows,
        "ovs_version": facts.ovs_version,
        "needed_mtu": facts.needed_mtu,
    }


def _chain(status: ChainStatus) -> Resource:
    return {
        "status": status.status,
        "status_reason": status.reason,
        "live_port_pairs": {group: list(pairs) for group, pairs in status.live.items()},
    }
