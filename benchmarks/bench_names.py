"""How fast names are: completed, drawn as a tree, checked, searched, with 10 000 of them in a private Graphite.

Usage: bench_names.py [ROUNDS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sfcci import settings
from sfcci.metric import carbon, instance
from sfcci.metric.catalogue import Known, search, tree
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.metric.point import Point

NAMES = 10_000
RESULTS = ("SUCCESS", "FAILURE", "TIMED_OUT", "POST_FAILURE")
BEGIN = "stats_counts.zuul.tenant.t.pipeline"
TARGETS_S = {"complete": 0.3, "check": 2.0, "check, all wrong": 2.0}


def names() -> Iterator[str]:
    """Give the names, as Zuul names the results of a project's jobs."""
    for pipeline in ("check", "gate", "periodic", "experimental"):
        for job in range(NAMES // 16):
            for result in RESULTS:
                yield f"{BEGIN}.{pipeline}.project.h.p.main.job.sfc-job-{job}.{result}"


def medians_s(rounds: int, what: Callable[[], object]) -> tuple[float, float]:
    """Give how long `what` takes by the clock, and how much processor it and its children use."""
    times, used = [], []
    for _ in range(rounds):
        begin, before = time.perf_counter(), os.times()
        what()
        times.append(time.perf_counter() - begin)
        used.append(sum(os.times()[:4]) - sum(before[:4]))
    return statistics.median(times), statistics.median(used)


def sfcci(url: str, *words: str) -> None:
    """Run one of the commands."""
    argv = [sys.executable, "-m", "sfcci", "metrics", *words, "--graphite", url]
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=False, env=os.environ)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        own = replace(settings.load(), state=Path(folder), graphite=settings.Graphite())
        with instance.running(own) as graphite:
            measure(graphite, Path(folder), rounds)
        instance.down(own)


def measure(graphite: Instance, folder: Path, rounds: int) -> None:
    """Fill the Graphite, then ask it in every way."""
    asked, reader, now = list(names()), GraphiteReader(graphite.url), int(time.time())
    if graphite.carbon is None:
        raise SystemExit("the private Graphite takes no points")
    carbon.send([Point(name, 1, now) for name in asked], graphite.carbon)
    while len(reader.names()) < len(asked):
        time.sleep(0.5)
    (folder / "names").write_text("\n".join(asked))
    (folder / "wrong").write_text("\n".join(name[:-2] for name in asked))
    known = Known(asked)
    job = f"{BEGIN}.gate.project.h.p.main.job.sfc-job-1"
    ways = {
        "complete": lambda: sfcci(graphite.url, "complete", job),
        "check": lambda: sfcci(graphite.url, "check", "--file", str(folder / "names")),
        "check, all wrong": lambda: sfcci(graphite.url, "check", "--file", str(folder / "wrong")),
        "tree": lambda: sfcci(graphite.url, "tree"),
        "tree, one branch": lambda: sfcci(graphite.url, "tree", f"{BEGIN}.gate"),
        "search, in memory": lambda: search("job-24 fail gate", known.names),
        "tree, in memory": lambda: tree(known.names),
    }
    for name, what in ways.items():
        (took, used), target = medians_s(rounds, what), TARGETS_S.get(name)
        verdict = "" if target is None else f"  (target {target:g} s{'' if took <= target else ': MISSED'})"
        print(f"{name:20} {took:7.3f} s, {used:6.3f} s of processor{verdict}")
    print(f"{len(asked)} names, median of {rounds}, load {os.getloadavg()[0]:.1f}")


main()
