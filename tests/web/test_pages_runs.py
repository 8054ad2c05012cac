"""The runs' pages: which runs there were, page by page; one run with its reasons and evidence, and no other file."""

import html
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.web.server import start_preview

PROJECT = Path(__file__).parents[2]
NOW = 1_795_000_000.0


def result(number, outcome=Result.SUCCESS, job="sfc-http", **more):
    begin = {"started_at": NOW - number * 60, "duration_ms": 1500} | more
    return JobResult(f"run-{number:03}", job, outcome, "t", "gate", "h.org", "p/q", "main", **begin)


@pytest.fixture
def given(tmp_path):
    state = tmp_path / "state"
    made = replace(settings.load(PROJECT, {}), state=state, cache=tmp_path, project=tmp_path)
    return replace(made, database_url=f"sqlite:///{state}/runs.sqlite")


@pytest.fixture
def record(given):
    def _record(*results):
        with History(given) as history:
            history.record(results)

    return _record


@pytest.fixture
def site(given, without_uplot):  # noqa: ARG001 - pages without uPlot
    with start_preview(given, "") as address:
        yield address


def shown(site, path):
    answer = requests.get(site + path, timeout=60)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.status_code, answer.text


def runs(site, path):
    return re.findall(r'href="/runs/(run-\d+)"', shown(site, path)[1])


@pytest.fixture
def failed(given, record):
    """A run that failed, with evidence."""
    folder = given.state / "runs" / "run-001"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text('{"x": "<b>"}')
    (folder / "step1.pcapng").write_bytes(bytes(range(256)))
    (folder / "lock").write_text("")
    reasons = ("request 7 got <no> answer", "packets visited vm1")
    record(result(1, Result.FAILURE, reasons=reasons, log_dir=str(folder), change="9000", patchset="2"))
    return folder


def test_runs_are_listed_newest_first_and_filtered(site, record):
    record(result(1), result(2, Result.FAILURE), result(3, Result.TIMED_OUT, job="other"))
    assert runs(site, "runs") == ["run-001", "run-002", "run-003"]
    assert runs(site, "runs?result=bad") == ["run-002", "run-003"]
    assert runs(site, "runs?result=FAILURE&job=sfc-*") == ["run-002"]
    assert runs(site, "runs?job=other&job=sfc-http&pipeline=gate&project=p/q&branch=main") == [
        "run-001",
        "run-002",
        "run-003",
    ]
    assert runs(site, f"runs?since={NOW - 100}&until={NOW}") == ["run-001"]
    assert runs(site, "runs?pipeline=check") == []
    assert "No runs are of this kind" in shown(site, "runs?pipeline=check")[1]


def test_every_run_stands_on_one_page_also_those_of_one_moment(site, record):
    record(*(result(n, started_at=NOW - n // 70) for n in range(160)))
    seen, path = [], "runs"
    for _ in range(4):
        seen += runs(site, path)
        older = re.search(r'<a href="/(runs\?[^"]*)" rel="next"', shown(site, path)[1])
        record(result(500 + len(seen), started_at=NOW + 100))  # what ends meanwhile moves nothing
        if not older:
            break
        path = html.unescape(older[1])
    assert len(seen) == 160
    assert sorted(seen) == [f"run-{n:03}" for n in range(160)]


JOB = "stats_counts.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job.sfc-http"


def behind(*metrics, **more):
    return "runs?" + urlencode([*(("metric", name) for name in metrics), *more.items()])


def test_the_runs_behind_a_point_are_those_of_its_step(site, record):
    now = int(time.time()) // 10 * 10
    record(
        *(result(n, started_at=now - 300 + n - 1.5, outcome=Result.FAILURE) for n in range(25)),
        result(90, started_at=now - 300, outcome=Result.SUCCESS),
    )
    assert runs(site, behind(f"{JOB}.FAILURE", at=now - 290)) == [f"run-{n:03}" for n in range(19, 9, -1)]
    assert runs(site, behind(f"{JOB}.SUCCESS", at=now - 300)) == ["run-090"]
    assert (
        len(runs(site, behind(f"alias(integral({JOB}.*),'x')", **{"at": now - 290, "from": now - 3600})))
        == 21
    )
    assert len(runs(site, behind(f"{JOB}.*", at=now - 280, job="none"))) == 0
    _, text = shown(site, behind("stats_counts.elsewhere", at=now - 290))
    assert "No runs are behind it" in text
    assert "has no series that <code>stats_counts.elsewhere</code> means" in text


def test_the_runs_behind_a_whole_graph_come_page_by_page(site, record):
    now = int(time.time()) // 10 * 10
    record(*(result(n, started_at=now - 3000 + n * 10) for n in range(120)))
    seen, path = [], behind(f"{JOB}.SUCCESS", f"alias({JOB}.FAILURE,'x')", since=now - 3600, until=now)
    while path:
        seen += runs(site, path)
        older = re.search(r'<a href="/(runs\?[^"]*)" rel="next"', shown(site, path)[1])
        path = html.unescape(older[1]) if older else ""
    assert seen == [f"run-{n:03}" for n in range(119, -1, -1)]
    assert len(runs(site, behind(f"{JOB}.SUCCESS", since=now - 3000 + 100, until=now - 3000 + 200))) == 10


@pytest.mark.parametrize(
    "more", [{}, {"at": "x"}, {"at": "1h", "step": "x"}, {"at": "50y"}, {"since": "1h", "until": "2h"}]
)
def test_a_point_that_is_none_is_told(site, more):
    assert shown(site, behind(f"{JOB}.SUCCESS", **more))[0] == 400
    assert shown(site, behind("sum(a", at="1h"))[0] == 400
    assert shown(site, behind(*map(str, range(101)), at="1h"))[0] == 400


def test_an_empty_database_says_how_to_fill_it(site):
    assert "sfcci gate run" in shown(site, "runs")[1]


@pytest.mark.parametrize(
    "query", ["since=never", "result=GOOD", "before=x", "skip=-1", "skip=9999999", "before=9" * 99]
)
def test_a_question_that_makes_no_sense_is_told(site, query):
    status, text = shown(site, f"runs?{query}")
    assert status == 400
    assert "expected" in text


def test_a_run_is_told_with_its_reasons_and_its_evidence(site, failed):
    status, text = shown(site, "runs/run-001")
    assert status == 200
    for piece in (
        "FAILURE",
        "request 7 got &lt;no&gt; answer",
        "9000, patch set 2",
        "stats_counts.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job.sfc-http.FAILURE",
        "every frame at every port of the lab during step 1",
        "{&#34;x&#34;: &#34;&lt;b&gt;&#34;}",
        str(failed),
    ):
        assert piece in text
    assert ">lock<" not in text
    assert "<b>" not in text


def test_a_file_is_saved_under_its_name_and_never_run(site, failed):
    answer = requests.get(f"{site}runs/run-001/files/step1.pcapng", timeout=60)
    assert answer.content == (failed / "step1.pcapng").read_bytes()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="step1.pcapng"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    shown = requests.get(f"{site}runs/run-001/files/result.json?show", timeout=60)
    assert shown.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Content-Disposition" not in shown.headers


def test_a_name_cannot_end_the_header_that_it_stands_in(site, failed):
    (failed / 'ä"; x').write_text("x")
    answer = requests.get(f"{site}runs/run-001/files/%C3%A4%22;%20x", timeout=60)
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"____x\"; filename*=UTF-8''%C3%A4%22%3B%20x"
    )


@pytest.mark.parametrize(
    "name",
    ["../../secret", "%2e%2e/%2e%2e/secret", "..%2f..%2fsecret", "/etc/passwd", "link", "folder/passwd", "pipe", "lock",
     "folder", "", ".", "none", "a%00b", "result.json/x"],
)  # fmt: skip
def test_no_file_is_given_that_is_not_in_the_run_s_folder(site, failed, name):
    (failed.parents[1] / "secret").write_text("not for you")
    (failed / "link").symlink_to(failed.parents[1] / "secret")
    (failed / "folder").symlink_to("/etc")
    os.mkfifo(failed / "pipe")
    answer = requests.get(f"{site}runs/run-001/files/{name}", timeout=60)
    assert answer.status_code == 404
    assert "not for you" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "where", ["/etc", "/", "{state}/runs/run-002", "{state}", "{state}/runs/../runs/run-001"]
)
def test_a_result_that_says_that_its_evidence_is_elsewhere_is_not_believed(site, given, record, where):
    folder = given.state / "runs" / "run-002"
    folder.mkdir(parents=True)
    (folder / "passwd").write_text("x")
    record(result(1, Result.FAILURE, log_dir=where.format(state=given.state)))
    assert requests.get(f"{site}runs/run-001/files/passwd", timeout=60).status_code == 404
    assert "not here any more, or lies elsewhere" in shown(site, "runs/run-001")[1]


def test_a_folder_that_is_a_link_is_not_followed(site, given, record):
    (given.state / "runs").mkdir(parents=True)
    (given.state / "runs" / "run-001").symlink_to("/etc")
    record(result(1, Result.FAILURE, log_dir=str(given.state / "runs" / "run-001")))
    assert requests.get(f"{site}runs/run-001/files/passwd", timeout=60).status_code == 404


def test_an_imported_run_leads_to_its_logs_and_a_strange_address_is_no_link(site, record):
    record(result(1, log_dir="https://logs.example.org/1/"), result(2, log_dir="javascript:alert(1)"))
    assert (
        '<a href="https://logs.example.org/1/" rel="noreferrer noopener">' in shown(site, "runs/run-001")[1]
    )
    assert 'href="javascript' not in shown(site, "runs/run-002")[1]


@pytest.mark.parametrize("name", ["none", "a/b/c", "%3Cb%3E", "x" * 3000, "run-001/files"])
def test_a_run_that_is_not_there_is_told(site, record, name):
    record(result(1))
    status, text = shown(site, f"runs/{name}")
    assert status == 404
    assert "no run" in text
    assert "<b>" not in text


def test_a_long_text_is_cut_and_a_file_that_is_no_text_is_not_shown(site, failed):
    (failed / "ovs-vswitchd.log").write_text("ä" * 50_000)
    (failed / "output").write_bytes(b"\x00\x01")
    text = shown(site, "runs/run-001")[1]
    assert text.count("ä") == 2**15
    assert "Show the begin" in text
    assert "Read it with" in text


def test_runs_are_names_in_addresses_whatever_they_hold(site, given):
    name = "a/b?c=<d>&é"
    with History(given) as history:
        history.record([replace(result(1), run=name)])
    path = re.search(r'href="/(runs/[^"?]+)">a', shown(site, "runs")[1])[1]
    assert shown(site, path)[0] == 200


def test_the_report_is_a_page_among_the_others_and_leads_to_the_runs(site, record):
    record(*(result(n, started_at=NOW - n * 60) for n in range(12)))
    answer = requests.get(f"{site}report?since=2026-01-01", timeout=60)
    assert answer.status_code == 200
    assert '<a href="/report" aria-current="page">Report</a>' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "style-src 'self' 'sha256-" in policy
    link = html.unescape(re.search(r'href="/(runs\?job=[^"]+)"', answer.text)[1])
    assert len(runs(site, link)) == 12
    assert requests.get(f"{site}report?since=x", timeout=60).status_code == 400


def test_the_attempts_at_a_job_stand_on_the_page_of_each(site, record):
    again = {"buildset": "b1", "reasons": ("the lab did not come up",)}
    record(
        result(3, Result.RETRY, **again),
        result(2, Result.RETRY, **again),
        result(1, Result.FAILURE, buildset="b1"),
        result(4, Result.FAILURE, buildset="b2"),
        result(5, Result.SUCCESS, job="other", buildset="b1"),
    )
    text = shown(site, "runs/run-002")[1]
    attempts = text[text.index('id="attempts"') : text.index('id="reasons"')]
    assert re.findall(r'href="/runs/(run-\d+)"', attempts) == ["run-003", "run-001"]
    assert '<strong aria-current="page">run-002</strong>' in attempts
    assert re.findall(r"RETRY|FAILURE|SUCCESS", attempts) == ["RETRY", "RETRY", "FAILURE"]
    assert attempts.count("the lab did not come up") == 2
    assert 'id="attempts"' not in shown(site, "runs/run-004")[1]
