"""Imports can be taken back: what a file brought goes again, what was there stays, and the marks say what Graphite lacks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sfcci.errors import UsageError
from sfcci.gate.history_write import REMOVED
from sfcci.gate.imports import Imports
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import ChangeMark, outcomes_of, series_key

RUN = JobResult(
    "r0", "a", Result.SUCCESS, "t", "gate", "h", "p", "main", 1_700_000_000.0, 1000, "b0", commit="c0"
)


def run(number, **others):
    return replace(RUN, run=f"r{number}", started_at=RUN.started_at + number * 5000, **others)


@pytest.fixture
def history(kept):
    with Imports(kept) as opened:
        yield opened


def bring(history, *runs, source="a.json"):
    return history.bring(runs, source, "zuul", 1_700_000_000.9)


def state(history):
    """All that the database says of its runs, by both ways to them."""
    results = list(history.results())
    return results, [(one.key, bytes(one.results), list(one.ended_ms)) for one in history.outcomes().series]


def test_what_an_import_brought_goes_and_what_was_there_stays(history):
    history.record([run(1), run(2, result=Result.FAILURE)])
    before = state(history)
    recorded, number = bring(history, run(2, result=Result.FAILURE), run(3), run(4, job="b"), run(1000))
    assert (recorded.new, recorded.changed, recorded.same) == (3, 0, 1)
    history.record([run(5)])
    (one,) = history.imports()
    assert (one.id, one.source, one.format, one.imported_s, one.new) == (
        number,
        "a.json",
        "zuul",
        1_700_000_000,
        3,
    )
    assert history.take_back(history.import_of(str(number))) == 3
    history.take_back(one)  # again: nothing
    assert [one.run for one in history.results()] == ["r1", "r2", "r5"]
    assert state(history)[0][:2] == before[0]
    assert [len(one.results) for one in history.outcomes().series] == [3]
    assert history.imports() == ()


def test_the_columns_are_those_of_the_runs_that_are_left(history):
    bring(history, *(run(n, job="ab"[n % 2]) for n in range(40)))
    _, number = bring(history, *(run(n, job="ab"[n % 2], result=Result.FAILURE) for n in range(20, 70)))
    history.take_back(history.import_of(str(number)))
    left = outcomes_of(history.results())
    assert [one.run for one in history.results()] == [f"r{n}" for n in range(40)]
    told = [(one.key, one.results, one.ended_ms) for one in history.outcomes().series]
    assert told == [(one.key, one.results, one.ended_ms) for one in left.series]


def test_the_places_of_what_went_are_marked(history):
    bring(history, run(1))
    _, number = bring(history, run(2, result=Result.FAILURE))
    history.settle(history.changes())
    history.take_back(history.import_of("last"))
    gone = run(2, result=Result.FAILURE)
    (mark,) = history.changes()
    assert mark[:3] == ChangeMark(series_key(gone), Result.FAILURE, int(gone.ended_at))[:3]
    assert number is not None


def test_the_number_of_an_import_that_was_taken_back_never_means_another(history):
    _, first = bring(history, run(1))
    history.take_back(history.import_of("last"))
    _, second = bring(history, run(1))
    assert second != first
    with pytest.raises(UsageError, match=f"no import '{first}'; see them with: sfcci gate imports"):
        history.import_of(str(first))


def test_a_file_that_brings_nothing_is_no_import(history):
    bring(history, run(1))
    assert bring(history, run(1)) == ((0, 0, 1), None)
    assert bring(history) == ((0, 0, 0), None)
    assert len(history.imports()) == 1


def test_runs_that_an_import_changed_stay_as_it_said(history):
    bring(history, run(1))
    recorded, number = bring(history, run(1, result=Result.FAILURE), run(2))
    assert (recorded.new, recorded.changed) == (1, 1)
    assert history.take_back(history.import_of(str(number))) == 1
    assert [(one.run, one.result) for one in history.results()] == [("r1", Result.FAILURE)]


@pytest.mark.parametrize("word", ["last", "1", "", "x", "-1"])
def test_where_nothing_was_imported_nothing_is_taken_back(history, word):
    with pytest.raises(UsageError, match="there is none that could be taken back"):
        history.import_of(word)


def test_two_that_take_the_same_back_and_others_that_record_meanwhile_lose_nothing(kept):
    with Imports(kept) as history:
        bring(history, *(run(n) for n in range(300)))
        one = history.import_of("last")

    def take(_number):
        with Imports(kept) as own:
            return own.take_back(one)

    def record(number):
        with Imports(kept) as own:
            return bring(own, *(run(1000 + number * 10 + n) for n in range(10)))[0].new

    with ThreadPoolExecutor(4) as pool:
        took, recorded = pool.map(take, range(2)), pool.map(record, range(6))
        assert sorted(took) == [0, 300]
        assert sum(recorded) == 60
    with Imports(kept) as history:
        assert history.count() == 60
        assert sum(len(one.results) for one in history.outcomes().series) == 60


def test_many_rows_go_in_parts(history, monkeypatch):
    monkeypatch.setattr("sfcci.gate.history_write.REMOVED", 7)
    assert REMOVED > 7
    history.record([run(1)])
    bring(history, *(run(n) for n in range(2, 32)))
    assert history.take_back(history.import_of("last")) == 30
    assert state(history)[0] == [run(1)]
