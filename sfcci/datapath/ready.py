"""Waiting for what can be read: by poll(2), for select(2) knows no handle above 1023, and who captures has many."""

import contextlib
import os
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


class Bell:
    """What other threads ring, and becomes readable then."""

    def __init__(self) -> None:
        self._handle = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def __del__(self) -> None:
        os.close(self._handle)  # nobody can ring any more

    def fileno(self) -> int:
        """What becomes readable."""
        return self._handle

    def ring(self) -> None:
        """Be readable, until it is heard."""
        os.eventfd_write(self._handle, 1)

    def hear(self) -> None:
        """Be no longer readable."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._handle)
