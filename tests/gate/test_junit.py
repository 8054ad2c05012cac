"""JUnit XML."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from sfcci.gate.job import JobResult, Result
from sfcci.gate.junit import junit_xml


def run(number, result, *reasons):
    return JobResult(
        f"r{number}",
        f"job-{number}",
        result,
        "t",
        "gate",
        "h",
        "sfcci/sfcci",
        "main",
        1_700_000_000.0 + number,
        1500,
        reasons=reasons,
        log_dir="/logs" if reasons else "",
    )


def test_a_buildset_is_one_suite():
    text = junit_xml(
        [
            run(2, Result.TIMED_OUT, "no time left"),
            run(1, Result.FAILURE, "vm3 <b>", "more"),
            run(3, Result.SUCCESS),
            run(4, Result.SKIPPED, "no RPM"),
        ]
    )
    assert (
        text
        == """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="gate" tests="4" failures="1" errors="1" skipped="1" time="6.000" timestamp="2023-11-14T22:13:21">
    <testcase classname="sfcci_sfcci.main" name="job-1" time="1.500">
      <failure message="vm3 &lt;b&gt;" type="FAILURE">vm3 &lt;b&gt;
more</failure>
      <system-out>evidence: /logs</system-out>
    </testcase>
    <testcase classname="sfcci_sfcci.main" name="job-2" time="1.500">
      <error message="no time left" type="TIMED_OUT">no time left</error>
      <system-out>evidence: /logs</system-out>
    </testcase>
    <testcase classname="sfcci_sfcci.main" name="job-3" time="1.500" />
    <testcase classname="sfcci_sfcci.main" name="job-4" time="1.500">
      <skipped message="no RPM" type="SKIPPED">no RPM</skipped>
      <system-out>evidence: /logs</system-out>
    </testcase>
  </testsuite>
</testsuites>
"""
    )


@given(st.text())
def test_whatever_a_program_said_the_document_stays_well_formed(text):
    ET.fromstring(junit_xml([run(1, Result.FAILURE, text)]))  # noqa: S314 - our own document
