"""When two flow classifiers want the same packet.

Missing values match everything. The basic conflict leaves the logical ports aside: between chains it counts, because
a packet that comes back from a function has lost the port at which it began.
"""

from functools import lru_cache
from ipaddress import ip_network

from sfcci.chain.state import Resource

KNOWN_PREFIXES = 16384


def conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers."""
    return (
        _same_or_any(a["logical_source_port"], b["logical_source_port"])
        and _same_or_any(a["logical_destination_port"], b["logical_destination_port"])
        and basically_conflicting(a, b)
    )


def basically_conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers, at whatever port it came in."""
    return (
        a["ethertype"] == b["ethertype"]
        and _same_or_any(a["protocol"], b["protocol"])
        and _ports_meet(a, b, "destination_port_range_min", "destination_port_range_max")
        and _prefixes_meet(a["source_ip_prefix"], b["source_ip_prefix"])
        and _prefixes_meet(a["destination_ip_prefix"], b["destination_ip_prefix"])
        and _ports_meet(a, b, "source_port_range_min", "source_port_range_max")
    )


@lru_cache(KNOWN_PREFIXES)
def span(prefix: str) -> tuple[int, int]:
    """Give the first and the last address of a CIDR prefix as numbers; host bits are ignored."""
    network = ip_network(prefix, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def _same_or_any(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b


def _prefixes_meet(a: str | None, b: str | None) -> bool:
    """Of one family: the ethertypes are equal."""
    if a is None or b is None or a == b:
        return True
    (low_a, high_a), (low_b, high_b) = span(a), span(b)
    return low_a <= high_b and low_b <= high_a


def _ports_meet(a: Resource, b: Resource, low: str, high: str) -> bool:
    low_a, high_a, low_b, high_b = a[low], a[high], b[low], b[high]
    return (low_a is None or high_b is None or low_a <= high_b) and (
        low_b is None or high_a is None or low_b <= high_a
    )
