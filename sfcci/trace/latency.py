"""How long functions keep packets, and the switch between them: percentiles over every packet that was followed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from sfcci.trace.meant import Meant
from sfcci.trace.passes import IN, Pass, Trail

PERCENTILES = (50, 95, 99)
SWITCH = "switch"


class Served(NamedTuple):
    """Who kept the packets: a port pair of a group; all are "" for the switch itself."""

    group: str
    pair: str
    node: str


@dataclass(frozen=True)
class Latency:
    """How long one function (or the switch, from one port to the next) kept packets, in nanoseconds."""

    served: Served
    packets: int
    """So many came and left."""
    unreturned: int
    """So many came and were not seen to leave; of the switch: that it gave to nobody."""
    least: int
    percentiles: tuple[int, ...]
    """By PERCENTILES, each a span that was measured (nearest rank)."""
    most: int

    @property
    def is_switch(self) -> bool:
        """Whether it is the switch."""
        return not self.served.pair


@dataclass
class _Kept:
    spans: list[int] = field(default_factory=list)
    unreturned: int = 0


def latencies(trails: Iterable[Trail], meant: Meant) -> tuple[Latency, ...]:
    """Give each function of a chain that a packet came to, by group and pair, and the switch last. Copies are left out."""
    found: dict[Served, _Kept] = {}
    followed = tuple(trails)
    ports = {one.port: one for trail in followed for one in trail.passes}
    known = {port: _served(one, meant) for port, one in ports.items()}
    for trail in followed:
        _follow(trail.passes, known, found)
    rows = sorted(found.items(), key=lambda item: (not item[0].pair, item[0]))
    return tuple(_latency(served, kept) for served, kept in rows)


def percentile(spans: Sequence[int], per_cent: float) -> int:
    """Give the nearest-rank percentile of spans in ascending order; 0 where there is none."""
    return spans[max(1, ceil(len(spans) * per_cent / 100)) - 1] if spans else 0


def _follow(passes: Sequence[Pass], known: dict[str, Served | None], found: dict[Served, _Kept]) -> None:
    """Put one packet's spans to who kept it: from a frame to the next one, by whoever has the packet in between."""
    switch = Served("", "", SWITCH)
    for one, after in zip(passes, (*passes[1:], None), strict=True):
        served = switch if one.direction == IN else known[one.port]
        if served is None:
            continue
        kept = found.setdefault(served, _Kept())
        if (
            after is None
            or (one.direction != IN and after.node != one.node)
            or after.direction == one.direction
        ):
            kept.unreturned += 1
        else:
            kept.spans.append(after.time_ns - one.time_ns)


def _served(one: Pass, meant: Meant) -> Served | None:
    """The function behind a port; None where there is none."""
    port = meant.port(one.port)
    pair = meant.pair_at.get(port.id) if port else None
    if pair is None:
        return None
    name = meant.layout.name
    return Served(name(meant.layout.group_of[pair].id), name(pair), one.node)


def _latency(served: Served, kept: _Kept) -> Latency:
    spans = sorted(kept.spans)
    return Latency(
        served,
        len(spans),
        kept.unreturned,
        spans[0] if spans else 0,
        tuple(percentile(spans, one) for one in PERCENTILES),
        spans[-1] if spans else 0,
    )
