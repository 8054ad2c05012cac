"""Zuul's files: what is read, what is told, and that no text harms the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.zuul import BranchMatcher, parse_configuration
from sfcci.gate.zuul_yaml import Kind, parse


def read(text):
    return parse_configuration(text, "zuul.yaml", "example/project")


def faults(text):
    with pytest.raises(InputError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_pipeline_names_jobs_alone_or_with_what_differs():
    (project,) = read(
        "- project:\n    check: {jobs: [unit, docs: {voting: false, branches: [master, {regex: ^x, negate: true}]}]}\n"
    ).projects
    unit, docs = project.pipelines["check"]
    assert (unit.name, unit.voting, unit.place.line, unit.place.column) == ("unit", None, 2, 20)
    assert (docs.name, docs.voting) == ("docs", False)
    assert [(one.pattern, one.negate) for one in docs.branches] == [("master", False), ("^x", True)]
    assert isinstance(docs.branches[0], BranchMatcher)


def test_anchors_are_shared_and_merged_keys_are_seen():
    (project,) = read(
        "- project:\n    check: &same\n      jobs: &jobs [unit]\n    gate: *same\n    periodic: {jobs: *jobs}\n"
        "    post:\n      <<: *same\n      debug: true\n"
    ).projects
    assert list(project.pipelines) == ["check", "gate", "periodic", "post"]
    assert all([job.name for job in jobs] == ["unit"] for jobs in project.pipelines.values())


def test_secrets_and_unknown_tags_are_passed_over_and_nothing_runs():
    found = read(
        "- secret:\n    name: key\n    data: !encrypted/pkcs1-oaep [abc]\n"
        "- job:\n    name: unit\n    vars: !!python/object/apply:os.system [false]\n- nodeset: {name: x}\n"
    )
    assert [job.name for job in found.jobs] == ["unit"]


def test_keys_of_a_project_that_are_no_pipelines_name_no_jobs():
    (project,) = read("- project:\n    vars: {jobs: [a]}\n    queue: x\n    templates: [t]\n").projects
    assert project.pipelines == {}
    assert [name for name, _ in project.templates] == ["t"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "job: {}",
            "zuul.yaml:1:1: Zuul's configuration: found a mapping; expected a list of jobs, projects",
        ),
        ("- 5\n", "zuul.yaml:1:3: an item: found '5'; expected `- job:`"),
        ("- jop: {name: a}\n", "zuul.yaml:1:3: found 'jop'; expected job, project"),
        ("- job: {}\n", "zuul.yaml:1:8: a job without a name; expected `name: TEXT`"),
        ("- job:\n  name: a\n", "zuul.yaml:1:3: an item with the keys job, name; expected one"),
        ("- project: {check: {jobs: unit}}\n", "check.jobs: found 'unit'; expected a list of jobs"),
        ("- project: {check: {jobs: [[a]]}}\n", "check.jobs: found a list; expected a name"),
        ("- project: {check: {jobs: [{a: 5}]}}\n", "the job a: found '5'; expected a mapping"),
        ("- job: {name: a, voting: maybe}\n", "voting: found 'maybe'; expected true or false"),
        ("- job: {name: a, branches: {negate: true}}\n", "branches: found a mapping without regex"),
        ("- job: {name: a, parent: [b]}\n", "parent: found a list; expected text"),
        ("- job: {name: *a}\n", "zuul.yaml:1:15: the alias *a; expected an anchor before it"),
        ("a: [\n", "zuul.yaml:2:1"),
        (
            "- job: {name: a}\n---\n- job: {name: b}\n",
            "zuul.yaml:3:1: a second document begins; expected one",
        ),
        ("\t- a", "zuul.yaml:1:1: found character"),
        ("- \0", "zuul.yaml"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, told):
    assert any(told in one for one in faults(text)), faults(text)


def test_all_faults_of_a_file_come_together():
    assert len(faults("- jop: {}\n- job: {}\n- project: {check: {jobs: 5}}\n")) == 3


def test_a_near_miss_is_asked_about():
    assert "did you mean job?" in faults("- jop: {}\n")[0]


def test_nesting_ends_and_bombs_cost_what_their_text_costs():
    assert "is nested too deeply" in faults("[" * 100_000)[0]
    doubling = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 200))
    root = parse("a0: &a0 [x]\n" + doubling, "zuul.yaml")
    assert root.kind is Kind.MAPPING
    merges = "".join(f"- &m{n}\n  <<: [*m{n - 1}, *m{n - 1}]\n" for n in range(1, 50))
    assert parse("- &m0 {a: 1}\n" + merges, "zuul.yaml").items[-1].get("a").text == "1"
    chain = "".join(f"- &m{n}\n  <<: *m{n - 1}\n" for n in range(1, 5000))
    with pytest.raises(InputError, match="merges too deeply"):
        parse("- &m0 {a: 1}\n" + chain, "zuul.yaml").items[-1].get("a")


def test_a_node_that_holds_itself_ends():
    assert faults("- &a [*a]\n")
    assert parse("&a\n<<: *a\nb: 1\n", "zuul.yaml").get("b").text == "1"


@given(st.text(alphabet="abc-: {}[]\n&*!<#'\"|>", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text):
    told = ()
    try:
        read(text)
    except InputError as error:
        told = error.faults
    assert all(fault.place.path == "zuul.yaml" for fault in told)
