"""Flows, groups, programs and their changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.action import Goto, Normal, Output, Resubmit, SetField, ToGroup
from sfcci.chain.openflow import Bucket, Flow, Group, match
from sfcci.chain.program import applied, changes, program_of

HTTP = match(
    eth_type=0x800, nw_proto=6, ip_src=(0x0A000067, 0xFFFFFFFF), ip_dst=(0x0A000000, 0xFFFFFF00), tcp_dst=80
)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (HTTP, "eth_type=0x800,nw_proto=6,ip_src=10.0.0.103,ip_dst=10.0.0.0/255.255.255.0,tcp_dst=0x50"),
        (match(udp_src=(0x3F0, 0xFFFE)), "udp_src=0x3f0/0xfffe"),
        (match(tcp_dst=(0, 0)), ""),
        (
            Flow(30, 100, match(eth_dst=0xFA163E000001), (Output(7),)),
            "cookie=0x5fc0000000000000,table=30,priority=100,eth_dst=fa:16:3e:00:00:01,actions=output:7",
        ),
        (
            Flow(0, 0, match(), (Normal(),)),
            "cookie=0x5fc0000000000000,table=0,priority=0,actions=NORMAL",
        ),
        (
            Flow(10, 1, match(reg1=1), ()),
            "cookie=0x5fc0000000000000,table=10,priority=1,reg1=0x1,actions=drop",
        ),
        (
            Flow(20, 5, match(in_port=3), (SetField("reg0", 511), Goto(30)), 0x5FC0000000000001),
            "cookie=0x5fc0000000000001,table=20,priority=5,in_port=3,actions=set_field:0x1ff->reg0,goto_table:30",
        ),
        (
            Group(1, ("ip_src",), (Bucket(9, (SetField("eth_dst", 0x020000000001), Resubmit(30))),)),
            (
                "group_id=1,type=select,selection_method=hash,fields(ip_src),"
                "bucket=bucket_id:9,weight:1,actions=set_field:02:00:00:00:00:01->eth_dst,resubmit(,30)"
            ),
        ),
        (ToGroup(4), "group:4"),
    ],
)
def test_items_are_written_as_ovs_ofctl_reads_them(item, text):
    assert str(item) == text


def test_a_packet_without_the_field_does_not_match():
    assert HTTP.agrees(
        {"eth_type": 0x800, "nw_proto": 6, "ip_src": 0x0A000067, "ip_dst": 0x0A0000FE, "tcp_dst": 80}
    )
    assert not HTTP.agrees({"eth_type": 0x800, "nw_proto": 17, "ip_src": 0x0A000067, "ip_dst": 0x0A000080})


flows = st.builds(
    Flow,
    table=st.integers(0, 2),
    priority=st.integers(0, 2),
    match=st.builds(lambda port: match(in_port=port), st.integers(1, 3)),
    actions=st.sampled_from([(), (Normal(),), (Output(1),), (ToGroup(1),)]),
)
groups = st.builds(
    Group,
    number=st.integers(1, 3),
    fields=st.just(("ip_src",)),
    buckets=st.lists(st.builds(Bucket, st.integers(1, 5), st.just((Resubmit(1),))), max_size=2).map(tuple),
)
programs = st.builds(program_of, st.lists(flows, max_size=8), st.lists(groups, max_size=4))


@given(programs, programs)
def test_the_changes_from_one_program_to_another_lead_there(a, b):
    assert applied(changes(a, b), a) == b


@given(programs)
def test_a_program_needs_no_change_to_become_itself(a):
    assert changes(a, a) == ()


@given(programs, programs)
def test_every_step_of_a_change_keeps_groups_that_flows_name(a, b):
    """Groups come before the flows that need them and go after them: a switch refuses it the other way."""
    verbs = [str(step.verb) for step in changes(a, b)]
    order = ["group add", "group modify", "flow add", "flow delete_strict", "group delete"]
    assert verbs == sorted(verbs, key=order.index)


def test_changes_are_lines_of_a_bundle():
    old = program_of([Flow(0, 1, match(in_port=1), (ToGroup(1),))], [Group(1, ("ip_src",), ())])
    new = program_of([Flow(0, 2, match(in_port=1), ())])
    assert [str(step) for step in changes(old, new)] == [
        "flow add cookie=0x5fc0000000000000,table=0,priority=2,in_port=1,actions=drop",
        "flow delete_strict table=0,priority=1,in_port=1",
        "group delete group_id=1",
    ]
