"""Times as Grafana writes them."""

import contextlib
import os
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.dashboard.time_range import asked_times, moment, own_times, time_range
from sfcci.errors import UsageError

NOW = datetime(2026, 3, 31, 14, 45, 30, tzinfo=UTC).timestamp()
"""A Tuesday."""


@pytest.mark.parametrize(
    ("text", "up", "expected"),
    [
        ("now", False, "2026-03-31T14:45:30"),
        ("now-24h", False, "2026-03-30T14:45:30"),
        ("now-90m", False, "2026-03-31T13:15:30"),
        ("now+2d", False, "2026-04-02T14:45:30"),
        ("now/d", False, "2026-03-31T00:00:00"),
        ("now/d", True, "2026-04-01T00:00:00"),
        ("now-1d/d", False, "2026-03-30T00:00:00"),
        ("now-1d/d", True, "2026-03-31T00:00:00"),
        ("now/w", False, "2026-03-30T00:00:00"),
        ("now/w", True, "2026-04-06T00:00:00"),
        ("now/h", False, "2026-03-31T14:00:00"),
        ("now/m", False, "2026-03-31T14:45:00"),
        ("now/M", True, "2026-04-01T00:00:00"),
        ("now/y", False, "2026-01-01T00:00:00"),
        ("now/Q", True, "2026-04-01T00:00:00"),
        ("now-1M", False, "2026-02-28T14:45:30"),
        ("now-1M/M", False, "2026-02-01T00:00:00"),
        ("now-4M", False, "2025-11-30T14:45:30"),
        ("now-2y", False, "2024-03-31T14:45:30"),
        ("1774968330000", False, "2026-03-31T14:45:30"),
        ("2026-03-31T14:45:30Z", False, "2026-03-31T14:45:30"),
        ("24h", False, "2026-03-30T14:45:30"),
    ],
)
def test_a_time_is_read_as_grafana_reads_it(text, up, expected):
    found = moment(text, NOW, "utc", up=up)
    assert datetime.fromtimestamp(found, UTC).replace(tzinfo=None).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["now-", "now-5", "now/x", "now -5m", "nowhere", "now-5m!", "", "now-999999y", "soon"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="is no time"):
        moment(text, NOW)


def test_a_time_that_ends_before_it_begins_is_refused():
    with pytest.raises(UsageError, match=r"ends \(now-2h\) before it begins \(now-1h\)"):
        time_range("now-1h", "now-2h", NOW)


def test_a_dashboard_that_says_no_time_shows_six_hours():
    assert asked_times({"time": None}) == ("now-6h", "now")
    assert time_range(*asked_times({}), NOW, "utc") == (int(NOW) - 21600, int(NOW))


def test_a_panel_may_have_a_time_of_its_own():
    assert own_times({}, (1000, 9000)) == (1000, 9000)
    assert own_times({"timeFrom": "1h"}, (1000, 9000)) == (5400, 9000)
    assert own_times({"timeShift": "1d"}, (100_000, 190_000)) == (13_600, 103_600)
    assert own_times({"timeFrom": "1h", "timeShift": "10m"}, (1000, 9000)) == (4800, 8400)


@given(st.text(max_size=12))
def test_law_any_text_is_a_time_or_refused(text):
    with contextlib.suppress(UsageError):
        assert isinstance(moment(f"now{text}", NOW), float)


@pytest.mark.parametrize("here", [True, False], ids=["the machine's zone", "the dashboard's"])
@pytest.mark.parametrize(
    ("text", "now", "up", "expected"),
    [
        ("now-6h", "2026-03-29T04:00+02:00", False, "2026-03-28T21:00+01:00"),
        ("now-24h", "2026-03-29T10:00+02:00", False, "2026-03-28T09:00+01:00"),
        ("now-30m", "2026-03-29T03:15+02:00", False, "2026-03-29T01:45+01:00"),
        ("now-1d", "2026-03-29T10:00+02:00", False, "2026-03-28T10:00+01:00"),
        ("now/d", "2026-03-29T10:00+02:00", False, "2026-03-29T00:00+01:00"),
        ("now-1d/d", "2026-03-29T10:00+02:00", False, "2026-03-28T00:00+01:00"),
        ("now/d", "2026-03-29T10:00+02:00", True, "2026-03-30T00:00+02:00"),
        ("now-1M", "2026-04-15T10:00+02:00", False, "2026-03-15T10:00+01:00"),
        ("now/h", "2026-10-25T02:30+01:00", False, "2026-10-25T02:00+01:00"),
        ("now/h", "2026-10-25T02:30+02:00", True, "2026-10-25T02:00+01:00"),
        ("now-1h", "2026-10-25T02:30+01:00", False, "2026-10-25T02:30+02:00"),
    ],
)
def test_hours_have_their_length_and_days_their_begin_where_the_clocks_change(
    monkeypatch, here, text, now, up, expected
):
    zone = "" if here else "Europe/Berlin"
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin" if here else "Asia/Tokyo")
    time.tzset()
    try:
        found = moment(text, datetime.fromisoformat(now).timestamp(), zone, up=up)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == datetime.fromisoformat(expected).timestamp()


def test_a_day_begins_here_for_those_who_do_not_ask_for_utc(monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert moment("now/d", NOW, "utc") == datetime(2026, 3, 31, tzinfo=UTC).timestamp()
        assert moment("now/d", NOW) == moment("now/d", NOW, "nowhere") == moment("now/d", NOW, "Asia/Tokyo")
        assert moment("now/d", NOW) == datetime(2026, 3, 30, 15, tzinfo=UTC).timestamp()
    finally:
        monkeypatch.undo()
        time.tzset()
