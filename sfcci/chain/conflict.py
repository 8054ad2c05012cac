"""When two flow classifiers want the same packet.

Missing values match everything. The basic conflict leaves the logical ports aside: between chains it counts, because
a packet that comes back from a function has lost the port at which it began.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import ip_network

from sfcci.chain.classifier_value import MAX_PORT
from sfcci.chain.index import Index, Resources
from sfcci.chain.state import Resource

KNOWN_PREFIXES = 16384
Question = Callable[[Resource], bool]


def conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers."""
    return conflicts_with(a)(b)


def basically_conflicting(a: Resource, b: Resource) -> bool:
    """Say whether some packet matches both classifiers, at whatever port it came in."""
    return basic_conflicts_with(a)(b)


def conflicts_with(classifier: Resource) -> Question:
    """Give the question whether another classifier conflicts with this one."""
    return _question(classifier, classifier["logical_source_port"], classifier["logical_destination_port"])


def basic_conflicts_with(classifier: Resource) -> Question:
    """Give the question whether another classifier basically conflicts with this one."""
    return _question(classifier, None, None)


def _question(classifier: Resource, begins: str | None, ends: str | None) -> Question:
    """It is asked of every classifier that there is, so it is written out: what tells two apart most often is first."""
    ethertype, protocol = classifier["ethertype"], classifier["protocol"]
    source, destination = (
        _addresses(classifier["source_ip_prefix"]),
        _addresses(classifier["destination_ip_prefix"]),
    )
    first, last = port_span(classifier, "source_port_range_min", "source_port_range_max")
    first_to, last_to = port_span(classifier, "destination_port_range_min", "destination_port_range_max")

    def conflicts(other: Resource) -> bool:
        if begins is not None and other["logical_source_port"] not in (None, begins):
            return False
        if other["ethertype"] != ethertype or _apart(protocol, other["protocol"]):
            return False
        for addresses, prefix in (
            (source, other["source_ip_prefix"]),
            (destination, other["destination_ip_prefix"]),
        ):
            if prefix is not None and addresses is not None:
                low, high = span(prefix)
                if low > addresses[1] or addresses[0] > high:
                    return False
        if ends is not None and other["logical_destination_port"] not in (None, ends):
            return False
        low, high = port_span(other, "destination_port_range_min", "destination_port_range_max")
        if low > last_to or first_to > high:
            return False
        low, high = port_span(other, "source_port_range_min", "source_port_range_max")
        return low <= last and first <= high

    return conflicts


def rivals(classifiers: Resources, classifier: Resource) -> Iterator[Resource]:
    """Give the classifiers that may conflict: of those with one address or port where this one has one, the same.

    Whatever of source, destination and destination port leaves fewest decides; the order means nothing.
    """
    choices = []
    for index in _exact:
        (key,) = index.keys(classifier)
        if key is not None:
            held = index.of(classifiers)
            choices.append((*held.get(key, ()), *held.get(None, ())))
    if not choices:
        yield from classifiers.values()
        return
    yield from (classifiers[id_] for id_ in min(choices, key=len))


def _one_address(attribute: str) -> Index[int | None]:
    def keys(classifier: Resource) -> tuple[int | None]:
        prefix = classifier[attribute]
        low, high = (0, 1) if prefix is None else span(prefix)
        return (low if low == high else None,)

    return Index(keys)


def _one_port(classifier: Resource) -> tuple[int | None]:
    low, high = classifier["destination_port_range_min"], classifier["destination_port_range_max"]
    return (low if low == high else None,)


_exact = (_one_address("source_ip_prefix"), _one_address("destination_ip_prefix"), Index(_one_port))


@lru_cache(KNOWN_PREFIXES)
def span(prefix: str) -> tuple[int, int]:
    """Give the first and the last address of a CIDR prefix as numbers; host bits are ignored."""
    network = ip_network(prefix, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def _addresses(prefix: str | None) -> tuple[int, int] | None:
    return None if prefix is None else span(prefix)


def _apart(a: str | None, b: str | None) -> bool:
    return a != b and a is not None and b is not None


def port_span(classifier: Resource, low: str, high: str) -> tuple[int, int]:
    """Give the first and the last port, of attributes `low` and `high`; an open end is 0 or 65535."""
    first, last = classifier[low], classifier[high]
    return 0 if first is None else first, MAX_PORT if last is None else last
