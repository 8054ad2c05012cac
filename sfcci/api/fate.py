"""What becomes of each resource when a file is applied: it stays, is made, changed, made anew, or goes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sfcci.api.declaration import (
    LONGEST_NAME,
    MARK,
    Declaration,
    Declared,
    Existing,
    Item,
    named,
)
from sfcci.api.declared import ADDRESSES, MANY, SECTIONS, Word
from sfcci.errors import InputError

CREATE, UPDATE, REPLACE, DELETE = "create", "update", "replace", "delete"
CHAIN_LISTS = ("port_pair_groups", "flow_classifiers")


@dataclass(frozen=True)
class Change:
    """What becomes of one resource. `words`: word → (what it is, what it becomes); `why` a replacement is one."""

    verb: str
    collection: str
    key: str
    words: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    why: str = ""


def agrees(word: Word, value: Any, wanted: Any) -> bool:
    """Say whether a value is what is wanted; addresses are, when each wanted one is among them."""
    if word.shape != ADDRESSES:
        return bool(value == wanted)
    left = list(value)
    for want in wanted:
        match = next((one for one in left if want.items() <= one.items()), None)
        if match is None:
            return False
        left.remove(match)
    return not left


class Fates:
    """What becomes of each. `prune`: what the file does not name goes, in the sections that it has. Raises InputError."""

    def __init__(self, declared: Declaration, here: Sequence[Existing], *, prune: bool) -> None:
        self.declared = {one.item: one for one in declared.resources}
        self.here = {one.item: one for one in here}
        self.leftover = self._leftovers()
        """What an interrupted run has left → its successor."""
        self.why: dict[Item, str] = {}
        """Why each of those is replaced that are."""
        self._replace()
        self.gone = self._gone(declared.sections if prune else frozenset())
        self.going = {item: self.here[item] for item in (*self.gone, *self.why)}
        self._check_users(declared)

    def _leftovers(self) -> dict[Item, Item]:
        successors = {(collection, marked(key)): (collection, key) for collection, key in self.declared}
        names = ((item, (one.collection, one.values["name"])) for item, one in self.here.items())
        return {item: successors[name] for item, name in names if name in successors}

    def differing(self, item: Item) -> dict[str, tuple[Any, Any]]:
        """The words of a declared resource that are otherwise there."""
        words, old = SECTIONS[item[0]].words, self.here[item].values
        return {
            name: (old[name], wanted)
            for name, wanted in self.declared[item].values.items()
            if not agrees(words[name], old[name], wanted)
        }

    def _replace(self) -> None:
        """Find what has to be made anew, until nothing follows from it any more."""
        kept = [item for item in self.declared if item in self.here]
        for item in kept:
            if fixed := [name for name in self.differing(item) if SECTIONS[item[0]].words[name].fixed]:
                self.why[item] = f"{', '.join(fixed)} cannot be changed"
        self._swapped_lists()
        size = -1
        while size != len(self.why):
            size = len(self.why)
            for item in kept:
                if item not in self.why and (cause := self._cause(item)):
                    self.why[item] = cause

    def _cause(self, item: Item) -> str:
        """Why a resource that could stay is made anew all the same."""
        collection, old = item[0], self.here[item].values
        for word in SECTIONS[collection].words.values():
            for key in named(word, old[word.name]) if word.refers and word.fixed else ():
                if (word.refers, key) in self.why:
                    return f"{word.name} {key} is replaced"
                if collection == "service_graphs" and self._relisted((word.refers, key)):
                    return f"a chain in a graph keeps its lists, and {key} gets others"
        if collection == "ports" and (
            subnet := next((one for one in self._subnets_of(old["network"]) if one in self.why), None)
        ):
            return f"its subnet {subnet[1]} is replaced"
        return ""

    def _subnets_of(self, network: str) -> Iterator[Item]:
        return (
            item
            for item, one in self.here.items()
            if item[0] == "subnets" and one.values["network"] == network
        )

    def _relisted(self, chain: Item) -> bool:
        """Whether a chain's lists are changed, or something in them is made anew."""
        if chain not in self.declared or chain not in self.here:
            return False
        if not self.differing(chain).keys().isdisjoint(CHAIN_LISTS):
            return True
        values = self.declared[chain].values
        return any((word, key) in self.why for word in CHAIN_LISTS for key in values[word])

    def _swapped_lists(self) -> None:
        """Chains that take each other's list of groups cannot do so one after the other: one is made anew."""
        while cycle := self._cycle():
            self.why[cycle] = "it changes its groups with another chain"

    def _cycle(self) -> Item | None:
        waits = {item: self.in_the_way(item) for item in self.declared if self._regrouped(item)}
        for start, next_ in waits.items():
            seen, at = [start], next_
            while at is not None and at not in seen:
                seen.append(at)
                at = waits.get(at)
            if at == start:
                return start
        return None

    def _regrouped(self, item: Item) -> bool:
        return (
            item[0] == "port_chains"
            and item in self.here
            and item not in self.why
            and "port_pair_groups" in self.differing(item)
        )

    def in_the_way(self, item: Item) -> Item | None:
        """The chain that has the list of groups which this one gets."""
        wanted = self.declared[item].values["port_pair_groups"]
        return next(
            (
                other
                for other, one in self.here.items()
                if other[0] == "port_chains" and other != item and one.values["port_pair_groups"] == wanted
            ),
            None,
        )

    def _check_users(self, declared: Declaration) -> None:
        """What the file does not name cannot follow when it refers for good to something that is made anew."""
        faults = [
            declared.source.fault(
                cause,
                f"cannot be made anew ({self.why[cause]}): {SECTIONS[item[0]].noun} {item[1]} uses it",
                hint="name that one in the file, too",
            )
            for item, one in self.here.items()
            if item not in self.declared and item not in self.going
            for cause in self._causes(one)
        ]
        if faults:
            raise InputError(*faults)

    def _causes(self, one: Existing) -> Iterator[Item]:
        for word in SECTIONS[one.collection].words.values():
            for key in named(word, one.values[word.name]) if word.refers and word.shape != MANY else ():
                if (word.refers, key) in self.why:
                    yield word.refers, key

    def _gone(self, sections: frozenset[str]) -> list[Item]:
        """What is deleted for good: all that nobody names, unless something that stays refers to it."""
        out = {
            item
            for item, one in self.here.items()
            if item in self.leftover
            or (item[0] in sections and item not in self.declared and not one.foreign)
        }
        size = -1
        while size != len(out):
            size = len(out)
            out -= {item for stays in self._staying(out) for item in stays if item not in self.leftover}
        return [item for item in self.here if item in out]

    def _staying(self, out: set[Item]) -> Iterator[Iterator[Item]]:
        for item, wanted in self.declared.items():
            yield references(item[0], wanted.values)
            if item in self.here and item not in self.why:
                values = {k: v for k, v in self.here[item].values.items() if k not in wanted.values}
                yield references(item[0], values)
        for item, one in self.here.items():
            if item not in self.declared and item not in out:
                yield references(item[0], one.values)

    def changes(self) -> Iterator[Change]:
        """What becomes of each resource that does not stay as it is."""
        for item, one in self.declared.items():
            if item not in self.here:
                yield Change(CREATE, *item, {name: (None, value) for name, value in said(one).items()})
            elif words := self.differing(item):
                yield Change(REPLACE if item in self.why else UPDATE, *item, words, self.why.get(item, ""))
            elif item in self.why:
                yield Change(REPLACE, *item, {}, self.why[item])
        for item in self.gone:
            yield Change(DELETE, *item)


def marked(name: str) -> str:
    """Give the name of one whose successor is being made."""
    return name[: LONGEST_NAME - len(MARK)] + MARK


def references(collection: str, values: Mapping[str, Any]) -> Iterator[Item]:
    """Give the other resources in a resource's values."""
    for name, value in values.items():
        word = SECTIONS[collection].words[name]
        for key in named(word, value) if word.refers else ():
            yield word.refers, key


def said(one: Declared) -> dict[str, Any]:
    """Give what a request to create it has to say: all but defaults."""
    words = SECTIONS[one.collection].words
    return {
        name: value
        for name, value in one.values.items()
        if words[name].kept or words[name].required or value != words[name].default
    }
