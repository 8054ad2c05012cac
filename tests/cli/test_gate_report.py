"""`sfcci gate report` as users call it."""

import json
import time

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli.gate_report import report
from sfcci.errors import UsageError
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

DAY = 86_400


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A gate with one job that broke two hours ago and one that is well."""
    monkeypatch.chdir(tmp_path)
    now = int(time.time())
    bits = bytes(100) + b"\1" * 12
    runs = [
        JobResult(
            f"{job}-{number:03}",
            job,
            Result.FAILURE if bit and job == "sfc-web" else Result.SUCCESS,
            "t",
            "gate",
            "h",
            "p",
            "main",
            now - (len(bits) - number) * 600,
            1000,
            f"b{number}",
            commit=f"{number:040x}",
            change=f"{number}",
            patchset="1",
        )
        for number, bit in enumerate(bits)
        for job in ("sfc-web", "sfc-tap")
    ]
    with History(settings.load()) as history:
        history.record(runs)
    return tmp_path


def run(*words):
    result = CliRunner().invoke(report, [str(word) for word in words], standalone_mode=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.usefixtures("recorded")
def test_the_first_bad_run_of_a_regression_is_named():
    told = run().output
    assert "sfc-web regressed since" in told
    assert "first bad: run sfc-web-100, change 100,1, commit 000000000000" in told
    job = json.loads(run("--json").output)["pipelines"][0]["jobs"][0]
    assert job["job"] == "sfc-web"
    assert job["regression"]["first_bad"]["run"] == "sfc-web-100"
    assert job["regression"]["last_good"]["change"] == "99"


@pytest.mark.usefixtures("recorded")
def test_exit_status_1_when_a_voting_job_fails_too_often():
    assert run().exit_code == 0
    assert run("--fail-above", 50).exit_code == 0
    failing = run("--fail-above", 10)
    assert failing.exit_code == 1
    assert "gate: sfc-web failed in 10.7 % of 112 (6-18 %): above 10 %" in failing.stderr
    assert run("--fail-above", 10, "--job", "sfc-tap").exit_code == 0
    assert run("--fail-above", 10, "--pipeline", "check").exit_code == 0


def test_the_page_goes_to_a_file_and_nothing_to_standard_output(recorded):
    done = run("--html", "pages/report.html", "--link", "https://ci.example.org/runs?job={job}")
    assert (done.stdout, done.stderr) == ("", "report in pages/report.html\n")
    page = (recorded / "pages" / "report.html").read_text()
    assert '<a href="https://ci.example.org/runs?job=sfc-web">' in page
    assert json.loads(run("--json", "--html", "report.html").stdout)["results"] == 224


def test_the_link_of_the_settings_is_used(recorded):
    (recorded / "sfcci.toml").write_text('[gate]\nlink = "/runs?job={job}"\n')
    assert json.loads(run("--json").output)["pipelines"][0]["jobs"][0]["link"] == "/runs?job=sfc-web"


@pytest.mark.usefixtures("recorded")
def test_a_report_since_a_fix_knows_nothing_of_what_was_before():
    found = json.loads(run("--since", "2h", "--json").output)
    assert found["results"] <= 24
    assert all(job["regression"] is None for job in found["pipelines"][0]["jobs"])


@pytest.mark.parametrize(
    "words", [("--since", "yesterday"), ("--link", "javascript:0"), ("--link", "/{jbo}")]
)
def test_words_that_make_no_sense_are_refused(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"expected|it may have"):
        run(*words)


def test_an_empty_database_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("--fail-above", 0)
    assert done.exit_code == 0
    assert "There are no results to report on: run the jobs (sfcci gate run)" in done.stdout
