"""Flows and groups of a switch as nodes below it."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace import topology_rules
from sfcci.trace.graph import Graph

FLOWS = """OFPST_FLOW reply (OF1.5) (xid=0x2):
 cookie=0x5fc0000000000001, table=10, priority=90,tcp,reg0=0x1/0xff,nw_src=10.0.0.0/24,tp_dst=80 actions=learn(table=1,a=b),group:7
 cookie=0x0, table=60, priority=0 actions=NORMAL
 table=61, ip actions=drop
"""
GROUPS = """OFPST_GROUP_DESC reply (OF1.5) (xid=0x2):
 group_id=7,type=select,selection_method=hash,fields(ip_src,ip_dst),bucket=bucket_id:1,watch_port:3,actions=set_field:1->reg3,resubmit(,30),bucket=bucket_id:2,actions=drop
"""


def drawn():
    graph = Graph()
    bridge = graph.put_node(
        "b", {"Name": "br", "Type": "ovsbridge", "UUID": "u", "TID": "t"}, now_ms=1, host="h"
    )
    for _ in range(2):
        topology_rules.draw(graph, bridge, FLOWS, GROUPS, 2)
    return graph


def test_a_flow_tells_where_it_is_what_it_is_about_and_what_it_does():
    first, second, third = (node.metadata for node in drawn().lookup("Type", "ofrule"))
    assert {key: first[key] for key in ("Cookie", "Table", "Priority")} == {"Cookie": "0x5fc0000000000001", "Table": 10, "Priority": 90}  # fmt: skip
    assert first["Filters"] == ["tcp", "reg0=0x1/0xff", "nw_src=10.0.0.0/24", "tp_dst=80"]
    assert first["Actions"] == ["learn(table=1,a=b)", "group:7"]
    assert (second["Filters"], second["Actions"]) == ([], ["NORMAL"])
    assert (third["Cookie"], third["Priority"], third["Filters"]) == ("0x0", 32768, ["ip"])


def test_a_group_tells_its_kind_and_its_buckets():
    (node,) = drawn().lookup("Type", "ofgroup")
    told = node.metadata
    assert (told["GroupId"], told["GroupType"]) == (7, "select")
    assert told["Meta"] == ["selection_method=hash", "fields(ip_src,ip_dst)"]
    assert told["Buckets"] == [
        {"Meta": ["bucket_id:1", "watch_port:3"], "Actions": ["set_field:1->reg3", "resubmit(,30)"]},
        {"Meta": ["bucket_id:2"], "Actions": ["drop"]},
    ]


def test_rules_lie_below_their_switch_and_are_the_same_when_drawn_again():
    graph = drawn()
    assert {node.revision for node in graph.nodes()} == {1}
    assert len(graph.children("b")) == 4
    assert {edge.metadata["RelationType"] for edge in graph.edges()} == {"ownership"}


@given(st.text("=,( )actionstable0123\n", max_size=80))
def test_whatever_is_told_is_read_or_left_out(text):
    assert isinstance("".join(topology_rules.parted(text)), str)
    for told in (*topology_rules.parse_groups(text), *topology_rules.parse_flows(text)):
        assert told["Type"] in ("ofgroup", "ofrule")
