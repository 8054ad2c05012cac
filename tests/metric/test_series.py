from bisect import bisect_left
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import ChangeMark, outcomes_of, series_key
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


def spans(results, retentions=RETENTIONS, marks=None):
    return series.spans(outcomes_of(results).series, retentions, marks)


def points(results, retentions=RETENTIONS, now=NOW, marks=None):
    return tuple(series.points(spans(results, retentions, marks), retentions, now))


def mark(one, ended_s=None):
    return ChangeMark(series_key(one), one.result, int(one.ended_at) if ended_s is None else ended_s)


def counted(found):
    return {(p.time_s, p.value) for p in found if p.name.startswith("stats_counts")}


def test_a_thousand_results_in_one_second_are_one_point_of_a_thousand():
    found = points([result(5)] * 1000)
    assert counted(found) == {(NOW - 10, 1000)}


def test_the_step_grows_with_the_age():
    found = points([result(2 * 86400 + 7), result(60 * 86400)])
    assert counted(found) == {((NOW - 2 * 86400 - 7) // 60 * 60, 1), ((NOW - 60 * 86400) // 3600 * 3600, 1)}


def test_what_graphite_no_longer_keeps_gives_no_point():
    assert points([result(400 * 86400)]) == ()


def test_a_step_that_reaches_over_an_archives_end_is_written_whole_and_last():
    old, young = result(86400 + 15), result(86400 - 25)
    found = points([old, young])
    assert [(p.time_s, p.value) for p in found[:2]] == [(NOW - 86400 + 20, 1), (NOW - 86400 - 60, 1)]
    both = points([result(86400 - 35), result(86400 - 5)], now=NOW + 20)
    assert [(p.time_s, p.value) for p in both[:2]] == [(NOW - 86400 + 30, 1), (NOW - 86400, 2)]


def test_durations_come_as_statsd_gives_them():
    found = points([result(5, duration_ms=ms) for ms in (100, 300, 200, 1000)])
    timers = {parse_series(p.name).figure: p.value for p in found if p.name.startswith("stats.timers")}
    assert timers == {
        "count": 4,
        "lower": 100,
        "mean": 400,
        "median": 250,
        "sum": 1600,
        "upper": 1000,
        "upper_90": 1000,
        "upper_95": 1000,
    }


def figures(durations):
    return dict(zip(series.FIGURES, series.figures(durations), strict=True))


def test_percentiles_leave_the_slowest_out_as_statsd_does():
    hundred = figures(range(1, 101))
    assert (hundred["median"], hundred["upper_90"], hundred["upper_95"]) == (50.5, 90, 95)
    assert figures(range(1, 11))["upper_90"] == 9
    assert figures([3, 1, 2])["median"] == 2
    assert figures([7]) == {**dict.fromkeys(series.FIGURES, 7), "count": 1}


def test_a_step_that_lost_its_last_result_is_written_as_none():
    gone = result(5)
    found = points([], marks=[mark(gone)])
    assert {p.value for p in found} == {0}
    assert {parse_series(p.name).figure for p in found} == {"", *series.FIGURES}
    assert {p.time_s for p in found} == {NOW - 10}


def test_a_mark_touches_its_whole_span_and_no_other():
    results = [result(5), result(1000), result(2000), result(10_000), result(5, job="other")]
    found = spans(results, marks=[mark(result(1000))])
    assert [len(one.runs) for one in found] == [3]
    assert counted(points(results, marks=[mark(result(1000))])) == {
        (NOW - 10, 1),
        (NOW - 1000, 1),
        (NOW - 2000, 1),
    }


def test_names_that_zuul_cannot_tell_apart_are_one_span():
    dotted, plain = result(5, job="py3.12"), result(6, job="py3_12")
    assert [len(one.runs) for one in spans([dotted, plain])] == [2]
    assert [len(one.runs) for one in spans([dotted, plain], marks=[mark(dotted)])] == [2]


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=200))
def test_the_figures_are_those_of_the_durations(durations):
    found, ordered = figures(durations), sorted(durations)
    assert found["count"] == len(durations)
    assert found["sum"] == sum(durations)
    assert found["mean"] == pytest.approx(sum(durations) / len(durations))
    assert (found["lower"], found["upper"]) == (ordered[0], ordered[-1])
    assert found["lower"] <= found["median"] <= found["upper_90"] <= found["upper_95"] <= found["upper"]
    below = bisect_left(ordered, found["median"])
    assert below <= len(durations) / 2


@pytest.mark.parametrize("outcome", list(Result))
def test_durations_are_sent_of_the_results_that_zuul_times(outcome):
    kinds = {parse_series(p.name).kind for p in points([result(5, outcome=outcome)])}
    timed = outcome in {Result.SUCCESS, Result.FAILURE, Result.POST_FAILURE, Result.TIMED_OUT}
    assert kinds == ({Kind.COUNT, Kind.TIMER} if timed else {Kind.COUNT})


def test_the_order_of_the_results_does_not_matter():
    results = [
        result(age, job=job, duration_ms=age) for age in (5, 95, 90_000, 3_000_000) for job in ("a", "b")
    ]
    assert points(results) == points(results[::-1])


def test_a_push_waits_for_a_step_that_is_about_to_outgrow_its_archive():
    about_to = result(86400 - 1.5)
    both = spans([about_to, result(5)])
    moment = RETENTIONS[0].start(about_to.ended_at) + 86400
    assert series.crossing_s(both, RETENTIONS, moment - 2, 3) == pytest.approx(3)
    assert series.crossing_s(both, RETENTIONS, moment + 0.5, 3) == pytest.approx(0.5)
    assert series.crossing_s(both, RETENTIONS, moment + 1, 3) == 0
    assert series.crossing_s(both, RETENTIONS, moment - 4, 3) == 0


def test_what_passed_to_another_archive_meanwhile_is_not_sure():
    (span,) = spans([result(86400 - 1.5)])
    moment = RETENTIONS[0].start(NOW - 86400 + 1.5) + 86400
    assert series.crossed(span, RETENTIONS, moment - 5, moment + 5)
    assert series.crossed(span, RETENTIONS, moment - 5, moment)
    assert not series.crossed(span, RETENTIONS, moment - 5, moment - 1)
    assert not series.crossed(span, RETENTIONS, moment + 2, moment + 5)


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
    st.booleans(),
)
@example([0, 2, 4, 6], [(10, 2, 0), (6, 4, 0)], False)
@example([96, 132], [(2, 2, 0)], False)
def test_after_any_pushes_every_archive_holds_the_sum_of_each_step(moments, pushes, everything):
    """Results become known in any order, are pushed at growing times, and carbon may split what it gets anywhere.

    It is so when everything is written each time, and when only the spans are that hold something new.
    """
    file, now, known, told = Whisper(SMALL), 1000, 0, set()
    for later, more, cut in pushes:
        now, known = now + later, known + more
        there = {
            number: result(0, now=870 + moment, duration_ms=0)
            for number, moment in enumerate(moments[:known])
            if 870 + moment <= now
        }
        results = list(there.values())
        marks = None if everything else [mark(one) for number, one in there.items() if number not in told]
        told |= {*there}
        while wait := series.crossing_s(spans(results, SMALL, marks), SMALL, now, 0):
            now += int(wait)
        found = [(p.time_s, p.value) for p in points(results, SMALL, now, marks) if "counts" in p.name]
        for part in (found[:cut], found[cut:]):
            file.update_many(part, now)
        for level, archive in enumerate(SMALL):
            steps = Counter(archive.start(one.ended_at) for one in results)
            kept = {start: count for start, count in steps.items() if now - start <= archive.kept_s}
            assert {**dict.fromkeys(kept, 0), **file.total(level, now)} == kept


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 400))
def test_pushing_again_gives_the_same_points(moments, now):
    results = [result(0, now=moment + 1) for moment in moments]
    assert points(results, SMALL, now) == points(iter(results), SMALL, now)


@given(st.lists(st.integers(0, 10**6), max_size=40), st.lists(st.integers(0, 39), max_size=10))
def test_marks_give_the_spans_that_they_touch_as_they_are_among_all(ages, chosen):
    results = [result(age, run=str(number)) for number, age in enumerate(ages)]
    marks = [mark(results[number]) for number in chosen if number < len(results)]
    every = {(one.name, one.start): one.runs for one in spans(results)}
    touched = {(one.name, one.start): one.runs for one in spans(results, marks=marks)}
    assert touched == {place: every[place] for place in touched}
    assert {start for _, start in touched} == {RETENTIONS[-1].start(one.ended_s) for one in marks}
