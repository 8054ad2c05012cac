"""JUnit XML read: as the tools in use write it, and as nobody should."""

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.cases import verdict
from sfcci.gate.job import JobResult, Result
from sfcci.gate.junit import junit_xml
from sfcci.gate.junit_read import MAX_TAG, read_junit

NOW_S = 1_800_000_000.0
PYTEST = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0"
 failures="1" skipped="1" tests="4" time="12.5" timestamp="2026-11-20T10:00:00.250000+00:00" hostname="node">
<testcase classname="tests.a" name="test_one" time="1.500"/>
<testcase classname="tests.a" name="test_two" time="2.250"><failure message="AssertionError: assert 1 == 2&#10;more">
def test_two():
E   assert 1 == 2</failure></testcase>
<testcase classname="tests.a" name="test_three" time="0.000"><skipped type="pytest.skip" message="no lab">x</skipped></testcase>
<testcase classname="tests.a" name="test_four" time="0.1"><error message="failed on setup">
Traceback</error></testcase></testsuite></testsuites>"""
STESTR = b"""<testsuite errors="0" failures="1" name="" tests="2" time="1,234.5">
<testcase classname="networking_sfc.tests.TestChain" name="test_create[id-1]" time="0.5"/>
<testcase classname="networking_sfc.tests.TestChain" name="test_delete" time="1"><failure type="testtools.testresult.real._StringException">
Traceback (most recent call last):
ValueError: no</failure></testcase></testsuite>"""
BEGIN_S = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


def read(data, latest_s=NOW_S):
    return read_junit([data] if isinstance(data, bytes) else data, "r.xml", latest_s)


def refusal(data):
    with pytest.raises(InputError) as caught:
        read(data)
    return str(caught.value)


def test_what_pytest_writes_is_read():
    found = read(PYTEST)
    assert (found.started_s, found.duration_s) == (BEGIN_S + 0.25, 12.5)
    assert [(case.name, case.result, case.reason) for case in found.cases] == [
        ("tests.a.test_one", Result.SUCCESS, ""),
        ("tests.a.test_two", Result.FAILURE, "AssertionError: assert 1 == 2"),
        ("tests.a.test_three", Result.SKIPPED, "no lab"),
        ("tests.a.test_four", Result.FAILURE, "failed on setup"),
    ]
    assert [case.started_s - BEGIN_S for case in found.cases] == [0.25, 1.75, 4.0, 4.0]
    assert verdict(found.cases) == (
        Result.FAILURE,
        (
            "2 of 4 tests failed",
            "tests.a.test_two: AssertionError: assert 1 == 2",
            "tests.a.test_four: failed on setup",
        ),
    )


def test_what_stestr_writes_has_no_time():
    found = read(STESTR)
    assert (found.started_s, found.duration_s) == (None, 1234.5)
    assert [case.reason for case in found.cases] == ["", "Traceback (most recent call last):"]


def test_it_makes_no_difference_how_the_octets_come():
    assert read([PYTEST[at : at + 7] for at in range(0, len(PYTEST), 7)]) == read(PYTEST)


def test_our_own_document_gives_the_results_that_it_was_made_of():
    runs = [
        JobResult(
            f"r{n}",
            f"job-{n}",
            result,
            "t",
            "gate",
            "h",
            "p",
            "main",
            1_700_000_000 + n,
            1500,
            reasons=("why",),
        )
        for n, result in enumerate(Result)
    ]
    found = read(junit_xml(runs).encode())
    known = [case.result for case in found.cases]
    assert known == [result for result in Result if result is not Result.RETRY]  # attempts are no cases
    assert found.started_s == 1_700_000_000


def test_suites_side_by_side_and_in_each_other_last_from_the_first_begin_to_the_last_end():
    found = read(
        b'<testsuites><testsuite timestamp="2026-11-20T10:00:00" time="10"><testsuite timestamp="2026-11-20T10:00:05" '
        b'time="3"><testcase name="a" time="1"/></testsuite></testsuite>'
        b'<testsuite timestamp="2026-11-20T10:01:00" time="5"/></testsuites>'
    )
    assert (found.started_s, found.duration_s) == (BEGIN_S, 65)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "r.xml:1:1: no element found; expected JUnit XML"),
        (b"<html></html>", "r.xml:1:1: the root <html>; expected <testsuites> or <testsuite>"),
        (b"<testsuite>\n <testcase name='a'>", "r.xml:2:21: no element found"),
        (b"<testsuite>\n</testsuites>", "r.xml:2:3: mismatched tag"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>',
            "a document type declaration; expected JUnit XML, which has none",
        ),
        (b"<testsuite>&b;</testsuite>", "r.xml:1:12: undefined entity"),
        (
            b'<?xml version="1.0" encoding="utf-8"?><testsuite name="\xff"/>',
            "r.xml:1:56: not well-formed (invalid token)",
        ),
        (b'<?xml version="1.0" encoding="nonsense"?><testsuite/>', "r.xml:1:31: unknown encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><testsuite/>', "expected an encoding such as utf-8"),
        (b"<testsuite time='nan'/>", "r.xml:1:1: the time 'nan'; expected seconds from 0 to"),
        (b"<testsuite time='1e300'/>", "the time '1e300'"),
        (b"<testsuite time='-5'/>", "the time '-5'"),
        (b"<testsuite time='" + b"9" * 10_000 + b"'/>", "the time '9999"),
        (
            b"<testsuite timestamp='2036-01-01T00:00:00' time='1'/>",
            "expected a time since 1970 that has passed",
        ),
        (b"<testsuite timestamp='1969-12-31T00:00:00'/>", "expected a time since 1970 that has passed"),
        (b"<testsuite timestamp='yesterday'/>", "r.xml:1:1: the timestamp 'yesterday'; expected a time as"),
        (b"<testsuite timestamp='0001-01-01T00:00:00+23:59'/>", "the timestamp"),
        (
            b"<testsuite><testcase name='a&#10;b'/></testsuite>",
            r"r.xml:1:12: the name 'a\nb'; expected characters",
        ),
        (b"<testsuite><testcase/></testsuite>", "the name ''"),
        (b"<testsuite>" + b"<a>" * 40, "r.xml:1:105: elements nested too deeply; expected at most 32 levels"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_its_place(data, said):
    assert said in refusal(data)


def test_a_tag_without_end_is_refused_before_it_fills_the_memory():
    def endless():
        yield b"<testsuite name='"
        while True:
            yield b"x" * 2**20

    assert f"a tag of more than {MAX_TAG >> 20} MiB" in refusal(endless())


def test_a_text_without_end_takes_no_memory():
    def long():
        yield b"<testsuite timestamp='2026-11-20T10:00:00'><testcase name='a'><failure>boo "
        for _ in range(200):
            yield b"x" * 2**20
        yield b"</failure></testcase></testsuite>"

    (case,) = read(long()).cases
    assert case.reason.startswith("boo xxx")
    assert len(case.reason) == 300


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_damage_is_refused_or_read_and_never_a_traceback(seed, count):
    chance = random.Random(seed)  # noqa: S311 - a seed for each example
    data = bytearray(PYTEST)
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        read(bytes(data))
    except InputError as error:
        assert str(error).startswith("r.xml")  # noqa: PT017 - either is right


def test_a_hundred_thousand_cases_are_read_in_some_seconds():
    case = b"<testcase classname='tests.a' name='test_%d' time='0.1'><failure message='no'>x</failure></testcase>"
    body = b"".join(case % number for number in range(100_000))
    data = b"<testsuite timestamp='2026-11-20T10:00:00'>" + body + b"</testsuite>"
    begin = time.process_time()
    assert len(read(data).cases) == 100_000
    assert time.process_time() - begin < 8
