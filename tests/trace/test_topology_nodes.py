"""A lab over nodes, looked into: each node's switch is in the graph, is captured and asked, and may go and come back."""

import select
import threading
from collections import Counter

import pytest

from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario, on_nodes
from sfcci.trace.alert_action import Actions
from sfcci.trace.analyzer import Analyzer, running
from sfcci.trace.captures import namespace
from sfcci.trace.graph import tid
from sfcci.trace.opener import opened
from sfcci.trace.past import Recorder
from sfcci.trace.place import LabPlace
from sfcci.trace.topology_ask import with_rules
from sfcci.trace.topology_watch import Topology

pytestmark = pytest.mark.lab
LIMIT_S = 60
NODES = {"node1", "node2", "node3"}


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state folder with the demonstration up over three nodes."""
    folder = tmp_path_factory.mktemp("nodes")
    up = standing.up(folder, "demo", on_nodes(load_scenario("demo"), 3), lambda _text: None)
    yield folder
    standing.down(folder, up)


@pytest.fixture(scope="module")
def lab(state):
    return standing.one(state, "demo").lab


@pytest.fixture(scope="module")
def topology(lab):
    with opened(lab, "demo") as opener, Topology(opener) as topology:
        yield topology


@pytest.fixture(scope="module")
def graph(topology):
    return topology.graph


def of_type(graph, *kinds):
    return [node for kind in kinds for node in graph.lookup("Type", kind)]


def test_each_node_is_a_host_with_a_switch_of_its_own(graph):
    assert {node.metadata["Name"]: node.host for node in of_type(graph, "host")} == {
        "demo": "demo",
        **{name: name for name in NODES},
    }
    found = Counter((node.host, node.metadata["Name"]) for node in of_type(graph, "ovsbridge"))
    assert found == dict.fromkeys(((host, name) for host in NODES for name in ("br-int", "br-phy")), 1)
    tunnels = of_type(graph, "vxlan")
    assert {node.host for node in tunnels} == NODES
    assert all(node.metadata["Ovs"]["Options"]["remote_ip"] == "flow" for node in tunnels)
    for node in tunnels:
        ports = {(one.host, one.metadata["Name"]) for one in graph.parents(node.id)}
        assert ports == {(node.host, "tunnel"), (node.host, "br-int")}
    assert len({node.metadata["TID"] for node in graph.nodes()}) == len(graph.nodes())


def test_ports_and_namespaces_are_their_nodes(lab, graph):
    for port in lab.topology.ports:
        (tap,) = (node for node in graph.lookup("Name", port.tap) if node.metadata["Type"] == "veth")
        assert (tap.host, namespace(tap, graph)) == (port.node, port.node)
        assert tap.metadata["ExtID"]["iface-id"] == port.id
        assert tap.metadata["OfPort"] == port.number
        (there,) = (node for node in graph.lookup("Name", port.host) if node.metadata["Type"] == "netns")
        (owner,) = graph.parents(there.id)
        assert (there.host, owner.metadata["Name"], owner.metadata["Type"]) == (port.node, port.node, "host")
        assert there.metadata["TID"] == tid(tid("demo"), f"/run/netns/{port.host}", "netns")


def test_nodes_hang_on_the_labs_ethernet(graph):
    cables = [edge for edge in graph.edges() if graph.node(edge.parent).host != graph.node(edge.child).host]
    ends = {frozenset(graph.node(end).host for end in (edge.parent, edge.child)) for edge in cables}
    assert ends == {frozenset(("demo", name)) for name in NODES}


def test_each_switch_is_asked_for_its_own_rules(lab, topology):
    rules = Counter(node.host for node in of_type(with_rules(topology), "ofrule"))
    held = lab.on_nodes(lab.installed if lab.installed.flows else lab.held())
    normal = 1  # of br-phy
    assert rules == {name: len(held[name].flows) + normal for name in NODES}


def test_a_nodes_database_that_is_killed_takes_nothing_of_the_others(lab, topology, graph):
    topology.catch_up(LIMIT_S)
    before = {node.id: node.host for node in graph.nodes()}
    watch, changed = topology._databases["node2"], set()
    told, forget = watch.database, graph.on_change(lambda _change, one: changed.add(one.host))
    pid = "/run/lab/nodes/node2/ovsdb-server.pid"
    lab.run("node2", ["sh", "-c", f"kill -9 $(cat {pid})"], timeout_s=LIMIT_S, check=True)
    while watch.database is told or not watch.there:
        assert select.select(topology.handles(), [], [], LIMIT_S)[0], "nothing happened"
        topology.look()
    words = ["ovs-vsctl", "set", "port", "tunnel", "external_ids:again=yes"]
    lab.run("node2", words, timeout_s=LIMIT_S, check=True)
    topology.catch_up(LIMIT_S)
    forget()
    (again,) = (node for node in of_type(graph, "ovsport") if "again" in node.metadata.get("ExtID", {}))
    assert again.host == "node2"
    assert {node.id: node.host for node in graph.nodes()} == before
    assert changed == {"node2"}


def test_a_path_over_nodes_is_told_from_captures_of_them(lab, state):
    with running(Analyzer(LabPlace(state, "demo"), Recorder(None), Actions())) as analyzer:
        bridge = "G.V().Has('Type', 'ovsbridge', 'Name', 'br-int', '@Host', 'node2')"
        one = analyzer.create_capture({"GremlinQuery": bridge})
        assert analyzer.shown_captures()[one.uuid]["Count"] == 4  # its ports and itself
        analyzer.delete_capture(one.uuid)
        analyzer.create_capture({"GremlinQuery": "G.V().Has('Name', Regex('^tap'), 'Type', 'veth')"})
        assert lab.run("source", ["curl", "-s", "http://10.0.0.128/"], timeout_s=LIMIT_S).stdout
        told = analyzer.query("G.Flows().Has('Transport', 80).ChainPath()").json()
    assert told["ok"]
    forward = next(path for path in told["paths"] if path["chain"] == "PC1")
    places = {host.name: host.node for host in lab.topology.hosts}
    assert forward["verdict"] == "OK"
    assert [hop["node"] for hop in forward["hops"]][::3] == ["source", "dest"]
    assert len({places.get(hop["node"]) for hop in forward["hops"]}) > 1


def test_an_alert_about_what_switches_hold_counts_it(lab, state):  # noqa: ARG001 - the lab is up
    told, come = [], threading.Event()
    actions = Actions(point=lambda _alert, value, _at_s: (told.append(value), come.set()))
    with running(Analyzer(LabPlace(state, "demo"), Recorder(None), actions)) as analyzer:
        analyzer.create_alert({"Expression": "G.V().Has('Type', 'ofrule').Count()", "Trigger": "duration:1h"})
        assert come.wait(LIMIT_S)
        assert told[0] == analyzer.query("G.V().Has('Type', 'ofrule').Count()").json() > 0
