"""Metrics, and how they add up: of nodes and of flows, over all and by slices of time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sfcci.trace.flow_key import ABSENT
from sfcci.trace.graph import Node
from sfcci.trace.gremlin_field import walk
from sfcci.trace.gremlin_nodes import sum_key, total
from sfcci.trace.gremlin_parser import Step, shown
from sfcci.trace.gremlin_world import Asked, OfFlows, OfMetrics, OfNodes, OfValues, Single

Metric = dict[str, Any]
SLICE_S: Final = 30
MOST_SLICES: Final = 100_000
PLACES: Final = {
    "LastUpdateMetric": "LastUpdateMetric",
    "SFlow": "SFlow.LastUpdateMetric",
    "Ovs": "Ovs.LastUpdateMetric",
}
"""Where nodes have metrics."""
TIMES: Final = ("Start", "Last")
NO_SUM: Final = (*TIMES, "RTT")


def of_nodes(state: OfNodes, step: Step, asked: Asked) -> OfMetrics:
    """Metrics of nodes: the first that there is, or the named one."""
    if step.parameters and step.parameters[0] not in PLACES:
        raise asked.expression.fault(step.at, f"no metrics {shown(step.parameters[0])}", ", ".join(PLACES))
    places = [PLACES[str(one)] for one in step.parameters] or list(PLACES.values())
    found = {node.id: _of_node(node, places) for node in state.nodes}
    span = state.scope.span_ms
    return OfMetrics(state.scope, {name: [one] for name, one in found.items() if one and _within(one, span)})


def _of_node(node: Node, places: Iterable[str]) -> Metric | None:
    found = (walk(node.metadata, place) for place in places)
    return next((dict(one) for one in found if isinstance(one, Mapping)), None)


def _within(metric: Metric, span: tuple[int, int] | None) -> bool:
    return (
        span is None
        or span[0] == span[1]
        or (_at(metric, "Last") >= span[0] and _at(metric, "Start") <= span[1])
    )


def of_flows(state: OfFlows, _: Step, __: Asked) -> OfMetrics:
    """Metrics of flows: those of the last update, or of all the flow before its first; of a time all that lie in it."""
    flows = state.in_order()
    past = state.scope.past
    if past is not None:
        kept = {flow.uuid: [dict(one) for one in past.metrics(flow.uuid)] for flow in flows}
        return OfMetrics(state.scope, {uuid: metrics for uuid, metrics in kept.items() if metrics})
    return OfMetrics(state.scope, {flow.uuid: [(flow.update or flow.metric).json()] for flow in flows})


def count(state: OfMetrics, _: Step, __: Asked) -> Single:
    """Count: how many nodes or flows have metrics."""
    return Single("number", len(state.metrics))


def keys(state: OfMetrics, _: Step, __: Asked) -> OfValues:
    """Keys: the names that the metrics have."""
    return OfValues(state.scope, list(dict.fromkeys(key for one in _all(state) for key in one)))


def summed(state: OfMetrics, step: Step, asked: Asked) -> Single:
    """Sum: one metric of them all; with a key the sum of that."""
    if step.parameters:
        key = sum_key(step, asked)
        found = [one.get(key, ABSENT) for one in _all(state)]
        if found and all(value is ABSENT for value in found):
            raise asked.expression.fault(step.at, f"no metric has {shown(key)}", "a key of the metrics")
        return total(found, step, asked)
    result: Metric | None = None
    for one in _all(state):
        result = dict(one) if result is None else _added(result, one)
    return Single("metric", result)


def _all(state: OfMetrics) -> Iterable[Mapping[str, Any]]:
    return (one for metrics in state.metrics.values() for one in metrics)


def _at(metric: Mapping[str, Any], key: str) -> int:
    value = metric.get(key, 0)
    return value if isinstance(value, int) else 0


def _figures(metric: Mapping[str, Any]) -> dict[str, int]:
    """What of a metric can be added up and cut apart."""
    whole = ((key, value) for key, value in metric.items() if key not in NO_SUM)
    return {key: value for key, value in whole if isinstance(value, int) and not isinstance(value, bool)}


def _added(left: Metric, right: Mapping[str, Any]) -> Metric:
    """Both together: figures added up, from the earlier start to the later end; no RTT, for there are two."""
    figures = _figures(right)
    together = left | {key: left.get(key, 0) + value for key, value in figures.items()}
    together.pop("RTT", None)
    return together | {
        "Start": min(_at(left, "Start"), _at(right, "Start")),
        "Last": max(_at(left, "Last"), _at(right, "Last")),
    }


def aggregates(state: OfMetrics, step: Step, asked: Asked) -> OfMetrics:
    """Aggregates: all metrics together, by slices of so many seconds of the span that is asked about."""
    seconds = step.parameters[0] if step.parameters else SLICE_S
    if type(seconds) is not int or seconds <= 0 or len(step.parameters) > 1:
        raise asked.expression.fault(
            step.at, f"{step.written}({shown(seconds)})", "seconds of a slice, a whole number"
        )
    own = _span(state)
    span = state.scope.span_ms or own
    if (min(span[1], own[1]) - max(span[0], own[0])) / (seconds * 1000) > MOST_SLICES:
        raise asked.expression.fault(
            step.at, f"more than {MOST_SLICES} slices", "longer ones, or a shorter span"
        )
    found = aggregated(list(state.metrics.values()), span, seconds * 1000)
    return OfMetrics(state.scope, {"Aggregated": found})


def _span(state: OfMetrics) -> tuple[int, int]:
    """From the first beginning to the last end."""
    starts, lasts = [_at(one, "Start") for one in _all(state)], [_at(one, "Last") for one in _all(state)]
    return min(starts, default=0), max(lasts, default=0)


def aggregated(
    metrics: Iterable[Sequence[Mapping[str, Any]]], span: tuple[int, int], slice_ms: int
) -> list[Metric]:
    """The slices of a span in which something was: figures spread by the time that metrics lie in each.

    Whole numbers only, and nothing is lost between slices. What is too little to be cut lies where it began.
    """
    slices: dict[int, Metric] = {}
    for one in (metric for several in metrics for metric in several):
        for start, figures in _spread(one, span, slice_ms):
            bounds = {"Start": start, "Last": min(start + slice_ms, span[1])}
            before = slices.get(start)
            slices[start] = (_sum(before, figures) if before else figures) | bounds
    return [slices[start] for start in sorted(slices)]


def _sum(left: Metric, right: dict[str, int]) -> Metric:
    return left | {key: left.get(key, 0) + value for key, value in right.items()}


def _spread(
    metric: Mapping[str, Any], span: tuple[int, int], slice_ms: int
) -> Iterable[tuple[int, dict[str, int]]]:
    """What of a metric lies in each slice, by the slice's beginning."""
    begin, last = _at(metric, "Start"), _at(metric, "Last")
    rest, at = _figures(metric), begin
    if begin < span[0]:
        rest, at = _cut(rest, begin, last, span[0])[1], span[0]
    if begin >= span[1] or not any(rest.values()):
        return
    start = span[0] + (at - span[0]) // slice_ms * slice_ms
    while start < min(max(last, at + 1), span[1]):
        end = min(start + slice_ms, span[1])
        here, rest = _cut(rest, at, last, end)
        if start <= begin < end and not any(here.values()):
            yield start, _figures(metric)
            return
        yield start, here
        if not any(rest.values()):
            return
        start, at = start + slice_ms, end


def _cut(figures: dict[str, int], begin: int, last: int, at: int) -> tuple[dict[str, int], dict[str, int]]:
    """What lies before a time and behind it, evenly spread from `begin` to `last`."""
    if at >= last:
        return figures, dict.fromkeys(figures, 0)
    before = {key: value * (at - begin) // (last - begin) for key, value in figures.items()}
    return before, {key: value - before[key] for key, value in figures.items()}
