"""The one place that opens a database: any SQLAlchemy URL, SQLite by default, with a schema version and migrations."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci import files
from sfcci.errors import MissingTool, Unreachable, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

Migration = Callable[["Connection"], None]
OPENING = 7_377_431
"""The number of PostgreSQL's advisory lock that the one who opens a database holds."""


def open_database(url: str, metadata: "MetaData", migrations: Sequence[Migration] = ()) -> "Engine":
    """Open the database at `url`, make its tables, run the migrations that it has not seen.

    `migrations[n]` takes the schema from version n to n + 1. Raises Unreachable when it cannot be opened.
    """
    from sqlalchemy import create_engine, make_url

    with database_errors(url):
        parsed = make_url(url)
        engine = create_engine(parsed)
        opening: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        if parsed.get_backend_name() == "sqlite":
            _tune_sqlite(engine)
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
def database_errors(url: str) -> Iterator[None]:
    """Turn what the database at `url` refuses (it is full, locked, not one of ours) into one clear sentence."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    try:
        yield
    except ArgumentError as error:
        hint = "see [database] url or SFCCI_DATABASE_URL"
        raise UsageError(
            f"the database URL cannot be read; expected one as SQLAlchemy has them; {hint}"
        ) from error
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"{_shown(url)} needs the Python module {error.name}", f"pip install {error.name}"
        ) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unreachable(
            f"cannot use {_shown(url)}: {reason}; see [database] url or SFCCI_DATABASE_URL"
        ) from error


def _shown(url: str) -> str:
    """Name a database without its password; a URL that cannot be read may hold one anywhere."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return "the database " + make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "the database"


def _tune_sqlite(engine: "Engine") -> None:
    """Writers wait for each other, readers never wait, and what was committed survives kill -9 (sqlite.org/wal)."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - DBAPI objects
        # The patience first: changing the journal wants the lock, too.
        # 64 MiB hold the index of a million ids: they come in no order.
        for pragma in (
            "busy_timeout=120000",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=NORMAL",
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
                f"{_shown(str(engine.url))} was made by a later sfcci (schema version {version}); install that one"
            )
        for migration in migrations[version:]:
            migration(connection)
        if version < len(migrations):
            connection.execute(update(versions).values(version=len(migrations)))
