"""The run database."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from sfcci import settings
from sfcci.errors import Unreachable
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

RUN = JobResult(
    "r1",
    "sfc-balance",
    Result.FAILURE,
    "t",
    "gate",
    "h",
    "p",
    "main",
    1_700_000_000.25,
    1500,
    "b1",
    reasons=("one", "two"),
    log_dir="/logs/r1",
)


def test_what_is_recorded_is_read_back_oldest_first(tmp_path):
    later = replace(
        RUN, run="r2", started_at=RUN.started_at + 9, result=Result.SUCCESS, reasons=(), voting=False
    )
    with History(settings.load(tmp_path)) as history:
        history.record([later, RUN])
        assert list(history.results()) == [RUN, later]
        assert list(history.results(RUN.ended_at + 1)) == [later]
        assert history.runs() == {"r1", "r2"}


def test_a_run_that_is_recorded_again_counts_once(tmp_path):
    with History(settings.load(tmp_path)) as history:
        history.record([RUN])
        history.record([replace(RUN, result=Result.SUCCESS)])
        assert [run.result for run in history.results()] == [Result.SUCCESS]
        history.record([])


@pytest.mark.parametrize(
    "use", [History.runs, lambda history: list(history.results()), lambda history: history.record([RUN])]
)
def test_a_database_that_is_not_ours_is_one_sentence(use, tmp_path):
    ours = settings.load(tmp_path)
    ours.state.mkdir()
    with contextlib.closing(sqlite3.connect(ours.state / "runs.sqlite")) as other:
        other.executescript("CREATE TABLE results (started_at, job); CREATE TABLE series (name)")
    with History(ours) as history, pytest.raises(Unreachable, match=r"runs\.sqlite: no such column") as caught:
        use(history)
    assert "\n" not in str(caught.value)
