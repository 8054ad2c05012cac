"""What is written for CI systems, judged by their own: Zuul's reader of configurations, Ansible, the published schemas.

Then a build is played: Ansible runs the job's playbooks on this machine, and what they leave is imported elsewhere.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema.validators import validator_for

from sfcci import environment, settings
from sfcci.gate.ci import Needs
from sfcci.gate.declaration import load_jobs
from sfcci.gate.forge import github_workflow, gitlab_pipeline
from sfcci.gate.history import History
from sfcci.gate.zuul_write import BASE, PLAYBOOKS, TOGETHER, ZuulOptions, zuul_files

NEEDS = Needs("file://{{ ansible_user_dir }}/src", {"apt": ("openvswitch-switch",), "dnf": ("openvswitch",)})
PROGRAMS = environment.EnvironmentSpec(
    "ci-systems",
    (
        "PyYAML==6.0.3",
        "google-re2==1.1.20251105",
        "voluptuous==0.16.0",
        "zuul==14.3.0",
        "Jinja2==3.1.6",
        "MarkupSafe==3.0.4",
        "ansible-core==2.19.14",
        "packaging==26.3",
        "resolvelib==1.2.1",
        "cryptography==50.0.2",
        "cffi==2.1.1",
        "check-jsonschema==0.39.0",
    ),
    ("--no-deps", "--no-compile"),
)
"""Zuul without what a scheduler needs beside its configuration; of check-jsonschema only the schemas are used."""
JOBS = """\
jobs:
  - name: sfc-web
    pipeline: [gate]
    timeout: 300
    scenario: demo
    steps:
      - traffic: [{http: {from: source, to: dest, requests: 2}}]
        checks: [answered, {visits: [[vm1, vm2], [vm3]]}]
  - name: sfc-wrong
    pipeline: [gate]
    voting: false
    timeout: 300
    scenario: demo
    steps:
      - traffic: [{http: {from: source, to: dest, requests: 2}}]
        checks: [{quiet: [vm3]}]
"""


@pytest.fixture(scope="module")
def programs(cache_dir):
    return environment.ensure(PROGRAMS, cache_dir)


def written(folder, made):
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run(programs, *words, **environ):
    env = {"PATH": f"{programs.root}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **environ}
    done = subprocess.run(
        [*map(str, words)], env=env, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("together", [False, True])
def test_zuul_itself_takes_the_definitions_for_what_was_declared(programs, tmp_path, together):
    jobs = load_jobs()
    options = ZuulOptions(NEEDS, "debian-bookworm", together=together)
    written(tmp_path, zuul_files(jobs, options))
    reader = Path(__file__).parent / "ci" / "read_by_zuul.py"
    told = json.loads(run(programs, programs.python, reader, tmp_path, "example/project"))
    assert told["errors"] == []
    base = told["jobs"].pop(BASE)
    assert (base["abstract"], base["nodeset"]) == (True, "debian-bookworm")
    assert [(tmp_path / path).is_file() for path in base["playbooks"]] == [True] * 3
    assert {job["parent"] for job in told["jobs"].values()} == {BASE}
    if together:
        assert told["pipelines"] == {name: [TOGETHER] for name in ("check", "gate", "periodic")}
        return
    assert {name: (one["voting"], one["attempts"]) for name, one in told["jobs"].items()} == {
        job.name: (job.voting, job.attempts) for job in jobs
    }
    assert told["pipelines"] == {
        name: [job.name for job in jobs if name in job.pipelines] for name in ("check", "gate", "periodic")
    }


@pytest.mark.parametrize(
    ("make", "schema"), [(github_workflow, "github-workflows"), (gitlab_pipeline, "gitlab-ci")]
)
def test_github_s_and_gitlab_s_published_schemas_agree(programs, make, schema):
    folder = programs.site_packages / "check_jsonschema" / "builtin_schemas" / "vendor"
    published = json.loads((folder / f"{schema}.json").read_text())
    found = yaml.safe_load(make(load_jobs(), NEEDS))
    assert list(validator_for(published)(published).iter_errors(found)) == []


@pytest.mark.lab
def test_what_a_build_leaves_is_the_same_series_where_it_is_imported(programs, tmp_path):
    home, executor = tmp_path / "home", tmp_path / "executor"
    project = home / "src/example.org/x/sfc"
    written(project, {"jobs/web.yaml": JOBS, "sfcci.toml": '[gate]\njobs = "jobs"\n'})
    written(tmp_path, zuul_files(load_jobs(str(project / "jobs")), ZuulOptions(NEEDS)))
    program = home / "sfcci/environment/bin/sfcci"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sfcci "$@"\n')
    program.chmod(0o755)
    (executor / "work").mkdir(parents=True)
    (executor / "work/results.json").touch()
    (executor / "logs").mkdir()
    played(programs, tmp_path, home, executor)

    logs = executor / "logs/sfcci"
    assert sorted(path.name for path in logs.iterdir()) == ["evidence.tar.gz", "results.json", "results.xml"]
    returned = json.loads((executor / "work/results.json").read_text())["data"]["zuul"]["artifacts"]
    assert {one["url"]: one["metadata"]["type"] for one in returned} == {
        "sfcci/results.json": "sfcci_results",
        "sfcci/results.xml": "sfcci_results",
        "sfcci/evidence.tar.gz": "sfcci_evidence",
    }
    there, elsewhere = (
        settings.load(tmp_path, {"SFCCI_RUN_STATE": str(path)})
        for path in (home / "sfcci/state", tmp_path / "else")
    )
    told = run(
        programs,
        sys.executable,
        "-m",
        "sfcci",
        "gate",
        "import",
        logs / "results.json",
        SFCCI_RUN_STATE=str(tmp_path / "else"),
    )
    assert "sfcci, 2 runs: 2 new" in told
    with History(there) as made, History(elsewhere) as brought:
        runs = tuple(made.results())
        assert tuple(brought.results()) == runs
        assert brought.outcomes().series == made.outcomes().series
    assert {(one.job, str(one.result), one.voting) for one in runs} == {
        ("sfc-web", "SUCCESS", True),
        ("sfc-wrong", "FAILURE", False),
    }
    assert {(one.tenant, one.pipeline, one.host, one.project, one.branch) for one in runs} == {
        ("example", "gate", "example.org", "x/sfc", "stable")
    }
    assert {(one.buildset, one.commit, one.change, one.patchset) for one in runs} == {
        ("b1", "refs/changes/04/104/3", "104", "3")
    }


def played(programs, folder, home, executor):
    """Run the playbooks as Zuul's executor does: this machine is the node, zuul_return is Zuul's own."""
    zuul = {
        "tenant": "example",
        "pipeline": "gate",
        "buildset": "b1",
        "job": "sfc-web",
        "change": 104,
        "patchset": 3,
        "ref": "refs/changes/04/104/3",
        "branch": "stable",
        "project": {"name": "x/sfc", "canonical_hostname": "example.org", "src_dir": "src/example.org/x/sfc"},
        "executor": {"log_root": str(executor / "logs")},
    }
    given = {"zuul": zuul, "sfcci_jobs": [], "ansible_user_dir": str(home), "ansible_become": False}
    (folder / "given.json").write_text(
        json.dumps({**given, "ansible_python_interpreter": str(programs.python)})
    )
    (folder / "inventory").write_text("node ansible_connection=local\n")
    actions = folder / "actions"
    actions.mkdir()
    (actions / "zuul_return.py").symlink_to(
        programs.site_packages / "zuul/ansible/base/action/zuul_return.py"
    )
    environ = {
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_ACTION_PLUGINS": str(actions),
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ZUUL_JOBDIR": str(executor),
        "SFCCI_RUN_CACHE": str(folder / "cache"),
    }
    argv = [
        programs.program("ansible-playbook"),
        "-i",
        folder / "inventory",
        "-e",
        f"@{folder / 'given.json'}",
    ]
    books = [folder / PLAYBOOKS / name for name in ("pre.yaml", "run.yaml", "post.yaml")]
    run(programs, *argv, "--syntax-check", books[0], **environ)
    run(programs, *argv, *books[1:], **environ)
