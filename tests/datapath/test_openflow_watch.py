"""What others do to a real switch's flows and groups is told; what we do ourselves is not."""

import struct

import pytest
from openflow_switch import switch, wait

from sfcci.chain.action import Output
from sfcci.chain.openflow import OUR_COOKIE, Bucket, Flow, Group, match
from sfcci.chain.program import Change, Program, Verb, changes, program_of
from sfcci.datapath import openflow_client as client
from sfcci.datapath import openflow_watch as watch

__all__ = ["switch"]
OURS = Flow(40, 1, match(in_port=1), (Output(2),))
GROUP = Group(9, ("ip_src",), (Bucket(1, (Output(1),)),))


@pytest.fixture
def told(switch):
    """Our connection with OURS and GROUP on the switch, and what wants one more event of it."""
    with client.connect(switch.address) as bridge:
        bridge.watch()
        bridge.apply(changes(Program(), program_of([OURS], [GROUP])))
        seen = []

        def look():
            bridge.look(0.05)
            seen.extend(bridge.events())
            return seen

        yield bridge, look
        bridge.apply(changes(program_of(bridge.held().flows, bridge.held().groups), Program()))


def ofctl(switch, verb, *words):
    switch.run("ovs-ofctl", "-O", "OpenFlow15", verb, switch.address, *words)


def flow_event(fate, cookie=OUR_COOKIE):
    return watch.FlowEvent(fate, OURS.table, OURS.priority, OURS.match, cookie)


@pytest.mark.lab
def test_a_flow_of_ours_that_another_deletes_is_told(switch, told):
    _, look = told
    ofctl(switch, "del-flows", "table=40")
    wait(lambda: flow_event(watch.FlowFate.REMOVED) in look())
    assert [e for e in look() if isinstance(e, watch.FlowEvent)] == [flow_event(watch.FlowFate.REMOVED)]
    assert look()[0].key == OURS.key


@pytest.mark.lab
def test_a_flow_of_ours_that_another_changes_or_puts_its_own_in_place_of_is_told(switch, told):
    _, look = told
    ofctl(switch, "mod-flows", f"{OURS.selector},actions=drop")
    wait(lambda: flow_event(watch.FlowFate.MODIFIED) in look())
    ofctl(switch, "add-flow", f"cookie=0x7,{OURS.selector},actions=drop")
    wait(lambda: any(event.key == OURS.key and event.cookie == 7 for event in look()))


@pytest.mark.lab
def test_a_strangers_flow_is_told_even_when_it_is_not_in_our_words(switch, told):
    bridge, look = told
    ofctl(switch, "add-flow", "cookie=0x8,table=7,priority=3,metadata=5,actions=drop")
    strange = watch.FlowEvent(watch.FlowFate.ADDED, 7, 3, None, 8)
    wait(lambda: strange in look())
    assert strange.key is None
    ofctl(switch, "del-flows", "cookie=0x8/-1")
    assert bridge.held().flows == (OURS,)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("verb", "words", "number"),
    [
        ("mod-group", ("group_id=9,type=select,bucket=actions=drop",), 9),
        ("del-groups", ("group_id=9",), 9),
        ("add-group", ("group_id=10,type=indirect,bucket=actions=drop",), 10),
        ("del-groups", (), None),
    ],
)
def test_a_group_that_another_changes_is_told(switch, told, verb, words, number):
    _, look = told
    ofctl(switch, verb, *words)
    wait(lambda: watch.GroupEvent(number) in look())
    ofctl(switch, "del-groups")


@pytest.mark.lab
def test_what_we_do_ourselves_is_not_told(switch, told):
    bridge, look = told
    other = Group(9, ("ip_src",), (Bucket(2, (Output(1),)),))
    more = Flow(40, 1, match(in_port=1), ())
    bridge.apply([Change(Verb.GROUP_MODIFY, other), Change(Verb.FLOW_ADD, more)])
    bridge.apply([Change(Verb.FLOW_DELETE, more), Change(Verb.GROUP_DELETE, other)])
    ofctl(switch, "add-flow", "cookie=0x8,table=7,actions=drop")
    wait(lambda: any(isinstance(event, watch.FlowEvent) for event in look()))
    assert {event.cookie for event in look()} == {8}
    ofctl(switch, "del-flows", "cookie=0x8/-1")


@pytest.mark.lab
def test_events_come_in_between_answers(switch, told):
    bridge, _ = told
    ofctl(switch, "mod-flows", f"{OURS.selector},actions=drop")
    wait(lambda: bridge.held().flows and flow_event(watch.FlowFate.MODIFIED) in bridge.events())


def test_that_more_happened_than_could_be_told_is_told():
    paused, resumed, ours = (struct.pack("!HHI", 8, kind, 0) for kind in (watch.PAUSED, watch.RESUMED, 4))
    assert list(watch.decode_flow_events(paused + ours + resumed)) == [watch.Missed()]


def test_a_forwarded_request_about_something_else_is_nothing_to_us():
    assert watch.decode_group_event(b"\6\x1d\0\x10" + bytes(12)) is None
