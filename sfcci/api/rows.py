"""Where the state's resources stand in its table: the position of each, and what a commit changes there."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sfcci.chain.state import Resource, State, Write

Key = tuple[str, str]
"""Collection and id."""


class Row(NamedTuple):
    """A resource and its place in the order of creation."""

    position: int
    collection: str
    resource: Resource


Rows = Mapping[Key, Row | None]
"""None: there was one, and it goes."""


class Change(NamedTuple):
    """What makes one set of rows of another."""

    gone: tuple[int, ...]
    """Positions."""
    new: tuple[Row, ...]
    changed: tuple[Row, ...]


def numbered(rows: Rows, writes: Iterable[Write], position: int) -> dict[Key, Row | None]:
    """Give the rows that the writes leave behind, one after the other; the first new one gets that position."""
    after: dict[Key, Row | None] = {}
    for write in writes:
        key = write.collection, write.id
        before = after[key] if key in after else rows.get(key)
        if write.resource is None:
            after[key] = None
        elif before is None:
            after[key], position = Row(position, write.collection, write.resource), position + 1
        else:
            after[key] = Row(before.position, write.collection, write.resource)
    return after


def change(rows: Rows, after: Rows) -> Change:
    """Give what brings `rows` to where `after` has them; rows that `after` does not name stay."""
    gone, new, changed = [], [], []
    for key, row in after.items():
        old = rows.get(key)
        if old and (row is None or row.position != old.position):
            gone.append(old.position)
        if row and (old is None or row.position != old.position):
            new.append(row)
        elif row:
            changed.append(row)
    return Change(tuple(gone), tuple(new), tuple(changed))


def places(*rows: Iterable[Row | None]) -> frozenset[int]:
    """Give the positions of all of the rows."""
    return frozenset(row.position for some in rows for row in some if row)


def state_of(rows: Iterable[Row]) -> State:
    """Give the state whose resources these are, in their order."""
    collections: dict[str, dict[str, Resource]] = {}
    for row in sorted(rows, key=lambda row: row.position):
        collections.setdefault(row.collection, {})[row.resource["id"]] = row.resource
    return State(collections)
