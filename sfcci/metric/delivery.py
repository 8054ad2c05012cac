"""Delivery: what is marked in the spool goes to carbon in chunks; what is proven to be in Graphite is settled.

A chunk holds the spans that some marks touch (see `series`) and the gauges that these change (see `probability`), each
whole, so it does not matter how often it is written, or what dies in between.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class Sent:
    """What is under way: marks, what was written for them, its points, and when these were made."""

    marks: frozenset[ChangeMark]
    chunk: Chunk
    points: Sequence[Point]
    made_s: float


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
        under_way: Sent | None = None
        while marks := self._next(under_way.marks if under_way else frozenset()):
            sent = self._send(marks)  # while carbon writes what is under way
            if under_way and not self._settle(_without(under_way, sent)):
                return
            under_way = sent
        if under_way:
            self._settle(under_way)
            self.drain()  # what came meanwhile, or was left for its other marks

    def catch_up(self, pushed_s: int | None, now_s: float) -> frozenset[Place]:
        """Write the gauges' steps since the last push: their 24 hours move on though nothing happens; give what lacks."""
        if pushed_s is None:
            return frozenset()
        step_s = probability.grid_s(self.instance.retentions)
        first = max(pushed_s, series.reach_s(self.instance.retentions, now_s)) // step_s * step_s
        outcomes = self.spool.columns(Query(since_s=first - probability.WINDOW_S))
        steps = range(first, int(now_s) + 1, step_s)
        gauges = {probability.gauge(one.key): steps for one in outcomes}
        chunk = Chunk((), gauges, outcomes)
        return self._unsure(Sent(frozenset(), chunk, *self.write(chunk)))

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
        if points:
            self.say(
                f"sending {len(points)} points of {len(names)} series to carbon at {self.instance.carbon}"
            )
        self.sent_bytes += carbon.send(points, self.instance.carbon, self.instance.pickle)
        self.points += len(points)
        self.series |= names
        return points, made_s

    def _next(self, under_way: frozenset[ChangeMark]) -> frozenset[ChangeMark]:
        """Give the next marks, at most CHUNK and PERIOD_S; the last span waits for its other marks, if there are more."""
        limit = CHUNK + len(self.stuck) + len(under_way)
        found = self.spool.changes(limit)
        marks = [mark for mark in found if mark not in self.stuck and mark not in under_way]
        if not marks:
            return frozenset()
        last = marks[-1].ended_s + 1 if len(found) < limit else marks[-1].ended_s
        last = min(last, marks[0].ended_s + PERIOD_S)
        if last <= marks[-1].ended_s:
            last = self.instance.retentions[-1].start(last)
        return frozenset(mark for mark in marks if mark.ended_s < last) or frozenset(marks)

    def _send(self, marks: frozenset[ChangeMark]) -> Sent:
        chunk = self._chunk(marks)
        return Sent(marks, chunk, *self.write(chunk))

    def _settle(self, sent: Sent) -> bool:
        """Settle the marks that are proven, writing what is not again; say whether any was."""
        left = sent.marks
        for attempt in range(ATTEMPTS):
            unsure = self._unsure(sent if attempt == 0 else self._send(left))
            left = frozenset(mark for mark in left if self._places(mark) & unsure)
            if not left:
                break
        else:
            self.lacking |= {place for place in unsure if isinstance(place, str)}
        self.spool.settle(sent.marks - left)
        self.changes += len(sent.marks) - len(left)
        self.stuck |= left
        return left != sent.marks

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

    def _unsure(self, sent: Sent) -> frozenset[Place]:
        """Read back what was sent; give the places that Graphite may not have right."""
        lacking = missing(sent.points, self.proof) if self.proof else ()
        now_s = time.time()
        passed = (
            (span.name, span.start)
            for span in sent.chunk.spans
            if series.crossed(span, self.instance.retentions, sent.made_s, now_s)
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


def _without(sent: Sent, later: Sent) -> Sent:
    """Leave out the points that were written anew since: their spans and gauges are proven, or stay marked, with `later`."""
    anew = {(point.name, point.time_s) for point in later.points}
    return replace(sent, points=[point for point in sent.points if (point.name, point.time_s) not in anew])


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
