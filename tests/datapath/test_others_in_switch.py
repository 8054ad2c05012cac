"""What others put into the switch stays; what is there already is not put there again."""

import pytest
from faults_world import until

from sfcci.chain.state import State
from sfcci.datapath.plane import Plane

pytestmark = pytest.mark.lab
BRIDGE = "unix:/run/lab/br-int.mgmt"
FLOW = "cookie=0xabc, priority=7,udp,tp_dst=7777 actions=drop"
GROUP = "group_id=4242,type=all,bucket=bucket_id:0,actions=output:1"


@pytest.fixture
def counts(world):
    """What the plane's driver has done so far."""
    return lambda: world.plane._bench._planned.driver.counts


def ofctl(world, *words):
    return world.run("switch", "ovs-ofctl", "-O", "OpenFlow15", *words, check=True)


def again(world):
    """A server that comes again."""
    world.close(down=False)
    world.plane = Plane.start(world.folder, "sfc")
    world.follow(world.state)
    world.comes("ACTIVE")


def test_a_second_apply_and_a_new_server_send_nothing(world, counts):
    world.settled()
    sent = counts().bundles
    world.settled()
    world.follow(State(dict(world.state.collections)))
    world.settled()
    assert counts().bundles == sent
    again(world)
    world.settled()
    assert (counts().bundles, counts().changes) == (0, 0)


def test_flows_and_groups_of_others_stay(world):
    ofctl(world, "add-flow", BRIDGE, FLOW.replace(" actions", ",actions"))
    ofctl(world, "add-group", BRIDGE, GROUP)
    others = [["PP1"], ["PP1", "PP2"]]
    for names in others:
        world.set("port_pair_groups", "PG1", port_pairs=[world.id("port_pairs", name) for name in names])
        world.settled()
    world.delete("port_chains", "PC1")
    until(lambda: "group_id=1," not in world.lab().groups())
    again_held = world.lab().flows(), world.lab().groups()
    assert FLOW in again_held[0]
    assert "group_id=4242," in again_held[1]
    ofctl(world, "del-flows", BRIDGE, "cookie=0xabc/-1")
    ofctl(world, "del-groups", BRIDGE, "group_id=4242")


def test_a_group_number_that_another_has_is_told_and_left_alone(world):
    groups = [world.id("port_pair_groups", name) for name in ("PG1", "PG2")]
    number = world.shown("port_pair_groups", "PG1")["group_id"]
    theirs = GROUP.replace("4242", str(number))
    ofctl(world, "add-group", BRIDGE, theirs)
    classifiers = [one["id"] for one in world.state.of("flow_classifiers").values()]
    world.create("port_chains", name="PC1", port_pair_groups=groups, flow_classifiers=classifiers)
    reason = world.comes("ERROR")["status_reason"]
    assert "group" in reason
    assert theirs in world.lab().groups()
    ofctl(world, "del-groups", BRIDGE, f"group_id={number}")
    world.set("port_chains", "PC1", description="again")
    world.comes("ACTIVE")
