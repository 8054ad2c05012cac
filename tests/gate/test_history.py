"""The run database."""

from dataclasses import replace

from sfcci import settings
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
        assert list(history.results(RUN.started_at + 1)) == [later]
        assert history.runs() == {"r1", "r2"}


def test_a_run_that_is_recorded_again_counts_once(tmp_path):
    with History(settings.load(tmp_path)) as history:
        history.record([RUN])
        history.record([replace(RUN, result=Result.SUCCESS)])
        assert [run.result for run in history.results()] == [Result.SUCCESS]
        history.record([])
