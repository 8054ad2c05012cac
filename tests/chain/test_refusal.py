"""What is refused: references to nothing, packets wanted twice, and what no switch could tell apart."""

import dataclasses

import pytest

from sfcci.chain.conflict import basically_conflicting
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup, ServiceGraph
from sfcci.chain.refusal import refusals

PORTS = ("s", "t", "d", "a", "b", "c", "e")
GOOD = ChainState(
    (PortPair("p1", "PP1", "a", "b"), PortPair("p2", "PP2", "c", "e")),
    (PortPairGroup("g1", "PG1", 1, ("p1",)), PortPairGroup("g2", "PG2", 2, ("p2",))),
    (FlowClassifier("f1", "FC1", "s", protocol="tcp", destination_port_range_min=80),),
    (PortChain("c1", "PC1", 1, ("g1", "g2"), ("f1",)),),
)


def changed(collection, **values):
    """GOOD with the first resource of a collection changed."""
    first, *rest = getattr(GOOD, collection)
    return dataclasses.replace(GOOD, **{collection: (dataclasses.replace(first, **values), *rest)})


def test_a_good_state_is_not_refused():
    assert refusals(GOOD, PORTS) == ()


@pytest.mark.parametrize(
    ("collection", "values", "where", "found"),
    [
        ("port_pairs", {"ingress": "x"}, "port_pairs.PP1.ingress", "no port x"),
        ("port_pairs", {"correlation": "nsh"}, "port_pairs.PP1.correlation", "found nsh"),
        ("port_pairs", {"correlation": "vxlan"}, "port_pairs.PP1.correlation", "found vxlan"),
        ("port_pairs", {"weight": -1}, "port_pairs.PP1.weight", "found -1"),
        ("port_pair_groups", {"port_pairs": ("x",)}, "port_pair_groups.PG1.port_pairs", "no port pair x"),
        (
            "port_pair_groups",
            {"port_pairs": ("p1", "p1")},
            "port_pair_groups.PG1.port_pairs",
            "p1 stands there 2 times",
        ),
        ("port_pair_groups", {"lb_fields": ("ip_src", "x")}, "port_pair_groups.PG1.lb_fields", "found x"),
        ("port_pair_groups", {"group_id": 0}, "port_pair_groups.PG1.group_id", "found 0"),
        ("port_pair_groups", {"group_id": 2}, "port_pair_groups.PG2.group_id", "2 is group PG1's"),
        (
            "port_pair_groups",
            {"port_pairs": ("p1", "p2")},
            "port_pair_groups.PG2.port_pairs",
            "p2 is group PG1's",
        ),
        (
            "flow_classifiers",
            {"logical_source_port": None},
            "flow_classifiers.FC1.logical_source_port",
            "is missing",
        ),
        (
            "flow_classifiers",
            {"logical_source_port": "a"},
            "flow_classifiers.FC1.logical_source_port",
            "is a service function's port",
        ),
        (
            "flow_classifiers",
            {"logical_source_port": "x"},
            "flow_classifiers.FC1.logical_source_port",
            "no port x",
        ),
        ("flow_classifiers", {"ethertype": "ARP"}, "flow_classifiers.FC1.ethertype", "found ARP"),
        (
            "flow_classifiers",
            {"ethertype": "IPv6", "destination_ip_prefix": "10.0.0.0/24"},
            "flow_classifiers.FC1.destination_ip_prefix",
            "found 10.0.0.0/24",
        ),
        ("flow_classifiers", {"protocol": "sctp"}, "flow_classifiers.FC1.protocol", "found sctp"),
        (
            "flow_classifiers",
            {"protocol": "icmp"},
            "flow_classifiers.FC1.destination_port_range_min",
            "ports without tcp or udp",
        ),
        (
            "flow_classifiers",
            {"destination_port_range_max": 79},
            "flow_classifiers.FC1.destination_port_range_min",
            "found 80 to 79",
        ),
        (
            "flow_classifiers",
            {"source_port_range_max": 65536},
            "flow_classifiers.FC1.source_port_range_min",
            "found None to 65536",
        ),
        (
            "flow_classifiers",
            {"source_ip_prefix": "10.0.0.1"},
            "flow_classifiers.FC1.source_ip_prefix",
            "found 10.0.0.1",
        ),
        (
            "flow_classifiers",
            {"source_ip_prefix": "2001:db8::/32"},
            "flow_classifiers.FC1.source_ip_prefix",
            "found 2001:db8::/32",
        ),
        ("port_chains", {"chain_id": 4096}, "port_chains.PC1.chain_id", "found 4096"),
        ("port_chains", {"port_pair_groups": ()}, "port_chains.PC1.port_pair_groups", "0 groups"),
        (
            "port_chains",
            {"port_pair_groups": tuple(f"g{n}" for n in range(127))},
            "port_chains.PC1.port_pair_groups",
            "127 groups",
        ),
        ("port_chains", {"symmetric": True}, "flow_classifiers.FC1.logical_destination_port", "is missing"),
        ("port_chains", {"correlation": "vxlan"}, "port_chains.PC1.correlation", "found vxlan"),
        ("port_chains", {"correlation": "nsh", "chain_id": 65536}, "port_chains.PC1.chain_id", "found 65536"),
        (
            "port_chains",
            {"flow_classifiers": ("x",)},
            "port_chains.PC1.flow_classifiers",
            "no flow classifier x",
        ),
    ],
)
def test_what_cannot_be_compiled_is_refused_by_name(collection, values, where, found):
    refused = [(".".join(r.keys), r.found) for r in refusals(changed(collection, **values), PORTS)]
    assert (where, found) in refused


@pytest.mark.parametrize(
    ("collection", "values"),
    [
        ("port_pairs", {"correlation": "mpls"}),
        ("port_pairs", {"weight": 0}),
        ("port_pair_groups", {"lb_fields": ("ip_src", "udp_dst")}),
        ("port_pair_groups", {"tap_enabled": True}),
        ("flow_classifiers", {"logical_destination_port": "d"}),
        ("flow_classifiers", {"ethertype": "IPv6", "source_ip_prefix": "2001:db8::/32"}),
        ("port_chains", {"correlation": "nsh", "chain_id": 65535}),
    ],
)
def test_every_kind_of_chain_can_be_compiled(collection, values):
    assert refusals(changed(collection, **values), PORTS) == ()


def test_a_port_from_which_packets_come_back_in_two_hops_is_refused_in_either_direction():
    pairs = (PortPair("p1", "PP1", "a", "b"), PortPair("p2", "PP2", "a", "e"))
    state = dataclasses.replace(GOOD, port_pairs=pairs)
    assert refusals(state, PORTS) == ()
    (classifier,), (chain,) = GOOD.flow_classifiers, GOOD.port_chains
    symmetric = dataclasses.replace(
        state,
        flow_classifiers=(dataclasses.replace(classifier, logical_destination_port="d"),),
        port_chains=(dataclasses.replace(chain, symmetric=True),),
    )
    assert [r.found for r in refusals(symmetric, PORTS)] == ["ingress port a is in two groups"]
    tap = dataclasses.replace(GOOD.port_pair_groups[0], tap_enabled=True)
    tapped = dataclasses.replace(symmetric, port_pair_groups=(tap, *GOOD.port_pair_groups[1:]))
    assert refusals(tapped, PORTS) == ()


def test_chains_of_a_graph_begin_anywhere_and_have_no_way_back():
    inner = FlowClassifier("f2", "FC2", None, protocol="udp")
    graph = ServiceGraph("s1", "SG1", (("c1", ("c2",)),))
    state = dataclasses.replace(
        GOOD,
        flow_classifiers=(*GOOD.flow_classifiers, inner),
        port_chains=(*GOOD.port_chains, PortChain("c2", "PC2", 2, ("g2",), ("f2",))),
    )
    assert [r.found for r in refusals(state, PORTS)] == ["is missing"]
    state = dataclasses.replace(state, service_graphs=(graph,))
    assert refusals(state, PORTS) == ()
    first, second = state.port_chains
    state = dataclasses.replace(state, port_chains=(first, dataclasses.replace(second, symmetric=True)))
    assert ("port_chains", "PC2", "symmetric") in [r.keys for r in refusals(state, PORTS)]


def test_a_port_that_ends_two_hops_of_one_chain_is_refused():
    pairs = (PortPair("p1", "PP1", "a", "b"), PortPair("p2", "PP2", "c", "b"))
    refused = refusals(dataclasses.replace(GOOD, port_pairs=pairs), PORTS)
    assert [r.found for r in refused] == ["egress port b is in two groups"]


def test_classifiers_of_two_chains_may_not_want_the_same_packet():
    second = FlowClassifier("f2", "FC2", "t", protocol="tcp", destination_port_range_max=80)
    both = dataclasses.replace(
        GOOD,
        flow_classifiers=(*GOOD.flow_classifiers, second),
        port_chains=(*GOOD.port_chains, PortChain("c2", "PC2", 2, ("g2",), ("f2",))),
    )
    assert [(r.keys[1], r.found) for r in refusals(both, PORTS)] == [("PC2", "FC2 overlaps FC1 of chain PC1")]


BASE = FlowClassifier(
    "f", "F", "s", protocol="tcp", source_ip_prefix="10.0.0.0/24",
    destination_port_range_min=80, destination_port_range_max=90,
)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "conflict"),
    [
        ({}, True),
        ({"protocol": "udp"}, False),
        ({"protocol": None}, True),
        ({"ethertype": "IPv6"}, False),
        ({"source_ip_prefix": "10.0.0.0/25"}, True),
        ({"source_ip_prefix": "10.0.1.0/24"}, False),
        ({"destination_port_range_min": 90, "destination_port_range_max": 100}, True),
        ({"destination_port_range_min": 91, "destination_port_range_max": None}, False),
        ({"destination_port_range_min": None, "destination_port_range_max": 79}, False),
        ({"destination_ip_prefix": "192.0.2.0/24"}, True),
    ],
)
def test_overlap_is_the_basic_conflict_of_neutron(values, conflict):
    base, other = vars(BASE), vars(dataclasses.replace(BASE, **values))
    assert basically_conflicting(base, other) is conflict
    assert basically_conflicting(other, base) is conflict
