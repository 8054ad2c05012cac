"""Waiting for what can be read: by poll(2), for select(2) knows no handle above 1023, and who captures has many."""

import select
from collections.abc import Iterable
from typing import Final, Protocol

LONGEST_S: Final = 86_400.0
"""poll(2) counts milliseconds in an int: who waits longer is woken once a day."""


class _Handled(Protocol):
    def fileno(self) -> int: ...


def readable(handles: Iterable[int | _Handled], limit_s: float | None) -> frozenset[int]:
    """Give the handles that have something to read, or have ended, waiting so long for the first (None: for ever; a day at most).

    Raises ValueError for one that is closed.
    """
    poll = select.poll()
    for handle in handles:
        poll.register(handle, select.POLLIN)
    found = poll.poll(None if limit_s is None else min(max(limit_s, 0.0), LONGEST_S) * 1000)
    if closed := [handle for handle, event in found if event & select.POLLNVAL]:
        raise ValueError(f"file {closed[0]} is closed")
    return frozenset(handle for handle, _ in found)
