"""The run database: every result of every job, the truth from which figures and metrics are derived."""

import contextlib
import itertools
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import and_, bindparam, delete, exists, func, insert, literal, or_, select, true

from sfcci import store
from sfcci.gate import history_write
from sfcci.gate.cell import Columns, columns, day, numbers
from sfcci.gate.history_schema_1 import from_schema_1
from sfcci.gate.history_tables import CELLS, LOG_ROOTS, MARKS, METADATA, RESULTS, SERIES, TESTED
from sfcci.gate.history_write import Recorded
from sfcci.gate.job import JobResult
from sfcci.gate.log_address import joined
from sfcci.gate.packed import between, packed, unpacked
from sfcci.gate.query import (
    CODE,
    CODES,
    ChangeMark,
    Outcomes,
    Query,
    SeriesKey,
    SeriesOutcomes,
    Tested,
    asked_for,
)
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

MIGRATIONS = (from_schema_1,)
BATCH = 64
"""Cells that are fetched at once when they are read one after the other."""
MANY = 5000
"""More series than this are not named in a statement (each database bounds its length) but picked out of the answer."""


class History:
    """The run database of the settings. Opening makes it; it is safe for several processes at once.

    Everything raises Unreachable when the database cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._engine = store.open_database(self._url, METADATA, MIGRATIONS)

    def record(self, results: Iterable[JobResult]) -> Recorded:
        """Write results in one transaction; a run that is there already is replaced by what is said now.

        Gives how many are new, changed, the same. What differs from before is marked (see `changes`). Raises InputError for times that nobody can mean.
        """
        given = list(results)
        if not given:
            return Recorded()
        with store.database_errors(self._url), self._engine.begin() as connection:
            return history_write.write(connection, given)

    def results(self, since_s: float | None = None) -> Iterator[JobResult]:
        """Give the results of runs that ended at or after `since_s` (epoch seconds; None: all), oldest end first."""
        return self.select(Query(since_s=since_s))

    def select(self, query: Query) -> Iterator[JobResult]:
        """Give the runs that are asked for, in the order of their ends; those of a day are held in memory."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            series = _series(connection)
            # closed before the connection is, also when nobody asks for the rest
            with contextlib.closing(_numbers(connection, _wanted(series, query), query)) as asked:
                for part in history_write.chunks(itertools.islice(asked, query.limit)):
                    rows = connection.execute(_whole_rows().where(RESULTS.c.id.in_(part)))
                    found = {row.id: row for row in rows}
                    yield from (_result(found[number], series) for number in part)

    def run(self, run_id: str) -> JobResult | None:
        """Give one run; None when there is none of this id."""
        return next(self._chosen(RESULTS.c.run == packed(run_id)), None)

    def beginning_with(self, prefix: str, limit: int = 10) -> tuple[str, ...]:
        """Give at most `limit` ids of runs that begin with `prefix`, sorted."""
        near = or_(*(RESULTS.c.run.between(low, high) for low, high in between(prefix)))
        with store.database_errors(self._url), self._engine.connect() as connection:
            found = map(unpacked, connection.execute(select(RESULTS.c.run).where(near)).scalars())
            kept = itertools.islice((run for run in found if run.startswith(prefix)), limit)
            return tuple(sorted(kept))

    def runs(self) -> set[str]:
        """Give the ids of all runs."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            return set(map(unpacked, connection.execute(select(RESULTS.c.run)).scalars()))

    def has(self, ids: Iterable[str]) -> set[str]:
        """Give those of the ids that are runs here."""
        found: set[str] = set()
        with store.database_errors(self._url), self._engine.connect() as connection:
            for part in history_write.chunks([packed(one) for one in ids]):
                query = select(RESULTS.c.run).where(RESULTS.c.run.in_(part))
                found.update(map(unpacked, connection.execute(query).scalars()))
        return found

    def count(self) -> int:
        """Give the number of runs."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(RESULTS)).scalar_one()

    def series(self) -> tuple[SeriesKey, ...]:
        """Give all series, sorted."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            return tuple(sorted(_series(connection).values()))

    def outcomes(self, query: Query = Query()) -> Outcomes:  # noqa: B008 - a frozen value
        """Give the outcomes that are asked for by column; of the query, series and times count, results and limit do not."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            found = tuple(sorted(_outcomes(connection, query), key=lambda one: one.key))
            return Outcomes(found, _tested(connection, found))

    def columns(self, query: Query) -> tuple[SeriesOutcomes, ...]:
        """Give the same without what was tested, which takes time of its own."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            return tuple(sorted(_outcomes(connection, query), key=lambda one: one.key))

    def changes(self, limit: int | None = None) -> tuple[ChangeMark, ...]:
        """Give the marks of what Graphite may not know, the oldest end first."""
        query = select(MARKS.c.series, MARKS.c.result, MARKS.c.ended_s, MARKS.c.generation)
        query = query.order_by(MARKS.c.ended_s, MARKS.c.series, MARKS.c.result).limit(limit)
        with store.database_errors(self._url), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            series = _series(connection)
            return tuple(ChangeMark(series[key], CODES[code], at, number) for key, code, at, number in rows)

    def settle(self, marks: Iterable[ChangeMark]) -> None:
        """Take away marks that are proven to be in Graphite; those whose place has changed since they were read stay."""
        names = ("series", "result", "ended_s", "generation")
        this = delete(MARKS).where(and_(*(MARKS.c[name] == bindparam(f"_{name}") for name in names)))
        with store.database_errors(self._url), self._engine.begin() as connection:
            history_write.begin(connection)
            numbers = {key: number for number, key in _series(connection).items()}
            rows = [
                {
                    "_series": numbers[mark.series],
                    "_result": CODE[mark.result],
                    "_ended_s": mark.ended_s,
                    "_generation": mark.generation,
                }
                for mark in marks
            ]
            if rows:
                connection.execute(this, rows)

    def mark_all(self, query: Query = Query()) -> None:  # noqa: B008 - a frozen value
        """Mark every result that is asked for: there is another Graphite, or an empty one. What is marked stays so."""
        with store.database_errors(self._url), self._engine.begin() as connection:
            mark_all(connection, query)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _chosen(self, condition: Any) -> Iterator[JobResult]:
        with store.database_errors(self._url), self._engine.connect() as connection:
            rows = connection.execute(_whole_rows().where(condition)).all()
            series = _series(connection)
        yield from (_result(row, series) for row in rows)


def mark_all(connection: "Connection", query: Query) -> None:
    """Mark the places of results (of the query, series and times count) that are not marked yet."""
    generation = history_write.begin(connection)
    table, begin, end = RESULTS.c, *_times(query)
    ended_s = table.ended_ms // 1000
    marked = (MARKS.c.series == table.series, MARKS.c.result == table.result, MARKS.c.ended_s == ended_s)
    places = select(table.series, table.result, ended_s, literal(generation)).where(~exists().where(*marked))
    if query.since_s is not None:
        places = places.where(table.ended_ms >= begin)
    if query.until_s is not None:
        places = places.where(table.ended_ms < end)
    wanted = _wanted(_series(connection), query)
    parts = [] if wanted is None else [table.series.in_(part) for part in history_write.chunks(wanted, MANY)]
    names = ["series", "result", "ended_s", "generation"]
    for among in [true()] if wanted is None else parts:
        connection.execute(insert(MARKS).from_select(names, places.where(among).distinct()))


def _series(connection: "Connection") -> dict[int, SeriesKey]:
    """Give every series by its number: there are few beside the runs."""
    names = [SERIES.c[name] for name in SeriesKey._fields]
    return {row[0]: SeriesKey(*row[1:]) for row in connection.execute(select(SERIES.c.id, *names))}


def _wanted(series: Mapping[int, SeriesKey], query: Query) -> frozenset[int] | None:
    """Give the numbers of the series that are asked for; None when all are."""
    fitting = set(asked_for(series.values(), query))
    wanted = frozenset(number for number, key in series.items() if key in fitting)
    return wanted if len(wanted) < len(series) else None


def _times(query: Query) -> tuple[float, float]:
    """Give the first moment that is asked for and the first that is not any more, in milliseconds."""
    begin = -inf if query.since_s is None else _ms(query.since_s)
    return begin, inf if query.until_s is None else _ms(query.until_s)


def _ms(time_s: float) -> int:
    """Give the first whole millisecond at or after a time (a time that stands for one with some float error is that one)."""
    return ceil(round(time_s * 1000, 3))


def _whole_rows() -> "Select[Any]":
    source = RESULTS.join(TESTED, TESTED.c.id == RESULTS.c.tested)
    source = source.outerjoin(LOG_ROOTS, LOG_ROOTS.c.id == RESULTS.c.log_root)
    names = ("buildset", "commit", "change", "patchset")
    return select(RESULTS, *(TESTED.c[name] for name in names), LOG_ROOTS.c.root).select_from(source)


def _numbers(
    connection: "Connection", wanted: frozenset[int] | None, query: Query
) -> Generator[int, None, None]:
    """Give the numbers of the rows that are asked for, in the order of their ends; a day is held in memory."""
    codes = {CODE[result] for result in query.results or CODES}
    begin, end = _times(query)
    cells = _cells(wanted, query)
    cells = cells.order_by(CELLS.c.day.desc() if query.newest_first else CELLS.c.day)
    with connection.execution_options(yield_per=BATCH).execute(cells) as rows:
        for _, of_day in itertools.groupby(rows, key=lambda row: row.day):
            picked = (row.runs for row in of_day if wanted is None or row.series in wanted)
            runs = itertools.chain.from_iterable(map(numbers, picked))
            kept = [(ended, number) for ended, code, number in runs if begin <= ended < end and code in codes]
            yield from (number for _, number in sorted(kept, reverse=query.newest_first))


def _cells(wanted: frozenset[int] | None, query: Query) -> "Select[Any]":
    """Give the question for the cells that hold what is asked for, and some more of the first and the last day."""
    cells = select(CELLS.c.day, CELLS.c.series, CELLS.c.runs)
    if wanted is not None and len(wanted) <= MANY:
        cells = cells.where(CELLS.c.series.in_(wanted))
    if query.since_s is not None:
        cells = cells.where(CELLS.c.day >= day(_ms(query.since_s)))
    if query.until_s is not None:
        cells = cells.where(CELLS.c.day <= day(_ms(query.until_s)))
    return cells


def _result(row: "Row[Any]", series: Mapping[int, SeriesKey]) -> JobResult:
    run = unpacked(row.run)
    return JobResult(
        run=run,
        **series[row.series]._asdict(),
        result=CODES[row.result],
        started_at=(row.ended_ms - row.duration_ms) / 1000,
        duration_ms=row.duration_ms,
        buildset=unpacked(row.buildset),
        voting=bool(row.voting),
        commit=unpacked(row.commit),
        reasons=tuple(json.loads(row.reasons)) if row.reasons else (),
        log_dir=joined(row.root or "", row.log_rest, run),
        change=row.change,
        patchset=row.patchset,
    )


def _outcomes(connection: "Connection", query: Query) -> Iterator[SeriesOutcomes]:
    series = _series(connection)
    wanted = _wanted(series, query)
    by_series: dict[int, list[bytes]] = defaultdict(list)
    for _, number, runs in connection.execute(_cells(wanted, query).order_by(CELLS.c.day)).all():
        by_series[number].append(runs)
    for number, of_series in by_series.items():
        if wanted is not None and number not in wanted:
            continue
        found = _within(columns(of_series), query)
        if found.results and number in series:  # else it began just now, after the series were read
            yield SeriesOutcomes(
                series[number], found.ended_ms, found.results, found.votes, found.duration_ms, found.tested
            )


def _within(found: Columns, query: Query) -> Columns:
    """Cut off what the first and the last day have beyond the query's times."""
    begin, end = (bisect_left(found.ended_ms, time_ms) for time_ms in _times(query))
    if begin == 0 and end == len(found.results):
        return found
    part = slice(begin, end)
    return Columns(
        found.ended_ms[part],
        found.duration_ms[part],
        found.tested[part],
        found.results[part],
        found.votes[part],
    )


def _tested(connection: "Connection", found: Collection[SeriesOutcomes]) -> dict[int, Tested]:
    """Give what the outcomes tested: numbers were given in the order of time, so they lie near each other."""
    if not found:
        return {}
    first = min(
        min(one.tested) for one in found
    )  # the last is not sought: that takes longer than reading to the end
    names = [TESTED.c[name] for name in Tested._fields]
    # All at once, since all are kept: one by one takes half as long again.
    rows = connection.execute(select(TESTED.c.id, *names).where(TESTED.c.id >= first)).all()
    return {
        number: Tested(unpacked(buildset), unpacked(commit), change, patchset)
        for number, buildset, commit, change, patchset in rows
    }
