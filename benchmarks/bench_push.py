"""What a push costs: our CPU a point, carbon's own limit, the memory that many changes take.

python benchmarks/bench_push.py [RESULTS [CHANGES]]

RESULTS (60 000) are pushed into a private Graphite, read back and settled; CHANGES (100 000) are pushed into a carbon that
forgets, for our own time and memory.
"""

import contextlib
import dataclasses
import random
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import graphyte

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import Query
from sfcci.metric import carbon, instance, series, wire
from sfcci.metric.carbon import Address
from sfcci.metric.instance import Instance
from sfcci.metric.point import Point
from sfcci.metric.proof import missing, proof_of
from sfcci.metric.push import push
from sfcci.metric.retention import DEFAULT, parse_retentions
from sfcci.settings import Settings

CPU_LIMIT_US = 5.0
"""Of CPU a point on the pickle way: derived and encoded."""
SHARE = 0.7
"""Of the rate at which carbon takes ready-made pickles, what a push reaches that derives, reads back and settles."""
SIZES = (10, 100, 500, 1000, 10_000)
JOBS, DAYS = 22, 20


def results(count: int, dice: random.Random) -> Iterator[JobResult]:
    """Give runs of some jobs over some days."""
    now = time.time()
    kinds = (Result.SUCCESS,) * 8 + (Result.FAILURE, Result.TIMED_OUT)
    for number in range(count):
        took_ms = dice.randrange(1000, 4_000_000)
        begun = now - 2 * 86400 - dice.uniform(4000, DAYS * 86400)
        job = f"networking-sfc-tempest-{number % JOBS}"
        yield JobResult(
            f"{number:032x}", job, dice.choice(kinds), "openstack", "gate", "opendev.org",
            "openstack/networking-sfc", "master", begun, took_ms, buildset=f"{number // JOBS:032x}",
        )  # fmt: skip


def cpu_us(work: Callable[[], object], points: int) -> float:
    """Give the median CPU time of three goes, in microseconds a point."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times) / points * 1e6


def derivation(given: Settings) -> list[Point]:
    """Tell what a point costs us; give the points."""
    retentions = parse_retentions(DEFAULT)
    with History(given) as history:
        read_us = cpu_us(lambda: history.columns(Query()), 1)
        outcomes = history.columns(Query())
    now = time.time()
    spans = series.spans(outcomes, retentions)
    points = list(series.points(spans, retentions, now))
    sender = graphyte.Sender("127.0.0.1")

    def whole() -> None:
        for _ in wire.pickled(series.points(series.spans(outcomes, retentions), retentions, now)):
            pass

    count = len(points)
    derive = cpu_us(lambda: list(series.points(series.spans(outcomes, retentions), retentions, now)), count)
    pickled, plain = (
        cpu_us(lambda: list(wire.pickled(points)), count),
        cpu_us(lambda: list(wire.plain(points, sender)), count),
    )
    together = cpu_us(whole, count)
    print(f"{count} points of {len(spans)} spans; CPU a point: read {read_us / count:.2f} us, derive {derive:.2f} us, "
          f"pickle {pickled:.2f} us (plaintext {plain:.2f} us), derive and pickle together {together:.2f} us")  # fmt: skip
    if together > CPU_LIMIT_US:
        sys.exit(f"more than {CPU_LIMIT_US} us")
    return points


def until_there(points: Sequence[Point], graphite: Instance, pickle: Address | None) -> tuple[float, float]:
    """Send points; give the seconds until carbon has read them, and until they are on the disk."""
    assert graphite.carbon  # noqa: S101 - the private one has it
    begun = time.monotonic()
    carbon.send(points, graphite.carbon, pickle)
    read_s = time.monotonic() - begun
    proof = proof_of(graphite)
    if proof is None or missing(points, proof):
        sys.exit("carbon lost points")
    return read_s, time.monotonic() - begun


def both_ways(graphite: Instance) -> None:
    """Tell how long a push of each size takes until carbon has read it, on both ways: PICKLE_FROM is chosen by this."""
    now = int(time.time())
    for size in SIZES:
        took: dict[bool, list[float]] = {True: [], False: []}
        for number in range(5):
            points = [Point(f"bench.both.s{n % 50}", number, now - n // 50 * 60) for n in range(size)]
            for way, times in took.items():
                begun = time.monotonic()
                batches = wire.pickled(points) if way else wire.plain(points, graphyte.Sender("127.0.0.1"))
                to = graphite.pickle if way else graphite.carbon
                carbon._delivered(batches, to or Address("", 0))  # noqa: SLF001 - the two ways without the choice between them
                times.append(time.monotonic() - begun)
        pickled, plain = (statistics.median(took[way]) * 1000 for way in (True, False))
        print(f"{size} points: plaintext {plain:.1f} ms, pickle {pickled:.1f} ms")


@contextlib.contextmanager
def forgetful() -> Iterator[Address]:
    """Be a carbon that reads everything and keeps nothing."""

    def swallow(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    while connection.recv(2**20):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=swallow, args=(listener,), daemon=True).start()
        yield Address(*listener.getsockname()[:2])
        listener.shutdown(socket.SHUT_RDWR)


def recorded(given: Settings, count: int) -> None:
    """Fill the run database."""
    dice = random.Random(1)  # noqa: S311 - repeatable
    batch: list[JobResult] = []
    with History(given) as history:
        for result in results(count, dice):
            batch.append(result)
            if len(batch) == 20_000:  # noqa: PLR2004 - as large as is quick
                history.record(batch)
                batch.clear()
        history.record(batch)


def memory_mib(word: str) -> float:
    """Give a line of what the kernel knows of this process's memory."""
    found = re.search(rf"{word}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def alone(given: Settings, changes: int) -> None:
    """Tell our own time and memory for many changes."""
    recorded(given, changes)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew, proc_pid_clear_refs(5)
    before = memory_mib("VmRSS")
    begun, cpu = time.monotonic(), time.process_time()
    with forgetful() as nowhere:
        report = push(given, Instance("", nowhere, parse_retentions(DEFAULT), pickle=nowhere))
    wall, cpu = time.monotonic() - begun, time.process_time() - cpu
    grown = memory_mib("VmHWM") - before
    print(f"{report.changes} changes, {report.points} points into a carbon that forgets: {wall:.1f} s, CPU {cpu / report.points * 1e6:.2f} us "
          f"a point in all (marks read and settled, too); at most {grown:.0f} MiB more memory than before")  # fmt: skip


def main(count: int, changes: int) -> None:
    """Run all of it."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = settings.load()
        given = dataclasses.replace(
            loaded,
            state=Path(folder),
            database_url=f"sqlite:///{folder}/runs.sqlite",
            graphite=settings.Graphite(),
        )
        recorded(given, count)
        points = derivation(given)
        with instance.running(given) as graphite:
            both_ways(graphite)
            begun = time.monotonic()
            report = push(given, graphite)
            pushed = report.points / (time.monotonic() - begun)
            another = [
                point._replace(name=point.name.replace(".openstack.", ".another.")) for point in points
            ]
            read_s, there_s = until_there(another, graphite, graphite.pickle)  # new files, as of the push
            limit = len(points) / there_s
            print(f"carbon takes {limit:.0f} points/s until they are on the disk ({len(points) / read_s:.0f} read); "
                  f"a push reaches {pushed:.0f} points/s, proof and settling included: {report.summary}")  # fmt: skip
        other = dataclasses.replace(given, database_url=f"sqlite:///{folder}/many.sqlite")
        alone(other, changes)
        if pushed < SHARE * limit:
            sys.exit(f"less than {SHARE:.0%} of what carbon takes")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["60000", "100000"][len(sys.argv) - 1 :])))
