"""The one place that opens a database: any SQLAlchemy URL, SQLite by default, with a schema version and migrations."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci import files
from sfcci.errors import Unreachable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

Migration = Callable[["Connection"], None]


def open_database(url: str, metadata: "MetaData", migrations: Sequence[Migration] = ()) -> "Engine":
    """Open the database at `url`, make its tables, run the migrations that it has not seen.

    `migrations[n]` takes the schema from version n to n + 1. Raises Unreachable when it cannot be opened.
    """
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            with files.disk_errors(Path(parsed.database)):
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
        if parsed.get_backend_name() == "sqlite":
            _tune_sqlite(engine)
        _migrate(engine, metadata, migrations)
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        shown = parsed.render_as_string(hide_password=True) if "parsed" in locals() else "the database URL"
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unreachable(
            f"cannot open the database {shown}: {reason}; see [database] url in sfcci.toml"
        ) from error
    return engine


def _tune_sqlite(engine: "Engine") -> None:
    """Writers wait for each other, readers never wait, and what was committed survives kill -9 (sqlite.org/wal)."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - DBAPI objects
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: "Engine", metadata: "MetaData", migrations: Sequence[Migration]) -> None:
    from sqlalchemy import Column, Integer, MetaData, Table, insert, inspect, select, update

    versions = Table("schema_version", MetaData(), Column("version", Integer, nullable=False))
    fresh = not inspect(engine).has_table("schema_version")
    with engine.begin() as connection:
        versions.create(connection, checkfirst=True)
        metadata.create_all(connection)
        if fresh and connection.execute(select(versions.c.version)).first() is None:
            connection.execute(insert(versions).values(version=len(migrations)))
        version = connection.execute(select(versions.c.version)).scalar_one()
        for migration in migrations[version:]:
            migration(connection)
        if version < len(migrations):
            connection.execute(update(versions).values(version=len(migrations)))
