"""Writing into the run database: inside one transaction, results, what is derived from them, and marks of change.

Who writes takes the recorder's row first, so writers come one after the other on every database. Cells are packed anew
from the rows of their day: whatever came, late or again or in another order, they say what the rows say.
"""

import itertools
import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, tuple_, update

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cell import DAY_MS, cell, day
from sfcci.gate.history_tables import CELLS, LOG_ROOTS, MARKS, RECORDER, RESULTS, SERIES, TESTED
from sfcci.gate.job import JobResult
from sfcci.gate.log_address import parted
from sfcci.gate.packed import packed
from sfcci.gate.query import CODE, Tested, series_key, tested

CHUNK = 500
"""So many ids are asked for at once: each database bounds the length of a statement."""
LONGEST_MS = 2**32 - 1
_Key = TypeVar("_Key", bound=Hashable)
_Row = tuple[Any, ...]


def write(connection: Connection, results: Iterable[JobResult]) -> None:
    """Write results; a run that is there already is replaced by what is said now, one that says the same stays."""
    generation = begin(connection)
    rows = _rows(connection, {packed(result.run): _checked(result) for result in results})
    old = dict(_there(connection, rows))
    gone = {number: row for number, row in old.items() if row != rows[row[0]]}
    same = {row[0] for number, row in old.items() if number not in gone}
    new = [row for run, row in rows.items() if run not in same]
    _many(connection, delete(RESULTS).where(RESULTS.c.id == bindparam("_id")), [{"_id": one} for one in gone])
    _insert(connection, RESULTS, _names(RESULTS), new)
    changed = [*gone.values(), *new]
    _mark(connection, {(row[1], row[5], row[3] // 1000) for row in changed}, generation)
    _pack(connection, {(row[1], day(row[3])) for row in changed})


def begin(connection: Connection) -> int:
    """Wait until nobody else writes; give the number of this change."""
    connection.execute(update(RECORDER).values(generation=RECORDER.c.generation + 1))
    generation: int = connection.execute(select(RECORDER.c.generation)).scalar_one()
    return generation


def chunks(items: Collection[_Key]) -> Iterator[tuple[_Key, ...]]:
    """Give the items in parts that a statement can hold."""
    left = iter(items)
    while part := tuple(itertools.islice(left, CHUNK)):
        yield part


def _checked(result: JobResult) -> JobResult:
    if result.ended_ms < 0 or not 0 <= result.duration_ms <= LONGEST_MS:
        found = f"started at {result.started_at}, took {result.duration_ms} ms"
        raise InputError(
            Fault(Place(f"run {result.run}"), found, "an end since 1970, a duration of at most 49 days")
        )
    return result


def _rows(connection: Connection, results: dict[bytes, JobResult]) -> dict[bytes, _Row]:
    """Give the row of each run by its packed id, in the order of the columns."""
    logs = {run: parted(result.log_dir, result.run) for run, result in results.items()}
    series = _numbers(connection, SERIES, {series_key(result) for result in results.values()}, tuple)
    what = _numbers(connection, TESTED, {tested(result) for result in results.values()}, _packed_tested)
    roots = _numbers(connection, LOG_ROOTS, {root for root, _ in logs.values() if root}, lambda root: (root,))
    return {
        run: (
            run,
            series[series_key(result)],
            what[tested(result)],
            result.ended_ms,
            result.duration_ms,
            CODE[result.result],
            result.voting,
            roots.get(logs[run][0], 0),
            logs[run][1],
            json.dumps(result.reasons) if result.reasons else None,
        )
        for run, result in results.items()
    }


def _packed_tested(one: Tested) -> _Row:
    return tuple(map(packed, one))


def _numbers(
    connection: Connection, table: Table, keys: Collection[_Key], row: Callable[[_Key], _Row]
) -> dict[_Key, int]:
    """Give the number of each key in a table of names; those that it lacks are added."""
    wanted = {row(key): key for key in keys}
    known = dict(_known(connection, table, wanted))
    if lost := [one for one in wanted if one not in known]:
        _insert(connection, table, _names(table), lost)
        known |= _known(connection, table, lost)
    return {key: known[one] for one, key in wanted.items()}


def _known(connection: Connection, table: Table, rows: Collection[_Row]) -> Iterator[tuple[_Row, int]]:
    columns = [table.c[name] for name in _names(table)]
    for part in chunks(rows):
        query = select(table.c.id, *columns).where(tuple_(*columns).in_(part))
        yield from ((tuple(found[1:]), found[0]) for found in connection.execute(query))


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name != "id"]


def _there(connection: Connection, runs: Collection[bytes]) -> Iterator[tuple[int, _Row]]:
    """Give the number and the row of those runs that are there."""
    columns = [RESULTS.c[name] for name in _names(RESULTS)]
    for part in chunks(runs):
        query = select(RESULTS.c.id, *columns).where(RESULTS.c.run.in_(part))
        yield from ((found[0], tuple(found[1:])) for found in connection.execute(query))


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: Collection[_Row]) -> None:
    _many(connection, insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _many(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


def _mark(connection: Connection, places: set[tuple[int, int, int]], generation: int) -> None:
    same = and_(*(MARKS.c[name] == bindparam(f"_{name}") for name in ("series", "result", "ended_s")))
    rows = sorted(places)
    _many(
        connection,
        delete(MARKS).where(same),
        [{"_series": s, "_result": r, "_ended_s": at} for s, r, at in rows],
    )
    _insert(
        connection, MARKS, ("series", "result", "ended_s", "generation"), [(*row, generation) for row in rows]
    )


def _pack(connection: Connection, touched: set[tuple[int, int]]) -> None:
    """Pack the cells of these series and days anew from their rows."""
    made = dict.fromkeys(touched, b"")
    for series, first, last in _stretches(sorted(touched)):
        made |= _cells(connection, series, first, last)
    same = and_(CELLS.c.series == bindparam("_series"), CELLS.c.day == bindparam("_day"))
    rows = sorted(made.items())
    _many(connection, delete(CELLS).where(same), [{"_series": s, "_day": d} for (s, d), _ in rows])
    _insert(connection, CELLS, ("series", "day", "runs"), [(*place, runs) for place, runs in rows if runs])


def _cells(connection: Connection, series: int, first: int, last: int) -> dict[tuple[int, int], bytes]:
    """Give the cells of a series from its rows, for the days from `first` to `last`."""
    table = RESULTS.c
    query = (
        select(table.ended_ms, table.duration_ms, table.tested, table.result, table.voting)
        .where(table.series == series, table.ended_ms >= first * DAY_MS, table.ended_ms < (last + 1) * DAY_MS)
        .order_by(table.ended_ms, table.run)
    )
    runs = itertools.groupby(connection.execute(query), key=lambda run: day(run[0]))
    return {(series, number): cell(of_day) for number, of_day in runs}


def _stretches(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Give (series, first day, last day) for days that follow each other: one question for all of them."""
    numbered = enumerate(places)
    for _, group in itertools.groupby(numbered, key=lambda item: (item[1][0], item[1][1] - item[0])):
        days = [place for _, place in group]
        yield days[0][0], days[0][1], days[-1][1]
