"""Converters for what subnets and ports hold: pools, fixed addresses, name servers, routes, address pairs, options.

They refuse as those of `convert` do.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sfcci.chain.attribute import Converter, Invalid
from sfcci.chain.convert import (
    NAME_LENGTH,
    dictionary,
    invalid_input,
    ip,
    list_of,
    mac,
    mapping,
    network_of,
    none_or,
    one_of,
    text,
    text_or_empty,
    uuid,
    whole_number,
)

IPV6_MODES: Final = ("dhcpv6-stateful", "dhcpv6-stateless", "slaac")
VNIC_TYPES: Final = (
    "normal",
    "direct",
    "macvtap",
    "baremetal",
    "direct-physical",
    "virtio-forwarder",
    "smart-nic",
    "vdpa",
    "accelerator-direct",
    "accelerator-direct-physical",
    "remote-managed",
)
MOST_PAIRS = 10
MOST_ADDRESSES, MOST_POOLS = 500, 500
"""Of one port, of one subnet: more make everybody wait who asks for an address."""
PROFILE_LENGTH = 4095


def ip_version(value: Any) -> int:
    """Give 4 or 6."""
    return int(one_of((4, 6))(whole_number(value)))


ipv6_mode: Final[Converter] = none_or(one_of(IPV6_MODES))
vnic_type: Final[Converter] = one_of(VNIC_TYPES)


def cidr(value: Any) -> str:
    """Give a subnet's network without host bits, as RFC 4632 and RFC 5952 write it."""
    network = network_of(value)
    if network is None:
        raise Invalid(f"'{value}' is not a valid IP subnet")
    if "/" not in value:
        raise Invalid(f"'{value}' isn't a recognized IP subnet cidr, '{network}' is recommended")
    return str(network)


def ip_pools(value: Any) -> list[dict[str, str]]:
    """Give a list of pools, each with its first and last address."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(pool, dict) for pool in value):
        raise invalid_input("Invalid data format for allocation pools")
    if len(value) > MOST_POOLS:
        raise Invalid(f"Exceeded maximum amount of allocation pools: {MOST_POOLS}")
    return [_exactly({"start": ip, "end": ip}, pool) for pool in value]


def fixed_ips(value: Any) -> list[dict[str, str]]:
    """Give what a port asks for: a list of subnets, addresses, or both."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Invalid(f"Invalid data format for fixed IP: '{value}'")
    if len(value) > MOST_ADDRESSES:
        raise Invalid(f"Exceeded maximum amount of fixed IPs per port: {MOST_ADDRESSES}")
    items = [mapping({"subnet_id": uuid, "ip_address": ip})(item) for item in value]
    counted = Counter(item["ip_address"] for item in items if "ip_address" in item)
    for address, times in counted.items():
        if times > 1:
            raise Invalid(f"Duplicate IP address '{address}'")
    return items


def name_servers(value: Any) -> list[str]:
    """Give a list of addresses, each once."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Invalid(f"Invalid data format for nameserver: '{value}'")
    servers: dict[str, None] = {}
    for item in value:
        server = _name_server(item)
        if server in servers:
            raise Invalid(f"Duplicate nameserver '{item}'")
        servers[server] = None
    return list(servers)


def _name_server(item: Any) -> str:
    try:
        return ip(item)
    except Invalid as reason:
        raise Invalid(f"'{item}' is not a valid nameserver. {reason}") from None


def routes(value: Any) -> list[dict[str, str]]:
    """Give a list of routes, each with its destination and the next hop, each once."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Invalid(f"Invalid data format for hostroute: '{value}'")
    given = [_exactly({"destination": _destination, "nexthop": ip}, route) for route in value]
    seen: set[tuple[str, ...]] = set()
    for route in given:
        if (pair := (route["destination"], route["nexthop"])) in seen:
            raise Invalid(f"Duplicate hostroute '{route}'")
        seen.add(pair)
    return given


def _destination(value: Any) -> str:
    network = network_of(value)
    if network is None or "/" not in value:
        raise Invalid(f"'{value}' is not a valid CIDR")
    if str(network) != str(value).lower():
        raise Invalid(f"'{value}' is not a recognized CIDR, '{network}' is recommended")
    return str(network)


def address_pairs(value: Any) -> list[dict[str, Any]]:
    """Give the addresses that a port may use beside its own: `mac_address` null is the port's."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Invalid("Allowed address pairs must be a list.")
    if len(value) > MOST_PAIRS:
        raise Invalid(f"Exceeded maximum amount of allowed address pairs: {MOST_PAIRS}")
    given = [_address_pair(item) for item in value]
    for at, pair in enumerate(given):
        if pair in given[:at]:
            raise Invalid(f"Request contains duplicate address pair: {pair}")
    return given


def _address_pair(item: Any) -> dict[str, Any]:
    pair = mapping({"mac_address": none_or(mac), "ip_address": _address_or_prefix})(item)
    if "ip_address" not in pair:
        raise Invalid("AllowedAddressPair must contain ip_address")
    return {"mac_address": pair.get("mac_address"), "ip_address": pair["ip_address"]}


def _address_or_prefix(value: Any) -> str:
    network = network_of(value)
    if network is None:
        raise Invalid(f"'{value}' is neither a valid IP address, nor is it a valid IP subnet")
    if network.is_multicast:
        raise Invalid(f"IP {value} is a multicast address, which is not supported")
    return str(value)


def dhcp_options(value: Any) -> list[dict[str, Any]]:
    """Give a port's DHCP options; one whose value is null is taken away."""
    if value is None:
        return []
    keys: dict[str, Converter] = {
        "opt_name": _option_name,
        "opt_value": none_or(_option_value),
        "ip_version": ip_version,
    }
    options: list[dict[str, Any]] = list_of(mapping(keys), unique=False)(value)
    for option in options:
        if not {"opt_name", "opt_value"} <= option.keys():
            raise Invalid("A DHCP option needs opt_name and opt_value")
    return [{"ip_version": 4, **option} for option in options]


def _option_name(value: Any) -> str:
    name = str(text(64)(value))
    if not name.strip():
        raise Invalid(f"'{name}' Blank strings are not permitted")
    return name


def _option_value(value: Any) -> str:
    return str(text(NAME_LENGTH)(value))


def profile(value: Any) -> dict[str, Any]:
    """Give a port's binding profile: an object that is not too large to keep."""
    given = {} if value is None else dictionary(value)
    if len(str(given)) > PROFILE_LENGTH:
        raise Invalid("binding:profile value too large")
    return given


def service_types(value: Any) -> list[str]:
    """Give the owners of ports that a subnet's addresses are for, each once."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Invalid("Subnet service types must be a list.")
    types: list[str] = list_of(text_or_empty, unique=False)(value)
    for kind in types:
        if ":" not in kind or kind.startswith(":"):
            raise Invalid(f"Service type {kind} does not correspond to a valid device owner")
    if len(set(types)) < len(types):
        raise Invalid(f"Duplicate service types in {types}")
    return types


def _exactly(keys: Mapping[str, Converter], value: Any) -> dict[str, Any]:
    given = dictionary(value)
    if given.keys() != keys.keys():
        raise Invalid(
            "Validation of dictionary's keys failed. "
            f"Expected keys: {sorted(keys)} Provided keys: {sorted(map(str, given))}"
        )
    return {key: convert(given[key]) for key, convert in keys.items()}
