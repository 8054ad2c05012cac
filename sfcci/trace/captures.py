"""What is to be captured: an expression that chooses nodes, a filter, and what a flow shall tell besides.

A capture's expression is asked again whenever the topology changes, so that it also applies to interfaces that appear
later. `parse_capture` and `as_json` are inverses; the names are those of Skydive's API (types.Capture).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Final

from sfcci.errors import Fault, InputError, Place
from sfcci.trace.graph import Graph, Node
from sfcci.trace.gremlin import Answer

MOST_HEADER: Final = 4096
"""The most octets of a packet that a capture looks at."""
KEY_MODES: Final = ("", "L2", "L3")
TYPES: Final = (
    "",
    "afpacket",
    "pcap",
    "pcapsocket",
    "ovsmirror",
    "ovssflow",
    "ovsnetflow",
    "sflow",
    "dpdk",
    "ebpf",
)
"""Ways of capturing that Skydive knows. Ours is one for all: every port of what is captured, by AF_PACKET."""
ETHERNET, RAW_IP = 1, 101
"""Link types, as captures number them."""
WITH_ETHERNET: Final = (None, "", "ether", "loopback")
"""Values of EncapType (from if_arp.h) of interfaces whose frames begin with Ethernet's header; of others IP comes first
(`ring.ETHERNET_KINDS`)."""
UNCAPTURED: Final = ("host", "netns", "ofrule", "ofgroup", "container", "ovspatch", "patch")
"""Types of nodes that no packet passes by itself."""


CHOOSING: Final = ("nodes", "paths", "graph")
"""Kinds of answers that hold nodes."""


@dataclass(frozen=True)
class Capture:
    """One capture. `raw_packet_limit` -1: all packets are kept; `expires_ms` 0: it stays."""

    uuid: str
    gremlin_query: str
    bpf_filter: str = ""
    name: str = ""
    description: str = ""
    type: str = ""
    port: int = 0
    sampling_rate: int = 1
    polling_interval: int = 10
    raw_packet_limit: int = 0
    header_size: int = 0
    extra_tcp_metric: bool = False
    ip_defrag: bool = False
    reassemble_tcp: bool = False
    layer_key_mode: str = ""
    extra_layers: tuple[str, ...] = ()
    target: str = ""
    target_type: str = ""
    expires_ms: int = 0

    @property
    def same(self) -> tuple[str, str, str]:
        """What no two captures have in common: expression, type, filter."""
        return self.gremlin_query, self.type, self.bpf_filter


_NAMES: Final = {
    "UUID": "uuid",
    "GremlinQuery": "gremlin_query",
    "BPFFilter": "bpf_filter",
    "Name": "name",
    "Description": "description",
    "Type": "type",
    "Port": "port",
    "SamplingRate": "sampling_rate",
    "PollingInterval": "polling_interval",
    "RawPacketLimit": "raw_packet_limit",
    "HeaderSize": "header_size",
    "ExtraTCPMetric": "extra_tcp_metric",
    "IPDefrag": "ip_defrag",
    "ReassembleTCP": "reassemble_tcp",
    "LayerKeyMode": "layer_key_mode",
    "ExtraLayers": "extra_layers",
    "Target": "target",
    "TargetType": "target_type",
    "ExpiresAt": "expires_ms",
}
_DEFAULTS: Final[dict[str, Any]] = {f.name: f.default for f in fields(Capture)}
_ALWAYS: Final = ("UUID", "GremlinQuery", "ExtraTCPMetric", "IPDefrag", "ReassembleTCP")
"""What is written though it says nothing: clients read it."""
_IGNORED: Final = ("Count", "CreateTime", "State", "SocketInfo", "Compat", "Origin")


def as_json(capture: Capture, count: int | None = None) -> dict[str, Any]:
    """The capture in Skydive's shape; `count`: how many interfaces it captures now (none: not told)."""
    shown = {}
    for key, attribute in _NAMES.items():
        value = getattr(capture, attribute)
        if key in _ALWAYS or value != _DEFAULTS[attribute]:
            shown[key] = list(value) if isinstance(value, tuple) else value
    return shown if count is None else {**shown, "Count": count}


def parse_capture(given: Mapping[str, Any], uuid: str) -> Capture:
    """The capture that a request describes; a UUID in it counts for more than `uuid`.

    Raises:
        InputError: All its faults.
    """
    faults = [
        Fault(Place(key), "a capture has no such key", "one of " + ", ".join(_NAMES))
        for key in given
        if key not in _NAMES and key not in _IGNORED
    ]
    values: dict[str, Any] = {"uuid": uuid}
    for key, attribute in _NAMES.items():
        if (value := given.get(key)) is None:
            continue
        if key == "ExtraLayers":
            value = _layers(value)
        if fault := _fault(key, value, _DEFAULTS[attribute]):
            faults.append(fault)
        values[attribute] = value
    if not str(values.get("gremlin_query") or "").strip():
        faults.append(
            Fault(Place("GremlinQuery"), "is missing", "an expression that chooses nodes", "G.V().Has(...)")
        )
    if faults:
        raise InputError(*faults)
    values["uuid"] = values["uuid"] or uuid
    return Capture(**values)


def replaced(capture: Capture, **values: Any) -> Capture:
    """The capture with other values."""
    return replace(capture, **values)


def chosen(answer: Answer) -> tuple[Node, ...]:
    """The nodes that an expression's answer holds.

    Raises:
        InputError: It gives something else.
    """
    if answer.kind not in CHOOSING:
        raise InputError(
            Fault(Place("GremlinQuery"), f"gives {answer.kind}", "nodes", "G.V().Has('Name', ...)")
        )
    return tuple(answer.graph()[0])


def _layers(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(word for word in re.split(r"[|, ]+", value) if word)
    return tuple(value) if isinstance(value, list) else value


def _fault(key: str, value: Any, default: Any) -> Fault | None:
    wanted: type = str if default is MISSING else type(default)
    if wanted is int and isinstance(value, bool):
        return Fault(Place(key), f"is {value!r}", "a whole number")
    if not isinstance(value, wanted):
        return Fault(Place(key), f"is {value!r}"[:100], f"a {wanted.__name__}")
    allowed: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
        "UUID": ("at most 64 letters, digits and -", lambda v: bool(re.fullmatch(r"[A-Za-z0-9-]{0,64}", v))),
        "LayerKeyMode": ("L2 or L3", lambda v: v in KEY_MODES),
        "Type": ("one of " + ", ".join(filter(None, TYPES)), lambda v: v in TYPES),
        "HeaderSize": (f"0 to {MOST_HEADER} octets", lambda v: 0 <= v <= MOST_HEADER),
        "RawPacketLimit": ("-1 (all) or a number of packets", lambda v: -1 <= v < 1 << 31),
        "ExtraLayers": ("names of layers", lambda v: all(isinstance(one, str) for one in v)),
    }
    expected, right = allowed.get(key, ("", lambda _v: True))
    return None if right(value) else Fault(Place(key), f"is {value!r}"[:100], expected)


@dataclass(frozen=True)
class Tapped:
    """One interface that a capture reads. `entering`: only what goes into the switch counts ("out": it leaves the device)."""

    capture: Capture
    node_id: str
    node_tid: str
    netns: str
    interface: str
    link_type: int = ETHERNET
    entering: str = ""
    """"" both ways; "in": what comes in at the interface; "out": what goes out of it (a switch's own interface)."""


def tapped(capture: Capture, nodes: Iterable[Node], graph: Graph) -> tuple[Tapped, ...]:
    """Give the interfaces that capture these nodes: each place once for a node, a switch at all its ports."""
    chosen = {node.id: node for node in nodes}
    found: dict[tuple[str, str, str], Tapped] = {}
    for node in chosen.values():
        for one in _of_node(capture, node, graph, chosen):
            found.setdefault((one.node_tid, one.netns, one.interface), one)
    return tuple(found.values())


def _of_node(capture: Capture, node: Node, graph: Graph, chosen: Mapping[str, Node]) -> Sequence[Tapped]:
    kind, tid = node.metadata.get("Type"), str(node.metadata.get("TID") or node.id)
    if kind == "ovsbridge":
        return [
            Tapped(capture, node.id, tid, *place, entering="out" if inside else "in")
            for port in _unique(graph.children(node.id))
            for place, inside in _interfaces(port, graph)
        ]
    if kind == "ovsport":
        owned = [one for one in _neighbours(port=node, graph=graph) if _is_interface(one)]
        if any(one.id in chosen for one in owned):
            return []  # the interface itself is captured, and nothing passes the port beside it
        return [Tapped(capture, node.id, tid, *place) for place, _ in _interfaces(node, graph)]
    if kind in UNCAPTURED or not _is_interface(node):
        return []
    link_type = ETHERNET if node.metadata.get("EncapType") in WITH_ETHERNET else RAW_IP
    return [Tapped(capture, node.id, tid, namespace(node, graph), str(node.metadata["Name"]), link_type)]


def _interfaces(port: Node, graph: Graph) -> list[tuple[tuple[str, str], bool]]:
    """Give (namespace, name) of a port's interfaces, and whether it is the switch's own (Type internal)."""
    if port.metadata.get("Type") != "ovsport":
        return []
    return [
        ((namespace(one, graph), str(one.metadata["Name"])), one.metadata.get("Type") == "internal")
        for one in _neighbours(port, graph)
        if _is_interface(one)
    ]


def _neighbours(port: Node, graph: Graph) -> tuple[Node, ...]:
    return _unique((*graph.children(port.id), *graph.parents(port.id)))


def _unique(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple({node.id: node for node in nodes}.values())


def _is_interface(node: Node) -> bool:
    """Say whether packets pass there: it has a number among its namespace's interfaces (none: no kernel's device)."""
    return bool(node.metadata.get("IfIndex")) and bool(node.metadata.get("Name"))


def namespace(node: Node, graph: Graph) -> str:
    """Give the name of the network namespace that owns a node; "" for the only switch's, or the machine's, own."""
    for edge in graph.edges_up(node.id):
        owner = graph.node(edge.parent)
        if owner and edge.metadata.get("RelationType") == "ownership":
            kind = owner.metadata.get("Type")
            if kind == "netns" or (kind == "host" and owner.metadata.get("Path")):  # a node of a lab
                return str(owner.metadata["Name"])
    return ""
