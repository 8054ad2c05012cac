"""Jobs of the gate written as Zuul's: our reader of Zuul's files takes them for the same jobs, whatever they are."""

from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.cli import main
from sfcci.errors import SfcciError
from sfcci.gate.ci import Needs, limit_s, yaml_text
from sfcci.gate.declaration import load_jobs
from sfcci.gate.job import Job
from sfcci.gate.running import ProjectJobs, declared
from sfcci.gate.zuul import Configuration, parse_configuration
from sfcci.gate.zuul_files import running_jobs
from sfcci.gate.zuul_jobs import project_jobs
from sfcci.gate.zuul_write import BASE, LONGEST_S, TOGETHER, ZuulOptions, zuul_files
from sfcci.settings import Gate

NEEDS = Needs("sfcci==1", {"apt": ("openvswitch-switch",), "dnf": ("openvswitch",)})
OPTIONS = ZuulOptions(NEEDS)
PROJECT = "example/project"
NAMES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,12}", fullmatch=True).filter(lambda name: name != "noop")
JOBS = st.lists(
    st.builds(
        Job,
        NAMES,
        st.lists(st.sampled_from(["check", "gate", "periodic", "on", "2026"]), min_size=1, max_size=3).map(
            tuple
        ),
        st.floats(1, 86_400),
        st.text(max_size=40),
        st.booleans(),
        attempts=st.integers(1, 10),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda job: job.name,
)


def read(made):
    found = Configuration((PROJECT,))
    for path, text in made.items():
        if path.startswith("zuul.d"):
            found += parse_configuration(text, path, PROJECT)
    return project_jobs(found, PROJECT, "master")


def said(jobs: ProjectJobs):
    return sorted((job.name, job.pipeline, job.voting) for job in jobs.jobs), jobs.whole, jobs.findings


@settings(max_examples=30)
@given(JOBS)
def test_what_is_written_is_read_as_the_jobs_that_were_declared(jobs):
    names, whole, findings = said(read(zuul_files(jobs, OPTIONS)))
    assert (names, whole, findings) == said(declared(jobs, PROJECT, "master", "jobs"))


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
        max_leaves=8,
    )
)
def test_any_value_comes_back_out_of_its_yaml(value):
    assert yaml.safe_load(yaml_text(value)) == value


def test_each_pipeline_has_one_job_that_runs_all_of_it_where_they_run_together():
    jobs = load_jobs()
    found = read(zuul_files(jobs, replace(OPTIONS, together=True)))
    assert said(found)[0] == [(TOGETHER, pipeline, True) for pipeline in ("check", "gate", "periodic")]


def test_a_definition_says_how_its_job_differs_and_no_more():
    job = Job("sfc-web", ("gate",), 60, "Web: is it diverted?", voting=False, install="sfcci", attempts=2)
    options = ZuulOptions(
        NEEDS, label="debian-bookworm", parent="unit", required_projects=("x/y",), files=("^sfc/",)
    )
    made = zuul_files([job], options)
    base, web = (item["job"] for item in yaml.safe_load(made["zuul.d/sfcci-jobs.yaml"]))
    assert base["nodeset"] == {"nodes": [{"name": "node", "label": "debian-bookworm"}]}
    assert (base["parent"], base["required-projects"], base["files"]) == ("unit", ["x/y"], ["^sfc/"])
    assert "irrelevant-files" not in base
    assert web == {
        "name": "sfc-web",
        "parent": BASE,
        "description": "Web: is it diverted?",
        "timeout": limit_s([job]),
        "voting": False,
        "attempts": 2,
        "vars": {"sfcci_builds": ["sfcci"]},
    }


def test_no_limit_is_beyond_what_a_tenant_of_zuul_takes():
    jobs = [Job(f"job{number}", ("gate",), 86_400) for number in range(3)]
    for together in (False, True):
        made = zuul_files(jobs, replace(OPTIONS, together=together))["zuul.d/sfcci-jobs.yaml"]
        assert {item["job"]["timeout"] for item in yaml.safe_load(made)} == {LONGEST_S}


@pytest.fixture
def sfcci(tmp_path, monkeypatch):
    """Runs the command in a project of its own; gives status and what it said."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(folder)

    def run(*words):
        done = CliRunner().invoke(main.sfcci, ["zuul", *words])
        if isinstance(done.exception, SfcciError):
            return done.exception.exit_status, str(done.exception)
        return done.exit_code, done.output

    run.folder = folder
    return run


def test_a_second_run_finds_all_as_it_is_and_a_check_tells_what_is_not(sfcci):
    status, told = sfcci("jobs", "--nodeset", "debian-bookworm")
    assert (status, told.count("written")) == (0, 5)
    assert sfcci("jobs", "--nodeset", "debian-bookworm", "--check")[0] == 0
    (project,) = running_jobs([f"example/project={sfcci.folder}"], Gate()).projects
    assert {job.name for job in project.jobs} == {job.name for job in load_jobs()}
    status, told = sfcci("jobs", "--check")
    assert status == 1
    assert f"differs   {sfcci.folder}/zuul.d/sfcci-jobs.yaml" in told
    assert f"as it is  {sfcci.folder}/playbooks/sfcci/run.yaml" in told


def test_what_was_written_by_others_stays_and_says_what_to_do(sfcci):
    own = sfcci.folder / "zuul.d" / "sfcci-project.yaml"
    own.parent.mkdir()
    own.write_text("- project: {}\n")
    status, told = sfcci("jobs")
    assert status == 2
    assert "was not made by sfcci zuul jobs, and stays as it is" in told
    assert [path.name for path in sfcci.folder.rglob("*.yaml")] == ["sfcci-project.yaml"]
    assert own.read_text() == "- project: {}\n"
    (sfcci.folder / ".zuul.yaml").write_text("[]")
    assert "beside which Zuul reads no zuul.d; move it" in sfcci("jobs")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("jobs", "--nodeset", "a", "--label", "b"), "give one of them"),
        (("jobs", "--files", "("), "'(' is no regular expression"),
        (("jobs", "--from-project", "x y"), "is no project"),
        (("github", "--cron", "daily"), "nothing that cron reads"),
    ],
)
def test_words_that_make_no_sense_are_refused(sfcci, words, told):
    status, said = sfcci(*words)
    assert status == 2
    assert told in said
    assert not list(sfcci.folder.iterdir())
