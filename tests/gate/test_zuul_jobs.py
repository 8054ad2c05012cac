"""Which jobs run: templates, parents, variants, branches; what cannot be told is no "no"."""

import pytest

from sfcci.errors import InputError, UsageError
from sfcci.gate.zuul import Configuration, parse_configuration
from sfcci.gate.zuul_files import read_sources, running_jobs
from sfcci.gate.zuul_jobs import full_names, project_jobs
from sfcci.settings import Gate

JOBS = "".join(f"- job: {{name: {name}}}\n" for name in ("unit", "docs", "lint"))


def jobs_of(*texts, project="example/project", branch="master", own="example/project"):
    configuration = Configuration((own,))
    for number, text in enumerate(texts):
        configuration += parse_configuration(text, f"{number}.yaml", own)
    return project_jobs(configuration, project, branch)


def running(*texts, **words):
    found = jobs_of(*texts, **words)
    return {pipeline: list(found.inside(pipeline)) for pipeline in found.pipelines}


def keywords(found):
    return [finding.keyword for finding in found.findings]


def test_templates_come_first_wherever_they_are_defined_and_each_job_once():
    project = "- project: {templates: [more, docs], check: {jobs: [unit, lint]}}\n"
    more = "- project-template: {name: more, check: {jobs: [lint]}, gate: {jobs: [lint]}}\n"
    docs = "- project-template: {name: docs, check: {jobs: [docs]}}\n"
    assert running(JOBS, project, docs, more) == {"check": ["lint", "docs", "unit"], "gate": ["lint"]}


def test_a_project_is_named_in_full_by_the_end_of_it_or_by_a_regular_expression():
    named = "- project: {name: example/project, check: {jobs: [unit]}}\n"
    regex = "- project: {name: ^example/.*, check: {jobs: [docs]}}\n"
    host = "- project: {name: host.org/example/project, check: {jobs: [lint]}}\n"
    other = "- project: {name: example/other, check: {jobs: [other]}}\n"
    assert running(JOBS, named, regex, host, other) == {"check": ["unit", "docs", "lint"]}


def test_a_project_without_a_name_is_its_repository():
    assert running(JOBS, "- project: {check: {jobs: [unit]}}\n", project="example/other") == {}
    assert running(JOBS, "- project: {check: {jobs: [unit]}}\n", own="project") == {"check": ["unit"]}


@pytest.mark.parametrize(
    ("branches", "branch", "runs"),
    [
        ("master", "master", True),
        ("stable/.*", "master", False),
        ("[stable/.*, ^master$]", "master", True),
        ("{regex: ^stable/.*, negate: true}", "master", True),
        ("{regex: ^master$, negate: true}", "master", False),
        ("{regex: '^*/(zed|yoga)$', negate: true}", "master", True),
        ("'a{'", "master", False),
    ],
)
def test_branches_are_matched_from_the_beginning(branches, branch, runs):
    definition = f"- job: {{name: unit, branches: {branches}}}\n"
    mention = "- project: {check: {jobs: [unit]}}\n"
    assert (running(definition, mention, branch=branch) == {"check": ["unit"]}) is runs
    mention = f"- project: {{check: {{jobs: [unit: {{branches: {branches}}}]}}}}\n"
    assert (running(JOBS, mention, branch=branch) == {"check": ["unit"]}) is runs


def test_a_job_needs_one_variant_of_each_ancestor_for_the_branch():
    base = "- job: {name: base-one, branches: stable/.*}\n"
    child = "- job: {name: unit, parent: base-one}\n"
    project = "- project: {check: {jobs: [unit]}}\n"
    assert running(base, child, project) == {}
    assert running(base, "- job: {name: base-one, branches: master}\n", child, project) == {"check": ["unit"]}


def test_the_last_word_on_voting_holds():
    def voting(*texts):
        return [job.voting for job in jobs_of(*texts).jobs]

    parent, child = "- job: {name: p, voting: false}\n", "- job: {name: c, parent: p}\n"
    assert voting(parent, child, "- project: {check: {jobs: [c]}}\n") == [False]
    assert voting(parent, child, "- project: {check: {jobs: [c: {voting: true}]}}\n") == [True]
    assert voting(JOBS, "- project: {check: {jobs: [unit, unit: {voting: false}]}}\n") == [False]


def test_an_abstract_job_does_not_run_and_is_told():
    found = jobs_of("- job: {name: unit, abstract: true}\n", "- project: {check: {jobs: [unit]}}\n")
    assert (found.jobs, keywords(found)) == ((), ["AbstractJob"])


def test_noop_is_no_job():
    assert running("- project: {check: {jobs: [noop]}}\n") == {}


def test_an_unknown_job_or_parent_is_taken_to_run_and_told():
    found = jobs_of("- job: {name: unit, parent: tox}\n", "- project: {check: {jobs: [unit, far]}}\n")
    assert [(job.name, job.unknown) for job in found.jobs] == [("unit", ("tox",)), ("far", ("far",))]
    assert keywords(found) == ["UnknownJob"]
    assert found.whole


def test_an_unknown_template_means_that_nobody_can_tell():
    found = jobs_of(JOBS, "- project: {templates: [far], check: {jobs: [unit]}}\n")
    assert (found.whole, keywords(found)) == (False, ["UnknownTemplate"])
    (finding,) = found.findings
    assert (finding.place.line, finding.place.column) == (1, 25)


def test_a_template_that_everyone_uses_is_known():
    found = jobs_of("- project: {templates: [check-requirements]}\n")
    assert found.whole
    assert [(job.pipeline, job.name) for job in found.jobs] == [
        ("check", "requirements-check"),
        ("gate", "requirements-check"),
    ]
    own = "- project-template: {name: check-requirements, check: {jobs: [unit]}}\n"
    assert running(JOBS, own, "- project: {templates: [check-requirements]}\n") == {"check": ["unit"]}


def test_a_project_whose_repository_is_not_there_is_not_whole():
    assert not jobs_of(JOBS, "- project: {name: a/b, check: {jobs: [unit]}}\n", project="a/b").whole


def test_parents_in_a_circle_end_and_are_told():
    found = jobs_of(
        "- job: {name: a, parent: b}\n- job: {name: b, parent: a}\n", "- project: {check: {jobs: [a]}}\n"
    )
    assert [job.name for job in found.jobs] == ["a"]
    assert "ParentCircle" in keywords(found)


def test_a_pattern_that_is_no_regular_expression_is_told():
    found = jobs_of("- job: {name: a, branches: '('}\n", "- project: {check: {jobs: [a]}}\n")
    assert [job.name for job in found.jobs] == ["a"]
    assert keywords(found) == ["BadBranches"]


@pytest.mark.parametrize("pattern", ["^(.|.)*x$", "^((a|.)+)+$x", "^.*.*.*.*.*.*x", "^(a+){9}", "^("])
def test_a_pattern_that_python_could_try_for_ever_is_not_tried(pattern):
    long = "example/" + "a" * 4000
    named = f"- project: {{name: '{pattern}', check: {{jobs: [unit]}}}}\n"
    found = jobs_of(JOBS, named, project=long)
    assert (found.jobs, keywords(found)) == ((), ["BadName"])
    found = jobs_of(
        JOBS, f"- project: {{check: {{jobs: [unit: {{branches: '{pattern}'}}]}}}}\n", branch="a" * 4000
    )
    assert keywords(found) == ["BadBranches"]


def test_sets_and_escapes_are_no_loops():
    assert running(
        JOBS, "- project: {name: '^example/[*+][(+)]', check: {jobs: [unit]}}\n", project="example/*+"
    )


# Folders


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


PROJECT = "- project: {check: {jobs: [unit]}}\n"


@pytest.mark.parametrize("root", ["zuul.yaml", "zuul.d/a.yaml", ".zuul.yaml", ".zuul.d/deep/a.yaml"])
def test_a_repository_is_read_where_zuul_reads_it(tmp_path, root):
    write(tmp_path / "project", **{root: PROJECT, "other.yaml": "no: zuul\n"})
    (found,) = running_jobs([tmp_path / "project"], Gate()).projects
    assert (found.project, found.branch, found.inside("check")) == ("project", "master", ("unit",))


def test_what_a_checkout_says_of_itself_holds(tmp_path):
    review = "[gerrit]\nproject=example/project.git\ndefaultbranch=stable/2026.1\n"
    write(tmp_path / "somewhere", **{"zuul.yaml": PROJECT, ".gitreview": review})
    (found,) = running_jobs([tmp_path / "somewhere"], Gate()).projects
    assert (found.project, found.branch) == ("example/project", "stable/2026.1")
    (found,) = running_jobs([f"mine/own={tmp_path / 'somewhere'}"], Gate()).projects
    assert found.project == "mine/own"


def test_a_folder_of_checkouts_is_each_of_them(tmp_path):
    write(tmp_path / "one", **{"zuul.yaml": PROJECT})
    write(tmp_path / "example" / "two", **{"zuul.d/jobs.yaml": PROJECT})
    write(tmp_path / "three", **{".pre-commit-config.yaml": "repos: []\n", "mkdocs.yaml": "site_name: x\n"})
    write(tmp_path / "four", **{"own.yaml": "- job: {name: unit}\n" + PROJECT})
    found = running_jobs([tmp_path], Gate()).projects
    assert sorted(one.project for one in found) == ["four", "one", "two"]


def test_our_own_job_files_are_those_of_the_settings_project():
    from importlib import resources

    folder = str(resources.files("sfcci.gate") / "jobs")
    (found,) = running_jobs([folder], Gate(project="a/b")).projects
    assert found.project == "a/b"
    assert "sfc-balance" in found.inside("gate")
    assert found.whole


def test_faults_of_all_folders_come_together(tmp_path):
    write(tmp_path / "one", **{"zuul.yaml": "- job: {}\n"})
    write(tmp_path / "two", **{"zuul.yaml": "- jop: {}\n"})
    with pytest.raises(InputError) as caught:
        read_sources([tmp_path])
    assert len(caught.value.faults) == 2


def test_a_path_without_a_job_list_is_told(tmp_path):
    with pytest.raises(UsageError, match="no job list in"):
        read_sources([tmp_path])
    with pytest.raises(UsageError, match="does not exist"):
        read_sources([tmp_path / "nothing"])


# Upstream's own files


@pytest.fixture(scope="module")
def upstream(shared):
    return read_sources([shared / "data" / "upstream-zuul"])


def test_the_jobs_of_networking_sfc_are_told(upstream):
    found = upstream.project("openstack/networking-sfc", "master")
    assert found.whole
    assert found.inside("gate") == (
        "openstack-tox-pep8",
        "openstack-tox-py311",
        "openstack-tox-py313",
        "openstack-tox-docs",
        "requirements-check",
        "build-openstack-releasenotes",
        "networking-sfc-functional",
        "networking-sfc-tempest",
        "test-release-openstack",
    )
    assert found.inside("periodic") == (
        "openstack-tox-py312",
        "networking-sfc-tempest-periodic",
        "openstack-tox-py313-with-neutron-lib-master",
    )
    voting = {job.name: job.voting for job in found.jobs if job.pipeline == "check"}
    assert [name for name, votes in voting.items() if not votes] == [
        "openstack-tox-py314",
        "networking-sfc-tempest-multinode",
    ]


def test_of_neutron_it_is_told_what_is_missing(upstream):
    found = upstream.project("openstack/neutron", "master")
    assert not found.whole
    assert {one.what.split()[-1] for one in found.findings if one.keyword == "UnknownTemplate"} == {
        "integrated-gate-networking",
        "neutron-tempest-plugin-jobs",
    }
    assert {"neutron-functional", "neutron-ovs-rally-task"} <= set(found.inside("check"))


def test_a_repository_known_by_its_last_name_finds_its_full_one(upstream):
    assert full_names(upstream.configuration, "networking-sfc") == ("openstack/networking-sfc",)
