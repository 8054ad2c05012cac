"""When two flow classifiers want the same packet.

Missing values match everything. The basic conflict leaves the logical ports aside: between chains it counts, because
a packet that comes back from a function has lost the port at which it began.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_network

from sfcci.chain.state import Resource

KNOWN_PREFIXES = 16384
MAX_PORT = 65535


def conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers."""
    return conflicts_with(a)(b)


def basically_conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers, at whatever port it came in."""
    return basic_conflicts_with(a)(b)


def conflicts_with(classifier: Resource) -> Callable[[Resource], bool]:
    """Give the question whether another classifier conflicts with this one."""
    source, destination = classifier["logical_source_port"], classifier["logical_destination_port"]
    basic = basic_conflicts_with(classifier)

    def asked_of(other: Resource) -> bool:
        there, to = other["logical_source_port"], other["logical_destination_port"]
        return (
            (source is None or there is None or source == there)
            and (destination is None or to is None or destination == to)
            and basic(other)
        )

    return asked_of


def basic_conflicts_with(classifier: Resource) -> Callable[[Resource], bool]:
    """Give the question whether another classifier basically conflicts with this one.

    It is asked of every classifier that there is, so it is written out: what tells two apart most often stands first.
    """
    ethertype, protocol = classifier["ethertype"], classifier["protocol"]
    source, destination = classifier["source_ip_prefix"], classifier["destination_ip_prefix"]
    low, high = _span(source)
    low_to, high_to = _span(destination)
    first, last = _bounds(classifier, "source_port_range_min", "source_port_range_max")
    first_to, last_to = _bounds(classifier, "destination_port_range_min", "destination_port_range_max")

    def asked_of(other: Resource) -> bool:
        if other["ethertype"] != ethertype:
            return False
        theirs = other["protocol"]
        if theirs is not None and protocol is not None and theirs != protocol:
            return False
        prefix = other["source_ip_prefix"]
        if prefix is not None and source is not None:
            begin, end = span(prefix)
            if begin > high or low > end:
                return False
        prefix = other["destination_ip_prefix"]
        if prefix is not None and destination is not None:
            begin, end = span(prefix)
            if begin > high_to or low_to > end:
                return False
        begin, end = _bounds(other, "destination_port_range_min", "destination_port_range_max")
        if begin > last_to or first_to > end:
            return False
        begin, end = _bounds(other, "source_port_range_min", "source_port_range_max")
        return begin <= last and first <= end

    return asked_of


@lru_cache(KNOWN_PREFIXES)
def span(prefix: str) -> tuple[int, int]:
    """Give the first and the last address of a CIDR prefix as numbers; host bits are ignored."""
    network = ip_network(prefix, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def _span(prefix: str | None) -> tuple[int, int]:
    return (0, 0) if prefix is None else span(prefix)


def _bounds(classifier: Resource, low: str, high: str) -> tuple[int, int]:
    first, last = classifier[low], classifier[high]
    return 0 if first is None else first, MAX_PORT if last is None else last
