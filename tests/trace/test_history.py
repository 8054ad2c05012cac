"""What was is found again: after a restart, after kill -9, and not for ever."""

import subprocess
import sys
from contextlib import nullcontext

import pytest

from sfcci.errors import Unreachable, UsageError
from sfcci.trace import gremlin
from sfcci.trace.captures import Capture
from sfcci.trace.flow_json import parse_flow
from sfcci.trace.flow_store import FlowStore
from sfcci.trace.graph import Edge, Graph, Node
from sfcci.trace.history import History
from sfcci.trace.past import Past, Recorder

from .frames import NS, request


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/history.sqlite"


def _node(name, at, state="UP", revision=1, gone=0):
    return Node(name, {"Name": name, "State": state}, "h", "", 1, at, gone, revision)


def _flow(uuid, start, last, packets=1):
    metric = {"ABPackets": packets, "ABBytes": 60, "BAPackets": 0, "BABytes": 0, "Start": start, "Last": last}
    return {
        "UUID": uuid,
        "LayersPath": "Ethernet/IPv4/TCP",
        "Application": "TCP",
        "Metric": metric,
        "LastUpdateMetric": metric,
        "Start": start,
        "Last": last,
        "TrackingID": "a",
        "L3TrackingID": "b",
        "ParentUUID": "",
        "NodeTID": "t",
        "CaptureID": "c",
        "RawPacketsCaptured": 0,
    }


def _names(graph):
    return {(node.id, node.metadata["State"]) for node in graph.nodes()}


def test_the_graph_of_a_moment_is_what_was_there_then(url):
    history = History(url)
    a, b = _node("a", 10), _node("b", 10)
    history.write(20, [a, b, Edge("e", {}, "a", "b", created_ms=10, updated_ms=10)])
    history.write(40, [_node("a", 30, "DOWN", 2), _node("b", 40, gone=40)])
    assert _names(history.graph(5, 5)) == set()
    assert _names(history.graph(10, 10)) == {("a", "UP"), ("b", "UP")}
    assert [edge.id for edge in history.graph(10, 10).edges()] == ["e"]
    assert _names(history.graph(35, 35)) == {("a", "DOWN"), ("b", "UP")}
    assert _names(history.graph(50, 50)) == {("a", "DOWN")}
    assert _names(history.graph(15, 50)) == {("a", "DOWN"), ("b", "UP")}
    history.close()


def test_what_came_and_went_between_two_writings_was_there(url):
    history = History(url)
    history.write(99, [_node("a", 10), _node("a", 20, "DOWN", 2), _node("a", 30, gone=30), _node("a", 40)])
    assert [_names(history.graph(at, at)) for at in (10, 20, 30, 40)] == [
        {("a", "UP")},
        {("a", "DOWN")},
        set(),
        {("a", "UP")},
    ]
    history.close()


def test_flows_and_their_metrics_are_found_by_when_they_had_packets(url):
    history = History(url)
    history.write(20, flows=[_flow("f", 10, 20), _flow("g", 30, 40)])
    history.write(60, flows=[_flow("f", 10, 60, 9)])
    found = list(history.flows(25, 70))
    assert [(flow["UUID"], flow["Metric"]["ABPackets"]) for flow in found] == [("f", 9), ("g", 1)]
    assert [flow["UUID"] for flow in history.flows(25, 29)] == ["f"]
    assert [metric["Last"] for metric in history.metrics("f", 0, 99)] == [20, 60]
    assert [metric["Last"] for metric in history.metrics("f", 30, 99)] == [60]
    history.close()


def test_what_is_old_or_too_much_goes(url, monkeypatch):
    from sfcci.trace import history as module

    history = History(url, kept_s=100)
    history.write(
        20, [_node("a", 10), _node("a", 20, "DOWN", 2)], [_flow("f", 10, 20), _flow("g", 30, 150_000)]
    )
    history.prune(150_000)
    assert [flow["UUID"] for flow in history.flows(0, 10**6)] == ["g"]
    assert _names(history.graph(0, 10**6)) == {("a", "DOWN")}
    monkeypatch.setattr(module, "MOST_FLOWS", 2)
    history.write(20, flows=[_flow(f"h{n}", 150_000 + n, 150_000 + n) for n in range(5)])
    history.prune(150_000)
    assert [flow["UUID"] for flow in history.flows(0, 10**6)] == ["h4", "h3"]
    history.close()


def test_kill_9_ends_what_was_there_where_it_was_last_known_and_keeps_what_was_asked_for(url):
    program = f"""
import os, signal
from sfcci.trace.graph import Node
from sfcci.trace.history import History
history = History({url!r})
history.put_document("capture", "u1", {{"UUID": "u1", "GremlinQuery": "G.V()"}})
history.write(20, [Node("a", {{"Name": "a", "State": "UP"}}, created_ms=10, updated_ms=10)])
history.write(50)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    history = History(url)
    assert history.documents("capture") == {"u1": {"UUID": "u1", "GremlinQuery": "G.V()"}}
    assert _names(history.graph(40, 40)) == {("a", "UP")}
    assert _names(history.graph(50, 50)) == set()
    history.put_document("capture", "u1", None)
    assert history.documents("capture") == {}
    history.close()


def test_expressions_about_the_past_ask_it(url):
    now = Graph()
    history = History(url)
    recorder = Recorder(history)
    node = now.put_node("a", {"Name": "a", "State": "UP"}, now_ms=1_000_000)
    recorder.element(node)
    recorder.element(now.put_node("a", {"Name": "a", "State": "DOWN"}, now_ms=2_000_000))
    recorder.tick(2_000_000, [parse_flow(_flow("f", 900_000, 1_100_000))])
    world = gremlin.World(
        now, list, history=Past(recorder, list, lambda: 3_000_000, nullcontext()), now_ms=lambda: 3_000_000
    )

    def asked(text):
        return gremlin.query(text, world).json()

    assert asked("G.V().Values('State')") == ["DOWN"]
    assert asked("G.At(1500).V().Values('State')") == ["UP"]
    assert asked("G.At('-10m').V().Values('State')") == ["DOWN"]
    assert asked("G.At(1000).Flows().Count()") == 1
    assert asked("G.Flows().Count()") == 0
    assert asked("G.At('-30m', 1200).Flows().Values('UUID')") == ["f"]
    assert asked("G.Flows(Since(2400)).Values('UUID')") == ["f"]
    assert asked("G.Flows(Since('-40m')).Values('UUID')") == ["f"]
    assert asked("G.Flows(Since(600)).Count()") == 0
    assert asked("G.At('-30m').Flows(Since(1200), 'Application', 'TCP').Values('UUID')") == ["f"]
    assert asked("G.At('-10m').Flows(Since(600)).Count()") == 0
    history.close()


def test_without_a_history_it_says_so():
    graph = Graph()
    world = gremlin.World(
        graph, list, history=Past(Recorder(None), list, int, nullcontext()), now_ms=lambda: 10**6
    )
    with pytest.raises(UsageError, match="keeps no history"):
        gremlin.query("G.At('-1m').V()", world)


class Refusing:
    """A history that takes nothing, but for pruning, until there is room; `flows` is what it took."""

    def __init__(self):
        self.room, self.flows = False, []

    def write(self, _now_ms, _elements=(), flows=(), *, metrics=True):
        if not self.room:
            raise Unreachable("the disk is full")
        self.flows += flows if metrics else ()

    def prune(self, _now_ms):
        """There is nothing to remove: so much a full disk takes."""


def test_intervals_that_wait_are_written_as_they_were():
    history, said = Refusing(), []
    recorder = Recorder(history, said.append)
    store = FlowStore()
    table = store.table("node", Capture("c", "G.V()"))
    for minute in range(4):
        begin = NS + minute * 60 * 10**9
        table.add_all([(begin + number, request(), 80, False) for number in range(10 + minute)])
        history.room = minute == 3
        recorder.tick((minute + 1) * 60_000, store.tick(begin + 60 * 10**9))
    assert [flow["LastUpdateMetric"]["ABPackets"] for flow in history.flows] == [10, 11, 12, 13]
    assert said == ["the history is not written: the disk is full", "the history is written again"]


def test_the_last_interval_of_flows_whose_capture_ends_is_told():
    store = FlowStore()
    store.table("node", Capture("c", "G.V()")).add_all([(NS + n, request(), 80, False) for n in range(30)])
    assert store.tick(NS + 30 * 10**9) == []
    store.keep_only(())
    (flow,) = store.tick(NS + 40 * 10**9)
    assert flow.update.ab_packets == 30
    assert store.tick(NS + 50 * 10**9) == []


def test_a_full_disk_is_said_once_and_what_waits_is_written_when_there_is_room(on_small_disk):
    told = on_small_disk(
        "3m",
        """
import sys
from pathlib import Path
from sfcci.trace.graph import Node
from sfcci.trace.history import History
from sfcci.trace.past import Recorder
disk = Path(sys.argv[1])
said = []
recorder = Recorder(History(f"sqlite:///{disk}/h.sqlite"), said.append)
recorder.tick(1)
ballast = disk / "ballast"
with ballast.open("wb", 0) as file:
    try:
        while file.write(b"x" * 4096):
            pass
    except OSError:
        pass
for n in range(200):
    recorder.element(Node(f"n{n}", {"Name": "x" * 1000}, created_ms=2, updated_ms=2))
recorder.tick(2)
recorder.tick(3)
print(len(said), recorder.pending)
ballast.unlink()
recorder.tick(4)
print(said[1:], recorder.pending, len(recorder.history.graph(2, 4).nodes()))
""",
    )
    assert told.splitlines() == ["1 True", "['the history is written again'] False 200"]


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "h.sqlite").write_text("something else, and long enough to be looked at" * 100)
    with pytest.raises(Unreachable, match="not a database"):
        History(f"sqlite:///{tmp_path}/h.sqlite")
