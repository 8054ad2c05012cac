"""Addresses of subnets and ports: pools, the lowest free one, EUI-64 (RFC 4291, appendix A), MACs from ids.

Addresses are compared as numbers and stored as Neutron writes them (RFC 5952 for IPv6).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Pool = tuple[int, int]
"""First and last address of a pool, as numbers."""

MAC_PREFIX = "fa:16:3e"
_SUFFIXES = 1 << 24
_SLAAC_MODES = frozenset({"slaac", "dhcpv6-stateless"})
_SINGLE_BITS = 1
"""A subnet with so few bits for hosts (RFC 3021, RFC 6164) has no address to keep back."""


def network(text: str) -> Network:
    """Give the network of a CIDR whose host bits may be set. Raises ValueError."""
    return ip_network(text, strict=False)


@lru_cache(maxsize=1 << 15)
def number(text: str) -> int:
    """Give an address as a number. Raises ValueError."""
    return int(IPv6Address(text) if ":" in text else IPv4Address(text))


def written(value: int, version: int) -> str:
    """Give the address of that number as text."""
    return str(IPv4Address(value) if version == 4 else IPv6Address(value))  # noqa: PLR2004 - IP's version


def hosts(cidr: Network) -> Pool:
    """Give the first and last address that a port can have: none of the network's and broadcast's own."""
    first, last = int(cidr.network_address), int(cidr.broadcast_address)
    if cidr.max_prefixlen - cidr.prefixlen <= _SINGLE_BITS:
        return first, last
    return first + 1, last - (cidr.version == 4)  # noqa: PLR2004 - IPv6 has no broadcast address


def within(cidr: str, text: str) -> bool:
    """Say whether an address is one that the hosts of that network have."""
    whole = network(cidr)
    first, last = hosts(whole)
    return ip_address(text).version == whole.version and first <= number(text) <= last


def first_host(cidr: Network) -> str:
    """Give the address that a subnet's gateway has when nobody says another."""
    return written(hosts(cidr)[0], cidr.version)


def without(pool: Pool, taken: int | None) -> list[Pool]:
    """Give what is left of a pool when one address is taken out."""
    first, last = pool
    if taken is None or not first <= taken <= last:
        return [pool]
    return [part for part in ((first, taken - 1), (taken + 1, last)) if part[0] <= part[1]]


def pools(subnet: Mapping[str, Any]) -> list[Pool]:
    """Give a subnet's allocation pools as numbers, in their order."""
    return [(number(pool["start"]), number(pool["end"])) for pool in subnet["allocation_pools"]]


def written_pools(pools_: Iterable[Pool], version: int) -> list[dict[str, str]]:
    """Give pools as the API shows them."""
    return [{"start": written(first, version), "end": written(last, version)} for first, last in pools_]


def lowest_free(pools_: Sequence[Pool], taken: AbstractSet[int]) -> int | None:
    """Give the lowest address of the pools that is not taken, None when all are."""
    for first, last in sorted(pools_):
        candidate = first
        while candidate in taken:
            candidate += 1
        if candidate <= last:
            return candidate
    return None


def automatic(subnet: Mapping[str, Any]) -> bool:
    """Say whether the subnet's addresses are made by the ports themselves (SLAAC, RFC 4862)."""
    return subnet["ipv6_address_mode"] in _SLAAC_MODES


def eui64(cidr: str, mac: str) -> str:
    """Give the address that a port with that MAC makes for itself in a /64."""
    octets = [int(octet, 16) for octet in mac.split(":")]
    identifier = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    return str(IPv6Address(int(network(cidr).network_address) | int.from_bytes(bytes(identifier), "big")))


def macs(id_: str) -> Iterator[str]:
    """Give the MACs that a port with this id may get, the first one first: each of the prefix's once."""
    start = int(id_.replace("-", "")[-6:], 16)
    for step in range(_SUFFIXES):
        suffix = f"{(start + step) % _SUFFIXES:06x}"
        yield ":".join((MAC_PREFIX, suffix[:2], suffix[2:4], suffix[4:]))


def span(pool: Pool, version: int) -> str:
    """Give a pool as Neutron's messages do: as one CIDR where it is one, else `first-last`."""
    first, last = pool
    size = last - first + 1
    if size & (size - 1) == 0 and first % size == 0:
        bits = 32 if version == 4 else 128  # noqa: PLR2004 - IP's version
        return f"{written(first, version)}/{bits - size.bit_length() + 1}"
    return f"{written(first, version)}-{written(last, version)}"
