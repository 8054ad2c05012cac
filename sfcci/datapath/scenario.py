"""Scenarios: a lab and its chains in one YAML document, checked whole before anything is raised.

Names are the document's; ids are derived from the scenario's name and the resource's (uuid5), unless given, so
that they are the same in every run. Numbers (ports, groups, chains) follow the document's order.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import resources
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import takewhile
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.chain.encapsulation import VXLAN
from sfcci.chain.model import (
    ChainState,
    FlowClassifier,
    PortChain,
    PortPair,
    PortPairGroup,
    Rewrite,
    ServiceGraph,
)
from sfcci.chain.refusal import refusals
from sfcci.datapath.placement import node_names, placed
from sfcci.datapath.scenario_faults import faults, network6_of
from sfcci.datapath.scenario_schema import SCHEMA
from sfcci.datapath.topology import Function, Host, Port, Topology, onward, rooms
from sfcci.document import Document, Key, did_you_mean
from sfcci.errors import Fault, InputError, UsageError

__all__ = [
    "SCHEMA",
    "Scenario",
    "described",
    "load_scenario",
    "on_nodes",
    "parse_scenario",
    "resource_id",
    "shipped",
]

NAMESPACE = uuid.UUID("6f1c2f0e-5d0b-5c53-9b5e-2f5d3c1a8e10")
MAC_PREFIX = "fa:16:3e"
"""The prefix that Neutron gives to its ports."""
PLAIN_MTU = 1500


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


def described() -> dict[str, str]:
    """Give what each scenario that comes with sfcci is about: the comment at its top, on one line."""
    folder = resources.files("sfcci.datapath").joinpath("scenarios")
    texts = {name: folder.joinpath(f"{name}.yaml").read_text().splitlines() for name in shipped()}
    return {
        name: " ".join(line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines))
        for name, lines in texts.items()
    }


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
    if wrong := tuple(faults(source)):
        raise InputError(*wrong)
    chains = _chains(data)
    topology = _with_pairs(_topology(data), chains.port_pairs)
    if wrong := tuple(_shared_addresses(source, topology)):
        raise InputError(*wrong)
    refused = refusals(chains, {port.id for port in topology.ports})
    if refused:
        raise InputError(*(source.fault(r.keys, _with_names(r.found, chains), r.expected) for r in refused))
    return Scenario(data["name"], topology, chains, source)


def on_nodes(scenario: Scenario, nodes: int, encapsulation: str = "") -> Scenario:
    """Give the scenario over so many nodes, as if its document said so. Raises InputError with what is against it."""
    more = {"nodes": nodes} | ({"encapsulation": encapsulation} if encapsulation else {})
    return parse_scenario(replace(scenario.source, data={**scenario.source.data, **more}))


def resource_id(scenario: str, kind: str, name: str) -> str:
    """Give the id of a resource of a scenario: the same in every run."""
    return str(uuid.uuid5(NAMESPACE, f"{scenario}/{kind}/{name}"))


def _topology(data: Mapping[str, Any]) -> Topology:
    network = IPv4Network(data["network"])
    addresses = _addresses(data, network)
    places = {name: _places(data, name, addresses[name], network) for name in data["ports"]}
    ports = tuple(
        _port(data, name, addresses[name], places[name], number)
        for number, name in enumerate(data["ports"], 1)
    )
    hosts = tuple(_host(name, given) for name, given in data["hosts"].items())
    return placed(Topology(hosts, ports), node_names(data), data.get("encapsulation", VXLAN))


def _host(name: str, given: Mapping[str, Any]) -> Host:
    return Host(
        name,
        given.get("forwards", False),
        dict(given.get("services", {})),
        function=_function(given["function"]) if "function" in given else None,
        node=given.get("node", ""),
    )


def _function(given: Mapping[str, Any]) -> Function:
    return Function(
        given["kind"],
        given.get("hold_ms", 0),
        given.get("address") == "swap",
        tuple((str(ip_address(a)), str(ip_address(b))) for a, b in given.get("maps", ())),
    )


def _with_pairs(topology: Topology, pairs: Sequence[PortPair]) -> Topology:
    """Give the topology whose ports know what their pairs ask of them: room for a header, and the other end."""
    room = rooms((pair.ingress, pair.egress, pair.correlation) for pair in pairs)
    other = onward((pair.ingress, pair.egress) for pair in pairs)
    known = {port.id: port for port in topology.ports}

    def with_pair(port: Port) -> Port:
        end = known[other.get(port.id, port.id)]
        there = end.name if port.id in other and end.host == port.host else ""
        return replace(port, room=room.get(port.id, 0), onward=there)

    return replace(topology, ports=tuple(map(with_pair, topology.ports)))


def _port(data: Mapping[str, Any], name: str, ip: str, places: Sequence[str], number: int) -> Port:
    given, identity = data["ports"][name], _port_id(data, name)
    tail = hashlib.sha256(identity.encode()).digest()[:3]
    mac = given.get("mac") or MAC_PREFIX + "".join(f":{byte:02x}" for byte in tail)
    mtu = data.get("mtu", PLAIN_MTU)
    return Port(identity, name, given["host"], mac, ip, number, tuple(places), mtu=mtu)


def _shared_addresses(source: Document, topology: Topology) -> Iterator[Fault]:
    """Say which ports and translators would have an address that is a port's."""
    first: dict[str, str] = {}
    for port in topology.ports:
        for address in port.addresses:
            ip = address.partition("/")[0]
            if (other := first.setdefault(ip, port.name)) != port.name:
                yield source.fault(["ports", port.name], f"its {ip} is port {other}'s", "each address once")
    for host in topology.hosts:
        for number, (_, behind) in enumerate(host.function.maps if host.function else ()):
            if behind in first:
                keys: list[Key] = ["hosts", host.name, "function", "maps", number, 1]
                yield source.fault(keys, f"{behind} is port {first[behind]}'s", "an address that nobody has")


def _places(data: Mapping[str, Any], name: str, ip: str, network: IPv4Network) -> list[str]:
    """Give a port's addresses with the lengths of their networks' prefixes."""
    places = [f"{ip}/{network.prefixlen}"] if ip else []
    network6 = network6_of(data)
    given = data["ports"][name].get("ip6", _like(ip, network, network6) if network6 and ip else None)
    return [*places, f"{IPv6Address(given)}/{network6.prefixlen}"] if network6 and given else places


def _like(ip: str, network: IPv4Network, network6: IPv6Network) -> str:
    """Give the IPv6 address whose last digits are the port's number in its network: 10.0.0.61 has fd00::61."""
    number = int(IPv4Address(ip)) - int(network.network_address)
    return str(network6[int(str(number), 16)])


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
        tuple(_graph(data, name, given) for name, given in data.get("service_graphs", {}).items()),
    )


def _pair(data: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> PortPair:
    ends = {end: _port_id(data, given[end]) for end in ("ingress", "egress")}
    return PortPair(**{**given, **ends, "id": resource_id(data["name"], "port_pair", name), "name": name})


def _group(data: Mapping[str, Any], name: str, given: Mapping[str, Any], number: int) -> PortPairGroup:
    mapping = given.get("ppg_n_tuple_mapping", {})
    return PortPairGroup(
        resource_id(data["name"], "port_pair_group", name),
        name,
        number,
        _ids(data, "port_pair", given.get("port_pairs", [])),
        tuple(given.get("lb_fields", [])),
        given.get("tap_enabled", False),
        Rewrite(**mapping.get("ingress_n_tuple", {})),
        Rewrite(**mapping.get("egress_n_tuple", {})),
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
        given.get("fail_mode") == "open",
    )


def _graph(data: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> ServiceGraph:
    branches = (
        (resource_id(data["name"], "port_chain", chain), _ids(data, "port_chain", ends))
        for chain, ends in given["port_chains"].items()
    )
    return ServiceGraph(resource_id(data["name"], "service_graph", name), name, tuple(branches))


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


def _with_names(text: str, chains: ChainState) -> str:
    """Put names where a refusal speaks in ids: the document knows none."""
    for collection in fields(chains):
        for resource in getattr(chains, collection.name):
            text = text.replace(resource.id, resource.name)
    return text
