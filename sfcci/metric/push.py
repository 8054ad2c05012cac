"""Pushing: the run database's results into Graphite, and the proof that they have arrived."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sfcci import files
from sfcci.errors import MissingTool, Place, UsageError
from sfcci.finding import Finding, Severity
from sfcci.gate.job import JobResult
from sfcci.metric import graphite, series
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance, free_bytes
from sfcci.metric.retention import Archive
from sfcci.settings import Settings

LAG_S = 3.0
"""So soon after its points were made carbon has written them. When it was slower, a sum may be wrong: they are sent anew."""
ATTEMPTS = 2
SETTLE_S = 10.0
"""How long what was sent may take to be readable: carbon writes once a second, a busy machine later."""
POLL_S = 0.1
LONGEST_RUN_S = 86400
"""No job runs longer: a result that ended after a moment started at most so long before it."""
SERIES_BYTES = 32 * 1024
"""What a new series takes on the disk: whisper's file is sparse."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class PushReport:
    """What a push did: results that were read, how many series and points they made, octets sent, what is wrong."""

    results: int
    series: int
    points: int
    sent_bytes: int
    too_old: int
    """Results that Graphite does not keep any more."""
    findings: tuple[Finding, ...] = ()
    """Counters whose sum in Graphite is not the run database's; empty when all are right."""

    @property
    def summary(self) -> str:
        """One line for people."""
        text = f"{self.results} results are {self.points} points of {self.series} series"
        if self.too_old:
            text += f" ({self.too_old} are older than Graphite keeps)"
        wrong = (
            f"{len(self.findings)} sums read back differ"
            if self.findings
            else "read back, the sums are right"
        )
        return f"{text}; {wrong}" if self.points else "nothing to push: no results in the run database"


def push(
    settings: Settings, instance: Instance, say: Say = lambda _text: None, *, since_s: float | None = None
) -> PushReport:
    """Write the run database's results (those that ended since `since_s`) into Graphite and read their sums back.

    Every value is the whole of its step, so it may be repeated. Two pushes at once wait for each other: the one that
    reads the database later also writes later. Raises Unreachable, UsageError, MissingTool.
    """
    with files.locked(settings.state / "push.lock"):
        results = recorded(settings, instance.retentions, since_s)
        source = reader(instance)
        for _ in range(ATTEMPTS):
            report = write(results, instance, say)
            findings = verify(results, source, instance.retentions)
            if not findings:
                break
        if findings and instance.folder and free_bytes(instance.folder) < SERIES_BYTES:
            raise MissingTool(f"the disk of {instance.folder} is full", "free some space and push again")
    return replace(report, findings=findings)


def recorded(
    settings: Settings, retentions: Sequence[Archive], since_s: float | None
) -> tuple[JobResult, ...]:
    """Give the run database's results that ended since `since_s`, or a little before: no step is cut in two."""
    from sfcci.gate.history import History

    begin_s = None if since_s is None else series.complete_since(since_s, retentions)
    with History(settings) as history:
        if begin_s is None:
            return tuple(history.results())
        found = history.results(begin_s - LONGEST_RUN_S)
        return tuple(result for result in found if result.ended_at >= begin_s)


def write(results: Sequence[JobResult], instance: Instance, say: Say = lambda _text: None) -> PushReport:
    """Write results to carbon; they must be all there are for every step that they touch (`recorded` sees to that)."""
    if instance.carbon is None:
        raise UsageError(f"{instance.url} can only be read; set [graphite] carbon = HOST:PORT to push to it")
    time.sleep(series.crossing_s(results, instance.retentions, time.time(), LAG_S))
    now_s = time.time()
    points = series.points(results, instance.retentions, now_s)
    names = {point.name for point in points}
    _check_disk(instance, names)
    say(f"sending {len(points)} points of {len(names)} series to carbon at {instance.carbon}")
    sent = graphite.send(points, instance.carbon)
    oldest_s = series.reach_s(instance.retentions, now_s)
    too_old = sum(result.ended_at < oldest_s for result in results)
    return PushReport(len(results), len(names), len(points), sent, too_old)


def reader(instance: Instance) -> GraphiteReader:
    """Give a reader of the instance. Raises UsageError when it has no address to read from."""
    if not instance.url:
        raise UsageError("nothing to read from: set [graphite] url beside carbon")
    return GraphiteReader(instance.url)


def verify(
    results: Iterable[JobResult],
    source: GraphiteReader,
    retentions: Sequence[Archive],
    *,
    settle_s: float = SETTLE_S,
) -> tuple[Finding, ...]:
    """Compare the sum of every counter over the time of `results` with how many there are.

    Waits up to `settle_s` for what was just sent. Gives one finding for each counter that is wrong, by name.
    """
    oldest_s = series.reach_s(retentions, time.time())
    kept = [result for result in results if result.ended_at >= oldest_s]
    if not kept:
        return ()
    expected = series.counts(kept)
    begin_s = series.complete_since(min(result.ended_at for result in kept), retentions)
    end_s = max(time.time(), *(result.ended_at for result in kept)) + retentions[0].step_s
    deadline = time.monotonic() + settle_s
    while wrong := _differences(expected, sums(source, expected, begin_s, end_s)):
        if time.monotonic() > deadline:
            return tuple(_finding(name, *pair) for name, pair in sorted(wrong.items()))
        expected = {name: count for name, (count, _found) in wrong.items()}
        time.sleep(POLL_S)
    return ()


def sums(source: GraphiteReader, names: Iterable[str], begin_s: float, end_s: float) -> dict[str, float]:
    """Give the sum of each series over the steps from `begin_s` (included) to `end_s`; 0 where there is none."""
    span = int(end_s - begin_s) + 86400
    targets = [f"summarize({name},'{span}s','sum',true)" for name in names]
    found = dict.fromkeys(names, 0.0)
    for one in source.render(targets, begin_s - 1, end_s):
        found[one.name] = found.get(one.name, 0.0) + sum(
            value for value, _ in one.values if value is not None
        )
    return found


def _differences(expected: Mapping[str, int], found: Mapping[str, float]) -> dict[str, tuple[int, float]]:
    return {name: (count, found[name]) for name, count in expected.items() if found[name] != count}


def _finding(name: str, expected: int, found: float) -> Finding:
    return Finding(
        "MetricSumDiffers",
        Severity.ERROR,
        Place(name),
        f"Graphite has {found:g}, the run database {expected}",
        "push again; if it stays, somebody else writes this series, or Graphite keeps other steps than [graphite] retentions says",
    )


def _check_disk(instance: Instance, names: Iterable[str]) -> None:
    if instance.folder is None:
        return
    stored = instance.folder / "storage/whisper"
    new = sum(not (stored / f"{name.replace('.', '/')}.wsp").exists() for name in names)
    if new * SERIES_BYTES > free_bytes(instance.folder):
        raise MissingTool(
            f"no room for {new} new series below {instance.folder}",
            f"free {new * SERIES_BYTES // 2**20 + 1} MiB and push again",
        )
