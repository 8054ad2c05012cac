"""Which metrics exist: each name of each target asked of Graphite, and why there is nothing.

A result that has not happened yet has no series; that is no error as long as its job is there (`NeverHappened`), while a name
that leads nowhere is (`NoSuchMetric`). A series that exists and gets no values any more has disappeared: growing ranges of
time are asked for its last value (`MetricDisappeared`). Few requests for all names, whatever their number.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from sfcci.dashboard import target as grammar
from sfcci.dashboard.meaning import RESULTS
from sfcci.dashboard.read_target import ReadTarget
from sfcci.finding import Finding, Severity
from sfcci.metric.catalogue import Matched, Names, gathered, known_names
from sfcci.metric.glob import alternatives
from sfcci.metric.last_value import DAY_S, Values, last_values
from sfcci.metric.suggestion import missing

__all__ = ["Names", "Values", "gathered", "metric_findings", "never_happened", "patterns"]

SILENT_S = 30 * DAY_S
"""A series without a value for that long has disappeared."""


def patterns(read: ReadTarget) -> Iterator[tuple[str, int]]:
    """Give the metric patterns of a target with their offsets; template variables become wildcards."""
    for path in read.paths:
        if not path.text.startswith("#"):  # Grafana's reference to another target of the panel, "#A"
            yield grammar.with_variables(path.text, "*"), path.offset


def metric_findings(
    reads: Sequence[ReadTarget], names: Values, now_s: float, *, values: bool = True
) -> Iterator[Finding]:
    """Say which patterns match no series, and why, as far as Graphite's names tell; with `values`, which fell silent."""
    asked = sorted({pattern for read in reads for pattern, _ in patterns(read)})
    found = known_names(asked, names)
    matched = Matched(found)
    lost = [pattern for pattern in asked if not matched.any(pattern)]
    happened = never_happened(lost, names)
    reasons = _reasons([pattern for pattern in lost if pattern not in happened], names)
    silent = _silent(asked, matched, names, now_s) if values else {}
    for read in reads:
        for pattern, offset in patterns(read):
            if pattern in happened:
                what = f"has not happened yet: no series for {pattern}"
                yield read.finding("NeverHappened", Severity.INFO, offset, what)
            elif pattern in reasons:
                yield read.finding("NoSuchMetric", Severity.ERROR, offset, *reasons[pattern])
            elif pattern in silent:
                yield read.finding("MetricDisappeared", Severity.WARNING, offset, *silent[pattern])


def never_happened(lost: Iterable[str], names: Names) -> set[str]:
    """Give the patterns that name results which have no series, of jobs that have other results."""
    wider = {pattern: wide for pattern in lost if (wide := _with_any_result(pattern))}
    found = known_names(set(wider.values()), names)
    matched = Matched({name for name in found if RESULTS.intersection(name.split("."))})
    return {pattern for pattern, wide in wider.items() if matched.any(wide)}


def _reasons(lost: Sequence[str], names: Names) -> dict[str, tuple[str, str]]:
    """Say of each pattern from which part on there is nothing, and which name is near; two requests for all."""
    return {
        pattern: (
            f"no metric matches {pattern}: it is a branch, no series",
            f"names go on below: {pattern}.*",
        )
        if one.branch
        else (
            f"no metric matches {pattern}: there is nothing from {one.part!r} on (part {one.depth + 1})",
            one.hint,
        )
        for pattern, one in missing(lost, names).items()
    }


def _silent(
    asked: Sequence[str], matched: Matched, names: Values, now_s: float
) -> dict[str, tuple[str, str]]:
    """Give the patterns of which no series has had a value lately, with when one last had.

    A job that runs and does not fail is alive: for a result, all results of its job are looked at.
    """
    units = {pattern: _with_any_result(pattern) or pattern for pattern in asked if matched.any(pattern)}
    last = last_values(units.values(), names, now_s, alive_s=SILENT_S)
    return {
        pattern: _gone(unit, last.get(unit))
        for pattern, unit in units.items()
        if last.get(unit, 0) < now_s - SILENT_S
    }


def _gone(pattern: str, time_s: int | None) -> tuple[str, str]:
    if time_s is None:
        return f"the series of {pattern} are there and hold no value", ""
    day = datetime.fromtimestamp(time_s, UTC).date()
    return f"disappeared since {day}: nothing was written to {pattern} after that day", ""


def _with_any_result(pattern: str) -> str:
    """Replace the part that names results by a wildcard; "" when none does."""
    parts = pattern.split(".")
    for index, part in enumerate(parts):
        if RESULTS.issuperset(alternatives(part)):
            return ".".join([*parts[:index], "*", *parts[index + 1 :]])
    return ""
