"""What a job file may say, as JSON Schema. The chains' own words in a change are those of a scenario."""

from collections.abc import Mapping
from typing import Any

from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.datapath.placement import MOST_NODES
from sfcci.datapath.scenario import SCHEMA as SCENARIO

UP, DOWN = "up", "down"
COLLECTIONS = tuple(
    key
    for key in ("port_pairs", "port_pair_groups", "flow_classifiers", "port_chains", "service_graphs")
    if key in SCENARIO["properties"]
)
"""What a change may patch: the scenario's collections of the chains' resources."""
PROTOCOLS = {"tcp": ("tcp",), "udp": ("udp",), "icmp": ("icmp",), "all": ("tcp", "udp", "icmp")}
"""Word for traffic that is flows → the protocols that it goes over."""
BARE = ("answered", "dropped", "both_ways", "flows_as_at_start", "base_flows")
"""Checks that need no value."""
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
SOME_NAMES = {**NAMES, "minItems": 1, "description": "a list of one name or more"}
HOPS = {
    "type": "array",
    "minItems": 1,
    "items": SOME_NAMES,
    "description": "a list of hops, each a list of hosts: [[vm1, vm2], [vm3]]",
}
SHARE = {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "a share above 0, at most 1"}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535, "description": "a port number, 1 to 65535"}
IP = {"enum": [4, 6]}


def _object(properties: Mapping[str, Any], *required: str, description: str = "") -> dict[str, Any]:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        "required": list(required),
    }
    return {**schema, "description": description} if description else schema


def _between(**properties: Any) -> dict[str, Any]:
    return _object({"from": {"type": "string"}, "to": {"type": "string"}, **properties}, "from", "to")


def _number(least: int, most: int) -> dict[str, Any]:
    return {
        "type": "integer",
        "minimum": least,
        "maximum": most,
        "description": f"a number from {least} to {most}",
    }


FLOWS = {"flows": _number(1, 10_000), "ip": IP, "length": _number(0, 60_000)}


def _ports(least: int) -> dict[str, Any]:
    told = f"a port number, {least} to 65535, or a list of them"
    item = {"type": "integer", "minimum": least, "maximum": 65535, "description": told}
    return {
        "port": {**item, "type": ["integer", "array"], "items": item, "minItems": 1},
        "source_port": PORT,
    }


TRAFFIC = _object(
    {
        "http": _between(requests=_number(1, 100_000)),
        "tcp": _between(**FLOWS, **_ports(1)),
        "udp": _between(**FLOWS, **_ports(0)),
        "icmp": _between(**FLOWS),
        "all": _between(**FLOWS, **_ports(1)),
        "stream": _between(rate=_number(1, 10_000), port=PORT, control=PORT, ip=IP),
        "traceroute": _between(),
    },
    description="one kind of traffic: http, tcp, udp, icmp, all (of these three), stream or traceroute",
)
WEIGHTS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "number", "minimum": 0, "description": "a weight, 0 or more"},
}
SHARES = {
    "type": "object",
    "if": {"properties": {"among": {"type": "object"}}, "required": ["among"]},
    "then": _object({"among": WEIGHTS, "within": SHARE}, "among", "within"),
    "else": _object({"among": SOME_NAMES, "at_least": SHARE}, "among", "at_least"),
}
ENCAPSULATION = _object(
    {
        "at": {"type": "string"},
        "kind": {"enum": ["mpls", "nsh", "none"]},
        "path": _number(1, 2**24 - 1),
        "index": _number(0, 255),
    },
    "at",
    "kind",
)
CHECK_WITH_WORDS = _object(
    {
        "visits": HOPS,
        "hops": HOPS,
        "quiet": SOME_NAMES,
        "shares": SHARES,
        "one_of": SOME_NAMES,
        "moved_at_most": SHARE,
        "copies": SOME_NAMES,
        "encapsulation": ENCAPSULATION,
        "lost": _number(0, 10**6),
        "ways": {
            "type": "array",
            "minItems": 1,
            "items": HOPS,
            "description": "a list of ways, each a list of hops: [[[vm1], [vm2]], [[vm3]]]",
        },
    },
)
CHECK = {
    "type": ["string", "object"],
    "description": f"{', '.join(BARE)}, or one of {', '.join(CHECK_WITH_WORDS['properties'])} with its value",
    "if": {"type": "object"},
    "then": {**CHECK_WITH_WORDS, "minProperties": 1, "maxProperties": 1},
    "else": {"enum": list(BARE)},
}


def _or_nothing(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Allow null beside what a schema allows: in a patch it takes away."""
    if "enum" in schema:
        return {**schema, "enum": [*(one for one in schema["enum"] if one is not None), None]}
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return {**schema, "type": [*(kind for kind in kinds if kind != "null"), "null"]}


def _patch(collection: Mapping[str, Any]) -> dict[str, Any]:
    """Allow any part of the resources that a scenario's collection may hold, and to take them away."""
    record = collection["additionalProperties"]
    properties = {key: _or_nothing(value) for key, value in record["properties"].items()}
    return {
        **collection,
        "additionalProperties": {
            **record,
            "type": ["object", "null"],
            "properties": properties,
            "required": [],
        },
    }


CHANGE_ITEM = {
    "type": ["string", "object"],
    "if": {"type": "object"},
    "then": _object(
        {key: _patch(SCENARIO["properties"][key]) for key in COLLECTIONS}
        | {"hosts": {"type": "object", "additionalProperties": {"enum": [UP, DOWN]}}},
    ),
    "else": {"enum": ["restore", "delete"]},
}
CHANGE = {
    "type": ["string", "object", "array"],
    "if": {"type": "array"},
    "then": {"items": CHANGE_ITEM, "minItems": 1},
    "else": CHANGE_ITEM,
}
STEP = _object(
    {
        "change": CHANGE,
        "traffic": {"type": "array", "items": {**TRAFFIC, "minProperties": 1, "maxProperties": 1}},
        "checks": {"type": "array", "minItems": 1, "items": CHECK},
    },
    "checks",
)
JOB = _object(
    {
        "name": {
            "type": "string",
            "pattern": r"^[a-z0-9][a-z0-9.-]*$",
            "description": "small letters, digits, - and .",
        },
        "description": {"type": "string"},
        "pipeline": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minLength": 1,
            "minItems": 1,
            "description": "a pipeline or a list of them",
        },
        "voting": {"type": "boolean"},
        "timeout": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 86_400,
            "description": "seconds, at most a day",
        },
        "attempts": {
            "type": "integer",
            "minimum": 1,
            "maximum": 10,
            "description": "how often it is tried, 1 to 10",
        },
        "scenario": {"type": "string", "minLength": 1},
        "nodes": _number(1, MOST_NODES),
        "encapsulation": {"enum": list(ENCAPSULATIONS)},
        "steps": {"type": "array", "minItems": 1, "items": STEP},
        "install": {"type": "string", "minLength": 1},
        "command": SOME_NAMES,
    },
    "name",
    "pipeline",
    "timeout",
)
SCHEMA: dict[str, Any] = _object({"jobs": {"type": "array", "minItems": 1, "items": JOB}}, "jobs")
