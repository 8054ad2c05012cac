"""Delivery: what is marked in the spool goes to carbon in chunks; what is proven to be in Graphite is settled.

A chunk holds the spans that some marks touch (see `series`) and the gauges that these change (see `probability`), each
whole, so it does not matter how often it is written, or what dies in between.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sfcci.errors import MissingTool, UsageError
from sfcci.gate.query import ChangeMark, Query, SeriesKey, SeriesOutcomes
from sfcci.gate.spool import Spool
from sfcci.metric import carbon, probability, series
from sfcci.metric.instance import Instance, free_bytes
from sfcci.metric.point import Point
from sfcci.metric.proof import missing, proof_of
from sfcci.metric.series import Names, Span

CHUNK = 20_000
"""So many marks are taken out of the spool at once ..."""
PERIOD_S = 30 * 86400
"""... and of no longer time: the runs of all of it are read."""
LAG_S = 3.0
"""So soon after its points were made carbon has written them, mostly; else what passed to another archive is written anew."""
ATTEMPTS = 4
SERIES_BYTES = 32 * 1024
"""What a new series takes on the disk: whisper's file is sparse."""
Say = Callable[[str], None]
Place = str | tuple[str, int]
"""A metric or a gauge, or a span: its metric and begin."""


@dataclass(frozen=True)
class Chunk:
    """What is written at once: spans; gauges with the begins of their steps; the outcomes that both are made of."""

    spans: Sequence[Span] = ()
    gauges: Mapping[str, Collection[int]] = field(default_factory=dict)
    outcomes: Sequence[SeriesOutcomes] = ()


class Delivery:
    """One delivery into one Graphite, and what it has come to."""

    def __init__(self, spool: Spool, instance: Instance, say: Say) -> None:
        self.spool, self.instance, self.say = spool, instance, say
        self.proof = proof_of(instance)
        self.names = Names()
        self.changes = self.points = self.sent_bytes = 0
        self.series: set[str] = set()
        self._gauges: dict[SeriesKey, str] = {}
        self.stuck: set[ChangeMark] = set()
        """Marks that were tried in vain."""
        self.lacking: set[Place] = set()
        """Metrics and gauges of these that Graphite does not have; the others only passed to another archive meanwhile."""

    def drain(self) -> None:
        """Write and settle what is marked, the oldest ends first, until nothing waits or Graphite takes nothing."""
        while marks := self._next():
            lost = self._deliver(marks)
            settled = [mark for mark in marks if mark not in lost]
            self.spool.settle(settled)
            self.changes += len(settled)
            self.stuck |= lost
            if not settled:
                break

    def catch_up(self, pushed_s: int | None, now_s: float) -> frozenset[Place]:
        """Write the gauges' steps since the last push: their 24 hours move on though nothing happens; give what lacks."""
        if pushed_s is None:
            return frozenset()
        step_s = probability.grid_s(self.instance.retentions)
        first = max(pushed_s, series.reach_s(self.instance.retentions, now_s)) // step_s * step_s
        outcomes = self.spool.columns(Query(since_s=first - probability.WINDOW_S))
        steps = range(first, int(now_s) + 1, step_s)
        gauges = {probability.gauge(one.key): steps for one in outcomes}
        return self._proven(Chunk((), gauges, outcomes))

    def write(self, chunk: Chunk) -> tuple[list[Point], float]:
        """Write a chunk to carbon once its steps stand still; give its points and when they were made."""
        if self.instance.carbon is None:
            raise UsageError("carbon's address is not known; set [graphite] carbon = HOST:PORT")
        retentions = self.instance.retentions
        time.sleep(series.crossing_s(_moving(chunk), retentions, time.time(), LAG_S))
        made_s = time.time()
        points = list(series.points(chunk.spans, retentions, made_s))
        points += probability.probabilities(chunk.outcomes, chunk.gauges, probability.grid_s(retentions))
        names = {point.name for point in points}
        _check_disk(self.instance, names - self.series)
        self.say(f"sending {len(points)} points of {len(names)} series to carbon at {self.instance.carbon}")
        self.sent_bytes += carbon.send(points, self.instance.carbon, self.instance.pickle)
        self.points += len(points)
        self.series |= names
        return points, made_s

    def _next(self) -> list[ChangeMark]:
        """Give the next marks, at most CHUNK and PERIOD_S; the last span waits for its other marks, if there are more."""
        limit = CHUNK + len(self.stuck)
        found = self.spool.changes(limit)
        marks = [mark for mark in found if mark not in self.stuck]
        if not marks:
            return marks
        last = marks[-1].ended_s + 1 if len(found) < limit else marks[-1].ended_s
        last = min(last, marks[0].ended_s + PERIOD_S)
        if last <= marks[-1].ended_s:
            last = self.instance.retentions[-1].start(last)
        return [mark for mark in marks if mark.ended_s < last] or marks

    def _deliver(self, marks: Collection[ChangeMark]) -> set[ChangeMark]:
        """Write what marks touch; give those that are not proven in the end."""
        left = set(marks)
        for _ in range(ATTEMPTS):
            unsure = self._proven(self._chunk(left))
            left = {mark for mark in left if self._places(mark) & unsure}
            if not left:
                return left
        self.lacking |= {place for place in unsure if isinstance(place, str)}
        return left

    def _chunk(self, marks: Collection[ChangeMark]) -> Chunk:
        """Give what marks touch, out of the runs of the projects in pipelines that they belong to."""
        retentions, now_s = self.instance.retentions, time.time()
        step_s, coarsest = probability.grid_s(retentions), retentions[-1]
        seconds: dict[str, set[int]] = defaultdict(set)
        for mark in marks:
            seconds[self._gauge(mark.series)].add(mark.ended_s)
        alike = tuple(key for key in self.spool.series() if self._gauge(key) in seconds)
        begin = coarsest.start(min(mark.ended_s for mark in marks)) - probability.WINDOW_S
        end = (
            coarsest.start(max(mark.ended_s for mark in marks))
            + coarsest.step_s
            + probability.WINDOW_S
            + step_s
        )
        outcomes = self.spool.columns(Query(series=alike, since_s=begin, until_s=end))
        oldest_s = series.reach_s(retentions, now_s)
        gauges = {
            name: [at for at in probability.touched(found, step_s, now_s) if at >= oldest_s]
            for name, found in seconds.items()
        }
        return Chunk(series.spans(outcomes, retentions, marks, self.names), gauges, outcomes)

    def _proven(self, chunk: Chunk) -> frozenset[Place]:
        """Write a chunk and read it back; give the places that Graphite may not have right."""
        points, made_s = self.write(chunk)
        lacking = missing(points, self.proof) if self.proof else ()
        now_s = time.time()
        passed = (
            (span.name, span.start)
            for span in chunk.spans
            if series.crossed(span, self.instance.retentions, made_s, now_s)
        )
        return frozenset(chain(map(series.metric_of, lacking), passed))

    def _places(self, mark: ChangeMark) -> frozenset[Place]:
        """Give the places that must be right for a mark to be settled."""
        metric = self.names.metric(mark.series, mark.result)
        return frozenset(
            (metric, self._gauge(mark.series), (metric, self.instance.retentions[-1].start(mark.ended_s)))
        )

    def _gauge(self, key: SeriesKey) -> str:
        if key not in self._gauges:
            self._gauges[key] = probability.gauge(key)
        return self._gauges[key]


def _moving(chunk: Chunk) -> Iterator[Span]:
    """Give all of a chunk as spans, for its steps to be looked at."""
    yield from chunk.spans
    yield from (Span(name, False, at, ((at, 0),)) for name, steps in chunk.gauges.items() for at in steps)


def _check_disk(instance: Instance, names: Collection[str]) -> None:
    if instance.folder is None:
        return
    stored = instance.folder / "storage/whisper"
    new = sum(not (stored / f"{name.replace('.', '/')}.wsp").exists() for name in names)
    if new * SERIES_BYTES > free_bytes(instance.folder):
        raise MissingTool(
            f"no room for {new} new series below {instance.folder}",
            f"free {new * SERIES_BYTES // 2**20 + 1} MiB and push again",
        )
