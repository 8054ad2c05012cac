"""The topology that the API's ports ask for: a port with a host and a device is plugged into that device's namespace.

Names and numbers that are in use stay: who is plugged is not disturbed by who comes or goes. A port of Neutron's own
services (`network:...`) is nobody's machine and is not plugged.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import chain, count
from typing import Any, Final
from zlib import crc32

from sfcci.chain.state import Resource, State
from sfcci.datapath.topology import (
    KNOWN_ADDRESSES,
    LAST_TAG,
    SWITCH,
    TAP_ID_LENGTH,
    Host,
    Port,
    Topology,
    onward,
    rooms,
)

Owner = tuple[str, str]
"""Project and device."""
LONGEST_INTERFACE, LONGEST_HOST = 15, 64
TAKEN_INTERFACES = ("", "lo", "all", "default", ".", "..")
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
LAST_NUMBER: Final = 65000
"""The highest OpenFlow number that a port gets (the protocol's last is 65279)."""
MTU: Final = range(1280, 65536)
PLAIN_MTU = 1500


READ: Final = ("networks", "subnets", "ports", "port_pairs")
"""The collections that `wanted` reads."""


def wanted(state: State, known: Topology, last: int) -> Topology:
    """Give what shall be plugged. `known` is plugged; `last` is the highest number that a port ever had."""
    ports = [port for port in state.of("ports").values() if _pluggable(state, port)]
    ordered = _in_order(state, ports)
    tags = _tags(state, ordered, known)
    ports, ordered = ([port for port in some if port["network_id"] in tags] for some in (ports, ordered))
    owners = {port["id"]: _owner(port) for port in ports}
    names = _host_names(owners.values(), {host.owner: host.name for host in known.hosts}, known.nodes)
    functions = {
        port for pair in state.of("port_pairs").values() for port in (pair["ingress"], pair["egress"])
    }
    numbers = _numbers(ordered, known, last)
    interfaces, room = _interfaces(ports, owners, known), rooms(map(_pair, state.of("port_pairs").values()))
    ends, on = _other_ends(state, owners, interfaces), _on_nodes(ports, owners, known)
    made = _ports.of(
        (
            port["id"],
            (
                port,
                state.get("networks", port["network_id"]) or {},
                tuple(_places(state, port)),
                names[owners[port["id"]]],
                interfaces[port["id"]],
                numbers[port["id"]],
                tags[port["network_id"]],
                room.get(port["id"], 0),
                ends.get(port["id"], ""),
                on.get(owners[port["id"]], ""),
            ),
        )
        for port in ordered
    )
    forwarding = {names[owners[id_]] for id_ in functions & owners.keys()}
    there = {host.name: host for host in known.hosts}
    hosts = [
        _host(name, owner, name in forwarding, there.get(name), on.get(owner, ""))
        for owner, name in names.items()
    ]
    return Topology(tuple(hosts), tuple(made), known.nodes, known.encapsulation)


def _in_order(state: State, ports: Iterable[Resource]) -> list[Resource]:
    """Give ports in the order of the pairs that packets leave by them; all others come first."""
    leaving: dict[str, int] = {}
    for number, pair in enumerate(state.of("port_pairs").values()):
        leaving.setdefault(pair["egress"], number)
    return sorted(ports, key=lambda port: leaving.get(port["id"], -1))


def _on_nodes(ports: Iterable[Resource], owners: Mapping[str, Owner], known: Topology) -> dict[Owner, str]:
    """Give the node of each device: the one that its first port is bound to, else where it is, else one by its binding.

    Names of machines that are no nodes are dealt out so that those of one name are on one node.
    """
    if not known.nodes:
        return {}
    there = {host.owner: host.node for host in known.hosts}
    found: dict[Owner, str] = {}
    for port in ports:
        bound, owner = str(port["binding:host_id"]), owners[port["id"]]
        dealt = known.nodes[crc32(bound.encode()) % len(known.nodes)]
        found.setdefault(owner, bound if bound in known.nodes else there.get(owner) or dealt)
    return found


def last_number(topology: Topology, last: int) -> int:
    """Give the highest number that a port ever had; from LAST_NUMBER on they begin again."""
    highest = max((port.number for port in topology.ports), default=0)
    return max(highest, last) if max(highest, last) < LAST_NUMBER else 0


def _pluggable(state: State, port: Resource) -> bool:
    return bool(
        port.get("binding:host_id")
        and port.get("device_id")
        and not str(port.get("device_owner", "")).startswith("network:")
        and state.get("networks", port["network_id"])
        and MAC.fullmatch(str(port.get("mac_address", "")))
    )


def _owner(port: Resource) -> Owner:
    return str(port.get("project_id", "")), str(port["device_id"])


def _host(name: str, owner: Owner, forwards: bool, there: Host | None, node: str) -> Host:
    """Give a host with the programs that work on it; one that is a function itself leaves its kernel nothing to route."""
    if there is None:
        return Host(name, forwards, {}, owner, node=node)
    return Host(name, forwards and there.function is None, there.services, owner, there.function, node)


def _host_names(
    owners: Iterable[Owner], known: Mapping[Owner, str], nodes: Iterable[str]
) -> dict[Owner, str]:
    """Give each device its host's name: its own, made safe, and longer where another project, or a node, has that."""
    unique = tuple(dict.fromkeys(owners))
    taken = {known[owner] for owner in unique if owner in known} | {SWITCH, *nodes}
    names = {}
    for owner in unique:
        name = known.get(owner) or _safe(owner[1], r"[^A-Za-z0-9_-]", LONGEST_HOST) or "device"
        if owner not in known and name in taken:
            name += "-" + hashlib.sha256("/".join(owner).encode()).hexdigest()[:8]
        taken.add(name)
        names[owner] = name
    return names


def _interfaces(ports: Iterable[Resource], owners: Mapping[str, Owner], known: Topology) -> dict[str, str]:
    """Give each port its interface's name: the one that it has, its own, made safe, else its tap's (none, or a neighbour has it)."""
    there = {host.name: host.owner for host in known.hosts}
    names = {
        port.id: port.name
        for port in known.ports
        if port.id in owners and there.get(port.host) == owners[port.id]
    }
    taken = {(owners[id_], name) for id_, name in names.items()}
    for port in ports:
        if port["id"] in names:
            continue
        name = _safe(str(port.get("name") or ""), r"[^A-Za-z0-9_.-]", LONGEST_INTERFACE)
        if name in TAKEN_INTERFACES or (owners[port["id"]], name) in taken:
            name = "tap" + port["id"][:TAP_ID_LENGTH]
        taken.add((owners[port["id"]], name))
        names[port["id"]] = name
    return names


@lru_cache(KNOWN_ADDRESSES)
def _safe(text: str, bad: str, longest: int) -> str:
    return re.sub(bad, "-", text).lstrip("-.")[:longest]


def _numbers(ports: Iterable[Resource], known: Topology, last: int) -> dict[str, int]:
    """Give each port its number; a new one's nobody had lately, so that no flow of another is meant for it."""
    had = {port.id: port.number for port in known.ports}
    used = set(had.values())
    free = (n for n in chain(range(last + 1, LAST_NUMBER), count(1)) if n not in used)
    return {port["id"]: had[port["id"]] if port["id"] in had else next(free) for port in ports}


def _tags(state: State, ports: Iterable[Resource], known: Topology) -> dict[str, int]:
    """Give each network its number (a VLAN tag of the switch), the one that its ports have already; none where all are taken."""
    tags: dict[str, int] = {}
    for port in known.ports:
        if port.network > 0 and (resource := state.get("ports", port.id)):
            tags.setdefault(resource["network_id"], port.network)
    used = set(tags.values())
    free = (number for number in range(1, LAST_TAG + 1) if number not in used)
    new = dict.fromkeys(one["network_id"] for one in ports if one["network_id"] not in tags)
    return tags | dict(zip(new, free, strict=False))


def _pair(pair: Resource) -> tuple[str, str, str | None]:
    parameters = pair.get("service_function_parameters") or {}
    return pair["ingress"], pair["egress"], parameters.get("correlation")


def _other_ends(state: State, owners: Mapping[str, Owner], interfaces: Mapping[str, str]) -> dict[str, str]:
    """Give the interface by which what comes in at a function's port goes on, by the port's id."""
    ends = onward((pair["ingress"], pair["egress"]) for pair in state.of("port_pairs").values())
    return {
        port: interfaces[end]
        for port, end in ends.items()
        if port in owners and owners[port] == owners.get(end)
    }


def _places(state: State, port: Resource) -> Iterator[tuple[Resource, Resource]]:
    """Give a port's addresses, each with its subnet."""
    for ip in port.get("fixed_ips") or ():
        if subnet := state.get("subnets", ip["subnet_id"]):
            yield ip, subnet


def _port(  # noqa: PLR0913, PLR0917 - all that a port is made of, and what is remembered beside it
    port: Resource,
    network: Resource,
    places: tuple[tuple[Resource, Resource], ...],
    host: str,
    interface: str,
    number: int,
    tag: int,
    room: int,
    end: str,
    node: str,
) -> Port:
    addresses = tuple(_address(ip["ip_address"], subnet["cidr"]) for ip, subnet in places)
    first = next((ip["ip_address"] for ip, _ in places if ":" not in ip["ip_address"]), "")
    mtu = network.get("mtu")
    return Port(
        port["id"],
        interface,
        host,
        str(port["mac_address"]).lower(),
        first,
        number,
        addresses,
        gateways=tuple(_gateways(places)),
        mtu=mtu if isinstance(mtu, int) and mtu in MTU else PLAIN_MTU,
        network=tag,
        room=room,
        onward=end,
        node=node,
        up=bool(port.get("admin_state_up", True) and network.get("admin_state_up", True)),
    )


class _Ports:
    """Ports as they were made last: one that is made of the same is the very same."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[tuple[Any, ...], Port]] = {}

    def of(self, parts: Iterable[tuple[str, tuple[Any, ...]]]) -> tuple[Port, ...]:
        last, made = self._last, {}
        for id_, given in parts:
            had = last.get(id_)
            made[id_] = had if had and had[0] == given else (given, _port(*given))
        self._last = made  # one assignment: threads may ask at once
        return tuple(port for _, port in made.values())


_ports = _Ports()


@lru_cache(KNOWN_ADDRESSES)
def _address(ip: str, cidr: str) -> str:
    return f"{ip_address(ip)}/{ip_network(cidr, strict=False).prefixlen}"


@lru_cache(KNOWN_ADDRESSES)
def _parsed(ip: str) -> IPv4Address | IPv6Address:
    return ip_address(ip)


def _gateways(places: Iterable[tuple[Resource, Resource]]) -> Iterator[str]:
    """Give the first gateway of each IP version that is somebody else."""
    seen: set[bool] = set()
    for ip, subnet in places:
        if not (gateway := subnet.get("gateway_ip")) or gateway == ip["ip_address"]:
            continue
        fourth = isinstance(_parsed(gateway), IPv4Address)
        if fourth not in seen:
            seen.add(fourth)
            yield str(_parsed(gateway))
