"""Whisper's files as carbon's own library writes them, read by ours."""

import json
import math
import subprocess
import time

import pytest

from sfcci.metric.whisper import WhisperFile, whole

WRITE = """
import json, sys, whisper
for path, method, now, calls in json.load(sys.stdin):
    whisper.create(path, [(2, 6), (6, 6), (18, 10)], xFilesFactor=0, aggregationMethod=method, sparse=True)
    for points in calls:
        whisper.update_many(path, points, now=now)
"""
NOW = int(time.time()) // 18 * 18 + 17
pytestmark = pytest.mark.graphite


@pytest.fixture
def written(tmp_path, graphite_environment):
    """Write files with whisper itself: method → lists of points, one for each call."""

    def _written(**calls):
        todo = [(str(tmp_path / name), name.partition("_")[0], NOW, found) for name, found in calls.items()]
        argv = [graphite_environment.python, "-c", WRITE]
        subprocess.run(argv, input=json.dumps(todo), text=True, check=True)
        return [(tmp_path / name).read_bytes() for name in calls]

    return _written


def test_values_are_read_where_whisper_wrote_them_and_where_it_carried_them(written):
    begin = NOW - 17
    (data,) = written(sum=[[(begin, 3), (begin + 6, 1), (begin + 8, 4)], [(begin - 36, 8)]])
    file = WhisperFile(data)
    assert [file.value(0, begin + at) for at in (0, 6, 8)] == [None, 1.0, 4.0]
    assert [file.value(1, begin + at) for at in (-36, 0, 6)] == [None, 3.0, 5.0]
    assert [file.value(2, begin + at) for at in (-36, 0)] == [8.0, 8.0]


@pytest.mark.parametrize("method", ["sum", "average", "max", "min", "last"])
def test_a_file_that_whisper_wrote_holds_what_it_was_told(written, method):
    steps = {NOW - 1 - 2 * n: float(n + 1) for n in range(5)} | {
        NOW - 17: 3.5,
        NOW - 23: 7.25,
        NOW - 107: 9.0,
    }
    steps = {
        at - at % (2 if NOW - at < 12 else 6 if NOW - at < 36 else 18): value for at, value in steps.items()
    }
    (data,) = written(**{method: [list(steps.items())]})
    assert WhisperFile(data).holds(steps, NOW)
    assert not WhisperFile(data).holds({**steps, NOW - 3: 5}, NOW)
    assert not WhisperFile(data).holds({at: value + 1 for at, value in steps.items()}, NOW)


def test_what_was_not_carried_into_the_coarser_archives_is_seen(written):
    step = NOW - 1 - (NOW - 1) % 2
    before, after = written(sum=[[(step, 1)]], sum_2=[[(step, 1)], [(step, 5)]])
    ring = WhisperFile(after).rings[1]
    torn = after[: ring.offset] + before[ring.offset :]
    assert WhisperFile(torn).value(0, step) == 5
    assert WhisperFile(after).holds({step: 5}, NOW)
    assert not WhisperFile(torn).holds({step: 5}, NOW)


def test_what_is_older_than_the_file_keeps_is_no_lack(written):
    (data,) = written(sum=[[(NOW, 1)]])
    assert WhisperFile(data).holds({NOW - 1000: 5}, NOW)


def test_half_a_file_is_refused(written):
    (data,) = written(sum=[[(NOW, 1)]])
    assert whole(data[:100], len(data))
    for size in (0, 1, 16, 20, 60, len(data) - 1):
        assert not whole(data[:size], size)
        with pytest.raises(ValueError, match="whisper file"):
            WhisperFile(data[:size])
    with pytest.raises(ValueError, match="whisper file"):
        WhisperFile(b"\xff" * 16 + data[16:])


def test_values_that_are_nearly_the_same_are_the_same(written):
    (data,) = written(average=[[(NOW - 1, 1 / 3)]])
    step = NOW - 1 - (NOW - 1) % 2
    assert WhisperFile(data).holds({step: math.nextafter(1 / 3, 1)}, NOW)
