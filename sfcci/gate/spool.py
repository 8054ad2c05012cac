"""The run database as who feeds Graphite sees it: the marks of change are the spool, kept for one target.

Marks are written in the transaction of the results that they are about, and taken away when Graphite is known to have
them: whatever dies in between, nothing is lost.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update

from sfcci import files, store
from sfcci.gate import history_write
from sfcci.gate.history import History, mark_all
from sfcci.gate.history_tables import MARKS, SPOOL
from sfcci.gate.query import Query
from sfcci.settings import Settings

PUSHER = 7_377_432
"""The number of PostgreSQL's advisory lock that the one who pushes holds; any number that nobody else takes."""


@dataclass(frozen=True)
class Waiting:
    """What waits in the spool. Times are epoch seconds; None: there is none."""

    marks: int
    oldest_s: int | None
    """The end of the oldest result that waits."""
    target: str
    """Which Graphite it waits for; "" when none has been fed yet."""
    pushed_s: int | None
    """When that Graphite last had all."""


class Spool(History):
    """The run database, with the spool's target. Raises Unreachable when the database cannot be used."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        database = self._engine.url.database
        own = self._engine.dialect.name == "sqlite" and database
        self._lock = Path(f"{database}.push.lock") if own else settings.state / "push.lock"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else pushes out of this database, and let nobody begin: who reads later also writes later."""
        with files.locked(self._lock):
            if self._engine.dialect.name != "postgresql":
                yield
                return
            with store.database_errors(self._url), self._engine.connect() as connection:
                connection.execute(select(func.pg_advisory_lock(PUSHER)))
                try:
                    yield
                finally:
                    connection.execute(select(func.pg_advisory_unlock(PUSHER)))

    def waiting(self) -> Waiting:
        """Look at the spool."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            marks, oldest_s = connection.execute(select(func.count(), func.min(MARKS.c.ended_s))).one()
            target, pushed_s = connection.execute(select(SPOOL.c.target, SPOOL.c.pushed_s)).first() or (
                "",
                None,
            )
        return Waiting(marks, oldest_s, target, pushed_s)

    def aim(self, target: str) -> bool:
        """Say whom the marks are for. For another target than before everything is marked; give True then."""
        with store.database_errors(self._url), self._engine.begin() as connection:
            history_write.begin(connection)
            known = connection.execute(select(SPOOL.c.target)).scalar()
            if known == target:
                return False
            mark_all(connection, Query())
            connection.execute(delete(SPOOL))
            connection.execute(insert(SPOOL).values(target=target))
            return known is not None

    def pushed(self, time_s: float) -> None:
        """Keep the time at which the target had all."""
        with store.database_errors(self._url), self._engine.begin() as connection:
            history_write.begin(connection)
            connection.execute(update(SPOOL).values(pushed_s=int(time_s)))
