"""Figures of buildsets and changes: what passed a pipeline whole, what merged and at what price.

A buildset fails when a voting job fails. It passes when all its voting jobs end well: SUCCESS, or SKIPPED beside at least one
SUCCESS (an attempt that was tried again is no end). What was canceled or aborted neither fails nor passes.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import compress

from sfcci.gate.figures import DAY_S, Rate
from sfcci.gate.job import BAD, Result
from sfcci.gate.query import SeriesKey, SeriesOutcomes, Tested, mask


@dataclass(frozen=True, order=True)
class ProjectKey:
    """A branch of a project."""

    tenant: str
    host: str
    project: str
    branch: str


@dataclass(frozen=True)
class Verdicts:
    """The buildsets of a pipeline, by keys of `Outcomes.tested`."""

    passed: frozenset[int]
    failed: frozenset[int]

    @property
    def rate(self) -> Rate:
        """The failed ones of all that passed or failed."""
        return Rate(len(self.failed), len(self.failed) + len(self.passed))


@dataclass(frozen=True)
class ChangeFigures:
    """What changes cost. A change has merged when it has a buildset in a gate pipeline that passed."""

    key: ProjectKey
    merged: int
    failed: Mapping[str, int]
    """Pipeline → how many buildsets of merged changes failed there."""
    checked: int
    """Changes with a buildset in a check pipeline."""
    rechecks: int
    """Buildsets in check pipelines of a patch set that had one there already."""

    @property
    def failed_per_merged(self) -> float | None:
        """Failed buildsets of changes that merged / merged changes."""
        return sum(self.failed.values()) / self.merged if self.merged else None

    @property
    def rechecks_per_change(self) -> float | None:
        """Rechecks / changes that were checked."""
        return self.rechecks / self.checked if self.checked else None


_IS_GOOD, _IS_BAD = mask([Result.SUCCESS]), mask(BAD)
_IS_OPEN = mask({*Result} - {Result.SUCCESS, Result.SKIPPED, Result.RETRY, *BAD})


def is_gate(pipeline: str) -> bool:
    """Say whether what passes a pipeline merges: its name has the word gate."""
    return "gate" in re.split("[-_.]", pipeline)


def is_check(pipeline: str) -> bool:
    """Say whether a pipeline checks changes under review: its name has the word check."""
    return "check" in re.split("[-_.]", pipeline)


def project_key(key: SeriesKey) -> ProjectKey:
    """Give the branch that a series is of."""
    return ProjectKey(key.tenant, key.host, key.project, key.branch)


def verdicts(series: Iterable[SeriesOutcomes], tested: Mapping[int, Tested], since_ms: float = 0) -> Verdicts:
    """Give the buildsets of one pipeline of one project, as the results that ended since then judge them.

    Runs without a buildset's name belong to none.
    """
    good: set[int] = set()
    failed: set[int] = set()
    unfinished: set[int] = set()
    for one in series:
        start = bisect_left(one.ended_ms, since_ms)
        keys, results, votes = one.tested[start:], one.results[start:], one.votes[start:]
        for table, keep in ((_IS_GOOD, good), (_IS_BAD, failed), (_IS_OPEN, unfinished)):
            chosen = _both(results.translate(table), votes)
            if 1 in chosen:
                keep.update(compress(keys, chosen))
    nameless = {key for key in good | failed if not tested[key].buildset}
    return Verdicts(frozenset(good - failed - unfinished - nameless), frozenset(failed - nameless))


def change_figures(
    key: ProjectKey, pipelines: Mapping[str, Verdicts], tested: Mapping[int, Tested]
) -> ChangeFigures:
    """Give the figures of a project's changes; `pipelines` are all of its pipelines."""
    passed = (one.passed for name, one in pipelines.items() if is_gate(name))
    merged = {tested[key].change for keys in passed for key in keys} - {""}
    failed = {
        name: sum(tested[key].change in merged for key in one.failed) for name, one in pipelines.items()
    }
    checks = Counter(
        (name, tested[key].change, tested[key].patchset or tested[key].commit)
        for name, one in pipelines.items()
        if is_check(name)
        for key in one.passed | one.failed
        if tested[key].change
    )
    return ChangeFigures(
        key,
        len(merged),
        {name: count for name, count in failed.items() if count},
        len({change for _, change, _ in checks}),
        sum(checks.values()) - len(checks),
    )


def ended_between(
    series: Iterable[SeriesOutcomes], keys: AbstractSet[int], from_ms: int, until_ms: int
) -> tuple[int, ...]:
    """Give those buildsets whose last voting job ended in (from, until], the last one first.

    The jobs of a buildset are taken to end within a day.
    """
    last: dict[int, int] = {}
    for one in series:
        start, end = (bisect_right(one.ended_ms, at) for at in (from_ms, until_ms + DAY_S * 1000))
        for key, ended_ms in zip(one.tested[start:end], one.ended_ms[start:end], strict=True):
            last[key] = max(ended_ms, last.get(key, 0))
    inside = ((ended_ms, key) for key, ended_ms in last.items() if key in keys and ended_ms <= until_ms)
    return tuple(key for _, key in sorted(inside, reverse=True))


def _both(one: bytes, other: bytes) -> bytes:
    """Give 1 where both octets are 1."""
    if 0 not in other:
        return one
    both = int.from_bytes(one, "big") & int.from_bytes(other, "big")
    return both.to_bytes(len(one), "big")
