"""Two classifiers conflict exactly when some packet matches both."""

from ipaddress import ip_address, ip_network
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.conflict import basically_conflicting, conflicting, span

PREFIXES = {
    "IPv4": [
        "10.0.0.0/8",
        "10.0.0.5/24",
        "10.0.0.128/25",
        "10.0.0.5/32",
        "10.0.0.255/32",
        "10.0.1.0/24",
        "0.0.0.0/0",
        "11.0.0.0/8",
    ],
    "IPv6": ["2001:db8::/32", "2001:db8::7/64", "2001:db8:0:1::/64", "2001:db8::7/128", "::/0"],
}
EDGES = [0, 1, 79, 80, 81, 65534, 65535]
NO_PORTS = {f"{side}_port_range_{end}": None for side in ("source", "destination") for end in ("min", "max")}
BOUNDS = st.one_of(
    st.tuples(st.none(), st.none()),
    st.tuples(st.sampled_from(EDGES), st.none()),
    st.tuples(st.none(), st.sampled_from(EDGES)),
    st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)).map(sorted).map(tuple),
)


@st.composite
def classifiers(draw):
    ethertype = draw(st.sampled_from(["IPv4", "IPv6"]))
    protocol = draw(st.sampled_from([None, "tcp", "udp", "icmp"]))
    prefixes = st.sampled_from([None, *PREFIXES[ethertype]])
    ports = dict(NO_PORTS)
    if protocol in ("tcp", "udp"):
        for side in ("source", "destination"):
            ports[f"{side}_port_range_min"], ports[f"{side}_port_range_max"] = draw(BOUNDS)
    return {
        "ethertype": ethertype,
        "protocol": protocol,
        "source_ip_prefix": draw(prefixes),
        "destination_ip_prefix": draw(prefixes),
        "logical_source_port": draw(st.sampled_from([None, "a", "b"])),
        "logical_destination_port": draw(st.sampled_from([None, "a", "b"])),
        **ports,
    }


def matches(classifier, packet):
    ethertype, protocol, addresses, ports, logical = packet
    if classifier["ethertype"] != ethertype or classifier["protocol"] not in (None, protocol):
        return False
    for side, address, port, where in zip(("source", "destination"), addresses, ports, logical, strict=True):
        prefix = classifier[f"{side}_ip_prefix"]
        if prefix and ip_address(address) not in ip_network(prefix, strict=False):
            return False
        low, high = classifier[f"{side}_port_range_min"], classifier[f"{side}_port_range_max"]
        if not (low or 0) <= port <= (65535 if high is None else high):
            return False
        if classifier[f"logical_{side}_port"] not in (None, where):
            return False
    return True


def packets(a, b):
    """Every packet at a corner of the two: where two ranges meet, they meet at the beginning of one of them."""
    sides = []
    for side in ("source", "destination"):
        prefixes = [one[f"{side}_ip_prefix"] or PREFIXES[a["ethertype"]][0] for one in (a, b)]
        addresses = {str(ip_network(prefix, strict=False)[0]) for prefix in prefixes}
        ports = {one[f"{side}_port_range_min"] or 0 for one in (a, b)}
        sides.append(list(product(addresses, ports, ("a", "b"))))
    for protocol, source, destination in product(("tcp", "udp", "icmp"), *sides):
        yield a["ethertype"], protocol, *zip(source, destination, strict=True)


def anywhere(classifier):
    return {**classifier, "logical_source_port": None, "logical_destination_port": None}


@given(classifiers(), classifiers())
def test_two_conflict_exactly_when_a_packet_matches_both(a, b):
    def shared(a, b):
        return any(matches(a, packet) and matches(b, packet) for packet in packets(a, b))

    assert conflicting(a, b) == conflicting(b, a) == shared(a, b)
    assert basically_conflicting(a, b) == basically_conflicting(b, a) == shared(anywhere(a), anywhere(b))


@given(classifiers())
def test_each_conflicts_with_itself(classifier):
    assert conflicting(classifier, classifier)
    assert basically_conflicting(classifier, anywhere(classifier))


def test_host_bits_of_a_prefix_mean_nothing():
    assert span("10.0.0.5/24") == span("10.0.0.0/24") == (0x0A000000, 0x0A0000FF)
    assert span("::/0") == (0, 2**128 - 1)
