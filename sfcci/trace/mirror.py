"""The analyzer's own graph: what the topology's is, with the captures of each node, and empty when the place has gone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sfcci.trace.graph import Change, Edge, Element, Graph

CAPTURES = "Captures"


class Mirror:
    """Changes its graph as another one changes; one thread at a time."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.overlaying = False
        """Whether what changes just now is only what captures tell of themselves."""
        self.quiet = False
        """Whether that is no more than their counters."""
        self._shown: dict[str, list[dict[str, Any]]] = {}
        self._leave: Callable[[], None] = lambda: None

    def follow(self, source: Graph | None, now_ms: int = 0) -> None:
        """Be what `source` is from now on; None: nothing is there any more."""
        self._leave()
        self._leave = lambda: None
        kept: set[str] = set()
        if source is not None:
            self._leave = source.on_change(self._heard)
            kept = {one.id for one in (*source.nodes(), *source.edges())}
            now_ms = now_ms or max((node.updated_ms for node in source.nodes()), default=0)
        self._drop(kept, now_ms)
        for one in (*source.nodes(), *source.edges()) if source else ():
            self._put(one)

    def overlay(
        self, shown: Mapping[str, list[dict[str, Any]]], now_ms: int, *, quiet: bool = False
    ) -> None:
        """Have each node tell its captures, by node's id; nodes that are not named have none."""
        before, self._shown = self._shown, dict(shown)
        self.overlaying, self.quiet = True, quiet
        try:
            for node_id in {**before, **shown}:
                if before.get(node_id) == shown.get(node_id):
                    continue
                if node_id in shown:
                    self.graph.update_metadata(node_id, {CAPTURES: shown[node_id]}, now_ms=now_ms)
                else:
                    self.graph.update_metadata(node_id, {}, now_ms=now_ms, forget=(CAPTURES,))
        finally:
            self.overlaying = self.quiet = False

    def _heard(self, change: Change, element: Element) -> None:
        if not change.endswith("deleted"):
            self._put(element)
        elif isinstance(element, Edge):
            self.graph.drop_edge(element.id, now_ms=element.deleted_ms)
        else:
            self.graph.drop_node(element.id, now_ms=element.deleted_ms)

    def _put(self, one: Element) -> None:
        times = {"now_ms": one.updated_ms or one.created_ms, "host": one.host, "origin": one.origin}
        if isinstance(one, Edge):
            self.graph.put_edge(one.id, one.parent, one.child, one.metadata, **times)  # type: ignore[arg-type]
            return
        shown = self._shown.get(one.id)
        metadata = {**one.metadata, CAPTURES: shown} if shown else one.metadata
        self.graph.put_node(one.id, metadata, **times)  # type: ignore[arg-type]

    def _drop(self, kept: Iterable[str], now_ms: int) -> None:
        for edge in self.graph.edges():
            if edge.id not in kept:
                self.graph.drop_edge(edge.id, now_ms=now_ms)
        for node in self.graph.nodes():
            if node.id not in kept:
                self.graph.drop_node(node.id, now_ms=now_ms)
