"""Questions about the graph and the flows in Skydive's Gremlin: `query`.

The way: `gremlin_scanner` (words) -> `gremlin_parser` (steps as values) -> one function for each step, chosen by what
comes to it (`gremlin_nodes`, `gremlin_ways`, `gremlin_flows`, `gremlin_metrics`, `gremlin_route`, `gremlin_time`). Both dialects, that
of 0.9 and the newest, are understood; whatever the text is, the answer is an `Answer` or an InputError with the column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sfcci.errors import Fault, InputError, Place
from sfcci.trace import (
    gremlin_flows,
    gremlin_metrics,
    gremlin_nodes,
    gremlin_route,
    gremlin_time,
    gremlin_ways,
)
from sfcci.trace import gremlin_world as world_of
from sfcci.trace.flow import FlowRecord, RawPacket
from sfcci.trace.flow_json import as_json as flow_json
from sfcci.trace.flow_json import raw_json
from sfcci.trace.graph import Edge, Node, as_json
from sfcci.trace.gremlin_parser import Predicate, Step, Symbol, parse, shown, spelled
from sfcci.trace.gremlin_scanner import Expression
from sfcci.trace.gremlin_world import Asked, Does, Past, Scope, State, World

__all__ = ["Answer", "History", "Past", "World", "query"]
History = world_of.History

MORE: Final[dict[type, dict[str, Does]]] = {
    world_of.OfGraph: {"CONTEXT": gremlin_time.at},
    world_of.OfNodes: {"NEXTHOP": gremlin_route.next_hop, "METRICS": gremlin_metrics.of_nodes},
    world_of.OfFlows: {"METRICS": gremlin_metrics.of_flows},
    world_of.OfMetrics: {
        "SUM": gremlin_metrics.summed,
        "COUNT": gremlin_metrics.count,
        "KEYS": gremlin_metrics.keys,
        "AGGREGATES": gremlin_metrics.aggregates,
    },
}
TABLES: Final = (gremlin_nodes.DOES, gremlin_ways.DOES, gremlin_flows.DOES, MORE)
KINDS: Final[dict[type, str]] = {
    world_of.OfGraph: "graph",
    world_of.OfNodes: "nodes",
    world_of.OfEdges: "edges",
    world_of.OfPaths: "paths",
    world_of.OfFlows: "flows",
    world_of.OfGroups: "groups",
    world_of.OfMetrics: "metrics",
    world_of.OfPackets: "packets",
    world_of.OfSockets: "sockets",
    world_of.OfValues: "values",
}


@dataclass(frozen=True)
class Answer:
    """What an expression gave. `kind` is one of KINDS' values, or number, metric, next hops, chain paths, workflow."""

    kind: str
    state: State

    def json(self) -> Any:
        """The answer as Skydive writes it: a list, or a bare number of Count and Sum."""
        return _JSON[type(self.state)](self.state)

    def graph(self) -> tuple[Sequence[Node], Sequence[Edge]]:
        """The nodes and edges of the answer: of nodes and ways the edges between them, of edges their ends.

        Raises:
            InputError: It is not about a graph.
        """
        state = self.state
        if isinstance(state, world_of.OfGraph):
            return state.scope.graph.nodes(), state.scope.graph.edges()
        if isinstance(state, world_of.OfEdges):
            ids = dict.fromkeys(end for edge in state.edges for end in (edge.parent, edge.child))
            return [node for node in map(state.scope.graph.node, ids) if node], state.edges
        if not isinstance(state, world_of.OfNodes | world_of.OfPaths):
            raise _not_so(self.kind, "nodes, edges, paths or a graph")
        many = (
            state.nodes
            if isinstance(state, world_of.OfNodes)
            else [one for way in state.paths for one in way]
        )
        nodes = {node.id: node for node in many}
        edges = (edge for node in nodes for edge in state.scope.graph.edges_down(node))
        return list(nodes.values()), [edge for edge in edges if edge.child in nodes]

    def flows(self) -> Sequence[FlowRecord]:
        """The flows of the answer, in their order.

        Raises:
            InputError: It is not flows.
        """
        if isinstance(self.state, world_of.OfFlows):
            return self.state.in_order()
        if isinstance(self.state, world_of.OfGroups):
            return [flow for flows in self.state.groups.values() for flow in flows]
        raise _not_so(self.kind, "flows")

    def packets(self) -> list[RawPacket]:
        """The captured packets of the answer in the order in which they passed.

        Raises:
            InputError: It is not packets.
        """
        if not isinstance(self.state, world_of.OfPackets):
            raise _not_so(self.kind, "packets", "a RawPackets() at the end")
        return sorted(packet for packets in self.state.packets.values() for packet in packets)


def query(text: str, world: World) -> Answer:
    """The answer to an expression, such as G.Flows().Has('Network', '10.0.0.3').Limit(1).

    Raises:
        InputError: It is no expression, a step does not fit what comes to it, or asks for what is not there.
    """
    asked = Asked(Expression(text), world)
    state: State = world_of.OfGraph(Scope(world.graph, world.flows))
    for step in parse(asked.expression):
        state = _done(state, step, asked)
    return Answer(state.kind if isinstance(state, world_of.Single) else KINDS[type(state)], state)


def _done(state: State, step: Step, asked: Asked) -> State:
    if step.name == "WORKFLOW" and isinstance(state, world_of.OfGraph):
        return _workflow(step, asked)
    for table in TABLES:
        if does := table.get(type(state), {}).get(step.name):
            return does(state, step, asked)
    names = ", ".join(sorted(spelled(name) for table in TABLES for name in table.get(type(state), {})))
    kind = state.kind if isinstance(state, world_of.Single) else KINDS[type(state)]
    raise asked.expression.fault(step.at, f"{step.written} is no step of {kind}", names or "the end")


def _workflow(step: Step, asked: Asked) -> State:
    name, *arguments = step.parameters or ("",)
    if asked.world.workflow is None or not isinstance(name, str):
        raise asked.expression.fault(step.at, f"no workflow {shown(name)}", "no workflows are kept here")
    plain = [shown(one) if isinstance(one, Predicate | Symbol) else one for one in arguments]
    return world_of.Single("workflow", asked.world.workflow(name, plain))


def _not_so(kind: str, expected: str, hint: str = "") -> InputError:
    return InputError(Fault(Place("expression"), f"gives {kind}", expected, hint))


def _graph_json(state: world_of.OfGraph) -> list[Any]:
    graph = state.scope.graph
    return [
        {"Nodes": [as_json(one) for one in graph.nodes()], "Edges": [as_json(one) for one in graph.edges()]}
    ]


def _listed(found: dict[str, Any]) -> list[Any]:
    """An object in a list, as Skydive answers; nothing in it is an empty list."""
    return [found] if found else []


_JSON: Final[dict[type, Any]] = {
    world_of.OfGraph: _graph_json,
    world_of.OfNodes: lambda state: [as_json(one) for one in state.nodes],
    world_of.OfEdges: lambda state: [as_json(one) for one in state.edges],
    world_of.OfPaths: lambda state: [[as_json(one) for one in way] for way in state.paths],
    world_of.OfFlows: lambda state: [flow_json(one) for one in state.in_order()],
    world_of.OfGroups: lambda state: _listed(
        {key: [flow_json(one) for one in flows] for key, flows in state.groups.items()}
    ),
    world_of.OfMetrics: lambda state: _listed(dict(state.metrics)),
    world_of.OfPackets: lambda state: _listed(
        {uuid: [raw_json(one) for one in packets] for uuid, packets in state.packets.items()}
    ),
    world_of.OfSockets: lambda state: _listed(dict(state.sockets)),
    world_of.OfValues: lambda state: list(state.values),
    world_of.Single: lambda state: state.value,
}
