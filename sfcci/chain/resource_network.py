"""Networks (api-ref: networks): tunnelled ones, each with a segment of its own."""

from typing import Any

from sfcci.chain.allocation import GATEWAY
from sfcci.chain.attribute import UNSPECIFIED, Attribute, Invalid, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import boolean, list_of, non_negative, none_or, one_of, text, whole_number
from sfcci.chain.default_group import with_default_group
from sfcci.chain.node import overhead
from sfcci.chain.refused import Refused, bad_request, conflict
from sfcci.chain.standard import DESCRIPTION, ID, NAME, PROJECT, TAG_FILTERS, TAGS, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State
from sfcci.chain.subnet_range import check_mtu

MTU = 1450
"""Ethernet's 1500 octets without VXLAN's 50 (RFC 7348), where no node says what its underlay carries."""
SEEN = ("shared", "router:external")
"""Who may see a network sees its subnets."""
LARGEST_SEGMENT = (1 << 24) - 1


def _segment(value: Any) -> int:
    number = whole_number(value)
    if not 0 < number <= LARGEST_SEGMENT:
        raise Invalid(f"'{value}' is no segmentation id of a vxlan network: 1 to {LARGEST_SEGMENT}")
    return number


ATTRIBUTES = (
    ID,
    NAME,
    TENANT,
    PROJECT,
    Attribute("admin_state_up", default=True, update=True, convert=boolean),
    Attribute("mtu", 0, update=True, convert=non_negative),
    server_made("status", "ACTIVE"),
    server_made("subnets", []),
    Attribute("shared", default=False, update=True, convert=boolean, admin=True),
    Attribute("availability_zone_hints", [], convert=list_of(text())),
    server_made("availability_zones", []),
    server_made("ipv4_address_scope"),
    server_made("ipv6_address_scope"),
    Attribute("router:external", default=False, update=True, convert=boolean, admin=True),
    DESCRIPTION,
    Attribute("port_security_enabled", default=True, update=True, convert=boolean),
    TAGS,
    *TIMES,
    Attribute("provider:network_type", "vxlan", convert=one_of(("vxlan",)), admin=True, hidden=True),
    Attribute("provider:physical_network", None, convert=none_or(one_of(())), admin=True, hidden=True),
    Attribute("provider:segmentation_id", UNSPECIFIED, convert=_segment, admin=True, hidden=True),
)


def _creating(state: State, asked: Asked, network: dict[str, Any]) -> State:
    network["revision_number"] = 1
    network["provider:segmentation_id"] = _free_segment(state, network["provider:segmentation_id"])
    network["mtu"] = _mtu(state, network)
    return with_default_group(state, asked, network["project_id"]).put("networks", network)


def _free_segment(state: State, wanted: Any) -> int:
    taken = {network["provider:segmentation_id"] for network in state.of("networks").values()}
    if wanted is UNSPECIFIED:
        return next(number for number in range(1, LARGEST_SEGMENT) if number not in taken)
    if wanted in taken:
        raise conflict("TunnelIdInUse", f"Unable to create the network. The tunnel ID {wanted} is in use.")
    return int(wanted)


def largest_mtu(state: State) -> int:
    """Give what tunnels leave of the underlay's MTU: that of the node that has the smallest."""
    nodes = state.of("nodes").values()
    return min((node["underlay_mtu"] - _headers(node) for node in nodes), default=MTU)


def _headers(node: Resource) -> int:
    return overhead(node["encapsulation"], 6 if ":" in node["tunnel_ip"] else 4)


def _mtu(state: State, network: Resource) -> int:
    largest = largest_mtu(state)
    asked_for = int(network["mtu"]) or largest
    if asked_for > largest:
        raise bad_request(
            f"Invalid input for operation: Requested MTU is too big, maximum is {largest}.", "InvalidInput"
        )
    for id_ in network["subnets"]:
        check_mtu(network["id"], asked_for, state.of("subnets")[id_]["ip_version"])
    return asked_for


def _updating(state: State, _asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    if old["shared"] and not new["shared"]:
        _unshared(state, old)
    if old["router:external"] and not new["router:external"]:
        _made_internal(state, old)
    if new["mtu"] != old["mtu"]:  # the network of a scenario's lab may have more than a request can ask for
        new["mtu"] = _mtu(state, new)
    if any(old[name] != new[name] for name in SEEN):
        state = _subnets_seen(state, new)
    return state.put("networks", new)


def _made_internal(state: State, network: Resource) -> None:
    if any(
        port["network_id"] == network["id"] and port["device_owner"] == GATEWAY
        for port in state.of("ports").values()
    ):
        raise conflict(
            "ExternalNetworkInUse",
            f"External network {network['id']} cannot be updated to be made non-external, since it has existing "
            "gateway ports.",
        )


def _unshared(state: State, network: Resource) -> None:
    for port in state.of("ports").values():
        if port["network_id"] == network["id"] and port["project_id"] not in (network["project_id"], ""):
            raise conflict(
                "InvalidSharedSetting",
                f"Unable to reconfigure sharing settings for network {network['name']}. "
                "Multiple projects are using it.",
            )


def _subnets_seen(state: State, network: Resource) -> State:
    for id_ in network["subnets"]:
        subnet = state.of("subnets")[id_]
        state = state.put("subnets", {**subnet, **{name: network[name] for name in SEEN}})
    return state


def _deleting(state: State, _asked: Asked, network: Resource) -> State:
    if used := [port["id"] for port in state.of("ports").values() if port["network_id"] == network["id"]]:
        raise in_use(network["id"], used)
    for id_ in network["subnets"]:
        state = state.without("subnets", id_)
    return state.without("networks", network["id"])


def in_use(id_: str, ports: list[str]) -> Refused:
    """Give the refusal to delete a network that has ports."""
    return conflict(
        "NetworkInUse",
        f"Unable to complete operation on network {id_}. There are one or more ports still in use on the "
        f"network, id for these ports is: {','.join(ports)}.",
    )


COLLECTION = Collection(
    name="networks",
    member="network",
    path="networks",
    kind="Network",
    lost="Network {id} could not be found.",
    attributes=ATTRIBUTES,
    quota=100,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
    filters=TAG_FILTERS,
)
