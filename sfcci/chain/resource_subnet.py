"""Subnets (api-ref: subnets)."""

from typing import Any

from sfcci.chain import address, subnet_range
from sfcci.chain.allocation import ROUTER_OWNERS, ports_of
from sfcci.chain.attribute import REQUIRED, UNSPECIFIED, Attribute, server_made
from sfcci.chain.collection import Collection, visible
from sfcci.chain.convert import boolean, invalid_input, ip, none_or, one_of, uuid
from sfcci.chain.convert_network import (
    cidr,
    ip_pools,
    ip_version,
    ipv6_mode,
    name_servers,
    routes,
    service_types,
)
from sfcci.chain.refused import FORBIDDEN, NOT_FOUND, Refused, conflict
from sfcci.chain.standard import DESCRIPTION, ID, NAME, PROJECT, TAG_FILTERS, TAGS, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State

ATTRIBUTES = (
    ID,
    NAME,
    PROJECT,
    Attribute("network_id", REQUIRED, convert=uuid),
    Attribute("ip_version", REQUIRED, convert=ip_version),
    Attribute("subnetpool_id", None, convert=none_or(one_of(()))),
    Attribute("enable_dhcp", default=True, update=True, convert=boolean),
    Attribute("ipv6_ra_mode", None, convert=ipv6_mode),
    Attribute("ipv6_address_mode", None, convert=ipv6_mode),
    Attribute("gateway_ip", UNSPECIFIED, update=True, convert=none_or(ip)),
    Attribute("cidr", UNSPECIFIED, convert=none_or(cidr)),
    Attribute("allocation_pools", UNSPECIFIED, update=True, convert=ip_pools),
    Attribute("host_routes", [], update=True, convert=routes),
    Attribute("dns_nameservers", [], update=True, convert=name_servers),
    DESCRIPTION,
    server_made("router:external", default=False),
    server_made("shared", default=False),
    Attribute("service_types", [], update=True, convert=service_types),
    TAGS,
    *TIMES,
    TENANT,
)


def network_to_use(state: State, asked: Asked, id_: str) -> Resource:
    """Give the network that a subnet or port is for. Raises Refused (404)."""
    network = state.get("networks", id_)
    if network is None or not visible(network, asked):
        raise Refused(NOT_FOUND, "NetworkNotFound", f"Network {id_} could not be found.")
    return network


def _creating(state: State, asked: Asked, subnet: dict[str, Any]) -> State:
    network = network_to_use(state, asked, subnet["network_id"])
    if not asked.admin and network["project_id"] != asked.project:
        raise Refused(FORBIDDEN, "PolicyNotAuthorized", "rule:create_subnet is disallowed by policy")
    if not subnet["cidr"]:
        raise Refused(
            400, "BadRequest", "Bad subnets request: a subnetpool must be specified in the absence of a cidr."
        )
    subnet_range.check_cidr(state, subnet)
    subnet_range.check_mtu(network["id"], network["mtu"], subnet["ip_version"])
    subnet_range.check_modes(subnet)
    subnet["gateway_ip"] = subnet_range.gateway(subnet)
    subnet["allocation_pools"] = subnet_range.pools(subnet)
    subnet_range.check_gateway_outside_pools(subnet)
    subnet_range.check_services(subnet)
    subnet |= {"router:external": network["router:external"], "shared": network["shared"]}
    changed = {**network, "subnets": [*network["subnets"], subnet["id"]], "updated_at": asked.now}
    changed["revision_number"] += 1
    return _self_addressed(state.put("subnets", subnet).put("networks", changed), subnet)


def _self_addressed(state: State, subnet: Resource) -> State:
    """Ports that are there make themselves an address in a new subnet that advertises its prefix (RFC 4862)."""
    if not address.automatic(subnet):
        return state
    for port in list(ports_of(state, subnet["network_id"])):
        if port["device_owner"] not in ROUTER_OWNERS:
            own = {
                "subnet_id": subnet["id"],
                "ip_address": address.eui64(subnet["cidr"], port["mac_address"]),
            }
            changed = {**port, "fixed_ips": [*port["fixed_ips"], own]}
            state = state.put("ports", {**changed, "revision_number": port["revision_number"] + 1})
    return state


def _updating(state: State, _asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    subnet_range.check_modes(new)
    new["gateway_ip"] = subnet_range.gateway(new)
    new["allocation_pools"] = subnet_range.pools(new)
    subnet_range.check_gateway_outside_pools(new)
    subnet_range.check_services(new)
    if old["gateway_ip"] != new["gateway_ip"]:
        _gateway_unused(state, old)
    if old["enable_dhcp"] and not new["enable_dhcp"] and (new["ipv6_ra_mode"] or new["ipv6_address_mode"]):
        raise invalid_input(
            "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"
        )
    return state.put("subnets", new)


def _gateway_unused(state: State, subnet: Resource) -> None:
    own = {"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}
    for port in ports_of(state, subnet["network_id"]):
        if port["device_owner"] in ROUTER_OWNERS and own in port["fixed_ips"]:
            raise conflict(
                "GatewayIpInUse",
                f"Current gateway ip {subnet['gateway_ip']} already in use by port {port['id']}. Unable to update.",
            )


def _deleting(state: State, asked: Asked, subnet: Resource) -> State:
    for port in list(ports_of(state, subnet["network_id"])):
        left = [fixed for fixed in port["fixed_ips"] if fixed["subnet_id"] != subnet["id"]]
        if len(left) == len(port["fixed_ips"]):
            continue
        if not address.automatic(subnet) or port["device_owner"] in ROUTER_OWNERS:
            raise conflict(
                "SubnetInUse",
                f"Unable to complete operation on subnet {subnet['id']}: "
                "One or more ports have an IP allocation from this subnet.",
            )
        changed = {**port, "fixed_ips": left, "revision_number": port["revision_number"] + 1}
        state = state.put("ports", changed)
    network = state.of("networks")[subnet["network_id"]]
    left = [id_ for id_ in network["subnets"] if id_ != subnet["id"]]
    revision = network["revision_number"] + 1
    changed = {**network, "subnets": left, "updated_at": asked.now, "revision_number": revision}
    return state.put("networks", changed).without("subnets", subnet["id"])


COLLECTION = Collection(
    name="subnets",
    member="subnet",
    path="subnets",
    kind="Subnet",
    lost="Subnet {id} could not be found.",
    attributes=ATTRIBUTES,
    quota=100,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
    filters=TAG_FILTERS,
)
