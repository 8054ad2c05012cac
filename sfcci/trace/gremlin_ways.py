"""Steps that go far: the shortest way, everything within some steps, a graph of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from sfcci.trace.graph import Edge, Graph, Node
from sfcci.trace.gremlin_nodes import Wanted, bounded, wanted
from sfcci.trace.gremlin_parser import Parameter, Predicate, Step, shown
from sfcci.trace.gremlin_predicate import Pair, pairs
from sfcci.trace.gremlin_world import Asked, Does, OfEdges, OfGraph, OfNodes, OfPaths

OWNERSHIP: Final = ("RelationType", "ownership")
"""Over which edges Descendants, Ascendants and Neighbors go unless they are told."""


def shortest(state: OfNodes, step: Step, asked: Asked) -> OfPaths:
    """ShortestPathTo: of each node the shortest way to the nearest that is meant, its own end first."""
    given = [one for one in step.parameters if isinstance(one, Predicate)]
    end, over = (wanted(_metadata(asked, step, given[at : at + 1])) for at in (0, 1))
    graph = state.scope.graph
    then = _toward(graph, [node.id for node in graph.nodes() if end(node)], over)
    ways = {node.id: _way(graph, node.id, then) for node in state.nodes if node.id in then}
    found = [ways[node.id] for node in state.nodes if node.id in then]
    bounded(step, asked, (node for way in found for node in way))
    return OfPaths(state.scope, found)


def _metadata(asked: Asked, step: Step, given: Sequence[Predicate]) -> list[Pair]:
    return pairs(asked.expression, step, given[0].parameters) if given and given[0].parameters else []


def _toward(graph: Graph, ends: Sequence[str], over: Wanted) -> dict[str, str | None]:
    """Of every node from which one of the ends is reached, the next one on the way; None of the ends themselves.

    One search from all ends at once, in all directions, so that a thousand beginnings cost what one does.
    """
    then: dict[str, str | None] = dict.fromkeys(ends)
    front = list(ends)
    for here in front:
        for edge in graph.edges_of(here):
            there = edge.child if edge.parent == here else edge.parent
            if there not in then and over(edge):
                then[there] = here
                front.append(there)
    return then


def _way(graph: Graph, start: str, then: dict[str, str | None]) -> list[Node]:
    way: list[Node] = []
    here: str | None = start
    while here is not None:
        node = graph.node(here)
        way.extend([node] if node else [])
        here = then[here]
    return way


def around(ends: str) -> Callable[[OfNodes, Step, Asked], OfNodes]:
    """Descendants (the child's side), Ascendants (the parent's), Neighbors (both): with the nodes themselves.

    Edges of ownership unless keys and values say which (one of them is enough); depth 1 unless a number comes last.
    Depth 0 has no end for the first two, and is nothing for the third.
    """

    def step_to(state: OfNodes, step: Step, asked: Asked) -> OfNodes:
        depth, given = _depth(step, asked)
        over = wanted(pairs(asked.expression, step, given or OWNERSHIP), either=True)
        endless, graph = depth == 0 and ends != "both", state.scope.graph
        found = {node.id: node for node in state.nodes}
        front = list(found.values())
        while front and (endless or depth > 0):
            depth -= 1
            near = {one.id: one for node in front for one in _near(graph, node, ends, over)}
            front = [node for name, node in near.items() if name not in found]
            found |= near
        return OfNodes(state.scope, list(found.values()))

    return step_to


def _depth(step: Step, asked: Asked) -> tuple[int, tuple[Parameter, ...]]:
    """How far, and what stands before that number."""
    if len(step.parameters) % 2 == 0:
        return 1, step.parameters
    depth = step.parameters[-1]
    if type(depth) is not int or depth < 0:
        found = f"{step.written}({', '.join(map(shown, step.parameters[-3:]))})"
        raise asked.expression.fault(
            step.at, found, "keys and values in pairs, then how far as a whole number"
        )
    return depth, step.parameters[:-1]


def _near(graph: Graph, node: Node, ends: str, over: Wanted) -> Iterable[Node]:
    """The nodes at the other ends of a node's edges on one side, or on both."""
    down = (edge.child for edge in graph.edges_down(node.id) if ends != "parent" and over(edge))
    up = (edge.parent for edge in graph.edges_up(node.id) if ends != "child" and over(edge))
    return (one for one in map(graph.node, (*down, *up)) if one)


def sub_graph(state: OfNodes | OfEdges | OfPaths, step: Step, asked: Asked) -> OfGraph:
    """SubGraph: a graph of just these nodes and the edges between them, or of these edges and their ends."""
    test, graph = wanted(pairs(asked.expression, step)), state.scope.graph
    if isinstance(state, OfEdges):
        edges: Iterable[Edge] = [edge for edge in state.edges if test(edge)]
        ids = dict.fromkeys(end for edge in state.edges for end in (edge.parent, edge.child))
        nodes = [node for node in map(graph.node, ids) if node]
    else:
        nodes = (
            list(state.nodes) if isinstance(state, OfNodes) else [one for way in state.paths for one in way]
        )
        there = {node.id for node in nodes}
        around_them = (edge for node in nodes for edge in graph.edges_down(node.id))
        edges = [edge for edge in around_them if edge.child in there and test(edge)]
    return OfGraph(replace(state.scope, graph=Graph((*nodes, *edges))))


DOES: Final[dict[type, dict[str, Does]]] = {
    OfNodes: {
        "SHORTESTPATHTO": shortest,
        "DESCENDANTS": around("child"),
        "ASCENDANTS": around("parent"),
        "NEIGHBORS": around("both"),
        "SUBGRAPH": sub_graph,
    },
    OfEdges: {"SUBGRAPH": sub_graph},
    OfPaths: {"SUBGRAPH": sub_graph},
}
"""What each step does, by what comes to it."""
