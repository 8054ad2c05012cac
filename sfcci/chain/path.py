"""Service function paths: what a chain means once its references are followed (RFC 7665, RFC 8300 for spi and si).

A chain is one path, or two when it is symmetric: the way back visits the same functions from the last to the first,
in by the port that the way there goes out of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sfcci.chain.model import (
    UNCHANGED,
    ChainState,
    FlowClassifier,
    PortChain,
    PortPair,
    PortPairGroup,
    ServiceGraph,
)
from sfcci.chain.ntuple import Tuple, tuple_of
from sfcci.chain.port import Ports, SwitchPort

FIRST_INDEXES = (255, 127)
"""The service index of a packet on its way to the first function, by the version of the chain (RFC 8300, section 2.3).

Two versions of a chain live side by side while it is changed; each has half of the indexes.
"""
MOST_HOPS = 126
WAY_BACK = 1 << 30
"""Added to a group's number: the same functions, entered from the other side."""


@dataclass(frozen=True)
class Instance:
    """One pair as a path uses it: packets go in at `entry` and come back at `exit`.

    `aware`: it takes and gives packets with their encapsulation. `wire`: its ports have no address, so it is no
    router but a bump in the wire, and frames reach it as they are.
    """

    pair: str
    entry: SwitchPort
    exit: SwitchPort
    aware: bool
    weight: int

    @property
    def live(self) -> bool:
        """Whether packets that go in may come back."""
        return self.entry.up and self.exit.up and self.weight > 0

    @property
    def wire(self) -> bool:
        """Whether frames must reach it with the addresses that they have."""
        return not self.aware and not self.entry.addresses


@dataclass(frozen=True)
class Tap:
    """A function that gets copies: packets for it carry service index `si`."""

    si: int
    instance: Instance


@dataclass(frozen=True)
class Hop:
    """One group on a path: packets on the way to it carry service index `si`; `taps` get a copy of them first.

    Instances are in the order of their pairs' ids. `tuples`: what packets look like when they come back from it.
    """

    si: int
    group: int
    lb_fields: tuple[str, ...]
    instances: tuple[Instance, ...]
    taps: tuple[Tap, ...]
    tuples: tuple[Tuple, ...]

    @cached_property
    def live(self) -> tuple[Instance, ...]:
        """Those that get packets."""
        return tuple(instance for instance in self.instances if instance.live)


@dataclass(frozen=True)
class Entry:
    """Packets that enter the path, and the port at which they do; None: it is not plugged."""

    port: SwitchPort | None
    packets: Tuple


@dataclass(frozen=True)
class Path:
    """One direction of a chain in one version."""

    spi: int
    chain: str
    first: int
    back: bool
    both: bool
    """Whether the chain has a way back."""
    nsh: bool
    fail_open: bool
    entries: tuple[Entry, ...]
    hops: tuple[Hop, ...]
    taps: tuple[Tap, ...]
    """Those behind the last hop."""
    graph: bool = False
    """Whether it is part of a service graph: packets of one chain are those of another then."""

    @property
    def end(self) -> int:
        """The service index of a packet that has passed the last function."""
        return self.first - len(self.hops)

    @cached_property
    def sources(self) -> frozenset[int]:
        """The OpenFlow numbers of the ports at which packets enter."""
        return frozenset(entry.port.number for entry in self.entries if entry.port)

    @cached_property
    def ethertypes(self) -> frozenset[int]:
        """The ethertypes of its packets."""
        return frozenset(entry.packets.ethertype for entry in self.entries)

    @property
    def instances(self) -> Iterator[Instance]:
        """Every function that it uses, taps included."""
        taps = (*(tap for hop in self.hops for tap in hop.taps), *self.taps)
        yield from (instance for hop in self.hops for instance in hop.instances)
        yield from (tap.instance for tap in taps)


@dataclass(frozen=True)
class World:
    """Everything that chains are made of, by id, and the ports that are plugged."""

    pairs: Mapping[str, PortPair]
    groups: Mapping[str, PortPairGroup]
    classifiers: Mapping[str, FlowClassifier]
    graphs: tuple[ServiceGraph, ...]
    ports: Ports

    @cached_property
    def branches(self) -> Mapping[str, tuple[str, ...]]:
        """The chains that one leads to at its end, where a graph says so."""
        return {source: ends for graph in self.graphs for source, ends in graph.port_chains}

    @cached_property
    def inner(self) -> frozenset[str]:
        """The chains that begin where others end."""
        return frozenset(end for ends in self.branches.values() for end in ends)


def world(state: ChainState, ports: Ports) -> World:
    """Give what the chains of a state are made of."""
    return World(
        {pair.id: pair for pair in state.port_pairs},
        {group.id: group for group in state.port_pair_groups},
        {classifier.id: classifier for classifier in state.flow_classifiers},
        state.service_graphs,
        ports,
    )


class Following:
    """Chains whose references are followed; ports that are not plugged are left out."""

    def __init__(self, given: World) -> None:
        self.world, self.ports = given, given.ports
        self.pairs, self.groups, self.classifiers = given.pairs, given.groups, given.classifiers

    def order(self, chain: PortChain) -> tuple[int, ...]:
        """Give the numbers of the groups that packets pass, first to last."""
        groups = (self.groups[word] for word in chain.port_pair_groups)
        return tuple(group.group_id for group in groups if not group.tap_enabled)

    def ids(self, chain: PortChain) -> Mapping[int, str]:
        """Give the ids of the chain's plugged ports by their OpenFlow numbers."""
        pairs = (self.pairs[id_] for word in chain.port_pair_groups for id_ in self.groups[word].port_pairs)
        ends = [end for pair in pairs for end in (pair.ingress, pair.egress)]
        for classifier in (self.classifiers[word] for word in chain.flow_classifiers):
            ends += [classifier.logical_source_port or "", classifier.logical_destination_port or ""]
        return {self.ports[id_].number: id_ for id_ in ends if id_ in self.ports}

    def paths(self, chain: PortChain, version: int = 0) -> tuple[Path, ...]:
        """Give the way there, and the way back when there is one. Raises KeyError for a reference to nothing."""
        ways = (False, True) if chain.symmetric else (False,)
        return tuple(self._path(chain, FIRST_INDEXES[version], back) for back in ways)

    def _path(self, chain: PortChain, first: int, back: bool) -> Path:
        groups = [self.groups[word] for word in chain.port_pair_groups]
        classifiers = sorted((self.classifiers[word] for word in chain.flow_classifiers), key=lambda c: c.id)
        packets = [
            self._between_ports(classifier) if chain.symmetric else tuple_of(classifier)
            for classifier in classifiers
        ]
        between = [_between(packets, groups, place, back) for place in range(len(groups) + 1)]
        if back:
            groups.reverse()
            between.reverse()
        hops, taps = self._hops(groups, between, first, back)
        inner = chain.id in self.world.inner
        sides = [
            None if inner else c.logical_destination_port if back else c.logical_source_port
            for c in classifiers
        ]
        entries = (
            Entry(self.ports.get(port or ""), packets)
            for port, packets in zip(sides, between[0], strict=True)
        )
        return Path(
            chain.chain_id,
            chain.id,
            first,
            back,
            chain.symmetric,
            chain.correlation == "nsh",
            chain.fail_open,
            tuple(entries),
            hops,
            taps,
            chain.id in self.world.branches or chain.id in self.world.inner,
        )

    def _between_ports(self, classifier: FlowClassifier) -> Tuple:
        """What the classifier wants between its logical ports; a side without a prefix is the one address of its port.

        So a packet tells its direction where a function's port does not. One way needs none of it, and what a source
        forwards for others is then the chain's, too.
        """
        source = self.ports.get(classifier.logical_source_port or "")
        destination = self.ports.get(classifier.logical_destination_port or "")
        return tuple_of(classifier).between(
            source.own if source else (), destination.own if destination else ()
        )

    def _hops(
        self, groups: Sequence[PortPairGroup], between: Sequence[tuple[Tuple, ...]], first: int, back: bool
    ) -> tuple[tuple[Hop, ...], tuple[Tap, ...]]:
        """Number the hops from `first` down; taps have the indexes behind the end, in their order."""
        taps_si = first - sum(not group.tap_enabled for group in groups) - 1
        hops: list[Hop] = []
        taps: list[Tap] = []
        for place, group in enumerate(groups):
            instances = self._instances(group, back)
            if group.tap_enabled:
                taps += [Tap(taps_si, instance) for instance in instances]
                taps_si -= 1
                continue
            number = group.group_id + (WAY_BACK if back else 0)
            hops.append(
                Hop(first - len(hops), number, group.lb_fields, instances, tuple(taps), between[place + 1])
            )
            taps = []
        return tuple(hops), tuple(taps)

    def _instances(self, group: PortPairGroup, back: bool) -> tuple[Instance, ...]:
        return tuple(self._members(group, back))

    def _members(self, group: PortPairGroup, back: bool) -> Iterator[Instance]:
        for word in sorted(group.port_pairs):
            pair = self.pairs[word]
            ends = (pair.egress, pair.ingress) if back else (pair.ingress, pair.egress)
            if all(end in self.ports for end in ends):
                entry, exit_ = (self.ports[end] for end in ends)
                yield Instance(pair.id, entry, exit_, pair.correlation is not None, pair.weight)


def _between(
    tuples: Sequence[Tuple], groups: Sequence[PortPairGroup], place: int, back: bool
) -> tuple[Tuple, ...]:
    """What packets look like between the group before `place` and the one at it (0: before all groups).

    A mapping says what a function makes of what: on the way there each one passed holds, on the way back the next one
    holds as well, for the answers come to its far side.
    """
    for group in groups[:place]:
        if group.outgoing != UNCHANGED:
            tuples = [packets.rewritten(group.outgoing) for packets in tuples]
    if back:
        following = next((group for group in groups[place:] if group.incoming != group.outgoing), None)
        if following is not None:
            tuples = [packets.rewritten(following.incoming) for packets in tuples]
        tuples = [packets.swapped() for packets in tuples]
    return tuple(tuples)
