"""What is meant to be: hosts and ports, the chains over them, and the tables by which the switch carries packets along them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import NamedTuple, Protocol

from sfcci.chain.action import Goto, SetField, ToGroup
from sfcci.chain.held import held_versions
from sfcci.chain.journey import Layout
from sfcci.chain.model import FlowClassifier
from sfcci.chain.ntuple import IPV4, IPV6, NAMES, Tuple, tuple_of
from sfcci.chain.openflow import Flow, Match, match
from sfcci.chain.path import FIRST_INDEXES, Path
from sfcci.chain.program import Program
from sfcci.chain.state import NOTHING
from sfcci.chain.table import (
    ANSWERS,
    CLASSIFY,
    DISPATCH,
    HOP,
    ON_WAY_BACK,
    ORIGIN_REG,
    PLACE,
    PLACE_BACK,
    PLACE_REG,
    PORT_BITS,
    PORT_REG,
    label,
)
from sfcci.chain.verdict import inner_chains
from sfcci.datapath.topology import Port, Topology
from sfcci.trace.packet import FiveTuple


class Choice(NamedTuple):
    """How the switch chose a function: the group's number (None: there was no choice), its buckets that lead there.

    `of`: how many functions the group has to choose from.
    """

    number: int | None = None
    buckets: tuple[int, ...] = ()
    of: int = 1


class Scene(Protocol):
    """What `datapath.tracing` gives of a lab, a scenario or the API's state."""

    @property
    def topology(self) -> Topology: ...  # noqa: D102
    @property
    def layout(self) -> Layout: ...  # noqa: D102
    @property
    def program(self) -> Program: ...  # noqa: D102
    @property
    def lame(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True)
class _Entry:
    """Packets that a path takes at a port; `late`: fragments of them, which have no ports."""

    matches: tuple[Match, ...]
    late: Match
    path: Path


@dataclass(frozen=True)
class Meant:
    """Hosts, ports, chains; what the switch holds for them, and why some chains cannot be carried out (by id)."""

    topology: Topology
    layout: Layout
    program: Program = field(default_factory=Program)
    lame: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @cached_property
    def nodes(self) -> Mapping[str, str]:
        """The host of each port, by all words for the port: id, tap, and name where only one has it."""
        return {word: port.host for word, port in self._ports.items()}

    def port(self, word: str) -> Port | None:
        """Give the port with that id, tap or name."""
        return self._ports.get(word)

    @cached_property
    def _ports(self) -> Mapping[str, Port]:
        named: dict[str, list[Port]] = {}
        for port in self.topology.ports:
            for word in {port.name, port.tap, port.id}:
                named.setdefault(word, []).append(port)
        return {word: ports[0] for word, ports in named.items() if len(ports) == 1}

    @cached_property
    def taps(self) -> frozenset[str]:
        """The hosts that get copies."""
        pairs = {
            pair
            for group in self.layout.chains.port_pair_groups
            if group.tap_enabled
            for pair in group.port_pairs
        }
        ends = {pair.ingress for pair in self.layout.chains.port_pairs if pair.id in pairs}
        return frozenset(port.host for port in self.topology.ports if port.id in ends)

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Which address a translator has made of which."""
        hosts = (host.function for host in self.topology.hosts if host.function)
        return {new: old for function in hosts for old, new in function.maps}

    @cached_property
    def pair_at(self) -> Mapping[str, str]:
        """The pair (id) of each port that is a function's, by the port's id."""
        pairs = self.layout.chains.port_pairs
        return {
            end: pair.id
            for pair in pairs
            if pair.id in self.layout.group_of
            for end in (pair.ingress, pair.egress)
        }

    @cached_property
    def host_at(self) -> Mapping[int, str]:
        """The host of each port, by its OpenFlow number."""
        return {port.number: port.host for port in self.topology.ports}

    @cached_property
    def owner(self) -> Mapping[str, Port]:
        """The port that has an address; with several networks the last one."""
        return {address: port for port in self.topology.ports for address in port.plain}

    def claimed(self, flow: FiveTuple, port: str) -> Path | None:
        """Give the way on which a packet enters a chain at a port (id); None: no chain wants it."""
        return (
            _first_of(self._entries.get(port, ()), packet_of(flow, self.layout.ports[port].number))
            if port in self.layout.ports
            else None
        )

    def onward(self, path: Path, flow: FiveTuple) -> Path | None:
        """Give the way on which a service graph leads a packet behind another way; None: it ends there."""
        ends = [
            end
            for graph in self.layout.chains.service_graphs
            for end in dict(graph.port_chains).get(path.chain, ())
        ]
        ways = [self.layout.ways[end][0] for end in ends if self.layout.ways.get(end)]
        entries = [_entry(one.packets, way) for way in ways for one in way.entries]
        return _first_of(entries, packet_of(flow, 0))

    def lame_chain(self, flow: FiveTuple, port: str) -> str | None:
        """Give the chain (id) that wants a packet at a port (id) and cannot be carried out."""
        if port not in self.layout.ports:
            return None
        packet = packet_of(flow, self.layout.ports[port].number)
        for chain in self.layout.chains.port_chains:
            if chain.id in self.lame and any(
                _wants(one, packet) for one in self._classifiers(chain.flow_classifiers, port)
            ):
                return chain.id
        return None

    def first(self, path: Path) -> int:
        """Give the index that packets of a path begin with on the switch as it is."""
        version = self._versions.get(path.spi)
        return path.first if version is None else FIRST_INDEXES[version]

    def choice(self, path: Path, si: int, port: int) -> Choice:
        """Give how the switch chooses the function at a port (OpenFlow number) for packets at a place of a path."""
        place = label(path.spi, si)
        found = self._groups.get((place, path.back), self._groups.get((place, None)))
        group = self.program.group_of.get(found) if found is not None else None
        if group is None:
            return Choice()
        to = [(bucket.id, _delivered(bucket.actions)) for bucket in group.buckets]
        return Choice(
            group.number,
            tuple(id_ for id_, number in to if number == port),
            len({number for _, number in to}),
        )

    def takes(self, flow: FiveTuple, port: str) -> bool:
        """Say whether the switch, as it is, takes such a packet into a chain at a port (id); True when it is not known."""
        tables = self.program.tables
        if not tables or port not in self.layout.ports:
            return True
        packet = {ORIGIN_REG: 0, PLACE_REG: 0, **packet_of(flow, self.layout.ports[port].number)}
        first = _agreeing(tables.get(DISPATCH, ()), packet)
        if first is None or not any(isinstance(step, Goto) for step in first.actions):
            return False
        return any(self._placed(packet, *pair) for pair in ((CLASSIFY, PLACE), (ANSWERS, PLACE_BACK)))

    def _placed(self, packet: Mapping[str, int], table: int, then: int) -> bool:
        flow = _agreeing(self.program.tables.get(table, ()), packet)
        known = (
            next(
                (
                    step.value
                    for step in flow.actions
                    if isinstance(step, SetField) and step.name == PLACE_REG
                ),
                None,
            )
            if flow
            else None
        )
        if known is None:
            return False
        place = _agreeing(self.program.tables.get(then, ()), {**packet, PLACE_REG: known})
        return place is not None and any(isinstance(step, SetField) for step in place.actions)

    @cached_property
    def _entries(self) -> Mapping[str, list[_Entry]]:
        inner, found = inner_chains(self.layout), dict[str, list[_Entry]]()
        for chain, ways in self.layout.ways.items():
            for path in ways if chain not in inner else ():
                for entry in path.entries:
                    if entry.port:
                        id_ = self.layout.port_at[entry.port.number]
                        found.setdefault(id_, []).append(_entry(entry.packets, path))
        return found

    @cached_property
    def _versions(self) -> Mapping[int, int]:
        return held_versions(self.program.flows)

    @cached_property
    def _groups(self) -> Mapping[tuple[int, bool | None], int]:
        """The group for packets at a place (spi and index), by direction where the switch tells two."""
        return dict(_groups(self.program.tables.get(HOP, ())))

    def _classifiers(self, wanted: tuple[str, ...], port: str) -> Iterator[FlowClassifier]:
        for one in self.layout.chains.flow_classifiers:
            if one.id in wanted and one.logical_source_port == port:
                yield one


def meant_of(scene: Scene) -> Meant:
    """Give what a scene of `datapath.tracing` means."""
    return Meant(scene.topology, scene.layout, scene.program, scene.lame)


def packet_of(flow: FiveTuple, number: int) -> dict[str, int]:
    """Give what a classifier sees of a packet that comes in at the port with that OpenFlow number."""
    sixth = ":" in flow.src
    layer = "ipv6" if sixth else "ip"
    found = {
        "in_port": number,
        "eth_type": IPV6 if sixth else IPV4,
        "nw_proto": flow.protocol,
        f"{layer}_src": _number(flow.src),
        f"{layer}_dst": _number(flow.dst),
    }
    if flow.protocol in NAMES and flow.sport is not None and flow.dport is not None:
        name = NAMES[flow.protocol]
        found |= {f"{name}_src": flow.sport, f"{name}_dst": flow.dport}
    return found


@lru_cache(4096)
def _number(address: str) -> int:
    return int(ip_address(address))


def _entry(packets: Tuple, path: Path) -> _Entry:
    late = {name: value for name, value in packets.late_fragments().items() if name != "ip_frag"}
    return _Entry(tuple(match(**fields) for fields in packets.fields()), match(**late), path)


def _first_of(entries: list[_Entry] | tuple[_Entry, ...], packet: Mapping[str, int]) -> Path | None:
    """The first path that wants the packet; one without ports, where its protocol has some, is a fragment."""
    name = NAMES.get(packet["nw_proto"])
    fragment = name is not None and f"{name}_src" not in packet
    for entry in entries:
        if any(one.agrees(packet) for one in entry.matches) or (fragment and entry.late.agrees(packet)):
            return entry.path
    return None


def _wants(classifier: FlowClassifier, packet: Mapping[str, int]) -> bool:
    return any(match(**fields).agrees(packet) for fields in tuple_of(classifier).fields())


def _agreeing(flows: tuple[Flow, ...], packet: Mapping[str, int]) -> Flow | None:
    return next((flow for flow in flows if flow.match.agrees(packet)), None)


def _groups(flows: tuple[Flow, ...]) -> Iterator[tuple[tuple[int, bool | None], int]]:
    for flow in flows:
        place = next((bits.value for bits in flow.match.bits if bits.name == PLACE_REG), None)
        group = next((step.group for step in flow.actions if isinstance(step, ToGroup)), None)
        if place is not None and group is not None:
            way = next((bits.value for bits in flow.match.bits if bits.name == ORIGIN_REG), None)
            yield (place, None if way is None else bool(way & ON_WAY_BACK)), group


def _delivered(actions: tuple[object, ...]) -> int | None:
    """The port (OpenFlow number) that a bucket leads to."""
    to = next((step.value for step in actions if isinstance(step, SetField) and step.name == PORT_REG), None)
    return None if to is None else to & (1 << PORT_BITS) - 1
