"""Which of many flow classifiers basically conflict, without comparing each with each."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from sfcci.chain.conflict import basic_conflicts_with, port_span, span
from sfcci.chain.state import Resource

EVERYWHERE: Final = (0, (1 << 128) - 1)
Span = tuple[int, int]
"""The first and the last of the numbers that match."""


def basic_conflicts(classifiers: Sequence[Resource], owners: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the places of every two classifiers that basically conflict and have two owners, in no order.

    Each is compared with those only that the most telling of its addresses and ports does not tell apart from it.
    """
    spans = _telling(classifiers)
    near: dict[int, list[int]] = {}  # owner → places of those that may still reach to what comes
    for place in sorted(range(len(classifiers)), key=lambda place: spans[place]):
        low, mine = spans[place][0], owners[place]
        conflicts = basic_conflicts_with(classifiers[place])
        for owner in [owner for owner in near if owner != mine]:
            near[owner] = [other for other in near[owner] if spans[other][1] >= low]
            for other in near[owner]:
                if conflicts(classifiers[other]):
                    yield min(place, other), max(place, other)
            if not near[owner]:
                del near[owner]
        near.setdefault(mine, []).append(place)


def _telling(classifiers: Sequence[Resource]) -> list[Span]:
    """Give each one's addresses or ports, on that side on which the most pairs of them have none in common."""
    sides = (
        [_addresses(one["source_ip_prefix"]) for one in classifiers],
        [_addresses(one["destination_ip_prefix"]) for one in classifiers],
        [port_span(one, "destination_port_range_min", "destination_port_range_max") for one in classifiers],
        [port_span(one, "source_port_range_min", "source_port_range_max") for one in classifiers],
    )
    return max(sides, key=_pairs_apart)


def _pairs_apart(spans: list[Span]) -> int:
    ends = sorted(last for _, last in spans)
    return sum(bisect_left(ends, first) for first, _ in spans)


def _addresses(prefix: str | None) -> Span:
    return EVERYWHERE if prefix is None else span(prefix)
