"""The end of a plane in the middle of a change: nobody waits for it, and the next one brings the change to its end."""

import time

import pytest
from plane_world import NOW, World, ways

from sfcci.chain.state import State
from sfcci.datapath.adoption import adopted
from sfcci.datapath.plane import Plane
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
PATIENCE_S = 60
LONG_S = 60


def test_a_plane_ends_while_functions_may_still_have_packets_and_the_next_one_goes_on(tmp_path):
    world = World(tmp_path)
    world.plane.close()
    world.plane = Plane.start(tmp_path, "sfc", residency_s=LONG_S)
    try:
        world.follow(adopted(State(), load_scenario("demo"), "p", NOW))
        world.comes("ACTIVE")
        before = world.lab().flows()
        world.set("port_chains", "PC1", port_pair_groups=[world.id("port_pair_groups", "PG1")])
        end = time.monotonic() + PATIENCE_S
        while (both := world.lab().flows()) == before:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert len(both.splitlines()) > len(before.splitlines())
        world.plane.close()
        assert not world.plane._thread.is_alive()
        assert world.lab().flows() == both
        assert ways(world, tmp_path)["p3in"] == 0
        world.plane = Plane.start(tmp_path, "sfc", residency_s=0)
        world.plane.follow(world.state)
        while len(world.lab().flows().splitlines()) >= len(before.splitlines()):
            assert time.monotonic() < end + PATIENCE_S
            time.sleep(0.01)
        world.comes("ACTIVE")
        seen = ways(world, tmp_path)
        assert (seen["p1in"] + seen["p2in"], seen["p3in"], seen["dest_vm_port"]) == (20, 0, 20)
    finally:
        world.close()
