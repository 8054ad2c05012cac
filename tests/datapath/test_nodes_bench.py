"""Registered nodes as the data plane: real switches, over TLS, that come, go, come back, and are replaced by others."""

import contextlib

import pytest
from node_world import free_port, node_switch
from openflow_switch import wait
from plane_world import NOW, World

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import create
from sfcci.chain.state import Asked, State
from sfcci.chain.status import shown
from sfcci.datapath import nodes_bench
from sfcci.datapath.adoption import adopted
from sfcci.datapath.nodes_bench import NodesBench
from sfcci.datapath.pki import Pki
from sfcci.datapath.plane import Follower
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
NAMES = ("node1", "node2", "node3")


class Nodes(World):
    """A state with nodes and the demonstration's chain, whose ports are plugged here and there."""

    def __init__(self, folder, switches):
        self.pki, self.switches = Pki(folder / "pki"), switches
        self.state = adopted(State(), load_scenario("demo"), "p", NOW)
        self.begin()

    def close(self):
        self.plane.close()

    def begin(self):
        self.bench = NodesBench(self.pki.folder, lambda _text: None, 0.01)
        self.plane = Follower(self.bench)
        self.plane.follow(self.state)

    def register(self, name):
        switch = self.switches[name]
        at = {"tunnel_ip": f"192.0.2.{name[-1]}", "datapath_type": "dummy"}
        if name == "node3":  # no TLS, and the daemons' own places
            self.create("nodes", name=name, ovsdb=switch.database, **at)
            return
        self.pki.controller()
        pair = self.pki.node(name, "127.0.0.1")
        switch.secure(pair, self.pki.authority, f"pssl:{switch.port}:127.0.0.1")
        places = {
            "ovsdb": f"ssl:127.0.0.1:{switch.port}",
            "openflow": f"ssl:127.0.0.1:{free_port()}",
        }
        self.create("nodes", name=name, **places, **at)

    def plug(self):
        """Machines one after the other, over the nodes in turn: no function is where the next one is."""
        hosts = list(dict.fromkeys(port["device_id"] for port in self.state.of("ports").values()))
        for number, port in enumerate(self.state.of("ports").values(), 1):
            name = NAMES[hosts.index(port["device_id"]) % len(NAMES)]
            self.switches[name].plug(port["id"], f"tap{number}", 100 + number)

    def node(self, name):
        return shown("nodes", self.state.of("nodes")[self.id("nodes", name)], self.plane.facts())

    def node_comes(self, name, status):
        wait(lambda: self.node(name)["status"] == status)
        return self.node(name)

    def dump(self):
        return {name: sorted(switch.flows()) for name, switch in self.switches.items()}

    def settled(self):
        self.comes("ACTIVE")
        wait(lambda: not self.bench._planned.driver.drains)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        switches = {name: stack.enter_context(node_switch()) for name in NAMES}
        for switch in switches.values():
            switch.port = free_port()
        made = Nodes(tmp_path_factory.mktemp("nodes"), switches)
        stack.callback(made.close)
        for name in NAMES:
            made.register(name)
        for name in NAMES:
            wait(lambda name=name: "br-int" in switches[name].vsctl("list-br"))
        made.plug()
        made.settled()
        yield made


def test_a_chain_goes_over_nodes_as_soon_as_its_ports_are_plugged(nodes):
    assert {nodes.node_comes(name, "CONNECTED")["ports"] for name in NAMES} != {0}
    assert all(nodes.dump().values())
    assert nodes.shown("ports", "source_vm_port")["status"] == "ACTIVE"


def test_a_node_gets_a_closed_bridge_that_listens_with_a_tunnel_port_in_no_network(nodes):
    switch = nodes.switches["node1"]
    assert switch.get("bridge", "br-int", "fail_mode") == "secure"
    assert switch.get("controller", "br-int", "target").startswith("pssl:")
    assert switch.get("port", "tun-br-int", "tag") == "4094"
    assert switch.get("interface", "tun-br-int", "options") == "{key=flow, remote_ip=flow}"


def test_a_ports_number_and_its_networks_are_kept_where_it_is(nodes):
    switch = nodes.switches["node1"]
    numbers = [port.number for port in nodes.bench._topology.ports]
    assert len(set(numbers)) == len(numbers)
    name = switch.vsctl(
        "--bare", "--columns=name", "find", "interface", "external_ids:sfcci-number!=0"
    ).split()[0]
    assert switch.get("port", name, "tag") == "1"


def test_nodes_are_agents(nodes):
    agents = [shown("agents", one, nodes.plane.facts()) for one in nodes.state.of("agents").values()]
    alive = {agent["host"]: agent["alive"] for agent in agents}
    assert {name: alive[name] for name in NAMES} == dict.fromkeys(NAMES, True)
    here = next(agent for agent in agents if agent["host"] == "node1")
    assert here["configurations"]["tunneling_ip"] == "192.0.2.1"


def test_packets_that_do_not_fit_the_underlay_are_told(nodes):
    nodes.node_comes("node1", "CONNECTED")
    needed = nodes.node("node1")["needed_mtu"]
    nodes.set("nodes", "node1", underlay_mtu=needed - 8)
    wait(lambda: f"underlay MTU of {needed}" in nodes.node("node1")["status_reason"])
    nodes.set("nodes", "node1", underlay_mtu=needed)
    wait(lambda: nodes.node("node1")["status_reason"] == "" and nodes.node("node1")["status"] == "CONNECTED")


def test_the_next_controller_finds_numbers_and_flows_and_changes_nothing(nodes):
    nodes.settled()
    before = nodes.dump()
    nodes.close()
    nodes.begin()
    nodes.settled()
    assert nodes.dump() == before
    assert nodes.bench._planned.driver.counts.changes == 0


def test_a_node_that_goes_and_comes_back_is_brought_up_to_date(nodes, monkeypatch):
    nodes.settled()
    before = nodes.dump()
    monkeypatch.setattr(nodes_bench, "GRACE_S", 0.1)
    nodes.switches["node2"].stop()
    nodes.node_comes("node2", "AWAY")
    wait(lambda: "does not answer" in nodes.node("node2")["status_reason"])
    nodes.until(lambda chain: chain["status"] != "ACTIVE")
    nodes.switches["node2"].start()
    nodes.node_comes("node2", "CONNECTED")
    nodes.settled()
    wait(lambda: nodes.dump() == before)


def test_a_node_that_is_reached_elsewhere_listens_there_and_no_more_where_it_was(nodes):
    switch, port = nodes.switches["node1"], free_port()
    for place, target in (
        (f"tcp:127.0.0.1:{port}", f"ptcp:{port}:127.0.0.1"),
        (f"ssl:127.0.0.1:{port}", f"pssl:{port}"),
        (f"ssl:[::1]:{port}", f"pssl:{port}:[::]"),
    ):
        nodes.set("nodes", "node1", openflow=place)
        wait(lambda target=target: switch.vsctl("get-controller", "br-int").split() == [target])
        nodes.node_comes("node1", "CONNECTED")
        nodes.settled()


def test_a_switch_that_shows_another_certificate_is_refused_whatever_its_database_shows(nodes):
    """The database of node3 wants no TLS."""
    nodes.pki.controller()
    port, switch = free_port(), nodes.switches["node3"]
    switch.vsctl("set-ssl", *map(str, _files(nodes.pki, "node9")))
    nodes.set("nodes", "node3", openflow=f"ssl:127.0.0.1:{port}")
    assert "certificate of node9" in nodes.node_comes("node3", "REFUSED")["status_reason"]
    switch.vsctl("set-ssl", *map(str, _files(nodes.pki, "node3")))
    nodes.node_comes("node3", "CONNECTED")
    nodes.settled()


def _files(pki, name):
    pair = pki.node(name, "127.0.0.1")
    return pair.key, pair.certificate, pki.authority


def test_another_who_shows_a_certificate_of_ours_is_refused(nodes):
    switch = nodes.switches["node1"]
    nodes.pki.node("node9", "127.0.0.1")  # addresses change hands, names do not
    switch.secure(nodes.pki.there("node9"), nodes.pki.authority, f"pssl:{switch.port}:127.0.0.1")
    switch.stop()
    switch.start()
    reason = nodes.node_comes("node1", "REFUSED")["status_reason"]
    assert "shows the certificate of node9" in reason
    assert "expected one of node1" in reason
    switch.secure(nodes.pki.there("node1"), nodes.pki.authority, f"pssl:{switch.port}:127.0.0.1")
    nodes.node_comes("node1", "CONNECTED")
    nodes.settled()


@pytest.mark.parametrize("name", ["node3", "node1"])
def test_a_node_that_is_removed_keeps_nothing_of_ours(nodes, name):
    switch = nodes.switches[name]
    wait(switch.flows)
    nodes.delete("nodes", name)
    wait(lambda: not switch.flows() and "tun-br-int" not in switch.vsctl("list-ports", "br-int"))
    wait(lambda: "sfcci-number" not in switch.vsctl("list", "interface"))
    wait(lambda: not switch.vsctl("get-controller", "br-int"))
    wait(lambda: name not in nodes.plane.facts().nodes)


def test_of_nodes_that_never_answered_nothing_is_due(tmp_path, monkeypatch):
    monkeypatch.setattr(nodes_bench, "FIRST_S", 0.1)
    monkeypatch.setattr(nodes_bench, "_is_ready", lambda _seen: False)
    state = State()
    for number in (1, 2):
        there = {"tunnel_ip": f"192.0.2.{number}", "ovsdb": f"unix:{tmp_path}/{number}"}
        body = {"name": f"node{number}", "openflow": f"unix:{tmp_path}/{number}", **there}
        state = create(state, COLLECTIONS["nodes"], body, Asked("p", admin=True, id=f"n{number}", now=NOW))
    bench = NodesBench(tmp_path / "pki", lambda _text: None)

    def left_alone():
        bench.bring(state, new=False, again=False)
        return bench.due is None

    wait(left_alone)
    bench.leave()
