import re
from pathlib import Path

import pytest

from sfcci.errors import InputError
from sfcci.trace.flow_json import parse_flow
from sfcci.trace.graph import Edge, Graph, Node
from sfcci.trace.gremlin import Past, World, query
from sfcci.trace.gremlin_parser import PREDICATES, SAME, STEPS, parse
from sfcci.trace.gremlin_scanner import Expression

NOW_MS = 1_700_000_100_000


def _flow(uuid, last, **more):
    link = {"Protocol": "ETHERNET", "A": "fa:00:00:00:00:01", "B": "fa:00:00:00:00:02", "ID": 0}
    metric = {
        "ABPackets": 6,
        "ABBytes": 480,
        "BAPackets": 4,
        "BABytes": 700,
        "Start": 1_700_000_000_000,
        "Last": last,
    }
    whole = {
        "UUID": uuid,
        "LayersPath": "Ethernet/IPv4/TCP",
        "Application": "TCP",
        "Link": link,
        "Metric": metric,
    }
    whole |= {
        "Start": 1_700_000_000_000,
        "Last": last,
        "TrackingID": "a1",
        "L3TrackingID": "b2",
        "NodeTID": "t-tap1",
    }
    whole |= {
        "Network": {"Protocol": "IPV4", "A": "10.0.0.3", "B": "10.0.0.8", "ID": 0},
        "Transport": {"Protocol": "TCP", "A": 40000, "B": 80, "ID": 0},
    }
    return parse_flow(whole | more)


FLOWS = [
    _flow("f1", 1_700_000_000_500),
    _flow("f2", 1_700_000_000_900, NodeTID="t-tap2", TrackingID="a2"),
    _flow(
        "f3",
        1_700_000_000_700,
        Transport=None,
        ICMP={"Type": "ECHO", "ID": 80},
        L3TrackingID="text",
        LastRawPackets=[
            {"Timestamp": 1_700_000_000_100, "Index": 0, "Data": "AAE=", "LinkType": 1},
            {"Timestamp": 1_700_000_000_200, "Index": 1, "Data": "AQA=", "LinkType": 1},
        ],
    ),
    _flow("f4", 1_700_000_000_600, Network=None, Transport=None, Link=None, NodeTID="", ParentUUID="f1"),
]


def _node(name, **metadata):
    return Node(name, {"Name": name, **metadata}, created_ms=5)


NODES = [
    _node("host", Type="host", TID="t-host"),
    _node("br-int", Type="ovsbridge", TID="t-br", ExtID={"iface-id": "x"}, Vlans=[10, 20]),
    _node(
        "tap1", Type="veth", TID="t-tap1", MAC="fe:00:00:00:00:01", PeerIntfMAC="fa:00:00:00:00:01", MTU=1500
    ),
    _node(
        "tap2",
        Type="veth",
        TID="t-tap2",
        MAC="fe:00:00:00:00:02",
        PeerIntfMAC="fa:00:00:00:00:02",
        MTU="1400",
    ),
    _node("eth0", Type="veth", TID="t-eth0", MAC="fa:00:00:00:00:01", Up=True, **{"flat.key/with": 1}),
]
EDGES = [
    Edge("o1", {"RelationType": "ownership"}, "host", "br-int"),
    Edge("o2", {"RelationType": "ownership"}, "br-int", "tap1"),
    Edge("o3", {"RelationType": "ownership"}, "br-int", "tap2"),
    Edge("l1", {"RelationType": "layer2"}, "br-int", "tap1"),
    Edge("l2", {"RelationType": "layer2", "Type": "veth"}, "eth0", "tap1"),
]


class Kept:
    """A history that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def at(self, at_ms, duration_ms):
        self.asked.append((at_ms, duration_ms))
        return Past(Graph(NODES[:1]), lambda: FLOWS[:1], lambda _: [{"ABPackets": 1, "Start": 0, "Last": 1}])


def _world(**more):
    return World(Graph([*NODES, *EDGES]), lambda: FLOWS, now_ms=lambda: NOW_MS, **more)


def _ids(text, **more):
    return [one.get("ID") or one["UUID"] for one in query(text, _world(**more)).json()]


def _says(text, **more):
    with pytest.raises(InputError) as refused:
        query(text, _world(**more))
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G.Flows()", ["f2", "f3", "f4", "f1"]),
        ("g.flows().LIMIT(1)", ["f2"]),
        ("G.Flows().Range(1, 3)", ["f3", "f4"]),
        ("G.Flows().Sort()", ["f1", "f4", "f3", "f2"]),
        ("G.Flows().Sort('Network.A').Limit(1)", ["f4"]),
        ("G.Flows().Has('Network','10.0.0.3','Transport','80')", ["f2", "f1"]),
        ("G.Flows('Transport', 80)", ["f2", "f1"]),
        ("G.Flows().Has('Transport', NEE(80))", ["f2", "f3", "f4", "f1"]),
        ("G.Flows().Has('Transport', Without(80, 40000))", ["f3", "f4"]),
        ("G.Flows().Has('Network', Ipv4Range('10.0.0.8/30'))", ["f2", "f3", "f1"]),
        ("G.Flows().Has('Transport.Protocol', 'TCPPORT')", ["f2", "f1"]),
        ("G.Flows().Has('Transport.Protocol', Within('UDPPORT', 'TCPPORT'))", ["f2", "f1"]),
        ("G.Flows().Has('L3TrackingID', Within('b2', 'text')).Limit(9)", ["f2", "f3", "f4", "f1"]),
        ("G.Flows().Has('L3TrackingID', '0b2')", []),
        ("G.Flows().Has('TrackingID', Regex('^a[2-9]$'))", ["f2"]),
        ("G.Flows().Has('ICMP.ID', 80, 'Last', Gt(5))", ["f3"]),
        ("G.Flows().Has('ParentUUID', 'f1')", ["f4"]),
        ("G.Flows().HasEither('ParentUUID', 'f1', 'ICMP.Type', 'ECHO')", ["f3", "f4"]),
        ("G.Flows().Dedup()", ["f2", "f3"]),
        ("G.Flows().Dedup('NodeTID')", ["f2", "f3", "f4"]),
        ("G.Flows().Dedup('ICMP.Type', 'Transport.B')", ["f2", "f3", "f4"]),
        ("G.Flows().Dedup('Network.A')", ["f2", "f4"]),
        ("G.V('tap1').Flows()", ["f3", "f1"]),
        ("G.V().Has('Type', 'host').Flows()", []),
        ("G.V('tap1').ShortestPathTo(Metadata('Name','tap2')).Flows().Count().G", None),
    ],
)
def test_flows_are_chosen_and_come_newest_first(text, expected):
    if expected is None:
        assert "G is no step of number" in _says(text)
    else:
        assert _ids(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G.V().Has('ExtID/iface-id', 'x')", ["br-int"]),
        ("G.V().Has('Metadata.ExtID.iface-id', 'x')", ["br-int"]),
        ("G.V().Has('flat.key/with', 1)", ["eth0"]),
        ("G.V().Has('Vlans', 10)", ["br-int"]),
        ("G.V().Has('Vlans', NE(10))", []),
        ("G.V().Has('MTU', Outside(1450, 1600))", []),
        ("G.V().Has('MTU', '1500')", ["tap1"]),
        ("G.V().Has('MTU', 1400)", ["tap2"]),
        ("G.V().Has('Up', 1)", []),
        ("G.V().Has('MTU', NEE(1500)).Count()", 4),
        ("G.V().Has('@ID', 'tap1')", ["tap1"]),
        ("G.V().Has('@Revision', 1).Count()", 5),
        ("G.V('br-int').Out()", ["tap1", "tap2", "tap1"]),
        ("G.V('br-int').Out().Dedup()", ["tap1", "tap2"]),
        ("G.V('tap1').In('Type', 'veth')", ["eth0"]),
        ("G.V('tap1').Both()", ["br-int", "br-int", "eth0"]),
        ("G.V('tap1').InE('RelationType', 'ownership').InV()", ["br-int"]),
        ("G.E().Has('Type', 'veth').BothV('Name', 'tap1')", ["tap1"]),
        ("G.E().Sort(DESC, 'RelationType').Limit(2)", ["o3", "o2"]),
        ("G.V('host').Descendants()", ["host", "br-int"]),
        ("G.V('host').Descendants(2)", ["host", "br-int", "tap1", "tap2"]),
        ("G.V('host').Descendants(0)", ["host", "br-int", "tap1", "tap2"]),
        ("G.V('eth0').Descendants('RelationType','layer2','RelationType','ownership',1)", ["eth0", "tap1"]),
        ("G.V('tap2').Ascendants(5)", ["tap2", "br-int", "host"]),
        ("G.V('br-int').Neighbors()", ["br-int", "tap1", "tap2", "host"]),
        ("G.V('br-int').Neighbors(0)", ["br-int"]),
        ("G.V('tap1').As('a').G.V('tap2').As('b').Select('b', 'a')", ["tap2", "tap1"]),
        ("G.V('br-int').SubGraph().E()", []),
        ("G.V().SubGraph('RelationType', 'layer2').E()", ["l1", "l2"]),
        ("G.E('l2').SubGraph().V()", ["eth0", "tap1"]),
        ("G.V('eth0').ShortestPathTo(Metadata('Name','host')).Dedup()", ["eth0", "tap1", "br-int", "host"]),
        ("G.V('eth0').ShortestPathTo(Metadata('Name','tap2'), Metadata('RelationType','layer2'))", []),
        ("G.Flows().Has('UUID','f1').Nodes()", ["tap1", "eth0"]),
        ("G.Flows().Has('UUID','f1').In()", ["eth0"]),
        ("G.Flows().Has('UUID','f1').Out()", ["tap2"]),
        ("G.Flows().Has('UUID','f1').Both('Name', Regex('^tap'))", ["tap1", "tap2"]),
        ("G.Flows().Sort('Last').CaptureNode()", ["tap1", "tap1", "tap2"]),
        ("G.Flows().Node('Name', 'tap2')", ["tap2"]),
    ],
)
def test_nodes_and_edges_are_found_along_the_graph(text, expected):
    answer = query(text, _world()).json()
    assert (answer if isinstance(expected, int) else [one["ID"] for one in answer]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G.V().Values('ExtID')", [{"iface-id": "x"}]),
        ("G.V().Values('MTU')", [1500, "1400"]),
        ("G.V().Values('Type').Dedup()", ["host", "ovsbridge", "veth"]),
        ("G.V('br-int').Values('Vlans')", [[10, 20]]),
        ("G.V('br-int', ).ValueMap('Name', 'Nope')", [{"Name": "br-int"}]),
        ("G.V().ValueMap('MTU').Has('MTU', 1500)", [{"MTU": 1500}]),
        ("G.V().Sum('MTU')", 2900),
        ("G.V().Sum('Nope')", 0),
        ("G.V().Has('Nope').Keys()", []),
        ("G.Flows().Values('Transport.B')", [80, 80]),
        ("G.Flows().Values('ICMP.Type')", ["ECHO"]),
        ("G.Flows().Limit(1).Values('FirstABns')", [1_700_000_000_000_000_000]),
        (
            "G.Flows().Limit(1).Values('Link')",
            [{"Protocol": "ETHERNET", "A": "fa:00:00:00:00:01", "B": "fa:00:00:00:00:02", "ID": 0}],
        ),
        ("G.Flows().Values('DNS')", []),
        ("G.Flows().Sum('Metric.ABBytes')", 1920),
        ("G.Flows().Has('UUID', 'x').Keys()", []),
        ("G.Flows().Metrics().Sum('ABPackets')", 24),
        ("G.Flows().Has('UUID','x').Metrics().Sum('ABPackets')", 0),
        ("G.Flows().Metrics().Count()", 4),
        ("G.Flows().Has('UUID','f1').Metrics().Keys().Has('x')", []),
        ("G.V().Sockets()", []),
        ("G.Flows().Sockets()", []),
        ("G.Flows().Has('UUID', 'x').Group()", []),
    ],
)
def test_values_and_sums(text, expected):
    assert query(text, _world()).json() == expected


def test_keys_are_skydives_and_our_own():
    assert query("G.V('eth0').Keys()", _world()).json()[:2] == ["@ID", "@Host"]
    keys = query("G.Flows().Keys()", _world()).json()
    assert {"UUID", "DNS.Answers", "DNS.Answers.MX.Name", "TCPMetric.BASawEnd", "FirstABns"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_the_whole_graph_and_ways_and_groups_are_answers():
    whole = query("G", _world())
    assert whole.kind == "graph"
    assert [len(whole.json()[0][part]) for part in ("Nodes", "Edges")] == [5, 5]
    ways = query("G.V('tap1').ShortestPathTo(Metadata('Type', 'host'))", _world())
    assert [[node["ID"] for node in way] for way in ways.json()] == [["tap1", "br-int", "host"]]
    assert [node.id for node in ways.graph()[0]] == ["tap1", "br-int", "host"]
    assert [edge.id for edge in ways.graph()[1]] == ["o2", "l1", "o1"]
    assert [node.id for node in query("G.E('l2')", _world()).graph()[0]] == ["eth0", "tap1"]
    groups = query("G.Flows().GroupBy('L3TrackingID').MoreThan(2)", _world())
    assert [len(flows) for flows in groups.json()[0].values()] == [3]
    assert query("G.Flows().Group().MoreThan()", _world()).json()[0].keys() == {"a1"}
    assert query("G.Flows().Group().MoreThan(3)", _world()).json() == []
    assert len(groups.flows()) == 3
    with pytest.raises(InputError, match="gives number; expected flows"):
        query("G.V().Count()", _world()).flows()
    with pytest.raises(InputError, match="gives flows; expected packets; a RawPackets"):
        query("G.Flows()", _world()).packets()
    with pytest.raises(InputError, match="gives flows; expected nodes"):
        query("G.Flows()", _world()).graph()


def test_packets_are_kept_and_filtered_by_a_given_filter():
    asked = []

    def bpf(text, link_type):
        asked.append((text, link_type))
        return lambda frame, length: frame[0] == 0 and length == 2

    answer = query("G.Flows().RawPackets().BPF('icmp')", _world(bpf=bpf))
    assert asked == [("icmp", 1)]
    packet = {"Timestamp": 1_700_000_000_100, "Index": 0, "Data": "AAE=", "LinkType": 1}
    assert answer.json() == [{"f3": [packet]}]
    assert [one.data for one in answer.packets()] == [b"\x00\x01"]
    assert query("G.Flows().Has('UUID','f1').RawPackets().BPF('icmp')", _world(bpf=bpf)).json() == []
    assert "no packet filters here" in _says("G.Flows().RawPackets().BPF('icmp')")


def test_paths_of_chains_and_workflows_are_asked_of_who_knows():
    world = _world(
        chain_path=lambda flows: [flow.uuid for flow in flows], workflow=lambda name, given: [name, *given]
    )
    assert query("G.Flows().Limit(2).ChainPath()", world).json() == ["f2", "f3"]
    assert query("G.Workflow('Check', 1, NOW)", world).json() == ["Check", 1, "NOW"]
    assert "no chains are known" in _says("G.Flows().ChainPath()")
    assert "no workflow 'Check'" in _says("G.Workflow('Check')")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("100", (100_000, None)),
        ("1700000000000", (1_700_000_000_000, None)),
        ("1700000000000, 60", (1_700_000_000_000, 60_000)),
        ("NOW, '1m30s'", (NOW_MS, 90_000)),
        ("'-1m'", (NOW_MS - 60_000, None)),
        ("'-1h0.5s', FOREVER", (NOW_MS - 3_600_500, NOW_MS - 3_600_500)),
        ("'Tue, 14 Nov 2023 22:13:20 GMT', 5", (1_700_000_000_000, 5000)),
        ("'2023-11-14T22:13:20Z'", (1_700_000_000_000, None)),
    ],
)
def test_times_are_read_in_all_their_forms(when, expected):
    history = Kept()
    assert _ids(f"G.At({when}).V()", history=history) == ["host"]
    assert _ids(f"G.Context({when}).Flows()", history=history) == ["f1"]
    assert history.asked == [expected, expected]


def test_the_old_since_is_a_span_before_the_time_or_before_now():
    history = Kept()
    assert _ids("G.At(1700000000).Flows(Since(60), 'Transport', 80)", history=history) == ["f1"]
    query("G.Flows(Since(3600)).Has('Network', '10.0.0.3')", _world(history=history))
    assert history.asked[1:] == [(1_700_000_000_000, 60_000), (NOW_MS, 3_600_000)]


def test_metrics_of_a_time_are_the_histories():
    answer = query("G.At(10, 10).Flows().Metrics()", _world(history=Kept())).json()
    assert answer == [{"f1": [{"ABPackets": 1, "Start": 0, "Last": 1}]}]


def test_metrics_of_nodes_are_found_where_they_are_kept():
    metric = {"RxPackets": 10, "Start": 1000, "Last": 31_000}
    nodes = [
        Node("a", {"LastUpdateMetric": metric}),
        Node("b", {"Ovs": {"LastUpdateMetric": metric | {"RxPackets": 5}}}),
        Node("c", {}),
    ]
    world = World(Graph(nodes), lambda: ())
    assert query("G.V().Metrics()", world).json()[0].keys() == {"a", "b"}
    assert query("G.V().Metrics('Ovs')", world).json()[0].keys() == {"b"}
    assert query("G.V().Metrics().Sum()", world).json() == {"RxPackets": 15, "Start": 1000, "Last": 31_000}
    slices = query("G.V().Metrics().Aggregates(10)", world).json()[0]["Aggregated"]
    assert [(one["Start"], one["Last"]) for one in slices] == [
        (1000, 11_000),
        (11_000, 21_000),
        (21_000, 31_000),
    ]
    assert sum(one["RxPackets"] for one in slices) == 15


def test_the_next_hop_is_that_of_the_longest_prefix():
    routes = [
        {"Prefix": "0.0.0.0/0", "NextHops": [{"IP": "10.0.0.1", "IfIndex": 1}]},
        {"Prefix": "10.1.0.0/16", "NextHops": [{"IP": "10.0.0.2", "IfIndex": 2, "Priority": 100}]},
        {"Prefix": "10.1.2.0/24", "NextHops": [{"IfIndex": 3}]},
        {"Prefix": "nonsense", "NextHops": None},
        {"Prefix": "2001:db8::/32", "NextHops": [{"IP": "fe80::1", "IfIndex": 4}]},
    ]
    neighbours = [
        {"IP": "10.0.0.2", "MAC": "fa:00:00:00:00:02"},
        {"IP": "10.1.2.9", "MAC": "fa:00:00:00:00:09"},
    ]
    tables = [{"ID": 255, "Routes": None}, {"ID": 254, "Routes": routes}]
    world = World(Graph([Node("ns", {"Neighbors": neighbours, "RoutingTables": tables})]), lambda: ())

    def hop(address):
        return query(f"G.V().NextHop('{address}')", world).json()[0]["ns"]

    assert hop("10.1.2.9") == {"Priority": 0, "IP": "10.1.2.9", "MAC": "fa:00:00:00:00:09", "IfIndex": 3}
    assert hop("10.1.3.9") == {"Priority": 100, "IP": "10.0.0.2", "MAC": "fa:00:00:00:00:02", "IfIndex": 2}
    assert hop("8.8.8.8") == {"Priority": 0, "IP": "10.0.0.1", "IfIndex": 1}
    assert hop("2001:db8::5") == {"Priority": 0, "IP": "fe80::1", "IfIndex": 4}
    assert query("G.V().NextHop('2001:dead::5')", world).json() == []


def test_what_the_guide_shows_is_understood():
    guide = (Path(__file__).parents[2] / "docs" / "gremlin.md").read_text()
    shown = [line for line in guide.splitlines() if line.startswith("G.")]
    assert len(shown) > 5
    assert all(parse(Expression(line)) for line in shown)
    named = {name.upper() for name in re.findall(r"`(?:[^`]*\.)?([A-Za-z0-9]+)\(", guide)}
    assert {*STEPS, *PREDICATES, "AT", "NODE"} - named == {"METADATA", "SINCE", "WORKFLOW"}
    assert named <= {*STEPS, *PREDICATES, *SAME}
