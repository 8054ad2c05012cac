"""From how a worker ended to a result."""

import pytest

from sfcci.gate.job import BAD, Job, JobResult, Result, exit_status
from sfcci.gate.order import End, Verdict
from sfcci.gate.outcome import after_attempts, conclude

JOB = Job("a", ("gate",), 60.0)


@pytest.mark.parametrize(
    ("end", "result", "reason"),
    [
        (
            End("exited", -9, "SIGKILL (signal 9)"),
            Result.RETRY,
            "the job's process was ended by SIGKILL (signal 9) while step 1 of 2",
        ),
        (
            End("exited", 70, "", ("ValueError: x", "see worker.log")),
            Result.ERROR,
            "sfcci failed with status 70 while step 1 of 2",
        ),
        (
            End("time", -9),
            Result.TIMED_OUT,
            "the job did not end within 60 s while step 1 of 2; it was killed with all",
        ),
        (End("canceled", -9), Result.CANCELED, "it was canceled while step 1 of 2"),
        (End("lost", -9, "SIGKILL (signal 9)"), Result.RETRY, "ended by SIGKILL"),
        (End("lost", -99), Result.RETRY, "ended by an unknown signal"),
    ],
)
def test_an_end_without_a_verdict_is_a_result_all_the_same(end, result, reason):
    found = conclude(JOB, None, end, "step 1 of 2")
    assert found.result is result
    assert reason in found.reasons[0]


@pytest.mark.parametrize("end", [End("exited"), End("time", -9), End("canceled", -9), End("lost", -9)])
def test_a_verdict_stands_however_its_process_went_away(end):
    verdict = Verdict(Result.FAILURE, ("it went astray",))
    assert conclude(JOB, verdict, end, "") is verdict


def test_only_the_last_attempt_is_the_limit():
    retry = Verdict(Result.RETRY, ("no lab",))
    assert [after_attempts(JOB, number, retry).result for number in (1, 2, 3)] == [
        Result.RETRY,
        Result.RETRY,
        Result.RETRY_LIMIT,
    ]
    failure = Verdict(Result.FAILURE)
    assert after_attempts(JOB, 3, failure) is failure


def results(*given):
    return [
        JobResult("r", "a", result, "t", "gate", "h", "p", "main", 0.0, 1, voting=voting)
        for result, voting in given
    ]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([], 0),
        ([(Result.SUCCESS, True), (Result.SKIPPED, True), (Result.RETRY, True)], 0),
        ([(Result.FAILURE, False)], 0),
        *(([(result, True)], 1) for result in BAD if result is not Result.NODE_FAILURE),
        ([(Result.NODE_FAILURE, True)], 3),
        ([(Result.NODE_FAILURE, True), (Result.FAILURE, True)], 1),
        ([(Result.ERROR, True)], 3),
        ([(Result.CANCELED, True), (Result.SUCCESS, True)], 3),
    ],
)
def test_a_gate_is_well_only_when_every_voting_job_is_known_to_be(given, status):
    assert exit_status(results(*given)) == status
