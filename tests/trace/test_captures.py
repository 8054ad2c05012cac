"""What captures are, and which interfaces they read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.trace import captures, gremlin
from sfcci.trace.captures import Capture, as_json, parse_capture, tapped
from sfcci.trace.graph import Graph

OWNED, LAYER2 = {"RelationType": "ownership"}, {"RelationType": "layer2"}


def _graph():
    """A host with a switch of two ports (a tap, its own interface) and a namespace with the tap's other end."""
    graph = Graph()
    for name, metadata in {
        "host": {"Type": "host", "Name": "h"},
        "br": {"Type": "ovsbridge", "Name": "br-int", "TID": "t-br"},
        "port-tap": {"Type": "ovsport", "Name": "tap1", "TID": "t-port-tap"},
        "port-br": {"Type": "ovsport", "Name": "br-int", "TID": "t-port-br"},
        "tap": {"Type": "veth", "Name": "tap1", "TID": "t-tap", "IfIndex": 5},
        "own": {"Type": "internal", "Name": "br-int", "TID": "t-own", "IfIndex": 2},
        "ns": {"Type": "netns", "Name": "vm1", "TID": "t-ns"},
        "eth0": {"Type": "veth", "Name": "eth0", "TID": "t-eth0", "IfIndex": 4},
        "patch": {"Type": "patch", "Name": "p1", "TID": "t-patch"},
    }.items():
        graph.put_node(name, metadata, now_ms=1)
    for parent, child, kind in (
        ("host", "br", OWNED),
        ("br", "port-tap", OWNED),
        ("br", "port-tap", LAYER2),
        ("br", "port-br", LAYER2),
        ("port-tap", "tap", LAYER2),
        ("port-br", "own", LAYER2),
        ("host", "tap", OWNED),
        ("host", "own", OWNED),
        ("ns", "eth0", OWNED),
        ("tap", "eth0", LAYER2),
    ):
        graph.put_edge(f"{parent}-{child}-{kind['RelationType']}", parent, child, kind, now_ms=1)
    return graph


def _read(query):
    graph = _graph()
    capture = Capture("c", query)
    nodes = captures.chosen(gremlin.query(query, gremlin.World(graph, list)))
    return {(one.node_tid, one.netns, one.interface, one.entering) for one in tapped(capture, nodes, graph)}


def test_a_switch_is_captured_where_packets_enter_it():
    found = _read("G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')")
    assert found == {("t-br", "", "tap1", "in"), ("t-br", "", "br-int", "out")}


def test_a_port_is_not_captured_beside_its_interface():
    assert _read("G.V().Has('Name', Regex('^tap.*'))") == {("t-tap", "", "tap1", "")}
    assert _read("G.V().Has('Type', 'ovsport', 'Name', 'tap1')") == {("t-port-tap", "", "tap1", "")}


def test_an_interface_is_captured_in_its_namespace_and_what_passes_no_packet_is_not():
    assert _read("G.V().Has('Name', 'eth0')") == {("t-eth0", "vm1", "eth0", "")}
    assert _read("G.V().Has('Type', Within('host', 'netns', 'patch'))") == set()


def test_nodes_of_a_path_are_captured_too():
    found = _read("G.V().Has('Name', 'tap1', 'Type', 'veth').ShortestPathTo(Metadata('Name', 'eth0'))")
    assert {one[0] for one in found} == {"t-tap", "t-eth0"}


def test_an_expression_has_to_give_nodes():
    with pytest.raises(InputError, match=r"gives number; expected nodes"):
        _read("G.V().Count()")


def test_a_capture_tells_what_clients_read():
    made = parse_capture({"GremlinQuery": "G.V()", "BPFFilter": "port 80"}, "u1")
    assert as_json(made, 3) == {
        "UUID": "u1",
        "GremlinQuery": "G.V()",
        "BPFFilter": "port 80",
        "ExtraTCPMetric": False,
        "IPDefrag": False,
        "ReassembleTCP": False,
        "Count": 3,
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "GremlinQuery: is missing"),
        ({"GremlinQuery": 3}, "GremlinQuery: is 3; expected a str"),
        ({"GremlinQuery": "G.V()", "HeaderSize": 5000}, "HeaderSize: is 5000; expected 0 to 4096 octets"),
        ({"GremlinQuery": "G.V()", "IPDefrag": "yes"}, "IPDefrag: is 'yes'; expected a bool"),
        ({"GremlinQuery": "G.V()", "LayerKeyMode": "L9"}, "LayerKeyMode: is 'L9'; expected L2 or L3"),
        ({"GremlinQuery": "G.V()", "Grenlin": 1}, "Grenlin: a capture has no such key"),
        ({"GremlinQuery": "G.V()", "UUID": "../x"}, "UUID: is '../x'"),
        ({"GremlinQuery": "G.V()", "Port": True}, "Port: is True; expected a whole number"),
    ],
)
def test_what_is_wrong_with_a_capture_is_said(given, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        parse_capture(given, "u")


@settings(max_examples=40)
@given(
    st.builds(
        Capture,
        st.text("abc-0", min_size=1, max_size=9),
        st.text(min_size=1).filter(str.strip),
        bpf_filter=st.text(),
        name=st.text(),
        raw_packet_limit=st.integers(-1, 1 << 20),
        header_size=st.integers(0, 4096),
        extra_tcp_metric=st.booleans(),
        layer_key_mode=st.sampled_from(["", "L2", "L3"]),
        extra_layers=st.lists(st.text("ABC", min_size=1)).map(tuple),
    )
)
def test_a_capture_is_what_its_json_says(capture):
    assert parse_capture(as_json(capture), "other") == capture
