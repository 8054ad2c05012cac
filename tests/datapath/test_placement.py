"""On which node each host is, as a scenario says it or as hosts are dealt out."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.datapath.placement import node_names, placed
from sfcci.datapath.scenario import SCHEMA, load_scenario, on_nodes, parse_scenario
from sfcci.datapath.topology import Host, Port, Topology
from sfcci.datapath.underlay import address, hardware_address, mtu, places
from sfcci.errors import InputError

TEXT = """\
name: small
network: 10.0.0.0/29
hosts:
  a: {}
  b: {node: left}
  c: {}
ports:
  a0: {host: a}
  b0: {host: b}
  c0: {host: c}
"""
NODES = st.lists(st.sampled_from("uvwxyz"), min_size=1, max_size=6, unique=True)


def scenario(more=""):
    return parse_scenario(document.parse(TEXT + more, "lab.yaml", SCHEMA))


@given(st.lists(st.sampled_from(["", "u", "v"]), min_size=1, max_size=12), NODES)
def test_every_host_is_on_a_node_and_those_that_say_none_are_dealt_out_evenly(said, names):
    nodes = ("u", "v", *(name for name in names if name not in "uv"))
    hosts = tuple(Host(f"h{number}", node=node) for number, node in enumerate(said))
    ports = tuple(Port(h.name, "eth0", h.name, "", "", n) for n, h in enumerate(hosts, 1))
    there = placed(Topology(hosts, ports), nodes)
    assert [h.node for h, word in zip(there.hosts, said, strict=True) if word] == [w for w in said if w]
    dealt = [h.node for h, word in zip(there.hosts, said, strict=True) if not word]
    counts = [dealt.count(node) for node in nodes]
    assert max(counts) - min(counts) <= 1
    assert all(x != y for x, y in pairwise(dealt))  # neighbours part
    assert {port.id: port.node for port in there.ports} == {h.name: h.node for h in there.hosts}
    assert placed(there, nodes) == there


def test_a_scenario_that_says_nothing_has_one_switch():
    plain = load_scenario("demo").topology
    assert plain.nodes == ()
    assert {port.plug[0] for port in plain.ports} == {""}
    assert placed(plain, ()) is plain


def test_hosts_name_nodes_and_a_number_adds_to_them():
    assert scenario().topology.nodes == ("left",)
    assert scenario("nodes: 3\n").topology.nodes == ("left", "node1", "node2")
    assert scenario("nodes: [right, left]\n").topology.nodes == ("right", "left")
    assert node_names({"hosts": {}, "nodes": 2}) == ("node1", "node2")


def test_a_scenario_is_put_on_nodes_as_if_its_document_said_so():
    over = on_nodes(load_scenario("demo"), 2, "geneve")
    assert [host.node for host in over.topology.hosts] == ["node1", "node2", "node1", "node2", "node1"]
    assert over.topology.encapsulation == "geneve"
    assert replace(over.chains) == load_scenario("demo").chains
    assert [replace(p, node="") for p in over.topology.ports] == list(load_scenario("demo").topology.ports)


def test_what_cannot_be_is_told_with_its_place():
    with pytest.raises(InputError) as wrong:
        scenario("nodes: [right, a]\nencapsulation: gre\n")
    assert [str(fault) for fault in wrong.value.faults] == [
        'lab.yaml:12:1: encapsulation: found "gre"; expected one of vxlan, vxlan-gpe, geneve'
    ]
    with pytest.raises(InputError) as wrong:
        scenario("nodes: [right, a]\n")
    assert [str(fault) for fault in wrong.value.faults] == [
        "lab.yaml:11:1: nodes: node a has a name that is taken; expected a name that no host has",
        "lab.yaml:5:7: hosts.b.node: no node left; expected one of right, a",
    ]
    with pytest.raises(InputError, match="1 to 64"):
        on_nodes(load_scenario("demo"), 65)


def test_each_node_has_its_address_and_every_port_its_place():
    topology = on_nodes(load_scenario("nsh"), 3).topology
    assert [address(topology, node) for node in topology.nodes] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert hardware_address(topology, "node2") == "02:00:c0:00:02:02"
    there = places(topology)
    assert {n: there.nodes[n].address for n in topology.nodes} == {
        n: address(topology, n) for n in topology.nodes
    }
    for port in topology.ports:
        assert there.ports[port.number].node == port.node


def test_the_underlay_takes_the_longest_packet_and_what_a_tunnel_puts_before_it():
    plain = on_nodes(load_scenario("demo"), 2).topology
    assert mtu(plain) == 1500 + 50
    assert mtu(on_nodes(load_scenario("nsh"), 2).topology) == 1500 + 38 + 50
    assert mtu(replace(plain, ports=())) == 1550
