"""What of a subnet's ranges must agree: network, gateway, pools, routes, and other subnets of its network."""

import itertools
from collections.abc import Mapping
from typing import Any

from sfcci.chain import address
from sfcci.chain.attribute import UNSPECIFIED
from sfcci.chain.convert import invalid_input
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.state import Resource, State

MOST_NAME_SERVERS, MOST_ROUTES = 5, 20
SLAAC_BITS = 64
SMALLEST_MTU = {4: 68, 6: 1280}
"""What every network of an IP version must carry (RFC 791, RFC 8200)."""


def check_cidr(state: State, subnet: Mapping[str, Any]) -> None:
    """Refuse a network that is no subnet's, or that overlaps with another one of the same network. Raises Refused."""
    network = address.network(subnet["cidr"])
    if network.version != subnet["ip_version"]:
        raise invalid_input(f"cidr '{network}' does not match the ip_version '{subnet['ip_version']}'")
    if network.prefixlen == 0:
        raise invalid_input("0 is not allowed as CIDR prefix length")
    if network.is_multicast:
        raise invalid_input(f"Multicast IP subnet is not supported if enable_dhcp is True: {network}")
    for id_ in state.of("networks")[subnet["network_id"]]["subnets"]:
        other = address.network(state.of("subnets")[id_]["cidr"])
        if other.version == network.version and network.overlaps(other):
            raise invalid_input(
                f"Requested subnet with cidr: {network} for network: {subnet['network_id']} "
                "overlaps with another subnet"
            )


def check_mtu(network_id: str, mtu: int, ip_version: int) -> None:
    """Refuse a subnet on a network that carries too little for its IP version. Raises Refused."""
    smallest = SMALLEST_MTU[ip_version]
    if mtu < smallest:
        raise conflict(
            "NetworkMTUSubnetConflict",
            f"MTU of {network_id} is not valid, subnet requires a minimum of {smallest}",
        )


def check_modes(subnet: Mapping[str, Any]) -> None:
    """Refuse modes of address and advertisement that do not go together (RFC 4861, RFC 8415). Raises Refused."""
    advertised, addressed = subnet["ipv6_ra_mode"], subnet["ipv6_address_mode"]
    if not advertised and not addressed:
        return
    if subnet["ip_version"] == 4:  # noqa: PLR2004 - IP's version
        raise invalid_input("ipv6_ra_mode and ipv6_address_mode are not valid when ip_version is 4")
    if not subnet["enable_dhcp"]:
        raise invalid_input(
            "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"
        )
    if advertised and addressed and advertised != addressed:
        raise invalid_input(
            f"ipv6_ra_mode set to '{advertised}' with ipv6_address_mode set to '{addressed}' is not valid. "
            "If both attributes are set, they must be the same value"
        )
    if address.network(subnet["cidr"]).prefixlen != SLAAC_BITS and "dhcpv6-stateful" not in (
        advertised,
        addressed,
    ):
        raise invalid_input(
            f"Invalid CIDR {subnet['cidr']} for IPv6 address mode. OpenStack uses the EUI-64 address format, "
            "which requires the prefix to be /64"
        )


def gateway(subnet: Mapping[str, Any]) -> str | None:
    """Give the gateway's address: the network's first one when none is named. Raises Refused."""
    given = subnet["gateway_ip"]
    if given is UNSPECIFIED:
        return address.first_host(address.network(subnet["cidr"]))
    if given is not None:
        _same_version(subnet, "gateway_ip", given)
        _gateway_inside(subnet, given)
    return None if given is None else str(given)


def _same_version(subnet: Mapping[str, Any], name: str, text: str) -> None:
    version = 6 if ":" in text else 4
    if version != subnet["ip_version"]:
        raise invalid_input(f"{name} '{text}' does not match the ip_version '{subnet['ip_version']}'")


def _gateway_inside(subnet: Mapping[str, Any], text: str) -> None:
    """A gateway outside of its network is let be (the routers of some providers); the network's own address is not."""
    network = address.network(subnet["cidr"])
    value = address.number(text)
    first, last = address.hosts(network)
    own = int(network.network_address) <= value <= int(network.broadcast_address)
    if own and not first <= value <= last:
        raise invalid_input("Gateway is not valid on subnet")


def pools(subnet: Mapping[str, Any]) -> list[dict[str, str]]:
    """Give the pools: those named, else all hosts but the gateway. Raises Refused."""
    given, version = subnet["allocation_pools"], subnet["ip_version"]
    network = address.network(subnet["cidr"])
    if given is UNSPECIFIED:
        taken = address.number(subnet["gateway_ip"]) if subnet["gateway_ip"] else None
        return address.written_pools(address.without(address.hosts(network), taken), version)
    for pool in given:
        for text in pool.values():
            _same_version(subnet, "allocation_pools", text)
    numbers = address.pools(subnet)
    _check_pools(subnet, numbers)
    return [dict(pool) for pool in given]


def _check_pools(subnet: Mapping[str, Any], pools_: list[address.Pool]) -> None:
    version = subnet["ip_version"]
    first, last = address.hosts(address.network(subnet["cidr"]))
    for pool in pools_:
        text = "-".join(address.written(value, version) for value in pool)
        if pool[0] > pool[1]:
            raise bad_request(f"The allocation pool {text} is not valid.", "InvalidAllocationPool")
        if pool[0] < first or pool[1] > last:
            raise bad_request(
                f"The allocation pool {text} spans beyond the subnet cidr {subnet['cidr']}.",
                "OutOfBoundsAllocationPool",
            )
    ordered = sorted(pools_)
    for one, next_ in itertools.pairwise(ordered):
        if next_[0] <= one[1]:
            raise conflict(
                "OverlappingAllocationPools",
                f"Found overlapping allocation pools: {address.span(one, version)} "
                f"{address.span(next_, version)} for subnet {subnet['cidr']}.",
            )


def check_gateway_outside_pools(subnet: Mapping[str, Any]) -> None:
    """Refuse a gateway that a port could get. Raises Refused."""
    if not subnet["gateway_ip"]:
        return
    value = address.number(subnet["gateway_ip"])
    for pool in address.pools(subnet):
        if pool[0] <= value <= pool[1]:
            raise conflict(
                "GatewayConflictWithAllocationPools",
                f"Gateway ip {subnet['gateway_ip']} conflicts with allocation pool "
                f"{address.span(pool, subnet['ip_version'])}.",
            )


def check_services(subnet: Mapping[str, Any]) -> None:
    """Refuse name servers and routes of the other IP version, or too many. Raises Refused."""
    for server in subnet["dns_nameservers"]:
        _same_version(subnet, "dns_nameserver", server)
    for route in subnet["host_routes"]:
        _same_version(subnet, "next hop", route["nexthop"])
        _same_version(subnet, "destination", route["destination"])
    _at_most(subnet, "dns_nameservers", MOST_NAME_SERVERS, "DNSNameServersExhausted", "DNS nameservers")
    _at_most(subnet, "host_routes", MOST_ROUTES, "HostRoutesExhausted", "host routes")


def _at_most(subnet: Resource, name: str, most: int, type_: str, what: str) -> None:
    if len(subnet[name]) > most:
        raise bad_request(
            f"Unable to complete operation for {subnet['id'] or 'new subnet'}. "
            f"The number of {what} exceeds the limit {most}.",
            type_,
        )
