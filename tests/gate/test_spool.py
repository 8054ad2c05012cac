"""The spool: marks of change, kept for one Graphite, and one who pushes at a time."""

import threading
import time
from dataclasses import replace

import pytest

from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import Query, series_key
from sfcci.gate.spool import Spool

RUN = JobResult("r1", "a", Result.SUCCESS, "t", "gate", "h", "p", "main", 1_700_000_000.25, 1500)


@pytest.fixture
def spool(kept):
    with Spool(kept) as opened:
        yield opened


def places(spool):
    return [(mark.series.job, mark.result, mark.ended_s) for mark in spool.changes()]


def settle_all(spool):
    spool.settle(spool.changes())


def test_a_new_one_is_empty_and_for_nobody(spool):
    found = spool.waiting()
    assert (found.marks, found.oldest_s, found.target, found.pushed_s) == (0, None, "", None)


def test_what_waits_is_told(spool):
    spool.record([RUN, replace(RUN, run="r2", started_at=1_700_000_100)])
    assert spool.aim("one") is False
    spool.pushed(1_700_000_200.9)
    found = spool.waiting()
    assert (found.marks, found.oldest_s, found.target, found.pushed_s) == (
        2,
        1_700_000_001,
        "one",
        1_700_000_200,
    )


def test_another_target_gets_everything_and_the_same_nothing(spool):
    spool.record([RUN])
    assert spool.aim("one") is False
    settle_all(spool)
    spool.pushed(1_700_000_200)
    assert spool.aim("one") is False
    assert places(spool) == []
    assert spool.aim("another") is True
    assert places(spool) == [("a", Result.SUCCESS, 1_700_000_001)]
    assert spool.waiting().pushed_s is None


def test_what_is_marked_stays_when_everything_is_marked(spool):
    """A place that has lost its last result must still be told so."""
    spool.record([RUN])
    settle_all(spool)
    spool.record([replace(RUN, result=Result.FAILURE)])
    spool.mark_all()
    assert sorted(places(spool)) == [
        ("a", Result.FAILURE, 1_700_000_001),
        ("a", Result.SUCCESS, 1_700_000_001),
    ]


def test_only_what_is_asked_for_is_marked(spool):
    other = replace(RUN, run="r2", job="b", started_at=1_700_086_400)
    spool.record([RUN, other])
    settle_all(spool)
    spool.mark_all(Query(since_s=1_700_050_000))
    assert [job for job, *_ in places(spool)] == ["b"]
    settle_all(spool)
    spool.mark_all(Query(series=(series_key(RUN),)))
    assert [job for job, *_ in places(spool)] == ["a"]


def test_what_changes_while_it_is_pushed_stays_marked(spool):
    spool.record([RUN])
    before = spool.changes()
    spool.record([replace(RUN, run="r2")])
    spool.settle(before)
    assert places(spool) == [("a", Result.SUCCESS, 1_700_000_001)]


def test_two_who_push_wait_for_each_other(kept):
    inside, most = [], []

    def push():
        with Spool(kept) as spool, spool.alone():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.1)
            inside.pop()

    threads = [threading.Thread(target=push) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


def test_who_pushed_and_failed_lets_the_next_one_in(kept):
    with Spool(kept) as spool:
        with pytest.raises(RuntimeError), spool.alone():
            raise RuntimeError
        with spool.alone():
            pass
