"""From the API's state and the ports that are plugged to one program for the switch, and each chain's status.

Chain by chain: one that cannot be carried out never harms the others. Its traffic is blocked at its source (fail_mode
closed) or let past the functions (open). A port pair is live when both its ports carry traffic and it has a weight;
only live pairs of a group get any. A group without one stops its chain (closed) or is passed by (open).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain as joined
from typing import Final

from sfcci.chain.compiler import Compiled, compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.port import Ports
from sfcci.chain.program import Program
from sfcci.chain.refusal import Refusal, refusals
from sfcci.chain.state import NOTHING, Resource, State
from sfcci.chain.status import ACTIVE, BUILD, DEGRADED, ERROR, ChainStatus
from sfcci.chain.transition import versions
from sfcci.chain.view import chain_state

READ: Final = (
    "port_pairs",
    "port_pair_groups",
    "flow_classifiers",
    "port_chains",
    "service_graphs",
    "ports",
)
UNREAD: Final = frozenset(("description", "revision_number", "created_at", "updated_at", "tags"))
"""The collections that a plan reads, and what it reads of no resource."""


@dataclass(frozen=True)
class Plan:
    """What the switch shall do, and how each chain (by id) is as soon as it does."""

    compiled: Compiled
    chains: Mapping[str, ChainStatus]

    @property
    def program(self) -> Program:
        """The flows and groups."""
        return self.compiled.program


def plan(
    state: State,
    ports: Ports,
    before: Plan | None = None,
    *,
    held: Mapping[int, int] = NOTHING,
    refused: Mapping[str, str] = NOTHING,
) -> Plan:
    """Give the plan for the state; `ports` are plugged. `before`: what the switch does, of which all that stays is kept.

    A chain whose hops are others than before gets its other version, so that both may be on the switch for a while.
    `held`: where nothing is known from before, the version that the switch has of each chain, by chain_id.
    `refused`: what the switch said against chains, by id: they are not carried out.
    """
    return _Planning(state, ports, held, refused).plan(before.compiled if before else Compiled())


def same_plan(made: Plan, old: State, new: State) -> bool:
    """Say whether the plan of `old` is that of `new` for sure, with the same ports: nothing differs that it reads.

    Names stand in the reasons alone: a plan without one does not change with them.
    """
    unread = UNREAD if any(status.reason for status in made.chains.values()) else UNREAD | {"name"}
    return all(_alike(old.of(name), new.of(name), unread) for name in READ)


def _alike(old: Mapping[str, Resource], new: Mapping[str, Resource], unread: frozenset[str]) -> bool:
    if old is new:
        return True
    return list(old) == list(new) and all(
        was is now or _without(was, unread) == _without(now, unread)
        for was, now in zip(old.values(), new.values(), strict=True)
    )


def _without(resource: Resource, unread: frozenset[str]) -> Resource:
    return {name: value for name, value in resource.items() if name not in unread}


class _Planning:
    def __init__(
        self, state: State, ports: Ports, held: Mapping[int, int], refused: Mapping[str, str]
    ) -> None:
        self.state, self.ports, self.held, self.refused = state, ports, held, refused
        known = chain_state(state)  # by id instead of by name: names are not unique
        self.pairs = {pair.id: replace(pair, name=pair.id) for pair in known.port_pairs}
        self.groups = {group.id: replace(group, name=group.id) for group in known.port_pair_groups}
        self.classifiers = {fc.id: replace(fc, name=fc.id) for fc in known.flow_classifiers}
        self.chains = {chain.id: replace(chain, name=chain.id) for chain in known.port_chains}
        self.graphs = known.service_graphs
        self.inner = {end for graph in self.graphs for _, ends in graph.port_chains for end in ends}
        self.function_of = {
            port: pair for pair in self.pairs.values() for port in (pair.ingress, pair.egress)
        }

    def plan(self, before: Compiled) -> Plan:
        """Give the plan: the good chains compiled together, the others' traffic blocked or let past."""
        statuses = {id_: self._status(chain) for id_, chain in self.chains.items()}
        good = []
        for id_, chain in self.chains.items():
            if reason := next(self._obstacles(chain), ""):
                statuses[id_] = ChainStatus(ERROR, reason, statuses[id_].live)
            else:
                good.append(chain)
        good.sort(key=lambda chain: statuses[chain.id].status == ERROR)  # of two rivals the one that works
        while refused := refusals(self._together(good), self.ports):
            bad = self._blamed(refused[0], good)
            good.remove(bad)
            if statuses[bad.id].status != ERROR:
                statuses[bad.id] = ChainStatus(ERROR, self._told(refused[0]), statuses[bad.id].live)
        return Plan(self._compiled(good, before), statuses)

    def _compiled(self, good: list[PortChain], before: Compiled) -> Compiled:
        """Compile the good chains, each in the version that the change from what was before asks for."""
        together = self._together(good)
        bad = self.chains.keys() - {chain.id for chain in good}
        blocked = [fc for id_ in self.chains if id_ in bad - self.inner for fc in self._blocked(id_)]
        dead_ends = {id_: self._claimed(id_) for id_ in self.inner & bad}
        compile_in = partial(compiled, together, self.ports, blocked, dead_ends=dead_ends)
        if not before.ways:
            return compile_in({chain.id: self.held.get(chain.chain_id, 0) for chain in good}, before)
        first = compile_in(before.versions, before)
        asked = versions(before, first)
        return first if asked == first.versions else compile_in(asked, first)

    def _status(self, chain: PortChain) -> ChainStatus:
        """How the chain is if it can be compiled. A tap that gets no copies stops nothing."""
        live = {group: self._live(self._group(group)) for group in chain.port_pair_groups}
        groups = [self._group(id_) for id_ in live]
        if dead := [group.id for group in groups if not live[group.id] and not group.tap_enabled]:
            return ChainStatus(ERROR, "; ".join(self._lost(group) for group in dead), live)
        if reason := self._no_source(chain):
            return ChainStatus(BUILD, reason, live)
        if short := [group.id for group in groups if any(map(self._weak, self._members(group)))]:
            return ChainStatus(DEGRADED, "; ".join(self._lost(group) for group in short), live)
        return ChainStatus(ACTIVE, "", live)

    def _members(self, group: PortPairGroup) -> list[PortPair]:
        return [self.pairs[id_] for id_ in group.port_pairs if id_ in self.pairs]

    def _live(self, group: PortPairGroup) -> tuple[str, ...]:
        """Give the pairs of a group that get packets."""
        return tuple(
            pair.id
            for pair in self._members(group)
            if not self._weak(pair) and (pair.weight or group.tap_enabled)
        )

    def _group(self, id_: str) -> PortPairGroup:
        return self.groups.get(id_) or PortPairGroup(id_, id_, 1)

    def _obstacles(self, chain: PortChain) -> Iterator[str]:
        """What no plugging would help: what the compiler refuses, and functions out of the network."""
        if chain.id in self.refused:
            yield self.refused[chain.id]
        alone = self._alone(chain)
        for refused in refusals(alone, _used(alone)):
            yield self._told(refused)
        yield from self._abroad(chain)

    def _alone(self, chain: PortChain) -> ChainState:
        """The chain with all that it refers to, and the pairs of its sources, for no function may be one."""
        classifiers = tuple(
            self.classifiers[id_] for id_ in chain.flow_classifiers if id_ in self.classifiers
        )
        groups = tuple(
            self.groups[id_] for id_ in dict.fromkeys(chain.port_pair_groups) if id_ in self.groups
        )
        pairs = {id_: self.pairs[id_] for group in groups for id_ in group.port_pairs if id_ in self.pairs}
        for classifier in classifiers:
            if pair := self.function_of.get(classifier.logical_source_port or ""):
                pairs.setdefault(pair.id, pair)
        return ChainState(tuple(pairs.values()), groups, classifiers, (chain,), self.graphs)

    def _abroad(self, chain: PortChain) -> Iterator[str]:
        """Ports of the chain that are in another network than the others: packets do not cross."""
        first = ""
        for port in _used(self._alone(chain)):
            network = (self.state.get("ports", port) or {}).get("network_id", "")
            if first and network != first:
                yield f"port {self._name(port)} is in another network than the rest of the chain"
            first = first or network

    def _together(self, good: list[PortChain]) -> ChainState:
        """What is compiled: the good chains with their plugged pairs and sources, and every plugged function."""
        plugged = {
            pair.id: pair for pair in self.pairs.values() if {pair.ingress, pair.egress} <= self.ports.keys()
        }
        groups = [self.groups[id_] for id_ in dict.fromkeys(g for c in good for g in c.port_pair_groups)]
        chains = [replace(c, flow_classifiers=tuple(fc.id for fc in self._plugged(c))) for c in good]
        return ChainState(
            tuple(plugged.values()),
            tuple(replace(g, port_pairs=tuple(p for p in g.port_pairs if p in plugged)) for g in groups),
            tuple(self.classifiers[id_] for chain in chains for id_ in chain.flow_classifiers),
            tuple(chains),
            self.graphs,
        )

    def _plugged(self, chain: PortChain) -> list[FlowClassifier]:
        """Give the classifiers whose packets may come: where a graph leads to the chain, from wherever."""
        known = [self.classifiers[id_] for id_ in chain.flow_classifiers if id_ in self.classifiers]
        if chain.id in self.inner:
            return [replace(classifier, logical_source_port=None) for classifier in known]
        return [classifier for classifier in known if classifier.logical_source_port in self.ports]

    def _blocked(self, id_: str) -> list[FlowClassifier]:
        """What is dropped at its source; a function's port is spared, for it passes others' packets on."""
        return [fc for fc in self._claimed(id_) if fc.logical_source_port not in self.function_of]

    def _claimed(self, id_: str) -> list[FlowClassifier]:
        """What a chain that is not carried out does not let past its functions."""
        return [] if self.chains[id_].fail_open else self._plugged(self.chains[id_])

    def _no_source(self, chain: PortChain) -> str:
        """Why no traffic can come: none of its classifiers' ports is plugged."""
        if not chain.flow_classifiers or self._plugged(chain):
            return ""
        classifier = self.classifiers[chain.flow_classifiers[0]]
        return f"no traffic yet: {self._trouble(classifier.logical_source_port or '')} ({self._name(classifier.id)})"

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
        ends = dict.fromkeys((pair.ingress, pair.egress))
        return next(filter(None, map(self._trouble, ends)), "")

    def _trouble(self, id_: str) -> str:
        """Why a port carries no traffic; "" when it does."""
        if id_ in self.ports and self.ports[id_].up:
            return ""
        return port_trouble(self.state.get("ports", id_) or {"id": id_}, id_ in self.ports)

    @staticmethod
    def _blamed(refused: Refusal, good: list[PortChain]) -> PortChain:
        """Give the chain that a refusal of all together stands against: of two the later one."""
        id_ = refused.keys[1]
        for chain in reversed(good):
            if id_ in (chain.id, *chain.port_pair_groups, *chain.flow_classifiers):
                return chain
        return good[-1]

    def _told(self, refused: Refusal) -> str:
        """A refusal in one sentence, with names for ids."""
        _, id_, *rest = refused.keys
        text = f"{self._name(id_)}: {' '.join(rest)}: {refused.found}"
        text += f" (expected: {refused.expected})" if refused.expected else ""
        for word in text.replace(",", " ").split():
            if name := self._name(word, ""):
                text = text.replace(word, name)
        return text

    def _name(self, id_: str, other: str | None = None) -> str:
        for collection in ("port_chains", "port_pair_groups", "port_pairs", "flow_classifiers", "ports"):
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


def _used(state: ChainState) -> list[str]:
    """Every port that a state refers to: sources first, where a way back begins last."""
    sources = (fc.logical_source_port for fc in state.flow_classifiers)
    functions = joined.from_iterable((pair.ingress, pair.egress) for pair in state.port_pairs)
    both = any(chain.symmetric for chain in state.port_chains)
    ends = (fc.logical_destination_port for fc in state.flow_classifiers if both)
    return [port for port in dict.fromkeys((*sources, *functions, *ends)) if port]
