"""The tables of the run database (schema 2)."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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
_BIG = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's own number of the row
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
    Column("change", _NAME, nullable=False),
    Column("patchset", _NAME, nullable=False),
    UniqueConstraint("buildset", "commit", "change", "patchset", name="tested_key"),
)
"""What a run tested, and with which others: the same for the many runs of a buildset. The first two are packed."""

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
    Column("id", _BIG, primary_key=True, autoincrement=False),
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
)
"""The runs. `run` is packed, `result` a place in `query.CODES`, `reasons` a JSON list or NULL. A run keeps its number."""

CELLS = Table(
    "cells",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("runs", LargeBinary, nullable=False),
)
"""The runs by time: those of a series and a day (UTC) in one value (see `cell`), with all that figures ask for."""

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

IMPORTS = Table(
    "imports",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("format", _NAME, nullable=False),
    Column("imported_s", BigInteger, nullable=False),
    Column("first", _BIG, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    sqlite_autoincrement=True,  # else the number of an import that was taken back would soon be another's
)
"""Files that brought something. The runs that were new have the numbers from `first` on, one after the other."""

SPOOL = Table(
    "spool",
    METADATA,
    Column("target", Text, nullable=False),
    Column("pushed_s", BigInteger),
)
"""At most one row: the Graphite that the marks are meant for, and when it last had all."""


@event.listens_for(RECORDER, "after_create")
def _first(_table: Any, connection: Any, **_others: Any) -> None:
    connection.execute(insert(RECORDER).values(generation=0))
