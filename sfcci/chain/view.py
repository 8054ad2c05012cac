"""The API's resources as the compiler wants them; each is named by its id, for names are not unique."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sfcci.chain.model import (
    FlowClassifier,
    PortChain,
    PortPair,
    PortPairGroup,
    Rewrite,
    ServiceGraph,
)
from sfcci.chain.state import Resource

_CLASSIFIER = tuple(field.name for field in fields(FlowClassifier))


def port_pair(resource: Resource) -> PortPair:
    """Give a port pair."""
    parameters = _parameters(resource, "service_function_parameters")
    return PortPair(
        resource["id"],
        resource["id"],
        resource["ingress"],
        resource["egress"],
        parameters.get("correlation"),
        parameters.get("weight", 1),
    )


def port_pair_group(resource: Resource) -> PortPairGroup:
    """Give a port pair group."""
    parameters = _parameters(resource, "port_pair_group_parameters")
    mapping = _parameters(parameters, "ppg_n_tuple_mapping")
    return PortPairGroup(
        resource["id"],
        resource["id"],
        resource["group_id"],
        tuple(resource["port_pairs"]),
        tuple(parameters.get("lb_fields") or ()),
        bool(resource.get("tap_enabled")),
        Rewrite(**_parameters(mapping, "ingress_n_tuple")),
        Rewrite(**_parameters(mapping, "egress_n_tuple")),
    )


def flow_classifier(resource: Resource) -> FlowClassifier:
    """Give a flow classifier."""
    given: dict[str, Any] = {name: resource.get(name) for name in _CLASSIFIER}
    return FlowClassifier(**given | {"name": resource["id"]})


def port_chain(resource: Resource) -> PortChain:
    """Give a port chain."""
    parameters = _parameters(resource, "chain_parameters")
    return PortChain(
        resource["id"],
        resource["id"],
        resource["chain_id"],
        tuple(resource["port_pair_groups"]),
        tuple(resource["flow_classifiers"]),
        parameters.get("correlation", "mpls"),
        parameters.get("symmetric", False),
        resource.get("fail_mode") == "open",
    )


def service_graph(resource: Resource) -> ServiceGraph:
    """Give a service graph."""
    branches = ((source, tuple(ends)) for source, ends in resource["port_chains"].items())
    return ServiceGraph(resource["id"], resource["id"], tuple(branches))


def _parameters(resource: Resource, name: str) -> Mapping[str, Any]:
    given = resource.get(name)
    return given if isinstance(given, Mapping) else {}
