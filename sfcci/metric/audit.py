"""The audit: sums of counters in Graphite against the run database, whoever wrote them and however long ago.

It finds what the proof of single steps cannot: a Graphite that was emptied or lost part of its storage, others who write the
same series, retentions that are not those of the settings.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.gate.query import Query, SeriesKey
from sfcci.gate.spool import Spool
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.name import Kind
from sfcci.metric.retention import Archive
from sfcci.metric.series import Names, reach_s

MOST = 2000
"""So many counters are looked at: those first that were just written. They take Graphite a second."""
POLL_S = 0.2


@dataclass(frozen=True)
class Expected:
    """The sum that a counter must have, and the series of the run database that make it."""

    count: int
    series: frozenset[SeriesKey]


@dataclass(frozen=True)
class Difference:
    """A counter whose sum in Graphite is another."""

    name: str
    expected: Expected
    found: float

    @property
    def finding(self) -> Finding:
        """Say so."""
        return Finding(
            "MetricSumDiffers",
            Severity.ERROR,
            Place(self.name),
            f"Graphite has {self.found:g}, the run database {self.expected.count}",
            "push again; if it stays, somebody else writes this series, or Graphite keeps other steps than [graphite] retentions says",
        )


def differences(
    spool: Spool,
    reader: GraphiteReader,
    retentions: Sequence[Archive],
    first: Collection[str] = (),
    *,
    settle_s: float,
) -> list[Difference]:
    """Compare sums, those of `first` first; waits for what Graphite was just told. What is marked is not compared."""
    now_s = time.time()
    begin_s, end_s = reach_s(retentions, now_s), now_s + retentions[0].step_s
    wanted = _expected(spool, begin_s, end_s)
    chosen = sorted(wanted, key=lambda name: (name not in first, name))[:MOST]
    left = {name: wanted[name] for name in chosen}
    deadline = time.monotonic() + settle_s
    while left:
        found = sums(reader, left, begin_s, end_s)
        left = {name: one for name, one in left.items() if found[name] != one.count}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    return [Difference(name, one, found[name]) for name, one in left.items()]


def sums(reader: GraphiteReader, names: Iterable[str], begin_s: float, end_s: float) -> dict[str, float]:
    """Give the sum of each series over the steps from `begin_s` (included) to `end_s`; 0 where there is none."""
    span = int(end_s - begin_s) + 86400
    targets = [f"summarize({name},'{span}s','sum',true)" for name in names]
    found = dict.fromkeys(names, 0.0)
    for one in reader.render(targets, begin_s - 1, end_s):
        found[one.name] = found.get(one.name, 0.0) + sum(
            value for value, _ in one.values if value is not None
        )
    return found


def _expected(spool: Spool, begin_s: float, end_s: float) -> Mapping[str, Expected]:
    """Give what each counter must have that nothing waits for; what is recorded meanwhile is marked when it is looked at.

    Of runs that end later than now, by another machine's clock, Graphite tells nothing yet.
    """
    names = Names()
    found: dict[str, Expected] = {}
    for one in spool.columns(Query(since_s=begin_s, until_s=end_s)):
        for code, metric in enumerate(names.of(one.key)):
            if count := one.results.count(code):
                name = f"{Kind.COUNT}.{metric}"
                before = found.get(name, Expected(0, frozenset()))
                found[name] = Expected(before.count + count, before.series | {one.key})
    for mark in spool.changes():
        found.pop(f"{Kind.COUNT}.{names.metric(mark.series, mark.result)}", None)
    return found
