"""Pushing: what has changed in the run database goes into Graphite, is read back, and leaves the spool then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sfcci.address import without_user
from sfcci.errors import MissingTool, Place, Unreachable, UsageError
from sfcci.finding import Finding, Severity
from sfcci.gate.query import Query
from sfcci.gate.spool import Spool
from sfcci.metric import audit, probability, series
from sfcci.metric.delivery import PERIOD_S, SERIES_BYTES, Chunk, Delivery
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance, free_bytes, identity
from sfcci.metric.proof import SETTLE_S
from sfcci.settings import Settings

OWN_SETTLE_S = 0.5
"""What was proven on the disk needs no time to come there; carbon's cache, which others answer from, has only part of a step."""
Say = Callable[[str], None]


def _quietly(_text: str) -> None:
    pass


@dataclass(frozen=True)
class PushReport:
    """What a push did: changes that were settled, points and octets sent, in how many series, what is wrong."""

    changes: int
    """A change: the results of one kind in a series that ended in one second are others than Graphite knew."""
    series: int
    points: int
    sent_bytes: int
    waiting: int
    """Changes that are left: what Graphite did not take, or what came meanwhile."""
    proven: bool
    """Whether Graphite was read back; it cannot be where only carbon's address is known."""
    another: bool
    """This Graphite is not the one that was fed before, or an emptied one: it got everything."""
    findings: tuple[Finding, ...] = ()
    """What Graphite did not take, and counters whose sum there is not the run database's."""

    @property
    def summary(self) -> str:
        """One line for people."""
        text = "this is another Graphite than before, so everything is written: " if self.another else ""
        if not self.changes and not self.findings:
            return text + "nothing to push: nothing has changed since the last push"
        changes = "1 change is" if self.changes == 1 else f"{self.changes} changes are"
        text += f"{changes} {self.points} points of {self.series} series"
        if self.findings:
            return f"{text}; {len(self.findings)} series are wrong, {self.waiting} changes wait"
        proven = "read back, the sums are right"
        return (
            f"{text}; {proven if self.proven else 'carbon has read them; that it keeps them is not proven'}"
        )


def push(
    settings: Settings,
    instance: Instance,
    say: Say = _quietly,
    *,
    since_s: float | None = None,
    everything: bool = False,
) -> PushReport:
    """Write what has changed, read it back, settle it; with `since_s` also all that ended since, or everything again.

    Two pushes at once wait for each other. Raises Unreachable, UsageError, MissingTool: what is not settled waits then.
    """
    if instance.carbon is None:
        raise UsageError(
            f"{without_user(instance.url)} can only be read; set [graphite] carbon = HOST:PORT to push to it"
        )
    with Spool(settings) as spool, spool.alone():
        another = spool.aim(identity(instance))
        if everything or since_s is not None:
            spool.mark_all(Query(since_s=since_s))
        delivery = Delivery(spool, instance, say)
        try:
            findings = _delivered(delivery)
        except Unreachable as error:
            raise Unreachable(f"{error}; {spool.waiting().marks} changes wait, nothing is lost") from None
        waiting = spool.waiting().marks
    return PushReport(
        delivery.changes,
        len(delivery.series),
        delivery.points,
        delivery.sent_bytes,
        waiting,
        delivery.proof is not None,
        another,
        findings,
    )


def feed(settings: Settings, instance: Instance, say: Say = _quietly) -> int:
    """Write everything into a Graphite that is not the spool's; give how many points that were. Nothing is settled."""
    with Spool(settings) as spool:
        delivery = Delivery(spool, instance, say)
        begin_s = series.reach_s(instance.retentions, time.time())
        while begin_s < time.time():
            end_s = instance.retentions[-1].start(begin_s + PERIOD_S) + instance.retentions[-1].step_s
            delivery.write(_period(spool, instance, begin_s, end_s))
            begin_s = end_s
    return delivery.points


def _period(spool: Spool, instance: Instance, begin_s: int, end_s: int) -> Chunk:
    """Give all of a period: its results, and the gauges' steps up to now that begin in it."""
    spans = series.spans(spool.columns(Query(since_s=begin_s, until_s=end_s)), instance.retentions)
    step_s = probability.grid_s(instance.retentions)
    around = Query(since_s=begin_s - probability.WINDOW_S, until_s=end_s + step_s)
    outcomes = spool.columns(around)
    steps = range(-(-begin_s // step_s) * step_s, min(end_s, int(time.time()) + 1), step_s)
    return Chunk(spans, {probability.gauge(one.key): steps for one in outcomes}, outcomes)


def reader(instance: Instance) -> GraphiteReader:
    """Give a reader of the instance. Raises UsageError when it has no address to read from."""
    if not instance.url:
        raise UsageError("nothing to read from: set [graphite] url beside carbon")
    return GraphiteReader(instance.url)


def _delivered(delivery: Delivery) -> tuple[Finding, ...]:
    """Deliver all there is; give what is wrong in the end."""
    spool, instance, begun_s = delivery.spool, delivery.instance, time.time()
    delivery.drain()
    lacking = delivery.catch_up(spool.waiting().pushed_s, begun_s)
    wrong = [] if delivery.stuck else _differences(delivery)
    if wrong:  # emptied, or part of it lost
        delivery.say(f"{len(wrong)} sums differ: these series are written again")
        keys = {key for one in wrong for key in one.expected.series}
        spool.mark_all(Query(series=tuple(sorted(keys))))
        delivery.drain()
        wrong = _differences(delivery)
    if instance.folder and (delivery.stuck or wrong) and free_bytes(instance.folder) < SERIES_BYTES:
        raise MissingTool(f"the disk of {instance.folder} is full", "free some space and push again")
    if not delivery.stuck and not lacking:
        spool.pushed(begun_s)
    names = sorted(str(place) for place in {*delivery.lacking, *lacking})
    return (*map(_not_there, names), *(one.finding for one in wrong))


def _differences(delivery: Delivery) -> list[audit.Difference]:
    if not delivery.instance.url:
        return []
    instance = delivery.instance
    settle_s = OWN_SETTLE_S if instance.folder else SETTLE_S
    reader = GraphiteReader(instance.url)
    return audit.differences(delivery.spool, reader, instance.retentions, delivery.series, settle_s=settle_s)


def _not_there(name: str) -> Finding:
    return Finding(
        "NotInGraphite",
        Severity.ERROR,
        Place(name),
        "Graphite does not have what it was sent of it",
        "it waits in the spool; see carbon's log, lists and disk, and whether [graphite] retentions says how it keeps; push again",
    )
