"""The topology of a real lab: there at once, and as it is whenever something changes."""

import contextlib
import json
import random
import select

import pytest

from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario
from sfcci.trace import kernel, topology_node
from sfcci.trace.folder_watch import FolderWatch
from sfcci.trace.gremlin import World, query
from sfcci.trace.opener import opened
from sfcci.trace.topology_ask import with_rules
from sfcci.trace.topology_node import Neutron
from sfcci.trace.topology_watch import Topology

pytestmark = pytest.mark.lab
LIMIT_S = 60


class Seen:
    """A lab and its topology."""

    def __init__(self, lab, opener):
        self.lab, self.opener, self.said = lab, opener, []
        self.topology = Topology(opener, self.said.append)
        self.graph = self.topology.graph

    def ip(self, *lines, host="switch"):
        self.lab.run(host, ["ip", "-b", "-"], stdin="\n".join(lines) + "\n", timeout_s=LIMIT_S, check=True)

    def vsctl(self, *words):
        argv = ["ovs-vsctl", "--db=unix:/run/lab/db.sock", *words]
        return self.lab.run("switch", argv, timeout_s=LIMIT_S, check=True).stdout

    def node(self, kind, name):
        self.topology.catch_up(LIMIT_S)
        found = [node for node in self.graph.lookup("Name", name) if node.metadata["Type"] == kind]
        return found[0] if found else None

    def until(self, condition):
        while not condition():
            assert select.select(self.topology.handles(), [], [], LIMIT_S)[0], "nothing happened"
            self.topology.look()

    def ask(self, text):
        self.topology.catch_up(LIMIT_S)
        return query(text, World(self.graph, tuple)).json()

    def shape(self):
        self.topology.catch_up(LIMIT_S)
        return shape(self.graph)


def differences(one, other):
    """What is in one graph and not, or not so, in the other."""
    return [
        {key: (a.get(key), b.get(key)) for key in a.keys() | b.keys() if a.get(key) != b.get(key)}
        for a, b in zip(shape(one), shape(other), strict=True)
    ]


def shape(graph):
    nodes = {node.id: json.dumps(node.metadata, sort_keys=True) for node in graph.nodes()}
    return nodes, {edge.id: (edge.parent, edge.child, dict(edge.metadata)) for edge in graph.edges()}


@pytest.fixture(scope="module")
def seen():
    with raised(load_scenario("demo")) as lab, opened(lab) as opener:
        made = Seen(lab, opener)
        yield made
        made.topology.close()


def test_the_demonstration_is_there_at_once_in_the_words_of_the_articles(seen):
    hosts = {host.name for host in seen.lab.topology.hosts}
    assert set(seen.ask("G.V().Has('Type', 'netns').Values('Name')")) == hosts
    assert len(seen.ask("G.V().Has('Name', Regex('^tap.*'))")) == 16
    (bridge,) = seen.ask("G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')")
    assert bridge["Host"] == "demo"
    taps = seen.ask(
        "G.V().Has('Name', 'br-int', 'Type', 'ovsbridge').Out('Type', 'ovsport').Dedup().Out('Type', 'veth')"
    )
    assert {tap["Metadata"]["Name"] for tap in taps} == {port.tap for port in seen.lab.topology.ports}
    assert {tap["Metadata"]["PeerIntfMAC"] for tap in taps} == {port.mac for port in seen.lab.topology.ports}
    words = "ShortestPathTo(Metadata('Type', 'ovsbridge'), Metadata('RelationType', 'layer2'))"
    (path,) = seen.ask(f"G.V().Has('Name', 'source_vm_port').{words}")
    assert [node["Metadata"]["Type"] for node in path] == ["veth", "veth", "ovsport", "ovsbridge"]


def test_addresses_and_routes_are_what_ip_says(seen):
    host = seen.lab.topology.ports[0]
    said = json.loads(seen.lab.run(host.host, ["ip", "-j", "addr"], timeout_s=LIMIT_S, check=True).stdout)
    (link,) = [one for one in said if one["ifname"] == host.name]
    told = seen.node("veth", host.name).metadata
    assert told["IPV4"] == [f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"]]
    assert (told["MAC"], told["MTU"], told["IfIndex"]) == (link["address"], link["mtu"], link["ifindex"])
    assert set(link["flags"]) == set(told["LinkFlags"]) - {
        "RUNNING"
    }  # which ip leaves out of a link that is up
    words = ["ip", "-j", "route", "show", "table", "all", "dev", host.name]
    routes = json.loads(seen.lab.run(host.host, words, timeout_s=LIMIT_S, check=True).stdout)
    prefixes = {route["Prefix"] for table in told["RoutingTables"] for route in table["Routes"]}
    assert prefixes == {one["dst"] if "/" in one["dst"] else f"{one['dst']}/32" for one in routes}


def test_changes_are_in_the_graph_as_they_happen(seen):
    seen.ip("netns add new")
    seen.until(lambda: seen.graph.lookup("Name", "new"))
    assert seen.node("netns", "new").metadata["Path"] == "/run/netns/new"
    seen.ip("link add vn0 type veth peer name vn1 netns new", "link set vn0 up")
    seen.ip("link set vn0 mtu 1400")
    assert seen.node("veth", "vn0").metadata["LinkNetNsName"] == "new"
    assert seen.node("veth", "vn0").metadata["MTU"] == 1400
    assert [edge.metadata["Type"] for edge in seen.graph.edges_of(seen.node("veth", "vn1").id) if "Type" in edge.metadata] == ["veth"]  # fmt: skip
    seen.lab.run(
        "switch",
        ["ip", "-n", "new", "addr", "add", "10.9.0.1/24", "dev", "vn1"],
        timeout_s=LIMIT_S,
        check=True,
    )
    seen.lab.run("switch", ["ip", "-n", "new", "link", "set", "vn1", "up"], timeout_s=LIMIT_S, check=True)
    assert "10.9.0.0/24" in json.dumps(seen.node("veth", "vn1").metadata["RoutingTables"])
    seen.lab.run("switch", ["ip", "-n", "new", "link", "set", "vn1", "down"], timeout_s=LIMIT_S, check=True)
    assert "10.9.0.0/24" not in json.dumps(seen.node("veth", "vn1").metadata.get("RoutingTables"))
    seen.vsctl("add-port", "br-int", "vn0", "--", "set", "port", "vn0", "tag=9")
    assert seen.node("ovsport", "vn0").metadata["Vlans"] == 9
    assert seen.node("veth", "vn0").metadata["OfPort"] > 8
    seen.vsctl("del-port", "vn0")
    assert seen.node("ovsport", "vn0") is None
    seen.ip("netns del new")
    seen.until(lambda: not seen.graph.lookup("Name", "vn0"))
    assert seen.node("netns", "new") is None
    assert not seen.graph.lookup("Name", "vn1")


def test_patch_ports_and_a_second_switch(seen):
    seen.vsctl("add-br", "br2", "--", "set", "bridge", "br2", f"datapath_type={seen.lab.datapath}")
    pair = (("br-int", "pa", "pb"), ("br2", "pb", "pa"))
    words = (f"-- add-port {br} {a} -- set interface {a} type=patch options:peer={b}" for br, a, b in pair)
    seen.vsctl(*" ".join(words).split())
    (edge,) = seen.ask("G.E().Has('Type', 'patch')")
    assert {edge["Parent"], edge["Child"]} == {seen.node("patch", "pa").id, seen.node("patch", "pb").id}
    seen.vsctl("del-br", "br2", "--", "del-port", "pa")
    assert seen.node("ovsbridge", "br2") is None
    assert seen.ask("G.V().Has('Type', 'patch')") == []


def test_a_storm_that_no_queue_holds_leaves_the_graph_as_a_fresh_look_has_it(seen, monkeypatch):
    monkeypatch.setattr(kernel, "QUEUE", 4096)
    with contextlib.closing(Topology(seen.opener, seen.said.append)) as narrow:
        chance = random.Random(7)  # noqa: S311 - the same storm each time
        seen.ip(*(f"netns add s{number}" for number in range(6)))
        for _ in range(3):
            lines = [f"link add t{number} type veth peer name eth0 netns s{number}" for number in range(6)]
            lines += [f"link set t{number} {state}" for number in range(6) for state in ("up", "mtu 1300")]
            lines += [f"link add b{number} type bridge" for number in range(3)]
            lines += [f"link set t{number} master b{chance.randrange(3)}" for number in range(6)]
            seen.ip(*lines)
            narrow.look()
            seen.topology.look()
            seen.ip(
                *(f"link del {name}" for name in ("t0", "t1", "t3", "t4", "t5", "b0", "b1", "b2")),
                "link set t2 name u2",
                "link del u2",
            )
        seen.ip(
            "link add t0 type veth peer name eth0 netns s0", "link add t1 type veth peer name eth1 netns s0"
        )
        seen.ip("netns del s4", "netns add s9")
        narrow.catch_up(LIMIT_S)
        assert any("asking anew" in text for text in seen.said)
        with contextlib.closing(Topology(seen.opener)) as fresh:
            seen.topology.catch_up(LIMIT_S)
            assert differences(narrow.graph, fresh.graph) == [{}, {}]
            assert differences(seen.graph, fresh.graph) == [{}, {}]
        seen.ip("link del t0", "link del t1", *(f"netns del s{number}" for number in (0, 1, 2, 3, 5, 9)))


def test_a_database_that_is_killed_and_comes_back_leaves_the_graph_as_it_was(seen):
    before = seen.shape()
    told = seen.topology._databases[""].database
    revisions = {node.id: node.revision for node in seen.graph.nodes()}
    seen.lab.run(
        "switch", ["sh", "-c", "kill -9 $(cat /run/lab/ovsdb-server.pid)"], timeout_s=LIMIT_S, check=True
    )
    seen.until(
        lambda: seen.topology._databases[""].database is not told and seen.topology._databases[""].there
    )
    seen.vsctl("set", "port", "br-int", "external_ids:again=yes")
    seen.until(lambda: "ExtID" in seen.node("ovsport", "br-int").metadata)
    seen.vsctl("clear", "port", "br-int", "external_ids")
    seen.until(lambda: seen.shape() == before)  # ovs-vswitchd writes its numbers anew
    assert revisions.keys() == {node.id for node in seen.graph.nodes()}


def test_counters_are_told_when_they_are_asked_for(seen):
    seen.topology.measure()
    done = seen.lab.run("source", ["curl", "-s", "http://10.0.0.128/"], timeout_s=LIMIT_S)
    assert done.status == 0
    seen.topology.measure()
    told = seen.node("veth", "source_vm_port").metadata
    assert told["LastUpdateMetric"]["TxPackets"] > 3
    assert told["Metric"]["TxBytes"] >= told["LastUpdateMetric"]["TxBytes"] > 200


def test_what_is_plugged_and_what_captures_say_stays_on_its_node(seen):
    seen.topology.plugged(topology_node.neutron(seen.lab.topology))
    port = seen.lab.topology.ports[0]
    tap = seen.node("veth", port.tap)
    assert tap.metadata["Neutron"]["PortID"] == port.id
    seen.topology.annotate(tap.id, "Captures", [{"ID": "1"}])
    seen.ip(f"link set {port.tap} promisc on", f"link set {port.tap} alias x")
    assert seen.node("veth", port.tap).metadata["Captures"] == [{"ID": "1"}]
    seen.topology.annotate(tap.id, "Captures", None)
    assert "Captures" not in seen.node("veth", port.tap).metadata


def test_rules_are_asked_for_by_who_wants_them(seen):
    graph = with_rules(seen.topology)
    flows = [line for line in seen.lab.flows().splitlines() if "actions=" in line]
    assert len(graph.lookup("Type", "ofrule")) == len(flows)
    assert len(graph.lookup("Type", "ofgroup")) == len(seen.lab.groups().splitlines())
    assert not seen.graph.lookup("Type", "ofrule")


def test_neutrons_ports_are_asked_for_again_when_their_record_is_written(seen, tmp_path):
    known, record = {}, tmp_path / "lab.json"
    port, graph = seen.lab.topology.ports[0], seen.graph.copy()
    stale = graph.put_node("gone before", {"Name": "old", "Type": "veth"}, now_ms=1, host="demo")
    neutron = Neutron(lambda: dict(known), record)
    with contextlib.closing(
        Topology(seen.opener, seen.said.append, graph=graph, neutron=neutron)
    ) as topology:
        assert graph.node(stale.id) is None
        (tap,) = (node for node in graph.lookup("Name", port.tap) if node.metadata["Type"] == "veth")
        assert "Neutron" not in tap.metadata
        known[port.id] = {"PortID": port.id}
        record.touch()
        topology.catch_up(LIMIT_S)
        assert graph.node(tap.id).metadata["Neutron"] == {"PortID": port.id}


def test_a_lab_that_ends_leaves_its_host_alone(seen):
    (handle,) = seen.topology.handles()
    assert handle > 0
    seen.lab.keeper.end()
    seen.until(lambda: seen.topology.ended)
    assert [node.metadata["Type"] for node in seen.graph.nodes()] == ["host"]
    assert seen.graph.edges() == ()
    assert seen.topology.handles() == ()
    assert not seen.topology.look(LIMIT_S)


def test_a_folder_is_watched_before_it_is_there_and_after_it_was(tmp_path):
    folder = tmp_path / "above" / "names"
    with contextlib.closing(FolderWatch(folder)) as watch:
        for _ in range(2):
            folder.mkdir(parents=True)
            assert watch.take() is None
            (folder / "one").touch()
            assert watch.take() == {"one"}
            (folder / "one").unlink()
            folder.rmdir()
            folder.parent.rmdir()
            assert watch.take() is None
