"""A packet's journey: through the switch, into a function, out of it again, until it has left.

Whoever carries a packet through the switch once is asked (`Carry`): `walk` here, `ofproto/trace` of a real switch in
the data plane. What functions do is assumed from what the chain says of them: one that knows no chain routes, or is a
bump in the wire where its ports have no address; one that knows the chain counts the place on the path down; a mapping
says what a function makes of addresses and ports.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address

from sfcci.chain.field import REGISTERS
from sfcci.chain.model import ChainState, PortPairGroup
from sfcci.chain.ntuple import IPV6
from sfcci.chain.path import FIRST_INDEXES, Instance, Path
from sfcci.chain.port import Ports, SwitchPort, mac_number
from sfcci.chain.rewriting import restored, rewritten
from sfcci.chain.state import NOTHING
from sfcci.chain.table import MPLS, NSH, place
from sfcci.chain.walk import Packet

MOST_LEGS = 300
"""Two ways of 126 hops, and some: who goes on longer goes round in circles."""


@dataclass(frozen=True)
class Departure:
    """A frame that leaves the switch, and by which choice.

    `place` is the place on a path that the switch knew it at (0: none), `back` whether on the way back; `group` and
    `bucket` are those of the group that chose it. `switched`: it was switched NORMAL.
    """

    port: int
    packet: Packet
    place: int = 0
    back: bool = False
    group: int | None = None
    bucket: int | None = None
    switched: bool = False

    @property
    def path(self) -> tuple[int, int]:
        """Path id (spi) and service index."""
        return place(self.place)


@dataclass(frozen=True)
class Carried:
    """What became of a packet in the switch: the frames that left, and what the switch said of it, if it speaks.

    `waits`: it is kept until the switch is told to go on with it.
    """

    departures: tuple[Departure, ...]
    told: str = ""
    waits: bool = False


Carry = Callable[[Packet], Carried]
"""Take a packet (fields of `field.WIDTHS`) through the switch once."""


@dataclass(frozen=True)
class Layout:
    """What hangs on the switch, and what it holds for it: chains with all that they refer to, ports, ways by chain."""

    chains: ChainState
    ports: Ports
    ways: Mapping[str, tuple[Path, ...]]
    names: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Names by id, where there are any."""

    def name(self, id_: str) -> str:
        """Give what a person calls it."""
        return self.names.get(id_) or id_

    @cached_property
    def port_at(self) -> Mapping[int, str]:
        """Port ids by OpenFlow number."""
        return {port.number: id_ for id_, port in self.ports.items()}

    @cached_property
    def group_of(self) -> Mapping[str, PortPairGroup]:
        """The group of each pair, by the pair's id."""
        return {pair: group for group in self.chains.port_pair_groups for pair in group.port_pairs}

    @cached_property
    def _paths(self) -> Mapping[tuple[int, bool], Path]:
        return {(path.spi, path.back): path for ways in self.ways.values() for path in ways}

    def path(self, departure: Departure) -> Path | None:
        """Give the way that a frame is on."""
        return self._paths.get((departure.path[0], departure.back))

    def owner(self, address: int, sixth: bool, network: int) -> SwitchPort | None:
        """Give the port that has an address in a network."""
        return self._owners.get((address, sixth, network))

    @cached_property
    def _owners(self) -> Mapping[tuple[int, bool, int], SwitchPort]:
        return {
            (int(found), found.version != 4, port.network): port  # noqa: PLR2004 - the version's number is its name
            for port in self.ports.values()
            for found in map(ip_address, port.own)
        }


@dataclass(frozen=True)
class Visit:
    """A function that the packet came to: `pair` of `group` (ids), in at port `entry`, out at `exit` (ids).

    `copy`: a tap, which got a copy and gives nothing back; `given` is the frame that came to it, `back` the one that it
    gave back; `bucket` says who chose it, None where there was no choice.
    """

    chain: str
    group: str
    pair: str
    entry: str
    exit: str
    spi: int
    si: int
    kind: str
    given: Packet
    returned: Packet
    bucket: int | None = None
    number: int | None = None
    copy: bool = False


@dataclass(frozen=True)
class Leg:
    """One time through the switch: in at a port (id), and what left."""

    entry: str
    packet: Packet
    carried: Carried


@dataclass(frozen=True)
class Arrival:
    """A frame that reached a port (id) that is no function's on its path; `meant`: it has the address of that port."""

    port: str
    packet: Packet
    meant: bool


@dataclass(frozen=True)
class Journey:
    """A packet's whole way. `circles`: it was followed no further, for it goes round in circles."""

    packet: Packet
    legs: tuple[Leg, ...] = ()
    visits: tuple[Visit, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    circles: bool = False

    @property
    def waits(self) -> bool:
        """Whether the switch keeps it."""
        return any(leg.carried.waits for leg in self.legs)

    @property
    def arrived(self) -> tuple[Arrival, ...]:
        """Those that have the frame's address, in order."""
        return tuple(one for one in self.arrivals if one.meant)

    @property
    def others(self) -> tuple[Arrival, ...]:
        """Those that got a frame which is not theirs: it was flooded."""
        return tuple(one for one in self.arrivals if not one.meant)


def journey(carry: Carry, layout: Layout, packet: Packet, asked: Journey | None = None) -> Journey:
    """Give the journey of a packet that enters the switch at its `in_port`.

    `asked`: the journey that this packet answers; who translated addresses then translates them back.
    """
    return _Following(carry, layout, asked).journey(packet)


@dataclass
class _Following:
    carry: Carry
    layout: Layout
    asked: Journey | None
    legs: list[Leg] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def journey(self, packet: Packet) -> Journey:
        todo = deque([packet])
        while todo and len(self.legs) < MOST_LEGS:
            now = todo.popleft()
            carried = self.carry(now)
            self.legs.append(Leg(self.layout.port_at.get(now["in_port"], ""), now, carried))
            todo.extend(self._followed(carried))
        ends = tuple(self.legs), tuple(self.visits), tuple(self.arrivals)
        return Journey(packet, *ends, circles=bool(todo))

    def _followed(self, carried: Carried) -> Iterator[Packet]:
        """Give the frames that come back from functions."""
        for departure in carried.departures:
            path = self.layout.path(departure)
            if path and (found := _function(path, departure)):
                visit = self._visit(path, *found, departure)
                self.visits.append(visit)
                if not visit.copy:
                    yield visit.returned
            elif id_ := self.layout.port_at.get(departure.port):
                meant = departure.packet["eth_dst"] == mac_number(self.layout.ports[id_].mac)
                self.arrivals.append(Arrival(id_, departure.packet, meant))

    def _visit(self, path: Path, instance: Instance, copy: bool, departure: Departure) -> Visit:
        entry, exit_ = (self.layout.port_at[port.number] for port in (instance.entry, instance.exit))
        group = self.layout.group_of[instance.pair]
        return Visit(
            path.chain,
            group.id,
            instance.pair,
            entry,
            exit_,
            *departure.path,
            kind(path, instance),
            departure.packet,
            departure.packet if copy else self._returned(path, instance, departure.packet),
            departure.bucket,
            departure.group,
            copy,
        )

    def _returned(self, path: Path, instance: Instance, packet: Packet) -> Packet:
        """What a function gives back: as the chain says of it."""
        back = {name: value for name, value in packet.items() if name not in REGISTERS}
        back["in_port"] = instance.exit.number
        if instance.aware:
            return _counted_down(back)
        if instance.wire:
            return back
        back = self._translated(path, instance, back)
        sixth = back["eth_type"] == IPV6
        goal = self.layout.owner(back["ipv6_dst" if sixth else "ip_dst"], sixth, instance.exit.network)
        back["eth_src"] = mac_number(instance.exit.mac)
        back["eth_dst"] = mac_number(goal.mac) if goal else back["eth_dst"]
        return back

    def _translated(self, path: Path, instance: Instance, packet: dict[str, int]) -> dict[str, int]:
        group = self.layout.group_of[instance.pair]
        if group.incoming == group.outgoing:
            return packet
        if path.back and self.asked:
            before = next((visit for visit in self.asked.visits if visit.pair == instance.pair), None)
            if before:
                return restored(packet, before.given, before.returned)
        return rewritten(packet, group, back=path.back)


def kind(path: Path, instance: Instance) -> str:
    """Say in a word how a path reaches a function: "mpls", "nsh", "wire" or "routed"."""
    if instance.aware:
        return "nsh" if path.nsh else "mpls"
    return "wire" if instance.wire else "routed"


def _function(path: Path, departure: Departure) -> tuple[Instance, bool] | None:
    """Give the function of the path that a frame goes to, and whether it is a tap's copy.

    The switch may hold the chain in its other version (a change of it is another version), which counts down from there.
    """
    _, si = departure.path
    si += path.first - (FIRST_INDEXES[0] if si > FIRST_INDEXES[1] else FIRST_INDEXES[1])
    for hop in path.hops:
        taps = (tap.instance for tap in hop.taps if tap.si == si)
        found = next((one for one in taps if one.entry.number == departure.port), None)
        if found:
            return found, True
        if hop.si == si:
            found = next((one for one in hop.instances if one.entry.number == departure.port), None)
            return (found, False) if found else None
    taps = (tap.instance for tap in path.taps if tap.si == si)
    last = next((one for one in taps if one.entry.number == departure.port), None)
    return (last, True) if last else None


def _counted_down(packet: dict[str, int]) -> dict[str, int]:
    """One place further on the path (RFC 8300, section 2.3; with MPLS label and TTL are both one less)."""
    if packet["eth_type"] == MPLS:
        return packet | {"mpls_label": packet["mpls_label"] - 1, "mpls_ttl": packet["mpls_ttl"] - 1}
    if packet["eth_type"] == NSH:
        return packet | {"nsh_si": packet["nsh_si"] - 1}
    return packet
