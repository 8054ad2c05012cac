"""What the API's ports ask to be plugged, and the steps from one topology to another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.state import State
from sfcci.datapath.plug import Plugged, found
from sfcci.datapath.topology import LAST_TAG, Change, Host, Port, Topology, change
from sfcci.datapath.wanted import last_number, wanted
from sfcci.errors import UsageError


def port(number, name="", device="vm1", network="net", **other):
    ip = {"subnet_id": f"{network}-4", "ip_address": f"10.0.0.{number}"}
    return {
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "name": name,
        "network_id": network,
        "project_id": "p",
        "mac_address": f"fa:16:3e:00:00:{number:02x}",
        "admin_state_up": True,
        "binding:host_id": "node1",
        "device_id": device,
        "device_owner": "compute:nova",
        "fixed_ips": [ip],
    } | other


def state_of(*ports, pairs=()):
    state = State()
    for network in ("net", "other"):
        state = state.put("networks", {"id": network, "mtu": 1450, "admin_state_up": True})
        subnet = {"id": f"{network}-4", "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"}
        state = state.put("subnets", subnet)
        state = state.put(
            "subnets", {"id": f"{network}-6", "cidr": "2001:db8::/64", "gateway_ip": "2001:db8::1"}
        )
    for given_ in ports:
        state = state.put("ports", given_)
    for number, (ingress, egress) in enumerate(pairs):
        state = state.put("port_pairs", {"id": str(number), "ingress": ingress["id"], "egress": egress["id"]})
    return state


def asked(*ports, known=None, last=0, pairs=()):
    return wanted(state_of(*ports, pairs=pairs), known or Topology(), last)


def test_a_port_with_a_host_and_a_device_is_plugged_with_all_it_has():
    (plugged,) = asked(port(7, "p1in")).ports
    assert (plugged.host, plugged.name, plugged.mac) == ("vm1", "p1in", "fa:16:3e:00:00:07")
    assert plugged.tap == "tap00000007-00"
    assert plugged.addresses == ("10.0.0.7/24",)
    assert plugged.gateways == ("10.0.0.1",)
    assert (plugged.mtu, plugged.network, plugged.up) == (1450, 1, True)


@pytest.mark.parametrize(
    "lack",
    [
        {"binding:host_id": ""},
        {"device_id": ""},
        {"device_owner": "network:router_interface"},
        {"network_id": "gone"},
        {"mac_address": "nonsense\nnetns add evil"},
    ],
)
def test_a_port_that_is_nobody_s_machine_is_not_plugged(lack):
    assert asked(port(7, **lack)) == Topology()


def test_who_is_plugged_keeps_its_interface_whoever_goes_or_is_renamed():
    first, second = port(1, "service-function-1-in"), port(2, "service-function-1-out")
    there = asked(first, second)
    assert [one.name for one in there.ports] == ["service-functio", "tap00000002-00"]
    assert [one.name for one in asked(second, known=there).ports] == ["tap00000002-00"]
    renamed = asked(port(1, "other"), second, known=there)
    assert not change(there, renamed).pull
    third = asked(first, second, port(3, "service-function-1-both"), known=there)
    assert [one.name for one in third.ports] == ["service-functio", "tap00000002-00", "tap00000003-00"]
    elsewhere = asked(port(2, "service-function-1-out", device="vm2"), known=there)
    assert [one.name for one in elsewhere.ports] == ["service-functio"]


def test_a_port_of_a_network_for_which_no_tag_is_left_is_not_plugged():
    state = State()
    for number in range(LAST_TAG + 2):
        state = state.put("networks", {"id": f"n{number}", "mtu": 1450, "admin_state_up": True})
        state = state.put(
            "ports", port(number, network=f"n{number}", fixed_ips=[], mac_address="fa:16:3e:00:00:01")
        )
    plugged = wanted(state, Topology(), 0).ports
    assert (len(plugged), max(one.network for one in plugged)) == (LAST_TAG, LAST_TAG)
    assert len({one.network for one in plugged}) == LAST_TAG


def test_an_ipv6_address_and_its_gateway_are_the_port_s_too():
    sixth = {"subnet_id": "net-6", "ip_address": "2001:db8::7"}
    (plugged,) = asked(port(7, fixed_ips=[sixth])).ports
    assert plugged.ip == ""
    assert plugged.addresses == ("2001:db8::7/64",)
    assert plugged.gateways == ("2001:db8::1",)


def test_a_port_or_network_that_is_administratively_down_has_no_link():
    assert not asked(port(7, admin_state_up=False)).ports[0].up


def test_names_are_made_safe_and_stay_apart():
    names = ["p1in", "p1in", "", "a/b c\nd", "lo", "all", "x" * 40, "-rf"]
    plugged = asked(*(port(n, name) for n, name in enumerate(names, 1))).ports
    assert [p.name for p in plugged] == [
        "p1in",
        "tap00000002-00",
        "tap00000003-00",
        "a-b-c-d",
        "tap00000005-00",
        "tap00000006-00",
        "x" * 15,
        "rf",
    ]


def test_devices_of_two_projects_with_one_name_do_not_meet():
    topology = asked(port(1), port(2, project_id="q"), port(3, device="switch"), port(4, device="../vm 1"))
    names = [host.name for host in topology.hosts]
    assert names[0] == "vm1"
    assert names[1].startswith("vm1-")
    assert names[2].startswith("switch-")
    assert names[3] == "vm-1"
    assert len(set(names)) == 4


def test_who_is_plugged_keeps_name_number_and_network_whoever_comes_or_goes():
    first = asked(port(1), port(2, project_id="q", network="other"))
    second = asked(port(2, project_id="q", network="other"), port(3, device="vm3"), known=first, last=2)
    assert second.ports[0] == first.ports[1]
    assert second.hosts[0] == first.hosts[1]
    assert second.ports[1].number == 3
    assert second.ports[1].network not in (0, first.ports[1].network)


def test_numbers_are_not_given_again_at_once():
    first = asked(port(1), port(2))
    assert last_number(first, 0) == 2
    second = asked(port(1), port(3), known=first, last=2)
    assert [p.number for p in second.ports] == [1, 3]
    assert last_number(Topology(ports=(replace(first.ports[0], number=65000),)), 0) == 0


def test_a_function_forwards_and_leaves_by_its_egress_port():
    a, b, c = port(1, "out"), port(2, "in"), port(3, device="vm2")
    topology = asked(a, b, c, pairs=[(b, a)])
    assert [(host.name, host.forwards) for host in topology.hosts] == [("vm1", True), ("vm2", False)]
    assert [p.name for p in topology.ports_of("vm1")] == ["in", "out"]
    assert topology.routes("vm1") == (
        "10.0.0.0/24 dev out src 10.0.0.1",
        "default via 10.0.0.1 dev in onlink",
        "10.0.0.0/24 dev in table 10003",
        "default via 10.0.0.1 dev in onlink table 10003",
    )


def test_what_comes_back_at_a_function_s_egress_port_leaves_by_its_ingress_port():
    a, b, c = port(1, "out"), port(2, "in"), port(3, device="vm2")
    topology = asked(a, b, c, pairs=[(b, a)])
    assert topology.rules("vm1") == ("iif out lookup 10003",)
    assert topology.rules("vm2") == ()
    same = asked(a, b, c, pairs=[(b, a)], known=topology)
    assert change(topology, same).rule == {}
    without = asked(a, b, c, known=topology)
    step = change(topology, without)
    assert (step.unrule, step.rule) == ({"vm1": ("iif out lookup 10003",)}, {})
    assert set(step.unroute["vm1"]) == {"10.0.0.0/24 table 10003", "default table 10003"}
    assert change(without, topology).rule == {"vm1": ("iif out lookup 10003",)}


def test_several_ports_of_one_name_are_told_apart_by_their_taps():
    topology = asked(port(1, "eth0"), port(2, "eth0", device="vm2"))
    assert topology.port("tap00000002-00").host == "vm2"
    with pytest.raises(
        UsageError, match=r"several ports are named 'eth0'; say which: tap00000001-00 \(of vm1\)"
    ):
        topology.port("eth0")


PORTS = st.builds(
    Port,
    id=st.sampled_from(["a", "b", "c"]),
    name=st.sampled_from(["x", "y"]),
    host=st.sampled_from(["h", "i"]),
    mac=st.just("02:00:00:00:00:01"),
    ip=st.just(""),
    number=st.just(1),
    addresses=st.sampled_from([(), ("10.0.0.1/24",), ("10.0.0.1/24", "10.1.0.1/24")]),
    network=st.integers(0, 2),
    up=st.booleans(),
)


@st.composite
def topologies(draw):
    ports = draw(st.lists(PORTS, unique_by=lambda p: p.id))
    return Topology(
        tuple(Host(name, draw(st.booleans())) for name in dict.fromkeys(p.host for p in ports)), tuple(ports)
    )


@given(topologies())
def test_what_is_as_it_shall_be_needs_no_step(topology):
    assert change(topology, topology) == Change()


@given(topologies(), topologies())
def test_every_step_is_one_that_is_needed(old, new):
    steps = change(old, new)
    had, has = {p.id: p for p in old.ports}, {p.id: p for p in new.ports}
    stayed = had.keys() - {p.id for p in steps.pull}
    assert stayed | {p.id for p in steps.plug} == has.keys()
    assert not stayed & {p.id for p in steps.plug}
    assert all(had[id_].cable == has[id_].cable for id_ in stayed)
    assert {p.id for p in steps.switch} <= stayed
    left = {host.name for host in old.hosts} - {host.name for host in steps.end}
    assert left | {host.name for host in steps.make} == {host.name for host in new.hosts}
    assert all(new.routes(name) == old.routes(name) for name in left - steps.route.keys())


@given(topologies())
def test_what_is_found_whole_stays_and_all_else_is_pulled(topology):
    whole = {p.tap: (9, p.mark) for p in topology.ports[:1]}
    broken = {p.tap: (8, "other") for p in topology.ports[1:]}
    taps = {**whole, **broken, "tapx": (7, "x")}
    there = Plugged({("", tap): known for tap, known in taps.items()}, (("", "tapy"),), ("h", "z"))
    before = replace(topology, ports=tuple(replace(p, gateways=("10.0.0.9",)) for p in topology.ports))
    kept, pulled, hosts = found(topology, there, before)
    assert [(p.tap, p.gateways) for p in kept.ports] == [(tap, ("10.0.0.9",)) for tap in whole]
    assert {*pulled} == {("", tap) for tap in {"tapx", "tapy", *broken} - whole.keys()}
    assert set(hosts) == {"h", "z"} - {host.name for host in topology.hosts}


def test_a_device_is_on_the_node_that_its_port_is_bound_to_and_else_where_it_was_or_on_one_by_that_name():
    over = Topology(nodes=("node1", "node2"))
    known = wanted(state_of(port(1), port(2, device="vm2", **{"binding:host_id": "node2"})), over, 0)
    assert known.nodes == over.nodes
    assert [(host.name, host.node) for host in known.hosts] == [("vm1", "node1"), ("vm2", "node2")]
    assert [p.node for p in known.ports] == ["node1", "node2"]
    elsewhere = {"binding:host_id": "compute7"}
    moved = wanted(state_of(port(1, **elsewhere), port(2, device="vm2", **elsewhere)), known, 2)
    assert [host.node for host in moved.hosts] == ["node1", "node2"]
    fresh = wanted(state_of(port(1, **elsewhere), port(2, device="vm2", **elsewhere)), over, 0)
    assert len({host.node for host in fresh.hosts}) == 1
    assert {host.node for host in fresh.hosts} <= {*over.nodes}


def test_a_device_that_has_a_node_s_name_gets_another_one():
    (host,) = wanted(state_of(port(1, device="node2")), Topology(nodes=("node1", "node2")), 0).hosts
    assert host.name.startswith("node2-")


def test_a_port_that_changes_its_node_is_plugged_anew():
    old = wanted(state_of(port(1)), Topology(nodes=("node1", "node2")), 0)
    new = wanted(state_of(port(1, **{"binding:host_id": "node2"})), old, 1)
    step = change(old, new)
    assert [p.plug for p in step.pull] == [("node1", old.ports[0].tap)]
    assert [p.plug for p in step.plug] == [("node2", old.ports[0].tap)]
    assert step.end == step.make == ()
