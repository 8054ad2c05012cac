"""The run database with a million results: its size, how fast results come in, and how fast questions are answered.

Run: python benchmarks/bench_history.py [RESULTS]. A year of 22 jobs in two pipelines, ids as Zuul has them, an address of
logs for each run, reasons for the tenth that failed. Imports of 100 000 runs (JUnit and subunit: tests that are runs) go
through the command, in a process of its own, into a new database and, of Zuul's builds, into the full one. Questions: medians of RUNS.
Each limit stands next to its figure, and the exit status says whether all hold.
"""

import dataclasses
import json
import os
import random
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.query import Query

MILLION = 1_000_000
IMPORTED = 100_000
BATCH = 50_000
RUNS = 5
YEAR_S = 365 * 86400
JOBS = [f"networking-sfc-functional-job-{number:02}" for number in range(22)]
REASON = (
    "2 of 120 tests failed: networking_sfc.tests.functional.test_port_chain.test_create: timed out after 60 s"
)
Row = tuple[str, float, float | None, str]


def results(count: int, end_s: float, seed: int = 1) -> Iterator[JobResult]:
    """Make results over the year before `end_s`: buildsets of all jobs, three for each change."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    buildsets = count // len(JOBS) + 1
    for number in range(count):
        buildset, job = divmod(number, len(JOBS))
        if job == 0:
            ids, commit = f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(160):040x}"
        run, bad = f"{chance.getrandbits(128):032x}", chance.random() < 0.1  # noqa: PLR2004 - a tenth
        yield JobResult(
            run=run,
            job=JOBS[job],
            result=chance.choice(BAD) if bad else Result.SUCCESS,
            tenant="openstack",
            pipeline=("check", "gate", "check")[buildset % 3],
            host="opendev.org",
            project="openstack/networking-sfc",
            branch="master",
            started_at=end_s - YEAR_S + YEAR_S * buildset / buildsets + chance.random() * 600,
            duration_ms=chance.randrange(60_000, 7_200_000),
            buildset=ids,
            commit=commit,
            reasons=(REASON,) if bad else (),
            log_dir=f"https://storage.example.org/v1/logs_{run[:3]}/openstack/{run}/",
            change=str(900_000 + buildset // 3),
            patchset=str(buildset % 3 + 1),
        )


def zuul(path: Path, now_s: float) -> None:
    """Write builds as Zuul's API has them."""
    with path.open("w") as file:
        for number, run in enumerate(results(IMPORTED, now_s, 2)):
            times = [datetime.fromtimestamp(at, UTC) for at in (run.started_at, run.ended_at)]
            began, ended = (at.strftime("%Y-%m-%dT%H:%M:%S") for at in times)
            one = {
                "uuid": run.run, "job_name": run.job, "result": run.result, "held": False, "start_time": began,
                "end_time": ended, "duration": run.duration_ms // 1000, "voting": True, "log_url": run.log_dir,
                "nodeset": "two-nodes", "error_detail": REASON if run.reasons else None, "final": True, "artifacts": [],
                "provides": [], "pipeline": run.pipeline, "event_id": run.buildset, "buildset": {"uuid": run.buildset},
                "ref": {
                    "project": run.project, "branch": run.branch, "change": int(run.change), "patchset": run.patchset,
                    "ref": f"refs/changes/00/{run.change}/{run.patchset}", "oldrev": None, "newrev": None,
                },
            }  # fmt: skip
            file.write(("," if number else "[") + json.dumps(one) + "\n")
        file.write("]")


def junit(path: Path, now_s: float) -> None:
    """Write a suite."""
    at = datetime.fromtimestamp(now_s - YEAR_S, UTC).isoformat()
    with path.open("w") as file:
        file.write(f'<testsuites><testsuite timestamp="{at}">')
        for number in range(IMPORTED):
            inside = f'<failure message="no">{REASON}</failure>' if number % 10 == 0 else ""
            name = f"test_{number % 500}"
            file.write(
                f'<testcase classname="tests.functional" name="{name}" time="60.5">{inside}</testcase>\n'
            )
        file.write("</testsuite></testsuites>")


def subunit(path: Path, now_s: float) -> None:
    """Write a stream: each test begins, has a traceback when it fails, ends."""

    def packet(flags: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        length = struct.pack(">H", 0x4000 | len(body) + 9)
        head = b"\xb3" + struct.pack(">H", 0x2900 | flags) + length
        return head + body + struct.pack(">I", zlib.crc32(head + body))

    def text(word: str) -> bytes:
        return struct.pack(">H", 0x4000 | len(word)) + word.encode()

    with path.open("wb") as file:
        for number in range(IMPORTED):
            begin_s = int(now_s - YEAR_S + number * 60)
            name = text(f"tests.functional.test_{number % 500}")
            file.write(packet(0x0202, struct.pack(">I", begin_s), b"\0", name))
            if number % 10 == 0:
                file.write(packet(0x0040, name, text("traceback"), text(REASON)))
            status = 6 if number % 10 == 0 else 3
            file.write(packet(0x0200 | status, struct.pack(">I", begin_s + 50), b"\0", name))


def at(folder: Path) -> settings.Settings:
    """Give settings with a database in a folder."""
    return dataclasses.replace(
        settings.load(folder.parent, {}), state=folder, database_url=f"sqlite:///{folder}/runs.sqlite"
    )


def filled(kept: settings.Settings, count: int, now_s: float) -> float:
    """Record results in batches; give the seconds that recording took."""
    took, batch = 0.0, []
    with History(kept) as history:
        for number, result in enumerate(results(count, now_s), 1):
            batch.append(result)
            if len(batch) == BATCH or number == count:
                begin = time.perf_counter()
                history.record(batch)
                took += time.perf_counter() - begin
                batch = []
    return took


def imported(state: Path, file: Path) -> tuple[float, float]:
    """Import a file with the command, each test a run; give the seconds, and those of the processor."""
    argv = [sys.executable, "-m", "sfcci", "gate", "import", str(file), "--each-test"]
    env = {**os.environ, "SFCCI_RUN_STATE": str(state), "SFCCI_PROJECT": str(file.parent)}
    begin, used = time.perf_counter(), _used()
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env=env)
    took = time.perf_counter() - begin, _used() - used
    if f"{IMPORTED} runs: {IMPORTED} new" not in done.stdout:
        raise SystemExit(done.stdout)
    return took


def _used() -> float:
    """Give the processor's seconds that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> float:
    """Give the median of some calls in seconds."""
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def questions(kept: settings.Settings, now_s: float) -> Iterator[Row]:
    """Ask the full database."""
    month, newest = Query(since_s=now_s - 30 * 86400), Query(limit=50, newest_first=True)
    bad = dataclasses.replace(newest, results=BAD, jobs=("*-07",), pipelines=("gate",))
    with History(kept) as history:
        yield "all outcomes by column", timed(history.outcomes), 0.5, "s"
        yield "the same without what was tested", timed(lambda: history.columns(Query())), 0.15, "s"
        yield "outcomes of 30 days", timed(lambda: history.outcomes(month)), 0.1, "s"
        yield "the newest 50 runs", timed(lambda: list(history.select(newest))), 0.1, "s"
        yield "the newest 50 bad runs of a job", timed(lambda: list(history.select(bad))), 0.1, "s"
        (run,) = history.select(dataclasses.replace(newest, limit=1))
        yield "one run", timed(lambda: history.run(run.run)), 0.01, "s"
        again = [dataclasses.replace(run, run=f"again-{number}") for number in range(RUNS)]
        yield "one result recorded", timed(lambda: history.record([again.pop()])), 0.05, "s"
        yield "1 000 marks", timed(lambda: history.changes(1000)), 0.3, "s"


def _rows(what: str, took: tuple[float, float]) -> list[Row]:
    return [(what, took[0], 10, "s"), ("    processor's time of it", took[1], None, "s")]


def main() -> int:
    """Print a table of figures with their limits; 1 when a limit is passed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MILLION
    now_s = float(int(time.time()) - 86400)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        kept = at(folder / "full")
        took = filled(kept, count, now_s)
        size = sum(path.stat().st_size for path in (folder / "full").iterdir()) / 1e6
        rows: list[Row] = [
            (f"database of {count} results, all marked", size, 200, "MB"),
            ("100 000 results recorded", took / count * 1e5, 10, "s"),
            *questions(kept, now_s),
        ]
        for write in (zuul, junit, subunit):
            file = folder / f"{write.__name__}.txt"
            write(file, now_s)
            rows += _rows(f"{IMPORTED} of {write.__name__} imported", imported(folder / write.__name__, file))
        rows += _rows("zuul's into the full database", imported(folder / "full", folder / "zuul.txt"))
    for what, figure, limit, unit in rows:
        verdict = "" if limit is None else f"limit {limit} {unit}  {'ok' if figure <= limit else 'TOO MUCH'}"
        print(f"{what:44} {figure:9.3f} {unit:2}  {verdict}")
    return int(any(limit is not None and figure > limit for _, figure, limit, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
