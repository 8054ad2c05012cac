"""The report finds what was planted in an invented year, and nothing else."""

import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from sfcci.errors import UsageError
from sfcci.gate.figures import Level, Rate
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.link import check_link, job_link
from sfcci.gate.query import Outcomes, Query, SeriesKey, outcomes_of
from sfcci.gate.report import Mark, report_of
from sfcci.gate.report_html import report_html, style_source
from sfcci.gate.report_json import report_json
from sfcci.gate.report_read import read_report
from sfcci.gate.report_text import report_text

SPEC = importlib.util.spec_from_file_location("made_year", Path(__file__).with_name("made_year.py"))
made_year = importlib.util.module_from_spec(SPEC)
sys.modules["made_year"] = made_year
SPEC.loader.exec_module(made_year)
NOW, DAY = made_year.NOW, made_year.DAY
RUN = JobResult("r", "web", Result.SUCCESS, "t", "gate", "h", "p", "main", NOW - DAY, 1000, "b")


@pytest.fixture(scope="module")
def year():
    return made_year.made_year()


@pytest.fixture(scope="module")
def outcomes(year):
    return outcomes_of(year.results)


@pytest.fixture(scope="module")
def report(outcomes):
    return report_of(outcomes, NOW)


def jobs(report, mark):
    return {(one.key.pipeline, job.name) for one in report.pipelines for job in one.jobs if mark in job.marks}


def pipeline(report, name):
    return next(one for one in report.pipelines if one.key.pipeline == name)


def text(report, width=160):
    console = Console(width=width, highlight=False, file=None)
    with console.capture() as caught:
        for part in report_text(report, width):
            console.print(part)
    return caught.get()


def series(bits, job="web", **others):
    """Runs an hour apart, the last one an hour ago; 1 is bad."""
    return [
        replace(
            RUN,
            run=f"{job}{number}",
            job=job,
            result=Result.FAILURE if bit else Result.SUCCESS,
            started_at=NOW - (len(bits) - number) * 3600,
            buildset=f"b{number}",
            commit=f"c{number}",
            change=f"{1000 + number}",
            patchset="1",
            **others,
        )
        for number, bit in enumerate(bits)
    ]


def test_what_was_planted_is_found_and_nothing_else(report):
    assert jobs(report, Mark.REGRESSED) == {("check", made_year.REGRESSED)}
    assert jobs(report, Mark.FLAKY) == {("check", made_year.FLAKY), ("gate", made_year.FLAKY)}
    assert jobs(report, Mark.STOPPED) == {("check", made_year.STOPPED), ("gate", made_year.STOPPED)}
    advisory = {job.name for one in report.pipelines for job in one.jobs if not job.figures.voting}
    assert advisory == {made_year.ADVISORY}


def test_the_regression_is_dated_and_leads_to_the_change_that_brought_it(report, year):
    job = next(job for job in pipeline(report, "check").jobs if job.name == made_year.REGRESSED)
    found = job.regression
    assert found.earliest_s <= made_year.REGRESSED_AT + DAY
    assert 0 <= found.since_s - made_year.REGRESSED_AT < 2 * DAY
    assert year.culprit in {one.change for one in found.merged}
    assert found.before.value < 0.02
    assert 0.2 < found.after.value < 0.6
    bad = {
        run.change
        for run in year.results
        if (run.pipeline, run.job) == ("check", made_year.REGRESSED)
        and run.result in BAD
        and run.ended_at >= found.since_s
    }
    assert found.hit == len(bad)
    assert not found.over


def test_the_job_that_stopped_is_dated(report, year):
    job = next(job for job in pipeline(report, "gate").jobs if job.name == made_year.STOPPED)
    last = max(run.ended_at for run in year.results if (run.pipeline, run.job) == ("gate", made_year.STOPPED))
    assert job.figures.last_s == last
    assert made_year.STOPPED_AT - DAY < last <= made_year.STOPPED_AT + 1200


def test_rates_are_those_of_the_runs(report, year):
    for one in report.pipelines:
        for job in one.jobs:
            own = [
                run
                for run in year.results
                if (run.pipeline, run.job) == (one.key.pipeline, job.name) and run.ended_at >= NOW - 30 * DAY
            ]
            assert job.figures.rates["30d"] == Rate(sum(run.result in BAD for run in own), len(own))
    flaky = next(job for job in pipeline(report, "gate").jobs if job.name == made_year.FLAKY)
    low, high = flaky.figures.total.interval
    assert low < made_year.FLAKY_RATE < high


def test_changes_cost_what_was_counted_while_they_were_made(report, year):
    (found,) = report.changes
    assert found.merged == len(year.merged)
    assert sum(found.failed.values()) == sum(change in year.merged for _, change in year.failed)
    assert (found.checked, found.rechecks) == (len(year.checked), year.rechecks)


def test_the_gate_comes_first_and_in_it_what_needs_a_look(report):
    assert [one.key.pipeline for one in report.pipelines] == ["gate", "check"]
    assert [job.name for job in report.pipelines[1].jobs[:3]] == [
        made_year.REGRESSED, made_year.STOPPED, made_year.FLAKY,
    ]  # fmt: skip
    weights = [job.weight for job in report.pipelines[1].jobs]
    assert weights == sorted(weights, reverse=True)


def test_the_pass_probability_is_of_all_voting_jobs_whatever_is_listed(outcomes, report):
    listed = report_of(outcomes, NOW, Query(jobs=(made_year.FLAKY,), pipelines=("gate",)))
    (only,) = listed.pipelines
    assert [job.name for job in only.jobs] == [made_year.FLAKY]
    assert only.windows == pipeline(report, "gate").windows
    assert listed.changes == report.changes
    product = 1.0
    for job in pipeline(report, "gate").jobs:
        if job.figures.voting:
            product *= 1 - job.figures.rates["30d"].value
    assert only.windows["30d"].probability == pytest.approx(product)
    assert only.windows["30d"].jobs == 21


def test_a_regression_that_is_fixed_seems_over():
    bits = bytes(100) + b"\1" * 10 + bytes(6)
    (job,) = report_of(outcomes_of(series(bits)), NOW).pipelines[0].jobs
    assert job.regression
    assert job.regression.over
    assert Mark.REGRESSED not in job.marks
    (job,) = report_of(outcomes_of(series(bits[:-5])), NOW).pipelines[0].jobs
    assert not job.regression.over


def test_a_change_that_fails_alone_is_told_as_its_own_fault():
    runs = series(bytes(60)) + [
        replace(one, change="77", commit="c77", run=f"x{number}", started_at=NOW - 900 + number)
        for number, one in enumerate(series(b"\1" * 6))
    ]
    report = report_of(outcomes_of(runs), NOW)
    assert "all bad results since are of change 77,1, commit c77: the fault may be its own" in text(report)


def test_a_pipeline_that_is_silent_as_a_whole_is_told_once():
    runs = [
        replace(one, started_at=one.started_at - 9 * DAY)
        for one in series(bytes(20)) + series(bytes(20), "tap")
    ]
    report = report_of(outcomes_of(runs), NOW)
    assert report.pipelines[0].silent_s == NOW - 9 * DAY - 3600 + 1
    assert text(report).count("No job has reported since") == 1


def test_jobs_above_a_percentage_vote_and_have_enough_results():
    runs = [
        *series(b"\1\0" * 10, "half"),
        *series(b"\1\0" * 10, "half-advisory", voting=False),
        *series(b"\1" * 9, "few"),
        *series(bytes(20), "well"),
    ]
    report = report_of(outcomes_of(runs), NOW)
    assert [job.name for job in report.above(49.9)] == ["half"]
    assert report.above(50) == ()
    assert {job.name: job.figures.level for job in report.pipelines[0].jobs} == {
        "half": Level.RED,
        "half-advisory": Level.RED,
        "few": Level.FEW,
        "well": Level.WELL,
    }


def test_without_results_the_report_says_so():
    report = report_of(Outcomes(), NOW)
    assert "There are no results to report on: run the jobs (sfcci gate run)" in text(report)
    assert "There are no results to report on: run the jobs (sfcci gate run)" in report_html(report)
    assert report_json(report)["pipelines"] == []


def test_the_text_tells_figures_with_n_and_interval(report):
    told = text(report)
    assert re.search(r"30 d  \d+\.\d % pass \(21 voting jobs multiplied\)", told)
    assert re.search(rf"!   {made_year.REGRESSED} +amber \(7 d\) .* \d+\.\d % of \d+ \(\d+-\d+ %\)", told)
    assert f"{made_year.REGRESSED} regressed since 2026-08-13 08:17Z (perhaps 2026-08-11 16:53Z):" in told
    assert f"{made_year.STOPPED} stopped reporting: the last result is of 2026-09-12 08:2" in told
    assert "Rates are weighted" in told
    assert all(len(line) <= 80 for line in text(report, 80).splitlines())


def test_json_is_whole_and_says_what_the_report_says(report):
    told = json.loads(json.dumps(report_json(report), allow_nan=False))
    assert told["now"] == "2026-09-21T14:13:20Z"
    check = told["pipelines"][1]
    assert (check["pipeline"], check["silent_since"]) == ("check", None)
    job = check["jobs"][0]
    assert (job["job"], job["marks"], job["level"]) == (made_year.REGRESSED, ["regressed"], "amber")
    assert job["regression"]["first_bad"]["change"] == "900977"
    assert job["rates"]["30d"]["n"] == sum(day["n"] for day in job["days"])
    assert check["windows"]["30d"]["voting_jobs"] == 21
    assert told["changes"][0]["merged"] == report.changes[0].merged


def test_every_key_of_the_json_is_in_the_help(report):
    from sfcci.cli.gate_report import report as command

    def keys(value):
        if isinstance(value, dict):
            yield from value
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from keys(one)

    names = set(keys(report_json(report))) - {"gate", "check"}
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", command.help)} == set()


def test_the_page_needs_nothing_else_and_escapes_what_came_from_results():
    nasty = '<script>alert("1")</script>'
    runs = series(bytes(50) + b"\1" * 8, nasty, project=nasty)
    page = report_html(report_of(outcomes_of(runs), NOW, link="/runs?job={job}&pipeline={pipeline}"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"""(src|@import|url\()""", page)
    assert set(re.findall(r'href="([^"]*)"', page)) == {
        "data:,",
        "/runs?job=%3Cscript%3Ealert%28%221%22%29%3C/script%3E&amp;pipeline=gate",
    }
    assert " style=" not in page


def test_the_page_is_well_formed_and_its_bars_say_what_they_show(report):
    page = report_html(report)
    body = re.search(r"(?s)<body.*</body>", page)[0]
    root = ET.fromstring(body)  # noqa: S314 - our own page
    labels = [one.get("aria-label") for one in root.iter("svg")]
    assert len(labels) == 44
    assert all(
        re.match(r"daily failure rates of 30 days up to \d+\.\d %, n from \d+ to \d+", one) for one in labels
    )
    titles = [one.text for one in next(root.iter("svg")).iter("title")]
    assert len(titles) == 30
    assert titles[-1].startswith("last 24 h: ")


def test_a_policy_lets_the_style_of_the_page_work(report):
    import base64
    import hashlib

    style = re.search(r"(?s)<style>(.*?)</style>", report_html(report))[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert style_source() == f"'sha256-{digest}'"


@pytest.mark.parametrize(
    "pattern", ["javascript:alert(1)", "//elsewhere/{job}", "runs", "https://x/{jbo}", "/runs?{}"]
)
def test_a_link_that_leads_nowhere_is_refused(pattern):
    with pytest.raises(UsageError):
        check_link(pattern)


def test_a_link_names_the_series():
    pattern = "https://zuul.example.org/t/{tenant}/builds?job_name={job}&project={project}"
    check_link(pattern)
    key = SeriesKey("t", "gate", "h", "a/b", "main", "a&b c")
    assert job_link(pattern, key) == "https://zuul.example.org/t/t/builds?job_name=a%26b%20c&project=a/b"
    assert job_link("", key) == ""


def test_out_of_each_kind_of_database_the_report_is_that_of_its_results(kept, year):
    some = (made_year.REGRESSED, made_year.FLAKY, made_year.STOPPED)
    results = [one for one in year.results if one.job in some and one.started_at > NOW - 90 * DAY]
    with History(kept) as history:
        history.record(results)
    told = report_json(read_report(kept, NOW, Query(since_s=0)))
    plain = report_json(report_of(outcomes_of(results), NOW, Query(since_s=0)))
    first = [
        job["regression"]["first_bad"]
        for one in told["pipelines"]
        for job in one["jobs"]
        if job["regression"]
    ]
    assert {one.pop("run") for one in first} <= {one.run for one in results if one.result in BAD}
    assert first
    for job in (job for one in plain["pipelines"] for job in one["jobs"] if job["regression"]):
        job["regression"]["first_bad"].pop("run")
    assert told == plain
