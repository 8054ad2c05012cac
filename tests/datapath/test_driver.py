"""The driver of a real switch: nothing twice, nothing of others, what others broke put right, no packet past a function."""

from dataclasses import replace

import pytest
from driver_world import Bridge, chain, datagram, number_of, program
from openflow_switch import switch, wait

from sfcci.chain.action import Output, ToGroup
from sfcci.chain.compiler import Compiled
from sfcci.chain.model import ServiceGraph
from sfcci.chain.openflow import Flow, match
from sfcci.chain.program import Part, Program
from sfcci.datapath.driver import blamed
from sfcci.datapath.openflow_client import Refused, Switch

__all__ = ["switch"]
pytestmark = pytest.mark.lab
LONG_S = 1e6
"""Longer than any test: what drains does so until the test says that it is over."""


@pytest.fixture(scope="module")
def ports(switch):
    return Bridge(switch)


@pytest.fixture
def bridge(ports):
    ports.switch.clear()
    ports.settle()
    for name in ports.seen:
        ports.new(name)
    yield ports
    ports.switch.clear()


@pytest.fixture
def driver(bridge):
    made = bridge.driver()
    yield made
    made.close()


def over(driver):
    """The functions have had their time."""
    for one in driver._draining:
        one.until = 0.0
    driver.turn()


def test_a_second_driver_finds_the_program_and_sends_nothing(bridge, driver):
    driver.reach(program(driver, chain("ga", "gb")))
    driver.reach(
        program(driver, chain("gb", "ga"))
    )  # so that it is not the version that a new one begins with
    before = bridge.switch.dump()
    other = bridge.driver()
    assert other.versions == {1: 1}
    assert other.reach(program(other, chain("gb", "ga"))) == 0
    assert (other.counts.bundles, bridge.switch.dump()) == (0, before)
    other.close()


def test_the_same_again_sends_nothing(driver):
    made = program(driver, chain("gab"))
    assert driver.reach(made) > 0
    assert driver.reach(made) == driver.reach(program(driver, chain("gab"))) == 0


def test_flows_and_groups_of_others_stay(bridge, driver):
    bridge.ofctl("add-group", "group_id=77,type=all,bucket=actions=output:1")
    bridge.ofctl("add-flow", "cookie=0x5,table=200,priority=5,in_port=9,actions=group:77")
    before = bridge.switch.dump()
    driver.reach(program(driver, chain("gab")))
    assert set(before) < set(bridge.switch.dump())
    driver.reach(program(driver))
    base = [line for line in bridge.switch.dump() if line not in before]
    assert base == ["cookie=0x5fc0000000000000, priority=0 actions=NORMAL"]


@pytest.mark.parametrize(
    "words",
    [
        ("del-flows",),
        ("del-groups",),
        ("del-flows", "table=20"),
        ("add-flow", "cookie=0x9,table=0,priority=100,in_port=1,actions=drop"),
        ("add-flow", "cookie=0x5fc0000000000007,table=77,actions=drop"),
        ("add-flow", "cookie=0x5fc0000000000007,table=77,actions=learn(table=8,in_port=1)"),
        ("add-flow", "cookie=0x5fc0000000000007,table=77,ip,nw_tos=4,actions=drop"),
        ("add-flow", "cookie=0x5fc0000000000001,table=0,priority=100,in_port=1,actions=learn(table=8)"),
        ("mod-group", "group_id=3,type=all,bucket=actions=drop"),
    ],
)
def test_what_others_change_of_ours_is_put_right(bridge, driver, words):
    driver.reach(program(driver, chain("gab", "gb")))
    before = bridge.switch.dump()
    bridge.ofctl(*words)

    def right():
        driver.turn()
        return bridge.switch.dump() == before

    wait(right)
    assert driver.counts.repairs


def test_what_others_made_of_ours_before_anybody_came_is_put_right(bridge, driver):
    driver.reach(program(driver, chain("gab", "gb")))
    before = bridge.switch.dump()
    driver.close()
    bridge.ofctl("mod-group", "group_id=3,type=all,bucket=actions=drop")
    bridge.ofctl("add-flow", "cookie=0x5fc0000000000007,table=77,ip,nw_tos=4,actions=drop")
    bridge.ofctl(
        "add-flow", "cookie=0x5fc0000000000001,table=0,priority=100,in_port=1,actions=learn(table=8)"
    )
    other = bridge.driver()
    assert other.reach(program(other, chain("gab", "gb"))) > 0
    assert bridge.switch.dump() == before
    other.close()


def test_a_refused_program_leaves_the_switch_as_it_was_and_its_chain_is_told(bridge, driver):
    driver.reach(program(driver, chain("ga")))
    before, bundles = bridge.switch.dump(), driver.counts.bundles
    good = program(driver, chain("ga", "gb"))
    bad = Flow(20, 7, match(reg0=1 << 8), (ToGroup(99),), 0x5FC0_0000_0000_0001)
    broken = Compiled(Program({**good.program.parts, ("more",): Part((bad,))}), good.ways)
    with pytest.raises(Refused) as refused:
        driver.bring(broken)
    assert blamed(refused.value, broken) == {
        "pc": "the switch refused it: an action was refused: a group that it does not have (OpenFlow error 2, 9)"
    }
    assert (bridge.switch.dump(), driver.counts.bundles) == (before, bundles)
    assert driver.reach(good) > 0


def test_a_group_number_that_somebody_else_has_is_refused_in_words_and_left_to_him(bridge, driver):
    bridge.ofctl("add-group", "group_id=3,type=all,bucket=actions=output:1")
    with pytest.raises(Refused, match="there is one of this number"):
        driver.reach(program(driver, chain("gab")))
    assert "group_id=3,type=all" in str(bridge.switch.dump())


def test_packets_in_a_function_end_their_old_way_while_new_ones_go_the_new_one(bridge):
    driver = bridge.driver(LONG_S)
    driver.bring(program(driver, chain("ga")))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    assert driver.bring(program(driver, chain("gb")))
    bridge.send("src", datagram(2))
    assert number_of(bridge.arrived("bin")[0]) == 2
    bridge.send("aout", held)
    assert number_of(bridge.arrived("dst")[0]) == 1
    over(driver)
    assert driver.due is None
    assert driver.program == driver.aim.program
    driver.close()


def test_a_chain_changes_again_only_when_its_old_packets_have_gone_and_others_need_not_wait(bridge):
    driver = bridge.driver(LONG_S)
    driver.bring(program(driver, chain("ga")))
    assert driver.bring(program(driver, chain("gb")))
    assert not driver.bring(program(driver, chain("gab")))
    over(driver)
    assert driver.bring(program(driver, chain("gab")))
    driver.close()


def test_while_the_order_is_swapped_new_packets_wait_and_go_on_in_their_order(bridge):
    driver = bridge.driver(LONG_S)
    driver.bring(program(driver, chain("ga", "gb")))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    driver.bring(program(driver, chain("gb", "ga")))
    for number in range(2, 50):
        bridge.send("src", datagram(number))

    def parked():
        driver.turn()
        return driver.counts.parked == 48

    wait(parked)
    assert driver.waits("pc")
    assert not driver.waits("another")
    assert not bridge.new("ain")
    assert not bridge.new("bin")
    bridge.send("aout", held)
    (second,) = bridge.arrived("bin")
    bridge.send("bout", second)
    assert number_of(bridge.arrived("dst")[0]) == 1
    over(driver)
    assert [number_of(frame) for frame in bridge.arrived("bin", 48)] == [*range(2, 50)]
    assert (driver.due, driver.counts.lost, driver.waits("pc")) == (None, 0, False)
    driver.close()


def test_many_packets_that_waited_go_on_a_few_at_a_time(bridge, monkeypatch):
    driver, at_once = bridge.driver(LONG_S), []
    resume = Switch.resume

    def noted(self, packets):
        at_once.append(len(packets))
        return resume(self, packets)

    monkeypatch.setattr(Switch, "resume", noted)
    driver.bring(program(driver, chain("ga", "gb")))
    driver.bring(program(driver, chain("gb", "ga")))
    for number in range(100):
        bridge.send("src", datagram(number))
    wait(lambda: (driver.turn(), driver.counts.parked == 100)[1])
    over(driver)
    assert [number_of(frame) for frame in bridge.arrived("bin", 100)] == [*range(100)]
    assert at_once == [16] * 6 + [4]
    driver.close()


def test_packets_that_wait_for_something_else_do_not_go_on(bridge):
    driver = bridge.driver(LONG_S)
    twins = [chain("ga", "gb"), chain("gd", "gc", number=2, name="twin", classifier="back")]
    driver.bring(program(driver, *twins))
    driver.bring(program(driver, chain("gb", "ga"), twins[1]))
    assert driver.bring(program(driver, chain("gb", "ga"), replace(twins[1], port_pair_groups=("gc", "gd"))))
    bridge.send("src", datagram(1))
    bridge.send("dst", datagram(2, 2001))
    wait(lambda: (driver.turn(), driver.counts.parked == 2)[1])
    driver._draining[0].until = 0.0
    driver.turn()
    assert number_of(bridge.arrived("bin")[0]) == 1
    assert [bridge.new(name) for name in ("cin", "din")] == [[], []]
    over(driver)
    assert number_of(bridge.arrived("cin")[0]) == 2
    driver.close()


def test_a_chain_that_takes_the_packets_of_one_that_goes_comes_when_that_has_drained(bridge):
    driver = bridge.driver(LONG_S)
    driver.bring(program(driver, chain("ga", "gb")))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    driver.bring(program(driver, chain("gb", number=2, name="other")))
    bridge.send("src", datagram(2))
    bridge.send("aout", held)
    (second,) = bridge.arrived("bin")
    bridge.send("bout", second)
    assert number_of(bridge.arrived("dst")[0]) == 1
    wait(lambda: (driver.turn(), driver.counts.parked == 1)[1])
    over(driver)
    assert number_of(bridge.arrived("bin")[0]) == 2
    driver.close()


def test_packets_wait_in_front_of_the_chains_that_a_graph_leads_from_to_the_one_that_changes(bridge):
    driver = bridge.driver(LONG_S)
    graph = (ServiceGraph("sg", "sg", (("pc", ("next",)),)),)
    first = chain("ga")

    def through(*ports):
        """The number of the packet that has gone the way through these functions, whose ports the test itself is."""
        for name in ports:
            (frame,) = bridge.arrived(f"{name}in")
            bridge.send(f"{name}out", frame)
        return number_of(bridge.arrived("dst")[0])

    def wanted(*groups):
        return program(driver, first, chain(*groups, number=2, name="next", classifier="inner"), graphs=graph)

    driver.bring(wanted("gc", "gd"))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    driver.bring(wanted("gd", "gc"))
    bridge.send("src", datagram(2))
    wait(lambda: (driver.turn(), driver.counts.parked == 1)[1])
    assert driver.waits("pc")
    assert driver.waits("next")
    bridge.send("aout", held)
    assert through("c", "d") == 1
    over(driver)
    assert through("a", "d", "c") == 2
    assert (driver.due, driver.program == driver.aim.program) == (None, True)
    driver.close()


def test_what_a_function_still_has_when_the_last_chain_goes_ends_its_way_and_teaches_the_switch_nothing(
    bridge,
):
    driver = bridge.driver(LONG_S)
    driver.bring(program(driver, chain("ga", "gb")))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    assert driver.bring(program(driver))
    bridge.send("aout", held)
    (second,) = bridge.arrived("bin")
    bridge.send("bout", second)
    assert number_of(bridge.arrived("dst")[0]) == 1
    assert "02:00:00:00:00:01" not in bridge.switch.control("fdb/show", "br0")
    driver.close()


def test_what_has_passed_its_chain_and_is_nobodys_reaches_no_function_and_teaches_the_switch_nothing(
    bridge, driver
):
    """A bump in the wire would get its own packets again and again, and answers to the sender would go to a function."""
    driver.reach(program(driver, chain("ga")))
    stranger = bytes.fromhex("020000009999") + datagram(1)[6:33] + bytes([99]) + datagram(1)[34:]
    bridge.send("src", stranger)
    bridge.arrived("ain")
    bridge.send("aout", stranger)
    assert number_of(bridge.arrived("dst")[0]) == 1
    functions = [f"{name}{side}" for name in "abcd" for side in ("in", "out")]
    assert not any(bridge.new(name) for name in functions)
    assert "02:00:00:00:00:01" not in bridge.switch.control("fdb/show", "br0")


def test_one_who_comes_anew_in_the_middle_of_a_change_brings_it_to_its_end(bridge):
    first = bridge.driver(LONG_S)
    first.bring(program(first, chain("ga", "gb")))
    bridge.send("src", datagram(1))
    (held,) = bridge.arrived("ain")
    first.bring(program(first, chain("gb", "ga")))
    first.close()  # as kill -9 leaves it
    bridge.send("src", datagram(2))
    second = bridge.driver(LONG_S)
    assert second.bring(program(second, chain("gb", "ga")))
    bridge.send("aout", held)
    (later,) = bridge.arrived("bin")
    assert number_of(later) == 1
    over(second)
    bridge.send("src", datagram(3))
    assert number_of(bridge.arrived("bin")[0]) == 3, "the second one met nobody, and passed no function"
    before = bridge.switch.dump()
    assert not bridge.new("dst")
    third = bridge.driver()
    assert third.reach(program(third, chain("gb", "ga"))) == 0
    assert bridge.switch.dump() == before
    second.close()
    third.close()


def test_a_switch_that_has_forgotten_everything_gets_it_again_when_it_is_met_again(bridge, driver):
    driver.reach(program(driver, chain("gab")))
    before = bridge.switch.dump()
    driver.close()
    bridge.switch.clear()
    driver.reach(program(driver, chain("gab")))
    assert bridge.switch.dump() == before


def test_a_flow_of_others_that_has_nothing_to_do_with_ours_is_no_reason_to_do_anything(bridge, driver):
    driver.reach(program(driver, chain("ga")))
    bridge.ofctl("add-flow", "cookie=0x5,table=200,actions=output:1")
    driver.turn()
    assert driver.counts.repairs == 0
    assert Flow(200, 1, match(), (Output(1),)).key not in driver.program.flow_of
