"""The compiler: chain state and switch ports to an OpenFlow program. `table` says how a packet goes through it.

The program consists of parts, one for each port, group, chain. A flow of another chain never depends on this one. Who
has compiled before hands the result on: parts whose inputs are the same are taken over as they are.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import gcd
from typing import Any

from sfcci.chain.action import Resubmit
from sfcci.chain.flows_chain import (
    blocked_flows,
    branch_flows,
    chain_flows,
    delivered,
    late_fragments,
    way_to,
)
from sfcci.chain.flows_port import base, port_flows, shared
from sfcci.chain.model import ChainState, FlowClassifier, PortChain
from sfcci.chain.ntuple import tuple_of
from sfcci.chain.openflow import Bucket, Flow, Group
from sfcci.chain.path import FIRST_INDEXES, Following, Hop, Path
from sfcci.chain.port import Ports
from sfcci.chain.program import Part, PartKey, Program
from sfcci.chain.refusal import refusals
from sfcci.chain.state import NOTHING
from sfcci.chain.table import DELIVER
from sfcci.document import key_path
from sfcci.errors import Fault, InputError, Place

HASH_FIELDS = (
    "ip_src",
    "ip_dst",
    "ipv6_src",
    "ipv6_dst",
    "nw_proto",
    "tcp_src",
    "tcp_dst",
    "udp_src",
    "udp_dst",
)
"""What packets of a group without lb_fields are spread by: each connection stays with its instance."""
SIXTH = {"ip_src": ("ip_src", "ipv6_src"), "ip_dst": ("ip_dst", "ipv6_dst")}
Flows = Callable[[], Iterable[Flow]]
Groups = Callable[[], Iterable[Group]]


@dataclass(frozen=True)
class Compiled:
    """A program, of what each part was made, and the ways of each chain by its id."""

    program: Program = field(default_factory=Program)
    inputs: Mapping[PartKey, tuple[Any, ...]] = field(default_factory=dict)
    ways: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, int]:
        """The version of each chain, by its id."""
        return {id_: FIRST_INDEXES.index(ways[0].first) for id_, ways in self.ways.items()}


def base_program() -> Program:
    """Give the program of a switch without chains: a learning switch."""
    return Program({("base",): Part(tuple(base()))})


def program(state: ChainState, ports: Ports, blocked: Sequence[FlowClassifier] = ()) -> Program:
    """Give the program for the state, in which packets of `blocked` are dropped where they come from.

    The order of resources means nothing. Raises InputError with all refusals; those of `blocked` have ports.
    """
    if refused := refusals(state, ports):
        raise InputError(*(Fault(Place(key_path(r.keys)), r.found, r.expected) for r in refused))
    return compiled(state, ports, blocked).program


def compiled(
    state: ChainState,
    ports: Ports,
    blocked: Sequence[FlowClassifier] = (),
    versions: Mapping[str, int] | None = None,
    before: Compiled | None = None,
    dead_ends: Mapping[str, Sequence[FlowClassifier]] = NOTHING,
) -> Compiled:
    """Give the program of a state that is not refused; `versions`: 0 or 1 of each chain, by id (0 where none is told).

    `dead_ends`: chains in which branches of a graph end, but which are not in the state, by id; what these classifiers
    of theirs want is dropped there. Other chains that are not in the state are passed by.
    """
    return _Compiler(state, ports, blocked, before or Compiled(), dead_ends).compiled(versions or {})


class _Compiler:
    def __init__(
        self,
        state: ChainState,
        ports: Ports,
        blocked: Sequence[FlowClassifier],
        before: Compiled,
        dead_ends: Mapping[str, Sequence[FlowClassifier]],
    ) -> None:
        self.ports, self.blocked, self.before, self.dead_ends = ports, blocked, before, dead_ends
        self.follow = Following(state, ports)
        self.chains = sorted(state.port_chains, key=lambda chain: (chain.chain_id, chain.id))
        self.functions = {port for pair in state.port_pairs for port in (pair.ingress, pair.egress)}
        self.branches = {source: ends for graph in state.service_graphs for source, ends in graph.port_chains}
        self.parts: dict[PartKey, Part] = {}
        self.inputs: dict[PartKey, tuple[Any, ...]] = {}
        self.ways: dict[str, tuple[Path, ...]] = {}

    def compiled(self, versions: Mapping[str, int]) -> Compiled:
        """Give the program, made of what is new and what was there."""
        self._part(("base",), (), base)
        if self.chains or self.blocked:
            self._part(("shared",), (), shared)
            for chain in self.chains:
                self._chain(chain, versions.get(chain.id, 0))
            self._branches()
            self._fragments()
            self._ports()
            self._blocks()
        return Compiled(Program(self.parts), self.inputs, self.ways)

    def _part(self, key: PartKey, inputs: tuple[Any, ...], flows: Flows, groups: Groups = tuple) -> None:
        """Take the part of these inputs over, or make it."""
        if self.before.inputs.get(key) == inputs:
            self.parts[key], self.inputs[key] = self.before.program.parts[key], self.before.inputs[key]
        else:
            self.parts[key], self.inputs[key] = Part(tuple(flows()), tuple(groups())), inputs

    def _chain(self, chain: PortChain, version: int) -> None:
        key = ("chain", chain.id)
        entered = not any(chain.id in ends for ends in self.branches.values())
        inputs = (chain, version, entered, chain.id in self.branches, *self.follow.used(chain))
        if self.before.inputs.get(key) == inputs:
            self.ways[chain.id] = self.before.ways[chain.id]
        else:
            self.ways[chain.id] = self.follow.paths(chain, version)
        ways = self.ways[chain.id]
        self._part(
            key, inputs, lambda: chain_flows(ways, entered=entered, branches=chain.id in self.branches)
        )
        for path in ways:
            for hop in path.hops:
                if len(hop.live) > 1:
                    group = ("group", str(hop.group))
                    self._part(group, (hop.live, hop.lb_fields, path.nsh), tuple, partial(_groups, path, hop))

    def _branches(self) -> None:
        for source, ends in self.branches.items():
            if source in self.ways:
                targets = tuple(self.ways[end][0] for end in ends if end in self.ways)
                dead = tuple(tuple_of(fc) for end in ends for fc in self.dead_ends.get(end, ()))
                inputs = (self.ways[source][0], targets, dead)
                self._part(("branch", source), inputs, partial(branch_flows, *inputs))

    def _fragments(self) -> None:
        every = tuple(path for ways in self.ways.values() for path in ways if path.sources)
        self._part(
            ("fragments",), every, lambda: {f.key: f for f in reversed([*late_fragments(every)])}.values()
        )

    def _ports(self) -> None:
        """Every plugged function is known as one, in a chain or not.

        What an instance still holds when it leaves a group may not escape.
        """
        sources = {number for ways in self.ways.values() for path in ways for number in path.sources}
        sources |= {self.ports[fc.logical_source_port or ""].number for fc in self.blocked}
        ways: dict[int, set[int]] = {}
        for path in (path for both in self.ways.values() for path in both):
            for instance in path.instances:
                ways.setdefault(instance.entry.number, set()).add(way_to(path, instance))
        for id_, port in self.ports.items():
            role = id_ in self.functions, port.number in sources, frozenset(ways.get(port.number, ()))
            self._part(("port", id_), (port, role), partial(port_flows, port, *role))

    def _blocks(self) -> None:
        sources = {number for ways in self.ways.values() for path in ways for number in path.sources}
        for classifier in self.blocked:
            port = self.ports[classifier.logical_source_port or ""]
            inputs = (port, tuple_of(classifier), port.number in sources)
            self._part(("blocked", classifier.id), inputs, partial(blocked_flows, *inputs))


def _groups(path: Path, hop: Hop) -> Iterator[Group]:
    """Give the group of a hop: a bucket for every unit of weight, so that the hash obeys it."""
    taken: set[int] = set()
    unit = gcd(*(instance.weight for instance in hop.live))
    buckets = []
    for instance in hop.live:
        steps = (*delivered(path, instance), Resubmit(DELIVER))
        for turn in range(instance.weight // unit):
            number = _bucket_id(f"{instance.pair}/{turn}" if turn else instance.pair, taken)
            buckets.append(Bucket(number, steps, instance.entry.number))
    yield Group(hop.group, _hash_fields(hop), tuple(sorted(buckets, key=lambda bucket: bucket.id)))


def _hash_fields(hop: Hop) -> tuple[str, ...]:
    if not hop.lb_fields:
        return HASH_FIELDS
    return tuple(field for name in dict.fromkeys(hop.lb_fields) for field in SIXTH.get(name, (name,)))


def _bucket_id(word: str, taken: set[int]) -> int:
    """Give a number that is the pair's own whoever else is in the group, so that few flows move when others come."""
    number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:3], "big")
    while number in taken:
        number += 1
    taken.add(number)
    return number
