"""Buildsets and changes; naive versions are written from the definitions."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate.buildsets import (
    ProjectKey,
    change_figures,
    ended_between,
    is_check,
    is_gate,
    verdicts,
)
from sfcci.gate.figures import Rate
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.query import outcomes_of

BEGIN = 1_700_000_000
PROJECT = ProjectKey("t", "h", "p", "main")
RUN = JobResult("r", "a", Result.SUCCESS, "t", "gate", "h", "p", "main", BEGIN, 0, "b")


@st.composite
def runs(draw):
    """Runs of a few changes in two pipelines; a buildset is of one change."""
    made = []
    for number in range(draw(st.integers(0, 40))):
        buildset = draw(st.integers(0, 11))
        change = str(buildset % 4) if buildset % 4 else ""
        made.append(
            replace(
                RUN,
                run=str(number),
                job=draw(st.sampled_from("abc")),
                pipeline="gate" if buildset % 2 else "check",
                result=draw(
                    st.sampled_from([Result.SUCCESS] * 4 + [Result.SKIPPED, Result.FAILURE, *Result])
                ),
                started_at=BEGIN + draw(st.integers(0, 100)),
                buildset=str(buildset) if buildset else "",
                voting=draw(st.integers(0, 4)) > 0,
                change=change,
                patchset=draw(st.sampled_from(["1", "2"])) if change else "",
            )
        )
    return made


def judged(made, pipeline):
    """The same by `verdicts`: what was tested, in passed and failed buildsets."""
    outcomes = outcomes_of(made)
    found = verdicts([one for one in outcomes.series if one.key.pipeline == pipeline], outcomes.tested)
    return tuple({outcomes.tested[key] for key in keys} for keys in (found.passed, found.failed))


def naive(made, pipeline):
    """What was tested, in passed and failed buildsets."""
    results = defaultdict(list)
    for run in made:
        if run.pipeline == pipeline and run.voting and run.buildset:
            results[run.buildset, run.commit, run.change, run.patchset].append(run.result)
    well = (Result.SUCCESS, Result.SKIPPED, Result.RETRY)
    passed = {
        key for key, ends in results.items() if Result.SUCCESS in ends and all(one in well for one in ends)
    }
    return passed, {key for key, ends in results.items() if any(one in BAD for one in ends)}


@given(runs())
def test_a_buildset_passes_when_all_voting_jobs_end_well_and_fails_when_one_is_bad(made):
    for pipeline in ("gate", "check"):
        assert judged(made, pipeline) == naive(made, pipeline)


@given(runs())
def test_failed_buildsets_of_merged_changes_and_rechecks_are_counted(made):
    outcomes = outcomes_of(made)
    by_pipeline = {
        name: verdicts([one for one in outcomes.series if one.key.pipeline == name], outcomes.tested)
        for name in ("gate", "check")
    }
    found = change_figures(PROJECT, by_pipeline, outcomes.tested)
    both = {name: naive(made, name) for name in ("gate", "check")}
    merged = {change for _, _, change, _ in both["gate"][0] if change}
    assert found.merged == len(merged)
    assert dict(found.failed) == {
        name: count
        for name, (_, failed) in both.items()
        if (count := sum(change in merged for _, _, change, _ in failed))
    }
    checks = [(change, patchset) for _, _, change, patchset in both["check"][0] | both["check"][1] if change]
    assert found.checked == len({change for change, _ in checks})
    assert found.rechecks == len(checks) - len(set(checks))
    if merged:
        assert found.failed_per_merged == sum(found.failed.values()) / len(merged)


@pytest.mark.parametrize(
    ("results", "rate"),
    [
        ([Result.SUCCESS, Result.SUCCESS], Rate(0, 1)),
        ([Result.SUCCESS, Result.SKIPPED], Rate(0, 1)),
        ([Result.SUCCESS, Result.RETRY, Result.SUCCESS], Rate(0, 1)),
        ([Result.SUCCESS, Result.TIMED_OUT], Rate(1, 1)),
        ([Result.CANCELED, Result.FAILURE], Rate(1, 1)),
        ([Result.SUCCESS, Result.CANCELED], Rate(0, 0)),
        ([Result.SKIPPED], Rate(0, 0)),
    ],
)
def test_the_words_of_the_rule(results, rate):
    made = [replace(RUN, run=str(number), result=result) for number, result in enumerate(results)]
    outcomes = outcomes_of(made)
    assert verdicts(outcomes.series, outcomes.tested).rate == rate


def test_a_job_that_does_not_vote_fails_no_buildset():
    made = [RUN, replace(RUN, run="s", job="b", result=Result.FAILURE, voting=False)]
    outcomes = outcomes_of(made)
    assert verdicts(outcomes.series, outcomes.tested).rate == Rate(0, 1)


def test_a_window_sees_what_ended_in_it():
    made = [replace(RUN, result=Result.FAILURE), replace(RUN, run="s", buildset="c", started_at=BEGIN + 10)]
    outcomes = outcomes_of(made)
    assert verdicts(outcomes.series, outcomes.tested, (BEGIN + 10) * 1000).rate == Rate(0, 1)


@given(runs(), st.integers(-1, 101), st.integers(-1, 101))
def test_buildsets_end_with_their_last_job(made, begin, end):
    outcomes = outcomes_of(made)
    last = defaultdict(float)
    for run in made:
        key = (run.buildset, run.commit, run.change, run.patchset)
        last[key] = max(last[key], run.ended_at)
    keys = ended_between(
        outcomes.series, outcomes.tested.keys(), (BEGIN + begin) * 1000, (BEGIN + end) * 1000
    )
    found = [outcomes.tested[key] for key in keys]
    assert set(found) == {key for key, at in last.items() if BEGIN + begin < at <= BEGIN + end}
    assert [last[one] for one in found] == sorted((last[one] for one in found), reverse=True)


def test_pipelines_are_known_by_a_word_of_their_name():
    assert [is_gate(name) for name in ("gate", "gate-stable", "release-gate", "investigate", "check")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert [is_check(name) for name in ("check", "check-arm64", "recheck", "gate")] == [
        True, True, False, False,
    ]  # fmt: skip
