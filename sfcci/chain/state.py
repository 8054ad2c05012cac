"""The state that the API speaks of: every collection's resources, never changed, but replaced.

A resource is a mapping of its attributes (JSON values, in the order in which answers show them). Who stores one never
changes it afterwards: a new one takes its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Resource = Mapping[str, Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Asked:
    """Who asks, and what a pure function cannot make: a new uuid and the time (as `2026-01-31T23:59:59Z`)."""

    project: str
    admin: bool
    id: str
    now: str


@dataclass(frozen=True)
class Write:
    """One resource that differs between two states; `resource` None: it is gone."""

    collection: str
    id: str
    resource: Resource | None


@dataclass(frozen=True)
class State:
    """All resources: collection name → id → resource."""

    collections: Mapping[str, Mapping[str, Resource]] = field(default_factory=lambda: NOTHING)

    def of(self, collection: str) -> Mapping[str, Resource]:
        """Give a collection's resources by id, in the order of their creation."""
        return self.collections.get(collection, NOTHING)

    def get(self, collection: str, id_: str) -> Resource | None:
        """Give one resource, None when there is none."""
        return self.of(collection).get(id_)

    def put(self, collection: str, resource: Resource) -> "State":
        """Give the state with that resource, new or in the place of the one with its id."""
        return self._replaced(collection, {**self.of(collection), resource["id"]: resource})

    def without(self, collection: str, id_: str) -> "State":
        """Give the state without that resource."""
        return self._replaced(collection, {k: v for k, v in self.of(collection).items() if k != id_})

    def _replaced(self, collection: str, resources: Mapping[str, Resource]) -> "State":
        return State({**self.collections, collection: resources})


def writes(old: State, new: State) -> tuple[Write, ...]:
    """Give what makes `new` of `old`: what is stored, and what the switch hears of."""
    return tuple(write for collection in new.collections for write in _writes(collection, old, new))


def _writes(collection: str, old: State, new: State) -> Iterator[Write]:
    before, after = old.of(collection), new.of(collection)
    if before is after:
        return
    for id_ in before:
        if id_ not in after:
            yield Write(collection, id_, None)
    for id_, resource in after.items():
        if before.get(id_) is not resource:
            yield Write(collection, id_, resource)
