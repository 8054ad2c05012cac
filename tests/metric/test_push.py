import contextlib
import dataclasses
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sfcci.errors import MissingTool, Unreachable, UsageError
from sfcci.gate.history import History
from sfcci.gate.imports import Imports
from sfcci.gate.job import Result
from sfcci.gate.spool import Spool
from sfcci.metric import audit, delivery, instance
from sfcci.metric.carbon import Address, send
from sfcci.metric.instance import Instance
from sfcci.metric.point import Point
from sfcci.metric.proof import missing, proof_of
from sfcci.metric.push import feed, push, reader
from sfcci.metric.retention import DEFAULT, parse_retentions

DAY = 86400
STEM = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job"


def counter(job, outcome="SUCCESS"):
    return f"stats_counts.{STEM}.{job}.{outcome}"


def total(graphite, name, since_s=70 * DAY):
    now = time.time()
    return audit.sums(reader(graphite), [name], now - since_s, now + 10)[name]


def waiting(private):
    with Spool(private) as spool:
        return spool.waiting()


pytestmark = pytest.mark.graphite


def test_a_thousand_results_in_one_second_are_a_thousand_in_graphite(private, graphite, record):
    record("thousand", *(5 + i / 2000 for i in range(1000)))
    report = push(private, graphite)
    assert (report.findings, report.waiting) == ((), 0)
    assert report.series == 10  # a counter, eight figures of durations, the gauge of the gate
    assert total(graphite, counter("thousand")) == 1000


def test_old_results_are_in_the_sums_too(private, graphite, record):
    record("old", 5, 2 * DAY, 2 * DAY, 60 * DAY, 60 * DAY, 60 * DAY)
    assert push(private, graphite).findings == ()
    assert total(graphite, counter("old")) == 6
    assert total(graphite, counter("old"), 3 * DAY) == 3
    assert total(graphite, counter("old"), 3600) == 1


def test_only_what_has_changed_is_pushed_and_all_of_it_again_when_that_is_asked_for(
    private, graphite, record
):
    record("again", 5, 2 * DAY, 60 * DAY)
    first, second = (push(private, graphite) for _ in range(2))
    assert (first.changes, first.findings) == (3, ())
    assert (second.changes, second.summary) == (0, "nothing to push: nothing has changed since the last push")
    since = push(private, graphite, since_s=time.time() - 3 * DAY)
    assert (since.changes, since.findings) == (2, ())
    assert push(private, graphite, everything=True).changes == 3
    assert total(graphite, counter("again")) == 3


def test_results_that_come_late_are_added_to_their_step(private, graphite, record):
    record("late", 2 * DAY)
    push(private, graphite)
    record("late", 2 * DAY + 0.01, 5)
    assert push(private, graphite).findings == ()
    assert total(graphite, counter("late")) == 3


def test_a_result_that_is_replaced_leaves_no_trace_in_the_sums(private, graphite, record):
    record("replaced", 2 * DAY, 5)
    push(private, graphite)
    with History(private) as history:
        old = next(one for one in history.results() if one.job == "replaced")
        history.record([dataclasses.replace(old, result=Result.FAILURE)])
    assert push(private, graphite).findings == ()
    assert total(graphite, counter("replaced")) == 1
    assert total(graphite, counter("replaced", "FAILURE")) == 1
    assert total(graphite, f"stats.timers.{STEM}.replaced.SUCCESS.count") == 1


def test_a_run_of_a_clock_that_is_ahead_is_no_difference_until_its_time_has_come(private, graphite, record):
    """JUnit's times have no zone."""
    record("now", 2, 60)
    with Imports(private) as history:
        ours = next(iter(history.results()))
        ahead = dataclasses.replace(ours, run="ahead", job="ahead", started_at=time.time() + 7200)
        history.bring([ahead], "ahead.xml", "junit", time.time())
    for _ in range(2):
        assert push(private, graphite).findings == ()
    assert total(graphite, counter("now")) == 2


def test_an_import_that_is_taken_back_leaves_no_trace_in_the_sums(private, graphite, record):
    record("there", 5, 2 * DAY)
    with Imports(private) as history:
        ours = next(iter(history.results()))
        wrong = [
            dataclasses.replace(
                ours,
                run=f"w{n}",
                job="wrong",
                pipeline=pipeline,
                result=outcome,
                started_at=time.time() - age,
            )
            for n, (pipeline, outcome, age) in enumerate(
                (pipeline, outcome, age)
                for pipeline in ("gate", "mistaken")
                for outcome in (Result.SUCCESS, Result.FAILURE)
                for age in (9, 2 * DAY, 60 * DAY)
            )
        ]
        history.bring(wrong, "wrong.json", "zuul", time.time())
    assert push(private, graphite).findings == ()
    mistaken = counter("wrong").replace("pipeline.gate", "pipeline.mistaken")
    assert (total(graphite, counter("wrong")), total(graphite, mistaken)) == (3, 3)
    with Imports(private) as history:
        assert history.take_back(history.import_of("last")) == 12
    report = push(private, graphite)
    assert (report.changes, report.findings, report.waiting) == (12, (), 0)
    assert (total(graphite, counter("wrong")), total(graphite, mistaken)) == (0, 0)
    assert total(graphite, counter("wrong", "FAILURE")) == 0
    assert total(graphite, f"stats.timers.{STEM}.wrong.SUCCESS.count") == 0
    assert total(graphite, counter("there")) == 2
    assert newest(graphite, f"stats.gauges.{STEM.removesuffix('.job')}.pass_probability") == 1


def newest(graphite, name):
    (found,) = reader(graphite).render([name], time.time() - 3600, time.time() + 10)
    return next(value for value, _ in reversed(found.values) if value is not None)


def test_results_around_the_end_of_an_archive_are_all_there(private, graphite, record):
    record("edge", *(DAY + offset for offset in range(-150, 150, 7)))
    record("edge", *(30 * DAY + offset for offset in range(-5000, 5000, 500)))
    for _ in range(2):
        assert push(private, graphite, everything=True).findings == ()
    assert total(graphite, counter("edge")) == len(range(-150, 150, 7)) + 20


def test_durations_are_there_as_timers(private, graphite, record):
    record("timed", 5, 5, duration_ms=2000)
    record("timed", 5, outcome=Result.FAILURE, duration_ms=500)
    record("timed", 5, outcome=Result.NODE_FAILURE)
    push(private, graphite)
    timer = f"stats.timers.{STEM}.timed"
    assert total(graphite, f"{timer}.SUCCESS.sum") == 4000
    assert total(graphite, f"{timer}.SUCCESS.mean") == 2000
    assert total(graphite, f"{timer}.FAILURE.median") == 500
    assert total(graphite, f"{timer}.FAILURE.upper_95") == 500
    names = reader(graphite).expand(f"stats.timers.{STEM}.timed.*.*")
    assert {name.split(".")[-2] for name in names} == {"SUCCESS", "FAILURE"}
    assert total(graphite, counter("timed", "NODE_FAILURE")) == 1


def test_many_chunks_are_as_good_as_one(private, graphite, record, monkeypatch):
    monkeypatch.setattr(delivery, "CHUNK", 7)
    record("chunks", *(3600 * hour + minute for hour in range(6) for minute in (10, 70, 130)))
    record("chunks", *(DAY * day for day in range(1, 300, 20)))
    report = push(private, graphite)
    assert (report.changes, report.findings, report.waiting) == (33, (), 0)
    assert total(graphite, counter("chunks"), 350 * DAY) == 33


def test_what_is_older_than_graphite_keeps_is_settled_and_no_fault(private, graphite, record):
    record("ancient", 5, 500 * DAY)
    report = push(private, graphite)
    assert (report.changes, report.waiting, report.findings) == (2, 0, ())


def test_two_pushes_at_once_agree(private, graphite, record):
    record("twice", *range(5, 200))
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: push(private, graphite), range(2)))
    assert [report.findings for report in reports] == [(), ()]
    assert sorted(report.changes for report in reports) == [0, 195]
    assert total(graphite, counter("twice")) == 195


def test_a_wrong_sum_that_others_wrote_is_told(private, graphite, record):
    record(
        "wrong", 7200
    )  # of another hour than theirs: a step in carbon's cache hides what the disk has of it
    push(private, graphite)
    theirs = Point(counter("wrong"), 7, int(time.time()) // 10 * 10 - 600)
    send([theirs], graphite.carbon)
    assert not missing([theirs], proof_of(graphite), settle_s=60)  # on the disk, not in carbon's cache alone
    (finding,) = push(private, graphite).findings
    assert finding.keyword == "MetricSumDiffers"
    assert finding.place.path == counter("wrong")
    assert "Graphite has 8, the run database 1" in finding.what


def test_a_series_that_went_from_the_storage_is_written_again(private, graphite, record):
    record("gone", 5, 2 * DAY)
    push(private, graphite)
    stored = graphite.folder / "storage/whisper/stats_counts" / STEM.replace(".", "/") / "gone"
    shutil.rmtree(stored)
    report = push(private, graphite)
    assert (report.changes, report.findings) == (2, ())
    assert total(graphite, counter("gone")) == 2


def test_another_graphite_gets_everything(private, graphite, record, tmp_path):
    record("moved", 5, 2 * DAY, 60 * DAY)
    other = dataclasses.replace(private, state=tmp_path / "other")
    with instance.running(other) as empty:
        first, again = push(private, empty), push(private, graphite)
        assert (first.another, first.changes, again.another, again.changes) == (False, 3, True, 3)
        assert push(private, graphite).another is False
        back = push(private, empty)
        assert "another Graphite than before" in back.summary
    assert total(graphite, counter("moved")) == 3


def test_what_carbon_lost_in_its_cache_is_not_settled(private, record):
    record("cached", 5, 2 * DAY)
    with instance.running(private) as mute, pytest.raises(Unreachable) as caught:
        push(private, dataclasses.replace(mute, carbon=Address("127.0.0.1", 9)))
    assert "2 changes wait, nothing is lost" in str(caught.value)
    assert waiting(private).marks == 2
    with instance.running(private) as found:
        assert push(private, found).changes == 2
    assert waiting(private).marks == 0


def test_after_a_week_without_graphite_everything_comes_in_its_order_to_its_time(
    private, record, monkeypatch
):
    monkeypatch.setattr(delivery, "CHUNK", 20)
    with instance.running(private) as up:
        away = dataclasses.replace(up, carbon=Address("127.0.0.1", 9), pickle=None)
        for day in reversed(range(1, 8)):  # what ends meanwhile, with a push each night that reaches nobody
            record("outage", *(day * DAY + 3600 * hour for hour in range(12)))
            with pytest.raises(Unreachable, match=f"{(8 - day) * 12} changes wait, nothing is lost"):
                push(private, away)
    sent = []
    whole = delivery.Delivery._send

    def send_seen(self, marks):
        sent.append((min(mark.ended_s for mark in marks), max(mark.ended_s for mark in marks)))
        return whole(self, marks)

    monkeypatch.setattr(delivery.Delivery, "_send", send_seen)
    with instance.running(private) as again:  # restarted since
        report = push(private, again)
        assert (report.changes, report.findings, report.waiting) == (84, (), 0)
        assert len(sent) > 2
        assert sent == sorted(sent), "the oldest first"
        assert total(again, counter("outage")) == 84
        for day in range(1, 8):
            assert total(again, counter("outage"), day * DAY + 11.5 * 3600) == day * 12


def test_a_graphite_that_takes_nothing_is_told_and_everything_waits(private, graphite, record, monkeypatch):
    monkeypatch.setattr("sfcci.metric.proof.missing.__defaults__", (0.3,))
    record("dropped", 5, 6)
    with a_hole() as hole:
        report = push(private, dataclasses.replace(graphite, carbon=hole, pickle=None))
    assert {finding.keyword for finding in report.findings} == {"NotInGraphite"}
    assert (report.changes, report.waiting) == (0, 2)
    assert push(private, graphite).changes == 2


def test_where_nothing_can_be_read_what_carbon_has_read_is_settled_and_called_unproven(private, record):
    record("blind", 5)
    with a_hole() as hole:
        report = push(private, Instance("", hole, parse_retentions(DEFAULT)))
    assert (report.changes, report.waiting, report.proven) == (1, 0, False)
    assert "not proven" in report.summary


def test_a_graphite_that_is_not_ours_is_read_back_through_its_pages(private, graphite, record):
    record("theirs", 5, 7, 2 * DAY, 60 * DAY)
    theirs = Instance(graphite.url, graphite.carbon, graphite.retentions, pickle=graphite.pickle)
    report = push(private, theirs)
    assert (report.changes, report.findings, report.proven) == (4, (), True)
    assert total(graphite, counter("theirs")) == 4


def test_what_is_recorded_while_it_is_pushed_is_pushed_too(private, graphite, record, monkeypatch):
    record("meanwhile", 5)
    written = delivery.Delivery.write

    def write(self, chunk):
        found = written(self, chunk)
        monkeypatch.setattr(delivery.Delivery, "write", written)
        record("meanwhile", 5.5, 2 * DAY)
        return found

    monkeypatch.setattr(delivery.Delivery, "write", write)
    assert push(private, graphite).findings == ()
    assert waiting(private).marks == 0
    assert total(graphite, counter("meanwhile")) == 3


def test_nothing_recorded_is_nothing_pushed(private, graphite):
    report = push(private, graphite)
    assert (report.points, report.findings) == (0, ())
    assert "nothing to push" in report.summary


def test_a_full_disk_is_said_before_anything_is_sent(private, graphite, record, monkeypatch):
    record("nodisk", 5)
    monkeypatch.setattr(delivery, "free_bytes", lambda _folder: 1000)
    with pytest.raises(MissingTool, match="no room for 9 new series"):
        push(private, graphite)
    assert reader(graphite).expand(counter("nodisk")) == []
    assert waiting(private).marks == 1


def test_a_graphite_that_can_only_be_read_takes_no_push(private, record):
    record("readonly", 5)
    with pytest.raises(UsageError, match=r"set \[graphite\] carbon"):
        push(private, Instance("http://127.0.0.1:1", None, parse_retentions(DEFAULT)))


def test_a_graphite_that_can_only_be_fed_is_not_read_back():
    with pytest.raises(UsageError, match=r"set \[graphite\] url"):
        reader(Instance("", Address("127.0.0.1", 1), parse_retentions(DEFAULT)))


@contextlib.contextmanager
def a_hole():
    """A carbon that reads all and keeps nothing."""

    def swallow(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    while connection.recv(2**16):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=swallow, args=(listener,), daemon=True).start()
        yield Address(*listener.getsockname())
        listener.shutdown(socket.SHUT_RDWR)


def test_what_feeds_another_graphite_has_the_gauge_too(private, graphite, record):
    record("fed", 5, 65, 130)
    record("fed", 6, outcome=Result.FAILURE)
    assert feed(private, graphite) > 0
    end = time.monotonic() + 60  # nothing says when carbon has written it
    while total(graphite, counter("fed")) < 3 and time.monotonic() < end:
        time.sleep(0.1)
    assert total(graphite, counter("fed")) == 3
    assert newest(graphite, f"stats.gauges.{STEM.removesuffix('.job')}.pass_probability") == 0.75
