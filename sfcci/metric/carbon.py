"""Where points go in: carbon's plaintext listener for a few, its pickle listener for many."""

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from sfcci.errors import Unreachable, UsageError
from sfcci.metric import wire
from sfcci.metric.point import Point

TIMEOUT_S = 30.0
PICKLE_FROM = 100
"""From so many points on the pickle listener is used: carbon reads fewer in 3 ms either way (benchmarks/bench_push.py)."""
NEXT_STEP = "start one with `sfcci graphite up`, or see [graphite] in sfcci.toml"


@dataclass(frozen=True)
class Address:
    """Where a program listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str, what: str = "carbon", example: int = 2003) -> Address:
    """Read HOST:PORT, the address of `what`. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UsageError(f"{text!r} is no address of {what}; expected HOST:PORT, such as 127.0.0.1:{example}")
    return Address(host.strip("[]"), int(port))


def send(points: Iterable[Point], carbon: Address, pickle: Address | None = None) -> int:
    """Send points in their order through one connection; give how many octets that took.

    carbon has read them all when this returns: it closes the connection when it comes to the end. It confirms no more
    than that (its cache may be lost, its disk full): read back what matters. Raises Unreachable.
    """
    first = list(islice(points := iter(points), PICKLE_FROM))
    rest = chain(first, points)
    if pickle and len(first) == PICKLE_FROM:
        return _delivered(wire.pickled(rest), pickle)
    return _delivered(wire.plain(rest, _graphyte(carbon)), carbon) if first else 0


def _graphyte(carbon: Address) -> object:
    """Give graphyte's sender, which knows how a line is written; its own `send` does not wait for carbon to have read."""
    import graphyte

    return graphyte.Sender(carbon.host, carbon.port)


def why(error: Exception) -> str:
    """Give the system's words for what went wrong with a connection."""
    return getattr(error, "strerror", "") or str(error) or type(error).__name__


def _delivered(batches: Iterator[bytes], to: Address) -> int:
    sent = 0
    try:
        with socket.create_connection((to.host, to.port), timeout=TIMEOUT_S) as connection:
            for batch in batches:
                connection.sendall(batch)
                sent += len(batch)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1024):
                pass
    except (OSError, UnicodeError) as error:  # a name with a label that no name may have: a..b
        raise Unreachable(f"carbon at {to} takes no points: {why(error)}; {NEXT_STEP}") from None
    return sent
