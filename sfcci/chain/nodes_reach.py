"""At which nodes packets can meet what: places on paths, deliveries, groups.

What is told of it is counted, so that a change costs what it touches.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfcci.chain.nodes_view import Thing
from sfcci.chain.program import PartKey

Counted = Mapping[Thing, Mapping[Any, int]]
NOWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Claim:
    """What a part says: where packets meet a thing first, what they meet behind a thing, and what the part depends on."""

    roots: frozenset[tuple[Thing, str]]
    edges: frozenset[tuple[Thing, Thing]]
    needs: frozenset[Thing]


Claims = Mapping[PartKey, Claim]


@dataclass(frozen=True)
class Reach:
    """Thing → the nodes (names) where it is met; and of what that follows, each with the number of parts that say so."""

    met: Mapping[Thing, frozenset[str]] = field(default_factory=dict)
    roots: Counted = field(default_factory=dict)
    onward: Counted = field(default_factory=dict)
    behind: Counted = field(default_factory=dict)
    users: Mapping[Thing, Mapping[PartKey, int]] = field(default_factory=dict)

    def at(self, thing: Thing) -> frozenset[str]:
        """Give the nodes at which packets can meet it."""
        return self.met.get(thing, NOWHERE)

    def revised(self, old: Claims, new: Claims) -> tuple["Reach", Mapping[Thing, frozenset[str]]]:
        """Give it with these claims in the place of the old ones; and thing → the nodes where that made a difference."""
        revision = _Revision(self)
        for claims, by in ((old, -1), (new, 1)):
            for key, claim in claims.items():
                revision.count(key, claim, by)
        return revision.reach()


class _Revision:
    """A copy that is written to: of each table only what differs is copied."""

    def __init__(self, old: Reach) -> None:
        self.old = old
        self.roots, self.onward = _Table(old.roots), _Table(old.onward)
        self.behind, self.users = _Table(old.behind), _Table(old.users)
        self.touched: set[Thing] = set()

    def count(self, key: PartKey, claim: Claim, by: int) -> None:
        for thing, node in claim.roots:
            self.roots.count(thing, node, by)
            self.touched.add(thing)
        for thing, met in claim.edges:
            self.onward.count(thing, met, by)
            self.behind.count(met, thing, by)
            self.touched.add(met)
        for thing in claim.needs:
            self.users.count(thing, key, by)

    def reach(self) -> tuple[Reach, Mapping[Thing, frozenset[str]]]:
        met = self._met()
        old = self.old.met
        differ = {
            thing: nodes ^ old.get(thing, NOWHERE)
            for thing, nodes in met.items()
            if nodes != old.get(thing, NOWHERE)
        }
        kept = {**old, **{thing: met[thing] for thing in differ}}
        for thing in differ:
            if not kept[thing]:
                del kept[thing]
        tables = (table.found for table in (self.roots, self.onward, self.behind, self.users))
        return Reach(kept, *tables), differ

    def _met(self) -> dict[Thing, frozenset[str]]:
        """The nodes of all that may be met elsewhere than before: what goes round in a circle holds nothing up by itself."""
        again = self._onward(self.touched)
        found: dict[Thing, set[str]] = {}
        for thing in again:
            nodes = found[thing] = set(self.roots.found.get(thing, ()))
            for source in self.behind.found.get(thing, ()):
                if source not in again:
                    nodes |= self.old.met.get(source, NOWHERE)
        todo = list(again)
        while todo:
            thing = todo.pop()
            for met in self.onward.found.get(thing, ()):
                if not found[thing] <= found[met]:
                    found[met] |= found[thing]
                    todo.append(met)
        return {thing: frozenset(nodes) for thing, nodes in found.items()}

    def _onward(self, things: Iterable[Thing]) -> set[Thing]:
        again, todo = set(things), list(things)
        while todo:
            fresh = [thing for thing in self.onward.found.get(todo.pop(), ()) if thing not in again]
            again.update(fresh)
            todo += fresh
        return again


class _Table:
    """Thing → who says so → how often."""

    def __init__(self, old: Counted) -> None:
        self.found: dict[Thing, dict[Any, int]] = dict(old)  # type: ignore[arg-type]  # written only to those of `mine`
        self.mine: set[Thing] = set()

    def count(self, thing: Thing, other: Hashable, by: int) -> None:
        if thing not in self.mine:
            self.found[thing] = dict(self.found.get(thing, ()))
            self.mine.add(thing)
        inner = self.found[thing]
        number = inner.get(other, 0) + by
        if number:
            inner[other] = number
        else:
            del inner[other]
            if not inner:
                del self.found[thing]
                self.mine.discard(thing)
