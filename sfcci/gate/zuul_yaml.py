"""Zuul's YAML: text → nodes with places. Anchors are shared, never unfolded; a tag changes nothing and runs nothing.

Zuul's files lean on anchors, and tag secrets (`!encrypted/pkcs1-oaep`); what `document` refuses is usual here. Nodes come
straight from the parser's events, so that a bomb of aliases costs what its text costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from sfcci.document import MAX_DEPTH
from sfcci.errors import Fault, InputError, Place

TRUE = frozenset(("yes", "true", "on"))
FALSE = frozenset(("no", "false", "off"))
NOTHING = frozenset(("", "~", "null"))


class Kind(StrEnum):
    """What a node is, in the words of messages."""

    SCALAR = "text"
    LIST = "a list"
    MAPPING = "a mapping"


@dataclass(eq=False)
class Node:
    """A value and its place; an alias is the very node that it names, so a node may hold itself."""

    kind: Kind
    place: Place
    text: str = ""
    plain: bool = False
    """A scalar without quotes and tag: the only ones that are true, false or nothing."""
    items: list["Node"] = field(default_factory=list)
    """Of a list its elements, of a mapping its keys and values in turn."""

    @property
    def flag(self) -> bool | None:
        """Give what a scalar says in YAML 1.1: true, false, or None for neither."""
        word = self.text.lower() if self.plain else None
        return True if word in TRUE else False if word in FALSE else None

    @property
    def nothing(self) -> bool:
        """Say whether it is null."""
        return self.kind is Kind.SCALAR and self.plain and self.text.lower() in NOTHING

    @cached_property
    def keys(self) -> dict[str, tuple["Node", "Node"]]:
        """Give a mapping's key and value nodes by key: the last of doubles holds, merged ones (`<<`) come behind."""
        return _flattened(self, set())

    def get(self, key: str) -> "Node | None":
        """Give the value under a key of a mapping; None when it is not there or null."""
        found = self.keys.get(key)
        return None if found is None or found[1].nothing else found[1]


def parse(text: str, path: str) -> Node | None:
    """Give the root of the one document in `text`, None when it is empty. Raises InputError."""
    import yaml

    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _Builder(path).build(events)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        raise InputError(Fault(place, error.problem or "is not YAML", "YAML")) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(Fault(Place(path), str(error).splitlines()[0], "YAML")) from None


class _Builder:
    """Stacks the nodes that are open while events come in."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.roots: list[Node] = []
        self.open: list[Node] = []
        self.anchors: dict[str, Node] = {}

    def build(self, events: Iterable[Any]) -> Node | None:
        import yaml

        for event in events:
            if isinstance(event, yaml.NodeEvent):
                self.add(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
        if len(self.roots) > 1:
            raise InputError(Fault(self.roots[1].place, "a second document begins", "one in a file"))
        return self.roots[0] if self.roots else None

    def add(self, event: Any) -> None:
        import yaml

        node = self.alias(event) if isinstance(event, yaml.AliasEvent) else self.node(event)
        (self.open[-1].items if self.open else self.roots).append(node)
        if isinstance(event, yaml.CollectionStartEvent):
            self.open.append(node)
            if len(self.open) > MAX_DEPTH:
                raise InputError(Fault(node.place, "is nested too deeply", f"at most {MAX_DEPTH} levels"))

    def node(self, event: Any) -> Node:
        import yaml

        place = Place(self.path, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(Kind.SCALAR, place, event.value, event.implicit[0])
        else:
            node = Node(Kind.LIST if isinstance(event, yaml.SequenceStartEvent) else Kind.MAPPING, place)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            place = Place(self.path, event.start_mark.line + 1, event.start_mark.column + 1)
            raise InputError(Fault(place, f"the alias *{event.anchor}", "an anchor before it"))
        return self.anchors[event.anchor]


def _flattened(node: Node, above: set[int]) -> dict[str, tuple[Node, Node]]:
    """Give the keys of a mapping; `above` are the nodes that are being merged, which ends circles."""
    if len(above) > MAX_DEPTH:
        raise InputError(Fault(node.place, "merges too deeply (<<)", f"at most {MAX_DEPTH} levels"))
    own: dict[str, tuple[Node, Node]] = {}
    merged: dict[str, tuple[Node, Node]] = {}
    pairs = zip(node.items[::2], node.items[1::2], strict=True) if node.kind is Kind.MAPPING else ()
    for key, value in pairs:
        if not (key.plain and key.text == "<<"):
            own[key.text] = key, value
            continue
        for source in value.items if value.kind is Kind.LIST else [value]:
            if id(source) not in above:
                found = source.__dict__.get("keys") or _flattened(source, above | {id(node)})
                merged = {**found, **merged}  # the earlier one of several holds
                source.__dict__.setdefault("keys", found)
    return {**merged, **own}
