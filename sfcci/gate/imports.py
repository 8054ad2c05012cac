"""Imports in the run database: which file brought which runs, so that an import that was a mistake can be taken back."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from sfcci import store
from sfcci.errors import UsageError
from sfcci.gate import history_write
from sfcci.gate.history import History
from sfcci.gate.history_tables import IMPORTS
from sfcci.gate.history_write import Recorded
from sfcci.gate.job import JobResult

LAST = "last"


@dataclass(frozen=True)
class Import:
    """A file that brought something: its number, its name as it was given, its format, when (epoch seconds), how much."""

    id: int
    source: str
    format: str
    imported_s: int
    first: int
    """The number of the first run that was new; the others follow."""
    new: int
    changed: int
    """Runs that were there and said something else before."""


class Imports(History):
    """The run database with its imports. Raises Unreachable when the database cannot be used."""

    def bring(
        self, results: Iterable[JobResult], source: str, format_: str, now_s: float
    ) -> tuple[Recorded, int | None]:
        """Record the runs of a file in one transaction; give what they were, and the import's number if it brought anything.

        Raises InputError as `History.record`.
        """
        given = list(results)
        if not given:
            return Recorded(), None
        with store.database_errors(self._url), self._engine.begin() as connection:
            history_write.begin(connection)
            first = history_write.next_number(connection)
            found = history_write.write(connection, given)
            if not found.new and not found.changed:
                return found, None
            row = {"source": source, "format": format_, "imported_s": int(now_s), "first": first}
            made = connection.execute(insert(IMPORTS).values(**row, new=found.new, changed=found.changed))
            key = made.inserted_primary_key
            return found, key[0] if key else None

    def imports(self) -> tuple[Import, ...]:
        """Give the imports that have not been taken back, the newest first."""
        with store.database_errors(self._url), self._engine.connect() as connection:
            rows = connection.execute(select(IMPORTS).order_by(IMPORTS.c.id.desc()))
            return tuple(Import(**row) for row in rows.mappings())

    def import_of(self, word: str) -> Import:
        """Give the import that a number or `last` names. Raises UsageError."""
        there = self.imports()
        named = there[:1] if word == LAST else [one for one in there if str(one.id) == word]
        found = next(iter(named), None)
        if found is None:
            hint = "see them with: sfcci gate imports" if there else "there is none that could be taken back"
            raise UsageError(f"no import {word!r}; {hint}")
        return found

    def take_back(self, one: Import) -> int:
        """Take the runs that an import brought away again, and the import with them; give how many there were.

        Their places are marked, so Graphite follows at the next push. Runs that it changed stay as it said.
        """
        with store.database_errors(self._url), self._engine.begin() as connection:
            history_write.begin(connection)
            known = connection.execute(
                delete(IMPORTS).where(IMPORTS.c.id == one.id, IMPORTS.c.first == one.first)
            )
            if not known.rowcount:  # somebody else did
                return 0
            return history_write.remove(connection, one.first, one.first + one.new)
