"""Jobs over several nodes: derived from those on one, named as the field names them, and green in a real lab."""

from dataclasses import replace

import pytest
from kinds_run import JOBS

from sfcci import document, settings
from sfcci.errors import InputError, UsageError
from sfcci.gate.declaration import chosen, parse_jobs
from sfcci.gate.job import Job, Result
from sfcci.gate.job_schema import SCHEMA
from sfcci.gate.multinode import multinode, variants
from sfcci.gate.runner import Buildset, run_jobs

EVERY = tuple(JOBS.values())
WITH_LAB = [job.name for job in EVERY if job.scenario]


def test_every_job_with_a_lab_has_a_variant_that_does_the_same_over_three_nodes():
    found = chosen(EVERY, ("*-multinode",), "")
    assert [job.name for job in found] == [f"{name}-multinode" for name in WITH_LAB]
    for job in found:
        one = JOBS[job.name.removesuffix("-multinode")]
        assert (job.nodes, job.timeout_s) == (3, one.timeout_s + 60)
        assert replace(job, name=one.name, nodes=0, timeout_s=one.timeout_s) == one


def test_a_name_means_the_jobs_on_one_node_unless_it_says_so():
    assert [job.name for job in chosen(EVERY, ("sfc-mpls",), "")] == ["sfc-mpls"]
    assert not any(job.nodes for job in chosen(EVERY, ("sfc-mpls*",), ""))
    assert [job.name for job in chosen(EVERY, ("sfc-mpls-multinode",), "")] == ["sfc-mpls-multinode"]
    with pytest.raises(UsageError, match="no job is named 'sfc-mpsl-multinode'"):
        chosen(EVERY, ("sfc-mpsl-multinode",), "")


def test_a_job_that_is_declared_so_is_not_made_again():
    own = multinode(JOBS["sfc-mpls"], 2)
    assert variants((JOBS["sfc-mpls"], own), "sfc-mpls-multinode") == ()
    assert chosen((JOBS["sfc-mpls"], own), ("sfc-mpls-multinode",), "") == (own,)
    assert multinode(own, 5, "geneve").name == "sfc-mpls-multinode"


def test_a_job_without_a_lab_and_too_many_nodes_are_refused():
    with pytest.raises(UsageError, match="raises no lab"):
        multinode(Job("built", ("gate",), 60, install="sfcci", command=("sfcci", "--version")))
    with pytest.raises(UsageError, match="too many"):
        multinode(JOBS["sfc-mpls"], 10_000)


TEXT = """\
jobs:
  - name: own
    pipeline: gate
    timeout: 60
    scenario: mpls
    {}
    steps:
      - traffic: [{{http: {{from: source, to: dest}}}}]
        checks: [answered]
"""


def declared(words):
    return parse_jobs(document.parse(TEXT.format(words), "jobs.yaml", SCHEMA))


def test_a_job_file_says_how_many_nodes_and_what_goes_between_them():
    (job,) = declared("nodes: 4\n    encapsulation: geneve")
    assert (job.name, job.nodes, job.encapsulation) == ("own", 4, "geneve")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nodes: 0", "jobs[0].nodes: found 0; expected a number from 1"),
        ("encapsulation: geneve", "jobs[0].encapsulation: the job is on one node"),
        ("nodes: 2\n    encapsulation: gre", "jobs[0].encapsulation"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(words, told):
    with pytest.raises(InputError) as refused:
        declared(words)
    assert told in str(refused.value)


@pytest.mark.lab
def test_functions_on_different_nodes_get_what_they_get_on_one(tmp_path):
    jobs = (
        multinode(JOBS["sfc-nsh-proxy"], encapsulation="vxlan-gpe"),
        multinode(JOBS["sfc-update-loses-nothing"]),
    )
    buildset = Buildset(settings.load(tmp_path), "gate", "b1", "c1")
    found = run_jobs(jobs, buildset, parallel=2)
    final = {one.job: (one.result, one.reasons) for one in found}
    assert final == {job.name: (Result.SUCCESS, ()) for job in jobs}
