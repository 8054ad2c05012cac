"""The one place that opens a database: any SQLAlchemy URL, SQLite by default, with a schema version and migrations."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci import files
from sfcci.errors import MissingTool, Unreachable, UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, MetaData

Migration = Callable[["Connection"], None]
OPENING = 7_377_431
"""The number of PostgreSQL's advisory lock that the one who opens a database holds."""
SETTING = "[database] url or SFCCI_DATABASE_URL"
"""Where the URL of the run database is set."""


def open_database(
    url: str,
    metadata: "MetaData",
    migrations: Sequence[Migration] = (),
    *,
    setting: str = SETTING,
    durable: bool = False,
    patience_s: float = 120,
) -> "Engine":
    """Open the database at `url`, make its tables, run the migrations that it has not seen.

    `migrations[n]` takes the schema from version n to n + 1. `durable`: what is committed also survives a power cut
    (SQLite would risk its last moments). `patience_s`: how long SQLite waits for another writer. `setting` is where the
    user set the URL, for errors. Raises Unreachable when it cannot be opened.
    """
    from sqlalchemy import create_engine, make_url

    with database_errors(url, setting):
        parsed = make_url(url)
        engine = create_engine(parsed, **_in_memory(parsed))
        opening: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        if parsed.get_backend_name() == "sqlite":
            _tune_sqlite(engine, "FULL" if durable else "NORMAL", int(patience_s * 1000))
            if (
                parsed.database
            ):  # SQLite's patience does not cover the change of the journal: one opens at a time
                opening = files.locked(Path(f"{parsed.database}.lock"))
        try:
            with opening:
                _migrate(engine, metadata, migrations)
        except BaseException:
            engine.dispose()
            raise
    return engine


@contextlib.contextmanager
def database_errors(url: str, setting: str = SETTING) -> Iterator[None]:
    """Turn what the database at `url` refuses (it is full, locked, not one of ours) into one clear sentence."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    try:
        yield
    except ArgumentError as error:
        raise UsageError(
            f"the database URL cannot be read; expected one as SQLAlchemy has them; see {setting}"
        ) from error
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"{shown(url)} needs the Python module {error.name}", f"pip install {error.name}"
        ) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unreachable(f"cannot use {shown(url)}: {reason}; see {setting}") from error


def shown(url: str) -> str:
    """Name a database without its password, which may stand among a URL's options; one that cannot be read is not told."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        told = make_url(url).difference_update_query(("password", "passwd"))
        return "the database " + told.render_as_string(hide_password=True)
    except ArgumentError:
        return "the database"


def _in_memory(url: "URL") -> dict[str, Any]:
    """SQLite's database in memory is its connection's: there is to be one, for all threads (one after the other)."""
    from sqlalchemy import StaticPool

    if url.get_backend_name() != "sqlite" or url.database not in (None, "", ":memory:"):
        return {}
    return {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}


def _tune_sqlite(engine: "Engine", synchronous: str, patience_ms: int) -> None:
    """Writers wait for each other, readers never wait, and what was committed survives kill -9 (sqlite.org/wal)."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - DBAPI objects
        # The patience first: changing the journal wants the lock, too.
        # 64 MiB hold the index of a million ids: they come in no order.
        for pragma in (
            f"busy_timeout={patience_ms}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"synchronous={synchronous}",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: "Engine", metadata: "MetaData", migrations: Sequence[Migration]) -> None:
    from sqlalchemy import Column, Integer, MetaData, Table, insert, inspect, select, update

    versions = Table("schema_version", MetaData(), Column("version", Integer, nullable=False))
    with engine.begin() as connection:
        if (
            engine.dialect.name == "sqlite"
        ):  # it would take the lock at the first insert: two runs would both make tables
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif engine.dialect.name == "postgresql":  # tables that two make at once are an error to one of them
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({OPENING})")
        fresh = not inspect(connection).has_table("schema_version")
        versions.create(connection, checkfirst=True)
        metadata.create_all(connection)
        if fresh:
            connection.execute(insert(versions).values(version=len(migrations)))
        version = connection.execute(select(versions.c.version)).scalar_one()
        if version > len(migrations):
            raise Unreachable(
                f"{shown(str(engine.url))} was made by a later sfcci (schema version {version}); install that one"
            )
        for migration in migrations[version:]:
            migration(connection)
        if version < len(migrations):
            connection.execute(update(versions).values(version=len(migrations)))
