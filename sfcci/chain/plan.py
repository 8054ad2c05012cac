"""From the API's state and the ports that are plugged to one program for the switch, and each chain's status.

Chain by chain: one that cannot be carried out never harms the others. Its traffic is blocked at its source (fail_mode
closed) or let past the functions (open). A port pair is live when both its ports carry traffic; only live pairs of a
group get any, and a group without one stops its chain.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain as joined
from typing import Final

from sfcci.chain.compiler import Ports, compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.openflow import Program
from sfcci.chain.refusal import Refusal, refusals
from sfcci.chain.state import Resource, State
from sfcci.chain.status import ACTIVE, BUILD, DEGRADED, ERROR, ChainStatus
from sfcci.chain.view import chain_state, translates

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

    program: Program
    chains: Mapping[str, ChainStatus]


def plan(state: State, ports: Ports, up: Collection[str]) -> Plan:
    """Give the plan for the state; `ports` are plugged, of which `up` (ids) carry traffic."""
    return _Planning(state, ports, up).plan()


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
    def __init__(self, state: State, ports: Ports, up: Collection[str]) -> None:
        self.state, self.ports = state, ports
        known = chain_state(state)  # by id instead of by name: names are not unique
        self.pairs = {pair.id: replace(pair, name=pair.id) for pair in known.port_pairs}
        self.groups = {group.id: replace(group, name=group.id) for group in known.port_pair_groups}
        self.classifiers = {fc.id: replace(fc, name=fc.id) for fc in known.flow_classifiers}
        self.chains = {chain.id: replace(chain, name=chain.id) for chain in known.port_chains}
        self.up = set(ports) & set(up)
        self.live = {pair.id for pair in self.pairs.values() if {pair.ingress, pair.egress} <= self.up}
        self.function_of = {
            port: pair for pair in self.pairs.values() for port in (pair.ingress, pair.egress)
        }
        self.branching = {
            end
            for graph in state.of("service_graphs").values()
            for source, ends in graph["port_chains"].items()
            for end in (source, *ends)
        }

    def plan(self) -> Plan:
        """Give the plan: the good chains compiled together, the others' traffic blocked or let past."""
        statuses = {id_: self._status(chain) for id_, chain in self.chains.items()}
        good = [self.chains[id_] for id_, status in statuses.items() if status.status != ERROR]
        while refused := refusals(self._together(good), self.ports):
            bad = self._blamed(refused[0], good)
            statuses[bad.id] = ChainStatus(ERROR, self._told(refused[0]), statuses[bad.id].live)
            good.remove(bad)
        blocked = [fc for id_ in self.chains if statuses[id_].status == ERROR for fc in self._blocked(id_)]
        return Plan(compiled(self._together(good), self.ports, blocked), statuses)

    def _status(self, chain: PortChain) -> ChainStatus:
        live = {
            group: tuple(p for p in self._group(group).port_pairs if p in self.live)
            for group in chain.port_pair_groups
        }
        if reason := next(self._obstacles(chain), ""):
            return ChainStatus(ERROR, reason, live)
        if dead := [group for group, pairs in live.items() if not pairs]:
            return ChainStatus(ERROR, "; ".join(self._lost(group) for group in dead), live)
        if reason := self._no_source(chain):
            return ChainStatus(BUILD, reason, live)
        if short := [
            group for group, pairs in live.items() if len(pairs) < len(self._group(group).port_pairs)
        ]:
            return ChainStatus(DEGRADED, "; ".join(self._lost(group) for group in short), live)
        return ChainStatus(ACTIVE, "", live)

    def _group(self, id_: str) -> PortPairGroup:
        return self.groups.get(id_) or PortPairGroup(id_, id_, 1)

    def _obstacles(self, chain: PortChain) -> Iterator[str]:
        """What no plugging would help: features that this data plane lacks, and functions out of the network."""
        if chain.id in self.branching:
            yield "it is in a service graph: not implemented by this data plane"
        for group in chain.port_pair_groups:
            if translates(self.state.get("port_pair_groups", group) or {}):
                yield f"{self._name(group)}: ppg_n_tuple_mapping is not implemented by this data plane"
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
                pairs.setdefault(pair.id, _plain(pair))
        return ChainState(tuple(pairs.values()), groups, classifiers, (chain,))

    def _abroad(self, chain: PortChain) -> Iterator[str]:
        """Ports of the chain that are in another network than the others: packets do not cross."""
        first = ""
        for port in _used(self._alone(chain)):
            network = (self.state.get("ports", port) or {}).get("network_id", "")
            if first and network != first:
                yield f"port {self._name(port)} is in another network than the rest of the chain"
            first = first or network

    def _together(self, good: list[PortChain]) -> ChainState:
        """What is compiled: the good chains with their live pairs and plugged sources, and every plugged function."""
        of_good = {group for chain in good for group in chain.port_pair_groups}
        groups = [
            replace(
                self.groups[id_], port_pairs=tuple(p for p in self.groups[id_].port_pairs if p in self.live)
            )
            for id_ in of_good
        ]
        members = {pair for group in groups for pair in group.port_pairs}
        plugged = (pair for pair in self.pairs.values() if {pair.ingress, pair.egress} <= self.ports.keys())
        chains = [replace(c, flow_classifiers=tuple(fc.id for fc in self._plugged(c))) for c in good]
        return ChainState(
            tuple(pair if pair.id in members else _plain(pair) for pair in plugged),
            tuple(groups),
            tuple(self.classifiers[id_] for chain in chains for id_ in chain.flow_classifiers),
            tuple(chains),
        )

    def _plugged(self, chain: PortChain) -> list[FlowClassifier]:
        known = (self.classifiers[id_] for id_ in chain.flow_classifiers if id_ in self.classifiers)
        return [classifier for classifier in known if classifier.logical_source_port in self.ports]

    def _blocked(self, id_: str) -> list[FlowClassifier]:
        """What a chain claims that is not carried out; a function's port is spared, for it passes others' packets on."""
        if (self.state.get("port_chains", id_) or {}).get("fail_mode") == "open":
            return []
        return [
            fc for fc in self._plugged(self.chains[id_]) if fc.logical_source_port not in self.function_of
        ]

    def _no_source(self, chain: PortChain) -> str:
        """Why no traffic can come: none of its classifiers' ports is plugged."""
        if not chain.flow_classifiers or self._plugged(chain):
            return ""
        classifier = self.classifiers[chain.flow_classifiers[0]]
        return f"no traffic yet: {self._trouble(classifier.logical_source_port or '')} ({self._name(classifier.id)})"

    def _lost(self, group: str) -> str:
        """Say which pairs of a group carry no traffic, and why."""
        pairs = [self.pairs[id_] for id_ in self._group(group).port_pairs if id_ not in self.live]
        if not self._group(group).port_pairs:
            return f"port pair group {self._name(group)} has no port pair"
        all_ = len(pairs) == len(self._group(group).port_pairs)
        said = ", ".join(f"{self._name(pair.id)}: {self._weak(pair)}" for pair in pairs)
        return f"port pair group {self._name(group)} has {'no live port pair' if all_ else 'fewer port pairs'} ({said})"

    def _weak(self, pair: PortPair) -> str:
        ends = dict.fromkeys((pair.ingress, pair.egress))
        return next(filter(None, map(self._trouble, ends)))

    def _trouble(self, id_: str) -> str:
        """Why a port carries no traffic; "" when it does."""
        port = self.state.get("ports", id_) or {"id": id_}
        return "" if id_ in self.up else port_trouble(port, id_ in self.ports)

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


def _plain(pair: PortPair) -> PortPair:
    """The pair without what only matters in a chain."""
    return replace(pair, correlation=None, weight=1)


def _used(state: ChainState) -> list[str]:
    """Every port that a state refers to: sources first."""
    sources = (fc.logical_source_port for fc in state.flow_classifiers if fc.logical_source_port)
    functions = joined.from_iterable((pair.ingress, pair.egress) for pair in state.port_pairs)
    return list(dict.fromkeys((*sources, *functions)))
