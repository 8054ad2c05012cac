"""A driver over three real switches: each holds what concerns it, at all times, whoever goes away, comes back or refuses."""

import struct
from dataclasses import replace

import nodes_world as world
import pytest
from driver_world import chain, program
from openflow_switch import wait

from sfcci.chain.action import ToGroup
from sfcci.chain.compiler import Compiled
from sfcci.chain.openflow import OUR_COOKIE, Flow, match
from sfcci.chain.program import Part, Program
from sfcci.datapath import fabric_change, remote
from sfcci.datapath import openflow_client as client
from sfcci.datapath.driver import blamed
from sfcci.datapath.node_link import NodeState, Reach
from sfcci.errors import Unreachable

pytestmark = pytest.mark.lab
FEW_S = 0.2
"""How long the others wait for a node that is frozen: long enough for it only where it is not."""


@pytest.fixture(scope="module")
def three():
    with world.three_nodes() as made:
        yield made


@pytest.fixture
def nodes(three):
    three.clear()
    return three


@pytest.fixture
def fabric(nodes):
    made = nodes.fabric()
    yield made
    made.close()


@pytest.fixture
def driver(fabric):
    made = world.driver(fabric)
    yield made
    made.close()


def state(fabric, name):
    return fabric.nodes[name].state


def test_each_node_holds_what_concerns_it_after_every_change(nodes, driver, fabric):
    for groups in (("ga", "gb"), ("gb", "ga"), ("gab", "gc"), ("gc",), ()):
        driver.reach(program(driver, *([chain(*groups)] if groups else [])))
        assert nodes.holds(driver)
    assert {one.state for one in fabric.nodes.values()} == {NodeState.CONNECTED}
    assert all(one.flows and one.last_contact for one in fabric.nodes.values())


def test_the_same_again_sends_nothing_and_who_comes_anew_finds_it(nodes, driver):
    driver.reach(program(driver, chain("ga", "gb")))
    driver.reach(program(driver, chain("gb", "ga")))
    before = nodes.dump()
    assert driver.reach(program(driver, chain("gb", "ga"))) == 0
    other = world.driver(nodes.fabric())
    assert other.versions == {1: 1}
    assert other.reach(program(other, chain("gb", "ga"))) == 0
    assert nodes.dump() == before
    other.close()


def test_one_who_comes_anew_in_the_middle_of_a_change_brings_it_to_its_end(nodes, monkeypatch):
    first = world.driver(nodes.fabric())
    first.reach(program(first, chain("ga", "gb")))
    wanted = program(first, chain("gb", "gc"))
    done = []
    do = fabric_change._do

    def killed(work, stage):
        do(work, stage)
        done.append(stage)
        if any(one.steps[stage] for one in work):
            raise KeyboardInterrupt

    monkeypatch.setattr(fabric_change, "_do", killed)
    with pytest.raises(KeyboardInterrupt):
        first.bring(wanted)
    monkeypatch.undo()
    first.close()  # as kill -9 leaves it
    second = world.driver(nodes.fabric())
    second.reach(program(second, chain("gb", "gc")))
    assert nodes.holds(second)
    assert second.program == second.aim.program
    second.close()


@pytest.mark.parametrize(
    "words",
    [
        ("del-flows",),
        ("del-groups",),
        ("add-flow", "cookie=0x9,table=0,priority=100,in_port=11,actions=drop"),
        ("add-flow", "cookie=0x5fc0000000000007,table=77,ip,nw_tos=4,actions=drop"),
    ],
)
def test_what_others_change_of_ours_at_a_node_is_put_right_there(nodes, driver, words):
    driver.reach(program(driver, chain("gab", "gb")))
    before = nodes.dump()
    switch = nodes.switches["node1"]
    switch.run("ovs-ofctl", "-O", "OpenFlow15", words[0], switch.address, *words[1:])
    world.turned_until(driver, lambda: nodes.dump() == before)


def test_what_is_in_our_name_and_not_in_our_words_goes_when_ours_is_there(nodes):
    odd = ("add-flow", "cookie=0x5fc0000000000007,table=77,ip,nw_tos=4,actions=drop")
    for switch in nodes.switches.values():
        switch.run("ovs-ofctl", "-O", "OpenFlow15", odd[0], switch.address, odd[1])
    fabric = nodes.fabric()
    driver = world.driver(fabric)
    driver.reach(program(driver, chain("ga", "gb")))
    assert nodes.holds(driver)
    assert fabric.repairs == len(nodes.switches)
    driver.close()


def test_a_node_that_dies_hinders_nobody_and_is_brought_up_to_date_when_it_is_there_again(
    nodes, driver, fabric
):
    driver.reach(program(driver, chain("ga", "gb")))
    since = fabric.nodes["node2"].since
    switch = nodes.switches["node2"]
    switch.kill()
    world.turned_until(driver, lambda: state(fabric, "node2") is NodeState.AWAY)
    driver.reach(program(driver, chain("gc", "ga")))
    assert (state(fabric, "node1"), state(fabric, "node3")) == (NodeState.CONNECTED, NodeState.CONNECTED)
    away = fabric.nodes["node2"]
    assert away.since > since
    assert away.reason
    assert away.last_contact
    switch.start_again()
    world.turned_until(driver, lambda: state(fabric, "node2") is NodeState.CONNECTED)
    assert nodes.holds(driver)
    assert fabric.repairs == 1


def test_a_frozen_node_counts_as_away_the_others_go_on_and_it_follows_when_it_thaws(nodes):
    fabric = nodes.fabric(world.PATIENCE_S)
    driver = world.driver(fabric)
    driver.reach(program(driver, chain("ga", "gb")))
    with world.frozen(nodes.switches["node3"]):
        fabric._links["node3"].switch.patience_s = FEW_S
        driver.reach(program(driver, chain("gb", "ga")))
        assert state(fabric, "node3") is NodeState.AWAY
        assert "said nothing" in fabric.nodes["node3"].reason
        driver.reach(program(driver, chain("ga", "gb")))
        assert [state(fabric, name) for name in ("node1", "node2")] == [NodeState.CONNECTED] * 2
    world.turned_until(driver, lambda: state(fabric, "node3") is NodeState.CONNECTED)
    assert nodes.holds(driver)
    driver.close()


def test_nodes_that_have_said_nothing_for_long_are_asked_whether_they_are_there(nodes, driver, fabric):
    driver.reach(program(driver))
    silent = [fabric._links[name] for name in ("node1", "node2")]
    with world.frozen(nodes.switches["node1"]), world.frozen(nodes.switches["node2"]):
        for link in silent:
            link.switch.patience_s = FEW_S
            link.switch.heard = link.asked_at = -1e9
        driver.turn()
        assert [link.state for link in silent] == [NodeState.AWAY] * 2
    for link in silent:
        world.turned_until(driver, lambda link=link: link.state is NodeState.CONNECTED)


def test_a_chain_that_one_node_refuses_changes_nothing_anywhere_and_is_told(nodes, driver):
    driver.reach(program(driver, chain("ga")))
    before = nodes.dump()
    good = program(driver, chain("ga", "gb"))
    bad = Flow(20, 7, match(in_port=21, reg0=1 << 8), (ToGroup(99),), OUR_COOKIE | 1)
    broken = Compiled(Program({**good.program.parts, ("more",): Part((bad,))}), good.ways)
    with pytest.raises(client.Refused, match="node2") as refused:
        driver.bring(broken)
    assert blamed(refused.value, broken).keys() == {"pc"}
    assert nodes.dump() == before
    assert driver.reach(good) > 0
    assert nodes.holds(driver)


def test_what_a_node_refuses_only_when_it_is_to_do_it_is_undone_everywhere(nodes, driver, monkeypatch):
    driver.reach(program(driver, chain("ga")))
    before = nodes.dump()
    refused = (client.Refusal(None, "its table is full"),)
    committed = fabric_change.Work.committed
    monkeypatch.setattr(
        fabric_change.Work,
        "committed",
        lambda self, stage: (
            committed(self, stage) or (refused if stage and self.link.name == "node2" else ())
        ),
    )
    with pytest.raises(client.Refused, match="its table is full"):
        driver.bring(program(driver, chain("ga", "gb")))
    monkeypatch.undo()
    world.turned_until(driver, lambda: nodes.dump() == before)


def test_a_node_that_refuses_what_is_no_chains_is_told_and_the_others_go_on(
    nodes, driver, fabric, monkeypatch
):
    driver.reach(program(driver, chain("ga")))
    checked = fabric_change.Work.checked
    refused = (client.Refusal(None, "there are as many bundles as it can have"),)
    monkeypatch.setattr(
        fabric_change.Work,
        "checked",
        lambda self: checked(self) or (refused if self.link.name == "node2" else ()),
    )
    driver.reach(program(driver, chain("ga", "gb")))
    monkeypatch.undo()
    assert [one.state for one in fabric.nodes.values()] == ["connected", "refused", "connected"]
    assert "as many bundles" in fabric.nodes["node2"].reason
    fabric._links["node2"].retry_at = 0.0
    driver.turn()
    assert state(fabric, "node2") is NodeState.CONNECTED
    assert nodes.holds(driver)


def test_packets_that_wait_do_so_at_the_node_where_they_came_and_go_on_there(nodes, fabric):
    driver = world.driver(fabric, residency_s=1e6)
    driver.bring(program(driver, chain("ga", "gb")))
    driver.bring(program(driver, chain("gb", "ga")))
    nodes.send("src", 3)
    world.turned_until(driver, lambda: driver.counts.parked == 3)
    assert driver.waits("pc")
    for one in driver._draining:
        one.until = 0.0
    driver.turn()
    assert (driver.counts.lost, driver.due is None or not driver.drains) == (0, True)
    assert nodes.holds(driver)
    wait(lambda: len(nodes.new("node1", "tun")) == 3)


def test_nodes_come_and_go_while_the_others_work(nodes, fabric, driver):
    reaches = fabric_reaches = nodes.reaches()
    fabric.reach({name: reaches[name] for name in ("node1", "node2")})
    fabric.place(world.places(("node1", "node2")))
    driver.reach(program(driver, chain("ga", "gb")))
    assert fabric.nodes.keys() == {"node1", "node2"}
    third = nodes.switches["node3"].dump()
    assert not any("0x5fc0" in line for line in third)
    fabric.reach(fabric_reaches)
    fabric.place(world.places())
    made = driver.aim
    world.turned_until(driver, lambda: driver.bring(made) and nodes.holds(driver))
    assert fabric.nodes["node3"].flows


def test_ports_that_move_are_reached_where_they_are(nodes, driver, fabric):
    made = program(driver, chain("ga", "gb"))
    driver.reach(made)
    places = world.places()
    ports = {number: replace(port, node="node1") for number, port in places.ports.items()}
    fabric.place(replace(places, ports=ports))
    driver.bring(made)
    assert not any("output:21" in line for line in nodes.switches["node2"].dump())
    assert any("output:21" in line for line in nodes.switches["node1"].dump())
    fabric.place(places)
    driver.bring(made)
    assert nodes.holds(driver)


def test_where_no_node_answers_every_reason_is_told(nodes):
    def nobody():
        raise Unreachable("no switch: it is not there")

    fabric = nodes.fabric(**dict.fromkeys(world.NAMES, Reach(nobody)))
    with pytest.raises(Unreachable, match="no node answers\n  node1: no switch: it is not there\n  node2"):
        world.driver(fabric).bring(Compiled())
    assert fabric.nodes["node2"].reason == "no switch: it is not there"


def test_a_node_whose_connection_fails_in_a_way_that_nobody_thought_of_is_away_and_says_so(nodes):
    def broken():
        raise RuntimeError("what is this")

    fabric = nodes.fabric(node1=Reach(broken))
    driver = world.driver(fabric)
    driver.reach(program(driver, chain("ga", "gb")))
    assert fabric.nodes["node1"].reason == "RuntimeError: what is this"
    driver.close()


def test_a_node_that_says_what_is_no_openflow_is_away_and_hinders_no_other(nodes):
    class Babbling(client.Switch):
        def look(self, seconds=0.0):
            if nonsense:
                raise struct.error("unpack requires a buffer of 4 bytes")
            super().look(seconds)

    def babbling():
        sock = remote.opened(remote.remote(nodes.switches["node2"].address))
        made.append(Babbling(sock, "node2"))
        return made[-1]

    made, nonsense = [], []
    fabric = nodes.fabric(node2=Reach(babbling))
    driver = world.driver(fabric)
    driver.reach(program(driver, chain("ga", "gb")))
    nonsense.append(True)
    driver.reach(program(driver, chain("gb", "ga")))
    assert state(fabric, "node1") is NodeState.CONNECTED
    assert "unpack requires" in fabric.nodes["node2"].reason
    nonsense.clear()
    world.turned_until(driver, lambda: state(fabric, "node2") is NodeState.CONNECTED)
    assert nodes.holds(driver)
    driver.close()
