"""The recorded queries over small graphs: the answers of the reference engine, ours where we answer otherwise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.trace.flow_json import parse_flow
from sfcci.trace.graph import Graph, parse_element
from sfcci.trace.gremlin import Past, World, query
from sfcci.trace.gremlin_metrics import aggregated


@pytest.fixture(scope="module")
def recorded(shared):
    path = shared / "data" / "gremlin-cases.json"
    if not path.is_file():
        pytest.skip("the recorded Gremlin cases are not on this machine")
    return json.loads(path.read_text())


def world_of(fixture):
    elements = [parse_element(shape) for shape in (*fixture["Nodes"], *fixture["Edges"])]
    flows = [parse_flow(flow) for flow in fixture["Flows"]]
    return World(Graph(elements), lambda: flows)


def answered(case, world):
    try:
        answer = query(case["query"], world)
    except InputError as error:
        return "error", error.faults[0].place.column is not None
    found = answer.json()
    match case["kind"]:
        case "nodes" | "edges":
            return case["kind"], [one["ID"] for one in found]
        case "flows":
            return "flows", [one["UUID"] for one in found]
        case "paths":
            return "paths", [[one["ID"] for one in way] for way in found]
        case "groups":
            return "groups", {key: [flow["UUID"] for flow in flows] for key, flows in found[0].items()}
    return case["kind"], found


def same(case, expected, found):
    if case["kind"] == "groups":
        return {key: sorted(value) for key, value in expected.items()} == {
            k: sorted(v) for k, v in found.items()
        }
    if case.get("ordered") or not isinstance(expected, list):
        return expected == found
    return sorted(map(str, expected)) == sorted(map(str, found))


def test_every_case_is_answered_as_the_reference_engine_does_or_as_we_mean_to(recorded):
    worlds = {name: world_of(fixture) for name, fixture in recorded["fixtures"].items()}
    wrong = []
    for case in recorded["cases"]:
        wanted = {**case, **case.get("ours", {})}
        kind, found = answered(wanted, worlds[case["fixture"]])
        right = kind == wanted["kind"] and (kind == "error" or same(wanted, wanted["expect"], found))
        if not right and (case["strict"] or kind == "error"):
            wrong.append(f"{case['id']} {case['query']}: {kind} {found}")
    assert wrong == []


class Kept:
    """A history in which every flow has the same figures at any time."""

    def __init__(self, flows, metrics):
        self.flows, self.metrics = flows, metrics

    def at(self, *_):
        return Past(Graph(), lambda: self.flows, lambda uuid: self.metrics[uuid])


def test_metrics_are_spread_over_slices_of_time_as_recorded(recorded):
    for case in recorded["aggregate_cases"]["cases"]:
        flows = [parse_flow({"UUID": uuid}) for uuid in case["metrics"]]
        world = World(Graph(), lambda: (), history=Kept(flows, case["metrics"]))
        at, long = case["context"]["At_s"], case["context"]["duration_s"]
        text = f"G.At({at}, {long}).Flows().Metrics().Aggregates({case['slice_s']})"
        if "then" in case:
            assert query(f"{text}.{case['then']}", world).json() == case["expect"], case["id"]
        else:
            assert query(text, world).json() == [{"Aggregated": case["expect"]}], case["id"]


@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 50_000), st.integers(0, 10_000)), max_size=5),
    st.integers(1, 40_000),
)
def test_nothing_is_lost_between_slices_of_time(given_metrics, slice_ms):
    metrics = [{"ABPackets": many, "Start": at, "Last": at + long} for at, long, many in given_metrics]
    slices = aggregated([metrics], (0, 200_000), slice_ms)
    assert sum(one["ABPackets"] for one in slices) == sum(one["ABPackets"] for one in metrics)
    assert [one["Start"] for one in slices] == sorted({one["Start"] for one in slices})
    assert all(one["Start"] % slice_ms == 0 and one["Last"] - one["Start"] <= slice_ms for one in slices)


def test_sets_of_flows_lose_their_doubles_as_recorded(recorded):
    for case in recorded["flowset_cases"]:
        given = [*case.get("flows", ()), *case.get("left", ()), *case.get("right", ())]
        flows = [parse_flow({"UUID": str(number), **flow}) for number, flow in enumerate(given)]
        op = "Sort(DESC,'Start').Dedup('NodeTID')" if "left" in case else case["op"]
        left = [flow["UUID"] for flow in query(f"G.Flows().{op}", World(Graph(), lambda f=flows: f)).json()]
        assert left == [str(number) for number in case.get("expect", (6, 5, 4))], case["id"]
