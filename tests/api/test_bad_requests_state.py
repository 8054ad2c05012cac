"""Requests against what is there (missing, in use, conflicting), over HTTP: each is refused with its type and changes nothing."""

import pytest

from . import bad_states as bad
from . import world

ask, ids, unchanged = world.ask, world.ids, world.unchanged


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "rows",
    [bad.SHOWN, bad.DELETED, bad.ON_COLLECTIONS, bad.UNKNOWN, bad.NO_METHODS, bad.AGENTS],
    ids=["shown", "deleted", "on collections", "unknown", "methods", "agents"],
)
def test_what_is_not_there_is_told(ask, ids, rows):
    requests = [(row[0], f"/v2.0/{row[1]}", *row[2:]) for row in world.filled(rows, ids)]
    assert world.refusals(ask, requests) == []


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "row", bad.CONFLICTS, ids=[f"{number}-{row[-1]}" for number, row in enumerate(bad.CONFLICTS)]
)
def test_what_stands_against_others_is_refused(ask, ids, row):
    method, path, body, status, type_ = world.filled(row, ids)
    assert world.refusals(ask, [(method, f"/v2.0/{path}", body, status, type_)]) == []


def test_the_tables_are_long_enough():
    assert len({repr(row) for row in bad.ALL}) > 300
