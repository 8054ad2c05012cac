"""A plane keeps its chains whatever is killed in its lab, and whatever somebody changes there by hand."""

import os
import random

import pytest
from faults_world import kill, numbers, quiet, until
from plane_world import link, ways

from sfcci.datapath import standing
from sfcci.datapath.stream import streaming
from sfcci.errors import ToolError

pytestmark = pytest.mark.lab
TARGET = "10.0.0.128/9999"
THROUGH_BOTH = 62
"""What is left of a packet's 64 hops behind two functions that route."""
KILLS = int(os.environ.get("SFCCI_KILLS", "4"))
FULL = "mount -o remount,size=$(($(df -k --output=used /run | tail -1) + 4))k /run; cat /dev/zero > /run/full; true"


@pytest.fixture
def as_before(world):
    """The switch is afterwards as it was."""
    world.settled()
    before = held(world)
    yield
    until(lambda: quiet(lambda: held(world)) == before)
    world.comes("ACTIVE")


def held(world):
    lab = world.lab()
    return lab.flows().splitlines(), lab.groups().splitlines(), numbers(lab)


def switch(world, *words):
    world.run("switch", *words, check=True)


def vsctl(world, *words):
    switch(world, "ovs-vsctl", "--timeout=60", *words)


@pytest.mark.parametrize("daemon", ["ovs-vswitchd", "ovsdb-server"])
@pytest.mark.usefixtures("as_before")
def test_a_daemon_that_is_killed_is_told_and_the_chain_goes_on(world, tmp_path, daemon):
    cables = {port.tap: link(world, port.tap) for port in world.lab().topology.ports}
    kill(world.lab(), daemon)
    world.settled()
    until(lambda: (seen := quiet(lambda: ways(world, tmp_path))) and seen["p3in"] == 20)
    assert {port.tap: link(world, port.tap) for port in world.lab().topology.ports} == cables


@pytest.mark.usefixtures("as_before")
def test_no_packet_passes_a_function_whatever_is_killed_at_random_moments(world):
    dice = random.Random(1)  # noqa: S311 - repeatable on purpose
    with streaming(world.lab(), "source", "dest", [TARGET], rate=500) as stream:
        for turn in range(KILLS):
            for step in range(dice.randrange(4)):  # a change is under way
                world.set("port_pair_groups", "PG1", port_pairs=pairs(world, ("PP1", "PP2")[: 1 + turn % 2]))
                world.set("port_chains", "PC1", port_pair_groups=groups(world)[:: (-1) ** (turn + step)])
            kill(world.lab(), dice.choice(("ovs-vswitchd", "ovsdb-server")))
            if turn % 2:
                world.settled()
        world.set("port_pair_groups", "PG1", port_pairs=pairs(world, ("PP1", "PP2")))
        world.set("port_chains", "PC1", port_pair_groups=groups(world))
        world.settled()
    flowing = stream.flowing[TARGET]
    assert flowing.came
    assert set(flowing.ttls) == {THROUGH_BOTH}


def groups(world):
    return [world.id("port_pair_groups", name) for name in ("PG1", "PG2")]


def pairs(world, names):
    return [world.id("port_pairs", name) for name in names]


def test_a_lab_whose_keeper_is_killed_is_raised_again_without_a_change(world, tmp_path):
    world.settled()
    before = held(world)
    keeper = world.lab().keeper
    keeper.end()
    until(lambda: standing.there(world.folder, "sfc") and standing.one(world.folder).lab.keeper != keeper)
    world.settled()
    assert held(world) == before
    assert ways(world, tmp_path)["p3in"] == 20


BY_HAND = {
    "a port is taken away": ("ovs-vsctl", "del-port", "{tap}"),
    "a port has another number": ("ovs-vsctl", "set", "interface", "{tap}", "ofport_request=77"),
    "a port has another network": ("ovs-vsctl", "set", "port", "{tap}", "tag=7"),
    "a port is taken away and put back": (
        "ovs-vsctl",
        "del-port",
        "{tap}",
        "--",
        "add-port",
        "br-int",
        "{tap}",
    ),
    "the bridge is taken away": ("ovs-vsctl", "del-br", "br-int"),
    "the bridge forwards of its own accord": ("ovs-vsctl", "set-fail-mode", "br-int", "standalone"),
    "the flows are deleted": ("ovs-ofctl", "-O", "OpenFlow15", "del-flows", "unix:/run/lab/br-int.mgmt"),
    "the groups are deleted": ("ovs-ofctl", "-O", "OpenFlow15", "del-groups", "unix:/run/lab/br-int.mgmt"),
}


@pytest.mark.parametrize("words", [("link", "del", "{tap}"), ("netns", "del", "vm3")], ids=["cable", "host"])
def test_a_cable_or_host_that_somebody_takes_away_is_made_again(world, tmp_path, words):
    tap = world.lab().topology.port("p3in").tap
    switch(world, "ip", *(word.format(tap=tap) for word in words))
    until(
        lambda: (seen := quiet(lambda: ways(world, tmp_path))) and seen["p3in"] == seen["dest_vm_port"] == 20
    )
    world.settled()
    assert sorted(numbers(world.lab())) == sorted(port.tap for port in world.lab().topology.ports)


@pytest.mark.parametrize("words", BY_HAND.values(), ids=BY_HAND)
@pytest.mark.usefixtures("as_before")
def test_what_somebody_changes_by_hand_is_put_right(world, tmp_path, words):
    tap = world.lab().topology.port("p3in").tap
    switch(world, *(word.format(tap=tap) for word in words))
    until(
        lambda: (seen := quiet(lambda: ways(world, tmp_path))) and seen["p3in"] == seen["dest_vm_port"] == 20
    )


def fill(world, size):
    for turn in range(4000 // size + 1):
        vsctl(world, "set", "port", "br-int", f"external_ids:filled={turn}" + "x" * size)


def test_a_full_disk_of_the_switch_s_database_is_told_and_the_rest_goes_on(world, tmp_path):
    world.settled()
    switch(world, "sh", "-c", FULL)
    for size in (2000, 200, 20):  # the file's last page has room
        with pytest.raises(ToolError):
            fill(world, size)
    world.set("ports", "p2in", **{"binding:host_id": ""})
    reason = world.comes("ERROR")["status_reason"]
    assert "ovs-vsctl" in reason
    assert ways(world, tmp_path)["p3in"] == 20
    switch(world, "sh", "-c", "rm /run/full; mount -o remount,size=1g /run")
    world.comes("DEGRADED")
    world.set("ports", "p2in", **{"binding:host_id": "lab"})
    world.comes("ACTIVE")
    assert ways(world, tmp_path)["p3in"] == 20
