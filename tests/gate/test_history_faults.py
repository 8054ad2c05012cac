"""The run database when several write at once, are killed at any moment, or the disk is full: nothing is there by halves."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pytest
from sqlalchemy import select

from sfcci import command
from sfcci.gate.cell import changed, day, record
from sfcci.gate.history import History
from sfcci.gate.history_tables import CELLS, RESULTS

BATCH = 40
RECORDER = """
import dataclasses, sys
from pathlib import Path
from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

url, who, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
kept = dataclasses.replace(settings.load(Path("."), {}), database_url=url)
with History(kept) as history:
    for batch in range(batches):
        runs = [
            JobResult(f"{who}-{batch}-{n}", f"job-{n % 3}", Result.SUCCESS, "t", "gate", "h", "p", "main",
                      1.7e9 + batch * 3000 + n, 1000, f"{who}-{batch}")
            for n in range(40)
        ]
        shared = dataclasses.replace(runs[0], run="shared", started_at=1.7e9 + batch)
        history.record([*runs, shared])
        print(batch, flush=True)
"""


def recorder(url, who, batches):
    argv = [sys.executable, "-c", RECORDER, url, who, str(batches)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def check(kept):
    """Whole batches, and cells that say what the rows say. Gives the runs by batch."""
    with History(kept) as history:
        runs = list(history.results())
        cells = defaultdict(set)
        with history._engine.connect() as connection:
            for row in connection.execute(select(RESULTS)):
                one = record(row.ended_ms, row.duration_ms, row.tested, row.result, row.voting, row.id)
                cells[day(row.ended_ms), row.series].add(one)
            there = {(row.day, row.series): row.runs for row in connection.execute(select(CELLS))}
        assert there == {place: changed(b"", set(), new) for place, new in cells.items()}
        marked = {mark[:3] for mark in history.changes()}
    batches = defaultdict(int)
    for run in runs:
        assert (run.tenant, run.pipeline, run.host, run.project, run.branch, run.job) in {
            key for key, *_ in marked
        }
        if run.run != "shared":
            batches[run.buildset] += 1
    assert set(batches.values()) <= {BATCH}
    return batches


def test_several_recorders_at_once_lose_nothing(kept):
    recorders = [recorder(kept.database_url, who, 12) for who in "abc"]
    assert [len(one.communicate()[0].split()) for one in recorders] == [12, 12, 12]
    assert len(check(kept)) == 36


def test_recorders_that_are_killed_at_any_moment_leave_whole_batches(kept):
    chance = random.Random(5)  # noqa: S311 - the same moments each time
    said = 0
    for number in range(5):
        one = recorder(kept.database_url, f"k{number}", 10_000)
        assert one.stdout.readline() == "0\n"
        time.sleep(chance.uniform(0, 0.15))
        os.kill(one.pid, signal.SIGKILL)
        said += 1 + len(one.communicate()[0].splitlines())
    batches = check(kept)
    assert said <= len(batches) <= said + 5  # what was said to be recorded is there; the last may be, unsaid


def builds(count):
    """A document of Zuul's API with many builds."""
    one = (
        '{{"uuid": "{0:032x}", "job_name": "job-{1}", "result": "FAILURE", "start_time": "2026-01-01T00:00:00", '
        '"end_time": "2026-01-01T01:00:{2:02}", "pipeline": "gate", "error_detail": "node {0} was lost on its way"}}'
    )
    return "[" + ",\n".join(one.format(number, number % 20, number % 60) for number in range(count)) + "]"


def sfcci(*words, kept, **options):
    env = {**os.environ, "SFCCI_DATABASE_URL": kept.database_url, "SFCCI_PROJECT": str(kept.project)}
    argv = [sys.executable, "-m", "sfcci", *words]
    return subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_an_import_that_is_killed_is_there_whole_or_not_at_all(kept, tmp_path):
    file = tmp_path / "builds.json"
    file.write_text(builds(5000))
    chance = random.Random(7)  # noqa: S311 - the same moments each time
    for _ in range(3):
        one = sfcci("gate", "import", str(file), kept=kept)
        time.sleep(chance.uniform(0.4, 1.6))
        one.kill()
        one.communicate()
        with History(kept) as history:
            assert history.count() in {0, 5000}
    one = sfcci("gate", "import", str(file), kept=kept)
    assert "5000 runs" in one.communicate()[0]
    assert one.returncode == 0
    with History(kept) as history:
        assert history.count() == 5000


def test_ctrl_c_ends_an_import_that_waits_and_nothing_of_it_is_there(kept):
    with History(kept):
        pass
    one = sfcci("gate", "import", "-", kept=kept, stdin=subprocess.PIPE)
    one.stdin.write(
        builds(20_000)[:-1]
    )  # longer than any pipe: when it is written, nearly all of it has been read
    one.stdin.flush()
    one.send_signal(signal.SIGINT)
    _, errors = one.communicate()
    assert one.returncode == 130, errors
    assert "Traceback" not in errors
    with History(kept) as history:
        assert history.count() == 0


@pytest.mark.parametrize("after_s", [0.8, 1.2, 1.8])
def test_ctrl_c_at_any_moment_leaves_an_import_whole_or_not_there(kept, tmp_path, after_s):
    file = tmp_path / "builds.json"
    file.write_text(builds(20_000))
    with History(kept):
        pass
    one = sfcci("gate", "import", str(file), kept=kept)
    time.sleep(after_s)
    one.send_signal(signal.SIGINT)
    one.communicate()
    with History(kept) as history:
        assert history.count() in {0, 20_000}


def test_a_full_disk_is_said_and_nothing_is_there_by_halves(tmp_path):
    file, disk = tmp_path / "builds.json", tmp_path / "disk"
    file.write_text(builds(20_000))
    (tmp_path / "few.json").write_text(builds(10))
    disk.mkdir()
    program = f"""
        mount -t tmpfs -o size=1500k none {disk} || exit 77
        export SFCCI_DATABASE_URL=sqlite:///{disk}/runs.sqlite SFCCI_PROJECT={tmp_path}
        {sys.executable} -m sfcci gate import {tmp_path}/few.json &&
        {sys.executable} -m sfcci gate import {file}
        echo status $?
        {sys.executable} -m sfcci gate runs --limit 0 --json
    """
    ways = [*command.unshare_ways()] if shutil.which("unshare") else []
    for way in ways:
        argv = ["unshare", *way, "--mount", "sh", "-c", program]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if "status" in done.stdout:
            break
    else:
        pytest.skip("no file system can be mounted here")
    assert "10 new" in done.stdout
    assert "status 3" in done.stdout
    assert "database or disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.count('"run": ') == 10
