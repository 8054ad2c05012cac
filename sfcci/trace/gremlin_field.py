"""What a key reads: of nodes and edges, of flows, of plain objects. `ABSENT` where there is nothing.

Keys are dotted ("ExtID.iface-id"; "/" stands for "." too, as Skydive once wrote it) and walk objects and lists.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sfcci.trace.flow import FlowRecord
from sfcci.trace.flow_key import ABSENT, GETTERS, getter
from sfcci.trace.graph import Element

SPECIAL: Final[dict[str, Callable[[Element], Any]]] = {
    "@ID": lambda element: element.id,
    "@Host": lambda element: element.host,
    "@Origin": lambda element: element.origin,
    "@CreatedAt": lambda element: element.created_ms,
    "@UpdatedAt": lambda element: element.updated_ms,
    "@DeletedAt": lambda element: element.deleted_ms,
    "@Revision": lambda element: element.revision,
}
"""What an element has beside its metadata."""

PARTS: Final[dict[str, Callable[[FlowRecord], Any]]] = {
    "LastUpdateMetric": lambda flow: flow.update.json() if flow.update else ABSENT,
    "TCPMetric": lambda flow: (flow.more and flow.more.tcp) or ABSENT,
    "IPMetric": lambda flow: (flow.more and flow.more.ip) or ABSENT,
    "DNS": lambda flow: (flow.more and flow.more.dns) or ABSENT,
}
"""Parts of a flow that are read without making all of its JSON."""


def walk(value: object, key: str) -> Any:
    """What stands at a dotted key of an object; behind a list the list of what its items have there.

    A name with a dot in it is found before the dot is taken for a step.
    """
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        first, dot, rest = key.partition(".")
        return walk(value[first], rest) if dot and first in value else ABSENT
    if isinstance(value, list | tuple):
        found: list[Any] = []
        for item in value:
            one = walk(item, key)
            found.extend(one if isinstance(one, list) else () if one is ABSENT else (one,))
        return found or ABSENT
    return ABSENT


def of_element(key: str) -> Callable[[Element], Any]:
    """The reader of a key of nodes and edges: metadata, with or without "Metadata." before, or one of SPECIAL."""
    if key in SPECIAL:
        return SPECIAL[key]
    name = key.removeprefix("Metadata.")

    def read(element: Element) -> Any:
        metadata = element.metadata
        if name in metadata:
            return metadata[name]
        if "/" in name and (found := walk(metadata, name.replace("/", "."))) is not ABSENT:
            return found
        return walk(metadata, name) if "." in name else ABSENT

    return read


def of_flow(key: str) -> Callable[[FlowRecord], Any]:
    """The reader of a key of flows."""
    key = key.replace("/", ".")
    if key in GETTERS:
        return GETTERS[key]
    first, dot, rest = key.partition(".")
    part = PARTS.get(first)
    if part is None:
        return getter(key)
    if not dot:
        return part
    return lambda flow: walk(part(flow), rest)


def frozen(value: object) -> object:
    """A value that can stand in a set, the same for the same value: 1, true and '1' are three."""
    if isinstance(value, Mapping):
        return (
            "object",
            *((str(key), frozen(item)) for key, item in sorted(value.items(), key=lambda i: str(i[0]))),
        )
    if isinstance(value, list | tuple):
        return ("list", *(frozen(item) for item in value))
    return (type(value).__name__, value)


def order(value: object) -> tuple[int, Any]:
    """By what values are sorted: those that are absent first, then numbers, then texts, then the rest."""
    if value is ABSENT or value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, value)
    return (2, value) if isinstance(value, str) else (3, str(value))
