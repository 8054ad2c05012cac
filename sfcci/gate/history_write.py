"""Writing into the run database: inside one transaction, results, what is derived from them, and marks of change.

Who writes takes the recorder's row first, so writers come one after the other on every database. Cells change with the
rows, record by record: whatever comes, late or again or in another order, they say what the rows say.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    Connection,
    Delete,
    Insert,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cell import changed, day, record
from sfcci.gate.history_tables import CELLS, LOG_ROOTS, MARKS, RECORDER, RESULTS, SERIES, TESTED
from sfcci.gate.job import JobResult
from sfcci.gate.log_address import parted
from sfcci.gate.packed import packed
from sfcci.gate.query import CODE, Tested, series_key, tested

CHUNK = 500
"""So many ids are asked for at once: each database bounds the length of a statement."""
REMOVED = 50_000
"""So many rows are held in memory at once when they are taken away."""
LONGEST_MS = 2**32 - 1
_Key = TypeVar("_Key", bound=Hashable)
_Row = tuple[Any, ...]


class Recorded(NamedTuple):
    """How many runs are new, say something else than before, say the same."""

    new: int = 0
    changed: int = 0
    same: int = 0


def write(connection: Connection, results: Iterable[JobResult]) -> Recorded:
    """Write results; a run that is there already is replaced by what is said now, one that says the same stays."""
    generation = begin(connection)
    rows = _rows(connection, {packed(result.run): _checked(result) for result in results})
    there = dict(_there(connection, rows))
    old = {number: row for number, row in there.items() if row != rows[row[0]]}
    new = {number: rows[row[0]] for number, row in old.items()}
    same = {row[0] for row in there.values()}
    new |= zip(
        itertools.count(next_number(connection)),
        (row for run, row in rows.items() if run not in same),
        strict=False,
    )
    _delete(connection, RESULTS, ("id",), [(number,) for number in old])
    _insert(connection, RESULTS, ("id", *_names(RESULTS)), [(number, *row) for number, row in new.items()])
    _mark(connection, set(map(_place, (*old.values(), *new.values()))), generation)
    _pack(connection, old, new)
    return Recorded(len(rows) - len(there), len(old), len(there) - len(old))


def remove(connection: Connection, first: int, end: int) -> int:
    """Take away the rows with the numbers from `first` up to `end`, with their part of the cells; mark their places.

    Gives how many there were.
    """
    generation, count = begin(connection), 0
    columns = [RESULTS.c[name] for name in _names(RESULTS)]
    for low in range(first, end, REMOVED):
        here = RESULTS.c.id.between(low, min(low + REMOVED, end) - 1)
        found = connection.execute(select(RESULTS.c.id, *columns).where(here))
        gone = {row[0]: tuple(row[1:]) for row in found}
        connection.execute(delete(RESULTS).where(here))
        _mark(connection, set(map(_place, gone.values())), generation)
        _pack(connection, gone, {})
        count += len(gone)
    return count


def begin(connection: Connection) -> int:
    """Wait until nobody else writes; give the number of this change."""
    connection.execute(update(RECORDER).values(generation=RECORDER.c.generation + 1))
    generation: int = connection.execute(select(RECORDER.c.generation)).scalar_one()
    return generation


def chunks(items: Iterable[_Key], size: int = CHUNK) -> Iterator[tuple[_Key, ...]]:
    """Give the items in parts that a statement can hold."""
    left = iter(items)
    while part := tuple(itertools.islice(left, size)):
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
    keys = [series_key(result) for result in results.values()]
    what = [tested(result) for result in results.values()]
    logs = [parted(result.log_dir, result.run) for result in results.values()]
    series = _numbers(connection, SERIES, set(keys), tuple)
    numbers = _numbers(connection, TESTED, set(what), _packed_tested)
    roots = _numbers(connection, LOG_ROOTS, {root for root, _ in logs if root}, lambda root: (root,))
    return {
        run: (
            run,
            series[key],
            numbers[one],
            result.ended_ms,
            result.duration_ms,
            CODE[result.result],
            result.voting,
            roots.get(root, 0),
            rest,
            json.dumps(result.reasons) if result.reasons else None,
        )
        for (run, result), key, one, (root, rest) in zip(results.items(), keys, what, logs, strict=True)
    }


def _packed_tested(one: Tested) -> _Row:
    return packed(one.buildset), packed(one.commit), one.change, one.patchset


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
    _many(connection, insert(table), names, rows)


def _delete(connection: Connection, table: Table, names: Sequence[str], rows: Collection[_Row]) -> None:
    """Delete the rows whose columns `names` are as in one of `rows`."""
    same = and_(*(table.c[name] == bindparam(f"_{name}") for name in names))
    _many(connection, delete(table).where(same), [f"_{name}" for name in names], rows)


def _many(
    connection: Connection, statement: Insert | Delete, names: Sequence[str], rows: Collection[_Row]
) -> None:
    """Carry a statement out for each row. The driver gets the rows as they are: most of the time would go into dicts."""
    if not rows:
        return
    keys = list(names) if isinstance(statement, Insert) else None
    compiled: Any = statement.compile(dialect=connection.dialect, column_keys=keys)
    if compiled.positional:
        places = [list(names).index(name) for name in compiled.positiontup]
        given: Any = (
            list(rows)
            if places == list(range(len(names)))
            else [tuple(row[at] for at in places) for row in rows]
        )
    else:
        given = [dict(zip(names, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(compiled), given)


def _place(row: _Row) -> tuple[int, int, int]:
    """Give the place of a row in Graphite: series, result, second of the end."""
    return row[1], row[5], row[3] // 1000


def _mark(connection: Connection, places: set[tuple[int, int, int]], generation: int) -> None:
    rows = sorted(places)
    _delete(connection, MARKS, ("series", "result", "ended_s"), rows)
    marks = [(*row, generation) for row in rows]
    _insert(connection, MARKS, ("series", "result", "ended_s", "generation"), marks)


def _pack(connection: Connection, old: Mapping[int, _Row], new: Mapping[int, _Row]) -> None:
    """Take the old rows out of the cells of their days and put the new ones in."""
    gone, come = _records(old), _records(new)
    cells = dict.fromkeys(sorted({*gone, *come}), b"")
    cells |= {place: runs for place, runs in _cells(connection, cells) if place in cells}
    for place, runs in cells.items():
        cells[place] = changed(runs, gone.get(place, set()), come.get(place, set()))
    _delete(connection, CELLS, ("day", "series"), cells)
    _insert(
        connection,
        CELLS,
        ("day", "series", "runs"),
        [(*place, runs) for place, runs in cells.items() if runs],
    )


def _records(rows: Mapping[int, _Row]) -> dict[tuple[int, int], set[bytes]]:
    """Give the records of rows by day and series."""
    found: dict[tuple[int, int], set[bytes]] = defaultdict(set)
    for number, (_, series, tested_, ended_ms, duration_ms, code, voting, *_) in rows.items():
        one = record(ended_ms, duration_ms, tested_, code, voting, number)
        found[day(ended_ms), series].add(one)
    return found


def _cells(
    connection: Connection, places: Collection[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Give the cells at these places, and perhaps others of the same days."""
    for part in chunks({of_day for of_day, _ in places}):
        query = select(CELLS.c.day, CELLS.c.series, CELLS.c.runs).where(CELLS.c.day.in_(part))
        yield from (((of_day, series), runs) for of_day, series, runs in connection.execute(query))


def next_number(connection: Connection) -> int:
    """Give the number of the next row: after `begin` nobody else takes it meanwhile."""
    return (connection.execute(select(func.max(RESULTS.c.id))).scalar() or 0) + 1
