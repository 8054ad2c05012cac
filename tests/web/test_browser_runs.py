"""From a point of a panel to the runs behind it and their evidence, as a person goes; phone and desktop, dark and light."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.web.server import start_preview

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
JOB = "stats_counts.zuul.tenant.sfcci.pipeline.gate.project.sfcci_example_org.sfcci_sfcci.main.job"


@pytest.fixture
def given(tmp_path):
    made = replace(settings.load(PROJECT, {}), state=tmp_path / "state", project=tmp_path)
    return replace(made, database_url=f"sqlite:///{made.state}/runs.sqlite")


@pytest.fixture
def site(page, given, graphite):
    now = time.time()
    folder = given.state / "runs" / "run-00"
    folder.mkdir(parents=True)
    (folder / "step1.flows").write_text("table=0 actions=drop\n")
    (folder / "step1.pcapng").write_bytes(bytes(range(256)))
    gate = given.gate
    with History(given) as history:
        history.record(
            JobResult(
                f"run-{n:02}", "sfc-balance", Result.SUCCESS if n % 4 else Result.FAILURE, gate.tenant, "gate", gate.host,
                gate.project, gate.branch, now - 3600 - n * 60, 1000, reasons=() if n % 4 else ("packets visited vm1",),
                log_dir="" if n else str(folder), voting=bool(n % 3), buildset="" if n else "b",
            )
            for n in range(60)
        )  # fmt: skip
        first = history.run("run-00")
        lost = ("the lab was lost: the process that kept it is gone", "no keeper")
        history.record(
            [
                replace(
                    first,
                    run="run-00-first",
                    result=Result.RETRY,
                    started_at=now - 3700,
                    reasons=lost,
                    log_dir="",
                )
            ]
        )
    graphite.names = [f"{JOB}.sfc-balance.FAILURE", f"{JOB}.sfc-balance.SUCCESS"]
    graphite.series = {"sfc-balance.FAILURE": [None, 1, 2, 1, None]}
    page.events.clear()
    page.size(1400, 900)
    (given.project / "dashboards").mkdir()
    (given.project / "dashboards" / "gate.yaml").write_text(
        "dashboard:\n  title: Gate\n  rows:\n    - title: R\n      height: 300px\n      panels:\n"
        f"        - {{title: Failures, type: graph, targets: [{{target: \"alias({JOB}.sfc-balance.FAILURE,'F')\"}}]}}\n"
    )
    with start_preview(given, graphite.url) as address:
        yield address


def go(page, script):
    page.evaluate("document.body.dataset.state = 'left'")
    page.evaluate(script)
    page.wait("document.body?.dataset.state === 'ready'")


def test_the_runs_lead_to_a_run_and_its_evidence_and_back(page, site, picture):
    page.open(f"{site}runs?result=bad")
    assert page.evaluate("document.querySelectorAll('.runs tbody tr').length") == 15
    picture(page, "runs-1400-light")
    go(page, "document.querySelector('.runs a').click()")
    assert page.evaluate("document.querySelector('.result').textContent") == "FAILURE"
    assert page.evaluate("[...document.querySelectorAll('.files strong')].map((f) => f.textContent)") == [
        "step1.pcapng",
        "step1.flows",
    ]
    assert page.evaluate("[...document.querySelectorAll('.attempts .result')].map((r) => r.textContent)") == [
        "RETRY",
        "FAILURE",
    ]
    page.evaluate("document.querySelector('.files summary').click()")
    assert "actions=drop" in page.evaluate("document.querySelector('.files details[open] pre').textContent")
    picture(page, "run-1400-light")
    go(page, "[...document.querySelectorAll('nav a')].find((a) => a.textContent === 'Runs').click()")
    assert page.evaluate("document.querySelectorAll('.runs tbody tr').length") == 50
    go(page, "document.querySelector('a[rel=next]').click()")
    assert page.evaluate("document.querySelectorAll('.runs tbody tr').length") == 11
    assert page.complaints() == []


def test_the_form_filters_and_keeps_what_was_asked(page, site):
    page.open(f"{site}runs")
    page.evaluate(
        "document.querySelector('[name=job]').value = 'sfc-*'; document.querySelector('[name=result]').value = 'FAILURE'"
    )
    go(page, "document.querySelector('form button').click()")
    assert "job=sfc-*" in page.evaluate("location.search")
    assert page.evaluate(
        "[document.querySelector('[name=job]').value, document.querySelector('[name=result]').value]"
    ) == [
        "sfc-*",
        "FAILURE",
    ]
    assert page.evaluate("document.querySelectorAll('.runs tbody tr').length") == 15


def at_a_point(page, share=0.5):
    """Click into the first graph, so far from its left edge."""
    box = page.evaluate(
        "(({left, top, width, height}) => [left, top, width, height])(document.querySelector('.plot .u-over').getBoundingClientRect())"
    )
    spot = (box[0] + box[2] * share, box[1] + box[3] / 2)
    page.drag(spot, spot)


def test_a_click_on_a_point_of_a_panel_leads_to_the_runs_behind_it(page, site, picture):
    page.open(f"{site}?range=6h&refresh=0")
    at_a_point(page)
    page.wait("!!document.querySelector('.menu a')")
    assert page.evaluate("document.activeElement.textContent") == "Runs behind F"
    picture(page, "panel-menu")
    page.press("Escape")
    assert not page.evaluate("!!document.querySelector('.menu')")
    at_a_point(page)
    page.wait("!!document.querySelector('.menu a')")
    go(page, "document.querySelector('.menu a').click()")
    query = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    assert query["metric"] == f"alias({JOB}.sfc-balance.FAILURE,'F')"
    assert set(query) == {"metric", "at", "from", "step"}
    assert page.evaluate("document.querySelector('.note').textContent").split()[:2] == ["Runs", "behind"]
    assert page.complaints() == []


def test_the_link_of_a_panel_leads_to_all_runs_behind_it(page, site, picture):
    page.open(f"{site}?range=6h&refresh=0")
    assert page.evaluate("document.querySelector('.behind').ariaLabel") == "Runs behind Failures"
    go(page, "document.querySelector('.behind').click()")
    assert page.evaluate("document.querySelectorAll('.runs tbody tr').length") == 15
    picture(page, "runs-behind-1400-light")
    go(page, "document.querySelector('.runs a').click()")
    assert page.evaluate("document.querySelectorAll('.files li').length") == 2
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "dark"), [(1400, True), (390, False), (390, True), (320, False)])
@pytest.mark.parametrize("path", ["runs", "runs/run-00", "runs?job=none", "report", "no/page"])
def test_nothing_is_cut_off(page, site, picture, width, dark, path):
    page.size(width, 844, dark=dark)
    page.open(f"{site}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    name = path.replace("/", "-").replace("?", "-")
    picture(page, f"{name}-{width}-{'dark' if dark else 'light'}")


def test_times_are_told_as_they_are_here_and_in_utc(page, site):
    page.open(f"{site}runs/run-00")
    told = page.evaluate(
        "[...document.querySelectorAll('time')].map((t) => [t.dateTime, t.parentElement.textContent])"
    )
    assert all(at.endswith("+00:00") and "UTC" in text for at, text in told)
