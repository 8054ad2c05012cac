"""From the API's state and the ports that are plugged to one program for the switch, and each chain's status.

Chain by chain: one that cannot be carried out never harms the others. Its traffic is blocked at its source (fail_mode
closed) or let past the functions (open). A port pair is live when both its ports carry traffic and it has a weight;
only live pairs of a group get any. A group without one stops its chain (closed) or is passed by (open).

A plan remembers of what it was made: the next one costs what has changed since, not what there is.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from sfcci.chain.affected import Affected, affected
from sfcci.chain.compiler import NOTHING_COMPILED, Changed, Classifiers, Compiled, Wanted, recompiled
from sfcci.chain.judgement import Judging, Verdict
from sfcci.chain.model import PortChain
from sfcci.chain.path import FIRST_INDEXES, Following, World
from sfcci.chain.port import Ports
from sfcci.chain.program import Program
from sfcci.chain.rivalry import Rivals, losers, rivalry
from sfcci.chain.state import NOTHING, Resource, State
from sfcci.chain.status import ERROR, ChainStatus
from sfcci.chain.view import flow_classifier, port_chain, port_pair, port_pair_group, service_graph
from sfcci.garbage import garbage_waits

Model = TypeVar("Model")
NO_VERSIONS: Final[Mapping[int, int]] = {}
NO_WORLD: Final = World({}, {}, {}, (), {})
NOTHING_WANTED: Final = Wanted(NO_WORLD, {})


@dataclass(frozen=True)
class Known:
    """What a plan was made of, and what was found of each chain alone."""

    state: State = field(default_factory=State)
    world: World = NO_WORLD
    chains: Mapping[str, PortChain] = field(default_factory=lambda: NOTHING)
    verdicts: Mapping[str, Verdict] = field(default_factory=lambda: NOTHING)
    rivals: Rivals = field(default_factory=lambda: NOTHING)
    lost: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    wanted: Wanted = NOTHING_WANTED
    refused: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True)
class Plan:
    """What the switch shall do, and how each chain (by id) is as soon as it does."""

    compiled: Compiled = NOTHING_COMPILED
    chains: Mapping[str, ChainStatus] = field(default_factory=lambda: NOTHING)
    known: Known = field(default=Known(), compare=False, repr=False)

    @property
    def program(self) -> Program:
        """The flows and groups."""
        return self.compiled.program


NO_PLAN: Final = Plan()


def plan(
    state: State,
    ports: Ports,
    before: Plan | None = None,
    *,
    held: Mapping[int, int] = NO_VERSIONS,
    refused: Mapping[str, str] = NOTHING,
) -> Plan:
    """Give the plan for the state; `ports` are plugged. `before`: what the switch does, of which all that stays is kept.

    A chain whose hops are others than before gets its other version, so that both may be on the switch for a while.
    `held`: the version that the switch has of chains that `before` does not know, by chain_id.
    `refused`: what the switch said against chains, by id: they are not carried out.
    Where nothing differs that a plan is made of, `compiled` and `chains` are those of `before`.
    """
    old = before or NO_PLAN
    known = old.known
    differs = affected(known.state, state, known.world.ports, ports)
    again = {id_ for id_ in {**known.refused, **refused} if known.refused.get(id_) != refused.get(id_)}
    if before and not differs.any and not again:
        return replace(old, known=replace(known, state=state, world=replace(known.world, ports=ports)))
    chains = _in_order({*differs.chains, *again}, state)
    with nullcontext() if before else garbage_waits():
        return _Planning(state, ports, old, refused, replace(differs, chains=chains)).plan(held)


def _in_order(ids: Collection[str], state: State) -> Collection[str]:
    """The chains in the order of their creation, those that are no more behind them."""
    return dict.fromkeys((*(id_ for id_ in state.of("port_chains") if id_ in ids), *ids))


class _Planning:
    def __init__(
        self, state: State, ports: Ports, before: Plan, refused: Mapping[str, str], differs: Affected
    ) -> None:
        self.state, self.before, self.refused, self.differs = state, before, refused, differs
        known = before.known
        self.world = World(
            self._viewed("port_pairs", known.world.pairs, port_pair),
            self._viewed("port_pair_groups", known.world.groups, port_pair_group),
            self._viewed("flow_classifiers", known.world.classifiers, flow_classifier),
            tuple(service_graph(graph) for graph in state.of("service_graphs").values()),
            ports,
        )
        self.chains = self._viewed("port_chains", known.chains, port_chain)
        self.judging = Judging(state, self.world)

    def plan(self, held: Mapping[int, int]) -> Plan:
        """Give the plan: the good chains compiled together, the others' traffic blocked or let past."""
        verdicts = _updated(self.before.known.verdicts, self.differs.chains, self._verdict)
        rivals = self._rivals(verdicts)
        order = sorted(rivals, key=self._precedence(verdicts)) if rivals else ()
        lost = losers(rivals, order)
        again = dict.fromkeys((*self.differs.chains, *lost, *self.before.known.lost))
        wanted = self._wanted(verdicts, lost, again)
        versions = self._versions(wanted, held, again)
        changed = Changed(again, self.differs.pairs, self.differs.plugged)
        compiled = recompiled(wanted, versions, self.before.compiled, changed if self._before else None)
        chains = _updated(self.before.chains, again, lambda id_: self._status(id_, verdicts, lost))
        known = Known(self.state, self.world, self.chains, verdicts, rivals, lost, wanted, self.refused)
        return Plan(compiled, chains, known)

    @property
    def _before(self) -> bool:
        return self.before is not NO_PLAN

    def _viewed(
        self, name: str, known: Mapping[str, Model], view: Callable[[Resource], Model]
    ) -> Mapping[str, Model]:
        """The resources of a collection as the compiler wants them, those known from before as they are."""
        now = self.state.of(name)
        return _updated(known, self.differs.changed[name], lambda id_: view(now[id_]) if id_ in now else None)

    def _verdict(self, id_: str) -> Verdict | None:
        chain = self.chains.get(id_)
        return self.judging.verdict(chain, self.refused.get(id_, "")) if chain else None

    def _rivals(self, verdicts: Mapping[str, Verdict]) -> Rivals:
        def clash(one: str, other: str) -> bool:
            both = [verdicts[one], verdicts[other]]
            return not any(v.hindrance for v in both) and bool(self._clash(one, other))

        return rivalry(self.state, self.world, self.before.known.rivals, self.differs.chains, clash)

    def _clash(self, one: str, other: str) -> str:
        return self.judging.clash(self.chains[one], self.chains[other])

    def _precedence(self, verdicts: Mapping[str, Verdict]) -> Callable[[str], tuple[bool, int]]:
        """Of two rivals the one that works, else the earlier one."""
        places = {id_: place for place, id_ in enumerate(self.state.of("port_chains"))}
        return lambda id_: (verdicts[id_].status.status == ERROR, places[id_])

    def _wanted(
        self, verdicts: Mapping[str, Verdict], lost: Mapping[str, str], again: Collection[str]
    ) -> Wanted:
        """What is compiled: of chains that are not looked at again the same as before."""
        inner, old = self.world.inner, self.before.known.wanted

        def good(id_: str) -> PortChain | None:
            return verdicts[id_].chain if id_ in verdicts and not _bad(id_) else None

        def _bad(id_: str) -> bool:
            return id_ in lost or bool(verdicts[id_].hindrance)

        def claims(id_: str, inside: bool) -> Classifiers | None:
            bad = id_ in verdicts and _bad(id_) and (id_ in inner) is inside
            return (verdicts[id_].claims or None) if bad else None

        return Wanted(
            self.world,
            _updated(old.chains, again, good),
            _updated(old.blocked, again, lambda id_: claims(id_, False)),
            _updated(old.dead_ends, again, lambda id_: claims(id_, True)),
        )

    def _versions(self, wanted: Wanted, held: Mapping[int, int], again: Collection[str]) -> Mapping[str, int]:
        """The version of each chain that is compiled again: another than before where its hops are others."""
        follow, ways = Following(self.world), self.before.compiled.ways
        found = {}
        for chain in (wanted.chains[id_] for id_ in again if id_ in wanted.chains):
            if chain.id in ways:
                there = ways[chain.id][0]
                differ = tuple(hop.group for hop in there.hops) != follow.order(chain)
                found[chain.id] = FIRST_INDEXES.index(there.first) ^ differ
            else:
                found[chain.id] = held.get(chain.chain_id, 0)
        return found

    def _status(
        self, id_: str, verdicts: Mapping[str, Verdict], lost: Mapping[str, str]
    ) -> ChainStatus | None:
        if id_ not in verdicts:
            return None
        status = verdicts[id_].status
        if id_ not in lost or status.status == ERROR:
            return status
        return ChainStatus(ERROR, self._clash(lost[id_], id_), status.live)


def _updated(
    old: Mapping[str, Any], again: Collection[str], value: Callable[[str], Any | None]
) -> Mapping[str, Any]:
    """The mapping with the values of some keys anew; None: there is none any more. The very same if nothing differs."""
    if not again:
        return old
    new = dict(old)
    for id_ in again:
        found = value(id_)
        if found is None:
            new.pop(id_, None)
        else:
            new[id_] = found
    return new
