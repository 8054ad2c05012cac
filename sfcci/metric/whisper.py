"""Whisper files: what a series' file holds, read from its octets. Source: whisper's `whisper.py` (file layout).

A header (how coarse steps are made, the longest time, the share of known values, the number of archives), for each archive
its offset, step and length, then the archives: rings of (begin of the step, value), the first place of which says where
the ring begins. A place of a time long gone holds an older begin.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose

_HEADER = struct.Struct(">LLfL")
_ARCHIVE = struct.Struct(">LLL")
_PLACE = struct.Struct(">Ld")
HEAD = 4096
"""A header is shorter."""
_METHODS: dict[int, Callable[[Sequence[float]], float]] = {
    1: lambda values: sum(values) / len(values),
    2: lambda values: float(sum(values)),
    3: lambda values: values[-1],
    4: max,
    5: min,
}
"""Number in the header → how a coarse step is made of the finer ones that are known."""


@dataclass(frozen=True)
class Ring:
    """One archive of a file."""

    offset: int
    step_s: int
    places: int

    @property
    def kept_s(self) -> int:
        """How far back it reaches."""
        return self.step_s * self.places


def whole(head: bytes, size: int) -> bool:
    """Say whether a file of this size that begins so (HEAD octets will do) was made to its end."""
    try:
        _, rings = _header(head)
    except ValueError:
        return False
    return size >= rings[-1].offset + rings[-1].places * _PLACE.size


class WhisperFile:
    """A file's octets. Raises ValueError for what is no whisper file, or half of one."""

    def __init__(self, data: bytes) -> None:
        method, self.rings = _header(data)
        if method not in _METHODS or not whole(data, len(data)):
            raise ValueError("half of a whisper file")
        self.aggregate, self.data = _METHODS[method], data
        self.bases = tuple(_PLACE.unpack_from(data, ring.offset)[0] for ring in self.rings)

    def value(self, level: int, start: int) -> float | None:
        """Give the value of the step that begins at `start` in an archive (0: the finest); None when there is none."""
        ring = self.rings[level]
        place = (start - self.bases[level]) // ring.step_s % ring.places
        begin, value = _PLACE.unpack_from(self.data, ring.offset + place * _PLACE.size)
        return value if begin == start else None

    def holds(self, steps: Mapping[int, float], now_s: float) -> bool:
        """Say whether the file has these values (begin of a step → value), and in its coarser archives what follows from them."""
        levels: dict[int, list[int]] = {}
        for start, value in steps.items():
            level = next((n for n, ring in enumerate(self.rings) if now_s - start <= ring.kept_s), None)
            if level is None:
                continue  # older than the file keeps
            if (found := self.value(level, start)) is None or not isclose(found, value, rel_tol=1e-9):
                return False
            levels.setdefault(level, []).append(start)
        return all(self._carried(level, starts, now_s) for level, starts in levels.items())

    def _carried(self, level: int, starts: Sequence[int], now_s: float) -> bool:
        """Say whether what whisper carries from an archive into the coarser ones has come there."""
        for coarser in range(level + 1, len(self.rings)):
            finer_s, step_s = self.rings[coarser - 1].step_s, self.rings[coarser].step_s
            for start in {start - start % step_s for start in starts}:
                if now_s - start >= self.rings[coarser - 1].kept_s:
                    continue  # part of it has left the finer archive: such a step is written for itself
                inside = (self.value(coarser - 1, at) for at in range(start, start + step_s, finer_s))
                known = [value for value in inside if value is not None]
                found = self.value(coarser, start)
                if known and (found is None or not isclose(found, self.aggregate(known), rel_tol=1e-9)):
                    return False
        return True


def _header(data: bytes) -> tuple[int, tuple[Ring, ...]]:
    """Give the number of the method and the archives, one at least."""
    try:
        method, _, _, count = _HEADER.unpack_from(data)
        places = range(_HEADER.size, _HEADER.size + max(count, 1) * _ARCHIVE.size, _ARCHIVE.size)
        return method, tuple(Ring(*_ARCHIVE.unpack_from(data, at)) for at in places)
    except struct.error:
        raise ValueError("no header of a whisper file") from None
