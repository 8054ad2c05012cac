"""Results as GitHub's workflow commands."""

import re
from dataclasses import replace
from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import Place
from sfcci.gate.annotations import annotations
from sfcci.gate.job import Job, JobResult, Result

RUN = JobResult(
    "r1",
    "sfc-balance",
    Result.FAILURE,
    "t",
    "gate",
    "h",
    "p",
    "main",
    0.0,
    1,
    reasons=("vm1 got 0 of 60, 100% lost",),
)
JOB = Job("sfc-balance", ("gate",), 5, place=Place("/src/jobs/a.yaml", 14, 5))


def told(run, *, root="/src", job=JOB):
    return annotations([run], [job], PurePath(root))


def test_a_failure_is_an_error_at_the_jobs_declaration():
    assert told(replace(RUN, log_dir="/x")) == (
        "::error file=jobs/a.yaml,line=14,title=sfc-balance%3A FAILURE::vm1 got 0 of 60, 100%25 lost%0Aevidence: sfcci gate show r1",
    )


def test_a_job_from_elsewhere_has_no_file():
    assert told(RUN, root="/other")[0].startswith("::error title=sfc-balance%3A FAILURE::")


def test_what_does_not_vote_and_what_was_tried_again_are_warnings():
    assert told(replace(RUN, voting=False))[0].startswith("::warning ")
    assert told(replace(RUN, result=Result.RETRY))[0].startswith("::warning ")


def test_what_is_well_or_was_not_run_is_not_told():
    assert told(replace(RUN, result=Result.SUCCESS)) == ()
    assert told(replace(RUN, result=Result.SKIPPED)) == ()


@given(st.text(), st.text())
def test_nothing_that_a_program_says_is_a_command(reason, path):
    (line,) = told(replace(RUN, reasons=(reason,)), job=replace(JOB, place=Place(f"/src/{path}", 1)))
    found = re.fullmatch(r"::error ([^\r\n]*?)::([^\r\n]*)", line, re.DOTALL)
    assert found
    assert len(re.findall("[:,]", found[1])) == found[1].count(","), "colons of properties are escaped"
    assert found[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") == reason
