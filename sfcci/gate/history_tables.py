"""The tables of the run database (schema 2)."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    insert,
)

METADATA = MetaData()
_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself in INTEGER columns only
_NAME = String(255)

RECORDER = Table("recorder", METADATA, Column("generation", BigInteger, nullable=False))
"""One row. Who records raises its number first, and so waits until nobody else records."""

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("tenant", _NAME, nullable=False),
    Column("pipeline", _NAME, nullable=False),
    Column("host", _NAME, nullable=False),
    Column("project", _NAME, nullable=False),
    Column("branch", _NAME, nullable=False),
    Column("job", _NAME, nullable=False),
    UniqueConstraint("tenant", "pipeline", "host", "project", "branch", "job", name="series_key"),
)
TESTED = Table(
    "tested",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("buildset", LargeBinary(512), nullable=False),
    Column("commit", LargeBinary(512), nullable=False),
    Column("change", LargeBinary(512), nullable=False),
    Column("patchset", LargeBinary(512), nullable=False),
    UniqueConstraint("buildset", "commit", "change", "patchset", name="tested_key"),
)
"""What a run tested, and with which others: the same for the many runs of a buildset. The texts are packed."""

LOG_ROOTS = Table(
    "log_roots",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("root", Text, nullable=False, unique=True),
)
"""How the addresses of many logs begin."""

RESULTS = Table(
    "results",
    METADATA,
    Column("id", _BIG, primary_key=True),
    Column("run", LargeBinary(512), nullable=False, unique=True),
    Column("series", Integer, nullable=False),
    Column("tested", Integer, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("result", SmallInteger, nullable=False),
    Column("voting", Boolean, nullable=False),
    Column("log_root", Integer, nullable=False),
    Column("log_rest", Text, nullable=False),
    Column("reasons", Text),
    Index("results_series", "series", "ended_ms"),
)
"""The runs. `run` is packed, `result` a place in `query.CODES`, `reasons` a JSON list or NULL."""

CELLS = Table(
    "cells",
    METADATA,
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("runs", LargeBinary, nullable=False),
)
"""The same runs once more, those of a series and a day (UTC) in one value (see `cell`), for questions about very many."""

MARKS = Table(
    "marks",
    METADATA,
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("result", SmallInteger, primary_key=True, autoincrement=False),
    Column("ended_s", BigInteger, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What Graphite may not know yet (see `query.ChangeMark`)."""


@event.listens_for(RECORDER, "after_create")
def _first(_table: Any, connection: Any, **_others: Any) -> None:
    connection.execute(insert(RECORDER).values(generation=0))
