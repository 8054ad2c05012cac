"""Points and results as others read them: carbon's plaintext and pickle protocols, StatsD's datagrams.

Sources: Graphite's documentation (Feeding In Your Data), StatsD's `docs/metric_types.md`.
"""

import pickle
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from sfcci.gate.job import JobResult
from sfcci.metric.name import TIMED, metric_name
from sfcci.metric.point import Point

BATCH_BYTES = 2**20
MESSAGE_BYTES = 2**20
"""carbon refuses a longer pickle (PICKLE_RECEIVER_MAX_LENGTH)."""
MESSAGE_POINTS = 4000
DATAGRAM_BYTES = 1432
"""What passes an Ethernet unfragmented, as StatsD's documentation has it."""
_LENGTH = struct.Struct(">I")
_Pair = tuple[str, tuple[int, float]]


def plain(points: Iterable[Point], sender: Any) -> Iterator[bytes]:
    """Give lines of text, about BATCH_BYTES at once; `sender` is a `graphyte.Sender`, which knows the form.

    The points of a series stay in one batch.
    """
    batch = bytearray()
    for _name, series in groupby(points, key=_name_of):
        batch += b"".join(sender.build_message(point.name, point.value, point.time_s) for point in series)
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


def pickled(points: Iterable[Point]) -> Iterator[bytes]:
    """Give messages of the pickle protocol: four octets of length, then a list of (name, (time, value)), protocol 2."""
    left = iter(points)
    while batch := [(name, (time_s, value)) for name, value, time_s in islice(left, MESSAGE_POINTS)]:
        yield from _messages(batch)


def datagrams(results: Iterable[JobResult]) -> Iterator[tuple[bytes, Sequence[JobResult]]]:
    """Give datagrams for StatsD, each with the results that end in it: one more of a counter, a duration of a timer."""
    lines: list[bytes] = []
    told: list[JobResult] = []
    room = DATAGRAM_BYTES
    for result in results:
        text = _lines(result)
        if len(text) > room and told:
            yield b"\n".join(lines), told
            lines, told, room = [], [], DATAGRAM_BYTES
        lines.append(text)
        told.append(result)
        room -= len(text) + 1
    if told:
        yield b"\n".join(lines), told


def _name_of(point: Point) -> str:
    return point.name


def _messages(batch: list[_Pair]) -> Iterator[bytes]:
    data = pickle.dumps(batch, protocol=2)
    if len(data) <= MESSAGE_BYTES:
        yield _LENGTH.pack(len(data)) + data
    else:  # very long names
        half = len(batch) // 2
        yield from _messages(batch[:half])
        yield from _messages(batch[half:])


def _lines(result: JobResult) -> bytes:
    name = metric_name(result)
    lines = [f"{name}:1|c"]
    if result.result in TIMED:
        lines.append(f"{name}:{result.duration_ms}|ms")
    return "\n".join(lines).encode()
