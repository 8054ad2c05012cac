"""Expressions that are none, that ask for what is not there, or for too much: an error with the place, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.trace.flow_json import parse_flow
from sfcci.trace.graph import Edge, Graph, Node
from sfcci.trace.gremlin import Past, World, query
from sfcci.trace.gremlin_parser import PREDICATES, STEPS

METRIC = {"ABPackets": 6, "ABBytes": 480, "Start": 1_700_000_000_000, "Last": 1_700_000_000_900}
SIDES = {
    "Network": {"Protocol": "IPV4", "A": "10.0.0.3", "B": "10.0.0.8"},
    "Transport": {"Protocol": "TCP", "A": 40000, "B": 80},
}
PACKET = {"Timestamp": 1_700_000_000_100, "Index": 0, "Data": "AAE=", "LinkType": 1}
FLOWS = [
    parse_flow({"UUID": "f1", "NodeTID": "t-tap1", "Metric": METRIC, **SIDES, "LastRawPackets": [PACKET]}),
    parse_flow(
        {
            "UUID": "f2",
            "ParentUUID": "f1",
            "ICMP": {"Type": "ECHO", "ID": 80},
            "DNS": {"Answers": [{"IP": "x"}]},
        }
    ),
]
NODES = [
    Node("host", {"Name": "host", "Vlans": [10, {"a": 1}], "RoutingTables": [{"Routes": [None, {}]}, 3]}),
    Node(
        "tap1", {"Name": "tap1", "Type": "veth", "TID": "t-tap1", "MTU": "1500", "LastUpdateMetric": METRIC}
    ),
]
EDGES = [Edge("e1", {"RelationType": "ownership"}, "host", "tap1"), Edge("e2", {}, "tap1", "tap1")]
NOW_MS = 1_700_000_100_000


class Kept:
    """A history."""

    def at(self, *_):
        return Past(Graph(NODES), lambda: FLOWS, lambda _: [METRIC])


def _world(**more):
    return World(Graph([*NODES, *EDGES]), lambda: FLOWS, now_ms=lambda: NOW_MS, **more)


def _says(text, **more):
    with pytest.raises(InputError) as refused:
        query(text, _world(**more))
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expression:1:1: the end; expected G, the graph"),
        ("G.V(", "expression:1:4: the ( behind V is never closed"),
        ("G.V", "expression:1:4: the end; expected a ( behind V"),
        ("G.V()\n .Hass('a')", "expression:2:3: 'Hass'; expected the name of a step; did you mean Has?"),
        ("G.V().Has('a", "expression:1:11: a text that no quote closes"),
        ("G.V().Has('a': 1)", "expression:1:14: ':'; expected"),
        ("G.V().Has('a', 1x)", "expression:1:16: 1x; expected a number"),
        ("G.V().Has('a', 1.2.3)", "expression:1:16: 1.2.3; expected a number"),
        (
            "G.V().Has('a', Withn(1))",
            "expression:1:16: 'Withn'; expected a text in quotes, a number or a predicate; ",
        ),
        ("G.V().Has()", "expression:1:7: Has(); expected a key"),
        ("G.V().Has('a', 1, 'b')", "expression:1:7: Has('a', 1, 'b'); expected keys and values in pairs"),
        ("G.V().Has('a', ASC)", "ASC; expected a value or a predicate"),
        ("G.V().Has('a', Lt('x'))", "expression:1:16: LT('x'); expected a number"),
        ("G.V().Has('a', Lt())", "expression:1:16: Lt(); expected one parameter"),
        ("G.V().Has('a', Inside(1))", "two parameters"),
        ("G.V().Has('a', Regex('(a'))", "a ( that nothing closes; expected a regular expression"),
        ("G.V().Has('a', Ipv4Range('10.0.0.1'))", "Ipv4Range('10.0.0.1'); expected a network"),
        ("G.V().HasKey()", "HasKey(); expected one text"),
        ("G.V().Limit('a')", "Limit('a'); expected a whole number"),
        ("G.V().Limit(-1)", "Limit(-1); expected a whole number"),
        ("G.V().Range(1)", "Range(1); expected two whole numbers"),
        ("G.V().Sort(DESC)", "Sort(DESC); expected nothing, a key, or ASC or DESC and a key"),
        ("G.V().Flows().Has('Transport')", "Has('Transport'); expected keys and values in pairs"),
        ("G.V().Descendants('a')", "Descendants('a'); expected keys and values in pairs, then how far"),
        ("G.V().ShortestPathTo('a')", "expected Metadata(key, value, ...)"),
        ("G.V().ShortestPathTo(Metadata('a'))", "Metadata('a'); expected keys and values in pairs"),
        ("G.V().Select('x')", "nothing is named 'x'"),
        ("G.V('x')", "expression:1:3: Node 'x' does not exist"),
        ("G.V().Sum('Name')", "'host' is no number"),
        ("G.V().Count().Count()", "expression:1:15: Count is no step of number"),
        ("G.V().Flows().HasKey('a')", "HasKey is no step of flows; expected Both, CaptureNode, ChainPath"),
        ("G.Flows().Sum('Start')", "no sum of 'Start'"),
        ("G.Flows().Values('Nope')", "no flow has a field 'Nope'"),
        ("G.Flows().Values('Metric.Nope')", "no flow has a field 'Metric.Nope'"),
        ("G.Flows().Metrics().Sum('Nope')", "no metric has 'Nope'"),
        ("G.Flows().Metrics().Aggregates(0)", "Aggregates(0); expected seconds of a slice"),
        ("G.V().NextHop('x')", "'x' is no address"),
        ("G.V().Metrics('x')", "no metrics 'x'; expected LastUpdateMetric, SFlow, Ovs"),
        ("G.At('-1m').V()", "At: there is no history here"),
        ("G.At('soon').V()", "'soon' is no time"),
        ("G.At(1, 'long').V()", "'long' is no span of time"),
        ("G.At().V()", "At with 0 parameters"),
        ("G.Flows().Group().MoreThan(-1)", "MoreThan(-1); expected a whole number"),
        ("G" + ".V()" * 501, "more than 500 steps"),
        ("G.V().Has('a'" + ", 1" * 10_001 + ")", "more than 10000 parameters"),
        ("G.V().Has('a', " + "NE(" * 50, "predicates in predicates, 10 deep"),
        ("G" + " " * 70_000, "70001 characters; expected 65536 at most"),
        ("G.V().Has('a', " + "1" * 5000 + ")", "a number of 5000 digits"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, says):
    assert says in _says(text)


def test_neighbours_of_neighbours_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("sfcci.trace.gremlin_nodes.MOST", 10_000)
    nodes = [Node(str(number), {}) for number in range(12)]
    edges = [Edge(f"{a.id}-{b.id}", {}, a.id, b.id) for a in nodes for b in nodes]
    with pytest.raises(InputError, match="more than 10000 elements; expected fewer; a Dedup"):
        query("G.V()" + ".Both()" * 100, World(Graph([*nodes, *edges]), lambda: ()))


_KEY = st.sampled_from(
    ["Name", "Type", "MTU", "TID", "Network", "Transport", "Last", "L3TrackingID", "Link.A", "Vlans"]
)
_VALUE = st.one_of(
    st.integers(-5, 2000).map(str), st.sampled_from(["'tap1'", "'80'", "TRUE", "NOW", "'10.0.0.3'", "1.5"])
)
_PARAMETER = st.recursive(
    st.one_of(_VALUE, _KEY.map(lambda key: f"'{key}'")),
    lambda inner: st.builds(
        lambda name, given: f"{name}({','.join(given)})",
        st.sampled_from(sorted(PREDICATES)),
        st.lists(inner, max_size=3),
    ),
    max_leaves=4,
)
_STEP = st.builds(
    lambda name, given: f".{name}({','.join(given)})",
    st.sampled_from([*sorted(STEPS), "V", "Flows", "Has", "Has"]),
    st.lists(_PARAMETER, max_size=4),
)


def _asked(text):
    world = _world(history=Kept(), bpf=lambda *_: lambda *_: True, chain_path=list, workflow=lambda *_: [])
    try:
        query(text, world).json()
    except InputError as error:
        return error.faults[0].place.line is not None
    return True


@settings(max_examples=150)
@given(st.sampled_from(["G", "G.V()", "G.E()", "G.Flows()"]), st.lists(_STEP, max_size=4))
def test_any_steps_are_answered_or_refused_with_the_place(begin, steps):
    assert _asked(begin + "".join(steps))


@given(st.text(alphabet="GVEHasFlows().,'\"-0123 \n\x00é{}", max_size=40))
def test_any_text_is_answered_or_refused_with_the_place(text):
    assert _asked(text)
