"""A lab that a scenario raised, in the API's words: its network, ports, pairs, groups, classifiers and chains.

Everything goes through the API's own rules; ids, addresses and numbers are those that the lab has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from ipaddress import ip_interface
from typing import Any

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import create
from sfcci.chain.model import FlowClassifier
from sfcci.chain.state import Asked, State
from sfcci.datapath.scenario import Scenario, resource_id

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
        body = {"name": group.name, "port_pairs": list(group.port_pairs), "tap_enabled": group.tap_enabled}
        parameters = {"lb_fields": list(group.lb_fields)}
        yield (
            "port_pair_groups",
            group.id,
            {**body, "port_pair_group_parameters": parameters},
            {"group_id": group.group_id},
        )
    for classifier in chains.flow_classifiers:
        given = {field.name: getattr(classifier, field.name) for field in fields(FlowClassifier)}
        yield "flow_classifiers", given.pop("id"), given, {}
    for chain in chains.port_chains:
        parameters = {"correlation": chain.correlation, "symmetric": chain.symmetric}
        body = {"name": chain.name, "chain_id": chain.chain_id, "chain_parameters": parameters}
        body |= {
            "port_pair_groups": list(chain.port_pair_groups),
            "flow_classifiers": list(chain.flow_classifiers),
        }
        yield "port_chains", chain.id, body, {}


def _network(scenario: Scenario) -> Iterator[Made]:
    """The scenario's one network, its subnet without a gateway, and its ports on their hosts."""
    network, subnet = (resource_id(scenario.name, kind, scenario.name) for kind in ("network", "subnet"))
    mtu = max(port.mtu for port in scenario.topology.ports)
    yield "networks", network, {"name": scenario.name, "port_security_enabled": False}, {"mtu": mtu}
    cidr = str(ip_interface(scenario.topology.ports[0].addresses[0]).network)
    body: dict[str, Any] = {
        "name": f"{scenario.name}-subnet",
        "network_id": network,
        "cidr": cidr,
        "ip_version": 4,
    }
    yield "subnets", subnet, {**body, "gateway_ip": None, "enable_dhcp": False}, {}
    for port in scenario.topology.ports:
        place = {
            "network_id": network,
            "mac_address": port.mac,
            "fixed_ips": [{"subnet_id": subnet, "ip_address": port.ip}],
        }
        bound = {"binding:host_id": "lab", "device_id": port.host, "device_owner": "compute:nova"}
        yield "ports", port.id, {"name": port.name, **place, **bound}, {}
