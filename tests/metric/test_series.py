from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfcci.gate.job import JobResult, Result
from sfcci.metric import series
from sfcci.metric.name import Kind, parse_series
from sfcci.metric.retention import parse_retentions

RETENTIONS = parse_retentions("10s:1d,60s:30d,1h:1y")
SMALL = parse_retentions("2s:12s,6s:36s,18s:180s")
NOW = 1_800_000_000


def result(age_s, *, now=NOW, job="sfc-http", outcome=Result.SUCCESS, duration_ms=1000, run="1"):
    return JobResult(
        run, job, outcome, "t", "gate", "h", "p", "main", now - age_s - duration_ms / 1000, duration_ms
    )


def counted(points):
    return {(p.time_s, p.value) for p in points if p.name.startswith("stats_counts")}


def test_a_thousand_results_in_one_second_are_one_point_of_a_thousand():
    found = series.points([result(5)] * 1000, RETENTIONS, NOW)
    assert counted(found) == {(NOW - 10, 1000)}


def test_the_step_grows_with_the_age():
    found = series.points([result(2 * 86400 + 7), result(60 * 86400)], RETENTIONS, NOW)
    assert counted(found) == {((NOW - 2 * 86400 - 7) // 60 * 60, 1), ((NOW - 60 * 86400) // 3600 * 3600, 1)}


def test_what_graphite_no_longer_keeps_gives_no_point():
    assert series.points([result(400 * 86400)], RETENTIONS, NOW) == ()


def test_a_step_that_reaches_over_an_archives_end_is_written_whole_and_last():
    old, young = result(86400 + 15), result(86400 - 25)
    found = series.points([old, young], RETENTIONS, NOW)
    assert [(p.time_s, p.value) for p in found[:2]] == [(NOW - 86400 + 20, 1), (NOW - 86400 - 60, 1)]
    both = series.points([result(86400 - 35), result(86400 - 5)], RETENTIONS, NOW + 20)
    assert [(p.time_s, p.value) for p in both[:2]] == [(NOW - 86400 + 30, 1), (NOW - 86400, 2)]


def test_durations_come_as_statsd_gives_them():
    found = series.points([result(5, duration_ms=ms) for ms in (100, 300, 200, 1000)], RETENTIONS, NOW)
    timers = {parse_series(p.name).figure: p.value for p in found if p.name.startswith("stats.timers")}
    assert timers == {"count": 4, "lower": 100, "mean": 400, "sum": 1600, "upper": 1000, "upper_90": 1000}


def test_the_ninetieth_percentile_leaves_the_slowest_tenth_out():
    assert series.figures(range(1, 11))["upper_90"] == 9
    assert series.figures([7])["upper_90"] == 7


@pytest.mark.parametrize("outcome", list(Result))
def test_durations_are_sent_of_the_results_that_zuul_times(outcome):
    kinds = {parse_series(p.name).kind for p in series.points([result(5, outcome=outcome)], RETENTIONS, NOW)}
    timed = outcome in {Result.SUCCESS, Result.FAILURE, Result.POST_FAILURE, Result.TIMED_OUT}
    assert kinds == ({Kind.COUNT, Kind.TIMER} if timed else {Kind.COUNT})


def test_the_order_of_the_results_does_not_matter():
    results = [
        result(age, job=job, duration_ms=age) for age in (5, 95, 90_000, 3_000_000) for job in ("a", "b")
    ]
    assert series.points(results, RETENTIONS, NOW) == series.points(results[::-1], RETENTIONS, NOW)


def test_a_push_waits_for_a_step_that_is_about_to_outgrow_its_archive():
    about_to = result(86400 - 1.5)
    moment = RETENTIONS[0].start(about_to.ended_at) + 86400
    assert series.crossing_s([about_to, result(5)], RETENTIONS, moment - 2, 3) == pytest.approx(3)
    assert series.crossing_s([about_to], RETENTIONS, moment + 0.5, 3) == pytest.approx(0.5)
    assert series.crossing_s([about_to], RETENTIONS, moment + 1, 3) == 0
    assert series.crossing_s([about_to], RETENTIONS, moment - 4, 3) == 0


def test_since_never_cuts_a_step_in_two():
    since = series.complete_since(NOW + 1234.5, RETENTIONS)
    assert since <= NOW + 1234.5
    assert all(since % archive.step_s == 0 for archive in RETENTIONS)


class Whisper:
    """One whisper file as carbon drives it: rings of (time, value), the newest points first, sums carried downwards."""

    def __init__(self, archives):
        self.rings = [(archive, {}) for archive in archives]

    def update_many(self, points, now):
        for level, (archive, _) in enumerate(self.rings):
            younger = self.rings[level - 1][0].kept_s if level else -1
            mine = [(t, v) for t, v in points if younger < now - t <= archive.kept_s]
            for time_s, value in sorted(mine):
                self._put(level, archive.start(time_s), value)
            for time_s, _ in mine:
                self._propagate(level, time_s)

    def total(self, level, now):
        archive, ring = self.rings[level]
        return {t: v for t, v in ring.values() if now - t <= archive.kept_s}

    def _put(self, level, start, value):
        archive, ring = self.rings[level]
        ring[start // archive.step_s % (archive.kept_s // archive.step_s)] = (start, value)

    def _propagate(self, level, time_s):
        if level + 1 == len(self.rings):
            return
        lower = self.rings[level + 1][0]
        start = lower.start(time_s)
        inside = [v for t, v in self.rings[level][1].values() if start <= t < start + lower.step_s]
        if inside:
            self._put(level + 1, start, sum(inside))
            self._propagate(level + 1, start)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 150), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 25), st.integers(0, 9)), min_size=1, max_size=6),
)
@example([0, 2, 4, 6], [(10, 2, 0), (6, 4, 0)])
@example([96, 132], [(2, 2, 0)])
def test_after_any_pushes_every_archive_holds_the_sum_of_each_step(moments, pushes):
    """Results become known in any order, are pushed at growing times, and carbon may split what it gets anywhere."""
    file, now, known = Whisper(SMALL), 1000, 0
    for later, more, cut in pushes:
        now, known = now + later, known + more
        results = [
            result(0, now=870 + moment, duration_ms=0) for moment in moments[:known] if 870 + moment <= now
        ]
        while wait := series.crossing_s(results, SMALL, now, 0):
            now += int(wait)
        points = [(p.time_s, p.value) for p in series.points(results, SMALL, now) if "counts" in p.name]
        for part in (points[:cut], points[cut:]):
            file.update_many(part, now)
        for level, archive in enumerate(SMALL):
            steps = Counter(archive.start(one.ended_at) for one in results)
            kept = {start: count for start, count in steps.items() if now - start <= archive.kept_s}
            assert {**dict.fromkeys(kept, 0), **file.total(level, now)} == kept


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 400))
def test_pushing_again_gives_the_same_points(moments, now):
    results = [replace(result(0, now=moment)) for moment in moments]
    assert series.points(results, SMALL, now) == series.points(iter(results), SMALL, now)


def test_counts_add_up_names_that_zuul_cannot_tell_apart():
    found = series.counts([result(5, job="py3.12"), result(5, job="py3_12"), result(9, job="py3.12")])
    assert list(found.values()) == [3]
