"""Cells: the runs of a series and a day (UTC) packed into one value, so that a million are read in a moment.

A run takes 24 octets, big-endian: the end in milliseconds since the epoch (8), the duration in milliseconds (4), what was
tested (4), the result's code (1), 1 when the job voted (1), the number of the run's row (6). So octets sort as the ends do,
and whole cells put one behind the other are cut into columns by strides.
"""

import struct
import sys
from array import array
from collections.abc import Iterable
from typing import NamedTuple

DAY_MS = 86_400_000
_RUN = struct.Struct(">qIIQ")
_NUMBER_BITS = 48
_NUMBER = 2**_NUMBER_BITS - 1


class Columns(NamedTuple):
    """The columns of cells: lengths are equal."""

    ended_ms: "array[int]"
    duration_ms: "array[int]"
    tested: "array[int]"
    results: bytes
    votes: bytes


def day(ended_ms: int) -> int:
    """Give the day (since the epoch, UTC) in which a run ended."""
    return ended_ms // DAY_MS


def record(ended_ms: int, duration_ms: int, tested: int, code: int, voting: bool, number: int) -> bytes:
    """Give the octets of one run."""
    return _RUN.pack(ended_ms, duration_ms, tested, (code << 8 | voting) << _NUMBER_BITS | number)


def changed(cell: bytes, gone: set[bytes], new: set[bytes]) -> bytes:
    """Give a cell without some records and with others."""
    there = {cell[at : at + _RUN.size] for at in range(0, len(cell), _RUN.size)}
    return b"".join(sorted((there - gone) | new))


def columns(cells: Iterable[bytes]) -> Columns:
    """Cut the cells of a series, oldest day first, into columns."""
    data = b"".join(cells)
    return Columns(
        _column("q", data, 0),
        _column("I", data, 2),
        _column("I", data, 3),
        data[16 :: _RUN.size],
        data[17 :: _RUN.size],
    )


def numbers(cell: bytes) -> "Iterable[tuple[int, int, int]]":
    """Give end (ms), code and number of each run of a cell."""
    for ended_ms, _, _, rest in _RUN.iter_unpack(cell):
        yield ended_ms, rest >> _NUMBER_BITS + 8, rest & _NUMBER


def _column(kind: str, data: bytes, place: int) -> "array[int]":
    """Give the numbers of a kind (typecode of `array`) that stand at a place of each record."""
    every = array(kind)
    every.frombytes(data)
    column = every[place :: _RUN.size // every.itemsize]
    if sys.byteorder == "little":
        column.byteswap()
    return column
