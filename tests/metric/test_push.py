import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sfcci.errors import MissingTool, UsageError
from sfcci.gate.job import Result
from sfcci.metric import push as module
from sfcci.metric.graphite import Address, send
from sfcci.metric.instance import Instance
from sfcci.metric.point import Point
from sfcci.metric.push import push, reader, sums, verify
from sfcci.metric.retention import DEFAULT, parse_retentions

DAY = 86400
STEM = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job"


def counter(job, outcome="SUCCESS"):
    return f"stats_counts.{STEM}.{job}.{outcome}"


def total(graphite, name, since_s=70 * DAY):
    now = time.time()
    return sums(reader(graphite), [name], now - since_s, now + 10)[name]


pytestmark = pytest.mark.graphite


def test_a_thousand_results_in_one_second_are_a_thousand_in_graphite(private, graphite, record):
    record("thousand", *(5 + i / 2000 for i in range(1000)))
    report = push(private, graphite)
    assert (report.results, report.series, report.findings) == (1000, 7, ())
    assert total(graphite, counter("thousand")) == 1000


def test_old_results_are_in_the_sums_too(private, graphite, record):
    record("old", 5, 2 * DAY, 2 * DAY, 60 * DAY, 60 * DAY, 60 * DAY)
    assert push(private, graphite).findings == ()
    assert total(graphite, counter("old")) == 6
    assert total(graphite, counter("old"), 3 * DAY) == 3
    assert total(graphite, counter("old"), 3600) == 1


def test_pushing_again_changes_nothing(private, graphite, record):
    record("again", 5, 6, 7, 2 * DAY, 60 * DAY)
    reports = [push(private, graphite) for _ in range(3)]
    assert [report.findings for report in reports] == [(), (), ()]
    assert total(graphite, counter("again")) == 5


def test_results_that_come_late_are_added_to_their_step(private, graphite, record):
    record("late", 2 * DAY)
    push(private, graphite)
    record("late", 2 * DAY + 0.01, 5)
    assert push(private, graphite).findings == ()
    assert total(graphite, counter("late")) == 3


def test_results_around_the_end_of_an_archive_are_all_there(private, graphite, record):
    record("edge", *(DAY + offset for offset in range(-150, 150, 7)))
    record("edge", *(30 * DAY + offset for offset in range(-5000, 5000, 500)))
    for _ in range(2):
        assert push(private, graphite).findings == ()
    assert total(graphite, counter("edge")) == len(range(-150, 150, 7)) + 20


def test_durations_are_there_as_timers(private, graphite, record):
    record("timed", 5, 5, duration_ms=2000)
    record("timed", 5, outcome=Result.FAILURE, duration_ms=500)
    record("timed", 5, outcome=Result.NODE_FAILURE)
    push(private, graphite)
    timer = f"stats.timers.{STEM}.timed"
    assert total(graphite, f"{timer}.SUCCESS.sum") == 4000
    assert total(graphite, f"{timer}.SUCCESS.mean") == 2000
    assert total(graphite, f"{timer}.FAILURE.upper") == 500
    names = reader(graphite).expand(f"stats.timers.{STEM}.timed.*.*")
    assert {name.split(".")[-2] for name in names} == {"SUCCESS", "FAILURE"}
    assert total(graphite, counter("timed", "NODE_FAILURE")) == 1


def test_since_takes_whole_steps(private, graphite, record):
    record("since", 5, 40 * DAY)
    report = push(private, graphite, since_s=time.time() - 60)
    assert report.results == 1
    assert report.findings == ()
    assert push(private, graphite).results == 2
    assert total(graphite, counter("since")) == 2


def test_what_is_older_than_graphite_keeps_is_counted_and_no_fault(private, graphite, record):
    record("ancient", 5, 500 * DAY)
    report = push(private, graphite)
    assert (report.too_old, report.findings) == (1, ())
    assert "1 are older than Graphite keeps" in report.summary


def test_two_pushes_at_once_agree(private, graphite, record):
    record("twice", *range(5, 200))
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: push(private, graphite), range(2)))
    assert [report.findings for report in reports] == [(), ()]
    assert total(graphite, counter("twice")) == 195


def test_a_wrong_sum_is_a_finding(private, graphite, record):
    record("wrong", 3600)
    push(private, graphite)
    results = module.recorded(private, graphite.retentions, None)
    send([Point(counter("wrong"), 7, int(time.time()) // 10 * 10 - 600)], graphite.carbon)
    deadline = time.monotonic() + 15
    while total(graphite, counter("wrong")) != 8 and time.monotonic() < deadline:
        time.sleep(0.1)
    (finding,) = verify(results, reader(graphite), graphite.retentions, settle_s=0)
    assert finding.keyword == "MetricSumDiffers"
    assert finding.place.path == counter("wrong")
    assert "Graphite has 8, the run database 1" in finding.what


def test_nothing_recorded_is_nothing_pushed(private, graphite):
    report = push(private, graphite)
    assert (report.points, report.findings) == (0, ())
    assert "no results" in report.summary


def test_a_full_disk_is_said_before_anything_is_sent(private, graphite, record, monkeypatch):
    record("nodisk", 5)
    monkeypatch.setattr(module, "free_bytes", lambda _folder: 1000)
    with pytest.raises(MissingTool, match="no room for 7 new series"):
        push(private, graphite)
    assert reader(graphite).expand(counter("nodisk")) == []


def test_a_graphite_that_can_only_be_read_takes_no_push(private, record):
    record("readonly", 5)
    with pytest.raises(UsageError, match=r"set \[graphite\] carbon"):
        push(private, Instance("http://127.0.0.1:1", None, parse_retentions(DEFAULT)))


def test_a_graphite_that_can_only_be_fed_is_not_read_back():
    with pytest.raises(UsageError, match=r"set \[graphite\] url"):
        reader(Instance("", Address("127.0.0.1", 1), parse_retentions(DEFAULT)))
