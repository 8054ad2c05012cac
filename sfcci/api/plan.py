"""From what is there to what a file declares: the changes, and the least requests that bring them about. Pure.

The order: what stands against something new goes first (its users' lists are shortened before), then everything new and
changed is made along the sections, then what nobody needs any more goes. So a chain keeps carrying traffic wherever its
old and its new parts can stand side by side.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sfcci.api.declaration import Declaration, Declared, Existing, Item, named, renamed
from sfcci.api.declared import MANY, ONE, SECTIONS, Word
from sfcci.api.fate import CREATE, DELETE, REPLACE, UPDATE, Change, Fates, agrees, marked, said
from sfcci.chain.conflict import basically_conflicting, conflicting

RENAME = "rename"
ALWAYS_FIRST: Final = ("service_graphs", "port_chains")
"""Two of these never stand side by side: a classifier has one chain, a list of groups, too; a chain has one graph."""
EXCLUSIVE: Final = (("port_chains", "flow_classifiers"), ("port_pair_groups", "port_pairs"))
"""Lists whose members are in one of them only."""
LISTS: Final = (*EXCLUSIVE, ("port_chains", "port_pair_groups"))
GOES_ON: Final = ("device_id", "device_owner", "host", "port_security_enabled", "mtu", "chain_id")
"""Of these a successor takes over what the file does not say."""


class New(NamedTuple):
    """A resource that has no id yet, in a request's body."""

    collection: str
    key: str


@dataclass(frozen=True)
class Step:
    """One request. `id` is "" for one that creates; `body` has the API's attributes, with `New` for ids to come."""

    verb: str
    collection: str
    key: str
    id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        noun = SECTIONS[self.collection].noun
        return f"{self.verb} {noun} {self.key}"


@dataclass(frozen=True)
class Plan:
    """What changes, and how."""

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]

    @property
    def deletions(self) -> tuple[Change, ...]:
        """The changes that take a resource away, for good or to make it anew."""
        return tuple(change for change in self.changes if change.verb in (DELETE, REPLACE))


def plan(declared: Declaration, here: Sequence[Existing], *, prune: bool = False) -> Plan:
    """Give the plan. `prune`: what the file does not name goes, in the sections that it has."""
    fates = Fates(declared, here, prune=prune)
    return Plan(tuple(fates.changes()), tuple(_Steps(fates).steps()))


class _Steps:
    """The requests in the making."""

    def __init__(self, fates: Fates) -> None:
        self.fates = fates
        self.early = self._early()
        """What goes before anything new comes."""
        self.now: dict[tuple[Item, str], list[Any]] = {}
        """Lists that steps have changed: (resource, word) → ids."""

    def _coming(self, collection: str) -> Iterator[Declared]:
        return (
            one
            for item, one in self.fates.declared.items()
            if item[0] == collection and (item not in self.fates.here or item in self.fates.why)
        )

    def _early(self) -> set[Item]:
        early = {item for item in self.fates.going if item[0] in ALWAYS_FIRST}
        clashes = {
            "subnets": _same_network,
            "ports": _same_address,
            "port_pairs": _same_ports,
            "flow_classifiers": _same_packets,
        }
        for collection, clash in clashes.items():
            for item in (item for item in self.fates.going if item[0] == collection):
                if self._stands_on(item, early) or any(
                    clash(self._seen(item), self._values(one)) for one in self._coming(collection)
                ):
                    early.add(item)
        return early

    def _stands_on(self, item: Item, early: set[Item]) -> bool:
        """Whether a resource refers for good to one that goes first."""
        words, values = SECTIONS[item[0]].words, self.fates.here[item].values
        return any(
            (word.refers, key) in early
            for word in words.values()
            if word.refers and word.shape != MANY
            for key in named(word, values[word.name])
        )

    def _seen(self, item: Item) -> Mapping[str, Any]:
        """The values of one that goes; what it refers to is not what has that name later, if that is made anew."""

        def told(refers: str, key: str) -> str:
            return f"{key}\0" if (refers, key) in self.fates.why else key

        words = SECTIONS[item[0]].words
        return {
            name: renamed(words[name], value, told) if words[name].shape == ONE else value
            for name, value in self.fates.here[item].values.items()
        }

    def _values(self, one: Declared) -> Mapping[str, Any]:
        return {**dict.fromkeys(SECTIONS[one.collection].words), **one.values}

    def steps(self) -> Iterator[Step]:
        """The requests, in order."""
        yield from self._deletions("service_graphs")
        yield from self._deletions("port_chains")
        for word in EXCLUSIVE:
            yield from self._shortened(word)
        for collection in reversed(tuple(SECTIONS)):
            if collection not in ALWAYS_FIRST:
                yield from self._deletions(collection)
        for collection in SECTIONS:
            yield from self._made(collection)
        for collection in reversed(tuple(SECTIONS)):
            for item in self.fates.going:
                if item[0] == collection and item not in self.early:
                    yield self._deletion(item)

    def _deletions(self, collection: str) -> Iterator[Step]:
        return (
            self._deletion(item) for item in self.fates.going if item[0] == collection and item in self.early
        )

    def _deletion(self, item: Item) -> Step:
        return Step(DELETE, *item, self.fates.here[item].id)

    def _shortened(self, word: tuple[str, str]) -> Iterator[Step]:
        """Lists without what goes first, and without what another list gets."""
        collection, name = word
        refers = SECTIONS[collection].words[name].refers
        for item, one in self.fates.here.items():
            if item[0] != collection or (item in self.early and item in self.fates.going):
                continue
            left = [key for key in one.values[name] if not self._leaves(item, name, (refers, key))]
            if left != one.values[name]:
                ids = [
                    self.fates.here[refers, key].id if (refers, key) in self.fates.here else key
                    for key in left
                ]
                self.now[item, name] = ids
                yield Step(UPDATE, *item, one.id, {name: ids})

    def _leaves(self, holder: Item, name: str, member: Item) -> bool:
        if member in self.early:
            return True
        if holder not in self.fates.declared and holder not in self.fates.going:
            return False
        if (
            holder in self.fates.declared
            and holder not in self.fates.going
            and member[1] in self.fates.declared[holder].values[name]
        ):
            return False
        wanted = [
            other
            for other, one in self.fates.declared.items()
            if other[0] == holder[0]
            and (other != holder or holder in self.fates.why)
            and member[1] in one.values[name]
        ]
        if wanted and member not in self.fates.why:
            return True
        return (
            holder in self.fates.declared
            and member[0] == "flow_classifiers"
            and self._hinders(holder, member)
        )

    def _hinders(self, chain: Item, classifier: Item) -> bool:
        """Whether another chain gets a classifier that wants the same packets."""
        old = self.fates.here.get(classifier)
        return old is not None and any(
            basically_conflicting(old.values, self._values(self.fates.declared["flow_classifiers", key]))
            for other, one in self.fates.declared.items()
            if other[0] == "port_chains" and other != chain
            for key in one.values["flow_classifiers"]
            if ("flow_classifiers", key) in self.fates.declared
        )

    def _made(self, collection: str) -> Iterator[Step]:
        mine = [item for item in self.fates.declared if item[0] == collection]
        updated = [item for item in mine if item in self.fates.here and item not in self.fates.why]
        yield from self._followed(collection)
        for item in self._freeing(updated) if collection == "port_chains" else updated:
            yield from self._updated(item)
        for item in mine:
            if item in self.fates.why and item not in self.early:
                yield self._renamed(item)
            if item not in self.fates.here or item in self.fates.why:
                yield self._created(item)

    def _followed(self, collection: str) -> Iterator[Step]:
        """Lists of what the file does not name get the successor of what is made anew."""
        for item, one in self.fates.here.items():
            if item[0] != collection or item in self.fates.declared or item in self.fates.going:
                continue
            words = (SECTIONS[collection].words[name] for holder, name in LISTS if holder == collection)
            for word in words:
                becomes = list(dict.fromkeys(self._body(word, one.values[word.name])))
                is_ = self.now.get((item, word.name), self._old_body(word, one.values[word.name]))
                if becomes != is_:
                    yield Step(UPDATE, *item, one.id, {word.of_api: becomes})

    def _freeing(self, items: Sequence[Item]) -> list[Item]:
        """Chains in such an order that each finds its list of groups free."""
        left, order = list(items), []
        while left:
            ready = next((item for item in left if self.fates.in_the_way(item) not in left), left[0])
            left.remove(ready)
            order.append(ready)
        return order

    def _renamed(self, item: Item) -> Step:
        one = self.fates.here[item]
        return Step(RENAME, *item, one.id, {"name": marked(one.values["name"])})

    def _created(self, item: Item) -> Step:
        one = self.fates.declared[item]
        kept = self.fates.here[item].values if item in self.fates.why else {}
        values = {**{k: v for k, v in kept.items() if self._goes_on(item, k, v)}, **said(one)}
        words = SECTIONS[item[0]].words
        body = {words[name].of_api: self._body(words[name], value) for name, value in values.items()}
        body |= {"ip_version": 6 if ":" in one.values["cidr"] else 4} if item[0] == "subnets" else {}
        return Step(CREATE, *item, body={"name": self._name(item), **body})

    def _goes_on(self, item: Item, name: str, value: Any) -> bool:
        """Whether a successor takes over a value that the file does not say."""
        return name in GOES_ON and value not in ("", None) and name not in self.fates.declared[item].values

    def _name(self, item: Item) -> str:
        old = self.fates.here[item].values["name"] if item in self.fates.here else item[1]
        return str(self.fates.declared[item].values.get("name", old))

    def _updated(self, item: Item) -> Iterator[Step]:
        words, old, wanted = SECTIONS[item[0]].words, self.fates.here[item], self.fates.declared[item].values
        body: dict[str, Any] = {}
        for name, value in wanted.items():
            word = words[name]
            becomes = self._body(word, value)
            is_ = self.now.get((item, name), self._old_body(word, old.values[name]))
            if not (becomes == is_ if word.shape == MANY else agrees(word, old.values[name], value)):
                body[word.of_api] = becomes
        if item[0] == "ports" and body.get("port_security_enabled") is False:
            body["security_groups"] = []  # a port without port security has none
        if body:
            yield Step(UPDATE, *item, old.id, body)

    def _body(self, word: Word, value: Any) -> Any:
        return renamed(word, value, self._id)

    def _old_body(self, word: Word, value: Any) -> Any:
        return renamed(
            word,
            value,
            lambda refers, key: self.fates.here[refers, key].id if (refers, key) in self.fates.here else key,
        )

    def _id(self, collection: str, key: str) -> Any:
        """The id of what will have that key."""
        item = self.fates.leftover.get((collection, key), (collection, key))
        if item in self.fates.here and item not in self.fates.why:
            return self.fates.here[item].id
        return New(*item)


def _same_network(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Side by side, new ports would get addresses of the one that goes."""
    return bool(old["network"] == new["network"])


def _same_address(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if old["network"] != new["network"]:
        return False
    addresses = {one.get("ip_address") for one in new["fixed_ips"] or ()}
    return old["mac_address"] == new["mac_address"] or any(
        one.get("ip_address") in addresses for one in old["fixed_ips"] or ()
    )


def _same_ports(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(old["ingress"] == new["ingress"] and old["egress"] == new["egress"])


def _same_packets(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return conflicting(old, new)
