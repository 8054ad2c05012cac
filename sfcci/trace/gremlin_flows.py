"""Steps that give flows, and steps from flows.

Flows come newest first unless Sort says otherwise; that sorting is put off until it is needed (`OfFlows`).
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from sfcci.trace.flow import FlowRecord
from sfcci.trace.flow_json import as_json
from sfcci.trace.flow_key import ABSENT, GETTERS, keys
from sfcci.trace.flow_schema import FIELDS, NAMES
from sfcci.trace.graph import Graph, Node
from sfcci.trace.gremlin_field import frozen, of_flow, order
from sfcci.trace.gremlin_filter import NUMBERS, SIDES, filters, kept_by
from sfcci.trace.gremlin_nodes import bounded, direction_and_key, limited, sum_key, total, wanted
from sfcci.trace.gremlin_parser import Predicate, Step, shown
from sfcci.trace.gremlin_predicate import pairs
from sfcci.trace.gremlin_time import since
from sfcci.trace.gremlin_world import (
    Asked,
    Does,
    OfFlows,
    OfGraph,
    OfGroups,
    OfNodes,
    OfPackets,
    OfPaths,
    OfSockets,
    OfValues,
    Scope,
    Single,
)


def flows(state: OfGraph | OfNodes | OfPaths, step: Step, asked: Asked) -> OfFlows:
    """Flows: all, or those that were captured at the nodes; with keys and values those that have them."""
    given = step.parameters
    scope = state.scope
    if given and isinstance(given[0], Predicate) and given[0].name == "SINCE":
        scope, given = since(scope, given[0], step, asked), given[1:]
    found: Iterable[FlowRecord] = scope.flows()
    if not isinstance(state, OfGraph):
        nodes = state.nodes if isinstance(state, OfNodes) else [node for way in state.paths for node in way]
        tids = {tid for node in nodes if isinstance(tid := node.metadata.get("TID"), str)}
        found = [flow for flow in found if flow.owner.node_tid in tids]
    chosen: Sequence[FlowRecord] = found if isinstance(found, list | tuple) else list(found)
    return OfFlows(scope, kept_by(filters(asked.expression, step, given), chosen), sorted=False)


def has(state: OfFlows, step: Step, asked: Asked) -> OfFlows:
    """Has, HasEither."""
    if not step.parameters:
        raise asked.expression.fault(step.at, f"{step.written}()", "keys and values in pairs")
    found = filters(asked.expression, step, step.parameters)
    if step.name == "HASEITHER":
        together = {id(flow) for keep in found for flow in keep(state.flows)}
        return state.kept([flow for flow in state.flows if id(flow) in together])
    return state.kept(kept_by(found, state.flows))


def dedup(state: OfFlows, step: Step, _: Asked) -> OfFlows:
    """Dedup: the first flow of each value, of TrackingID unless a key is given; who has none of the keys stays."""
    given = [str(key) for key in step.parameters] or ["TrackingID"]
    readers = [of_flow(key) for key in given]
    mark: Callable[[FlowRecord], Any] = lambda flow: _values(readers, flow)  # noqa: E731 - as the others
    if len(given) == 1 and given[0] in GETTERS:
        mark = attrgetter(NUMBERS[given[0]]) if given[0] in NUMBERS else readers[0]
    seen: set[Any] = set()
    kept = []
    for flow in state.in_order():
        value = mark(flow)
        if value not in seen or value is ABSENT:
            seen.add(value)
            kept.append(flow)
    return OfFlows(state.scope, kept)


def _values(readers: Sequence[Callable[[FlowRecord], Any]], flow: FlowRecord) -> Any:
    """What a flow has of several keys; ABSENT when it has none."""
    return tuple(frozen(value) for read in readers if (value := read(flow)) is not ABSENT) or ABSENT


def in_order(state: OfFlows, step: Step, _: Asked) -> OfFlows:
    """Sort: by Last unless a key is given, the smallest first unless DESC."""
    down, key = direction_and_key(step, "Last")
    read = of_flow(key)
    by = attrgetter("last_ns") if key == "Last" else lambda flow: order(read(flow))
    up = sorted(state.flows, key=by)
    return OfFlows(state.scope, up[::-1] if down else up)


def part(state: OfFlows, step: Step, _: Asked) -> OfFlows:
    """Limit, Range."""
    last = int(str(step.parameters[-1]))
    if not state.sorted and last * 8 < len(state.flows):
        newest = heapq.nlargest(last, state.flows, key=attrgetter("last_ns"))
        return OfFlows(state.scope, limited(newest, step))
    return OfFlows(state.scope, limited(state.in_order(), step))


def count(state: OfFlows, _: Step, __: Asked) -> Single:
    """Count."""
    return Single("number", len(state.flows))


def values(state: OfFlows, step: Step, asked: Asked) -> OfValues:
    """Values: what the flows have at a key, nothing of those without it (as 0.9 did)."""
    key = _known(str(step.parameters[0]), step, asked)
    read = (lambda flow: as_json(flow).get(key, ABSENT)) if key in SIDES else of_flow(key)
    found = (read(flow) for flow in state.in_order())
    return OfValues(
        state.scope, [list(one) if isinstance(one, tuple) else one for one in found if one is not ABSENT]
    )


def _known(key: str, step: Step, asked: Asked) -> str:
    """A key that flows can have.

    Raises:
        InputError: No flow has such a field.
    """
    if key.replace("/", ".") not in NAMES:
        raise asked.expression.fault(step.at, f"no flow has a field {shown(key)}", "one of those of Keys()")
    return key


def all_keys(state: OfFlows, _: Step, __: Asked) -> OfValues:
    """Keys: every field that one of the flows has, and those that any flow of Skydive's schema may have."""
    found = dict.fromkeys(key for flow in state.flows for key in keys(flow))
    return OfValues(state.scope, list(dict.fromkeys(FIELDS) | found) if state.flows else [])


def summed(state: OfFlows, step: Step, asked: Asked) -> Single:
    """Sum of a figure of a metric."""
    key = sum_key(step, asked)
    if key.partition(".")[0] not in ("Metric", "LastUpdateMetric", "TCPMetric", "IPMetric"):
        raise asked.expression.fault(
            step.at, f"no sum of {shown(key)}", "a figure of Metric or LastUpdateMetric"
        )
    return total(map(of_flow(_known(key, step, asked)), state.flows), step, asked)


def captured_at(graph: Graph, flow: FlowRecord) -> Sequence[Node]:
    """The node at which a flow was captured."""
    return graph.lookup("TID", flow.owner.node_tid) if flow.owner.node_tid else ()


def with_mac(graph: Graph, mac: str | None) -> Sequence[Node]:
    """The nodes with a MAC address."""
    return graph.lookup("MAC", mac) if mac else ()


def behind_mac(graph: Graph, mac: str | None) -> Sequence[Node]:
    """The nodes with a MAC address, then those whose other end of the cable has it."""
    return (*with_mac(graph, mac), *graph.lookup("PeerIntfMAC", mac)) if mac else ()


Places = Callable[[Graph, FlowRecord], Iterable[Sequence[Node]]]


def to_nodes(places: Places) -> Callable[[OfFlows, Step, Asked], OfNodes]:
    """Of each flow the nodes of its places; of several at one place the first that has what is wanted."""

    def step_to(state: OfFlows, step: Step, asked: Asked) -> OfNodes:
        test, graph = wanted(pairs(asked.expression, step)), state.scope.graph
        places_of = (place for flow in state.in_order() for place in places(graph, flow))
        found = (next((node for node in place if test(node)), None) for place in places_of)
        return OfNodes(state.scope, bounded(step, asked, (node for node in found if node)))

    return step_to


def group(state: OfFlows, step: Step, _: Asked) -> OfGroups:
    """Group: by TrackingID, whatever is given (as Skydive); GroupBy: by the key."""
    read = of_flow(str(step.parameters[0]) if step.name == "GROUPBY" else "TrackingID")
    groups: dict[str, list[FlowRecord]] = {}
    for flow in state.in_order():
        if (value := read(flow)) is not ABSENT:
            groups.setdefault(str(value), []).append(flow)
    return OfGroups(state.scope, groups)


def more_than(state: OfGroups, step: Step, asked: Asked) -> OfGroups:
    """MoreThan(n): the groups of more than n flows; of more than one unless said."""
    least = step.parameters[0] if step.parameters else 1
    number = int(least) if isinstance(least, str) and least.isascii() and least.isdigit() else least
    if type(number) is not int or number < 0 or len(step.parameters) > 1:
        raise asked.expression.fault(step.at, f"{step.written}({shown(least)})", "a whole number")
    return replace(state, groups={key: some for key, some in state.groups.items() if len(some) > number})


def raw_packets(state: OfFlows, _: Step, __: Asked) -> OfPackets:
    """RawPackets: the captured frames of each flow that has some; of a time those of its span."""
    span = state.scope.span_ms
    found = {flow.uuid: flow.raw_packets for flow in state.in_order() if flow.raw_packets}
    if span is None or span[0] == span[1]:
        return OfPackets(state.scope, found)
    in_span = {
        uuid: [one for one in packets if span[0] <= one.time_ns // 1_000_000 <= span[1]]
        for uuid, packets in found.items()
    }
    return OfPackets(state.scope, {uuid: packets for uuid, packets in in_span.items() if packets})


def bpf(state: OfPackets, step: Step, asked: Asked) -> OfPackets:
    """BPF: the packets that a filter as tcpdump's lets pass."""
    if asked.world.bpf is None:
        raise asked.expression.fault(
            step.at, f"{step.written}: there are no packet filters here", "RawPackets() alone"
        )
    text = str(step.parameters[0])
    types = {packet.link_type for packets in state.packets.values() for packet in packets} or {1}
    passes = {link_type: asked.world.bpf(text, link_type) for link_type in types}
    found = {
        uuid: [packet for packet in packets if passes[packet.link_type](packet.data, packet.length)]
        for uuid, packets in state.packets.items()
    }
    return OfPackets(state.scope, {uuid: packets for uuid, packets in found.items() if packets})


def chain_path(state: OfFlows, step: Step, asked: Asked) -> Single:
    """ChainPath: what the requests of these flows did, against the chains that were meant."""
    if asked.world.chain_path is None:
        raise asked.expression.fault(
            step.at, f"{step.written}: no chains are known here", "a lab with chains"
        )
    return Single("chain paths", asked.world.chain_path(tuple(state.in_order())))


def node_sockets(state: OfNodes, _: Step, __: Asked) -> OfSockets:
    """Sockets of nodes."""
    found = {node.id: _sockets(node) for node in state.nodes if "Sockets" in node.metadata}
    return OfSockets(state.scope, found)


def _sockets(node: Node) -> list[dict[str, Any]]:
    given = node.metadata.get("Sockets")
    return [dict(one) for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def flow_sockets(state: OfFlows, _: Step, __: Asked) -> OfSockets:
    """Sockets of flows: those whose ends are the flow's, at either side."""
    known: dict[object, list[dict[str, Any]]] = {}
    for socket in (one for node in state.scope.graph.nodes() for one in _sockets(node)):
        ends = tuple(
            socket.get(name) for name in ("LocalAddress", "LocalPort", "RemoteAddress", "RemotePort")
        )
        known.setdefault(frozen((socket.get("Protocol"), *ends)), []).append(socket)
    found: dict[str, list[dict[str, Any]]] = {}
    for flow in state.in_order():
        a, b = (flow.network_a, flow.port_a), (flow.network_b, flow.port_b)
        for ends in ((*a, *b), (*b, *a)):
            sockets = known.get(frozen((flow.shape.transport_protocol, *ends)), [])
            found.setdefault(flow.uuid, []).extend(sockets)
    return OfSockets(state.scope, {uuid: sockets for uuid, sockets in found.items() if sockets})


def back(state: Any, _: Step, __: Asked) -> OfGraph:
    """G on the way: the graph again."""
    scope: Scope = state.scope
    return OfGraph(scope)


_NODE_STEPS: Final[dict[str, Places]] = {
    **dict.fromkeys(("HOPS", "CAPTURENODE"), lambda graph, flow: (captured_at(graph, flow),)),
    "NODES": lambda graph, flow: (
        captured_at(graph, flow),
        with_mac(graph, flow.link_a),
        with_mac(graph, flow.link_b),
    ),
    "IN": lambda graph, flow: (behind_mac(graph, flow.link_a),),
    "OUT": lambda graph, flow: (behind_mac(graph, flow.link_b),),
    "BOTH": lambda graph, flow: (behind_mac(graph, flow.link_a), behind_mac(graph, flow.link_b)),
}
DOES: Final[dict[type, dict[str, Does]]] = {
    OfGraph: {"FLOWS": flows},
    OfNodes: {"FLOWS": flows, "SOCKETS": node_sockets},
    OfPaths: {"FLOWS": flows},
    OfFlows: {
        "G": back,
        **dict.fromkeys(("HAS", "HASEITHER"), has),
        "DEDUP": dedup,
        "SORT": in_order,
        **dict.fromkeys(("LIMIT", "RANGE"), part),
        "COUNT": count,
        "VALUES": values,
        "KEYS": all_keys,
        "SUM": summed,
        **{name: to_nodes(places) for name, places in _NODE_STEPS.items()},
        **dict.fromkeys(("GROUP", "GROUPBY"), group),
        "RAWPACKETS": raw_packets,
        "CHAINPATH": chain_path,
        "SOCKETS": flow_sockets,
    },
    OfGroups: {"MORETHAN": more_than},
    OfPackets: {"BPF": bpf},
}
"""What each step does, by what comes to it."""
