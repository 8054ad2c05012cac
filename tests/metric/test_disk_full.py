"""A full disk of Graphite's: it is said, everything waits, and when there is room again nothing is lacking."""

import pytest

INSIDE = """
import dataclasses, sys, time
from pathlib import Path
from sfcci import settings
from sfcci.errors import MissingTool
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.gate.spool import Spool
from sfcci.metric import instance, proof, push

disk, cache, url = sys.argv[1:]
given = dataclasses.replace(settings.load(Path("."), {}), state=Path(disk) / "state", cache=Path(cache),
                            database_url=url, graphite=settings.Graphite())
proof.missing.__defaults__ = (1.0,)

def record(job, *ages):
    now = time.time() - 5
    with History(given) as history:
        history.record(JobResult(f"{job}-{age}", job, Result.SUCCESS, "t", "gate", "h", "p", "main", now - age, 1000) for age in ages)

def told(what):
    with instance.running(given) as graphite:
        try:
            answer = push.push(given, graphite).findings
        except MissingTool as error:
            answer = error
    with Spool(given) as spool:
        print(what, "|", answer, "|", spool.waiting().marks, flush=True)

with instance.running(given):
    record("a", 1)
    told("first")
    filler = Path(disk) / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    record("b", 1)
    told("new series")
    with History(given) as history:  # what waits for room is in the way of what needs none
        history.settle(history.changes())
    record("a", *range(90_000, 2_000_000, 90_000))
    told("old series")
    filler.unlink()
    told("room again")
    with instance.running(given) as graphite:
        print("everything |", push.push(given, graphite, everything=True).findings, "|")
"""


@pytest.mark.graphite
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, cache_dir, on_small_disk, graphite_environment):  # noqa: ARG001 - it must be there
    output = on_small_disk("20m", INSIDE, cache_dir, f"sqlite:///{tmp_path}/runs.sqlite")
    lines = dict(line.split(" | ", 1) for line in output.splitlines())
    assert lines["first"] == "() | 0"
    assert "no room for 9 new series" in lines["new series"]
    assert lines["new series"].endswith("| 1")
    assert "is full" in lines["old series"]
    assert int(lines["old series"].rpartition(" ")[2]) > 0
    assert lines["room again"] == "() | 0"
    assert lines["everything"].startswith("()")
