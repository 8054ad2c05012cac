"""The gate on GitHub and GitLab: the scripts really run, as a shell of theirs would, for each event."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from sfcci.gate.ci import Needs
from sfcci.gate.forge import github_workflow, gitlab_pipeline
from sfcci.gate.job import Job

NEEDS = Needs("sfcci==1; echo no", {"apt": ("openvswitch-switch", "traceroute"), "dnf": ()})
JOBS = (Job("web", ("check", "gate", "periodic"), 60), Job("rpm", ("gate",), 90, install="sfcci"))
STAND_IN = """\
#!{python}
import json, os, sys
names = ("SFCCI_GATE_BRANCH", "SFCCI_GATE_PIPELINE")
print(json.dumps([sys.argv[1:], [os.environ.get(name, "") for name in names]]), file=open({record!r}, "a"))
"""
HOSTILE = "x;touch${IFS}owned;`touch owned`$(touch owned)"


@pytest.fixture
def shell(tmp_path):
    """Runs a script as CI systems do (POSIX; the first failure ends it) beside programs that write down how they are called."""
    programs = tmp_path / "programs"
    programs.mkdir()
    record = tmp_path / "record"
    text = STAND_IN.format(python=sys.executable, record=str(record))
    work = tmp_path / "work"
    for path in (
        work / ".sfcci/environment/bin/sfcci",
        work / ".sfcci/environment/bin/pip",
        programs / "apt-get",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (programs / "python3").write_text("#!/bin/sh\n")  # `-m venv`: the environment is there
    (programs / "sudo").write_text('#!/bin/sh\n[ "$1" != --preserve-env ] || shift\nexec "$@"\n')
    for name in ("python3", "sudo"):
        (programs / name).chmod(0o755)

    def run(script, **environment):
        record.unlink(missing_ok=True)
        env = {"PATH": f"{programs}:/usr/bin:/bin", **environment}
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script], cwd=work, env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert not (work / "owned").exists()
        return [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []

    run.work = work
    return run


def options(call):
    words, _ = call
    return dict(word.removeprefix("--").split("=", 1) for word in words if "=" in word)


def github(jobs=JOBS):
    workflow = yaml.safe_load(github_workflow(jobs, NEEDS))
    return workflow, {step.get("name", "checkout"): step for step in workflow["jobs"]["gate"]["steps"]}


def test_events_of_github_stand_for_the_pipelines_that_have_jobs():
    workflow, _ = github()
    assert set(workflow["on"]) == {"pull_request", "merge_group", "schedule", "workflow_dispatch"}
    assert workflow["on"]["workflow_dispatch"]["inputs"]["pipeline"]["options"] == [
        "check",
        "gate",
        "periodic",
    ]
    assert workflow["permissions"] == {"contents": "read"}
    workflow, steps = github([Job("web", ("experimental",), 60)])
    assert set(workflow["on"]) == {"workflow_dispatch"}
    assert "'experimental'" in workflow["jobs"]["gate"]["env"]["SFCCI_GATE_PIPELINE"]
    assert not [name for name in steps if name.startswith("Build")]


def test_a_pull_request_s_words_reach_the_tool_as_words(shell):
    _, steps = github()
    given = {"BASE": "main", "GITHUB_REF_NAME": "7/merge", "CHANGE": "7", "COMMIT": "c0", "PATCHSET": "c0"}
    (call,) = shell(steps["Run the jobs"]["run"], **{**given, "BUILDSET": "github-1-1", "BASE": HOSTILE})
    assert call[0][:2] == ["gate", "run"]
    assert call[1][0] == HOSTILE
    assert options(call) == {"buildset": "github-1-1", "commit": "c0", "change": "7", "patchset": "c0"}


def test_what_the_merge_queue_tests_is_of_its_pull_request(shell):
    _, steps = github()
    queue = {
        "BASE": "refs/heads/main",
        "GITHUB_REF_NAME": "gh-readonly-queue/main/pr-104-0a1b",
        "COMMIT": "c1",
    }
    (call,) = shell(steps["Run the jobs"]["run"], **queue)
    assert (call[1][0], options(call)["change"], options(call)["patchset"]) == ("main", "104", "")


def test_no_step_s_script_holds_what_a_change_says():
    _, steps = github()
    assert not [name for name, step in steps.items() if "${{" in step.get("run", "")]


def test_what_is_installed_is_one_word_for_pip(shell):
    _, steps = github()
    update, install, pip = shell(steps["Install sfcci and what a lab needs"]["run"])
    assert update[0] == ["update", "-q"]
    assert install[0][-2:] == ["openvswitch-switch", "traceroute"]
    assert pip[0] == ["install", "-q", "sfcci==1; echo no"]


def test_gitlab_s_scripts_run_and_rules_name_the_pipelines(shell):
    job = yaml.safe_load(gitlab_pipeline(JOBS, NEEDS, tag="vm"))["sfcci-gate"]
    assert [rule["variables"]["SFCCI_GATE_PIPELINE"] for rule in job["rules"]] == [
        "gate",
        "check",
        "periodic",
        "check",
    ]
    assert (job["tags"], job["artifacts"]["reports"]) == (["vm"], {"junit": "results/results.xml"})
    script = "\n".join([*job["before_script"], *job["script"]])
    merge = {
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": "merged",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "tip",
    }
    *_, build, run = shell(script, CI_PIPELINE_ID="9", CI_MERGE_REQUEST_TARGET_BRANCH_NAME=HOSTILE, **merge)
    assert build[0] == ["package", "rpm", "sfcci"]
    assert options(run) == {"buildset": "gitlab-9", "commit": "tip", "change": "7", "patchset": "tip"}
    assert run[1][0] == HOSTILE
    *_, run = shell(script, CI_PIPELINE_ID="9", CI_COMMIT_SHA="c2", CI_COMMIT_REF_NAME="main")
    assert options(run) == {"buildset": "gitlab-9", "commit": "c2", "change": "", "patchset": ""}
    assert run[1][0] == "main"


def test_evidence_is_packed_where_there_is_some(shell):
    _, steps = github()
    script = steps["Pack the evidence"]["run"]
    (shell.work / "results").mkdir()
    shell(script)
    assert not list((shell.work / "results").iterdir())
    (shell.work / ".sfcci/state/runs/r1").mkdir(parents=True)
    (shell.work / ".sfcci/state/runs/r1/result.json").write_text("{}")
    shell(script)
    assert shutil.which("tar")
    packed = subprocess.run(
        ["tar", "-tzf", shell.work / "results/evidence.tar.gz"], capture_output=True, text=True, check=True
    )
    assert "runs/r1/result.json" in packed.stdout
