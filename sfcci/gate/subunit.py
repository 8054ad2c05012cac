"""Subunit version 2 read: the stream of events that tempest, stestr and testr keep of their tests.

A stream is packets: signature (0xB3), flags (2 octets), length of the packet (1 to 3 octets), then as the flags say time,
test, tags, MIME type, attachment, route; a CRC-32 at the end. Numbers take 1 to 4 octets; the first two bits say how many.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cases import LONGEST_S, Case, TestRun, is_name, plain
from sfcci.gate.job import Result

SIGNATURE = 0xB3
VERSION = 2
SHORTEST = 8
"""Signature, flags, a length of one octet, CRC."""
_ROUTE, _TIME, _TAGS, _MIME, _FILE, _TEST = 0x0400, 0x0200, 0x0080, 0x0020, 0x0040, 0x0800
_BEGAN = 2
_ENDED = {3: Result.SUCCESS, 4: Result.FAILURE, 5: Result.SKIPPED, 6: Result.FAILURE, 7: Result.SUCCESS}
"""Success, unexpected success, skip, failure, expected failure; 0 and 1 (a test that exists) say nothing of a run."""
_REASONS = {4: "succeeded unexpectedly"}
_TOLD = ("traceback", "reason")
"""Attachments that say why begin so."""
MAX_TOLD = 4000
NANOSECONDS = 10**9
_Key = tuple[str, str]


class Event(NamedTuple):
    """One packet. `offset` counts octets from the begin of the stream, `time_s` is None when the packet has no time."""

    offset: int
    test: str
    route: str
    status: int
    time_s: float | None
    file: str
    content: bytes


class _BadPacketError(Exception):
    """What is wrong in a packet, and at which of its octets."""

    def __init__(self, at: int, found: str) -> None:
        super().__init__(found)
        self.at, self.found = at, found


def read_subunit(chunks: Iterable[bytes], path: str, latest_s: float) -> TestRun:
    """Read a stream; `latest_s` is the last moment in which a test can have run. Raises InputError with the octet."""
    tests = _Tests(path)
    for event in events(chunks, path):
        if event.time_s is not None and not 0 < event.time_s <= latest_s:
            raise _fault(path, event.offset, f"the time {event.time_s:.0f}", "one since 1970 that has passed")
        if event.test:
            tests.take(event)
    return tests.found()


def events(chunks: Iterable[bytes], path: str) -> Iterator[Event]:
    """Give the packets of a stream, which is read as it comes. Raises InputError with the octet."""
    offset, data = 0, b""
    for chunk in chunks:
        data += chunk
        used = 0
        while (length := _length(data, used, path, offset)) and len(data) - used >= length:
            yield _event(data[used : used + length], path, offset + used)
            used += length
        data, offset = data[used:], offset + used
    if data:
        raise _fault(path, offset, f"the stream ends within a packet, {len(data)} octets after its begin", "")


def _length(data: bytes, at: int, path: str, offset: int) -> int:
    """Give the length of the packet that begins at `at`; 0 when its begin is not there yet."""
    if len(data) > at and data[at] != SIGNATURE:
        raise _fault(path, offset + at, f"octet {data[at]:#04x}", f"{SIGNATURE:#x}, the begin of a packet")
    if len(data) < at + SHORTEST:
        return 0
    if data[at + 1] >> 4 != VERSION:
        raise _fault(path, offset + at + 1, f"version {data[at + 1] >> 4}", f"version {VERSION} of subunit")
    if data[at + 3] >> 6 == 3:  # noqa: PLR2004 - two bits: four octets
        raise _fault(path, offset + at + 3, "a length of four octets", "three at most: 4 MiB")
    length, _ = _number(data, at + 3)
    if length < SHORTEST:
        raise _fault(path, offset + at + 3, f"a length of {length}", f"{SHORTEST} octets at least")
    return length


def _event(packet: bytes, path: str, offset: int) -> Event:
    if zlib.crc32(packet[:-4]) != int.from_bytes(packet[-4:]):
        raise _fault(path, offset, "the packet's checksum is wrong", "octets as they were written")
    try:
        return _fields(packet[:-4], offset)
    except _BadPacketError as error:
        raise _fault(path, offset + error.at, error.found, "") from None


def _fields(body: bytes, offset: int) -> Event:
    flags = int.from_bytes(body[1:3])
    _, at = _number(body, 3)
    time_s, test, route, file, content = None, "", "", "", b""
    if flags & _TIME:
        time_s, at = _time(body, at)
    if flags & _TEST:
        test, at = _text(body, at)
    if flags & _TAGS:
        at = _after_tags(body, at)
    if flags & _MIME:
        _, at = _text(body, at)
    if flags & _FILE:
        file, at = _text(body, at)
        content, at = _octets(body, at)
    if flags & _ROUTE:
        route, at = _text(body, at)
    if at != len(body):
        raise _BadPacketError(at, f"{len(body) - at} octets that no flag tells of")
    return Event(offset, test, route, flags & 7, time_s, file, content)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Give the number at a place and the place behind it."""
    octets = (data[at] >> 6) + 1 if at < len(data) else 1
    if at + octets > len(data):
        raise _BadPacketError(at, "a number reaches beyond the packet")
    return int.from_bytes(data[at : at + octets]) & (1 << 8 * octets - 2) - 1, at + octets


def _octets(data: bytes, at: int) -> tuple[bytes, int]:
    length, begin = _number(data, at)
    if begin + length > len(data):
        raise _BadPacketError(at, f"{length} octets reach beyond the packet")
    return data[begin : begin + length], begin + length


def _text(data: bytes, at: int) -> tuple[str, int]:
    octets, end = _octets(data, at)
    try:
        return octets.decode(), end
    except UnicodeDecodeError as error:
        raise _BadPacketError(at, f"a text that is not UTF-8 ({error.reason})") from None


def _time(data: bytes, at: int) -> tuple[float, int]:
    if at + 4 > len(data):
        raise _BadPacketError(at, "a time reaches beyond the packet")
    (seconds,) = struct.unpack_from(">I", data, at)
    nanoseconds, end = _number(data, at + 4)
    if nanoseconds >= NANOSECONDS:
        raise _BadPacketError(at + 4, f"{nanoseconds} nanoseconds of a second")
    return seconds + nanoseconds / NANOSECONDS, end


def _after_tags(data: bytes, at: int) -> int:
    count, at = _number(data, at)
    for _ in range(count):  # each takes an octet at least: the packet's end stops it
        _, at = _octets(data, at)
    return at


def _fault(path: str, offset: int, found: str, expected: str) -> InputError:
    return InputError(Fault(Place(path), f"octet {offset}: {found}", expected))


class _Running:
    """A test that has begun."""

    def __init__(self, event: Event) -> None:
        self.offset, self.begin_s, self.told = event.offset, event.time_s, b""


class _Tests:
    """The tests that a stream tells of."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.running: dict[_Key, _Running] = {}
        self.cases: list[Case] = []
        self.times: list[float] = []
        """The first and the last."""

    def take(self, event: Event) -> None:
        key = (event.route, event.test)
        if key not in self.running:
            if not is_name(event.test[:200]):
                raise _fault(self.path, event.offset, f"the test {event.test[:60]!a}", "no control character")
            self.running[key] = _Running(event)
        if event.time_s is not None:
            self.times = (
                [min(*self.times, event.time_s), max(*self.times, event.time_s)]
                if self.times
                else [event.time_s] * 2
            )
        test = self.running[key]
        if event.status == _BEGAN:
            test.begin_s = event.time_s
        if event.file.startswith(_TOLD):
            test.told = (test.told + event.content)[-MAX_TOLD:]
        if event.status in _ENDED:
            self._end(key, _ENDED[event.status], event.time_s, _REASONS.get(event.status, ""))

    def found(self) -> TestRun:
        for key, test in list(self.running.items()):
            if test.begin_s is not None:  # else the stream only said that there is such a test
                self._end(key, Result.FAILURE, test.begin_s, "began and never ended")
        if not self.times:
            return TestRun(None, 0.0, tuple(self.cases))
        return TestRun(self.times[0], min(self.times[1] - self.times[0], LONGEST_S), tuple(self.cases))

    def _end(self, key: _Key, result: Result, end_s: float | None, reason: str) -> None:
        test = self.running.pop(key)
        begin_s = end_s if test.begin_s is None else test.begin_s
        length_s = 0.0 if begin_s is None or end_s is None else min(max(end_s - begin_s, 0.0), LONGEST_S)
        reason = reason or _last_line(test.told)
        place = Place(f"{self.path} (octet {test.offset})")
        self.cases.append(Case(key[1], result, begin_s, length_s, reason, place))


def _last_line(told: bytes) -> str:
    """Give what a traceback ends with: the exception and its message."""
    lines = [line for line in told.decode(errors="replace").splitlines() if line.strip()]
    return plain(lines[-1]) if lines else ""
