"""Steps from graphs, nodes and edges."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sfcci.trace.flow_key import ABSENT
from sfcci.trace.graph import Edge, Element, Graph, Node
from sfcci.trace.gremlin_field import SPECIAL, frozen, of_element, order, walk
from sfcci.trace.gremlin_parser import Step, Symbol, shown
from sfcci.trace.gremlin_predicate import Pair, as_number, pairs
from sfcci.trace.gremlin_world import (
    MOST,
    Asked,
    Does,
    OfEdges,
    OfGraph,
    OfNodes,
    OfPaths,
    OfValues,
    Single,
    State,
)

Wanted = Callable[[Element], bool]
Some = OfNodes | OfEdges
"""What most steps take and give: the one where they took it."""


def wanted(found: Iterable[Pair], *, either: bool = False) -> Wanted:
    """Whether an element has everything of the pairs, or one of them."""
    tests = [(of_element(key), match.test) for key, match in found]
    if either:
        return lambda element: any(test(read(element)) for read, test in tests)
    return lambda element: all(test(read(element)) for read, test in tests)


def bounded(step: Step, asked: Asked, found: Iterable[Any]) -> list[Any]:
    """What a step found, as long as it is not too much.

    Raises:
        InputError: It is more than MOST.
    """
    kept: list[Any] = []
    for one in found:
        if len(kept) >= MOST:
            raise asked.expression.fault(
                step.at, f"more than {MOST} elements", "fewer", "a Dedup() before it"
            )
        kept.append(one)
    return kept


def vertices(state: OfGraph, step: Step, asked: Asked) -> OfNodes:
    """V: all nodes, or the one with an id."""
    if not step.parameters:
        return OfNodes(state.scope, state.scope.graph.nodes())
    node = state.scope.graph.node(str(step.parameters[0]))
    if node is None:
        raise asked.expression.fault(
            step.at, f"Node {shown(step.parameters[0])} does not exist", "a node's ID"
        )
    return OfNodes(state.scope, (node,))


def all_edges(state: OfGraph, step: Step, asked: Asked) -> OfEdges:
    """E: all edges, or the one with an id."""
    if not step.parameters:
        return OfEdges(state.scope, state.scope.graph.edges())
    edge = state.scope.graph.edge(str(step.parameters[0]))
    if edge is None:
        raise asked.expression.fault(
            step.at, f"Edge {shown(step.parameters[0])} does not exist", "an edge's ID"
        )
    return OfEdges(state.scope, (edge,))


def has(state: Some, step: Step, asked: Asked) -> Some:
    """Has, HasEither, HasKey: the elements that have what is wanted."""
    if not step.parameters:
        raise asked.expression.fault(step.at, f"{step.written}()", "a key, or keys and values in pairs")
    test = wanted(pairs(asked.expression, step), either=step.name == "HASEITHER")
    return state.kept([element for element in state.elements if test(element)])


def has_not(state: Some, step: Step, _: Asked) -> Some:
    """HasNot: the elements without a key."""
    read = of_element(str(step.parameters[0]))
    return state.kept([element for element in state.elements if read(element) is ABSENT])


def to_nodes(
    ends: Callable[[Graph, Node], Iterable[Node]],
) -> Callable[[OfNodes, Step, Asked], OfNodes]:
    """Out, In, Both: the nodes at the other ends, one for each edge."""

    def step_to(state: OfNodes, step: Step, asked: Asked) -> OfNodes:
        test, graph = wanted(pairs(asked.expression, step)), state.scope.graph
        found = (end for node in state.nodes for end in ends(graph, node) if test(end))
        return OfNodes(state.scope, bounded(step, asked, found))

    return step_to


def _neighbours(graph: Graph, node: Node) -> Iterable[Node]:
    ids = (edge.parent if edge.child == node.id else edge.child for edge in graph.edges_of(node.id))
    return (one for one in map(graph.node, ids) if one)


def to_edges(
    edges: Callable[[Graph, Node], Iterable[Edge]],
) -> Callable[[OfNodes, Step, Asked], OfEdges]:
    """OutE, InE, BothE: the edges of nodes."""

    def step_to(state: OfNodes, step: Step, asked: Asked) -> OfEdges:
        test, graph = wanted(pairs(asked.expression, step)), state.scope.graph
        found = (edge for node in state.nodes for edge in edges(graph, node) if test(edge))
        return OfEdges(state.scope, bounded(step, asked, found))

    return step_to


def to_ends(*names: str) -> Callable[[OfEdges, Step, Asked], OfNodes]:
    """InV (the parent), OutV (the child), BothV: the nodes that edges hang between."""

    def step_to(state: OfEdges, step: Step, asked: Asked) -> OfNodes:
        test, graph = wanted(pairs(asked.expression, step)), state.scope.graph
        ids = (getattr(edge, name) for edge in state.edges for name in names)
        found = (node for node in map(graph.node, ids) if node is not None and test(node))
        return OfNodes(state.scope, bounded(step, asked, found))

    return step_to


def dedup(state: Some, step: Step, _: Asked) -> Some:
    """Dedup: the first of each id, or of each tuple of values; who has none of the keys stays."""
    readers = [of_element(str(key)) for key in step.parameters]
    seen: set[object] = set()
    chosen = []
    for element in state.elements:
        values = [frozen(value) for read in readers if (value := read(element)) is not ABSENT]
        mark = tuple(values) if readers else element.id
        if mark not in seen or (readers and not values):
            chosen.append(element)
        seen.add(mark)
    return state.kept(chosen)


def count(state: OfNodes | OfEdges, _: Step, __: Asked) -> Single:
    """Count."""
    return Single("number", len(state.elements))


def limited(items: Sequence[Any], step: Step) -> Sequence[Any]:
    """Limit(n), Range(from, to): `to` is not in it."""
    numbers = [int(str(one)) for one in step.parameters]
    return items[: numbers[0]] if step.name == "LIMIT" else items[numbers[0] : numbers[1]]


def part(state: Some, step: Step, _: Asked) -> Some:
    """Limit and Range."""
    return state.kept(limited(state.elements, step))


def direction_and_key(step: Step, default: str) -> tuple[bool, str]:
    """What Sort is asked: whether the largest comes first, and the key."""
    return Symbol.DESC in step.parameters, str(step.parameters[-1]) if step.parameters else default


def in_order(state: Some, step: Step, _: Asked) -> Some:
    """Sort."""
    down, key = direction_and_key(step, "@CreatedAt")
    read = of_element("@CreatedAt" if key == "CreatedAt" else key)
    up = sorted(state.elements, key=lambda element: order(read(element)))
    return state.kept(up[::-1] if down else up)


def values(state: OfNodes | OfEdges, step: Step, _: Asked) -> OfValues:
    """Values: what elements have at a key; nothing of those without it, or with an empty list or object there."""
    read = of_element(str(step.parameters[0]))
    found = [value for value in map(read, state.elements) if value is not ABSENT]
    return OfValues(state.scope, [one for one in found if one or not isinstance(one, list | tuple | dict)])


def value_map(state: OfNodes | OfEdges, step: Step, _: Asked) -> OfValues:
    """ValueMap: of each element an object of the keys that it has."""
    readers = {str(key): of_element(str(key)) for key in step.parameters}
    maps = ({k: read(one) for k, read in readers.items()} for one in state.elements)
    there = ({key: value for key, value in one.items() if value is not ABSENT} for one in maps)
    return OfValues(state.scope, [one for one in there if one])


def keys(state: OfNodes | OfEdges, _: Step, __: Asked) -> OfValues:
    """Keys: every key that one of the elements has."""
    if not state.elements:
        return OfValues(state.scope, [])
    names = dict.fromkeys(SPECIAL) | dict.fromkeys(key for one in state.elements for key in one.metadata)
    return OfValues(state.scope, list(names))


def sum_key(step: Step, asked: Asked) -> str:
    """The key that Sum is asked for."""
    if len(step.parameters) != 1 or not isinstance(step.parameters[0], str):
        raise asked.expression.fault(step.at, f"{step.written} has no key", "one key", "such as Sum('Bytes')")
    return step.parameters[0]


def total(found: Iterable[Any], step: Step, asked: Asked) -> Single:
    """The sum of numbers; what is absent counts for nothing."""
    result: int | float = 0
    for value in found:
        if value is ABSENT:
            continue
        number = as_number(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise asked.expression.fault(step.at, f"{str(value)[:60]!r} is no number", "numbers to add")
        result += number
    return Single("number", result)


def summed(state: OfNodes | OfEdges, step: Step, asked: Asked) -> Single:
    """Sum."""
    return total(map(of_element(sum_key(step, asked)), state.elements), step, asked)


def paths_dedup(state: OfPaths, step: Step, asked: Asked) -> Some:
    """Dedup of ways: their nodes, each once."""
    return dedup(OfNodes(state.scope, [node for way in state.paths for node in way]), step, asked)


def name_as(state: OfNodes, step: Step, _: Asked) -> OfNodes:
    """As: the nodes get a name, by which Select finds them."""
    named = {**state.scope.named, str(step.parameters[0]): tuple(state.nodes)}
    return replace(state, scope=replace(state.scope, named=named))


def select(state: OfNodes | OfGraph, step: Step, asked: Asked) -> OfNodes:
    """Select: what As has named, one behind the other."""
    named = state.scope.named
    for key in step.parameters:
        if key not in named:
            raise asked.expression.fault(step.at, f"nothing is named {shown(key)}", "a name given by As")
    return OfNodes(state.scope, [node for key in step.parameters for node in named[str(key)]])


def values_dedup(state: OfValues, _: Step, __: Asked) -> OfValues:
    """Dedup of values: each once."""
    return replace(
        state, values=list({frozen(value): value for value in reversed(state.values)}.values())[::-1]
    )


def values_has(state: OfValues, step: Step, asked: Asked) -> OfValues:
    """Has of values: the objects among them that have what is wanted."""
    found = pairs(asked.expression, step)
    chosen = [one for one in state.values if all(match.test(walk(one, key)) for key, match in found)]
    return replace(state, values=[one for one in chosen if isinstance(one, dict)])


def back(state: State, _: Step, __: Asked) -> OfGraph:
    """G on the way: the graph again; what As has named is kept."""
    return OfGraph(state.scope)  # type: ignore[union-attr] # Single has no steps


_COMMON: Final[dict[str, Does]] = {
    "G": back,
    **dict.fromkeys(("HAS", "HASEITHER", "HASKEY"), has),
    "HASNOT": has_not,
    "DEDUP": dedup,
    "COUNT": count,
    **dict.fromkeys(("LIMIT", "RANGE"), part),
    "SORT": in_order,
    "VALUES": values,
    "VALUEMAP": value_map,
    "KEYS": keys,
    "SUM": summed,
}
DOES: Final[dict[type, dict[str, Does]]] = {
    OfGraph: {"G": back, "V": vertices, "E": all_edges, "SELECT": select},
    OfNodes: {
        **_COMMON,
        "OUT": to_nodes(lambda graph, node: graph.children(node.id)),
        "IN": to_nodes(lambda graph, node: graph.parents(node.id)),
        "BOTH": to_nodes(_neighbours),
        "OUTE": to_edges(lambda graph, node: graph.edges_down(node.id)),
        "INE": to_edges(lambda graph, node: graph.edges_up(node.id)),
        "BOTHE": to_edges(lambda graph, node: graph.edges_of(node.id)),
        "AS": name_as,
        "SELECT": select,
    },
    OfEdges: {
        **_COMMON,
        "INV": to_ends("parent"),
        "OUTV": to_ends("child"),
        "BOTHV": to_ends("parent", "child"),
    },
    OfPaths: {"DEDUP": paths_dedup},
    OfValues: {"DEDUP": values_dedup, "HAS": values_has},
}
"""What each step does, by what comes to it."""
