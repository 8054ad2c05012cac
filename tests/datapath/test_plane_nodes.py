"""A served lab over nodes: a port's host is its node, chains go from node to node, and what is changed by hand is put right."""

import pytest
from openflow_switch import wait
from plane_world import NOW, World, ways

from sfcci.chain.state import State
from sfcci.datapath import bench, ovs, standing
from sfcci.datapath.adoption import adopted
from sfcci.datapath.node_found import found_nodes
from sfcci.datapath.plane import Plane
from sfcci.datapath.scenario import load_scenario, on_nodes

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The demonstration in a served lab over two nodes, its chain ACTIVE."""
    made = World(tmp_path_factory.mktemp("plane"), nodes=("node1", "node2"))
    made.follow(adopted(State(), on_nodes(load_scenario("demo"), 2), "p", NOW))
    made.comes("ACTIVE")
    yield made
    made.close()


def nodes(world):
    return {host.name: host.node for host in world.lab().topology.hosts}


def test_a_port_s_host_is_the_node_that_its_machine_is_on(world, tmp_path):
    assert nodes(world) == {
        "source": "node1",
        "dest": "node2",
        "vm1": "node1",
        "vm2": "node2",
        "vm3": "node1",
    }
    seen = ways(world, tmp_path)
    assert seen["p1in"] + seen["p2in"] == seen["p3in"] == seen["dest_vm_port"] == 20


def test_a_machine_moves_to_another_node_and_packets_follow_it(world, tmp_path):
    world.set("ports", "dest_vm_port", **{"binding:host_id": "node1"})
    world.settled()
    assert nodes(world)["dest"] == "node1"
    assert ways(world, tmp_path)["dest_vm_port"] == 20
    world.set("ports", "dest_vm_port", **{"binding:host_id": "node2"})
    world.settled()
    assert ways(world, tmp_path)["dest_vm_port"] == 20


def test_what_joins_nodes_is_put_back_where_somebody_took_it_away(world, tmp_path):
    lab = world.lab()
    ovs.vsctl(lab.keeper.at("node2"), "del-port", "tunnel", "--", "del-br", "br-phy")
    wait(lambda: "br-phy" in ovs.vsctl(lab.keeper.at("node2"), "list-br").stdout)
    world.until(lambda _chain: not found_nodes(lab.keeper, lab.topology)[1].trouble)
    assert ways(world, tmp_path)["dest_vm_port"] == 20


@pytest.mark.parametrize("daemon", ["ovs-vswitchd", "ovsdb-server"])
def test_of_a_daemon_that_is_killed_only_its_node_suffers(world, tmp_path, monkeypatch, daemon):
    failed, told, bench = [], [], world.plane._bench
    bring, trouble = bench.bring, bench.trouble
    monkeypatch.setattr(bench, "bring", lambda *words, **more: told.append(bring(*words, **more)) or told[-1])
    monkeypatch.setattr(bench, "trouble", lambda *words: failed.append(words) or trouble(*words))
    lab, watch = world.lab(), bench._watch._of["node2"]
    pid = f"{ovs.folder(lab.keeper.at('node2'))}/{daemon}.pid"
    lab.run("node2", ["sh", "-c", f"kill -9 $(cat {pid})"], timeout_s=60, check=True)
    wait(lambda: bench._watch._of["node2"] is not watch)
    world.settled()
    assert ways(world, tmp_path)["dest_vm_port"] == 20
    assert not failed, failed
    elsewhere = [port.id for port in lab.topology.ports if port.node == "node1"]
    assert {facts.ports[id_] for facts in told for id_ in elsewhere} == {"ACTIVE"}


def test_ports_of_a_node_that_does_not_answer_are_down_until_it_does(world, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "GRACE_S", 0.1)
    there = world.lab().keeper.at("node2")
    daemon = ovs.file(there, "ovs-vswitchd.pid").read_text().strip()
    there.run(["kill", "-STOP", daemon])
    try:
        assert world.shown("ports", "source_vm_port")["status"] == "ACTIVE"
        world.comes("DOWN", "dest_vm_port", "ports")
        assert world.shown("ports", "source_vm_port")["status"] == "ACTIVE"
    finally:
        there.run(["kill", "-CONT", daemon])
    world.comes("ACTIVE", "dest_vm_port", "ports")
    world.settled()
    assert ways(world, tmp_path)["dest_vm_port"] == 20


def test_who_serves_the_lab_next_finds_its_nodes(world, tmp_path):
    wait(lambda: not world.plane._bench._planned.driver.drains)
    world.plane.close()
    assert standing.one(world.folder).lab.nodes == ("node1", "node2")
    flows = world.lab().flows()
    world.plane = Plane.start(world.folder, world.name)
    world.follow(world.state)
    world.settled()
    wait(lambda: world.lab().flows() == flows)
    assert ways(world, tmp_path)["dest_vm_port"] == 20
