"""The compiler: chain state and switch ports to an OpenFlow program. `table` says how a packet goes through it.

The program consists of parts, one for each port, group, chain. What asks for a part (a chain, a port pair, a plugged
port) is kept beside it: who has compiled before says what has changed since, and only what that asks for is made anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sfcci.chain.flows_chain import blocked_flows, branch_flows, chain_flows
from sfcci.chain.flows_group import hop_group, hop_groups
from sfcci.chain.flows_port import base, floods, port_flows, shared
from sfcci.chain.model import ChainState, FlowClassifier, PortChain
from sfcci.chain.ntuple import tuple_of
from sfcci.chain.openflow import Flow
from sfcci.chain.path import FIRST_INDEXES, Following, Path, World, world
from sfcci.chain.port import Ports, SwitchPort
from sfcci.chain.program import Part, PartKey, Program
from sfcci.chain.refusal import refusals
from sfcci.chain.state import NOTHING
from sfcci.chain.table import END
from sfcci.chain.use import Use, late_fragments, uses
from sfcci.document import key_path
from sfcci.errors import Fault, InputError, Place

Asking = tuple[str, str]
"""Who asks for parts: ("chain", id), ("pair", id), ("plugged", port id), ("blocked", chain id)."""
Classifiers = Sequence[FlowClassifier]
FLOOD: PartKey = ("flood",)
"""The part by which packets reach every port of their network."""


@dataclass(frozen=True)
class Wanted:
    """What is to be compiled: chains that are not refused, by id, and what of other chains is stopped.

    `blocked`: whose packets are dropped where they come from, by the chain's id (they have ports). `dead_ends`: chains
    in which branches of a graph end, but which are not carried out; what these classifiers want is dropped there.
    """

    world: World
    chains: Mapping[str, PortChain]
    blocked: Mapping[str, Classifiers] = field(default_factory=lambda: NOTHING)
    dead_ends: Mapping[str, Classifiers] = field(default_factory=lambda: NOTHING)

    @property
    def bare(self) -> bool:
        """Whether a learning switch does: nobody's packets are a chain's, and no bump in the wire makes them go round."""
        return not (self.chains or self.blocked or any(self._wires()))

    def _wires(self) -> Iterator[bool]:
        ports = self.world.ports
        for pair in self.world.pairs.values():
            yield any(end in ports and not ports[end].addresses for end in (pair.ingress, pair.egress))


@dataclass(frozen=True)
class Changed:
    """What may differ from what was compiled before, by id: chains, port pairs, ports; and whether graphs may."""

    chains: Collection[str]
    pairs: Collection[str]
    ports: Collection[str]
    graphs: bool = True


@dataclass(frozen=True)
class Compiled:
    """A program, the ways of each chain by its id, and who asks for which part.

    `asked`: part → who asks → what for; `asks`: who → the parts. `leads`: chain → those that it leads to at its end.
    """

    program: Program = field(default_factory=Program)
    ways: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    leads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked: Mapping[PartKey, Mapping[Asking, Any]] = field(default_factory=dict, compare=False, repr=False)
    asks: Mapping[Asking, tuple[PartKey, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def versions(self) -> dict[str, int]:
        """The version of each chain, by its id."""
        return {id_: FIRST_INDEXES.index(ways[0].first) for id_, ways in self.ways.items()}


NOTHING_COMPILED = Compiled()


def base_program() -> Program:
    """Give the program of a switch without chains: a learning switch."""
    return Program({("base",): Part(tuple(base()))})


def program(state: ChainState, ports: Ports, blocked: Classifiers = ()) -> Program:
    """Give the program for the state, in which packets of `blocked` are dropped where they come from.

    The order of resources means nothing. Raises InputError with all refusals; those of `blocked` have ports.
    """
    if refused := refusals(state, ports):
        raise InputError(*(Fault(Place(key_path(r.keys)), r.found, r.expected) for r in refused))
    return compiled(state, ports, blocked).program


def compiled(
    state: ChainState,
    ports: Ports,
    blocked: Classifiers = (),
    versions: Mapping[str, int] = NOTHING,
    before: Compiled | None = None,
) -> Compiled:
    """Give the program of a state that is not refused; `versions`: 0 or 1 of each chain, by id (0 where none is told).

    Parts that are the same as `before` are taken over as they are.
    """
    chains = {chain.id: chain for chain in state.port_chains}
    wanted = Wanted(world(state, ports), chains, {"": blocked} if blocked else NOTHING)
    return recompiled(wanted, versions, before or NOTHING_COMPILED)


def recompiled(
    wanted: Wanted,
    versions: Mapping[str, int] = NOTHING,
    before: Compiled = NOTHING_COMPILED,
    changed: Changed | None = None,
) -> Compiled:
    """Give the program of what is wanted. `changed`: what may differ from `before` (None: everything).

    What it names is looked at again, with what that asks for; all else stays as it was.
    """
    if wanted.bare:
        return Compiled(before.program.derived({**dict.fromkeys(before.program.parts), ("base",): _base()}))
    if changed is None or ("shared",) not in before.program.parts:
        return _Compilation(wanted, versions, before, None).compiled()
    return _Compilation(wanted, versions, before, changed).compiled()


def _base() -> Part:
    return Part(tuple(base()))


class _Compilation:
    """One compilation: who has changed asks anew, and the parts that were or are asked for by them are made."""

    def __init__(
        self, wanted: Wanted, versions: Mapping[str, int], before: Compiled, changed: Changed | None
    ) -> None:
        self.wanted, self.world, self.ports = wanted, wanted.world, wanted.world.ports
        self.versions, self.before = versions, before
        self.branches, self.follow = self.world.branches, Following(self.world)
        whole = changed is None
        self.changed = changed or Changed({**wanted.chains, **wanted.blocked}, self.world.pairs, self.ports)
        self.asked: dict[PartKey, Mapping[Asking, Any]] = {} if whole else dict(before.asked)
        self.asks: dict[Asking, tuple[PartKey, ...]] = {} if whole else dict(before.asks)
        self.ways = {} if whole else dict(before.ways)
        self.old = before.program.parts
        self.touched: dict[PartKey, None] = dict.fromkeys(self.old) if whole else {}

    def compiled(self) -> Compiled:
        """Give the program, made of what is new and what was there."""
        for id_ in self.changed.ports:
            self._ask(("plugged", id_), {("port", id_): None} if id_ in self.ports else {})
        for id_ in self.changed.pairs:
            self._pair(id_)
        for id_ in self.changed.chains:
            self._chain(id_)
        leads = self._leads()
        self._share()
        made = {key: self._made(key) for key in (("base",), ("shared",), *self.touched)}
        if any(key[0] == "port" and _ends(self.old.get(key)) != _ends(part) for key, part in made.items()):
            made[FLOOD] = self._made(FLOOD)
        return Compiled(self.before.program.derived(made), self.ways, leads, self.asked, self.asks)

    def _ask(self, who: Asking, what: Mapping[PartKey, Any]) -> None:
        """Have somebody ask for these parts and for no others any more."""
        for key in self.asks.pop(who, ()):
            left = {other: given for other, given in self.asked.pop(key).items() if other != who}
            if left:
                self.asked[key] = left
            self.touched[key] = None
        for key, given in what.items():
            asked = self.asked.get(key)
            self.asked[key] = {**asked, who: given} if asked else {who: given}
            self.touched[key] = None
        if what:
            self.asks[who] = tuple(what)

    def _pair(self, id_: str) -> None:
        """Every plugged function is known as one, in a chain or not: what it still holds when it leaves one may not escape."""
        pair = self.world.pairs.get(id_)
        ends = (pair.ingress, pair.egress) if pair else ()
        known = bool(ends) and all(end in self.ports for end in ends)
        self._ask(("pair", id_), {("port", end): None for end in ends} if known else {})

    def _chain(self, id_: str) -> None:
        blocked = self.wanted.blocked.get(id_, ())
        self._ask(("blocked", id_), {("blocked", fc.id): fc for fc in blocked} | _at(blocked))
        chain = self.wanted.chains.get(id_)
        if chain is None:
            self.ways.pop(id_, None)
            self._ask(("chain", id_), {})
            return
        ways = self.follow.paths(chain, self.versions.get(id_, 0))
        self.ways[id_] = ways = self.before.ways[id_] if self.before.ways.get(id_) == ways else ways
        asks: dict[PartKey, Any] = {("chain", id_): None}
        for path, hop in hop_groups(ways):
            asks["group", str(hop.group)] = (path, hop)
        ids = self.follow.ids(chain)
        for number, use in uses(ways, entered=self._entered(id_)).items():
            asks["port", ids[number]] = (ways[0].spi, use)
        self._ask(("chain", id_), asks)

    def _share(self) -> None:
        """What is blocked at a port depends on who else begins there."""
        ports = [key for key in self.touched if key[0] == "port"]
        asking = {who for key in ports for who in self.asked.get(key, ()) if who[0] == "blocked"}
        self.touched |= {key: None for who in asking for key in self.asks[who] if key[0] == "blocked"}

    def _entered(self, id_: str) -> bool:
        return id_ not in self.world.inner

    def _leads(self) -> Mapping[str, tuple[str, ...]]:
        """Give where chains lead, and have the branches made anew of which either end has changed."""
        if not (self.changed.graphs or self.branches or self.before.leads):
            return self.before.leads
        leads = {
            source: tuple(end for end in ends if end in self.ways)
            for source, ends in self.branches.items()
            if source in self.ways
        }
        self.touched |= {("branch", source): None for source in {**self.before.leads, **leads}}
        return leads

    def _made(self, key: PartKey) -> Part | None:
        """Give a part, None when nobody asks for it; what stays as it was is the very same."""
        if key[0] == "branch":
            wanted = key[1] in self.branches and key[1] in self.ways
        else:
            wanted = key in self.asked or len(key) == 1
        if not wanted:
            return None
        part, old = self._part(key), self.old.get(key)
        return old if old == part else part

    def _part(self, key: PartKey) -> Part:
        match key:
            case ("group", _):
                return Part(groups=(hop_group(*next(iter(self.asked[key].values()))),))
            case ("flood",):
                return Part(tuple(floods(self._hosts())))
            case (_,):
                return self.old.get(key) or Part(tuple(base() if key == ("base",) else shared()))
        return Part(tuple(self._flows(key)))

    def _flows(self, key: PartKey) -> Iterator[Flow]:
        kind, id_ = key
        if kind == "port":
            return self._port(id_)
        if kind == "blocked":
            return self._blocked(next(iter(self.asked[key].values())))
        if kind == "branch":
            return self._branch(id_)
        return chain_flows(self.ways[id_], entered=self._entered(id_), branches=id_ in self.branches)

    def _port(self, id_: str) -> Iterator[Flow]:
        asked, port = self.asked["port", id_], self.ports[id_]
        wishes = sorted(
            (given for who, given in asked.items() if who[0] == "chain"), key=lambda wish: wish[0]
        )
        wanted: list[Use] = [use for _, use in wishes]
        kinds = {who[0] for who in asked}
        source = "blocked" in kinds or any(use.source for use in wanted)
        yield from port_flows(port, "pair" in kinds, source, {way for use in wanted for way in use.ways})
        if late := [late for use in wanted for late in use.late]:
            yield from late_fragments(port.number, late)

    def _hosts(self) -> Iterator[SwitchPort]:
        """The ports of no function."""
        for id_, port in self.ports.items():
            if not any(kind == "pair" for kind, _ in self.asked.get(("port", id_), ())):
                yield port

    def _blocked(self, classifier: FlowClassifier) -> Iterator[Flow]:
        id_ = classifier.logical_source_port or ""
        wishes = (given for who, given in self.asked["port", id_].items() if who[0] == "chain")
        shares = any(use.source for _, use in wishes)
        return blocked_flows(self.ports[id_], tuple_of(classifier), shares)

    def _branch(self, source: str) -> Iterator[Flow]:
        ends = self.branches[source]
        targets = [self.ways[end][0] for end in ends if end in self.ways]
        dead = [tuple_of(fc) for end in ends for fc in self.wanted.dead_ends.get(end, ())]
        return branch_flows(self.ways[source][0], targets, dead)


def _ends(part: Part | None) -> list[Flow]:
    """The flows by which a port gets what has passed a chain."""
    return [flow for flow in part.flows if flow.table == END] if part else []


def _at(blocked: Iterable[FlowClassifier]) -> dict[PartKey, Any]:
    """The ports at which blocked packets come in."""
    return {("port", classifier.logical_source_port or ""): None for classifier in blocked}
