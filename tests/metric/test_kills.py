"""kill -9 at random moments, of who records, who pushes and carbon: in the end all three agree, and nothing is lost.

SFCCI_KILLS=200 for a long run; the moments come from the number of each kill, so a run can be repeated.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from sfcci.errors import Unreachable
from sfcci.gate.history import History
from sfcci.gate.job import Result
from sfcci.gate.spool import Spool
from sfcci.metric import instance
from sfcci.metric.name import TIMED, name_of
from sfcci.metric.push import push
from sfcci.metric.whisper import WhisperFile

KILLS = int(os.environ.get("SFCCI_KILLS", "12"))
DAY = 86400
WORKERS = '''
import dataclasses, json, os, random, signal, sys, time, traceback
from pathlib import Path
from sfcci import settings
from sfcci.errors import SfcciError
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.metric import delivery, instance, proof, push

state, cache, url, log = sys.argv[1:]
given = dataclasses.replace(settings.load(), state=Path(state), cache=Path(cache), database_url=url,
                            graphite=settings.Graphite())
delivery.CHUNK = 100

def record(seed):
    """Batches of new runs and of runs that are told anew; each is noted once it is committed."""
    dice = random.Random(seed)
    with History(given) as history, open(log, "a") as noted:
        while True:
            version = time.time_ns() // 1000
            batch = {}
            for _ in range(dice.choice((1, 3, 12))):
                run = f"run-{dice.randrange(400)}"
                age = dice.choice((30, 300, 5000, 86400 + 200, 2 * 86400, 30 * 86400 + 4000, 50 * 86400))
                ended = time.time() - dice.random() * age
                batch[run] = JobResult(run, dice.choice("abc"), dice.choice((Result.SUCCESS, Result.FAILURE, Result.SKIPPED)),
                                       "t", "gate", "h", "p", "main", ended - 1, dice.randrange(1000), commit=str(version))
            history.record(batch.values())
            noted.write(json.dumps([version, sorted(batch)]) + "\\\\n")
            noted.flush()
            time.sleep(dice.random() * 0.3)

def pushes(_seed):
    while True:
        try:
            push.push(given, instance.up(given))
        except SfcciError:
            time.sleep(0.1)

for line in sys.stdin:
    name, seed = line.split()
    pid = os.fork()
    if not pid:
        try:
            {"record": record, "pushes": pushes}[name](int(seed))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    print(pid, flush=True)
    os.waitpid(-1, os.WNOHANG)
'''


@pytest.fixture
def worker(private, tmp_path):
    """Start `record` or `pushes` in a process of its own; gives its number."""
    argv = [
        sys.executable,
        "-c",
        WORKERS.replace("\\\\n", "\\n"),
        private.state,
        private.cache,
        private.database_url,
    ]
    with subprocess.Popen(
        [*map(str, argv), str(tmp_path / "noted")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def start(name, seed):
            process.stdin.write(f"{name} {seed}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield start
        process.kill()


def carbon_of(private):
    folder = str(instance.folder_of(private)).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if b"\0carbon\0" in line and folder in environment:
            return int(entry.name)
    return None


@pytest.mark.graphite
@pytest.mark.timeout(60 + 10 * KILLS)
def test_after_kills_at_random_moments_database_spool_and_graphite_agree(private, worker, tmp_path):
    running = {name: worker(name, seed) for seed, name in enumerate(("record", "pushes"))}
    killed = defaultdict(int)
    for seed in range(KILLS):
        dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
        time.sleep(0.2 + dice.random() * 1.2)
        victim = dice.choice(("record", "pushes", "carbon"))
        pid = carbon_of(private) if victim == "carbon" else running[victim]
        if pid is None:
            victim, pid = "pushes", running["pushes"]
        os.kill(pid, signal.SIGKILL)
        killed[victim] += 1
        if victim in running:
            running[victim] = worker(victim, 1000 + seed)
    for pid in running.values():
        os.kill(pid, signal.SIGKILL)
    try:
        graphite, report = last_push(private)
        agree_in_the_end(private, graphite, report, tmp_path / "noted", dict(killed))
    finally:
        instance.down(private)


def last_push(private):
    """A supervisor sees soon that its carbon was killed; until then a push cannot reach it."""
    for _ in range(10):
        try:
            graphite = instance.up(private)
            return graphite, push(private, graphite)
        except Unreachable:
            time.sleep(1)
    raise AssertionError


def agree_in_the_end(private, graphite, report, noted, killed):
    assert (report.findings, report.waiting) == ((), 0)
    with Spool(private) as spool:
        assert spool.changes() == ()
    changed = nothing_recorded_is_lost(private, noted)
    results = agrees(private, graphite)
    told = f"{killed} killed; {changed} recorded, {results} results agree; the last push had {report.changes} changes"
    print(told)  # noqa: T201 - of a long run one wants to know


def nothing_recorded_is_lost(private, noted):
    last, changed = {}, 0
    for line in noted.read_text().splitlines():
        version, runs = json.loads(line)
        last |= dict.fromkeys(runs, version)
        changed += len(runs)
    with History(private) as history:
        kept = {one.run: int(one.commit) for one in history.results()}
    assert len(last) > KILLS
    assert {run for run, version in last.items() if kept.get(run, 0) < version} == set()
    return changed


def agrees(private, graphite):
    """Compare every value in the files of counters and of sums of durations with the runs, told by the plainest means."""
    with History(private) as history:
        results = list(history.results())
        keys = history.series()
    now = time.time()
    for key in keys:
        for outcome in (Result.SUCCESS, Result.FAILURE, Result.SKIPPED):
            name = name_of(key, outcome)
            mine = [one for one in results if one.job == key.job and one.result is outcome]
            compare(graphite, f"stats_counts.{name}", mine, lambda _run: 1, now)
            if outcome in TIMED:
                compare(graphite, f"stats.timers.{name}.count", mine, lambda _run: 1, now)
                compare(graphite, f"stats.timers.{name}.sum", mine, lambda run: run.duration_ms, now)
                compare_upper(graphite, f"stats.timers.{name}.upper", mine, now)
    return len(results)


def compare(graphite, name, runs, amount, now):
    for archive, found in levels(graphite, name, now):
        wanted = defaultdict(int)
        for run in runs:
            wanted[archive.start(run.ended_at)] += amount(run)
        kept = {at: value for at, value in wanted.items() if now - at < archive.kept_s and value}
        assert {at: value for at, value in found.items() if value} == kept, (name, archive)


def compare_upper(graphite, name, runs, now):
    for archive, found in levels(graphite, name, now):
        for at, value in found.items():
            assert value == max(
                (one.duration_ms for one in runs if archive.start(one.ended_at) == at), default=0
            )


def levels(graphite, name, now):
    """Give each archive with all that the series' file holds in it."""
    path = graphite.folder / "storage/whisper" / f"{name.replace('.', '/')}.wsp"
    if not path.exists():
        yield from ((archive, {}) for archive in graphite.retentions)
        return
    file = WhisperFile(path.read_bytes())
    for level, archive in enumerate(graphite.retentions):
        first = archive.start(now - archive.kept_s) + archive.step_s
        values = {at: file.value(level, at) for at in range(first, int(now) + 1, archive.step_s)}
        yield archive, {at: value for at, value in values.items() if value is not None}
