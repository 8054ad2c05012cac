"""The state in a database: one server at a time writes it, and what was committed is there whatever happens next.

A commit that failed leaves the state as it was, also where nobody knows how far it came (the connection died in it): the
next one puts back what it may have touched. Each commit replaces a token, and only where its own last one still stands:
two writers that slipped past the lock never mix their states.
"""

import contextlib
import json
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from sfcci import files, store
from sfcci.api.rows import Change, Key, Row, Rows, change, numbered, places, state_of
from sfcci.chain.state import State, Write
from sfcci.errors import Fault, InputError, Place, Unreachable

SETTING = "[api] database or SFCCI_API_DATABASE"
PATIENCE_S = 5
"""How long a commit waits for somebody else's hold on a SQLite file before it is refused."""
SERVING = 7_377_432
"""The number of PostgreSQL's advisory lock that the one who writes a database holds."""
BATCH = 500
"""Documents that are parsed at once: the names of their attributes are then the same strings."""

LONG = Text().with_variant(Text(2**24 - 1), "mysql", "mariadb")
"""Text of any length; where that has to be said, a length that makes it MySQL's MEDIUMTEXT."""

METADATA = MetaData()
RESOURCES = Table(
    "resources",
    METADATA,
    # the order of creation
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("collection", String(64), nullable=False),
    # these three are there for people who look: the document says the same
    Column("id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("revision", BigInteger),
    Column("document", LONG, nullable=False),
)
WRITER = Table("writer", METADATA, Column("token", String(32), nullable=False))

_GONE = delete(RESOURCES).where(RESOURCES.c.position == bindparam("at"))
_CHANGED = (
    update(RESOURCES)
    .where(RESOURCES.c.position == bindparam("at"))
    .values({name: bindparam(name) for name in ("project_id", "revision", "document")})
)


class InUse(Unreachable):
    """Another process serves this database."""


class Store:
    """The state of one database, see `open_store`. Commits come one after the other, from any thread."""

    def __init__(self, url: str) -> None:
        self._url, self._turn = url, threading.Lock()
        self._connection: Connection | None = None
        self._rows: dict[Key, Row] = {}
        self._next = 1
        self._tokens: frozenset[str] = frozenset()
        """Ours: the last one, and those of failed commits, which may be there nevertheless."""
        self._unsure: frozenset[int] = frozenset()
        """The positions that failed commits may have touched."""
        with self._errors():
            self._file = _sqlite_file(make_url(url))
        self._lock = _locked(self._file, url)
        with contextlib.ExitStack() as undo:
            undo.callback(self._release)
            self._engine = store.open_database(
                url, METADATA, setting=SETTING, durable=True, patience_s=PATIENCE_S
            )
            undo.callback(self._engine.dispose)
            undo.callback(self._disconnect)
            self._inode = _inode(self._file)
            with self._errors():
                self._take(self._connected())
            undo.pop_all()

    def load(self) -> State:
        """Give the state as it was last committed."""
        return state_of(self._rows.values())

    def commit(self, writes: Sequence[Write]) -> None:
        """Keep all of the writes, or none; they are on the disk when it returns. Raises Unreachable."""
        if not writes:
            return
        with self._turn:
            after = numbered(self._rows, writes, self._next)
            self._write(after)
            for key, row in after.items():
                if row:
                    self._rows[key] = row
                else:
                    self._rows.pop(key, None)

    def close(self) -> None:
        """Let go of the database; another may have it then."""
        with self._turn:
            self._disconnect()
            self._engine.dispose()
            self._release()

    def _write(self, after: Rows) -> None:
        token = uuid.uuid4().hex
        touched = places(after.values(), map(self._rows.get, after))
        try:
            with self._errors(), (connection := self._connected()).begin():
                self._follow(connection, token)
                self._put_back(connection)
                _apply(connection, change(self._rows, after))
        except BaseException:
            self._tokens, self._unsure = self._tokens | {token}, self._unsure | touched
            self._disconnect()
            raise
        finally:
            self._next = max(self._next, 1 + max(touched, default=0))
        self._tokens, self._unsure = frozenset((token,)), frozenset()

    def _take(self, connection: Connection) -> None:
        """Read everything, and say by a token of our own that whoever wrote before writes no more."""
        token = uuid.uuid4().hex
        with connection.begin():
            connection.execute(delete(WRITER))
            connection.execute(insert(WRITER).values(token=token))
            self._rows = {(row.collection, row.resource["id"]): row for row in _read(connection)}
        self._tokens = frozenset((token,))
        self._next = 1 + max(places(self._rows.values()), default=0)

    def _follow(self, connection: Connection, token: str) -> None:
        there = connection.execute(select(WRITER.c.token)).scalar_one_or_none()
        mine = update(WRITER).where(WRITER.c.token == there).values(token=token)
        if there not in self._tokens or connection.execute(mine).rowcount != 1:
            raise InUse(f"{store.shown(self._url)} was written by another server since; start this one again")

    def _put_back(self, connection: Connection) -> None:
        """Undo what failed commits may have done."""
        if self._unsure:
            known = tuple(row for row in self._rows.values() if row.position in self._unsure)
            _apply(connection, Change(tuple(self._unsure), known, ()))

    def _connected(self) -> Connection:
        if _inode(self._file) != self._inode:
            raise InUse(f"{store.shown(self._url)} was removed or replaced; start the server again")
        if self._connection is None:
            self._connection = self._engine.connect()
            if self._engine.dialect.name == "postgresql":
                ours = self._connection.execute(select(func.pg_try_advisory_lock(SERVING))).scalar_one()
                self._connection.commit()
                if not ours:
                    self._disconnect()
                    raise _in_use(self._url, "")
        return self._connection

    def _disconnect(self) -> None:
        """Throw the connection away: after an error nobody knows what it is in the middle of."""
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                self._connection.invalidate()
            with contextlib.suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return store.database_errors(self._url, SETTING)


def open_store(url: str) -> Store:
    """Open the state at a SQLAlchemy URL for writing; there is one who does, until `close` or its end.

    Raises InUse, Unreachable, MissingTool (no driver, no right to the folder), UsageError (no URL).
    """
    return Store(url)


def _read(connection: Connection) -> Iterator[Row]:
    rows = connection.execute(
        select(RESOURCES.c.position, RESOURCES.c.collection, RESOURCES.c.document).order_by(
            RESOURCES.c.position
        )
    )
    for part in rows.partitions(BATCH):
        for row, document in zip(part, _documents(part), strict=True):
            yield Row(row.position, row.collection, document)


def _documents(rows: Sequence[Any]) -> list[Any]:
    try:
        documents = json.loads(f"[{','.join(row.document for row in rows)}]")
        if len(documents) == len(rows) and all(isinstance(one, dict) and "id" in one for one in documents):
            return list(documents)
    except ValueError:
        pass
    if len(rows) > 1:
        return [document for row in rows for document in _documents([row])]
    place = Place(f"the table resources, position {rows[0].position}")
    raise InputError(Fault(place, "is no document of a resource", "a JSON object with an id"))


def _apply(connection: Connection, what: Change) -> None:
    if what.gone:
        connection.execute(_GONE, [{"at": position} for position in what.gone])
    if what.new:
        connection.execute(
            insert(RESOURCES), [_columns(row) | {"position": row.position} for row in what.new]
        )
    if what.changed:
        connection.execute(_CHANGED, [_columns(row) | {"at": row.position} for row in what.changed])


def _columns(row: Row) -> dict[str, Any]:
    return {
        "collection": row.collection,
        "id": _plain(row.resource["id"]),
        "project_id": _plain(row.resource.get("project_id") or ""),
        "revision": row.resource.get("revision_number"),
        "document": json.dumps(dict(row.resource), separators=(",", ":")),
    }


def _plain(text: str) -> str:
    """The text as it stands in JSON: no database refuses that (NUL, half a surrogate pair)."""
    return json.dumps(text)[1:-1]


def _sqlite_file(url: URL) -> Path | None:
    in_a_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)).resolve() if in_a_file else None


def _inode(file: Path | None) -> int | None:
    if file is None:
        return None
    try:
        return file.stat().st_ino
    except OSError:
        return -1


def _locked(file: Path | None, url: str) -> IO[bytes] | None:
    """Hold a SQLite file for this process; the lock file says for which."""
    if file is None:
        return None
    path = file.with_name(f"{file.name}.server")
    lock = files.try_lock(path)
    if lock is None:
        raise _in_use(url, path.read_text().strip())
    lock.truncate(0)
    lock.write(str(os.getpid()).encode())
    lock.flush()
    return lock


def _in_use(url: str, process: str) -> InUse:
    who = f"by process {process}" if process else "by another server"
    return InUse(f"{store.shown(url)} is in use {who}; end that one, or name another database ({SETTING})")
