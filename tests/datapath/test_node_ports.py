"""Ports that are found on nodes: each has one number over all nodes, each network one tag, whatever nodes bring along."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.chain.state import State
from sfcci.datapath.node_ports import bound, found, marks, needed_mtus, numbered, placed, places
from sfcci.datapath.node_rows import NodeRows, NodeSpec, Plugged, read, repairs
from sfcci.datapath.remote import remote
from sfcci.datapath.topology import Topology
from sfcci.datapath.wanted import last_number, wanted

IDS = tuple(f"0000000{n}-0000-4000-8000-000000000000" for n in range(6))


def port(number, network):
    return {
        "id": IDS[number],
        "network_id": network,
        "project_id": "p",
        "device_id": "",
        "device_owner": "",
        "name": "",
        "mac_address": f"02:00:00:00:00:0{number}",
        "fixed_ips": [],
        "binding:host_id": "",
    }


STATE = State(
    {
        "networks": {name: {"id": name, "mtu": 1450} for name in ("a", "b")},
        "ports": {IDS[n]: port(n, "a" if n % 2 else "b") for n in range(6)},
    }
)


def spec(name, **more):
    at = remote(f"ssl:{name}")
    return NodeSpec(name, at, at, f"192.0.2.{name[-1]}", **more)


SPECS = (spec("node1"), spec("node2"))
plugs = st.builds(
    Plugged,
    st.sampled_from((*IDS, "somebody's")),
    st.just("tap"),
    st.integers(0, 9),
    st.booleans(),
    st.integers(0, 7),
    st.integers(0, 3),
)
nodes = st.fixed_dictionaries(
    {
        name: st.lists(plugs, max_size=7).map(lambda some: NodeRows({one.id: one for one in some}, 65))
        for name in ("node1", "node2")
    }
)


def topology_of(there, known=None, last=0):
    at = found(STATE, there)
    known = numbered(STATE, known or Topology(), at)
    return wanted(bound(STATE, at), known, max(last, last_number(known, last))), at


@settings(max_examples=40)
@given(nodes)
def test_numbers_and_tags_are_nobody_elses(there):
    topology, at = topology_of(there)
    assert {one.id for one in topology.ports} == at.keys()
    numbers = [one.number for one in topology.ports]
    assert len(set(numbers)) == len(numbers)
    tags = {(STATE.of("ports")[one.id]["network_id"], one.network) for one in topology.ports}
    assert len({network for network, _ in tags}) == len({tag for _, tag in tags}) == len(tags)


@settings(max_examples=40)
@given(nodes)
def test_who_finds_what_was_told_to_the_nodes_gives_the_same(there):
    topology, at = topology_of(there)
    told = marks(topology, at)
    kept = {
        name: replace(
            rows,
            ports={
                id_: replace(one, number=told[name][id_][0], tag=told[name][id_][1])
                for id_, one in rows.ports.items()
                if id_ in told.get(name, {})
            },
        )
        for name, rows in there.items()
    }
    again, _ = topology_of(kept)
    assert {one.id: (one.number, one.network) for one in again.ports} == {
        one.id: (one.number, one.network) for one in topology.ports
    }


@settings(max_examples=40)
@given(nodes)
def test_places_lead_each_port_to_where_it_is(there):
    topology, at = topology_of(there)
    made = places(SPECS, there, placed(topology, at))
    for one in topology.ports:
        node = made.node_of(one.number)
        assert node is not None
        assert node.name == at[one.id][0]
        assert node.numbers.get(one.number, one.number) == there[node.name].ports[one.id].ofport


def test_a_port_on_two_nodes_is_where_it_carries_traffic():
    down, up = (Plugged(IDS[0], "tap", 1, is_up) for is_up in (False, True))
    there = {"node1": NodeRows({IDS[0]: down}), "node2": NodeRows({IDS[0]: up})}
    assert found(STATE, there)[IDS[0]][0] == "node2"


def test_packets_of_functions_with_labels_or_headers_need_more_of_the_underlay():
    there = {
        name: NodeRows({IDS[n]: Plugged(IDS[n], "tap", 1, up=True)}, 65)
        for n, name in enumerate(("node1", "node2"))
    }
    topology, at = topology_of(there)
    pair = {"ingress": IDS[0], "egress": IDS[0], "service_function_parameters": {"correlation": "mpls"}}
    with_label = State({**STATE.collections, "port_pairs": {"pp": {"id": "pp", **pair}}})
    assert needed_mtus(STATE, SPECS, topology, at) == {"node1": 1500, "node2": 1500}
    assert needed_mtus(with_label, SPECS, topology, at) == {"node1": 1504, "node2": 1504}
    assert needed_mtus(with_label, SPECS[:1], topology, at) == {}


def rows(**interface):
    """A bridge as another left it, with one port of the API."""
    tap = {"name": "tap0", "type": "", "ofport": 3, "link_state": "up", "admin_state": "up", "error": None}
    tap |= {"options": {}, "external_ids": {"iface-id": IDS[0]}, **interface}
    bridge = {
        "name": "br-int",
        "ports": ["p0"],
        "controller": [],
        "datapath_type": "",
        "fail_mode": None,
        "protocols": ["OpenFlow10"],
        "other_config": {},
    }
    return {
        "Open_vSwitch": {"o": {"ovs_version": "3.1.0", "bridges": ["b"]}},
        "Bridge": {"b": bridge},
        "Port": {"p0": {"name": "tap0", "interfaces": ["i0"], "tag": None}},
        "Interface": {"i0": tap},
        "Controller": {},
    }


def test_what_is_not_as_it_shall_be_is_put_right():
    said = repairs(rows(), spec("node1"), {IDS[0]: (7, 2)})
    text = str(said)
    for word in (
        "'secure'",
        "OpenFlow15",
        "mac-aging-time",
        "pssl:6640",
        "tun-br-int",
        "'tag': 4094",
        "'sfcci-number', '7'",
    ):
        assert word in text, word
    assert {step["table"] for step in said} == {"Bridge", "Controller", "Port", "Interface"}


PLACES = {
    "unix:/run/br.mgmt": "",
    "tcp:192.0.2.1:6653": "ptcp:6653:192.0.2.1",
    "tcp:[2001:db8::1]:6653": "ptcp:6653:[2001:db8::1]",
    "ssl:192.0.2.1:6653": "pssl:6653",
    "ssl:[2001:db8::1]:6653": "pssl:6653:[::]",
    "tcp:node1.example:6653": "ptcp:6653",
}


@pytest.mark.parametrize(("place", "target"), PLACES.items())
@pytest.mark.parametrize("old", [None, "ptcp:6653:192.0.2.9", "pssl:6653", "ptcp:6653"])
@pytest.mark.parametrize("ours", [True, False])
def test_a_bridge_listens_where_it_is_reached_and_nowhere_of_ours_besides(place, target, old, ours):
    there = rows()
    there["Bridge"]["b"]["controller"] = ["c"] if old else []
    ids = {"sfcci": "made"} if ours else {}
    there["Controller"] = {"c": {"target": old, "is_connected": None, "external_ids": ids}} if old else {}
    node = replace(spec("node1"), openflow=remote(place))
    for _ in range(2):  # the old one goes first
        for step in repairs(there, node, {}):
            if step["table"] == "Controller":
                there["Controller"]["new"] = step["row"] | {"external_ids": {"sfcci": "made"}}
            for column, what, value in step.get("mutations", ()):
                if (column, what) == ("controller", "delete"):
                    there["Bridge"]["b"]["controller"].remove(value[1])
                elif column == "controller":
                    there["Bridge"]["b"]["controller"].append("new")
    targets = [there["Controller"][id_]["target"] for id_ in there["Bridge"]["b"]["controller"]]
    kept = [old] if old and not ours else []
    reached = {
        "ptcp:6653": ("tcp:192.0.2.1:6653", "tcp:node1.example:6653"),
        "pssl:6653": ("ssl:192.0.2.1:6653",),
    }
    reached["ptcp:6653:192.0.2.9"] = ("tcp:node1.example:6653",)  # nobody knows its address
    enough = bool(kept) and place in reached[old]
    assert targets == [*kept, *([target] if target and not enough else [])]


def test_what_a_stranger_writes_into_a_row_does_no_harm():
    for ids in (
        {},
        {"iface-id": IDS[0], "sfcci-number": "many"},
        {"iface-id": IDS[0], "sfcci-number": "9" * 30},
    ):
        assert all(one.number == 0 for one in read(rows(external_ids=ids), spec("node1")).ports.values())
    assert read(rows(ofport=None, error="no such device"), spec("node1")).faults == ("tap0: no such device",)
    assert not read(rows(ofport=-1), spec("node1")).ports[IDS[0]].up
