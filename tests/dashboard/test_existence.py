"""Names asked of the real Graphite: there, disappeared since a day, not happened yet, never there."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard.validate import examine
from sfcci.metric import carbon, graphite, instance
from sfcci.metric.point import Point

pytestmark = pytest.mark.graphite
JOB = "stats_counts.zuul.tenant.t.pipeline.gate.project.h.p.main.job"
GONE_S = 50 * 86400


@pytest.fixture
def reader(cache_dir, tmp_path):
    root = Path(__file__).parents[2]
    with instance.running(replace(settings.load(root), state=tmp_path / "state", cache=cache_dir)) as running:
        now = int(time.time())
        points = [Point(f"{JOB}.lives.SUCCESS", 1, now), Point(f"{JOB}.lives.FAILURE", 1, now - GONE_S)]
        carbon.send([*points, Point(f"{JOB}.gone.SUCCESS", 1, now - GONE_S)], running.carbon)
        found = graphite.GraphiteReader(running.url)
        deadline = time.monotonic() + 60
        while len(found.expand(f"{JOB}.*.*")) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield found


def test_each_name_is_told_what_became_of_it(reader, tmp_path):
    names = (
        "lives.SUCCESS",
        "lives.FAILURE",
        "lives.{SUCCESS,FAILURE}",
        "lives.TIMED_OUT",
        "gone.SUCCESS",
        "goen.SUCCESS",
    )
    lines = "".join(f"            - target: {JOB}.{name}\n" for name in names)
    (tmp_path / "x.yaml").write_text(
        "dashboard:\n  title: T\n  rows:\n    - title: R\n      height: 100px\n      panels:\n"
        f"        - title: P\n          type: graph\n          targets:\n{lines}"
    )
    found = {
        one.place.line - 10: one
        for one in examine([tmp_path / "x.yaml"], reader).findings
        if one.place.line > 9
    }
    assert {names[number]: one.keyword for number, one in found.items()} == {
        "lives.TIMED_OUT": "NeverHappened",
        "gone.SUCCESS": "MetricDisappeared",
        "goen.SUCCESS": "NoSuchMetric",
    }
    assert found[5].hint == "did you mean gone?"
    days = {
        str(datetime.fromtimestamp(time.time() - GONE_S - shift, UTC).date())
        for shift in (0, 86400, 2 * 86400)
    }
    assert any(f"disappeared since {day}" in found[4].what for day in days)


def test_more_names_than_one_question_may_carry_are_asked_in_several(reader):
    names = [f"x{n}.y{n}.z" for n in range(1200)]
    assert reader.expand([*names, f"{JOB}.gone.SUCCESS"]) == [f"{JOB}.gone.SUCCESS"]
