"""Every collection of the API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sfcci.chain import (
    resource_agent,
    resource_flow_classifier,
    resource_network,
    resource_node,
    resource_port,
    resource_port_chain,
    resource_port_pair,
    resource_port_pair_group,
    resource_router,
    resource_security_group,
    resource_security_group_rule,
    resource_service_graph,
    resource_subnet,
)
from sfcci.chain.collection import Collection

_ALL: Final = (
    resource_port_pair.COLLECTION,
    resource_port_pair_group.COLLECTION,
    resource_flow_classifier.COLLECTION,
    resource_port_chain.COLLECTION,
    resource_service_graph.COLLECTION,
    resource_network.COLLECTION,
    resource_subnet.COLLECTION,
    resource_port.COLLECTION,
    resource_router.COLLECTION,
    resource_security_group.COLLECTION,
    resource_security_group_rule.COLLECTION,
    resource_agent.COLLECTION,
    resource_node.COLLECTION,
)
COLLECTIONS: Final[Mapping[str, Collection]] = MappingProxyType({each.name: each for each in _ALL})
"""Name ("port_pairs") → collection."""
BY_PATH: Final[Mapping[str, Collection]] = MappingProxyType({each.path: each for each in _ALL})
"""Path below /v2.0/ ("sfc/port_pairs") → collection."""
