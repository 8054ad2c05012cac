"""What a lab consists of: hosts, the ports by which they hang on its switch or its nodes', and what differs between two labs."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from ipaddress import ip_address, ip_interface
from typing import Final

from sfcci.chain.encapsulation import VXLAN
from sfcci.document import did_you_mean
from sfcci.errors import UsageError

SWITCH = "switch"
"""The name of the switch's own namespace, where a host's name is asked for."""
TAP_ID_LENGTH = 11
KNOWN_ADDRESSES = 16384
LAST_TAG: Final = 4093
"""The highest VLAN tag that a network gets: the next one is the tunnel port's (`node_rows`), and 4095 is reserved."""
FIRST_TABLE = 10000
"""Added to a port's number: the routing table of what comes in at it (255 and below are the kernel's)."""
LONGEST_MTU = 65535
"""What a virtual cable takes at most (veth(4))."""
ENCAPSULATIONS: Mapping[str | None, int] = {None: 0, "mpls": 4, "nsh": 38}
"""What each adds to a packet: a label; a network service header of type 1 and the Ethernet header in it."""
Plug = tuple[str, str]
"""A node ("": the lab has one switch) and a tap: where a cable is plugged."""
_TABLE = re.compile(r" table \d+")


@dataclass(frozen=True)
class Port:
    """A Neutron port: `name` is the interface in its host, `tap` the switch's side of it."""

    id: str
    name: str
    host: str
    mac: str
    ip: str
    """Its first IPv4 address, "" without one."""
    number: int
    """The port's OpenFlow number on the switch, from 1."""
    addresses: tuple[str, ...] = ()
    """All its addresses, with the length of their networks' prefixes."""
    gateways: tuple[str, ...] = ()
    """Where its host sends what is for elsewhere: at most one per IP version."""
    mtu: int = 1500
    network: int = 0
    """The network's number (a VLAN tag) where the switch has several: ports of two never meet. 0: there is one."""
    up: bool = True
    room: int = 0
    """Octets beyond the network's MTU that its cable carries: what an encapsulation adds to a packet."""
    onward: str = ""
    """The interface by which its host forwards what comes in here: the other end of its port pair. "": as the host does."""
    node: str = ""
    """The node at whose switch it is plugged: its host's. "": the lab has one switch and no nodes."""

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """Its addresses without the lengths of prefixes."""
        return tuple(address.partition("/")[0] for address in self.addresses)

    @property
    def tap(self) -> str:
        """The switch's interface: "tap" and the first 11 characters of the id, as Neutron names it."""
        return "tap" + self.id[:TAP_ID_LENGTH]

    @property
    def plug(self) -> "Plug":
        """Where the switch's side of its cable is."""
        return self.node, self.tap

    @property
    def cable(self) -> "Port":
        """What cannot be changed without pulling it: the port without what is set while it is plugged."""
        return replace(self, number=0, gateways=(), network=0, up=True, room=0, onward="")

    @property
    def cable_mtu(self) -> int:
        """The MTU of both ends of its cable."""
        return min(self.mtu + self.room, LONGEST_MTU)

    @property
    def mark(self) -> str:
        """A short word that differs for each cable."""
        return hashlib.sha256(repr(sorted(asdict(self.cable).items())).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Function:
    """A program that works on a host as long as it is: what comes in at its first port leaves by its last, and back.

    `kind`: router, wire, mpls, nsh or translator; `swap`: encapsulated frames go back to whom they came from; `maps`:
    a translator's addresses, before and behind.
    """

    kind: str
    hold_ms: float = 0
    swap: bool = False
    maps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Host:
    """A machine of the lab: `forwards` says whether it routes, `services` which servers listen at which port.

    `owner` is the project and the device that it is for the API; two projects' devices of one name are two hosts.
    """

    name: str
    forwards: bool = False
    services: Mapping[str, int] = field(default_factory=dict)
    owner: tuple[str, str] = ("", "")
    function: Function | None = None
    node: str = ""
    """The node that it is on: its ports are at that node's switch. "": the lab has one switch and no nodes."""


@dataclass(frozen=True)
class Topology:
    """Hosts and ports in the order of the scenario; names are unique, every port's host exists.

    `nodes`: the names of the machines with a switch that the hosts are on, none where the lab has one switch;
    `encapsulation`: how frames go from node to node (vxlan, vxlan-gpe, geneve).
    """

    hosts: tuple[Host, ...] = ()
    ports: tuple[Port, ...] = ()
    nodes: tuple[str, ...] = ()
    encapsulation: str = VXLAN

    def host(self, name: str) -> Host:
        """Give the host of that name. Raises UsageError."""
        for host in self.hosts:
            if host.name == name:
                return host
        names = [host.name for host in self.hosts]
        raise UsageError(unknown("host", name, names, names))

    def port(self, word: str) -> Port:
        """Give the port with that name, id or tap name. Raises UsageError, also when several have the name."""
        for port in self.ports:
            if word in (port.id, port.tap):
                return port
        named = [port for port in self.ports if port.name == word]
        if len(named) > 1:
            taps = ", ".join(f"{port.tap} (of {port.host})" for port in named)
            raise UsageError(f"several ports are named {word!r}; say which: {taps}")
        if named:
            return named[0]
        names = [port.name for port in self.ports]
        raise UsageError(unknown("port", word, names, [*names, *(p.tap for p in self.ports)]))

    def ports_of(self, host: str) -> tuple[Port, ...]:
        """Give a host's ports in order; by the last one it reaches the network."""
        return self._by_host.get(host, ())

    @cached_property
    def _by_host(self) -> Mapping[str, tuple[Port, ...]]:
        hosts: dict[str, list[Port]] = {}
        for port in self.ports:
            hosts.setdefault(port.host, []).append(port)
        return {host: tuple(ports) for host, ports in hosts.items()}

    def routes(self, host: str) -> tuple[str, ...]:
        """Give a host's routes as `ip route` reads them: each network, and elsewhere, by the last port in it."""
        routes: dict[str, str] = {}
        for port in self.ports_of(host):
            for prefix, ip in map(_parted, port.addresses):
                routes[prefix] = f"{prefix} dev {port.name} src {ip}{_own_mtu(port)}"
            for gateway in map(ip_address, port.gateways):
                elsewhere = "default" if gateway.version == 4 else "::/0"  # noqa: PLR2004 - the version's number is its name
                routes[elsewhere] = f"{elsewhere} via {gateway} dev {port.name} onlink{_own_mtu(port)}"
        turns = (_way(port, onward) for port, onward in self._turns(host))
        return (*routes.values(), *(route for way in turns for route in way))

    def rules(self, host: str) -> tuple[str, ...]:
        """Give what chooses a host's routes by where a packet came in, as `ip rule` reads it; "-6 " before IPv6's."""
        return tuple(
            f"{'-6 ' if version == 6 else ''}iif {port.name} lookup {FIRST_TABLE + port.number}"  # noqa: PLR2004 - its name
            for port, onward in self._turns(host)
            for version in sorted({ip_interface(address).version for address in onward.addresses})
        )

    def _turns(self, host: str) -> list[tuple[Port, Port]]:
        """Give the ports of a host by which packets do not leave as all others do, and those by which they leave."""
        ports = {port.name: port for port in self.ports_of(host)}
        last = next(reversed(ports), "")
        return [(port, ports[port.onward]) for port in ports.values() if port.onward not in ("", last)]


def _way(port: Port, onward: Port) -> Iterator[str]:
    """Give the routes of what comes in at `port`: to the networks of `onward`, and elsewhere by its gateways."""
    table = f"table {FIRST_TABLE + port.number}"
    for prefix, _ in map(_parted, onward.addresses):
        yield f"{prefix} dev {onward.name} {table}"
    for gateway in onward.gateways:
        elsewhere = "::/0" if ":" in gateway else "default"
        yield f"{elsewhere} via {gateway} dev {onward.name} onlink {table}"


@lru_cache(KNOWN_ADDRESSES)
def _parted(address: str) -> tuple[str, str]:
    """Give the network and the address itself of `10.0.0.1/24`."""
    interface = ip_interface(address)
    return str(interface.network), str(interface.ip)


def unknown(kind: str, word: str, shown: Sequence[str], known: Sequence[str]) -> str:
    """Say that there is none of that name, what was perhaps meant, or what there is."""
    hint = did_you_mean(word, known)
    return f"no {kind} {word!r}; " + (hint or "there are: " + ", ".join(shown))


@dataclass(frozen=True)
class Change:
    """What turns one topology into another: ports to pull and plug, hosts to end and make, and what is set."""

    pull: tuple[Port, ...] = ()
    end: tuple[Host, ...] = ()
    make: tuple[Host, ...] = ()
    plug: tuple[Port, ...] = ()
    switch: tuple[Port, ...] = ()
    """Ports that stay plugged, and whose network, `up` or room is another."""
    forward: tuple[Host, ...] = ()
    """Hosts that begin or cease to route."""
    unroute: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host → routes that it no longer has."""
    route: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host → all its routes, where some are new."""
    unrule: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host → rules that it no longer has, or that are made again."""
    rule: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host → all its rules, where some are new."""


def rooms(pairs: Iterable[tuple[str, str, str | None]]) -> dict[str, int]:
    """Give the room on the cables of ports that get packets with their encapsulation, by (ingress, egress, correlation)."""
    found: dict[str, int] = {}
    for ingress, egress, correlation in pairs:
        for port in (ingress, egress):
            found[port] = max(found.get(port, 0), ENCAPSULATIONS.get(correlation, 0))
    return found


def onward(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give where what comes in at a port goes on, by (ingress, egress), all as ids; of two pairs the first one counts."""
    found: dict[str, str] = {}
    for ingress, egress in pairs:
        found.setdefault(ingress, egress)
        found.setdefault(egress, ingress)
    return found


def change(old: Topology, new: Topology) -> Change:
    """Give what turns `old` into `new`; ports that are in both have the same numbers."""
    if old == new:
        return Change()
    had, has = {port.id: port for port in old.ports}, {port.id: port for port in new.ports}
    kept = {id_ for id_ in has if id_ in had and _same_cable(had[id_], has[id_])}
    hosts, staying = {host.name: host for host in old.hosts}, {host.name for host in new.hosts}
    others = [host.name for host in new.hosts if old.ports_of(host.name) != new.ports_of(host.name)]
    routes = {name: old.routes(name) for name in others}
    wanted = {name: new.routes(name) for name in others}
    lost = {name: tuple(_prefixes(routes[name]) - _prefixes(lines)) for name, lines in wanted.items()}
    fresh = {port.host for port in new.ports if port.id not in kept}
    return Change(
        tuple(port for id_, port in had.items() if id_ not in kept),
        tuple(host for host in old.hosts if host.name not in staying),
        tuple(host for host in new.hosts if host.name not in hosts),
        tuple(port for id_, port in has.items() if id_ not in kept),
        tuple(has[id_] for id_ in kept if has[id_] is not had[id_] and _set(has[id_]) != _set(had[id_])),
        tuple(h for h in new.hosts if h.name in hosts and h.forwards != hosts[h.name].forwards),
        {name: lines for name, lines in lost.items() if lines},
        {name: lines for name, lines in wanted.items() if lines != routes[name] or name in fresh},
        *_rules(old, new, others, fresh),
    )


def _rules(
    old: Topology, new: Topology, others: Collection[str], fresh: Collection[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Give the rules to take away and to make: two of the same are a fault to the kernel, so all are made anew."""
    known = {host.name for host in old.hosts}
    had = {name: old.rules(name) for name in others if name in known}
    has = {name: new.rules(name) for name in others}
    other = [name for name, lines in has.items() if lines != had.get(name, ()) or (lines and name in fresh)]
    gone = {name: tuple(dict.fromkeys((*had[name], *has[name]))) for name in other if name in had}
    return {name: lines for name, lines in gone.items() if lines}, {n: has[n] for n in other if has[n]}


def _own_mtu(port: Port) -> str:
    """Keep a host's own packets as long as the network allows, where its cable carries longer ones."""
    return f" mtu {port.mtu}" if port.room else ""


def _same_cable(a: Port, b: Port) -> bool:
    return a is b or a == b or a.cable == b.cable


def _prefixes(routes: tuple[str, ...]) -> set[str]:
    return {route.split()[0] + "".join(_TABLE.findall(route)) for route in routes}


def _set(port: Port) -> tuple[int, bool, int]:
    return port.network, port.up, port.room
