"""The run database: every result of every job, the truth from which figures and metrics are derived."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
)

from sfcci import store
from sfcci.gate.job import JobResult, Result
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Row

METADATA = MetaData()
RUNS = Table(
    "runs",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("buildset", String(64), nullable=False),
    Column("job", String(255), nullable=False),
    Column("result", String(32), nullable=False),
    Column("tenant", String(255), nullable=False),
    Column("pipeline", String(255), nullable=False),
    Column("host", String(255), nullable=False),
    Column("project", String(255), nullable=False),
    Column("branch", String(255), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("voting", Boolean, nullable=False),
    Column("started_at", Float(53), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("log_dir", Text, nullable=False),
    Index("runs_started_at", "started_at"),
    Index("runs_job", "job", "started_at"),
)


class History:
    """The run database of the settings. Opening makes it; it is safe for several processes at once.

    Everything raises Unreachable when the database cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._engine = store.open_database(self._url, METADATA)

    def record(self, results: Iterable[JobResult]) -> None:
        """Write results in one transaction; a run that is there already is replaced by what is said now."""
        rows = [_row(result) for result in results]
        if not rows:
            return
        with store.database_errors(self._url), self._engine.begin() as connection:
            connection.execute(delete(RUNS).where(RUNS.c.run.in_([row["run"] for row in rows])))
            connection.execute(insert(RUNS), rows)

    def results(self, since_s: float | None = None) -> Iterator[JobResult]:
        """Give the results that started at or after `since_s` (epoch seconds; None: all), oldest first."""
        query = select(RUNS).order_by(RUNS.c.started_at, RUNS.c.run)
        if since_s is not None:
            query = query.where(RUNS.c.started_at >= since_s)
        with store.database_errors(self._url), self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=5000).execute(query):
                yield _result(row)

    def runs(self) -> set[str]:
        """Give the ids of all runs."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            return set(connection.execute(select(RUNS.c.run)).scalars())

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _row(result: JobResult) -> dict[str, Any]:
    row = {column.name: getattr(result, column.name) for column in RUNS.columns}
    return {**row, "result": str(result.result), "reasons": json.dumps(result.reasons)}


def _result(row: "Row[Any]") -> JobResult:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    values["result"] = Result(values["result"])
    values["reasons"] = tuple(json.loads(values["reasons"]))
    return JobResult(**values)
