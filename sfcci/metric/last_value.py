"""When series had their last value: growing ranges of time are asked, as most are found in the first, which costs least."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from sfcci.metric.catalogue import Matched, Names, gathered
from sfcci.metric.graphite import Series

DAY_S = 86400
RANGES_S = (3600, DAY_S, 30 * DAY_S, 400 * DAY_S, 4000 * DAY_S)
"""How far back values are looked for, one range after the other."""
POINTS, MOST_POINTS = 400, 200_000
"""How finely a range is looked at (the last hour to ten seconds, the last day to four minutes), unless series are many."""


class Values(Names, Protocol):
    """Who knows the values of the series as well (`metric.graphite.GraphiteReader` does)."""

    def render(
        self, targets: Sequence[str], from_s: float, until_s: float, *, max_points: int | None = None
    ) -> list[Series]:
        """Give the series of targets over a time."""


def last_values(
    asked: Iterable[str],
    values: Values,
    until_s: float,
    *,
    ranges_s: Sequence[float] = RANGES_S,
    alive_s: float = 0,
    series: int = 1,
) -> dict[str, int]:
    """Give for each name or glob when one of its series last had a value before `until_s`; what never had one is left out.

    The time is that of the begin of a step, as fine as the range divided by POINTS; `series` is how many there are, as
    far as known. In ranges up to `alive_s` the time does not matter, and the range's begin is given for what has a value
    in it. Raises what `values` raises.
    """
    waiting = set(asked)
    last: dict[str, int] = {}
    for range_s in ranges_s:
        if not waiting:
            break
        points = 1 if range_s <= alive_s else max(2, min(POINTS, MOST_POINTS // max(1, series)))
        found = values.render(gathered(waiting), until_s - range_s, until_s, max_points=points)
        times = {
            series.name: max((time_s for value, time_s in series.values if value is not None), default=0)
            for series in found
        }
        valued = Matched({name for name, time_s in times.items() if time_s})
        for one in sorted(waiting):
            if newest := max((times[name] for name in valued.matching(one)), default=0):
                last[one] = newest
                waiting.discard(one)
    return last
