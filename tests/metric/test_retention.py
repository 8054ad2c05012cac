import pytest

from sfcci import settings
from sfcci.errors import InputError
from sfcci.metric.retention import DEFAULT, Archive, parse_retentions, parse_span


def test_retentions_are_read_as_carbon_writes_them():
    assert parse_retentions("10s:1d, 60s:30d,1h:1y") == (
        Archive(10, 86400),
        Archive(60, 30 * 86400),
        Archive(3600, 365 * 86400),
    )


def test_a_bare_number_counts_points():
    assert parse_retentions("60:1440") == (Archive(60, 86400),)


@pytest.mark.parametrize(
    "text", ["", "10s", "10s:5s", "60s:1d,10s:2d", "10s:1d,25s:2d", "10s:1d,60s:1d", "0s:1d"]
)
def test_what_whisper_would_refuse_is_refused(text):
    with pytest.raises(InputError):
        parse_retentions(text)


def test_the_settings_default_is_the_private_graphites():
    assert settings.Graphite().retentions == DEFAULT


def test_spans_are_read():
    assert [parse_span(text) for text in ("90m", "36h", "7d")] == [5400, 129600, 604800]
    with pytest.raises(InputError, match="36h"):
        parse_span("yesterday")
