"""Captures as files: frames out of classic pcap and pcapng, one at a time, and into classic pcap.

A classic capture is a header of 24 octets and, for each frame, 16 octets and the frame; its magic number tells the
byte order and whether times are in micro- or nanoseconds. Nothing but the frame at hand is kept in memory. Source:
draft-ietf-opsawg-pcap; `datapath.pcapng` for the other.
"""

import io
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sfcci.datapath import pcapng
from sfcci.datapath.pcapng import ETHERNET, MAX_FRAME, CapturedFrame
from sfcci.errors import Fault, InputError, Place

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
HEADER, RECORD = 24, 16
SNAP_LENGTH = 262144
SECOND = 10**9


def read(source: bytes | Path | BinaryIO) -> Iterator[CapturedFrame]:
    """Give the frames of a capture of either format, in file order. Raises InputError, with the octet."""
    if isinstance(source, bytes):
        yield from frames(io.BytesIO(source), "capture")
        return
    if not isinstance(source, Path):
        yield from frames(source, str(getattr(source, "name", "capture")))
        return
    try:
        with source.open("rb") as stream:
            yield from frames(stream, str(source))
    except OSError as error:
        raise InputError(
            Fault(Place(str(source)), error.strerror or str(error), "a readable capture")
        ) from None


def frames(stream: BinaryIO, name: str) -> Iterator[CapturedFrame]:
    """Give the frames of an open capture. Raises InputError, OSError."""
    magic = stream.read(4)
    if magic == struct.pack("<I", pcapng.SECTION):
        yield from pcapng.stream(stream, name, magic)
        return
    for order in "<>":
        for number, unit in ((MICROSECONDS, 1000), (NANOSECONDS, 1)):
            if magic == struct.pack(order + "I", number):
                yield from _classic(stream, name, order, unit)
                return
    raise _broken(name, 0, "no capture" if magic else "an empty file", "a pcap or pcapng file")


def _classic(stream: BinaryIO, name: str, order: str, unit: int) -> Iterator[CapturedFrame]:
    """Give the frames behind the magic number; `unit` is a time's unit in ns."""
    header = stream.read(HEADER - 4)
    if len(header) < HEADER - 4:
        raise _broken(name, 4 + len(header), "ends in the middle of the header")
    link_type = (
        struct.unpack_from(order + "I", header, 16)[0] & 0xFFFF
    )  # above it: the check sequence's length
    record, at = struct.Struct(order + "IIII"), HEADER
    while octets := stream.read(RECORD):
        if len(octets) < RECORD:
            raise _broken(name, at, "ends in the middle of a frame's header")
        second, fraction, kept, length = record.unpack(octets)
        if kept > MAX_FRAME:
            raise _broken(name, at, f"a frame of {kept} bytes", f"at most {MAX_FRAME}")
        data = stream.read(kept)
        if len(data) < kept:
            raise _broken(name, at, "ends in the middle of a frame")
        at += RECORD + kept
        time_ns = second * SECOND + fraction * unit
        yield CapturedFrame(time_ns, "", "", data, max(length, kept), link_type)


def dump(packets: Iterable[tuple[int, bytes, int]], link_type: int = ETHERNET) -> Iterator[bytes]:
    """Give a classic capture in nanoseconds, piece by piece, of (time_ns, octets, the frame's own length)."""
    yield struct.pack("<IHHiIII", NANOSECONDS, 2, 4, 0, 0, SNAP_LENGTH, link_type)
    for time_ns, data, length in packets:
        kept = data[:SNAP_LENGTH]
        yield struct.pack("<IIII", time_ns // SECOND, time_ns % SECOND, len(kept), length) + kept


def _broken(name: str, at: int, found: str, expected: str = "") -> InputError:
    return InputError(Fault(Place(name), f"byte {at}: {found}", expected))
