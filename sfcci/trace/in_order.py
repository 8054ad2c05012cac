"""Frames of several interfaces that are one's: in the order in which they passed.

Interfaces are read one after the other, and frames pass meanwhile: what the later one gives may be younger than what the
earlier one has not given yet. So frames are given up to a moment at which all that had passed can be read, and no further.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain
from operator import itemgetter

Passed = tuple[int, bytes, int, bool]
"""A frame: time (nanoseconds since the epoch), its first octets, its length, and whether it left by the interface."""
time_of = itemgetter(0)
STEP_NS = 10**9
"""What is younger than the moment by more was told the time by a clock that has been set back since."""


class InOrder:
    """Keeps the frames that are not to be given yet."""

    def __init__(self) -> None:
        self._kept: list[Passed] = []

    def take(self, passed: Iterable[list[Passed]], until_ns: int) -> list[Passed]:
        """Give, in order, what has passed until then and was not given; keep the rest."""
        frames = sorted(chain(self._kept, *passed), key=time_of)
        end = bisect_right(frames, until_ns, key=time_of)
        if frames and frames[-1][0] > until_ns + STEP_NS:
            end = len(frames)
        self._kept = frames[end:]
        return frames[:end]

    def __bool__(self) -> bool:
        """Say whether something is kept."""
        return bool(self._kept)
