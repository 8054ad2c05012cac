"""What is refused: references to nothing, packets wanted twice, and features that are not there yet."""

import dataclasses

import pytest

from sfcci.chain.conflict import basically_conflicting
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
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
        ("port_pairs", {"correlation": "mpls"}, "port_pairs.PP1.correlation", "found mpls"),
        ("port_pairs", {"weight": 0}, "port_pairs.PP1.weight", "found 0"),
        ("port_pair_groups", {"port_pairs": ("x",)}, "port_pair_groups.PG1.port_pairs", "no port pair x"),
        (
            "port_pair_groups",
            {"port_pairs": ("p1", "p1")},
            "port_pair_groups.PG1.port_pairs",
            "p1 stands there 2 times",
        ),
        ("port_pair_groups", {"lb_fields": ("ip_src",)}, "port_pair_groups.PG1.lb_fields", "found ip_src"),
        ("port_pair_groups", {"tap_enabled": True}, "port_pair_groups.PG1.tap_enabled", "found true"),
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
        (
            "flow_classifiers",
            {"logical_destination_port": "d"},
            "flow_classifiers.FC1.logical_destination_port",
            "found a port",
        ),
        ("flow_classifiers", {"ethertype": "IPv6"}, "flow_classifiers.FC1.ethertype", "found IPv6"),
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
        ("port_chains", {"symmetric": True}, "port_chains.PC1.symmetric", "found true"),
        ("port_chains", {"correlation": "nsh"}, "port_chains.PC1.correlation", "found nsh"),
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
