"""Zuul's builds read: the forms of its API, and what no Zuul says."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.cases import Origin
from sfcci.gate.job import JobResult, Result
from sfcci.gate.zuul_builds import read_builds

ORIGIN = Origin("openstack", "gate", "opendev.org", "openstack/networking-sfc", "master")
NOW_S = 1_800_000_000.0
FLAT = {
    "uuid": "5b2f6a3c1d4e4f5a8b7c6d5e4f3a2b1c",
    "job_name": "networking-sfc-tempest-multinode",
    "result": "POST_FAILURE",
    "held": False,
    "start_time": "2026-11-20T10:00:00",
    "end_time": "2026-11-20T11:00:30",
    "duration": 3630.0,
    "voting": False,
    "log_url": "https://storage.example.org/a1b/openstack/5b2f6a3c1d4e4f5a8b7c6d5e4f3a2b1c/",
    "nodeset": "two-nodes",
    "error_detail": "Node lost\non its way",
    "final": True,
    "artifacts": [],
    "provides": [],
    "project": "openstack/networking-sfc",
    "branch": "stable/2026.1",
    "pipeline": "check",
    "change": 912345,
    "patchset": "3",
    "ref": "refs/changes/45/912345/3",
    "newrev": None,
    "ref_url": "https://review.example.org/912345",
    "event_id": "e",
    "buildset": {"uuid": "aaaa6a3c1d4e4f5a8b7c6d5e4f3a2b1c"},
}
IN_REF = ("project", "branch", "change", "patchset", "ref", "newrev", "ref_url")
TODAY = {
    **{key: value for key, value in FLAT.items() if key not in IN_REF},
    "ref": {**{key: FLAT[key] for key in IN_REF}, "oldrev": None},
}
RUN = JobResult(
    "5b2f6a3c1d4e4f5a8b7c6d5e4f3a2b1c",
    "networking-sfc-tempest-multinode",
    Result.POST_FAILURE,
    "openstack",
    "check",
    "opendev.org",
    "openstack/networking-sfc",
    "stable/2026.1",
    1_795_168_800.0,
    3_630_000,
    "aaaa6a3c1d4e4f5a8b7c6d5e4f3a2b1c",
    voting=False,
    commit="refs/changes/45/912345/3",
    reasons=("Node lost",),
    log_dir="https://storage.example.org/a1b/openstack/5b2f6a3c1d4e4f5a8b7c6d5e4f3a2b1c/",
    change="912345",
    patchset="3",
)


def read(data, origin=ORIGIN):
    return read_builds(data if isinstance(data, str) else json.dumps(data), "b.json", origin, NOW_S)


def refusal(data):
    with pytest.raises(InputError) as caught:
        read(data)
    return str(caught.value)


@pytest.mark.parametrize("form", [FLAT, TODAY])
def test_both_forms_of_a_build_give_the_same_run(form):
    assert read([form]).runs == (RUN,)
    assert read(form).runs == (RUN,)
    assert read([]).runs == ()


def test_a_buildset_says_for_all_its_builds_what_they_share():
    own = {key: value for key, value in FLAT.items() if key not in (*IN_REF, "pipeline", "buildset")}
    shared = {key: FLAT[key] for key in (*IN_REF, "pipeline")}
    buildset = {
        "uuid": FLAT["buildset"]["uuid"],
        "result": "FAILURE",
        **shared,
        "builds": [own],
        "retry_builds": [],
    }
    assert read(buildset).runs == (RUN,)
    retried = {**own, "uuid": "r", "result": None, "final": False}
    found = read({**buildset, "retry_builds": [retried]}).runs
    assert [(run.run, run.result) for run in found] == [(RUN.run, Result.POST_FAILURE), ("r", Result.RETRY)]


def test_builds_that_still_run_are_left_out_and_counted():
    running = {**TODAY, "result": None, "end_time": None, "duration": None}
    untold = {**TODAY, "result": "SKIPPED", "start_time": None, "end_time": None, "duration": None}
    found = read([running, TODAY, running, untold])
    assert found.runs == (RUN,)
    assert found.left_out == {"still running": 2, "without a time": 1}


def test_a_build_without_an_id_has_always_the_same_one():
    one, again, other = (
        read([{**TODAY, "uuid": None, "job_name": job}]).runs[0].run for job in ("a", "a", "b")
    )
    assert one == again != other


@pytest.mark.parametrize(
    ("ref", "commit"),
    [
        ({"newrev": "c0ffee" * 6 + "beef", "ref": "refs/heads/master"}, "c0ffee" * 6 + "beef"),
        ({"newrev": "0" * 40, "ref": "refs/heads/master"}, ""),
        ({"change": 7, "patchset": "d" * 40, "ref": "refs/pull/7/head"}, "d" * 40),
        ({"change": 912345, "patchset": "3", "ref": "refs/changes/45/912345/3"}, "refs/changes/45/912345/3"),
        ({"ref": "refs/heads/master"}, ""),
    ],
)
def test_the_commit_is_what_names_it(ref, commit):
    assert read([{**TODAY, "ref": ref}]).runs[0].commit == commit


def test_a_build_of_which_nobody_says_whether_it_votes_does():
    assert read([{**TODAY, "voting": None}]).runs[0].voting


def test_a_canonical_name_has_the_host():
    named = {**TODAY, "ref": {**TODAY["ref"], "project": "review.example.org/team/thing"}}
    run = read([named]).runs[0]
    assert (run.host, run.project) == ("review.example.org", "team/thing")


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("MERGER_FAILURE", Result.MERGE_CONFLICT),
        ("DEQUEUED", Result.DEQUEUED),
        ("DISCONNECT", Result.RETRY),
    ],
)
def test_words_of_other_zuuls_are_understood(word, result):
    assert read([{**TODAY, "result": word}]).runs[0].result is result


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"result": "FAILED"},
            '[0].result: found "FAILED"; expected a result of Zuul; did you mean FAILURE?',
        ),
        ({"result": 5}, "[0].result: found 5"),
        ({"job_name": None}, "[0].job_name: is missing; expected the job's name"),
        ({"job_name": "a\nb"}, r'[0].job_name: found "a\nb"; expected a text of at most 255 characters'),
        ({"job_name": "x" * 256}, "[0].job_name: found"),
        ({"uuid": {"a": 1}}, '[0].uuid: found {"a": 1}'),
        ({"end_time": "2036-01-01T00:00:00"}, "[0].end_time: found"),
        ({"end_time": "1969-01-01T00:00:00"}, "expected a time since 1970 that has passed"),
        ({"end_time": "soon"}, "expected a time as 2026-11-20T14:30:00"),
        ({"end_time": 1e300}, "[0].end_time: found 1e+300"),
        ({"end_time": "2026-11-20T09:00:00"}, "[0].end_time"),
        ({"duration": -1}, "[0].duration: found -1; expected seconds from 0 to"),
        ({"duration": 1e308}, "[0].duration: found 1e+308"),
        ({"duration": "long"}, "[0].duration"),
        ({"voting": "yes"}, '[0].voting: found "yes"; expected true or false'),
        ({"log_url": "javascript:alert(1)"}, "[0].log_url: found"),
        ({"log_url": "https://x/\u202e"}, "[0].log_url"),
        ({"ref": {"project": ["a"]}}, '[0].ref.project: found ["a"]'),
        ({"ref": {"change": "1\u0000"}}, "[0].ref.change"),
        ({"buildset": {"uuid": 1.5}}, "[0].buildset.uuid: found 1.5"),
        ({"pipeline": "\ud800"}, "[0].pipeline"),
    ],
)
def test_what_no_zuul_says_is_refused_with_its_path(change, said):
    told = refusal([{**TODAY, **change}])
    assert "b.json: " in told
    assert said in told


def test_all_faults_come_together_but_not_without_end():
    told = refusal([{**TODAY, "result": "X"}] * 100)
    assert told.count("[19].result") == 1
    assert "[20]" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "b.json:1:1: Expecting value; expected JSON"),
        ('[{"job_name": "x",\n]', "b.json:2:1"),
        ("{}", "b.json: no builds; expected a list of builds, a build or a buildset"),
        ("7", "no builds"),
        ("[1]", "b.json: [0]: found 1; expected a build"),
        ('[{"a": "NaN", "duration": NaN}]', "b.json:1:27: NaN is no JSON"),
        ('[{"a": "\\"", "duration":\n -Infinity}]', "b.json:2:2: -Infinity is no JSON"),
        ("[\n" + "9" * 5000 + "]", "b.json:2:1: a number of thousands of digits"),
        ("[" * 200_000, "b.json:1:101: nested too deeply"),
        ('[{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_line_and_column(text, said):
    assert said in refusal(text)


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_damage_is_refused_or_read_and_never_a_traceback(seed, count):
    chance = random.Random(seed)  # noqa: S311 - a seed for each example
    text = list(json.dumps([TODAY, FLAT]))
    for _ in range(count):
        text[chance.randrange(len(text))] = chance.choice('{}[]",:\\0-eE.NaN\x00é\ud800')
    try:
        read("".join(text))
    except InputError as error:
        assert str(error).startswith("b.json")  # noqa: PT017 - either is right
