"""Cases: what a test runner wrote down about its tests, and the runs of jobs that they are.

A file of a test runner is one run of one job, as a CI system has it: FAILURE when a test failed, with the tests that did as
reasons; SKIPPED when none ran. Asked for, each test is a run of its own, of a job of the test's name.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.job import BAD, JobResult, Result

MAX_NAME = 255
MAX_REASONS = 20
MAX_REASON = 300
LONGEST_S = 45 * 86400
"""No test runs longer: such a figure is damage."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_UNSHOWN = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Origin:
    """What an imported file does not say of itself: where its runs belong, what they tested. `at_s`: when they ended."""

    tenant: str
    pipeline: str
    host: str
    project: str
    branch: str
    job: str = ""
    commit: str = ""
    change: str = ""
    patchset: str = ""
    buildset: str = ""
    voting: bool = True
    log_url: str = ""
    at_s: float | None = None


@dataclass(frozen=True)
class Case:
    """A test that ended. Times are epoch seconds and seconds; `started_s` is None when the file has no time."""

    name: str
    result: Result
    started_s: float | None
    duration_s: float
    reason: str
    place: Place


@dataclass(frozen=True)
class TestRun:
    """The tests of one file, and the time from the first one's begin to the last one's end."""

    started_s: float | None
    duration_s: float
    cases: tuple[Case, ...]


def runs_of(found: TestRun, origin: Origin, content: str, *, each: bool = False) -> Iterator[JobResult]:
    """Give the runs that a file's tests are; `content` is a digest of the file. Raises InputError.

    Ids come from the content and the series: the same file imported again gives the same runs, for another job others.
    """
    started_s = found.started_s
    if started_s is None:
        if origin.at_s is None:
            raise InputError(_no_time(found))
        started_s = origin.at_s - found.duration_s
    if not each:
        result, reasons = verdict(found.cases)
        yield _run(
            origin, origin.job, f"{content} {origin.at_s}", (result, reasons, started_s, found.duration_s)
        )
        return
    at_s = started_s
    for number, case in enumerate(found.cases):
        check_job(case.name, case.place)
        begin_s = at_s if case.started_s is None else case.started_s
        at_s = begin_s + case.duration_s
        reasons = (case.reason,) if case.reason and case.result in BAD else ()
        told = (case.result, reasons, begin_s, case.duration_s)
        yield _run(origin, case.name, f"{content} {origin.at_s} {number}", told)


def verdict(cases: tuple[Case, ...]) -> tuple[Result, tuple[str, ...]]:
    """Give the result of a job that ran these tests, and why."""
    bad = [case for case in cases if case.result in BAD]
    if bad:
        first = [_short(f"{case.name}: {case.reason or case.result}") for case in bad[:MAX_REASONS]]
        more = [f"and {len(bad) - MAX_REASONS} more tests failed"] if len(bad) > MAX_REASONS else []
        return Result.FAILURE, (f"{len(bad)} of {len(cases)} tests failed", *first, *more)
    if any(case.result is Result.SUCCESS for case in cases):
        return Result.SUCCESS, ()
    return Result.SKIPPED, (f"all of {len(cases)} tests were skipped" if cases else "no test ran",)


def plain(text: str) -> str:
    """Give the first line that says something, without colours and control characters, and not too long."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    lines = (
        re.sub(r"[^\S ]|[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", line).strip() for line in text.split("\n")
    )
    return _short(next(filter(None, lines), ""))


def is_name(text: str) -> bool:
    """Say whether a text can name something: it has characters, not too many, and no control character."""
    return 0 < len(text) <= MAX_NAME and (text.isprintable() or not _CONTROL.search(text))


def check_job(name: str, place: Place) -> None:
    """Raise InputError when a name cannot be a job's."""
    if not is_name(name):
        raise InputError(
            Fault(place, f"the name {_short(name)!a}", f"1 to {MAX_NAME} characters, none of control")
        )


def _short(text: str) -> str:
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."


def _no_time(found: TestRun) -> Fault:
    place = found.cases[0].place if found.cases else Place("the file")
    return Fault(
        place, "the file does not say when its tests ran", hint="say when they ended: --at 2026-11-20T14:30Z"
    )


_Told = tuple[Result, tuple[str, ...], float, float]


def _run(origin: Origin, job: str, content: str, told: _Told) -> JobResult:
    result, reasons, started_s, duration_s = told
    series = (origin.tenant, origin.pipeline, origin.host, origin.project, origin.branch, job)
    name = "\0".join((*series, content))
    return JobResult(
        run=hashlib.sha256(name.encode()).hexdigest()[:32],
        job=job,
        result=result,
        tenant=origin.tenant,
        pipeline=origin.pipeline,
        host=origin.host,
        project=origin.project,
        branch=origin.branch,
        started_at=started_s,
        duration_ms=round(duration_s * 1000),
        buildset=origin.buildset,
        voting=origin.voting,
        commit=origin.commit,
        reasons=reasons,
        log_dir=origin.log_url,
        change=origin.change,
        patchset=origin.patchset,
    )
