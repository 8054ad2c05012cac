"""What was, in the store: each version of the topology's nodes and edges, flows with their metrics, and what was asked for.

One analyzer writes a database. What it wrote is there after kill -9; what it wrote last before that ends where it was
last known alive. Old rows go: by age, and by number.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from sfcci import store
from sfcci.trace.graph import Edge, Element, Graph, as_json, parse_element

SETTING: Final = "[trace] database or SFCCI_TRACE_DATABASE"
KEPT_S: Final = 24 * 3600
MOST_FLOWS: Final = 500_000
MOST_METRICS: Final = 2_000_000
MOST_VERSIONS: Final = 1_000_000
_METADATA = MetaData()
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
ELEMENTS: Final = Table(
    "elements",
    _METADATA,
    Column("serial", _SERIAL, primary_key=True),
    Column("id", String(255), nullable=False),
    Column("edge", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),  # NULL: it is so still
    Column("document", Text, nullable=False),
    Index("elements_open", "until_ms", "id"),
    Index("elements_since", "since_ms"),
)
FLOWS: Final = Table(
    "flows",
    _METADATA,
    Column("uuid", String(64), primary_key=True),
    Column("start_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("flows_last", "last_ms"),
)
METRICS: Final = Table(
    "metrics",
    _METADATA,
    Column("serial", _SERIAL, primary_key=True),
    Column("uuid", String(64), nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("metrics_uuid", "uuid", "last_ms"),
    Index("metrics_last", "last_ms"),
)
DOCUMENTS: Final = Table(
    "documents",
    _METADATA,
    Column("kind", String(32), primary_key=True),
    Column("uuid", String(64), primary_key=True),
    Column("document", Text, nullable=False),
)
ALIVE: Final = Table("alive", _METADATA, Column("at_ms", BigInteger, nullable=False))


class History:
    """The database of one analyzer. Its methods raise Unreachable where the database refuses (a full disk)."""

    def __init__(self, url: str, *, kept_s: float = KEPT_S) -> None:
        self._url, self._kept_ms = url, int(kept_s * 1000)
        self._engine = store.open_database(url, _METADATA, setting=SETTING, patience_s=5)
        with self._changing() as connection:
            alive = connection.execute(select(ALIVE.c.at_ms)).scalar()
            if alive is None:
                connection.execute(insert(ALIVE).values(at_ms=0))
            ended = update(ELEMENTS).where(ELEMENTS.c.until_ms.is_(None))
            connection.execute(ended.values(until_ms=alive or 0))

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Connection]:
        with store.database_errors(self._url, SETTING), self._engine.begin() as connection:
            yield connection

    # What was asked for

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give all documents of a kind, by UUID."""
        with self._changing() as connection:
            rows = connection.execute(select(DOCUMENTS).where(DOCUMENTS.c.kind == kind))
            return {row.uuid: json.loads(row.document) for row in rows}

    def put_document(self, kind: str, uuid: str, document: Mapping[str, Any] | None) -> None:
        """Keep a document in the place of the one before; None: forget it."""
        with self._changing() as connection:
            connection.execute(delete(DOCUMENTS).where(DOCUMENTS.c.kind == kind, DOCUMENTS.c.uuid == uuid))
            if document is not None:
                connection.execute(
                    insert(DOCUMENTS).values(kind=kind, uuid=uuid, document=json.dumps(document))
                )

    # Writing

    def write(
        self,
        now_ms: int,
        elements: Sequence[Element] = (),
        flows: Sequence[Mapping[str, Any]] = (),
        *,
        metrics: bool = True,
    ) -> None:
        """Write versions of elements in the order in which they came, and flows (Skydive's schema), all or nothing.

        `metrics`: keep each flow's metric of the last interval, too.
        """
        with self._changing() as connection:
            connection.execute(update(ALIVE).values(at_ms=now_ms))
            _write_elements(connection, elements)
            _write_flows(connection, flows)
            if metrics:
                _write_metrics(connection, flows)

    def prune(self, now_ms: int) -> None:
        """Forget what is too old or too much."""
        old = now_ms - self._kept_ms
        with self._changing() as connection:
            connection.execute(delete(ELEMENTS).where(ELEMENTS.c.until_ms < old))
            for table, column, most in (
                (FLOWS, FLOWS.c.last_ms, MOST_FLOWS),
                (METRICS, METRICS.c.last_ms, MOST_METRICS),
                (ELEMENTS, ELEMENTS.c.until_ms, MOST_VERSIONS),
            ):
                connection.execute(delete(table).where(column < max(old, _bound(connection, column, most))))

    # Reading

    def graph(self, since_ms: int, until_ms: int) -> Graph:
        """Give what was there at some time of the span (from `since_ms` to `until_ms`): of each element the last version."""
        wanted = (
            select(ELEMENTS.c.id, ELEMENTS.c.edge, ELEMENTS.c.until_ms, ELEMENTS.c.document)
            .where(ELEMENTS.c.since_ms <= until_ms)
            .where(or_(ELEMENTS.c.until_ms.is_(None), ELEMENTS.c.until_ms > since_ms))
            .order_by(ELEMENTS.c.edge, ELEMENTS.c.serial)
        )
        with self._changing() as connection:
            last = {row.id: row.document for row in connection.execute(wanted)}
        return Graph(parse_element(json.loads(text)) for text in last.values())

    def flows(self, since_ms: int, until_ms: int) -> Iterator[dict[str, Any]]:
        """Give the flows (Skydive's schema) that had packets in the span, newest first."""
        wanted = (
            select(FLOWS.c.document)
            .where(FLOWS.c.start_ms <= until_ms, FLOWS.c.last_ms >= since_ms)
            .order_by(FLOWS.c.last_ms.desc())
        )
        with self._changing() as connection:
            for text in connection.execute(wanted.execution_options(yield_per=1000)).scalars():
                yield json.loads(text)

    def metrics(self, uuid: str, since_ms: int, until_ms: int) -> list[dict[str, Any]]:
        """Give a flow's metrics of the intervals that ended in the span, oldest first."""
        wanted = (
            select(METRICS.c.document)
            .where(METRICS.c.uuid == uuid, METRICS.c.last_ms.between(since_ms, until_ms))
            .order_by(METRICS.c.last_ms)
        )
        with self._changing() as connection:
            return [json.loads(text) for text in connection.execute(wanted).scalars()]


def _write_elements(connection: Connection, elements: Sequence[Element]) -> None:
    """Each version ends the one before; of versions of one moment the last counts.

    Rows of one call are put together first: what has come and gone within it needs no second look at the table.
    """
    if not elements:
        return
    first: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    latest: dict[str, dict[str, Any]] = {}
    for element in elements:
        at = element.deleted_ms or element.updated_ms or element.created_ms
        first.setdefault(element.id, at)
        if before := latest.pop(element.id, None):
            before["until_ms"] = at
        if element.deleted_ms:
            continue
        latest[element.id] = row = {
            "id": element.id,
            "edge": int(isinstance(element, Edge)),
            "since_ms": at,
            "until_ms": None,
            "document": json.dumps(as_json(element), default=str),
        }
        rows.append(row)
    ended = update(ELEMENTS).where(ELEMENTS.c.id == bindparam("which"), ELEMENTS.c.until_ms.is_(None))
    connection.execute(
        ended.values(until_ms=bindparam("at")), [{"which": which, "at": at} for which, at in first.items()]
    )
    if rows := [row for row in rows if row["until_ms"] is None or row["until_ms"] > row["since_ms"]]:
        connection.execute(insert(ELEMENTS), rows)


def _write_flows(connection: Connection, flows: Sequence[Mapping[str, Any]]) -> None:
    if not flows:
        return
    rows = {
        flow["UUID"]: {
            "uuid": flow["UUID"],
            "start_ms": flow["Start"],
            "last_ms": flow["Last"],
            "document": json.dumps(flow),
        }
        for flow in flows
    }
    connection.execute(
        delete(FLOWS).where(FLOWS.c.uuid == bindparam("which")), [{"which": one} for one in rows]
    )
    connection.execute(insert(FLOWS), list(rows.values()))


def _write_metrics(connection: Connection, flows: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        {"uuid": flow["UUID"], "last_ms": metric["Last"], "document": json.dumps(metric)}
        for flow in flows
        if (metric := flow.get("LastUpdateMetric")) and metric.get("Last")
    ]
    if rows:
        connection.execute(insert(METRICS), rows)


def _bound(connection: Connection, column: Any, most: int) -> int:
    """Give the moment before which rows are more than `most`; 0 where there are not so many."""
    table = column.table
    number = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if number <= most:
        return 0
    found = connection.execute(select(column).order_by(column.desc()).offset(most).limit(1)).scalar()
    return int(found or 0) + 1
