"""The other way out: results told to a StatsD, as Zuul does: one more of a counter, a duration of a timer.

Increments are not idempotent, and StatsD counts what it is told when it is told. So a result is told once, soon after its
end: its run is written down first and its datagram sent then. Whatever dies in between, no result counts twice; one that was
written down and not sent is lost, as are datagrams that StatsD has no time to read. Nothing is read back.
"""

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Engine, MetaData, String, Table, delete, insert, select

from sfcci import files, store
from sfcci.errors import Unreachable, UsageError
from sfcci.gate.history import History
from sfcci.gate.job import JobResult
from sfcci.gate.query import Query
from sfcci.metric import wire
from sfcci.metric.carbon import Address, why
from sfcci.settings import Settings

DEFAULT_S = 3600
LONGEST_S = 30 * 86400
"""So long it is known which runs were told; older ones are never told."""
SLACK_S = 600
"""From when "30 days ago" was read until it is asked for, at most: to wait for another that tells takes some of it."""
AT_ONCE = 200
"""Results that are written down together."""
PAUSE_S = 0.001
"""After each datagram: StatsD reads them one by one, and what its socket has no room for is lost."""
REFUSED_S = 0.02
"""So soon the system tells that nobody listens there."""
METADATA = MetaData()
TOLD = Table(
    "told",
    METADATA,
    Column("target", String(255), primary_key=True),
    Column("run", String(255), primary_key=True),
    Column("ended_s", BigInteger, nullable=False),
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """What a StatsD was told: results, datagrams; and how many of the time asked for it had been told before."""

    results: int
    datagrams: int
    before: int


def tell(settings: Settings, statsd: Address, since_s: float, say: Say = lambda _text: None) -> Told:
    """Tell a StatsD the results that ended since then and that it was not told before.

    Raises Unreachable when nobody listens there, UsageError for a time that is too long ago.
    """
    if since_s < time.time() - LONGEST_S - SLACK_S:
        raise UsageError(
            "StatsD counts what it is told as of now, so only results of the last 30 days are told; push older ones to carbon"
        )
    url = f"sqlite:///{settings.state}/statsd.sqlite"
    one_at_a_time = files.locked(settings.state / "statsd.lock")
    with one_at_a_time, History(settings) as history, store.database_errors(url):
        engine = store.open_database(url, METADATA)
        try:
            results = list(history.select(Query(since_s=since_s)))
            fresh = _untold(engine, str(statsd), results)
            say(f"telling {len(fresh)} results to StatsD at {statsd}")
            sent = _tell(engine, statsd, fresh)
        finally:
            engine.dispose()
    return Told(len(fresh), sent, len(results) - len(fresh))


def _untold(engine: Engine, target: str, results: Sequence[JobResult]) -> list[JobResult]:
    with engine.begin() as connection:
        connection.execute(delete(TOLD).where(TOLD.c.ended_s < time.time() - LONGEST_S - 2 * SLACK_S))
        told = set(connection.execute(select(TOLD.c.run).where(TOLD.c.target == target)).scalars())
    return [result for result in results if result.run not in told]


def _tell(engine: Engine, statsd: Address, results: Sequence[JobResult]) -> int:
    sent = 0
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            statsd.host, statsd.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as link:
            link.connect(address)
            for at in range(0, len(results), AT_ONCE):
                sent += _part(engine, str(statsd), link, results[at : at + AT_ONCE])
    except (OSError, UnicodeError) as error:  # a name with a label that no name may have: a..b
        raise Unreachable(f"StatsD at {statsd} cannot be told: {why(error)}; see [graphite] statsd") from None
    return sent


def _part(engine: Engine, target: str, link: socket.socket, results: Sequence[JobResult]) -> int:
    """Write results down, then send them; what the system refuses to send is taken back."""
    rows = [{"target": target, "run": one.run, "ended_s": int(one.ended_at)} for one in results]
    with engine.begin() as connection:
        connection.execute(insert(TOLD), rows)
    unsent = {one.run for one in results}
    sent = 0
    try:
        for datagram, told in wire.datagrams(results):
            link.send(datagram)
            time.sleep(PAUSE_S if sent else REFUSED_S)
            _look_for_refusal(link)
            unsent -= {one.run for one in told}
            sent += 1
    except OSError:
        with engine.begin() as connection:
            connection.execute(delete(TOLD).where(TOLD.c.target == target, TOLD.c.run.in_(unsent)))
        raise
    return sent


def _look_for_refusal(link: socket.socket) -> None:
    if refused := link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(refused, os.strerror(refused))
