"""Reports: what was found in the form that each reader knows."""

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from sfcci.cli.main import sfcci
from sfcci.dashboard import report
from sfcci.dashboard.rule import RULES
from sfcci.dashboard.validate import examine

TEXT = """\
dashboard:
  title: T
  rows:
    - title: R
      height: 100px
      panels:
        - title: 'P: 50%, <b>'
          type: graph
          targets:
            - target: sumSerie(a.b)
            - target: a..b # sfcci: ignore[BadTarget] because it is a specimen
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "x.yaml").write_text(TEXT)
    return tmp_path / "x.yaml"


@pytest.fixture
def seen(path):
    return examine([path])


def run(*words):
    return CliRunner().invoke(sfcci, ["dashboard", "validate", *map(str, words)])


def test_the_text_is_one_block_a_finding_and_a_line_of_sums(path, seen):
    assert run(path).output == (
        f"{path}:10:23: error: panel 1 'P: 50%, <b>': Graphite has no function sumSerie [UnknownFunction]\n"
        "  did you mean sumSeries?\n"
        "  - target: sumSerie(a.b)\n"
        "            ^\n"
        "1 file, 2 targets: 1 error; metric names not checked (no Graphite: --graphite URL); 1 silenced by remarks\n"
    )
    assert report.text(seen).startswith(str(seen.findings[0]))


def test_the_json_has_everything_and_the_short_option_gives_the_same(path):
    found = run(path, "--format", "json")
    assert found.output == run(path, "--json").output
    told = json.loads(found.output)
    assert {one["keyword"] for one in told["findings"]} == {
        "UnknownFunction",
        "NoDataSource",
        "RemovedPanelType",
    }
    assert [(one["keyword"], one["reason"]) for one in told["silenced"]] == [
        ("BadTarget", "it is a specimen")
    ]


def test_sarif_has_rules_places_and_suppressions(path, seen):
    (log,) = json.loads(report.sarif(seen))["runs"]
    assert {one["id"] for one in log["tool"]["driver"]["rules"]} == set(RULES)
    results = {one["ruleId"]: one for one in log["results"]}
    place = results["UnknownFunction"]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": f"file://{path}"},
        "region": {"startLine": 10, "startColumn": 23},
    }
    assert {one["level"] for one in log["results"]} == {"error", "note"}
    assert results["BadTarget"]["suppressions"] == [{"kind": "inSource", "justification": "it is a specimen"}]
    failed = json.loads(report.sarif(seen, "", "no answer"))["runs"][0]["invocations"][0]
    assert failed["executionSuccessful"] is False


def test_junit_has_a_case_a_file(path, seen):
    (suite,) = ET.fromstring(report.junit(seen))  # noqa: S314 - ours
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert (suite[0].get("name"), suite[0][0].get("message")) == (str(path), "1 error")
    (suite,) = ET.fromstring(report.junit(seen, "http://g", "no answer"))  # noqa: S314
    assert (suite.get("tests"), suite.get("errors"), suite[1][0].get("message")) == ("2", "1", "no answer")


def test_github_gets_a_line_a_finding_escaped_as_its_runner_reads_it(path):
    first, _sums = run(path, "--format", "github").output.splitlines()
    assert first == (
        f"::error file={path},line=10,col=23,title=UnknownFunction::"
        "panel 1 'P: 50%25, <b>': Graphite has no function sumSerie; did you mean sumSeries?"
    )


def test_a_report_goes_into_a_file_and_the_sums_to_standard_error(path, tmp_path):
    done = run(path, "--format", "sarif", "--output", tmp_path / "report.sarif")
    assert done.exit_code == 1
    assert json.loads((tmp_path / "report.sarif").read_text())["version"] == "2.1.0"
    assert "1 error" in done.stderr


def test_the_exit_status_is_of_the_lightest_finding_that_counts(path, tmp_path):
    assert run(path).exit_code == 1
    path.write_text(TEXT.replace("sumSerie(", "sum("))
    assert run(path).exit_code == 0
    assert run(path, "--fail-on", "info").exit_code == 1
    assert run(path, "--fail-on", "warning").exit_code == 0
    assert "UsageError" in repr(run(tmp_path / "none").exception)
    refused = run(path, "--graphite", "http://127.0.0.1:1")
    assert "Unreachable" in repr(refused.exception)
    assert "1 file, 2 targets: 0 errors" in refused.output


def test_rules_are_listed_with_their_keywords():
    assert all(keyword in run("--rules").output for keyword in RULES)


def test_a_graphite_that_is_away_is_not_said_to_be_missing(path):
    done = run(path, "--graphite", "http://127.0.0.1:9")
    assert done.output.endswith(
        "metric names not checked (Graphite could not be asked); 1 silenced by remarks\n"
    )
    assert "does not answer" in str(done.exception)
    assert "could not be asked" in report.text(examine([path]), failure="gone")
