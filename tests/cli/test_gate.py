"""`sfcci gate list|run|show|schedule` as a shell sees them."""

import contextlib
import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sfcci import settings
from sfcci.gate import inquiry
from sfcci.gate.history import History
from sfcci.gate.job import Result

SFCCI = [sys.executable, "-m", "sfcci"]
JOBS = """\
jobs:
  - name: good
    pipeline: [gate, periodic]
    timeout: 30
    scenario: demo
    steps: [{traffic: [{http: {from: source, to: dest, requests: 3}}], checks: [answered]}]
  - name: bad
    pipeline: gate
    timeout: 30
    scenario: demo
    steps: [{traffic: [{http: {from: source, to: dest, requests: 3}}], checks: [{visits: [[vm3]]}]}]
"""


def made_project(folder):
    (folder / "jobs").mkdir()
    (folder / "jobs" / "a.yaml").write_text(JOBS)
    (folder / "sfcci.toml").write_text('[gate]\njobs = "jobs"\n')
    return folder


@pytest.fixture
def project(tmp_path):
    return made_project(tmp_path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A project with one run of each of its jobs, which tests look at: the folder, and what was said of the runs."""
    folder = made_project(tmp_path_factory.mktemp("recorded"))
    return folder, sfcci(folder, "gate", "run", "--junit", "junit.xml", "--parallel", "2")


def sfcci(project, *words, **environ):
    own = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GITHUB", "DISPLAY", "WAYLAND"))
    }
    own |= {"SFCCI_PROJECT": str(project), "SFCCI_RUN_STATE": str(project / "state"), **environ}
    return subprocess.run([*SFCCI, *words], env=own, cwd=project, capture_output=True, text=True, check=False)


def last_bad(project):
    return shown(project, "last-bad")


def shown(project, what):
    configured = settings.load(project, {"SFCCI_RUN_STATE": str(project / "state")})
    with History(configured) as history:
        return inquiry.show(history, configured, what)


def run_of(project, job):
    """The id of a job's run."""
    with History(settings.load(project, {"SFCCI_RUN_STATE": str(project / "state")})) as history:
        return next(one.run for one in history.results() if one.job == job)


@pytest.mark.lab
def test_a_run_of_jobs_is_told_line_by_line_and_ends_with_its_status(recorded):
    project, done = recorded
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == ["begins       bad", "begins       good"]
    lines = done.stdout.splitlines()
    (good,) = (line for line in lines if line.startswith("SUCCESS"))
    assert good.split()[1] == "good"
    bad = last_bad(project)
    assert f"             evidence: sfcci gate show {bad.result.run}" in lines
    assert lines[-1].startswith("2 runs in ")
    assert set(lines[-1].split(": ")[1].split(", ")) == {"1 SUCCESS", "1 FAILURE"}
    suite = ET.parse(project / "junit.xml").find("testsuite")  # noqa: S314 - our own document
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "::error" not in done.stdout


@pytest.mark.lab
def test_on_a_terminal_a_line_for_each_run_that_goes_on_says_what_it_does(project):
    own = {
        **os.environ,
        "SFCCI_PROJECT": str(project),
        "SFCCI_RUN_STATE": str(project / "state"),
        "TERM": "xterm",
    }
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    argv = [*SFCCI, "gate", "run", "good"]
    with subprocess.Popen(
        argv, env=own, cwd=project, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as tool:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: nobody writes there any more
            while data := os.read(ours, 65536):
                shown += data
        printed = tool.stdout.read()
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"running +good +\d+\.\d s +raising the lab", text)
    assert "0 of 1 done" in text
    assert printed.startswith("SUCCESS      good"), "what is for standard output stays free of it"


@pytest.mark.lab
def test_annotations_come_by_themselves_on_github_and_keep_json_whole(project):
    done = sfcci(project, "gate", "run", "bad", "-q", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(project))
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("::"))
    assert line.startswith("::error file=jobs/a.yaml,line=7,title=bad%3A FAILURE::tcp from port")
    both = sfcci(project, "gate", "run", "bad", "--json", GITHUB_ACTIONS="true")
    (result,) = json.loads(both.stdout)
    assert result["result"] == "FAILURE"
    assert "::error" in both.stderr


@pytest.mark.lab
def test_rounds_are_summed_up_with_what_a_rate_of_so_few_is_worth(project):
    done = sfcci(project, "gate", "run", "good", "--repeat", "2", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = ("--repeat", "2", "--no-annotations")
    done = sfcci(project, "gate", "run", "bad", *words, GITHUB_ACTIONS="true")
    assert "100.0% of 2 (95 %: 34.2% to 100.0%, too few)" in done.stdout
    assert "::error" not in done.stdout + done.stderr, "none where they are not wanted"
    done = sfcci(project, "gate", "run", "--repeat", "9", "--until-failure", "-p", "1")
    assert done.stdout.splitlines()[-1].startswith("2 runs")


@pytest.mark.lab
def test_a_run_is_shown_with_its_evidence(recorded):
    project, _done = recorded
    bad = last_bad(project)
    text = sfcci(project, "gate", "show", bad.result.run[:-1]).stdout
    assert text.startswith("FAILURE      bad  ")
    assert f"run          {bad.result.run}\n" in text
    assert f"evidence     {bad.result.log_dir}\n" in text
    assert "tcpdump -nr step1.pcapng" in text
    assert "every frame at every port of the lab during step 1" in text
    assert not bad.without
    for one in bad.files:
        assert one.what != "left by a program that the job started", one.path.name
    paths = sfcci(project, "gate", "show", "last-bad", "--files").stdout.splitlines()
    assert [Path(path) for path in paths] == [one.path for one in bad.files]
    told = json.loads(sfcci(project, "gate", "show", "last-bad", "--json").stdout)
    assert told["result"]["result"] == "FAILURE"
    assert {Path(one["path"]).name for one in told["files"]} >= {"step1.pcapng", "host.vm1", "machine.json"}
    done = sfcci(project, "gate", "show", "last-bad", "--open")
    assert done.returncode == 3
    assert "there is no desktop here" in done.stderr


@pytest.mark.lab
def test_a_run_without_evidence_says_why(recorded):
    project, _done = recorded
    good = run_of(project, "good")
    done = sfcci(project, "gate", "show", good)
    assert "evidence     none: a good run keeps none" in done.stdout
    done = sfcci(project, "gate", "show", good, "--files")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a good run keeps none" in done.stderr


@pytest.mark.lab
def test_a_run_that_is_not_there_is_told_with_what_was_perhaps_meant(project, recorded):
    assert "no run is recorded" in sfcci(project, "gate", "show", "last").stderr
    project, _done = recorded
    run = json.loads(sfcci(project, "gate", "show", "--json").stdout)["result"]["run"]
    assert f"did you mean {run}?" in sfcci(project, "gate", "show", run[:-1] + "x").stderr
    assert "good is a job; its last run: sfcci gate show " in sfcci(project, "gate", "show", "good").stderr
    assert "several runs begin with 2" in sfcci(project, "gate", "show", "2").stderr
    assert sfcci(project, "gate", "show", "zzz").returncode == 2


@pytest.mark.lab
def test_scheduled_runs_do_not_overlap_and_say_so(project):
    (project / "jobs" / "a.yaml").write_text(JOBS.replace("requests: 3", "requests: 100000"))
    own = {**os.environ, "SFCCI_PROJECT": str(project), "SFCCI_RUN_STATE": str(project / "state")}
    argv = [*SFCCI, "gate", "run", "good", "--no-overlap"]
    with subprocess.Popen(argv, env=own, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stderr.readline().startswith("begins")
        second = sfcci(project, "gate", "run", "good", "--no-overlap")
        assert second.returncode == 3
        assert "nothing was run: another run with --no-overlap goes on" in second.stderr
        gone = sfcci(project, "gate", "show", "2").stderr
        assert "of good goes on; there is no result yet" in gone
        first.terminate()
        first.communicate(timeout=120)
    with History(settings.load(project, own)) as history:
        assert [one.result for one in history.results()] == [Result.CANCELED]


def test_a_schedule_is_printed_or_written(project):
    done = sfcci(project, "gate", "schedule", "--every", "6h", "--system")
    assert "# sfcci-periodic.service\n[Unit]" in done.stdout
    assert f"Environment=SFCCI_RUN_STATE={project / 'state'}\n" in done.stdout
    assert "TimeoutStartSec=735\n" in done.stdout, "30 s and the grace, three times, and what is beside it"
    done = sfcci(project, "gate", "schedule", "--write", "units", "--user")
    assert (
        "systemctl --user daemon-reload && systemctl --user enable --now sfcci-periodic.timer" in done.stdout
    )
    assert {path.name for path in (project / "units").iterdir()} == {
        "sfcci-periodic.service",
        "sfcci-periodic.timer",
    }
    assert (project / "state").is_dir(), "systemd starts no service whose folders are missing"
    line = sfcci(project, "gate", "schedule", "--cron", "--calendar", "0 */6 * * *").stdout
    assert line.startswith("0 */6 * * * cd ")
    told = json.loads(sfcci(project, "gate", "schedule", "--json").stdout)
    assert set(told["files"]) == {"sfcci-periodic.service", "sfcci-periodic.timer"}


def test_a_schedule_carries_the_settings_that_variables_give(project, monkeypatch):
    monkeypatch.setenv("SFCCI_GRAPHITE_CARBON", "graphite.example.org:2003")
    monkeypatch.setenv("SFCCI_GATE_BRANCH", "stable 1")
    monkeypatch.setenv("SFCCI_DATABASE_URL", "postgresql://ci@db.example.org/runs")
    monkeypatch.setenv("SFCCI_GRAFANA_TOKEN", "secret")
    unit = sfcci(project, "gate", "schedule").stdout
    assert "Environment=SFCCI_GRAPHITE_CARBON=graphite.example.org:2003\n" in unit
    assert 'Environment="SFCCI_GATE_BRANCH=stable 1"\n' in unit
    assert "Environment=SFCCI_DATABASE_URL=postgresql://ci@db.example.org/runs\n" in unit
    assert "secret" not in unit
    assert "SFCCI_GATE_BRANCH='stable 1' " in sfcci(project, "gate", "schedule", "--cron").stdout


def test_a_schedule_writes_no_password(project, monkeypatch):
    monkeypatch.setenv("SFCCI_DATABASE_URL", "postgresql://ci:hidden@db.example.org/runs")
    done = sfcci(project, "gate", "schedule")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SFCCI_DATABASE_URL holds a password" in done.stderr
    assert "write it as url into sfcci.toml, section [database]" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--every", "7h"), "no even rhythm"),
        (("--every", "1h", "--calendar", "daily"), "give one of them"),
        (("--cron", "--calendar", "daily"), "expected five fields"),
        (("--pipeline", "perodic"), "no job runs in the pipeline 'perodic'; there are: gate, periodic"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(project, words, said):
    done = sfcci(project, "gate", "schedule", *words)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("schedule",)])
def test_a_reader_that_goes_away_is_no_failure_of_ours(project, words):
    own = {**os.environ, "SFCCI_PROJECT": str(project)}
    argv = [*SFCCI, "gate", *words]
    with subprocess.Popen(argv, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        tool.stdout.close()
        said = tool.stderr.read()
    assert (tool.returncode, said) == (128 + 13, ""), "as if SIGPIPE had ended it"
