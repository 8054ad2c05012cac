"""One program over many nodes: what each node's switch does so that all of them do what one switch would.

A node has what concerns it: packets are taken up where their port is, and who decides for a port elsewhere makes the
frame ready for that port, and sends it through the tunnel under the port's number (`tun_id`). Where it arrives, that
number alone is looked at. What one switch would do NORMAL is told by the address of the port, for ports are known; what
has nobody's address is a copy for each node that has ports of the network. No address is learned from a tunnel, and
nothing that came by one leaves by one, so no packet goes round.

What the programs were made of is kept: the next ones cost what has changed since, not what there is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sfcci.chain.node import Places
from sfcci.chain.nodes_flows import NodeFlows, is_flood
from sfcci.chain.nodes_own import Elsewhere, own_parts
from sfcci.chain.nodes_reach import Claim, Reach
from sfcci.chain.nodes_view import EVERYWHERE, PartView, Thing, Viewed, viewed
from sfcci.chain.program import Part, PartKey, Program, differing

Made = dict[str, dict[PartKey, Part | None]]
"""Node (name) → its parts that may be others; None: it has none of that key."""
PLACES: Final[PartKey] = ("places",)
"""Who says where nodes and networks are."""


@dataclass(frozen=True, eq=False)
class NodePrograms(Mapping[str, Program]):
    """The program of each node, by its name; and of what they were made."""

    of: Mapping[str, Program] = field(default_factory=dict)
    program: Program = field(default_factory=Program, repr=False)
    places: Places = field(default=Places({}), repr=False)
    views: Mapping[PartKey, PartView] = field(default_factory=dict, repr=False)
    reach: Reach = field(default=Reach(), repr=False)

    def __getitem__(self, node: str) -> Program:
        return self.of[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self.of)

    def __len__(self) -> int:
        return len(self.of)


NO_PROGRAMS: Final = NodePrograms()
NO_PROGRAM: Final = Program()


def on_nodes(program: Program, places: Places, before: NodePrograms | None = None) -> NodePrograms:
    """Give each node's program. `before`: what was given last, of which all that stays is kept as it is.

    A node of which nothing differs keeps the very same program; where nothing differs at all, `before` is given.
    """
    if before is None:
        return _Projection(program, places, NO_PROGRAMS).made()
    if before.program is program and before.places is places:
        return before
    if before.places.nodes != places.nodes or before.places.encapsulation != places.encapsulation:
        return _kept(_Projection(program, places, NO_PROGRAMS).made(), before)
    return _Projection(program, places, before).made()


def _kept(made: NodePrograms, before: NodePrograms) -> NodePrograms:
    """The programs with all parts of before that are the same."""
    of = {}
    for name, program in made.of.items():
        had = before.of.get(name, NO_PROGRAM)
        differs = {key: part for key, part in program.parts.items() if had.parts.get(key) != part}
        gone = dict.fromkeys(key for key in had.parts if key not in program.parts)
        of[name] = had.derived({**differs, **gone})
    return NodePrograms(of, made.program, made.places, made.views, made.reach)


class _Projection:
    """One projection: parts that differ, or name ports that moved, are viewed again; what follows from it is made anew."""

    def __init__(self, program: Program, places: Places, before: NodePrograms) -> None:
        self.program, self.places, self.before = program, places, before
        self.moved = _moved(before.places, places)
        self.flows = {name: NodeFlows(places, node) for name, node in places.nodes.items()}
        self.views, self.reach = dict(before.views), before.reach

    def made(self) -> NodePrograms:
        keys = dict.fromkeys(differing(self.before.program, self.program))
        users = self.before.reach.users
        for number in self.moved:
            keys |= dict.fromkeys(users.get(("port", number), ()))
        if not keys and not self.moved and self.before.places.nodes:
            return self.before
        differ = self._look_again(keys)
        made: Made = {name: {} for name in self.places.nodes}
        for key in keys:
            self._part(key, made, self.places.nodes)
        for key, nodes in self._concerned(differ, keys).items():
            self._part(key, made, nodes)
        elsewhere: Elsewhere = {}
        for name in made:
            made[name].update(own_parts(self.flows[name], self.before.places, self.moved, elsewhere))
        of = {name: self._program(name).derived(self._fresh(name, parts)) for name, parts in made.items()}
        return NodePrograms(of, self.program, self.places, self.views, self.reach)

    def _program(self, name: str) -> Program:
        return self.before.of.get(name, NO_PROGRAM)

    def _fresh(self, name: str, parts: Mapping[PartKey, Part | None]) -> dict[PartKey, Part | None]:
        had = self._program(name).parts
        return {key: part for key, part in parts.items() if had.get(key) != part}

    def _look_again(self, keys: Collection[PartKey]) -> Mapping[Thing, frozenset[str]]:
        """View parts again; give what is met at other nodes than before."""
        old: dict[PartKey, Claim] = {}
        new: dict[PartKey, Claim] = {}
        for key in keys:
            if view := self.views.pop(key, None):
                old[key] = _claim(view, self.before.places)
            if part := self.program.parts.get(key):
                same = view is not None and self.before.program.parts.get(key) is part
                self.views[key] = view if view is not None and same else viewed(part)
                new[key] = _claim(self.views[key], self.places)
        if self.moved or not self.before.places.nodes:
            old[PLACES], new[PLACES] = (_where(places) for places in (self.before.places, self.places))
        self.reach, differ = self.before.reach.revised(old, new)
        return differ

    def _concerned(
        self, differ: Mapping[Thing, frozenset[str]], but: Collection[PartKey]
    ) -> dict[PartKey, set[str]]:
        """The parts of which something is met elsewhere than before, with the nodes."""
        found: dict[PartKey, set[str]] = {}
        for thing, nodes in differ.items():
            for key in self.reach.users.get(thing, ()):
                if key not in but:
                    found.setdefault(key, set()).update(nodes)
        return found

    def _part(self, key: PartKey, made: Made, nodes: Collection[str]) -> None:
        """Make what these nodes have of a part."""
        view = self.views.get(key)
        found = _On(view, self).parts(nodes) if view else {}
        if self.before.of:
            for name in nodes:
                if name not in found and key in self._program(name).parts:
                    made[name][key] = None
        for name, part in found.items():
            made[name][key] = part


class _On:
    """What nodes have of a part. Those that have none of its ports and the same number for their tunnels have the same."""

    def __init__(self, view: PartView, made: _Projection) -> None:
        self.view, self.places, self.reach, self.flows = view, made.places, made.reach, made.flows
        self.homes = {node.name for number in view.ports if (node := self.places.node_of(number))}
        self.known: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Part] = {}

    def parts(self, nodes: Collection[str]) -> dict[str, Part]:
        flows, groups = self._flows(nodes), self._groups(nodes)
        found = {
            name: self._made(name, flows.get(name, ()), groups.get(name, ())) for name in {**flows, **groups}
        }
        if not self.places.alone:
            for flood in (one.flow for one in self.view.flows if is_flood(one.flow)):
                for name in self.homes.intersection(nodes):
                    if arrivals := self.flows[name].arrivals(flood):
                        part = found.get(name, Part())
                        found[name] = Part((*part.flows, arrivals), part.groups)
        return found

    def _flows(self, nodes: Collection[str]) -> dict[str, list[int]]:
        """Node → places of its flows in the part."""
        found: dict[str, list[int]] = {}
        for place, one in enumerate(self.view.flows):
            for name in self._nodes(one):
                if name in nodes:
                    found.setdefault(name, []).append(place)
        return found

    def _groups(self, nodes: Collection[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, group in enumerate(self.view.groups):
            for name in self.reach.at(("group", group.number)):
                if name in nodes:
                    found.setdefault(name, []).append(place)
        return found

    def _nodes(self, one: Viewed) -> Iterable[str]:
        if one.port is not None:
            node = self.places.node_of(one.port)
            return (node.name,) if node else ()
        first, *others = (self.reach.at(need) for need in one.needs)
        return first.intersection(*others) if others else first

    def _made(self, name: str, flows: Iterable[int], groups: Iterable[int]) -> Part:
        key = (self.places.nodes[name].tunnel, tuple(flows), tuple(groups))
        if name not in self.homes and key in self.known:
            return self.known[key]
        on_node = self.flows[name]
        chosen = (self.view.flows[place] for place in key[1])
        part = Part(
            tuple(one.flow if one.neutral else on_node.flow(one.flow) for one in chosen),
            tuple(on_node.group(self.view.groups[place]) for place in key[2]),
        )
        if name not in self.homes:
            self.known[key] = part
        return part


def _moved(old: Places, new: Places) -> frozenset[int]:
    """The ports (numbers) that are not where they were."""
    if old is new or old.ports is new.ports:
        return frozenset()
    gone = (number for number in old.ports if number not in new.ports)
    return frozenset((*gone, *(n for n, port in new.ports.items() if old.ports.get(n) != port)))


def _claim(view: PartView, places: Places) -> Claim:
    roots = ((thing, places.node_of(number)) for thing, number in view.roots)
    return Claim(
        frozenset((thing, node.name) for thing, node in roots if node),
        view.edges,
        view.needs | {("port", number) for number in view.ports},
    )


def _where(places: Places) -> Claim:
    """What is said of nodes and networks."""
    networks = (
        (("network", network), name) for network, of_node in places.of_network.items() for name in of_node
    )
    everywhere = ((EVERYWHERE, name) for name in places.nodes)
    return Claim(frozenset((*everywhere, *networks)), frozenset(), frozenset())
