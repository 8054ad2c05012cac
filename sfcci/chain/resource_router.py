"""Routers (api-ref: routers): interfaces on subnets and a gateway, kept as ports of their networks.

The data plane forwards no packets for them: they are what a client's view of a network needs.
"""

from typing import Any

from sfcci.chain.address import within
from sfcci.chain.allocation import ROUTER_OWNERS
from sfcci.chain.attribute import Attribute, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import boolean, invalid_input, list_of, text
from sfcci.chain.convert_network import routes
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.router_gateway import cleared, external_gateway, gateway_changed
from sfcci.chain.router_interface import ACTIONS, interfaces
from sfcci.chain.standard import DESCRIPTION, ID, NAME, PROJECT, TAG_FILTERS, TAGS, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State

MOST_ROUTES = 30

ATTRIBUTES = (
    ID,
    NAME,
    PROJECT,
    Attribute("admin_state_up", default=True, update=True, convert=boolean),
    server_made("status", "ACTIVE"),
    Attribute("external_gateway_info", None, update=True, convert=external_gateway),
    DESCRIPTION,
    Attribute("availability_zone_hints", [], convert=list_of(text())),
    server_made("availability_zones", []),
    Attribute("routes", [], create=False, update=True, convert=routes),
    TAGS,
    *TIMES,
    TENANT,
)


def _creating(state: State, asked: Asked, router: dict[str, Any]) -> State:
    router["revision_number"] = 1
    wanted, router["external_gateway_info"] = router["external_gateway_info"], None
    return gateway_changed(state.put("routers", router), asked, router, wanted)


def _updating(state: State, asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    wanted = new["external_gateway_info"]
    changed = wanted is not old["external_gateway_info"]
    router = {**new, "external_gateway_info": old["external_gateway_info"]}
    state = state.put("routers", router)
    if changed:
        state = gateway_changed(state, asked, router, wanted)
    if new["routes"] is not old["routes"]:
        _reachable(state, router)
    return state


def _reachable(state: State, router: Resource) -> None:
    if len(router["routes"]) > MOST_ROUTES:
        raise invalid_input(
            f"Unable to complete operation for {router['id']}. The number of routes exceeds {MOST_ROUTES}"
        )
    subnets = [
        state.of("subnets")[fixed["subnet_id"]]
        for port in state.of("ports").values()
        if port["device_id"] == router["id"] and port["device_owner"] in ROUTER_OWNERS
        for fixed in port["fixed_ips"]
    ]
    addresses = {
        fixed["ip_address"] for port in interfaces(state, router["id"]) for fixed in port["fixed_ips"]
    }
    for route in router["routes"]:
        _next_hop(route, subnets, addresses)


def _next_hop(route: Resource, subnets: list[Resource], own: set[str]) -> None:
    reason = ""
    if not any(within(subnet["cidr"], route["nexthop"]) for subnet in subnets):
        reason = "the nexthop is not connected with router"
    elif route["nexthop"] in own:
        reason = "the nexthop is used by router"
    if reason:
        raise bad_request(f"Invalid format for routes: {dict(route)}, {reason}", "InvalidRoutes")


def _deleting(state: State, asked: Asked, router: Resource) -> State:
    if any(interfaces(state, router["id"])):
        raise conflict("RouterInUse", f"Router {router['id']} still has ports")
    return cleared(state, asked, router).without("routers", router["id"])


COLLECTION = Collection(
    name="routers",
    member="router",
    path="routers",
    kind="Router",
    lost="Router {id} could not be found",
    attributes=ATTRIBUTES,
    quota=10,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
    actions=ACTIONS,
    filters=TAG_FILTERS,
)
