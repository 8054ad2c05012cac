"""The words of a scenario's document, as a JSON schema; what it cannot say is in `scenario_faults`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.datapath.placement import MOST_NODES

SERVICES = ("http", "echo")
"""A web server; a server that sends back what it gets, over TCP and UDP (RFC 862)."""
KINDS = ("router", "wire", "mpls", "nsh", "translator")
"""What a function's program can be (inside/service_function.py)."""
LONGEST_HOLD_MS = 10_000
MTU = (1280, 9000)
"""The shortest that IPv6 allows (RFC 8200, section 5), and the usual jumbo frame's."""
_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT}
_PORT_NUMBER = {"type": "integer", "minimum": 0, "maximum": 65535, "description": "a port number, 0 to 65535"}
_SERVICE_PORT = {
    "type": "integer",
    "minimum": 1,
    "maximum": 65535,
    "description": "a port number, 1 to 65535",
}
_HOST_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$"
_PORT_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$"
_NAME = "^.{1,255}$"


def _names(pattern: str, told: str, value: Mapping[str, Any], *, least: int = 0) -> dict[str, Any]:
    return {
        "type": "object",
        "minProperties": least,
        "propertyNames": {"type": "string", "pattern": pattern, "description": told},
        "additionalProperties": value,
    }


def _record(required: Sequence[str] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


_SERVICES = {
    "type": "object",
    "additionalProperties": False,
    "properties": dict.fromkeys(SERVICES, _SERVICE_PORT),
}
_FUNCTION = _record(
    ["kind"],
    kind={"enum": list(KINDS)},
    hold_ms={
        "type": "number",
        "minimum": 0,
        "maximum": LONGEST_HOLD_MS,
        "description": f"milliseconds, 0 to {LONGEST_HOLD_MS}",
    },
    address={"enum": ["keep", "swap"]},
    maps={
        "type": "array",
        "items": {
            "type": "array",
            "items": _TEXT,
            "minItems": 2,
            "maxItems": 2,
            "description": "two addresses: before and behind the function",
        },
    },
)
_NODE = {
    "type": "string",
    "pattern": _PORT_NAME,
    "description": "a node's name: letters, digits, - and _, at most 15",
}
_HOST = _record(forwards={"type": "boolean"}, services=_SERVICES, function=_FUNCTION, node=_NODE)
_PORT = _record(
    ["host"],
    host=_TEXT,
    id={
        "type": "string",
        "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        "description": "a uuid in lower case",
    },
    mac={
        "type": "string",
        "pattern": "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
        "description": "a unicast MAC address in lower case, in quotes",
    },
    ip={
        "type": ["string", "null"],
        "description": "an address in the network, null for none (a bump in the wire)",
    },
    ip6={"type": ["string", "null"], "description": "an address in network6, null for none"},
)
_PAIR = _record(
    ["ingress", "egress"],
    ingress=_TEXT,
    egress=_TEXT,
    correlation={"enum": [None, "mpls", "nsh"]},
    weight={"type": "integer", "minimum": 0, "maximum": 65535},
)
_TUPLE = _record(
    source_ip_prefix=_TEXT,
    destination_ip_prefix=_TEXT,
    source_port_range_min=_PORT_NUMBER,
    source_port_range_max=_PORT_NUMBER,
    destination_port_range_min=_PORT_NUMBER,
    destination_port_range_max=_PORT_NUMBER,
)
_GROUP = _record(
    port_pairs=_LIST,
    group_id={"type": "integer"},
    lb_fields=_LIST,
    tap_enabled={"type": "boolean"},
    ppg_n_tuple_mapping=_record(ingress_n_tuple=_TUPLE, egress_n_tuple=_TUPLE),
)
_CLASSIFIER = _record(
    ["logical_source_port"],
    ethertype={"enum": ["IPv4", "IPv6"]},
    protocol={"enum": [None, "tcp", "udp", "icmp"]},
    **_TUPLE["properties"],
    logical_source_port=_TEXT,
    logical_destination_port=_TEXT,
)
_CHAIN = _record(
    ["port_pair_groups"],
    port_pair_groups=_LIST,
    flow_classifiers=_LIST,
    chain_id={"type": "integer"},
    correlation={"enum": ["mpls", "nsh"]},
    symmetric={"type": "boolean"},
    fail_mode={"enum": ["closed", "open"]},
)
_GRAPH = _record(["port_chains"], port_chains=_names(_NAME, "a chain's name", _LIST))
SCHEMA: dict[str, Any] = _record(
    ["name", "network", "hosts", "ports"],
    name={"type": "string", "pattern": _HOST_NAME, "description": "a name of letters, digits, - and _"},
    network={"type": "string", "description": "an IPv4 prefix, for example 10.0.0.0/24"},
    network6={"type": "string", "description": "an IPv6 prefix of 64 bits, for example fd00::/64"},
    mtu={
        "type": "integer",
        "minimum": MTU[0],
        "maximum": MTU[1],
        "description": f"octets of an IP packet, {MTU[0]} to {MTU[1]}",
    },
    nodes={
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MOST_NODES},
            {"type": "array", "items": _NODE, "minItems": 1, "maxItems": MOST_NODES, "uniqueItems": True},
        ],
        "description": f"how many nodes, 1 to {MOST_NODES}, or their names",
    },
    encapsulation={"enum": list(ENCAPSULATIONS)},
    hosts=_names(_HOST_NAME, "a host's name: letters, digits, - and _, at most 31", _HOST, least=1),
    ports=_names(
        _PORT_NAME,
        "a port's name, which is its interface's: letters, digits, - and _, at most 15",
        _PORT,
        least=1,
    ),
    port_pairs=_names(_NAME, "a name", _PAIR),
    port_pair_groups=_names(_NAME, "a name", _GROUP),
    flow_classifiers=_names(_NAME, "a name", _CLASSIFIER),
    port_chains=_names(_NAME, "a name", _CHAIN),
    service_graphs=_names(_NAME, "a name", _GRAPH),
)
