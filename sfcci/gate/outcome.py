"""From how a worker ended to the result of its run: there is always one.

Zuul's lines between the results are kept. NODE_FAILURE: there is no machine to run on (a program or a privilege is
missing), so trying again would not help. RETRY: there is a machine, and what comes before the job's own work failed on it,
or the machine (the lab, the worker) was lost; it is tried again as often as the job says, then it is RETRY_LIMIT.
POST_FAILURE: the job's work is done, and its evidence could not be kept. ERROR: a fault of sfcci itself, which says nothing
about the job. A job that uses its time up is TIMED_OUT wherever it stands, and is not tried again.
"""

from sfcci.gate.job import BAD, Job, Result
from sfcci.gate.order import GRACE_S, End, Verdict

KEPT = (*BAD, Result.RETRY, Result.CONFIG_ERROR, Result.ERROR)
"""Results whose evidence is kept."""


def conclude(job: Job, told: Verdict | None, end: End, phase: str) -> Verdict:
    """Give the verdict on an attempt; `told` is the worker's own, None when it came to none while it was at `phase`."""
    if told is not None:
        return told
    at = f" while {phase}" if phase else ""
    if end.kind == "canceled":
        return Verdict(Result.CANCELED, (f"it was canceled{at}",))
    if end.kind == "time":
        killed = f"it was killed with all that it had started, {GRACE_S:g} s after its time was up"
        return Verdict(Result.TIMED_OUT, (f"the job did not end within {job.timeout_s:g} s{at}; {killed}",))
    if end.status < 0 or end.kind == "lost":
        return Verdict(
            Result.RETRY,
            (f"the job's process was ended by {end.signal or 'an unknown signal'}{at}", *end.said),
        )
    return Verdict(Result.ERROR, (f"sfcci failed with status {end.status}{at}", *end.said))


def after_attempts(job: Job, attempt: int, verdict: Verdict) -> Verdict:
    """Give the verdict with the attempts counted: the last RETRY is RETRY_LIMIT."""
    if verdict.result is not Result.RETRY or attempt < job.attempts:
        return verdict
    tried = "once" if attempt == 1 else f"{attempt} times"
    return Verdict(Result.RETRY_LIMIT, (*verdict.reasons, f"it was tried {tried}"))
