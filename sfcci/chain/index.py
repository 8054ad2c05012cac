"""Which resources of a collection have a given value: looked up instead of looked for.

An index follows from the collection alone. It keeps the last one that it was asked for, so that the next state's, which
differs in a resource or two, costs little. That is all that it remembers: whatever it is asked, the answer is the same.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from sfcci.chain.state import NOTHING, Resource

Resources = Mapping[str, Resource]
Key = TypeVar("Key", bound=Hashable)


class Index(Generic[Key]):
    """Key → ids of the resources that have it; `keys` gives those of one resource."""

    def __init__(self, keys: Callable[[Resource], Iterable[Key]]) -> None:
        self.keys = keys
        self.last: tuple[Resources, Mapping[Key, tuple[str, ...]]] = (NOTHING, {})

    def of(self, resources: Resources) -> Mapping[Key, tuple[str, ...]]:
        """Give the index of a collection that nobody changes any more."""
        before, held = self.last
        if resources is not before:
            held = self._following(before, held, resources)
            self.last = (resources, held)  # one assignment: threads may ask at once
        return held

    def _following(
        self, before: Resources, held: Mapping[Key, tuple[str, ...]], resources: Resources
    ) -> Mapping[Key, tuple[str, ...]]:
        changed = [id_ for id_, resource in resources.items() if before.get(id_) is not resource]
        if 2 * len(changed) > len(resources):
            before, held, changed = NOTHING, {}, list(resources)
        gone = [id_ for id_ in before if id_ not in resources]
        new = dict(held)
        for id_ in (*gone, *(id_ for id_ in changed if id_ in before)):
            self._forget(new, id_, before[id_])
        for id_ in changed:
            for key in dict.fromkeys(self.keys(resources[id_])):
                new[key] = (*new.get(key, ()), id_)
        return new

    def _forget(self, new: dict[Key, tuple[str, ...]], id_: str, resource: Resource) -> None:
        for key in dict.fromkeys(self.keys(resource)):
            left = tuple(other for other in new[key] if other != id_)
            if left:
                new[key] = left
            else:
                del new[key]
