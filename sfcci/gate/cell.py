"""Cells: the runs of a series and a day (UTC) packed into one value, so that a million are read in a moment.

A run takes 24 octets, little-endian: the end in milliseconds since the epoch (8), the duration in milliseconds (4), what
was tested (4), the result's code (1), 1 when the job voted (1), six of nothing. In a cell runs are in the order of their
ends; whole cells put one behind the other are cut into columns by strides.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

DAY_MS = 86_400_000
_RUN = struct.Struct("<qIIBB6x")
_WORDS = _RUN.size // 8


class CellRun(NamedTuple):
    """One run in a cell."""

    ended_ms: int
    duration_ms: int
    tested: int
    code: int
    voting: int


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


def cell(runs: Iterable[Sequence[int]]) -> bytes:
    """Pack runs, oldest first."""
    return b"".join([_RUN.pack(*run) for run in runs])


def columns(cells: Iterable[bytes]) -> Columns:
    """Cut the cells of a series, oldest day first, into columns."""
    data = b"".join(cells)
    ended, numbers = array("q"), array("I")
    ended.frombytes(data)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        ended.byteswap()
        numbers.byteswap()
    return Columns(
        ended[::_WORDS],
        numbers[2 :: 2 * _WORDS],
        numbers[3 :: 2 * _WORDS],
        data[16 :: _RUN.size],
        data[17 :: _RUN.size],
    )
