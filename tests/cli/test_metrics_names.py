"""`sfcci metrics find|complete|tree|check` as a user runs them, over a stand-in for graphite-web."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.metrics import metrics
from sfcci.errors import UsageError

STAND_IN = Path(__file__).parents[1] / "web" / "conftest.py"
JOB = "stats_counts.zuul.tenant.t.pipeline.gate.job"
NAMES = [f"{JOB}.{job}.{result}" for job in ("balance", "http") for result in ("SUCCESS", "FAILURE")]


@pytest.fixture
def graphite():
    spec = importlib.util.spec_from_file_location("stand_in", STAND_IN)
    stand_in = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stand_in)
    with stand_in.served() as found:
        found.names = [*NAMES, "other.name"]
        found.series = {f"{JOB}.balance.SUCCESS": [1, None], f"{JOB}.balance.FAILURE": [None], "other": [2]}
        yield found


@pytest.fixture
def run(graphite):
    return lambda *words, **more: CliRunner().invoke(metrics, [*words, "--graphite", graphite.url], **more)


def test_find_lists_series_and_branches(run):
    assert run("find").output == "other.*\nstats_counts.*\n"
    found = run("find", f"{JOB}.*.SUC*", "--json")
    assert [one["name"] for one in json.loads(found.output)] == [
        f"{JOB}.{job}.SUCCESS" for job in ("balance", "http")
    ]


def test_find_says_what_was_perhaps_meant(run):
    missed = run("find", f"{JOB}.htp.SUCESS")
    assert (missed.exit_code, missed.stdout) == (1, "")
    assert missed.stderr == (
        f"nothing matches {JOB}.htp.SUCESS: there is nothing named 'htp' below {JOB}; did you mean http?\n"
        f"  perhaps {JOB}.http.SUCCESS\n"
    )
    assert isinstance(run("find", "a{b").exception, UsageError)


def test_complete_goes_on_to_the_next_fork(run):
    assert run("complete", "st").output == f"{JOB}.balance.\n{JOB}.http.\n"
    assert json.loads(run("complete", f"{JOB}.http.", "--json").output) == [
        f"{JOB}.http.FAILURE",
        f"{JOB}.http.SUCCESS",
    ]
    missed = run("complete", "x")
    assert (missed.exit_code, missed.output) == (1, "no name begins with x: there is no 'x*'\n")


def test_the_tree_is_drawn(run):
    assert run("tree").output == (
        "all names  (5)\n"
        "├── other.name\n"
        f"└── {JOB}  (4)\n"
        "    ├── balance  (2)\n"
        "    │   ├── FAILURE\n"
        "    │   └── SUCCESS\n"
        "    └── http  (2)\n"
        "        ├── FAILURE\n"
        "        └── SUCCESS\n"
    )
    assert run("tree", "--depth", "0").output == "all names  (5)\n"
    assert run("tree", f"{JOB}.http", "--most", "1").output == (
        f"{JOB}.http  (2)\n├── FAILURE\n└── … 1 more with 1 series\n"
    )
    top = json.loads(run("tree", "stats_counts", "--json").output)
    assert (top["name"], top["series"], len(top["below"])) == ("stats_counts", 4, 1)


def test_a_tree_of_nothing_says_what_is_near(run):
    missed = run("tree", "stats_count")
    assert (missed.exit_code, missed.stderr) == (
        1,
        "nothing is below stats_count: there is no 'stats_count'; did you mean stats_counts?\n",
    )
    assert isinstance(run("tree", "*.zuul").exception, UsageError)


def test_check_tells_of_each_name(run):
    found = run("check", f"{JOB}.balance.SUCCESS", f"{JOB}.balance.FAILURE", f"{JOB}.blance.SUCCESS", JOB)
    lines = found.output.splitlines()
    assert found.exit_code == 1
    assert lines[0].startswith(f"there   {JOB}.balance.SUCCESS  (last value 20")
    assert lines[1:] == [
        f"silent  {JOB}.balance.FAILURE  (it holds no value)",
        f"missing {JOB}.blance.SUCCESS  (there is nothing named 'blance' below {JOB}; did you mean balance?)",
        f"        perhaps {JOB}.balance.SUCCESS",
        f"branch  {JOB}  (it is a branch, no series; see what is below: {JOB}.*)",
        "4 names: 1 there, 1 silent, 1 missing, 1 branches, no series",
    ]
    assert run("check", "other.name").exit_code == 0


def test_names_come_from_a_file_and_from_standard_input(run, tmp_path):
    text = f"# the gate's\n{JOB}.http.SUCCESS\n\nother.name  # and one more\n"
    (tmp_path / "names").write_text(text)
    for words, more in ((["--file", str(tmp_path / "names")], {}), (["--file", "-"], {"input": text})):
        found = run("check", *words, "--no-values", "--json", **more)
        assert [one["name"] for one in json.loads(found.output)] == [f"{JOB}.http.SUCCESS", "other.name"]
    (tmp_path / "names").write_bytes(b"\xff\xfe\n")
    assert "is not text in UTF-8" in str(run("check", "--file", str(tmp_path / "names")).exception)
    assert "no name to check" in str(run("check").exception)


def test_times_that_make_no_sense_are_refused(run):
    assert "is not before" in str(run("check", "a", "--since", "1h", "--until", "2h").exception)
    assert "is no time" in str(run("check", "a", "--since", "soon").exception)


def completed(words, graphite, project):
    env = os.environ | {
        "_SFCCI_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["sfcci", *words]),
        "COMP_CWORD": str(len(words)),
        "SFCCI_GRAPHITE_URL": graphite,
    }
    argv = [sys.executable, "-c", "from sfcci.cli.main import main; import sys; sys.argv = ['sfcci']; main()"]
    return subprocess.run(argv, env=env, cwd=project, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("command", ["find", "complete", "tree", "check", "browse"])
def test_the_shell_completes_names_and_is_silent_when_there_is_no_graphite(graphite, tmp_path, command):
    done = completed(["metrics", command, f"{JOB}.h"], graphite.url, tmp_path)
    assert done.stdout == f"plain,{JOB}.http.FAILURE\nplain,{JOB}.http.SUCCESS\n"
    for url in ("http://127.0.0.1:9", "nonsense", ""):
        done = completed(["metrics", command, "st"], url, tmp_path)
        assert (done.stdout.strip(), done.stderr) == ("", "")
