"""What the databases of switches hold of them: rows by UUID, which is never the same in two databases."""

from collections.abc import Iterator
from typing import Final

from sfcci.datapath.ovsdb import Row
from sfcci.trace.topology_hosts import ROOT

TABLES: Final = ("Bridge", "Port", "Interface", "Controller")


class Rows:
    """The rows of all switches; a switch is meant by the namespace that it is in, and `at` says that of a row."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {table: {} for table in TABLES}
        self.version: dict[str, str] = {}
        """Open vSwitch's, by switch."""
        self.bridge_of: dict[str, str] = {}
        self.port_of: dict[str, str] = {}
        """Whose a port, or an interface, is."""
        self._at: dict[str, str] = {}
        self._named: dict[tuple[str, str], str] = {}

    def keep(self, table: str, uuid: str, row: Row | None, at: str) -> None:
        """A row is there, as told; None: no longer."""
        old = self.tables[table].pop(uuid, None)
        self._at[uuid] = at
        if table == "Interface" and old and self._named.get((at, old["name"])) == uuid:
            del self._named[at, old["name"]]
        if row is not None:
            self.tables[table][uuid] = {**row, "UUID": uuid}
            if table == "Interface":
                self._named[at, row["name"]] = uuid

    def at(self, uuid: str) -> str:
        """Give the switch that has, or had, a row."""
        return self._at.get(uuid, ROOT)

    def of(self, at: str) -> Iterator[tuple[str, str, Row]]:
        """Give table, UUID and row of all that a switch has."""
        for table, rows in self.tables.items():
            yield from ((table, uuid, row) for uuid, row in rows.items() if self._at[uuid] == at)

    def interface(self, at: str, name: str) -> Row | None:
        """Give the row of a switch's interface."""
        return self.tables["Interface"].get(self._named.get((at, name), ""))

    def peer(self, row: Row, at: str) -> Row | None:
        """Give the row of a patch's other end."""
        return self.interface(at, (row.get("options") or {}).get("peer", ""))
