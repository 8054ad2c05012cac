"""What an expression is asked of, and what passes from one step to the next."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol

from sfcci.trace.flow import FlowRecord, RawPacket
from sfcci.trace.graph import Edge, Graph, Node
from sfcci.trace.gremlin_parser import Step
from sfcci.trace.gremlin_scanner import Expression

MOST: Final = 1_000_000
"""Elements between two steps: neighbours of neighbours multiply."""


class Past(NamedTuple):
    """What there was at a time. `metrics` gives a flow's (by its UUID) that lie in the span, each as in JSON."""

    graph: Graph
    flows: Callable[[], Iterable[FlowRecord]]
    metrics: Callable[[str], Sequence[Mapping[str, Any]]]


class History(Protocol):
    """Who remembers."""

    def at(self, at_ms: int, duration_ms: int | None) -> Past:
        """What there was at a moment; with a duration what there was at any time of the span that ends then."""
        ...


@dataclass(frozen=True)
class World:
    """Whom an expression is asked of. What is None cannot be asked: the step says so."""

    graph: Graph
    flows: Callable[[], Iterable[FlowRecord]]
    history: History | None = None
    bpf: Callable[[str, int], Callable[[bytes, int], bool]] | None = None
    """Gives for a filter and a link type what says of a frame, and its own length, whether it fits; raises InputError."""
    chain_path: Callable[[Sequence[FlowRecord]], Any] | None = None
    now_ms: Callable[[], int] | None = None
    workflow: Callable[[str, Sequence[Any]], Any] | None = None


@dataclass(frozen=True)
class Asked:
    """What every step knows: the expression and whom it is asked of."""

    expression: Expression
    world: World


@dataclass(frozen=True)
class Scope:
    """Where steps look: a graph, the flows, the span in ms that is asked about, and what As has named."""

    graph: Graph
    flows: Callable[[], Iterable[FlowRecord]]
    span_ms: tuple[int, int] | None = None
    past: Past | None = None
    named: dict[str, tuple[Node, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class OfGraph:
    """A whole graph."""

    scope: Scope


@dataclass(frozen=True)
class OfNodes:
    """Nodes."""

    scope: Scope
    nodes: Sequence[Node]

    @property
    def elements(self) -> Sequence[Node]:
        """The nodes."""
        return self.nodes

    def kept(self, nodes: Sequence[Any]) -> "OfNodes":
        """Other nodes, of the same scope."""
        return OfNodes(self.scope, nodes)


@dataclass(frozen=True)
class OfEdges:
    """Edges."""

    scope: Scope
    edges: Sequence[Edge]

    @property
    def elements(self) -> Sequence[Edge]:
        """The edges."""
        return self.edges

    def kept(self, edges: Sequence[Any]) -> "OfEdges":
        """Other edges, of the same scope."""
        return OfEdges(self.scope, edges)


@dataclass(frozen=True)
class OfPaths:
    """Ways through the graph, each a list of nodes."""

    scope: Scope
    paths: Sequence[Sequence[Node]]


@dataclass(frozen=True)
class OfFlows:
    """Flows; `sorted` where they are in an order already. Otherwise the newest comes first: see `in_order`."""

    scope: Scope
    flows: Sequence[FlowRecord]
    sorted: bool = True

    def in_order(self) -> Sequence[FlowRecord]:
        """The flows in their order; sorting is put off because most questions leave few."""
        return self.flows if self.sorted else sorted(self.flows, key=_last, reverse=True)

    def kept(self, flows: Sequence[FlowRecord]) -> "OfFlows":
        """Some of these flows, in the order in which they were."""
        return replace(self, flows=flows)


def _last(flow: FlowRecord) -> int:
    return flow.last_ns


@dataclass(frozen=True)
class OfGroups:
    """Flows by a value that they share."""

    scope: Scope
    groups: Mapping[str, Sequence[FlowRecord]]


@dataclass(frozen=True)
class OfMetrics:
    """Metrics by the id of a node or the UUID of a flow, each as in JSON."""

    scope: Scope
    metrics: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class OfPackets:
    """Captured packets by the UUID of their flow."""

    scope: Scope
    packets: Mapping[str, Sequence[RawPacket]]


@dataclass(frozen=True)
class OfSockets:
    """Sockets by the id of their node or the UUID of a flow."""

    scope: Scope
    sockets: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class OfValues:
    """Values, one behind the other."""

    scope: Scope
    values: Sequence[Any]


@dataclass(frozen=True)
class Single:
    """An answer to which no further step belongs: `kind` says what it is, `value` is as in JSON."""

    kind: str
    value: Any


State = (
    OfGraph
    | OfNodes
    | OfEdges
    | OfPaths
    | OfFlows
    | OfGroups
    | OfMetrics
    | OfPackets
    | OfSockets
    | OfValues
    | Single
)
Does = Callable[[Any, Step, Asked], State]
"""What a step does with what came to it."""
