"""Which addresses a port gets: those it asks for, or the lowest free ones of its network's subnets (RFC 4862 too)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfcci.chain import address
from sfcci.chain.convert import invalid_input
from sfcci.chain.refused import Refused, bad_request, conflict
from sfcci.chain.state import Resource, State

FixedIp = Mapping[str, str]
INTERFACE, GATEWAY = "network:router_interface", "network:router_gateway"
ROUTER_OWNERS = (INTERFACE, GATEWAY)
"""The device owners of ports that are a router's."""


def subnets_of(state: State, network_id: str) -> list[Resource]:
    """Give a network's subnets in the order of their creation."""
    network = state.of("networks")[network_id]
    return [state.of("subnets")[id_] for id_ in network["subnets"]]


def ports_of(state: State, network_id: str) -> Iterator[Resource]:
    """Give a network's ports."""
    return (port for port in state.of("ports").values() if port["network_id"] == network_id)


def taken(state: State, network_id: str, but: str = "") -> dict[str, set[int]]:
    """Give the addresses that the network's ports have, as numbers by subnet; not those of the port `but`."""
    used: dict[str, set[int]] = defaultdict(set)
    for port in state.of("ports").values():
        if port["network_id"] == network_id and port["id"] != but:
            for fixed in port["fixed_ips"]:
                used[fixed["subnet_id"]].add(address.number(fixed["ip_address"]))
    return dict(used)


def free_mac(state: State, network_id: str, id_: str) -> str:
    """Give the MAC that a new port with this id gets: the next free one in its network. Raises Refused."""
    used = {port["mac_address"] for port in ports_of(state, network_id)}
    for mac in address.macs(id_):
        if mac not in used:
            return mac
    raise Refused(
        503, "MacAddressGenerationFailure", f"Unable to generate unique mac on network {network_id}."
    )


def assigned(
    state: State, port: Resource, wanted: Sequence[FixedIp] | None, current: Sequence[FixedIp] = ()
) -> list[dict[str, str]]:
    """Give a port's addresses. `wanted` None: the network's choice; `current`: what it keeps where it can.

    Raises Refused: taken, outside, none left.
    """
    used = taken(state, port["network_id"], port["id"])
    if wanted is None:
        return _chosen(state, port, used)
    subnets = {subnet["id"]: subnet for subnet in subnets_of(state, port["network_id"])}
    given: list[dict[str, str]] = []
    keep = {fixed["subnet_id"]: fixed["ip_address"] for fixed in reversed(current)}
    for item in sorted(
        wanted, key=lambda item: "ip_address" not in item
    ):  # chosen ones first: no other may get them
        subnet = _subnet(subnets, port, item)
        text = item.get("ip_address") or keep.get(subnet["id"])
        if text == keep.get(subnet["id"]):
            keep.pop(subnet["id"], None)
        fixed = _asked_for(port, subnet, text, used) if text else _lowest(port, subnet, used)
        used.setdefault(subnet["id"], set()).add(address.number(fixed))
        given.append({"subnet_id": subnet["id"], "ip_address": fixed})
    return given


def _subnet(subnets: Mapping[str, Resource], port: Resource, item: FixedIp) -> Resource:
    if "subnet_id" in item:
        if item["subnet_id"] not in subnets:
            raise invalid_input(
                f"Failed to create port on network {port['network_id']}, "
                f"because fixed_ips included invalid subnet {item['subnet_id']}"
            )
        return subnets[item["subnet_id"]]
    if "ip_address" not in item:
        raise invalid_input("IP allocation requires subnet_id or ip_address")
    for subnet in subnets.values():
        if address.within(subnet["cidr"], item["ip_address"]):
            return subnet
    raise bad_request(
        f"IP address {item['ip_address']} is not a valid IP for any of the subnets on the specified network.",
        "InvalidIpForNetwork",
    )


def _asked_for(port: Resource, subnet: Resource, text: str, used: Mapping[str, set[int]]) -> str:
    if not address.within(subnet["cidr"], text):
        raise bad_request(
            f"IP address {text} is not a valid IP for the specified subnet.", "InvalidIpForSubnet"
        )
    if _makes_its_own(port, subnet) and text != address.eui64(subnet["cidr"], port["mac_address"]):
        raise invalid_input(
            f"IPv6 address {text} can not be directly assigned to a port on subnet {subnet['id']} "
            "since the subnet is configured for automatic addresses"
        )
    if address.number(text) in used.get(subnet["id"], ()):
        raise already_allocated(text, subnet["id"])
    return text


def already_allocated(text: str, subnet_id: str) -> Refused:
    """Give the refusal of an address that another port has."""
    return conflict("IpAddressAlreadyAllocated", f"IP address {text} already allocated in subnet {subnet_id}")


def _makes_its_own(port: Resource, subnet: Resource) -> bool:
    return address.automatic(subnet) and port["device_owner"] not in ROUTER_OWNERS


def _lowest(port: Resource, subnet: Resource, used: Mapping[str, set[int]]) -> str:
    if _makes_its_own(port, subnet):
        return address.eui64(subnet["cidr"], port["mac_address"])
    number = address.lowest_free(address.pools(subnet), used.get(subnet["id"], set()))
    if number is None:
        raise _exhausted(port["network_id"])
    return address.written(number, subnet["ip_version"])


def _exhausted(network_id: str) -> Refused:
    return conflict("IpAddressGenerationFailure", f"No more IP addresses available on network {network_id}.")


def _chosen(state: State, port: Resource, used: Mapping[str, set[int]]) -> list[dict[str, str]]:
    """One address of each IP version from the first subnet that has one left, and one of each automatic subnet."""
    subnets = [subnet for subnet in subnets_of(state, port["network_id"]) if _serves(subnet, port)]
    given = []
    for version in (4, 6):
        own = [s for s in subnets if s["ip_version"] == version and not address.automatic(s)]
        if own:
            given.append(_first_free(port, own, used))
    own = [subnet for subnet in subnets if address.automatic(subnet) and _makes_its_own(port, subnet)]
    return given + [{"subnet_id": s["id"], "ip_address": _lowest(port, s, used)} for s in own]


def _first_free(port: Resource, subnets: Sequence[Resource], used: Mapping[str, set[int]]) -> dict[str, str]:
    for subnet in subnets:
        number = address.lowest_free(address.pools(subnet), used.get(subnet["id"], set()))
        if number is not None:
            return {"subnet_id": subnet["id"], "ip_address": address.written(number, subnet["ip_version"])}
    raise _exhausted(port["network_id"])


def _serves(subnet: Resource, port: Mapping[str, Any]) -> bool:
    return not subnet["service_types"] or port["device_owner"] in subnet["service_types"]
