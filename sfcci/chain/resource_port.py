"""Ports (api-ref: ports): addresses, binding to a host, security; who uses one stands against its deletion."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sfcci.chain.address import automatic, eui64
from sfcci.chain.allocation import ROUTER_OWNERS, assigned, free_mac, ports_of, subnets_of
from sfcci.chain.attribute import REQUIRED, UNSPECIFIED, Attribute, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import boolean, list_of, mac, text, text_or_empty, uuid
from sfcci.chain.convert_network import address_pairs, dhcp_options, fixed_ips, profile, vnic_type
from sfcci.chain.port_security import check, check_owner, secured
from sfcci.chain.reference import users_of_port
from sfcci.chain.refused import conflict
from sfcci.chain.resource_agent import moved
from sfcci.chain.resource_subnet import network_to_use
from sfcci.chain.standard import DESCRIPTION, ID, NAME, PROJECT, TAG_FILTERS, TAGS, TENANT, TIMES, member_of
from sfcci.chain.state import Asked, Resource, State

ATTRIBUTES = (
    ID,
    NAME,
    Attribute("network_id", REQUIRED, convert=uuid),
    PROJECT,
    Attribute("mac_address", UNSPECIFIED, update=True, convert=mac),
    Attribute("admin_state_up", default=True, update=True, convert=boolean),
    server_made("status", "DOWN"),
    Attribute("device_id", "", update=True, convert=text()),
    Attribute("device_owner", "", update=True, convert=text()),
    Attribute("fixed_ips", UNSPECIFIED, update=True, convert=fixed_ips),
    Attribute("allowed_address_pairs", [], update=True, convert=address_pairs),
    Attribute("extra_dhcp_opts", [], update=True, convert=dhcp_options),
    Attribute("security_groups", UNSPECIFIED, update=True, convert=list_of(uuid)),
    DESCRIPTION,
    Attribute("binding:vnic_type", "normal", update=True, convert=vnic_type),
    Attribute("binding:profile", {}, update=True, convert=profile, admin=True, hidden=True),
    Attribute("binding:host_id", "", update=True, convert=text_or_empty, admin=True, hidden=True),
    server_made("binding:vif_type", "unbound", hidden=True),
    server_made("binding:vif_details", {}, hidden=True),
    Attribute("port_security_enabled", UNSPECIFIED, update=True, convert=boolean),
    TAGS,
    *TIMES,
    TENANT,
)

VIF_DETAILS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "connectivity": "l2",
        "port_filter": True,
        "ovs_hybrid_plug": False,
        "datapath_type": "netdev",
        "bridge_name": "br-int",
        "bound_drivers": {"0": "openvswitch"},
    }
)
"""What a port that is bound to a host by Open vSwitch tells of its plug."""
_WORDS = {"port_pairs": "port pair", "flow_classifiers": "flow classifier"}


def _creating(state: State, asked: Asked, port: dict[str, Any]) -> State:
    port["revision_number"] = 1
    network = network_to_use(state, asked, port["network_id"])
    check_owner(asked, network, port)
    _device_of_ones_own(state, asked, port)
    wanted = port["mac_address"]
    if wanted is UNSPECIFIED:
        port["mac_address"] = free_mac(state, network["id"], port["id"])
    else:
        _mac_unused(state, port)
    wanted = port["fixed_ips"]
    port["fixed_ips"] = assigned(state, port, None if wanted is UNSPECIFIED else wanted)
    port["extra_dhcp_opts"] = _options([], port["extra_dhcp_opts"])
    state = secured(state, asked, port, network)
    port |= bound(port["binding:host_id"])
    if port["device_owner"] in ROUTER_OWNERS:  # nothing is left to be plugged, and clients wait for it
        port["status"] = "ACTIVE"
    return moved(state.put("ports", port), asked, "", port["binding:host_id"])


def _mac_unused(state: State, port: Mapping[str, Any]) -> None:
    for other in ports_of(state, port["network_id"]):
        if other["mac_address"] == port["mac_address"] and other["id"] != port["id"]:
            raise conflict(
                "MacAddressInUse",
                f"Unable to complete operation for network {port['network_id']}. "
                f"The mac address {port['mac_address']} is in use.",
            )


def bound(host: str) -> dict[str, Any]:
    """Give what follows from a port's host: whether and how it is bound."""
    kind, details = ("ovs", dict(VIF_DETAILS)) if host else ("unbound", {})
    return {"binding:vif_type": kind, "binding:vif_details": details}


def _options(old: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An option takes the place of its namesake; one with null takes it away."""
    options = {(option["opt_name"], option["ip_version"]): option for option in [*old, *given]}
    keys = ("opt_name", "opt_value", "ip_version")
    return [
        {key: option[key] for key in keys} for option in options.values() if option["opt_value"] is not None
    ]


def _updating(state: State, asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    changes = {name: value for name, value in new.items() if value != old[name]}
    check_owner(asked, state.of("networks")[old["network_id"]], changes)
    _device_of_ones_own(state, asked, new)
    if new["mac_address"] != old["mac_address"]:
        _mac_changeable(old, new)
        _mac_unused(state, new)
    if new["fixed_ips"] is not old["fixed_ips"]:
        new["fixed_ips"] = assigned(state, new, new["fixed_ips"], old["fixed_ips"])
    elif new["mac_address"] != old["mac_address"]:
        new["fixed_ips"] = _self_made(state, new)
    if new["extra_dhcp_opts"] is not old["extra_dhcp_opts"]:
        new["extra_dhcp_opts"] = _options(old["extra_dhcp_opts"], new["extra_dhcp_opts"])
    check(state, asked, new, old)
    new |= bound(new["binding:host_id"])
    return moved(state.put("ports", new), asked, old["binding:host_id"], new["binding:host_id"])


def _device_of_ones_own(state: State, asked: Asked, port: Mapping[str, Any]) -> None:
    """Nobody but its owner (and administrators) makes a router's interface of a port."""
    router = state.get("routers", port["device_id"]) if port["device_owner"] in ROUTER_OWNERS else None
    if router and not asked.admin and router["project_id"] != asked.project:
        raise conflict(
            "DeviceIDNotOwnedByTenant",
            f"The following device_id {port['device_id']} is not owned by your project or matches another project's "
            "router.",
        )


def _mac_changeable(old: Resource, new: Mapping[str, Any]) -> None:
    if old["binding:host_id"] and old["binding:host_id"] == new["binding:host_id"]:
        raise conflict(
            "PortBound",
            f"Unable to complete operation on port {old['id']}, port is already bound, port type: "
            f"{old['binding:vif_type']}, old_mac {old['mac_address']}, new_mac {new['mac_address']}.",
        )


def _self_made(state: State, port: Mapping[str, Any]) -> list[dict[str, str]]:
    """Addresses that follow from the MAC follow a new one."""
    subnets = {subnet["id"]: subnet for subnet in subnets_of(state, port["network_id"])}
    return [
        {**fixed, "ip_address": eui64(subnets[fixed["subnet_id"]]["cidr"], port["mac_address"])}
        if automatic(subnets[fixed["subnet_id"]])
        else dict(fixed)
        for fixed in port["fixed_ips"]
    ]


def _deleting(state: State, asked: Asked, port: Resource) -> State:
    if port["device_owner"] in ROUTER_OWNERS and state.get("routers", port["device_id"]):
        raise _in_use(port, f"has device owner {port['device_owner']}")
    return ended(state, asked, port)


def ended(state: State, asked: Asked, port: Resource) -> State:
    """Give the state without the port. Raises Refused: service function chaining uses it."""
    for collection, id_ in users_of_port(state, port["id"]):
        user = state.of(collection)[id_]
        name = f"{user['name']} ({id_})" if user["name"] else id_
        raise _in_use(port, f"it is used by {_WORDS[collection]} {name}")
    return moved(state.without("ports", port["id"]), asked, port["binding:host_id"], "")


def _in_use(port: Resource, reason: str) -> Exception:
    return conflict(
        "ServicePortInUse", f"Port {port['id']} cannot be deleted directly via the port API: {reason}."
    )


def _has_address(value: str) -> Callable[[Resource], bool]:
    name, _, wanted = value.partition("=")
    if name == "ip_address_substr":
        return lambda port: any(wanted in fixed["ip_address"] for fixed in port["fixed_ips"])
    return lambda port: any(fixed.get(name) == wanted for fixed in port["fixed_ips"])


COLLECTION = Collection(
    name="ports",
    member="port",
    path="ports",
    kind="Port",
    lost="Port {id} could not be found.",
    attributes=ATTRIBUTES,
    quota=500,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
    filters={**TAG_FILTERS, "fixed_ips": _has_address, "security_groups": member_of("security_groups")},
)
