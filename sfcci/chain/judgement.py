"""What is to be said of one chain alone: whether it can be carried out, how it is, and what of it is plugged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain as joined
from typing import TypeVar

from sfcci.chain.affected import pairs_by_port
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.path import World
from sfcci.chain.refusal import Refusal, refusals
from sfcci.chain.state import Resource, State
from sfcci.chain.status import ACTIVE, BUILD, DEGRADED, ERROR, ChainStatus

Known = TypeVar("Known")
NAMED = ("port_chains", "port_pair_groups", "port_pairs", "flow_classifiers", "ports")


@dataclass(frozen=True)
class Verdict:
    """`chain` as it is compiled: with the classifiers whose packets may come. `hindrance`: why it cannot be, or "".

    `status`: how it is as soon as the switch has it. `claims`: what is stopped where it cannot be carried out.
    """

    chain: PortChain
    status: ChainStatus
    hindrance: str
    claims: tuple[FlowClassifier, ...]


class Judging:
    """A state as the planner looks at it."""

    def __init__(self, state: State, given: World) -> None:
        self.state, self.world, self.ports = state, given, given.ports
        self.functions = pairs_by_port.of(state.of("port_pairs"))

    def verdict(self, chain: PortChain, refused: str = "") -> Verdict:
        """Judge a chain; `refused`: what the switch has said against it."""
        plugged = tuple(self._plugged(chain))
        status = self._status(chain, plugged)
        hindrance = refused or next(self._obstacles(chain), "")
        if hindrance:
            status = ChainStatus(ERROR, hindrance, status.live)
        claims = () if chain.fail_open else plugged
        if chain.id not in self.world.inner:  # a function's port is spared, for it passes others' packets on
            claims = tuple(fc for fc in claims if fc.logical_source_port not in self.functions)
        return Verdict(
            replace(chain, flow_classifiers=tuple(fc.id for fc in plugged)), status, hindrance, claims
        )

    def clash(self, first: PortChain, second: PortChain) -> str:
        """Say why the second chain cannot be carried out beside the first; "" when it can."""
        both = self._state(first, second)
        ports = _used(both)
        alone = {*refusals(self._state(first), ports), *refusals(self._state(second), ports)}
        return next((self.told(found) for found in refusals(both, ports) if found not in alone), "")

    def _status(self, chain: PortChain, plugged: tuple[FlowClassifier, ...]) -> ChainStatus:
        """How the chain is if it can be compiled. A tap that gets no copies stops nothing."""
        live = {group: self._live(self._group(group)) for group in chain.port_pair_groups}
        groups = [self._group(id_) for id_ in live]
        if dead := [group.id for group in groups if not live[group.id] and not group.tap_enabled]:
            return ChainStatus(ERROR, "; ".join(self._lost(group) for group in dead), live)
        if chain.flow_classifiers and not plugged:
            return ChainStatus(BUILD, self._no_source(chain), live)
        if short := [group.id for group in groups if any(map(self._weak, self._members(group)))]:
            return ChainStatus(DEGRADED, "; ".join(self._lost(group) for group in short), live)
        return ChainStatus(ACTIVE, "", live)

    def _members(self, group: PortPairGroup) -> list[PortPair]:
        return [self.world.pairs[id_] for id_ in group.port_pairs if id_ in self.world.pairs]

    def _live(self, group: PortPairGroup) -> tuple[str, ...]:
        """Give the pairs of a group that get packets."""
        return tuple(
            pair.id
            for pair in self._members(group)
            if not self._weak(pair) and (pair.weight or group.tap_enabled)
        )

    def _group(self, id_: str) -> PortPairGroup:
        return self.world.groups.get(id_) or PortPairGroup(id_, id_, 1)

    def _obstacles(self, chain: PortChain) -> Iterator[str]:
        """What no plugging would help: what the compiler refuses, and functions out of the network."""
        alone = self._state(chain)
        ports = _used(alone)
        for refused in refusals(alone, ports):
            yield self.told(refused)
        yield from self._abroad(ports)

    def _state(self, *chains: PortChain) -> ChainState:
        """The chains with all that they refer to, and the pairs of their sources, for no function may be one."""
        given = self.world
        groups = _known(given.groups, (id_ for chain in chains for id_ in chain.port_pair_groups))
        classifiers = _known(given.classifiers, (id_ for chain in chains for id_ in chain.flow_classifiers))
        at_sources = (
            id_ for fc in classifiers for id_ in self.functions.get(fc.logical_source_port or "", ())
        )
        pairs = _known(given.pairs, (*(id_ for group in groups for id_ in group.port_pairs), *at_sources))
        graphs = tuple(graph for graph in given.graphs if any(_has(graph.port_chains, c.id) for c in chains))
        return ChainState(tuple(pairs), tuple(groups), tuple(classifiers), chains, graphs)

    def _abroad(self, ports: list[str]) -> Iterator[str]:
        """Ports of the chain that are in another network than the others: packets do not cross."""
        first = ""
        for port in ports:
            network = (self.state.get("ports", port) or {}).get("network_id", "")
            if first and network != first:
                yield f"port {self._name(port)} is in another network than the rest of the chain"
            first = first or network

    def _plugged(self, chain: PortChain) -> list[FlowClassifier]:
        """Give the classifiers whose packets may come: where a graph leads to the chain, from wherever."""
        known = _known(self.world.classifiers, chain.flow_classifiers)
        if chain.id in self.world.inner:
            return known
        return [classifier for classifier in known if classifier.logical_source_port in self.ports]

    def _no_source(self, chain: PortChain) -> str:
        """Why no traffic can come: none of its classifiers' ports is plugged."""
        known = _known(self.world.classifiers, chain.flow_classifiers)
        if not known:
            return "no traffic yet: its flow classifiers do not exist"
        trouble = self._trouble(known[0].logical_source_port or "")
        return f"no traffic yet: {trouble} ({self._name(known[0].id)})"

    def _lost(self, id_: str) -> str:
        """Say which pairs of a group carry no traffic, and why."""
        group = self._group(id_)
        if not group.port_pairs:
            return f"port pair group {self._name(id_)} has no port pair"
        live = self._live(group)
        weak = [(pair, self._weak(pair)) for pair in self._members(group) if pair.id not in live]
        said = ", ".join(f"{self._name(pair.id)}: {why or 'has weight 0'}" for pair, why in weak)
        return f"port pair group {self._name(id_)} has {'fewer port pairs' if live else 'no live port pair'} ({said})"

    def _weak(self, pair: PortPair) -> str:
        """Why a pair carries no traffic, whatever its weight; "" when it does."""
        return self._trouble(pair.ingress) or self._trouble(pair.egress)

    def _trouble(self, id_: str) -> str:
        """Why a port carries no traffic; "" when it does."""
        port = self.ports.get(id_)
        if port and port.up:
            return ""
        return port_trouble(self.state.get("ports", id_) or {"id": id_}, port is not None)

    def told(self, refused: Refusal) -> str:
        """A refusal in one sentence, with names for ids."""
        _, id_, *rest = refused.keys
        text = f"{self._name(id_)}: {' '.join(rest)}: {refused.found}"
        text += f" (expected: {refused.expected})" if refused.expected else ""
        for word in text.replace(",", " ").split():
            if name := self._name(word, ""):
                text = text.replace(word, name)
        return text

    def _name(self, id_: str, other: str | None = None) -> str:
        for collection in NAMED:
            if resource := self.state.get(collection, id_):
                return str(resource["name"] or id_)
        return id_ if other is None else other


def port_trouble(port: Resource, plugged: bool) -> str:
    """Say why a port carries no traffic, in a few words."""
    name = port.get("name") or port.get("id") or "?"
    for attribute, word in (("binding:host_id", "host"), ("device_id", "device")):
        if not port.get(attribute):
            return f"port {name} has no {word}"
    return f"port {name} is down" if plugged else f"port {name} is not plugged"


def _known(resources: Mapping[str, Known], ids: Iterable[str]) -> list[Known]:
    return [resources[id_] for id_ in dict.fromkeys(ids) if id_ in resources]


def _has(branches: Iterable[tuple[str, tuple[str, ...]]], chain: str) -> bool:
    return any(chain == source or chain in ends for source, ends in branches)


def _used(state: ChainState) -> list[str]:
    """Every port that a state refers to: sources first, where a way back begins last."""
    sources = (fc.logical_source_port for fc in state.flow_classifiers)
    functions = joined.from_iterable((pair.ingress, pair.egress) for pair in state.port_pairs)
    both = any(chain.symmetric for chain in state.port_chains)
    ends = (fc.logical_destination_port for fc in state.flow_classifiers if both)
    return [port for port in dict.fromkeys((*sources, *functions, *ends)) if port]
