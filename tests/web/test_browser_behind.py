"""The whole way in a browser, over a real Graphite: runs are pushed, a panel shows them, a click on a point finds just these."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.metric import instance
from sfcci.metric.push import push
from sfcci.web.server import start_preview

pytestmark = [pytest.mark.browser, pytest.mark.graphite]
PROJECT = Path(__file__).parents[2]
PANEL = """\
dashboard:
  title: Gate
  rows:
    - title: R
      height: 300px
      panels:
        - title: Failures
          type: graph
          nullPointMode: connected
          targets:
            - target: alias({job}.FAILURE,'failed')
            - target: alias({job}.SUCCESS,'good')
"""


def test_a_click_on_a_point_finds_the_runs_that_made_it(page, tmp_path, cache_dir):
    base = settings.load(PROJECT, {})
    given = replace(
        base, state=tmp_path / "state", cache=cache_dir, project=tmp_path, graphite=settings.Graphite()
    )
    given = replace(given, database_url=f"sqlite:///{given.state}/runs.sqlite")
    middle = (int(time.time()) - 1800) // 60 * 60
    begin = {"a": middle + 1, "b": middle + 2, "c": middle + 3, "d": middle - 600, "e": middle + 600}
    with History(given) as history:
        history.record(
            JobResult(
                run,
                "sfc",
                Result.SUCCESS if run == "c" else Result.FAILURE,
                "t",
                "gate",
                "h",
                "p",
                "main",
                at,
                500,
            )
            for run, at in begin.items()
        )
    job = "stats_counts.zuul.tenant.t.pipeline.gate.project.h.p.main.job.sfc"
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "gate.yaml").write_text(PANEL.format(job=job))
    page.events.clear()
    page.size(1400, 900)
    with instance.running(given) as graphite:
        assert push(given, graphite).findings == ()
        with start_preview(given, graphite.url) as address:
            page.open(f"{address}?range=1h&refresh=0")
            box = page.evaluate(
                "(({left, top, width, height}) => [left, top, width, height])(document.querySelector('.plot .u-over').getBoundingClientRect())"
            )
            until = time.time()
            spot = (box[0] + box[2] * (1 - (until - middle) / 3600), box[1] + box[3] / 2)
            page.drag(spot, spot)
            page.wait("!!document.querySelector('.menu a')")
            links = "[...document.querySelectorAll('.menu a')].map((a) => [a.textContent, a.href])"
            found = dict(page.evaluate(links))
            rows = "[...document.querySelectorAll('.runs tbody a')].map((a) => a.textContent)"
            page.open(found["Runs behind failed"])
            assert page.evaluate(rows) == ["b", "a"]
            page.open(found["Runs behind good"])
            assert page.evaluate(rows) == ["c"]
    assert page.complaints() == []
