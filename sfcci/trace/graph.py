"""What there is and how it hangs together: hosts, namespaces, interfaces, bridges, ports as nodes, and edges between.

Names of metadata, edges and the JSON are Skydive's (`as_json`). A graph is changed by one writer who says what the
time is; whoever reads gets tuples of frozen elements, so that reading beside the writer is safe. Metadata are the
writer's to give and nobody's to change: an element that changes is another element with the next revision.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

INDEXED = ("Name", "Type", "TID", "MAC", "PeerIntfMAC")
"""The keys of nodes that `Graph.lookup` finds without looking at every node."""

Change = Literal["node added", "node updated", "node deleted", "edge added", "edge updated", "edge deleted"]


@dataclass(frozen=True, slots=True)
class Node:
    """A thing of the topology. Times in ms since 1970; `deleted_ms` is 0 as long as it is there."""

    id: str
    metadata: Mapping[str, Any]
    host: str = ""
    origin: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    deleted_ms: int = 0
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """How two nodes hang together: `metadata["RelationType"]` says how, `parent` and `child` are ids of nodes."""

    id: str
    metadata: Mapping[str, Any]
    parent: str
    child: str
    host: str = ""
    origin: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    deleted_ms: int = 0
    revision: int = 1


Element = Node | Edge
Listener = Callable[[Change, Element], None]


def tid(*parts: str) -> str:
    """The id that outlives a restart: UUIDv5 of the parts one behind the other, in the namespace of OIDs.

    Of a host: its name; of a network namespace: host's TID, path, "netns"; of ovsbridge and ovsport: host's TID,
    the UUID in OVSDB, type; of everything else: parent's TID, name, type.
    """
    return str(uuid5(NAMESPACE_OID, "".join(parts)))


def as_json(element: Element) -> dict[str, Any]:
    """The element in Skydive's shape; an edge has Parent and Child besides. No time is null."""
    shape: dict[str, Any] = {
        "ID": element.id,
        "Metadata": dict(element.metadata),
        "Host": element.host,
        "Origin": element.origin,
        "CreatedAt": element.created_ms,
        "UpdatedAt": element.updated_ms,
        "DeletedAt": element.deleted_ms or None,
        "Revision": element.revision,
    }
    if isinstance(element, Edge):
        shape |= {"Parent": element.parent, "Child": element.child}
    return shape


def parse_element(shape: Mapping[str, Any]) -> Element:
    """The inverse of `as_json`: an edge where there is a Parent, otherwise a node.

    Raises:
        KeyError: It has no ID, or a Parent and no Child.
    """
    common: dict[str, Any] = {
        "host": shape.get("Host") or "",
        "origin": shape.get("Origin") or "",
        "created_ms": shape.get("CreatedAt") or 0,
        "updated_ms": shape.get("UpdatedAt") or 0,
        "deleted_ms": shape.get("DeletedAt") or 0,
        "revision": shape.get("Revision") or 1,
    }
    metadata = shape.get("Metadata") or {}
    if "Parent" in shape:
        return Edge(shape["ID"], metadata, shape["Parent"], shape["Child"], **common)
    return Node(shape["ID"], metadata, **common)


class Graph:
    """Nodes and edges, in the order in which they came."""

    def __init__(self, elements: Iterable[Element] = ()) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: dict[str, Edge] = {}
        self._down: dict[str, dict[str, Edge]] = {}
        self._up: dict[str, dict[str, Edge]] = {}
        self._index: dict[tuple[str, str], dict[str, Node]] = {}
        self._listeners: list[Listener] = []
        later = [element for element in elements if not self._kept(element)]
        for edge in later:
            self._kept(edge)

    def copy(self) -> "Graph":
        """The same nodes and edges in another graph, to which nobody listens."""
        return Graph((*self.nodes(), *self.edges()))

    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        return tuple(self._nodes.values())

    def edges(self) -> tuple[Edge, ...]:
        """All edges."""
        return tuple(self._edges.values())

    def node(self, node_id: str) -> Node | None:
        """The node with this id."""
        return self._nodes.get(node_id)

    def edge(self, edge_id: str) -> Edge | None:
        """The edge with this id."""
        return self._edges.get(edge_id)

    def edges_down(self, node_id: str) -> tuple[Edge, ...]:
        """The edges whose parent this node is."""
        return tuple(self._down.get(node_id, {}).values())

    def edges_up(self, node_id: str) -> tuple[Edge, ...]:
        """The edges whose child this node is."""
        return tuple(self._up.get(node_id, {}).values())

    def edges_of(self, node_id: str) -> tuple[Edge, ...]:
        """The edges of this node, those to its children first; one from a node to itself once."""
        return tuple({**self._down.get(node_id, {}), **self._up.get(node_id, {})}.values())

    def children(self, node_id: str) -> tuple[Node, ...]:
        """The nodes at the other end of the edges down: one per edge, so a node may come twice."""
        return tuple(
            self._nodes[edge.child] for edge in self.edges_down(node_id) if edge.child in self._nodes
        )

    def parents(self, node_id: str) -> tuple[Node, ...]:
        """The nodes at the other end of the edges up: one per edge, so a node may come twice."""
        return tuple(
            self._nodes[edge.parent] for edge in self.edges_up(node_id) if edge.parent in self._nodes
        )

    def lookup(self, key: str, value: str) -> tuple[Node, ...]:
        """The nodes whose metadata `key` (one of INDEXED) is `value`, or a list with it."""
        return tuple(self._index.get((key, value), {}).values())

    def put_node(
        self, node_id: str, metadata: Mapping[str, Any], *, now_ms: int, host: str = "", origin: str = ""
    ) -> Node:
        """The node is there, with exactly these metadata; nothing happens where they are what they were."""
        before = self._nodes.get(node_id)
        if before is not None and before.metadata == metadata:
            return before
        if before is None:
            node = Node(node_id, metadata, host, origin, now_ms, now_ms)
        else:
            node = replace(before, metadata=metadata, updated_ms=now_ms, revision=before.revision + 1)
        self._keep_node(node)
        self._tell("node updated" if before else "node added", node)
        return node

    def update_metadata(
        self, node_id: str, changes: Mapping[str, Any], *, now_ms: int, forget: Iterable[str] = ()
    ) -> Node | None:
        """The node's metadata with `changes` and without `forget`; what is not named stays. None: no such node."""
        before = self._nodes.get(node_id)
        if before is None:
            return None
        gone = set(forget)
        kept = {key: value for key, value in before.metadata.items() if key not in gone}
        return self.put_node(node_id, kept | dict(changes), now_ms=now_ms)

    def put_edge(
        self,
        edge_id: str,
        parent: str,
        child: str,
        metadata: Mapping[str, Any],
        *,
        now_ms: int,
        host: str = "",
        origin: str = "",
    ) -> Edge:
        """The edge is there, with exactly these metadata and ends; nothing happens where it was so.

        Raises:
            ValueError: An end is not in the graph.
        """
        if missing := [end for end in (parent, child) if end not in self._nodes]:
            raise ValueError(f"edge {edge_id}: no node {missing[0]}")
        before = self._edges.get(edge_id)
        if before is not None and (before.parent, before.child) != (parent, child):
            self.drop_edge(edge_id, now_ms=now_ms)
            before = None
        if before is not None and before.metadata == metadata:
            return before
        if before is None:
            edge = Edge(edge_id, metadata, parent, child, host, origin, now_ms, now_ms)
        else:
            edge = replace(before, metadata=metadata, updated_ms=now_ms, revision=before.revision + 1)
        self._keep_edge(edge)
        self._tell("edge updated" if before else "edge added", edge)
        return edge

    def drop_node(self, node_id: str, *, now_ms: int) -> Node | None:
        """The node is gone, after its edges; told with `deleted_ms`. None: it was not there."""
        for edge in self.edges_of(node_id):
            self.drop_edge(edge.id, now_ms=now_ms)
        node = self._nodes.pop(node_id, None)
        if node is None:
            return None
        self._forget(node)
        gone = replace(node, deleted_ms=now_ms)
        self._tell("node deleted", gone)
        return gone

    def drop_edge(self, edge_id: str, *, now_ms: int) -> Edge | None:
        """The edge is gone; told with `deleted_ms`. None: it was not there."""
        edge = self._edges.pop(edge_id, None)
        if edge is None:
            return None
        self._down[edge.parent].pop(edge_id, None)
        self._up[edge.child].pop(edge_id, None)
        gone = replace(edge, deleted_ms=now_ms)
        self._tell("edge deleted", gone)
        return gone

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener` each change from now on, in the writer's thread; what comes back ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def _tell(self, change: Change, element: Element) -> None:
        for listener in tuple(self._listeners):
            listener(change, element)

    def _kept(self, element: Element) -> bool:
        """Whether a given element found its place as it is: an edge does where its ends are there."""
        if isinstance(element, Node):
            self._keep_node(element)
        elif element.parent in self._nodes and element.child in self._nodes:
            self._keep_edge(element)
        else:
            return False
        return True

    def _keep_node(self, node: Node) -> None:
        before = self._nodes.get(node.id)
        if before is not None:
            self._forget(before)
        self._nodes[node.id] = node
        for key in _index_keys(node):
            self._index.setdefault(key, {})[node.id] = node

    def _keep_edge(self, edge: Edge) -> None:
        self._edges[edge.id] = edge
        self._down.setdefault(edge.parent, {})[edge.id] = edge
        self._up.setdefault(edge.child, {})[edge.id] = edge

    def _forget(self, node: Node) -> None:
        """The node leaves the indexes; empty places do not stay."""
        for key in _index_keys(node):
            found = self._index.get(key, {})
            found.pop(node.id, None)
            if not found:
                self._index.pop(key, None)
        if node.id not in self._nodes:
            self._down.pop(node.id, None)
            self._up.pop(node.id, None)


def _index_keys(node: Node) -> set[tuple[str, str]]:
    """Under which (key, value) a node is found: each item of a list."""
    found: set[tuple[str, str]] = set()
    for key in INDEXED:
        value = node.metadata.get(key)
        items = value if isinstance(value, list | tuple) else (value,)
        found.update((key, item) for item in items if isinstance(item, str))
    return found
