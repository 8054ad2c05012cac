"""A router's gateway: a port on an external network, as `external_gateway_info` says (api-ref: routers, ext-gw-mode)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sfcci.chain.allocation import GATEWAY
from sfcci.chain.attribute import Invalid
from sfcci.chain.collection import create, visible
from sfcci.chain.convert import boolean, mapping, uuid
from sfcci.chain.convert_network import fixed_ips
from sfcci.chain.refused import NOT_FOUND, Refused
from sfcci.chain.resource_port import COLLECTION as PORTS
from sfcci.chain.resource_port import ended
from sfcci.chain.router_interface import bad
from sfcci.chain.standard import child_id
from sfcci.chain.state import Asked, Resource, State


def external_gateway(value: Any) -> dict[str, Any] | None:
    """Give a gateway: its network, whether addresses are translated, its own addresses; null and {} are none."""
    if value is None or value == {}:
        return None
    keys = {"network_id": uuid, "enable_snat": boolean, "external_fixed_ips": fixed_ips}
    given = mapping(keys)(value)
    if "network_id" not in given:
        raise Invalid("Validation of dictionary's keys failed. Expected keys: ['network_id']")
    return given


def gateway_changed(state: State, asked: Asked, router: Resource, wanted: Mapping[str, Any] | None) -> State:
    """Give the state in which the router has that gateway, None: none. Raises Refused."""
    old = router["external_gateway_info"]
    if old and wanted and old["network_id"] == wanted["network_id"] and "external_fixed_ips" not in wanted:
        told = {**old, "enable_snat": wanted.get("enable_snat", old["enable_snat"])}
        return state.put("routers", {**router, "external_gateway_info": told})
    state = cleared(state, asked, router)
    if wanted is None:
        return state.put("routers", {**router, "external_gateway_info": None})
    return _with_port(state, asked, router, wanted)


def _with_port(state: State, asked: Asked, router: Resource, wanted: Mapping[str, Any]) -> State:
    network = state.get("networks", wanted["network_id"])
    if network is None or not (network["router:external"] or visible(network, asked)):
        raise Refused(NOT_FOUND, "NetworkNotFound", f"Network {wanted['network_id']} could not be found.")
    if not network["router:external"]:
        raise bad(f"Network {network['id']} is not an external network")
    body: dict[str, Any] = {
        "network_id": network["id"],
        "device_id": router["id"],
        "device_owner": GATEWAY,
        "project_id": router["project_id"],
    }
    if wanted.get("external_fixed_ips"):
        body["fixed_ips"] = wanted["external_fixed_ips"]
    id_ = child_id(asked, "gateway", router["id"])
    state = create(state, PORTS, body, replace(asked, id=id_, admin=True))
    told = {
        "network_id": network["id"],
        "external_fixed_ips": state.of("ports")[id_]["fixed_ips"],
        "enable_snat": wanted.get("enable_snat", True),
    }
    return state.put("routers", {**router, "external_gateway_info": told})


def cleared(state: State, asked: Asked, router: Resource) -> State:
    """Give the state without the router's gateway port."""
    for port in list(state.of("ports").values()):
        if port["device_id"] == router["id"] and port["device_owner"] == GATEWAY:
            state = ended(state, asked, port)
    return state
