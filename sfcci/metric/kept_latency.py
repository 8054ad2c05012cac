"""Series of what functions keep packets for: StatsD's timers, named by lab, group and port pair. Pure."""

from collections.abc import Iterable, Iterator

from sfcci.metric.name import Kind, part
from sfcci.metric.point import Point
from sfcci.trace.latency import PERCENTILES, SWITCH, Latency

FORM = "sfcci.lab.{lab}.group.{group}.pair.{pair}"
"""What a function keeps packets for; a part in braces is the resource's name as `part` spells it."""
SWITCH_FORM = f"sfcci.lab.{{lab}}.{SWITCH}"
NS_PER_MS = 1_000_000
MEDIAN = 50


def points(found: Iterable[Latency], lab: str, time_s: int) -> Iterator[Point]:
    """Give the points of one measurement: count, lower, median, upper_95, upper_99 and upper, in milliseconds."""
    for one in found:
        form = SWITCH_FORM if one.is_switch else FORM
        name = form.format(lab=part(lab), group=part(one.served.group), pair=part(one.served.pair))
        spans = {
            "lower": one.least,
            **{_figure(number): value for number, value in zip(PERCENTILES, one.percentiles, strict=True)},
            "upper": one.most,
        }
        figures = {"count": float(one.packets)} | {key: ns / NS_PER_MS for key, ns in spans.items()}
        for figure, value in figures.items():
            yield Point(f"{Kind.TIMER}.{name}.{figure}", value, time_s)


def _figure(per_cent: int) -> str:
    return "median" if per_cent == MEDIAN else f"upper_{per_cent}"
