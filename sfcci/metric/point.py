"""A point: one value of one series at one time."""

from typing import NamedTuple


class Point(NamedTuple):
    """What carbon takes: the series' name, its value, seconds since the epoch (UTC, aligned to the archive's step)."""

    name: str
    value: float
    time_s: int
