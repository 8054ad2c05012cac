"""A lab that a scenario raised, in the API's words: its network, ports, pairs, groups, classifiers and chains.

Everything goes through the API's own rules; ids, addresses and numbers are those that the lab has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from ipaddress import ip_interface
from typing import Any

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import create
from sfcci.chain.model import FlowClassifier, PortChain, PortPairGroup, Rewrite
from sfcci.chain.state import Asked, State
from sfcci.datapath.scenario import Scenario, resource_id

SUBNETS = {4: "subnet", 6: "subnet6"}
"""IP version → what its subnet is called."""
Made = tuple[str, str, Mapping[str, Any], Mapping[str, Any]]
"""Collection, id, what a request would say, and what no request may say."""


def adopted(state: State, scenario: Scenario, project: str, now: str) -> State:
    """Give the state with all that the scenario has, as `project`'s. Raises Refused where the API would not have it."""
    for collection, id_, body, own in _resources(scenario):
        state = create(state, COLLECTIONS[collection], body, Asked(project, True, id_, now))
        if own:
            state = state.put(collection, {**state.of(collection)[id_], **own})
    return state


def _resources(scenario: Scenario) -> Iterator[Made]:
    yield from _network(scenario)
    chains = scenario.chains
    for pair in chains.port_pairs:
        parameters: dict[str, Any] = {"correlation": pair.correlation, "weight": pair.weight}
        body: dict[str, Any] = {"name": pair.name, "ingress": pair.ingress, "egress": pair.egress}
        yield "port_pairs", pair.id, {**body, "service_function_parameters": parameters}, {}
    for group in chains.port_pair_groups:
        yield "port_pair_groups", group.id, _group(group), {"group_id": group.group_id}
    for classifier in chains.flow_classifiers:
        given = {field.name: getattr(classifier, field.name) for field in fields(FlowClassifier)}
        yield "flow_classifiers", given.pop("id"), given, {}
    for chain in chains.port_chains:
        yield "port_chains", chain.id, _chain(chain), {}
    for graph in chains.service_graphs:
        branches = {chain: list(ends) for chain, ends in graph.port_chains}
        yield "service_graphs", graph.id, {"name": graph.name, "port_chains": branches}, {}


def _group(group: PortPairGroup) -> dict[str, Any]:
    mapping = {"ingress_n_tuple": _tuple(group.incoming), "egress_n_tuple": _tuple(group.outgoing)}
    return {
        "name": group.name,
        "port_pairs": list(group.port_pairs),
        "tap_enabled": group.tap_enabled,
        "port_pair_group_parameters": {"lb_fields": list(group.lb_fields), "ppg_n_tuple_mapping": mapping},
    }


def _tuple(rewrite: Rewrite) -> dict[str, Any]:
    return {name: value for name, value in asdict(rewrite).items() if value is not None}


def _chain(chain: PortChain) -> dict[str, Any]:
    return {
        "name": chain.name,
        "chain_id": chain.chain_id,
        "chain_parameters": {"correlation": chain.correlation, "symmetric": chain.symmetric},
        "port_pair_groups": list(chain.port_pair_groups),
        "flow_classifiers": list(chain.flow_classifiers),
        "fail_mode": "open" if chain.fail_open else "closed",
    }


def _network(scenario: Scenario) -> Iterator[Made]:
    """The scenario's one network, its subnets without gateways, and its ports on their hosts."""
    network = resource_id(scenario.name, "network", scenario.name)
    subnets = {version: resource_id(scenario.name, kind, scenario.name) for version, kind in SUBNETS.items()}
    mtu = max(port.mtu for port in scenario.topology.ports)
    yield "networks", network, {"name": scenario.name, "port_security_enabled": False}, {"mtu": mtu}
    for version, key in ((4, "network"), (6, "network6")):
        if cidr := scenario.source.data.get(key):
            body = {"name": f"{scenario.name}-{SUBNETS[version]}", "network_id": network, "cidr": cidr}
            yield (
                "subnets",
                subnets[version],
                {**body, "ip_version": version, "gateway_ip": None, "enable_dhcp": False},
                {},
            )
    for port in scenario.topology.ports:
        addresses = [ip_interface(address) for address in port.addresses]
        place = {
            "network_id": network,
            "mac_address": port.mac,
            "fixed_ips": [{"subnet_id": subnets[a.version], "ip_address": str(a.ip)} for a in addresses],
        }
        bound = {
            "binding:host_id": port.node or "lab",
            "device_id": port.host,
            "device_owner": "compute:nova",
        }
        yield "ports", port.id, {"name": port.name, **place, **bound}, {}
