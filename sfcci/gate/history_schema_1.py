"""From schema 1 of the run database, one wide table, to the tables of today."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import column, select, table

from sfcci.gate import history_write
from sfcci.gate.job import JobResult, Result

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAMES = (
    "run",
    "job",
    "result",
    "tenant",
    "pipeline",
    "host",
    "project",
    "branch",
    "started_at",
    "duration_ms",
    "buildset",
    "voting",
    "commit",
    "reasons",
    "log_dir",
)
_RUNS = table("runs", *map(column, NAMES))
BATCH = 20_000


def from_schema_1(connection: "Connection") -> None:
    """Move every run into the tables of today, then drop the old table; all in the transaction of the migration."""
    known = [row[0] for row in connection.execute(select(_RUNS.c.run).order_by(_RUNS.c.started_at))]
    for begin in range(0, len(known), BATCH):
        history_write.write(connection, _runs(connection, known[begin : begin + BATCH]))
    connection.exec_driver_sql("DROP TABLE runs")


def _runs(connection: "Connection", ids: list[str]) -> Iterator[JobResult]:
    for part in history_write.chunks(ids):
        for row in connection.execute(select(_RUNS).where(_RUNS.c.run.in_(part))):
            told = dict(zip(NAMES, row, strict=True))
            told |= {"result": Result(told["result"]), "reasons": tuple(json.loads(told["reasons"]))}
            yield JobResult(**{**told, "voting": bool(told["voting"])})
