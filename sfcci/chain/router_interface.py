"""A router's interfaces: ports on subnets, by `add_router_interface` and `remove_router_interface` (api-ref)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sfcci.chain import address
from sfcci.chain.allocation import INTERFACE, free_mac
from sfcci.chain.attribute import Attribute, Body, updated
from sfcci.chain.collection import Action, create, revised, visible
from sfcci.chain.convert import uuid_or_none
from sfcci.chain.refused import NOT_FOUND, Refused, bad_request, conflict
from sfcci.chain.resource_port import COLLECTION as PORTS
from sfcci.chain.resource_port import ended
from sfcci.chain.state import Asked, Resource, State

_ENDS: Final = [Attribute(name, update=True, convert=uuid_or_none) for name in ("subnet_id", "port_id")]


def interfaces(state: State, router_id: str) -> Iterator[Resource]:
    """Give the ports that are a router's interfaces."""
    for port in state.of("ports").values():
        if port["device_id"] == router_id and port["device_owner"] == INTERFACE:
            yield port


def bad(reason: str) -> Refused:
    """Give the refusal of a request to a router."""
    return bad_request(f"Bad router request: {reason}.", "BadRequest")


def _add(state: State, asked: Asked, router: Resource, body: Body) -> tuple[State, Mapping[str, Any]]:
    wanted = _wanted(body)
    if len(wanted) > 1:
        raise bad("Cannot specify both subnet-id and port-id")
    if "port_id" in wanted:
        state, port = _by_port(state, asked, router, wanted["port_id"])
    else:
        state, port = _by_subnet(state, asked, router, wanted["subnet_id"])
    return _touched(state, asked, router), _answer(router, port)


def _touched(state: State, asked: Asked, router: Resource) -> State:
    return state.put("routers", revised(router, asked))


def _wanted(body: Body) -> dict[str, str]:
    given = {name: id_ for name, id_ in updated(_ENDS, body).items() if id_}
    if not given:
        raise bad("Either subnet_id or port_id must be specified")
    return given


def _by_subnet(state: State, asked: Asked, router: Resource, id_: str) -> tuple[State, Resource]:
    subnet = state.get("subnets", id_)
    network = state.get("networks", subnet["network_id"]) if subnet else None
    if subnet is None or network is None or not visible(network, asked):
        raise Refused(NOT_FOUND, "SubnetNotFound", f"Subnet {id_} could not be found.")
    if not subnet["gateway_ip"]:
        raise bad("Subnet for router interface must have a gateway IP")
    _no_overlap(state, router, [subnet])
    body = {
        "network_id": subnet["network_id"],
        "fixed_ips": [{"subnet_id": id_, "ip_address": subnet["gateway_ip"]}],
        "device_id": router["id"],
        "device_owner": INTERFACE,
        "project_id": router["project_id"],
        "mac_address": free_mac(state, subnet["network_id"], asked.id),
    }
    state = create(state, PORTS, body, Asked(router["project_id"], admin=True, id=asked.id, now=asked.now))
    return state, state.of("ports")[asked.id]


def _by_port(state: State, asked: Asked, router: Resource, id_: str) -> tuple[State, Resource]:
    port = state.get("ports", id_)
    if port is None or not visible(port, asked):
        raise Refused(NOT_FOUND, "PortNotFound", f"Port {id_} could not be found.")
    if port["device_id"]:
        raise conflict(
            "PortInUse",
            f"Unable to complete operation on port {id_} for network {port['network_id']}. "
            f"Port already has an attached device {port['device_id']}.",
        )
    if not port["fixed_ips"]:
        raise bad("Router port must have at least one fixed IP")
    _no_overlap(state, router, [state.of("subnets")[fixed["subnet_id"]] for fixed in port["fixed_ips"]])
    taken = revised({**port, "device_id": router["id"], "device_owner": INTERFACE, "status": "ACTIVE"}, asked)
    return state.put("ports", taken), taken


def _no_overlap(state: State, router: Resource, subnets: list[Resource]) -> None:
    here = [
        state.of("subnets")[fixed["subnet_id"]]
        for port in interfaces(state, router["id"])
        for fixed in port["fixed_ips"]
    ]
    for subnet in subnets:
        for other in here:
            if other["id"] == subnet["id"]:
                raise bad(f"Router already has a port on subnet {subnet['id']}")
            _overlap(subnet, other)


def _overlap(subnet: Resource, other: Resource) -> None:
    one, two = address.network(subnet["cidr"]), address.network(other["cidr"])
    if one.version == two.version and one.overlaps(two):
        raise bad(
            f"Cidr {subnet['cidr']} of subnet {subnet['id']} overlaps with cidr {other['cidr']} "
            f"of subnet {other['id']}"
        )


def _remove(state: State, asked: Asked, router: Resource, body: Body) -> tuple[State, Mapping[str, Any]]:
    wanted = _wanted(body)
    port = _interface(state, router, wanted)
    subnet_id = wanted.get("subnet_id")
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    if subnet_id and subnet_id not in subnets:
        raise bad_request(
            f"Subnet on port {port['id']} does not match the requested subnet {subnet_id}.",
            "SubnetMismatchForPort",
        )
    _no_route_by(state, router, subnets)
    return _touched(ended(state, asked, port), asked, router), _answer(router, port)


def _no_route_by(state: State, router: Resource, subnets: list[str]) -> None:
    for id_ in subnets:
        cidr = state.of("subnets")[id_]["cidr"]
        if any(address.within(cidr, route["nexthop"]) for route in router["routes"]):
            raise conflict(
                "RouterInterfaceInUseByRoute",
                f"Router interface for subnet {id_} on router {router['id']} cannot be deleted, "
                "as it is required by one or more routes.",
            )


def _interface(state: State, router: Resource, wanted: Mapping[str, str]) -> Resource:
    for port in interfaces(state, router["id"]):
        by_port = port["id"] == wanted.get("port_id")
        on = any(fixed["subnet_id"] == wanted.get("subnet_id") for fixed in port["fixed_ips"])
        if by_port or ("port_id" not in wanted and on):
            return port
    if "port_id" in wanted:
        message = f"Router {router['id']} does not have an interface with id {wanted['port_id']}"
        raise Refused(NOT_FOUND, "RouterInterfaceNotFound", message)
    message = f"Router {router['id']} has no interface on subnet {wanted['subnet_id']}"
    raise Refused(NOT_FOUND, "RouterInterfaceNotFoundForSubnet", message)


def _answer(router: Resource, port: Resource) -> dict[str, Any]:
    subnets = [fixed["subnet_id"] for fixed in port["fixed_ips"]]
    return {
        "id": router["id"],
        "tenant_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnets[0],
        "subnet_ids": subnets,
        "project_id": router["project_id"],
    }


ACTIONS: Final[Mapping[str, Action]] = {"add_router_interface": _add, "remove_router_interface": _remove}
