"""`sfcci gate import` and `sfcci gate runs` as users call them."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.gate_import import import_
from sfcci.cli.gate_imports import forget, imports
from sfcci.cli.gate_runs import runs
from sfcci.errors import UsageError

JUNIT = """<testsuites><testsuite name="pytest" time="12" timestamp="2026-01-20T10:00:00">
<testcase classname="tests.a" name="test_one" time="1.5"/>
<testcase classname="tests.a" name="test_two" time="2"><failure message="AssertionError: x"/></testcase>
</testsuite></testsuites>"""
UNTIMED = '<testsuite><testcase name="a" time="60"/></testsuite>'


def build(number, result="SUCCESS", **others):
    told = {
        "uuid": f"{number:032x}",
        "job_name": f"job-{number % 2}",
        "result": result,
        "start_time": f"2026-01-20T{number:02}:00:00",
        "end_time": f"2026-01-20T{number:02}:10:00",
        "pipeline": "check",
        "ref": {"project": "openstack/x", "branch": "master", "change": 7, "patchset": "1"},
    }
    return {**told, **others}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unit.xml").write_text(JUNIT)
    (tmp_path / "builds.json").write_text(
        json.dumps([build(1), build(2, "FAILURE"), build(3, None, end_time=None)])
    )
    return tmp_path


def run(command, *words, **options):
    result = CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False, **options)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def listed(*words):
    return json.loads(run(runs, "--json", *words).stdout)


def test_files_of_all_kinds_are_told_apart_and_imported_once():
    first = run(import_, "unit.xml", "builds.json")
    assert first.stdout.splitlines() == [
        "unit.xml: junit, 1 run: 1 new, 0 changed, 0 as before (import 1)",
        "builds.json: zuul, 2 runs: 2 new, 0 changed, 0 as before; left out: 1 still running (import 2)",
    ]
    before = listed()
    again = run(import_, "unit.xml", "builds.json")
    assert "1 run: 0 new, 0 changed, 1 as before" in again.stdout
    assert "2 runs: 0 new, 0 changed, 2 as before" in again.stdout
    assert listed() == before
    Path("packed.json.gz").write_bytes(gzip.compress(Path("builds.json").read_bytes()))
    assert "0 new" in run(import_, "packed.json.gz").stdout


def test_a_build_that_has_ended_since_is_added():
    run(import_, "builds.json")
    Path("builds.json").write_text(json.dumps([build(1), build(2, "FAILURE"), build(3, "TIMED_OUT")]))
    assert "3 runs: 1 new, 0 changed, 2 as before" in run(import_, "builds.json").stdout
    assert [run["result"] for run in listed()] == ["TIMED_OUT", "FAILURE", "SUCCESS"]


def test_a_file_is_a_run_of_a_job_or_each_test_is_one():
    run(import_, "unit.xml", "--pipeline", "periodic", "--commit", "c1", "--change", "9", "--non-voting")
    (one,) = listed()
    assert (one["job"], one["result"], one["pipeline"], one["voting"]) == (
        "unit",
        "FAILURE",
        "periodic",
        False,
    )
    assert one["reasons"] == ["1 of 2 tests failed", "tests.a.test_two: AssertionError: x"]
    assert (one["duration_ms"], one["commit"], one["change"]) == (12_000, "c1", "9")
    run(import_, "unit.xml", "--job", "other")
    run(import_, "unit.xml", "--each-test")
    assert {(one["job"], one["result"]) for one in listed()} == {
        ("unit", "FAILURE"),
        ("other", "FAILURE"),
        ("tests.a.test_one", "SUCCESS"),
        ("tests.a.test_two", "FAILURE"),
    }


def test_what_was_said_wrongly_is_put_right_by_importing_again():
    run(import_, "unit.xml", "--commit", "c1")
    assert "0 new, 1 changed" in run(import_, "unit.xml", "--commit", "c2").stdout
    assert [one["commit"] for one in listed()] == ["c2"]


def test_a_file_without_times_wants_to_be_told(folder):
    (folder / "u.xml").write_text(UNTIMED)
    refused = run(import_, "u.xml")
    assert refused.exit_code == 2
    assert "u.xml:1: the file does not say when its tests ran; say when they ended: --at" in refused.stderr
    assert run(import_, "u.xml", "--at", "2026-01-20T10:00Z").exit_code == 0
    (one,) = listed()
    assert one["ended_at"] - one["started_at"] == 60
    assert one["ended_at"] == 1_768_903_200


def test_a_refused_file_keeps_the_others_from_nothing(folder):
    (folder / "bad.json").write_text(json.dumps([build(5), build(6, "FINE")]))
    result = run(import_, "bad.json", "unit.xml", "nowhere.xml", folder)
    assert result.exit_code == 2
    assert "unit.xml: junit, 1 run: 1 new" in result.stdout
    assert 'bad.json: [1].result: found "FINE"; expected a result of Zuul' in result.stderr
    assert "nowhere.xml: No such file or directory" in result.stderr
    assert "Is a directory" in result.stderr
    assert [one["job"] for one in listed()] == ["unit"]
    document = json.loads(run(import_, "bad.json", "unit.xml", "--json").stdout)
    assert [one["file"] for one in document["files"]] == ["unit.xml"]
    assert len(document["refused"]) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; expected JUnit XML, subunit version 2, JSON of Zuul's API or of sfcci"),
        (b"hello", "begins with b'hello'"),
        (b"test: a\nsuccess: a\n", "for subunit version 1: subunit-1to2 makes version 2 of it"),
        (b"\x1f\x8b" + b"x" * 30, "expected a whole file of gzip"),
        (gzip.compress(JUNIT.encode())[:-20], "expected a whole file of gzip"),
        (b'[{"a": "\xff"}]', "octet 8 is not UTF-8; expected JSON in UTF-8"),
        ("<testsuite/>".encode("utf-16"), "the file does not say when"),
    ],
)
def test_what_is_no_file_of_results_is_refused(folder, content, said):
    (folder / "odd").write_bytes(content)
    result = run(import_, "odd")
    assert result.exit_code == 2
    assert said in result.stderr
    assert listed() == []


def test_a_bomb_of_gzip_is_not_unpacked_without_end(folder, monkeypatch):
    monkeypatch.setattr("sfcci.gate.importing.MAX_JSON_BYTES", 2**21)
    (folder / "bomb.gz").write_bytes(gzip.compress(b"[" + b" " * 2**25))
    assert "is too large; expected at most 2 MiB" in run(import_, "bomb.gz").stderr


def test_standard_input_is_a_file_too():
    assert "-: zuul, 1 run: 1 new" in run(import_, "-", input=json.dumps([build(1)])).stdout


def test_names_that_are_none_are_refused_before_anything_is_read():
    with pytest.raises(UsageError, match=r"--log-url 'a\\nb' is no name"):
        run(import_, "unit.xml", "--log-url", "a\nb")
    with pytest.raises(UsageError):
        run(import_, "unit.xml", "--at", "soon")


def test_runs_are_listed_newest_first_by_what_they_are():
    run(import_, "unit.xml", "builds.json")
    table = run(runs).stdout
    assert table.index(f"{2:032x}") < table.index(f"{1:032x}")
    assert "2026-01-20 02:10:00" in table
    assert [one["run"] for one in listed("--job", "job-*", "--result", "bad")] == [f"{2:032x}"]
    assert len(listed("--pipeline", "check")) == 2
    assert len(listed("--project", "*/x", "--branch", "master", "--result", "success")) == 1
    assert len(listed("--limit", "1")) == 1
    assert len(listed("--since", "2026-01-20T02:10Z", "--until", "2026-01-20T02:10:01Z")) == 1
    assert listed("--until", "2026-01-20") == []
    assert (
        run(runs, "--job", "jab-1").stdout == "none of the 3 runs is such a one; --job: did you mean job-1?\n"
    )
    assert run(runs, "--since", "1h").stdout == (
        "none of the 3 runs is such a one; look at a longer time or at other results\n"
    )


def test_where_no_run_is_recorded_the_way_to_some_is_told():
    assert "sfcci gate run makes some" in run(runs, "--job", "nothing").stdout


def test_an_import_is_listed_and_taken_back():
    assert "nothing was imported; sfcci gate import FILE" in run(imports).stdout
    run(import_, "unit.xml", "--pipeline", "wrong")
    run(import_, "builds.json")
    table = run(imports).stdout
    assert table.index("builds.json") < table.index("unit.xml")
    assert [(one["id"], one["new"]) for one in json.loads(run(imports, "--json").stdout)] == [(2, 2), (1, 1)]
    assert run(forget, "1").stdout == "import 1 (unit.xml): 1 run forgotten; next: sfcci metrics push\n"
    assert {one["pipeline"] for one in listed()} == {"check"}
    with pytest.raises(UsageError, match="no import '1'; see them with: sfcci gate imports"):
        run(forget, "1")
    assert json.loads(run(forget, "last", "--json").stdout)["forgotten"] == 2
    assert "1 new" in run(import_, "unit.xml", "--pipeline", "wrong").stdout


def test_what_an_import_changed_is_said_to_stay():
    run(import_, "unit.xml", "--commit", "c1")
    run(import_, "unit.xml", "--commit", "c2")
    told = run(forget, "last")
    assert "0 runs forgotten" in told.stdout
    assert told.stderr == "runs that it changed stay as it said: 1\n"


def test_a_time_ago_is_told_as_the_moment_with_which_the_import_can_be_repeated(folder):
    (folder / "u.xml").write_text(UNTIMED)
    told = run(import_, "u.xml", "--at", "2h").stderr
    said = re.search(r"say --at (\S+) to import the file again as the same run", told)[1]
    assert "1 as before" in run(import_, "u.xml", "--at", said).stdout


def test_a_result_that_zuul_does_not_know_is_told():
    with pytest.raises(UsageError, match="--result 'FAILED' is no result of Zuul; did you mean FAILURE"):
        run(runs, "--result", "FAILED")


def test_the_program_knows_both_commands(folder):
    env = {**os.environ, "SFCCI_RUN_STATE": str(folder / "state")}
    argv = [sys.executable, "-m", "sfcci", "gate"]
    done = subprocess.run(
        [*argv, "import", "unit.xml", "nowhere"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    done = subprocess.run([*argv, "runs"], env=env, capture_output=True, text=True, check=True)
    assert "unit" in done.stdout
