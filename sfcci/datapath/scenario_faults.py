"""What a scenario's schema cannot say: addresses inside their networks, each once; names that lead somewhere."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from sfcci.datapath.placement import MOST_NODES, UNDERLAY, named_by_hosts, node_names
from sfcci.datapath.topology import SWITCH
from sfcci.document import Document, Key, did_you_mean
from sfcci.errors import Fault

LARGEST_NETWORK, SMALLEST_NETWORK, LENGTH6 = 16, 30, 64
EXAMPLE, EXAMPLE6 = "10.0.0.0/24", "fd00::/64"
TRANSLATOR, WIRE = "translator", "wire"
ROUTERS = ("router", TRANSLATOR)
SIDES = 2
_REFERENCES: Final = (
    ("port_pairs", "ingress", "ports"),
    ("port_pairs", "egress", "ports"),
    ("port_pair_groups", "port_pairs", "port_pairs"),
    ("flow_classifiers", "logical_source_port", "ports"),
    ("flow_classifiers", "logical_destination_port", "ports"),
    ("port_chains", "port_pair_groups", "port_pair_groups"),
    ("port_chains", "flow_classifiers", "flow_classifiers"),
)
"""Collection, attribute, and the collection whose names stand in it."""


def faults(source: Document) -> Iterator[Fault]:
    """Give everything that is wrong in a document which the schema has accepted."""
    yield from _network_faults(source)
    yield from _host_faults(source)
    yield from _node_faults(source)
    yield from _reference_faults(source)
    yield from _pair_faults(source)
    yield from _graph_faults(source)
    yield from _mapping_faults(source)


def network_of(data: Mapping[str, Any]) -> IPv4Network | None:
    """Give the scenario's network; None where none can be read."""
    try:
        return IPv4Network(data["network"])
    except ValueError:
        return None


def network6_of(data: Mapping[str, Any]) -> IPv6Network | None:
    """Give the scenario's IPv6 network; None without one, or where none can be read."""
    try:
        return IPv6Network(data["network6"]) if "network6" in data else None
    except ValueError:
        return None


def _network_faults(source: Document) -> Iterator[Fault]:
    data = source.data
    try:
        network = IPv4Network(data["network"])
    except ValueError as error:
        yield source.fault(["network"], str(error), f"an IPv4 prefix, for example {EXAMPLE}")
        return
    room = network.num_addresses - 2
    if not LARGEST_NETWORK <= network.prefixlen <= SMALLEST_NETWORK or room < len(data["ports"]):
        expected = f"room for {len(data['ports'])} ports, at most a /{LARGEST_NETWORK}"
        yield source.fault(["network"], f"found {network}", expected)
    yield from _network6_faults(source)
    for name, port in data["ports"].items():
        yield from _port_faults(source, network, name, port)
    for key in ("ip", "ip6", "mac", "id"):
        yield from _twice(source, key)


def _network6_faults(source: Document) -> Iterator[Fault]:
    if "network6" not in source.data:
        return
    expected = f"an IPv6 prefix of {LENGTH6} bits, for example {EXAMPLE6}"
    try:
        network = IPv6Network(source.data["network6"])
    except ValueError as error:
        yield source.fault(["network6"], str(error), expected)
        return
    if network.prefixlen != LENGTH6 or network.is_multicast or network.is_link_local:
        yield source.fault(["network6"], f"found {network}", expected)


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
    if port.get("ip6"):
        network6 = network6_of(source.data)
        expected = f"an address of a host in {network6}" if network6 else "network6 beside network"
        if not network6 or not _inside6(port["ip6"], network6):
            yield source.fault(["ports", name, "ip6"], f"found {port['ip6']}", expected)


def _inside(text: str, network: IPv4Network) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return address in network and address not in (network.network_address, network.broadcast_address)


def _inside6(text: str, network: IPv6Network) -> bool:
    try:
        address = IPv6Address(text)
    except ValueError:
        return False
    return address in network and address != network.network_address


def _twice(source: Document, key: str) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name, port in source.data["ports"].items():
        if port.get(key) and port[key] in first:
            found = f"{port[key]} is port {first[port[key]]}'s"
            yield source.fault(["ports", name, key], found, "each once")
        elif port.get(key):
            first[port[key]] = name


def _host_faults(source: Document) -> Iterator[Fault]:
    data = source.data
    if SWITCH in data["hosts"]:
        yield source.fault(["hosts", SWITCH], "is the switch's own name", "another name")
    hosts = {port["host"] for port in data["ports"].values()}
    for name, host in data["hosts"].items():
        if name not in hosts:
            yield source.fault(["hosts", name], "has no port", "a port with this host")
        if len(set(host.get("services", {}).values())) < len(host.get("services", {})):
            yield source.fault(["hosts", name, "services"], "two servers at one port", "each its own port")
        if "function" in host:
            yield from _function_faults(source, name, host)


def _node_faults(source: Document) -> Iterator[Fault]:
    """Say which nodes' names are others', and which hosts are on none that is named."""
    data = source.data
    wanted = data.get("nodes", MOST_NODES)
    named = named_by_hosts(data)
    at: list[Key] = ["nodes"] if "nodes" in data else ["hosts"]
    names = node_names(data)
    if len(names) > MOST_NODES:
        yield source.fault(at, f"found {len(names)} nodes", f"1 to {MOST_NODES}")
    for name in names:
        if name in data["hosts"] or name in (SWITCH, UNDERLAY, "lo"):
            yield source.fault(at, f"node {name} has a name that is taken", "a name that no host has")
    if isinstance(wanted, int) and len(named) > wanted:
        yield source.fault(at, f"hosts are on {len(named)} nodes: {', '.join(named)}", f"{wanted} at most")
    for name, host in data["hosts"].items():
        if "node" in host and isinstance(wanted, list) and host["node"] not in wanted:
            hint = did_you_mean(host["node"], wanted)
            found = f"no node {host['node']}"
            yield source.fault(["hosts", name, "node"], found, "one of " + ", ".join(wanted), hint)


def _pair_faults(source: Document) -> Iterator[Fault]:
    """What comes in at one host never leaves by another; Neutron refuses such a pair, too."""
    ports = source.data["ports"]
    for name, pair in source.data.get("port_pairs", {}).items():
        ends = [pair["ingress"], pair["egress"]]
        hosts = [ports[end]["host"] for end in ends if end in ports]
        if len({*hosts}) > 1:
            found = ", ".join(f"{end} is {host}'s" for end, host in zip(ends, hosts, strict=True))
            yield source.fault(["port_pairs", name], found, "two ports of one host, or one port")


def _function_faults(source: Document, name: str, host: Mapping[str, Any]) -> Iterator[Fault]:
    """Say what keeps a function's program from doing its work."""
    at: list[Key] = ["hosts", name, "function"]
    function = host["function"]
    if host.get("forwards"):
        yield source.fault(
            ["hosts", name, "forwards"], "the kernel would route what the function passes", "no"
        )
    yield from _ports_faults(source, name)
    translates = function["kind"] == TRANSLATOR
    if translates != bool(function.get("maps")):
        expected = "at least one [before, behind]" if translates else f"it with kind {TRANSLATOR} alone"
        yield source.fault([*at, "maps"], "found none" if translates else "found", expected)
    if math.isnan(function.get("hold_ms", 0)):
        yield source.fault([*at, "hold_ms"], "found no number", "milliseconds, 0 to 10000")
    yield from _maps_faults(source, [*at, "maps"], function.get("maps", []))
    if function.get("address") == "swap" and function["kind"] not in ("mpls", "nsh"):
        yield source.fault([*at, "address"], "found swap", "it with kind mpls or nsh alone")


def _maps_faults(source: Document, at: list[Key], maps: Sequence[Sequence[str]]) -> Iterator[Fault]:
    """Say what a translator could not do, or not undo on the way back."""
    for side, what in enumerate(("before", "behind")):
        for word, times in Counter(one[side] for one in maps).items():
            if times > 1:
                found = f"{word} stands {times} times {what} the function"
                yield source.fault(at, found, "each address once, so that answers find back")
    for number, (before, behind) in enumerate(maps):
        if not _same_version(before, behind):
            found = f"found {before}, {behind}"
            yield source.fault([*at, number], found, "two addresses of one IP version")
        elif not _in_networks(source.data, behind):
            yield source.fault([*at, number, 1], f"found {behind}", "an address in the scenario's network")


def _ports_faults(source: Document, host: str) -> Iterator[Fault]:
    """Say which ports of a host its function cannot serve: it has two sides, which may be one port."""
    ports = [name for name, port in source.data["ports"].items() if port["host"] == host]
    if len(ports) > SIDES:
        found = f"the host has {len(ports)} ports"
        yield source.fault(
            ["hosts", host, "function"], found, "one or two: what comes in at one leaves by the other"
        )
    used = {pair[end] for pair in source.data.get("port_pairs", {}).values() for end in ("ingress", "egress")}
    kind = source.data["hosts"][host]["function"]["kind"]
    if kind == WIRE and len(ports) > 1 and used.isdisjoint(ports):
        found = "the wire is in no port pair: what is broadcast would go round"
        yield source.fault(["hosts", host, "function"], found, "a port pair of its ports")
    for name in ports:
        yield from _side_faults(source, name, kind)
    for name, pair in source.data.get("port_pairs", {}).items():
        ends = {pair["ingress"], pair["egress"]}
        if not ends.isdisjoint(ports) and ends != set(ports):
            found = f"its function's ports are {', '.join(ports)}"
            yield source.fault(["port_pairs", name], found, f"all ports of {host}, and no other")


def _side_faults(source: Document, port: str, kind: str) -> Iterator[Fault]:
    bare = source.data["ports"][port].get("ip", "some") is None
    if kind == WIRE and not bare:
        found = "a bump in the wire has an address: what is broadcast would go round"
        yield source.fault(["ports", port], found, "ip: null")
    if kind in ROUTERS and bare:
        yield source.fault(["ports", port, "ip"], f"a {kind}'s port has no address", f"one, or kind {WIRE}")


def _in_networks(data: Mapping[str, Any], address: str) -> bool:
    network, network6 = network_of(data), network6_of(data)
    return bool((network and _inside(address, network)) or (network6 and _inside6(address, network6)))


def _same_version(before: str, behind: str) -> bool:
    try:
        return ip_address(before).version == ip_address(behind).version
    except ValueError:
        return False


def _reference_faults(source: Document) -> Iterator[Fault]:
    for collection, attribute, target in _REFERENCES:
        for name, record in source.data.get(collection, {}).items():
            given = record.get(attribute, [])
            words = given if isinstance(given, list) else [given]
            for number, word in enumerate(words):
                keys: list[Key] = [collection, name, attribute]
                keys += [number] if isinstance(given, list) else []
                yield from _unknown(source, keys, word, target)


def _unknown(source: Document, keys: Sequence[Key], word: str, target: str) -> Iterator[Fault]:
    known = list(source.data.get(target, {}))
    if word not in known:
        found = f"no {target.removesuffix('s').replace('_', ' ')} {word}"
        expected = "one of " + ", ".join(known) if known else f"one that {target} declares"
        yield source.fault(keys, found, expected, did_you_mean(word, known))


def _graph_faults(source: Document) -> Iterator[Fault]:
    """Say where a graph leads nowhere or round; two chains may lead to one."""
    for name, graph in source.data.get("service_graphs", {}).items():
        at: list[Key] = ["service_graphs", name, "port_chains"]
        for chain, ends in graph["port_chains"].items():
            yield from _unknown(source, [*at, chain], chain, "port_chains")
            for number, end in enumerate(ends):
                yield from _unknown(source, [*at, chain, number], end, "port_chains")
            if chain in _behind(graph["port_chains"], ends):
                yield source.fault([*at, chain], f"{chain} leads to itself", "chains that come to an end")


def _behind(branches: Mapping[str, Sequence[str]], ends: Sequence[str]) -> set[str]:
    """Give the chains to which these lead, themselves included."""
    reached: set[str] = set()
    coming = list(ends)
    while coming:
        chain = coming.pop()
        if chain not in reached:
            reached.add(chain)
            coming += branches.get(chain, ())
    return reached


def _mapping_faults(source: Document) -> Iterator[Fault]:
    for name, group in source.data.get("port_pair_groups", {}).items():
        for side, values in group.get("ppg_n_tuple_mapping", {}).items():
            at: list[Key] = ["port_pair_groups", name, "ppg_n_tuple_mapping", side]
            for end in ("source", "destination"):
                yield from _tuple_faults(source, at, end, values)


def _tuple_faults(
    source: Document, at: Sequence[Key], end: str, values: Mapping[str, Any]
) -> Iterator[Fault]:
    prefix = values.get(f"{end}_ip_prefix")
    if prefix is not None and not _is_prefix(prefix):
        expected = f"an IP prefix, for example {EXAMPLE}"
        yield source.fault([*at, f"{end}_ip_prefix"], f"found {prefix}", expected)
    low, high = values.get(f"{end}_port_range_min", 0), values.get(f"{end}_port_range_max", 65535)
    if low > high:
        yield source.fault([*at, f"{end}_port_range_min"], f"found {low} to {high}", "min at most max")


def _is_prefix(text: str) -> bool:
    try:
        return "/" in text and bool(ip_network(text, strict=False))
    except ValueError:
        return False
