"""Job files."""

import pytest

from sfcci.errors import InputError, UsageError
from sfcci.gate import declaration
from sfcci.gate.job import Answered, Http, Visits

GOOD = """\
jobs:
  - name: a
    pipeline: gate
    timeout: 5
    scenario: demo
    steps:
      - change: {port_chains: {PC1: {flow_classifiers: []}}}
        traffic: [{http: {from: source, to: dest, requests: 3}}]
        checks: [answered, {visits: [[vm1, vm2], [vm3]]}]
"""


def load(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return declaration.load_jobs(str(tmp_path))


def test_the_jobs_that_come_with_sfcci_are_read():
    jobs = declaration.load_jobs()
    assert "sfc-http-diverted" in [job.name for job in jobs]
    assert all("gate" in job.pipelines for job in jobs)


def test_a_job_file_gives_values(tmp_path):
    (job,) = load(tmp_path, a=GOOD)
    (step,) = job.steps
    assert (job.name, job.pipelines, job.voting, job.timeout_s) == ("a", ("gate",), True, 5.0)
    assert step.change.chains == {"PC1": {"flow_classifiers": ()}}
    assert step.traffic == (Http("source", "dest", 3),)
    assert step.checks == (Answered(), Visits((("vm1", "vm2"), ("vm3",))))


def test_the_faults_of_all_files_come_together(tmp_path):
    with pytest.raises(InputError) as caught:
        load(
            tmp_path, a=GOOD.replace("timeout: 5", "timeout: soon"), b=GOOD.replace("[answered,", "[answred,")
        )
    first, second = map(str, caught.value.faults)
    assert first.endswith('a.yaml:4:5: jobs[0].timeout: found "soon"; expected a number')
    assert 'b.yaml:9:18: jobs[0].steps[0].checks[0]: found "answred"; expected one of answered' in second


def test_a_name_is_taken_once_over_all_files(tmp_path):
    with pytest.raises(InputError, match=r"b\.yaml:2:5: .*'a' is declared twice"):
        load(tmp_path, a=GOOD, b=GOOD)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("    scenario: demo\n", "", "either scenario and steps, or install and command"),
        ("    scenario: demo\n", "    scenario: demo\n    install: x\n", "either scenario and steps"),
        ("    steps:\n", "    stepz:\n", "did you mean steps?"),
    ],
)
def test_a_job_is_one_kind_or_the_other(tmp_path, old, new, reason):
    with pytest.raises(InputError) as caught:
        load(tmp_path, a=GOOD.replace(old, new))
    assert reason in str(caught.value)


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no job file"):
        load(tmp_path)


def test_jobs_are_chosen_by_name_or_by_pipeline(tmp_path):
    jobs = load(tmp_path, a=GOOD, b=GOOD.replace("name: a", "name: b").replace("gate", "check"))
    assert [job.name for job in declaration.chosen(jobs, (), "gate")] == ["a"]
    assert [job.name for job in declaration.chosen(jobs, ("b", "a"), "gate")] == ["b", "a"]
    with pytest.raises(UsageError, match="no job runs in the pipeline 'gte'; there are: check, gate"):
        declaration.chosen(jobs, (), "gte")
    shipped = declaration.load_jobs()
    with pytest.raises(UsageError, match="did you mean sfc-balance"):
        declaration.chosen(shipped, ("sfc-balanc",), "gate")
