"""Dashboards against the jobs that run: a job that is gone is told, and so is one on no panel."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sfcci import document
from sfcci.dashboard.jobs import job_findings
from sfcci.dashboard.model import PanelTarget
from sfcci.dashboard.structure import structure
from sfcci.dashboard.target import Target, TargetError, parse_target
from sfcci.document import Document
from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.gate.running import ProjectJobs, RunningJob, RunningJobs
from sfcci.gate.zuul_files import running_jobs
from sfcci.settings import Gate

PREFIX = "stats_counts.zuul.tenant.t.pipeline.{}.project.h_org.a_b.{}.job."


@dataclass(frozen=True)
class Read:
    document: Document
    target: PanelTarget
    tree: Target

    def place(self, offset):
        return self.document.character(self.target.keys, offset)


def read(source):
    found = document.read(source, duplicates=[]) if isinstance(source, Path) else source
    for target in structure(found).targets:
        with suppress(TargetError):  # broken targets are another layer's
            yield Read(found, target, parse_target(target.text))


def dashboard(*targets, name="d.yaml"):
    lines = "".join(f"            - target: {text}\n" for text in targets)
    head = "dashboard:\n  title: D\n  rows:\n    - title: R\n      height: 100px\n      panels:\n"
    panel = f"        - title: P\n          type: graph\n          targets:\n{lines}"
    return document.parse(head + panel, name)


def jobs(*running, whole=True, findings=(), project="a/b"):
    made = tuple(RunningJob(name, pipeline, True, Place("zuul.yaml", 7, 9)) for pipeline, name in running)
    return RunningJobs((ProjectJobs(project, "master", made, whole, tuple(findings)),))


def path(pipeline, job, branch="master", result="FAILURE"):
    return f"{PREFIX.format(pipeline, branch)}{job}.{result}"


def told(source, running):
    return [(one.keyword, one.what, one.hint) for one in job_findings(list(read(source)), running)]


def test_a_job_that_runs_is_well():
    assert told(dashboard(path("check", "unit")), jobs(("check", "unit"))) == []


def test_a_job_that_is_gone_is_an_error_at_its_column_with_its_successor():
    target = f"alias({path('check', 'unit-py35')},'x')"
    (gone, _) = job_findings(list(read(dashboard(target))), jobs(("check", "unit-py314")))
    assert (gone.keyword, gone.severity) == ("JobGone", Severity.ERROR)
    assert gone.what == "the job unit-py35 does not run in check of a/b"
    assert gone.hint == "did you mean unit-py314?"
    assert gone.place == Place("d.yaml", 10, 23 + target.index("unit-py35"))


def test_a_job_that_runs_elsewhere_is_gone_here():
    (gone,) = told(dashboard(path("gate", "unit")), jobs(("check", "unit"), ("periodic", "unit")))
    assert gone == ("JobGone", "the job unit does not run in gate of a/b", "it runs in check, periodic")


def test_each_word_of_braces_is_a_job_and_a_target_tells_each_once():
    target = f"asPercent({path('check', '{unit,old,older}')},{path('check', '{unit,old}')})"
    found = [what for _, what, _ in told(dashboard(target), jobs(("check", "unit")))]
    assert found == [
        "the job old does not run in check of a/b",
        "the job older does not run in check of a/b",
    ]


def test_a_wildcard_that_finds_no_job_is_gone():
    assert told(dashboard(path("check", "unit-*")), jobs(("check", "unit-py3"))) == []
    assert [one[0] for one in told(dashboard(path("check", "old-*")), jobs(("check", "unit")))] == [
        "JobGone",
        "JobWithoutPanel",
    ]


def test_timers_and_rates_name_jobs_too_and_other_metrics_do_not():
    timer = path("check", "old", result="SUCCESS.mean").replace("stats_counts", "stats.timers")
    rate = path("check", "old").replace("stats_counts", "stats")
    other = "stats.gauges.zuul.tenant.t.pipeline.check.current_changes"
    found = told(dashboard(timer, rate, other), jobs(("check", "unit")))
    assert [keyword for keyword, *_ in found] == ["JobGone", "JobGone", "JobWithoutPanel"]


def test_names_from_before_zuul_v3_are_understood():
    old = "stats_counts.zuul.pipeline.check.job.gate-x-python27.FAILURE"
    ((keyword, what, _),) = told(dashboard(old), jobs(("check", "unit")))
    assert keyword == "JobGone"
    assert "gate-x-python27 does not run in check of any project (a name from before Zuul v3)" in what
    assert told(dashboard(old), jobs(("check", "gate-x-python27"))) == []


def test_a_project_that_is_not_all_there_is_no_proof():
    gap = Finding("UnknownTemplate", Severity.WARNING, Place("zuul.yaml", 3), "no folder defines far")
    found = told(
        dashboard(path("check", "old"), path("check", "unit")),
        jobs(("check", "unit"), whole=False, findings=[gap]),
    )
    assert [keyword for keyword, *_ in found] == ["UnknownTemplate", "JobUnknown"]
    assert found[1][1] == "cannot tell whether 1 jobs of a/b still run: old"


def test_of_other_projects_and_branches_nothing_is_known():
    other = path("check", "unit").replace("a_b", "c_d")
    found = told(dashboard(other, other, path("check", "unit", "stable_1")), jobs(("check", "unit")))
    assert [(keyword, what) for keyword, what, _ in found] == [
        ("ProjectUnknown", "nothing is known about the jobs of c_d on master"),
        ("ProjectUnknown", "nothing is known about the jobs of a_b on stable_1"),
    ]


def test_a_running_job_on_no_panel_is_told_in_the_pipelines_that_are_shown():
    running = jobs(("check", "unit"), ("check", "docs"), ("release", "upload"))
    assert told(dashboard(path("check", "unit")), running) == [
        (
            "JobWithoutPanel",
            "the job docs runs in check of a/b and is on no panel",
            "zuul.yaml:7:9 names it",
        )
    ]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (f"aliasByNode({path('check', '*')},10)", True),
        (f"sumSeries({path('check', '*')})", False),
        (f"sumSeries({path('check', '{unit,docs}')})", True),
        (f"sumSeries({path('check', '$job')})", True),
        (path("check", "d*"), True),
    ],
)
def test_a_job_is_on_a_panel_when_it_is_named_or_has_a_line_of_its_own(target, shown):
    found = told(dashboard(path("check", "unit"), target), jobs(("check", "unit"), ("check", "docs")))
    assert (found == []) is shown


def test_another_file_may_show_the_job_and_a_passing_mention_is_no_home():
    running = jobs(("check", "unit"), ("check", "docs"))
    both = [*read(dashboard(path("check", "unit"))), *read(dashboard(path("check", "docs"), name="e.yaml"))]
    assert job_findings(both, running) == ()
    rival = path("check", "x").replace("a_b", "c_d")
    found = told(dashboard(path("check", "unit"), rival, rival), running)
    assert "JobWithoutPanel" not in [keyword for keyword, *_ in found]


def test_too_many_words_in_braces_cost_nothing():
    hostile = "".join("{a,b}" for _ in range(40))
    assert [one[0] for one in told(dashboard(path("check", hostile)), jobs(("check", "unit")))] == [
        "JobGone",
        "JobWithoutPanel",
    ]


# Upstream's own files, each finding argued


@pytest.fixture(scope="module")
def upstream(shared):
    return running_jobs([shared / "data" / "upstream-zuul"], Gate())


def findings(shared, name, running):
    source = shared / "data" / "upstream-dashboards" / name
    return job_findings(list(read(source)), running)


def test_every_target_of_networking_sfc_names_a_dead_job(shared, upstream):
    found = [
        (one.place.line, one.what, one.hint)
        for one in findings(shared, "networking-sfc.yaml", upstream)
        if one.keyword == "JobGone"
    ]
    lines = [line for line, *_ in found]
    text = (shared / "data" / "upstream-dashboards" / "networking-sfc.yaml").read_text().splitlines()
    assert lines == [number for number, line in enumerate(text, 1) if "- target:" in line]  # 11 of 11
    gone = [(what.split()[2], what.split()[7], hint) for _, what, hint in found]
    assert gone == [
        # the project's templates name Python 3.11 and later; 2.7 and 3.5 are only defined still
        ("openstack-tox-py27", "check", "did you mean openstack-tox-py314?"),
        ("openstack-tox-py35", "check", "did you mean openstack-tox-py314?"),
        ("openstack-tox-py27", "gate", "did you mean openstack-tox-py313?"),
        ("openstack-tox-py35", "gate", "did you mean openstack-tox-py313?"),
        # the jobs that were moved from Jenkins as they were are gone with their prefix
        (
            "legacy-periodic-py35-with-neutron-lib-master",
            "periodic",
            "did you mean openstack-tox-py313-with-neutron-lib-master?",
        ),
        ("networking-sfc-periodic-tempest-dsvm", "periodic", "did you mean networking-sfc-tempest-periodic?"),
        # the repository's own jobs lost their -dsvm
        ("networking-sfc-functional-dsvm", "check", "did you mean networking-sfc-functional?"),
        ("networking-sfc-tempest-dsvm", "check", "did you mean networking-sfc-tempest?"),
        ("networking-sfc-tempest-dsvm-multinode", "check", "did you mean networking-sfc-tempest-multinode?"),
        ("networking-sfc-functional-dsvm", "gate", "did you mean networking-sfc-functional?"),
        ("networking-sfc-tempest-dsvm", "gate", "did you mean networking-sfc-tempest?"),
    ]


def test_the_jobs_of_networking_sfc_that_run_are_on_no_panel(shared, upstream):
    found = [
        one for one in findings(shared, "networking-sfc.yaml", upstream) if one.keyword == "JobWithoutPanel"
    ]
    (project,) = [one for one in upstream.projects if one.project == "openstack/networking-sfc"]
    shown = [job for job in project.jobs if job.pipeline in ("check", "gate", "periodic")]
    assert len(found) == len(shown) == 23


def test_neutron_s_dashboard_lies_in_no_job_that_can_be_told(shared, upstream):
    found = findings(shared, "neutron.yaml", upstream)
    assert "JobGone" not in {one.keyword for one in found}  # two templates are not there: nobody can tell
    assert [one.what.split()[2] for one in found if one.keyword == "JobWithoutPanel"] == [
        "openstack-tox-py314",  # of openstack-python3-jobs, non-voting
        "test-release-openstack",  # of publish-to-pypi in project-config, check and gate
        "requirements-check",  # in gate; check shows it
        "test-release-openstack",
    ]


def test_neutron_lib_asks_networking_sfc_for_a_job_that_became_another(shared, upstream):
    (gone,) = [one for one in findings(shared, "neutron-lib.yaml", upstream) if one.keyword == "JobGone"]
    assert gone.what.startswith(
        "the job openstack-tox-py312-with-neutron-lib-master does not run in periodic"
    )
    assert gone.hint == "did you mean openstack-tox-py313-with-neutron-lib-master?"
