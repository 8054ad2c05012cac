"""A service graph that requests make: what leaves the first chain goes on in another."""

import pytest
from plane_world import NOW, World
from scenario_traffic import COUNT, GOOD, answers, visits

from sfcci.chain.state import State
from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab


def came(world, path):
    """Send from source to dest; give how much of the UDP stream each function got."""
    lab = world.lab()
    with lab.capture(path):
        assert answers(lab, "10.0.0.2", 1500) == GOOD
    return {port: count for port, count in visits(path).items() if port in ("p1in", "p2in", "p3in")}


def test_a_graph_that_requests_make_leads_packets_on_and_ends_when_they_delete_it(tmp_path):
    standing.up(tmp_path, "graph", load_scenario("graph"), lambda _: None)
    world = World(tmp_path, "graph")
    try:
        world.follow(world.plane.adopted(State(), NOW))
        chains = [world.id("port_chains", name) for name in ("PCA", "PCB", "PCC")]
        world.delete("service_graphs", "SG1")
        world.comes("ERROR", "PCB")
        assert came(world, tmp_path / "alone.pcapng") == {"p1in": COUNT}
        world.create("service_graphs", name="SG2", port_chains={chains[0]: chains[1:]})
        for name in ("PCA", "PCB", "PCC"):
            world.comes("ACTIVE", name)
        assert came(world, tmp_path / "graph.pcapng") == {"p1in": COUNT, "p2in": COUNT}
    finally:
        world.close()
