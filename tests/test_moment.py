"""Moments as people write them, and back."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import UsageError
from sfcci.moment import EARLIEST_S, LATEST_S, moment_text, parse_moment

NOW = 1_795_000_000.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("90m", NOW - 5400),
        ("36h", NOW - 129600),
        (" 4w ", NOW - 4 * 604800),
        ("1795000000", 1_795_000_000),
        ("1795000000.25", 1_795_000_000.25),
        ("2026-11-20T14:30Z", 1_795_185_000),
        ("2026-11-20 15:30:00+01:00", 1_795_185_000),
    ],
)
def test_a_span_ago_a_number_and_an_iso_time_are_read(text, expected):
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T14:30", "20261120"])
def test_a_time_without_a_zone_is_local(text):
    assert parse_moment(text, NOW) == datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "7", "36 hours", "1795000000000", "-5", "nan", "inf", "1e9", "9999999999y", "0001-01-01", "٣h", "2026-13-01"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_what_is_expected(text):
    with pytest.raises(UsageError, match="is no time; expected a time ago"):
        parse_moment(text, NOW)


@given(st.integers(EARLIEST_S, LATEST_S))
def test_what_is_shown_can_be_read(time_s):
    assert parse_moment(moment_text(time_s), NOW) == time_s
