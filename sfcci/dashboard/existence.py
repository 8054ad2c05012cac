"""Which metrics exist: each name of each target asked of Graphite, and why there is nothing.

A result that has not happened yet has no series; that is no error as long as its job is there (`NeverHappened`), while a name
that leads nowhere is (`NoSuchMetric`). A series that exists and gets no values any more has disappeared: growing ranges of
time are asked for its last value (`MetricDisappeared`). Few requests for all names, whatever their number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import accumulate
from typing import Protocol

from sfcci.dashboard import target as grammar
from sfcci.dashboard.meaning import RESULTS
from sfcci.dashboard.read_target import ReadTarget
from sfcci.document import did_you_mean
from sfcci.finding import Finding, Severity
from sfcci.metric.graphite import Series

DAY_S = 86400
SILENT_S = 30 * DAY_S
"""A series without a value for that long has disappeared."""
RANGES_S = (3600, DAY_S, SILENT_S, 400 * DAY_S, 4000 * DAY_S)
"""How far back values are looked for, one range after the other: most series are found in the first, which costs least."""
POINTS = 400
FEW, COMPANIONS, MAX_OPENED = 100, 8, 2
"""Up to how many patterns are asked as they are; how many must differ in one part for it to be opened; how often."""
MAX_COMPARED = 10_000
"""How many names are looked at for suggestions; behind so many faults of one kind nobody reads them."""
_WILD = re.compile(r"[*?{\[]")


class Names(Protocol):
    """Who knows Graphite's metric names (`metric.graphite.GraphiteReader` does)."""

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns; without `leaves_only` branches too."""


class Values(Names, Protocol):
    """Who knows the values of the series as well."""

    def render(
        self, targets: Sequence[str], from_s: float, until_s: float, *, max_points: int | None = None
    ) -> list[Series]:
        """Give the series of targets over a time."""


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
    found = _names(asked, names)
    matched = _Matched(found)
    missing = [pattern for pattern in asked if not matched.any(pattern)]
    happened = never_happened(missing, names)
    reasons = _reasons([pattern for pattern in missing if pattern not in happened], names)
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


def never_happened(missing: Iterable[str], names: Names) -> set[str]:
    """Give the patterns that name results which have no series, of jobs that have other results."""
    wider = {pattern: wide for pattern in missing if (wide := _with_any_result(pattern))}
    found = _names(set(wider.values()), names)
    matched = _Matched({name for name in found if RESULTS.intersection(name.split("."))})
    return {pattern for pattern, wide in wider.items() if matched.any(wide)}


def _names(patterns: Iterable[str], names: Names, *, leaves_only: bool = True) -> set[str]:
    """Ask for the names that match any of the patterns, and perhaps more, in as few questions as will do."""
    asked = gathered(patterns)
    return set(names.expand(asked, leaves_only=leaves_only)) if asked else set()


def gathered(patterns: Iterable[str]) -> list[str]:
    """Give few patterns that match whatever the given ones do: where many differ in one part only, that part is open."""
    wanted = set(patterns)
    for _ in range(MAX_OPENED):
        if len(wanted) <= FEW:
            break
        split = [tuple(pattern.split(".")) for pattern in wanted]
        best = min((_opened(split, at) for at in range(max(map(len, split)))), key=len)
        if len(best) == len(wanted):
            break
        wanted = best
    return sorted(wanted)


def _opened(split: Sequence[tuple[str, ...]], at: int) -> set[str]:
    """Replace part `at` by a wildcard in those that have enough companions that differ in nothing else."""
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for parts in split:
        groups.setdefault((*parts[:at], "*", *parts[at + 1 :]) if at < len(parts) else parts, []).append(
            parts
        )
    return {
        ".".join(parts)
        for opened, some in groups.items()
        for parts in ([opened] if len(some) >= COMPANIONS and opened[:1] != ("*",) else some)
    }


class _Matched:
    """Names as a tree of their parts: a pattern walks down the branches that it matches, not over all names."""

    def __init__(self, names: AbstractSet[str]) -> None:
        self.names = names
        self.tree: dict[str, dict[str, object]] = {}
        for name in names:
            node: dict[str, object] = self.tree  # type: ignore[assignment]
            for part in name.split("."):
                node = node.setdefault(part, {})  # type: ignore[assignment]

    def any(self, pattern: str) -> bool:
        """Say whether some name matches."""
        if not _WILD.search(pattern):
            return pattern in self.names
        return next(self.matching(pattern), None) is not None

    def matching(self, pattern: str) -> Iterator[str]:
        """Give the names that match."""
        if not _WILD.search(pattern):
            yield from [pattern] if pattern in self.names else []
            return
        for name in self._below(self.tree, pattern.split("."), 0, ""):
            if name in self.names:
                yield name

    def _below(
        self, node: Mapping[str, object], parts: Sequence[str], depth: int, begin: str
    ) -> Iterator[str]:
        if depth == len(parts):
            yield begin
            return
        part = parts[depth]
        fits = grammar.pattern(part).fullmatch if _WILD.search(part) else None
        for word in [part] if fits is None else [word for word in node if fits(word)]:
            if word in node:
                inner: Mapping[str, object] = node[word]  # type: ignore[assignment]
                yield from self._below(inner, parts, depth + 1, f"{begin}.{word}" if begin else word)


def _reasons(missing: Sequence[str], names: Names) -> dict[str, tuple[str, str]]:
    """Say of each pattern from which part on there is nothing, and which name is near; two requests for all."""
    if not missing:
        return {}
    prefixes = {pattern: list(accumulate(pattern.split(".")[:-1], "{}.{}".format)) for pattern in missing}
    asked = {prefix for some in prefixes.values() for prefix in some}
    known = _Matched(_names(asked, names, leaves_only=False))
    depths = {
        pattern: next((n for n, prefix in enumerate(some) if not known.any(prefix)), len(some))
        for pattern, some in prefixes.items()
    }
    above = {pattern: ".".join([*pattern.split(".")[:depth], "*"]) for pattern, depth in depths.items()}
    inside = _Matched(_names(set(above.values()), names, leaves_only=False))
    siblings = {
        wide: sorted({name.rpartition(".")[2] for name in inside.matching(wide)})
        for wide in set(above.values())
    }
    reasons, near, compared = {}, {}, 0
    for pattern, depth in depths.items():
        part = pattern.split(".")[depth]
        key = (part, above[pattern])
        if key not in near:
            compared += len(siblings[above[pattern]])
            near[key] = did_you_mean(part, siblings[above[pattern]]) if compared <= MAX_COMPARED else ""
        what = f"no metric matches {pattern}: there is nothing from {part!r} on (part {depth + 1})"
        reasons[pattern] = (what, near[key])
    return reasons


def _silent(
    asked: Sequence[str], matched: _Matched, names: Values, now_s: float
) -> dict[str, tuple[str, str]]:
    """Give the patterns of which no series has had a value lately, with when one last had.

    A job that runs and does not fail is alive: for a result, all results of its job are looked at.
    """
    units = {pattern: _with_any_result(pattern) or pattern for pattern in asked if matched.any(pattern)}
    waiting = set(units.values())
    last: dict[str, int] = {}
    for range_s in RANGES_S:
        if not waiting:
            break
        points = 1 if range_s <= SILENT_S else POINTS  # of what is alive the day does not matter
        found = names.render(gathered(waiting), now_s - range_s, now_s, max_points=points)
        times = {
            series.name: max((time_s for value, time_s in series.values if value is not None), default=0)
            for series in found
        }
        valued = _Matched({name for name, time_s in times.items() if time_s})
        for unit in sorted(waiting):
            if newest := max((times[name] for name in valued.matching(unit)), default=0):
                last[unit] = newest
                waiting.discard(unit)
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
        if RESULTS.issuperset(grammar.alternatives(part)):
            return ".".join([*parts[:index], "*", *parts[index + 1 :]])
    return ""
