"""Packets over registered nodes: the nodes of a lab, whose switches nobody drives but who they are registered with."""

import pytest
from openflow_switch import wait
from plane_world import NOW, World

from sfcci.chain.state import State
from sfcci.chain.status import shown
from sfcci.datapath.adoption import adopted
from sfcci.datapath.lab import raised
from sfcci.datapath.nodes_bench import NodesBench
from sfcci.datapath.plane import Follower
from sfcci.datapath.scenario import load_scenario, on_nodes

pytestmark = pytest.mark.lab
OFCTL = ("ovs-ofctl", "-O", "OpenFlow15")


class Registered(World):
    """A state that has the lab's ports, and its nodes registered by their daemons' own sockets."""

    def __init__(self, lab, folder):
        self.state = adopted(State(), lab.scenario, "p", NOW)
        self.plane = Follower(NodesBench(folder / "pki", lambda _text: None))
        for number, name in enumerate(lab.nodes, 1):
            for words in (
                ("ovs-vsctl", "del-port", "br-int", "tunnel"),
                *((*OFCTL, f"del-{what}", "br-int") for what in ("flows", "groups")),
            ):
                lab.run(name, words, timeout_s=60, check=True)
            database = f"unix:{lab.keeper.root}/run/lab/nodes/{name}/db.sock"
            self.create("nodes", name=name, ovsdb=database, tunnel_ip=f"192.0.2.{number}", underlay_mtu=1600)

    def node(self, name):
        return shown("nodes", self.state.of("nodes")[self.id("nodes", name)], self.plane.facts())


def test_a_request_passes_the_functions_of_its_chain_on_nodes_that_were_registered(tmp_path):
    with raised(on_nodes(load_scenario("demo"), 3)) as lab:
        world = Registered(lab, tmp_path)
        try:
            world.comes("ACTIVE")
            wait(lambda: {world.node(name)["status"] for name in lab.nodes} == {"CONNECTED"})
            dest = next(port.ip for port in lab.topology.ports if port.host == "dest")
            asked = ("curl", "-sS", "-m", "30", f"http://{dest}/")
            assert lab.run("source", asked, timeout_s=60, check=True).stdout == "This is dest.\n"
            hops = lab.run("source", ("traceroute", "-n", dest), timeout_s=60, check=True).stdout
            assert len(hops.splitlines()) == 4, hops  # its first line, two functions, dest
        finally:
            world.plane.close()
