"""Scenarios: a lab and its chains in one YAML document, checked whole before anything is raised.

Names are the document's; ids are derived from the scenario's name and the resource's (uuid5), unless given, so
that they are the same in every run. Numbers (ports, groups, chains) follow the document's order.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import resources
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.refusal import refusals
from sfcci.datapath.topology import SWITCH, Host, Port, Topology, rooms
from sfcci.document import Document, Key, did_you_mean
from sfcci.errors import Fault, InputError, UsageError

NAMESPACE = uuid.UUID("6f1c2f0e-5d0b-5c53-9b5e-2f5d3c1a8e10")
SERVICES = ("http",)
MAC_PREFIX = "fa:16:3e"
"""The prefix that Neutron gives to its ports."""
LARGEST_NETWORK = 16


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


_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT}
_PORT_NUMBER = {"type": "integer", "minimum": 0, "maximum": 65535, "description": "a port number, 0 to 65535"}
_HOST_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$"
_PORT_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$"
_NAME = "^.{1,255}$"
SCHEMA: dict[str, Any] = _record(
    ["name", "network", "hosts", "ports"],
    name={"type": "string", "pattern": _HOST_NAME, "description": "a name of letters, digits, - and _"},
    network={"type": "string", "description": "an IPv4 prefix, for example 10.0.0.0/24"},
    hosts=_names(
        _HOST_NAME,
        "a host's name: letters, digits, - and _, at most 31",
        _record(
            forwards={"type": "boolean"},
            services={
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(SERVICES, _PORT_NUMBER),
            },
        ),
        least=1,
    ),
    ports=_names(
        _PORT_NAME,
        "a port's name, which is its interface's: letters, digits, - and _, at most 15",
        _record(
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
        ),
        least=1,
    ),
    port_pairs=_names(
        _NAME,
        "a name",
        _record(
            ["ingress", "egress"],
            ingress=_TEXT,
            egress=_TEXT,
            correlation={"enum": [None, "mpls", "nsh"]},
            weight={"type": "integer", "minimum": 0},
        ),
    ),
    port_pair_groups=_names(
        _NAME,
        "a name",
        _record(
            port_pairs=_LIST, group_id={"type": "integer"}, lb_fields=_LIST, tap_enabled={"type": "boolean"}
        ),
    ),
    flow_classifiers=_names(
        _NAME,
        "a name",
        _record(
            ["logical_source_port"],
            ethertype={"enum": ["IPv4", "IPv6"]},
            protocol={"enum": [None, "tcp", "udp", "icmp"]},
            source_ip_prefix=_TEXT,
            destination_ip_prefix=_TEXT,
            source_port_range_min=_PORT_NUMBER,
            source_port_range_max=_PORT_NUMBER,
            destination_port_range_min=_PORT_NUMBER,
            destination_port_range_max=_PORT_NUMBER,
            logical_source_port=_TEXT,
            logical_destination_port=_TEXT,
        ),
    ),
    port_chains=_names(
        _NAME,
        "a name",
        _record(
            ["port_pair_groups"],
            port_pair_groups=_LIST,
            flow_classifiers=_LIST,
            chain_id={"type": "integer"},
            correlation={"enum": ["mpls", "nsh"]},
            symmetric={"type": "boolean"},
        ),
    ),
)


@dataclass(frozen=True)
class Scenario:
    """A lab to raise: its name, the topology, the chains, and the document that it was read from."""

    name: str
    topology: Topology
    chains: ChainState
    source: Document


def shipped() -> tuple[str, ...]:
    """Give the names of the scenarios that come with sfcci."""
    folder = resources.files("sfcci.datapath").joinpath("scenarios")
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_scenario(word: str | Path) -> Scenario:
    """Read the scenario of a shipped name, or of a path (a Path, or text with a slash or a suffix).

    Raises UsageError for an unknown name, InputError with all faults of the document.
    """
    if isinstance(word, Path) or "/" in word or word.endswith((".yaml", ".yml")):
        return parse_scenario(document.read(Path(word), SCHEMA))
    if word not in shipped():
        hint = did_you_mean(word, shipped()) or "there are: " + ", ".join(shipped()) + ", or a path"
        raise UsageError(f"no scenario {word!r}; {hint}")
    text = resources.files("sfcci.datapath").joinpath(f"scenarios/{word}.yaml").read_text()
    return parse_scenario(document.parse(text, f"{word}.yaml", SCHEMA))


def parse_scenario(source: Document) -> Scenario:
    """Give the scenario of a document that SCHEMA has accepted. Raises InputError with all other faults."""
    data = source.data
    if faults := [*_topology_faults(source), *_reference_faults(source)]:
        raise InputError(*faults)
    chains = _chains(data)
    topology = _with_rooms(_topology(data), chains)
    refused = refusals(chains, {port.id for port in topology.ports})
    if refused:
        raise InputError(*(source.fault(r.keys, _with_names(r.found, chains), r.expected) for r in refused))
    return Scenario(data["name"], topology, chains, source)


def resource_id(scenario: str, kind: str, name: str) -> str:
    """Give the id of a resource of a scenario: the same in every run."""
    return str(uuid.uuid5(NAMESPACE, f"{scenario}/{kind}/{name}"))


def _topology(data: Mapping[str, Any]) -> Topology:
    network = IPv4Network(data["network"])
    hosts = tuple(
        Host(name, given.get("forwards", False), dict(given.get("services", {})))
        for name, given in data["hosts"].items()
    )
    addresses = _addresses(data, network)
    ports = tuple(
        _port(data, name, given, addresses[name], network.prefixlen, number)
        for number, (name, given) in enumerate(data["ports"].items(), 1)
    )
    return Topology(hosts, ports)


def _with_rooms(topology: Topology, chains: ChainState) -> Topology:
    room = rooms((pair.ingress, pair.egress, pair.correlation) for pair in chains.port_pairs)
    return replace(topology, ports=tuple(replace(p, room=room.get(p.id, 0)) for p in topology.ports))


def _port(
    data: Mapping[str, Any], name: str, given: Mapping[str, Any], address: str, length: int, number: int
) -> Port:
    identity = _port_id(data, name)
    tail = hashlib.sha256(identity.encode()).digest()[:3]
    own = (f"{address}/{length}",) if address else ()
    mac = given.get("mac") or MAC_PREFIX + "".join(f":{byte:02x}" for byte in tail)
    return Port(identity, name, given["host"], mac, address, number, own)


def _addresses(data: Mapping[str, Any], network: IPv4Network) -> dict[str, str]:
    """Give each port's address: the given one ("" for none), else the next that nobody has."""
    given = {name: port["ip"] or "" for name, port in data["ports"].items() if "ip" in port}
    free = (str(address) for address in network.hosts() if str(address) not in set(given.values()))
    return {name: given[name] if name in given else next(free) for name in data["ports"]}


def _chains(data: Mapping[str, Any]) -> ChainState:
    groups, chains = data.get("port_pair_groups", {}), data.get("port_chains", {})
    group_ids, chain_ids = _numbers(groups, "group_id"), _numbers(chains, "chain_id")
    return ChainState(
        tuple(_pair(data, name, given) for name, given in data.get("port_pairs", {}).items()),
        tuple(_group(data, name, given, group_ids[name]) for name, given in groups.items()),
        tuple(_classifier(data, name, given) for name, given in data.get("flow_classifiers", {}).items()),
        tuple(_chain(data, name, given, chain_ids[name]) for name, given in chains.items()),
    )


def _pair(data: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> PortPair:
    ends = {end: _port_id(data, given[end]) for end in ("ingress", "egress")}
    return PortPair(**{**given, **ends, "id": resource_id(data["name"], "port_pair", name), "name": name})


def _group(data: Mapping[str, Any], name: str, given: Mapping[str, Any], number: int) -> PortPairGroup:
    return PortPairGroup(
        resource_id(data["name"], "port_pair_group", name),
        name,
        number,
        _ids(data, "port_pair", given.get("port_pairs", [])),
        tuple(given.get("lb_fields", [])),
        given.get("tap_enabled", False),
    )


def _classifier(data: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> FlowClassifier:
    ends = ("logical_source_port", "logical_destination_port")
    ports = {end: _port_id(data, given[end]) for end in ends if end in given}
    return FlowClassifier(
        **{**given, **ports, "id": resource_id(data["name"], "flow_classifier", name), "name": name}
    )


def _chain(data: Mapping[str, Any], name: str, given: Mapping[str, Any], number: int) -> PortChain:
    return PortChain(
        resource_id(data["name"], "port_chain", name),
        name,
        number,
        _ids(data, "port_pair_group", given["port_pair_groups"]),
        _ids(data, "flow_classifier", given.get("flow_classifiers", [])),
        given.get("correlation", "mpls"),
        given.get("symmetric", False),
    )


def _port_id(data: Mapping[str, Any], name: str) -> str:
    given = data["ports"][name].get("id")
    return str(given) if given else resource_id(data["name"], "port", name)


def _ids(data: Mapping[str, Any], kind: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(resource_id(data["name"], kind, name) for name in names)


def _numbers(given: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, int]:
    """Give each resource's number: the given one, else the lowest free from 1."""
    taken = {record[key] for record in given.values() if key in record}
    free = (number for number in range(1, 2**32) if number not in taken)
    return {name: record[key] if key in record else next(free) for name, record in given.items()}


def _topology_faults(source: Document) -> Iterator[Fault]:
    data = source.data
    try:
        network = IPv4Network(data["network"])
    except ValueError as error:
        yield source.fault(["network"], str(error), "an IPv4 prefix, for example 10.0.0.0/24")
        return
    if not LARGEST_NETWORK <= network.prefixlen < 31 or network.num_addresses - 2 < len(data["ports"]):  # noqa: PLR2004 - /31 and /32 have no room
        yield source.fault(
            ["network"], f"found {network}", f"room for {len(data['ports'])} ports, at most a /16"
        )
    if SWITCH in data["hosts"]:
        yield source.fault(["hosts", SWITCH], "is the switch's own name", "another name")
    for name, port in data["ports"].items():
        yield from _port_faults(source, network, name, port)
    for key in ("ip", "mac", "id"):
        yield from _twice(source, key)
    hosts = {port["host"] for port in data["ports"].values()}
    for name in data["hosts"]:
        if name not in hosts:
            yield source.fault(["hosts", name], "has no port", "a port with this host")


def _port_faults(
    source: Document, network: IPv4Network, name: str, port: Mapping[str, Any]
) -> Iterator[Fault]:
    hosts = list(source.data["hosts"])
    if port["host"] not in hosts:
        hint = did_you_mean(port["host"], hosts)
        yield source.fault(
            ["ports", name, "host"], f"no host {port['host']}", "one of " + ", ".join(hosts), hint
        )
    if name == "lo":
        yield source.fault(["ports", name], "is the loopback interface's name", "another name")
    if port.get("ip") and not _inside(port["ip"], network):
        yield source.fault(["ports", name, "ip"], f"found {port['ip']}", f"an address of a host in {network}")


def _inside(text: str, network: IPv4Network) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return address in network and address not in (network.network_address, network.broadcast_address)


def _twice(source: Document, key: str) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name, port in source.data["ports"].items():
        if port.get(key) and port[key] in first:
            found = f"{port[key]} is port {first[port[key]]}'s"
            yield source.fault(["ports", name, key], found, "each once")
        elif port.get(key):
            first[port[key]] = name


_REFERENCES = (
    ("port_pairs", "ingress", "ports"),
    ("port_pairs", "egress", "ports"),
    ("port_pair_groups", "port_pairs", "port_pairs"),
    ("flow_classifiers", "logical_source_port", "ports"),
    ("flow_classifiers", "logical_destination_port", "ports"),
    ("port_chains", "port_pair_groups", "port_pair_groups"),
    ("port_chains", "flow_classifiers", "flow_classifiers"),
)
"""Collection, attribute, and the collection whose names stand in it."""


def _reference_faults(source: Document) -> Iterator[Fault]:
    for collection, attribute, target in _REFERENCES:
        known = list(source.data.get(target, {}))
        for name, record in source.data.get(collection, {}).items():
            given = record.get(attribute, [])
            words = given if isinstance(given, list) else [given]
            for number, word in enumerate(words):
                if word not in known:
                    keys: list[Key] = [collection, name, attribute]
                    keys += [number] if isinstance(given, list) else []
                    found = f"no {target.removesuffix('s').replace('_', ' ')} {word}"
                    expected = "one of " + ", ".join(known) if known else f"one that {target} declares"
                    yield source.fault(keys, found, expected, did_you_mean(word, known))


def _with_names(text: str, chains: ChainState) -> str:
    """Put names where a refusal speaks in ids: the document knows none."""
    for collection in fields(chains):
        for resource in getattr(chains, collection.name):
            text = text.replace(resource.id, resource.name)
    return text
