"""What the data plane says of ports and chains, laid over the resources that the API answers with.

A status is never stored: it is a fact of now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sfcci.chain.state import NOTHING, Resource

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
class Facts:
    """What is known now: port id → ACTIVE or DOWN, chain id → its status.

    `reason` says why a chain of which nothing is known is BUILD.
    """

    ports: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    chains: Mapping[str, ChainStatus] = field(default_factory=lambda: NOTHING)
    reason: str = NO_DATA_PLANE


def shown(collection: str, resource: Resource, facts: Facts) -> Resource:
    """Give the resource as it is answered: ports and chains with the facts laid over, others as they are."""
    if collection == "ports":
        return {**resource, "status": facts.ports.get(resource["id"], resource["status"])}
    if collection == "subnets":  # `shared` is its network's: kept to know who may see it, not told
        return {name: value for name, value in resource.items() if name != "shared"}
    if collection == "port_chains":
        return {**resource, **_chain(facts.chains.get(resource["id"]) or ChainStatus(BUILD, facts.reason))}
    return resource


def _chain(status: ChainStatus) -> Resource:
    return {
        "status": status.status,
        "status_reason": status.reason,
        "live_port_pairs": {group: list(pairs) for group, pairs in status.live.items()},
    }
