"""Subunit version 2 read; python-subunit, the format's own implementation, writes the streams and reads them, too."""

import io
import random
import struct
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.cases import verdict
from sfcci.gate.job import Result
from sfcci.gate.subunit import events, read_subunit

BEGIN = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOW_S = BEGIN.timestamp() + 86400
STATUSES = [None, "exists", "inprogress", "success", "uxsuccess", "skip", "fail", "xfail"]


def stream(*packets):
    v2 = pytest.importorskip("subunit.v2")
    out = io.BytesIO()
    writer = v2.StreamResultToBytes(out)
    for packet in packets:
        writer.status(**packet)
    return out.getvalue()


def told_of(name, *statuses, at=0.0, **others):
    return [
        {
            "test_id": name,
            "test_status": status,
            "timestamp": BEGIN + timedelta(seconds=at + number),
            **others,
        }
        for number, status in enumerate(statuses)
    ]


def read(data, latest_s=NOW_S):
    return read_subunit([data], "s", latest_s)


def refusal(data, latest_s=NOW_S):
    with pytest.raises(InputError) as caught:
        read(data, latest_s)
    return str(caught.value)


def test_tests_of_several_workers_are_read():
    found = read(
        stream(
            {"test_id": "a.listed", "test_status": "exists"},
            *told_of("a.good", "inprogress", "success", test_tags={"worker-0"}, route_code="0"),
            *told_of("a.bad", "inprogress", at=0.5, route_code="1"),
            {
                "test_id": "a.bad",
                "file_name": "traceback",
                "file_bytes": b"Traceback (most recent call last):\n  ...\nValueError: \x1b[31mno\x1b[0m\n",
                "mime_type": "text/x-traceback; charset=utf8",
                "route_code": "1",
            },
            *told_of("a.bad", "fail", at=4.5, route_code="1"),
            *told_of("a.skipped", "skip", at=5),
            *told_of("a.known", "inprogress", "xfail", at=6),
            *told_of("a.surprise", "inprogress", "uxsuccess", at=7),
            *told_of("a.lost", "inprogress", at=8.25),
            {"file_name": "stdout", "file_bytes": b"of no test"},
        )
    )
    assert (found.started_s, found.duration_s) == (BEGIN.timestamp(), 8.25)
    assert [(case.name, case.result, case.duration_s, case.reason) for case in found.cases] == [
        ("a.good", Result.SUCCESS, 1, ""),
        ("a.bad", Result.FAILURE, 4, "ValueError: no"),
        ("a.skipped", Result.SKIPPED, 0, ""),
        ("a.known", Result.SUCCESS, 1, ""),
        ("a.surprise", Result.FAILURE, 1, "succeeded unexpectedly"),
        ("a.lost", Result.FAILURE, 0, "began and never ended"),
    ]
    assert verdict(found.cases)[1][0] == "3 of 6 tests failed"


def test_a_stream_without_tests_ran_none():
    found = read(b"")
    assert (found.started_s, found.cases) == (None, ())
    assert verdict(found.cases) == (Result.SKIPPED, ("no test ran",))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
"""python-subunit refuses NUL in a text."""
MOMENTS = st.integers(86400, 2**32 - 1).map(lambda at_s: datetime.fromtimestamp(at_s + 0.25, UTC))
PACKETS = st.fixed_dictionaries(
    {
        "test_id": st.none() | TEXTS,
        "test_status": st.sampled_from(STATUSES),
        "test_tags": st.none() | st.sets(TEXTS, max_size=3),
        "runnable": st.booleans(),
        "eof": st.booleans(),
        "mime_type": st.none() | TEXTS,
        "route_code": st.none() | TEXTS,
        "timestamp": st.none() | MOMENTS,
    }
).flatmap(
    lambda packet: st.one_of(
        st.just(packet),
        st.builds(
            lambda name, content: {**packet, "file_name": name, "file_bytes": content},
            TEXTS,
            st.binary(max_size=20) | st.sampled_from([b"x" * 100, b"x" * 17_000]),
        ),
    )
)


class Heard:
    """What python-subunit reads, one entry for each call."""

    def __init__(self):
        self.said = []

    def status(self, **told):
        self.said.append(told)


@effort(max_examples=60, deadline=None)
@given(st.lists(PACKETS, max_size=6), st.integers(1, 40))
def test_what_the_formats_own_implementation_writes_and_reads_we_read_alike(packets, part):
    v2 = pytest.importorskip("subunit.v2")
    data = stream(*packets)
    ours = list(events((data[at : at + part * 100] for at in range(0, len(data), part * 100)), "s"))
    heard = Heard()
    v2.ByteStreamToStreamResult(io.BytesIO(data)).run(heard)
    assert len(ours) == len(packets) == len(heard.said)
    for event, told in zip(ours, heard.said, strict=True):
        assert event.test == (told["test_id"] or "")
        assert event.route == (told["route_code"] or "")
        assert STATUSES[event.status] == told["test_status"]
        assert event.file == (told["file_name"] or "")
        assert event.content == bytes(told["file_bytes"] or b"")
        moment = told["timestamp"]
        assert event.time_s == (None if moment is None else pytest.approx(moment.timestamp(), abs=1e-5))


def packed(flags, body, length=None):
    """A packet as its parts say, right or wrong."""
    size = 3 + 1 + len(body) + 4 if length is None else length
    head = b"\xb3" + struct.pack(">H", 0x2000 | flags) + bytes([size])
    return head + body + struct.pack(">I", zlib.crc32(head + body))


GOOD = packed(0x0800 | 3, b"\x01a")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (GOOD + b"hello", "s: octet 10: octet 0x68; expected 0xb3, the begin of a packet"),
        (GOOD + GOOD[:-3], "s: octet 10: the stream ends within a packet, 7 octets after its begin"),
        (GOOD + b"\xb3", "octet 10: the stream ends within a packet, 1 octets after its begin"),
        (GOOD + GOOD[:-1] + b"\0", "octet 10: the packet's checksum is wrong"),
        (b"\xb3\x13" + GOOD[2:], "octet 1: version 1; expected version 2 of subunit"),
        (b"\xb3\x28\x03\xff" + b"x" * 99, "octet 3: a length of four octets; expected three at most: 4 MiB"),
        (packed(0, b"", 3), "octet 3: a length of 3; expected 8 octets at least"),
        (packed(0, b"abc"), "octet 4: 3 octets that no flag tells of"),
        (packed(0x0800, b"\x3fa"), "octet 4: 63 octets reach beyond the packet"),
        (packed(0x0800, b""), "octet 4: a number reaches beyond the packet"),
        (packed(0x0800, b"\x01\xff"), "octet 4: a text that is not UTF-8 (invalid start byte)"),
        (packed(0x0200, b"\0\0"), "octet 4: a time reaches beyond the packet"),
        (packed(0x0200, b"\x6b\0\0\0\xff\xff\xff\xff"), "octet 8: 1073741823 nanoseconds of a second"),
        (packed(0x0200, b"\0\0\0\0\0"), "octet 0: the time 0; expected one since 1970 that has passed"),
        (packed(0x0200, b"\xf0\0\0\0\0"), "octet 0: the time 4026531840; expected one since 1970"),
        (packed(0x0080, b"\xff\xff\xff\xff"), "octet 8: a number reaches beyond the packet"),
        (packed(0x0800 | 3, b"\x03a\nb"), r"octet 0: the test 'a\nb'; expected no control character"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_its_octet(data, said):
    assert said in refusal(data)


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_damage_is_refused_or_read_and_never_a_traceback(seed, count):
    chance = random.Random(seed)  # noqa: S311 - a seed for each example
    data = bytearray(GOOD * 5)
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        read(bytes(data))
    except InputError as error:
        assert str(error).startswith("s: octet ")  # noqa: PT017 - either is right


def test_many_tests_are_read_each_once():
    moment = struct.pack(">I", int(BEGIN.timestamp())) + b"\0"
    data = b"".join(
        packed(0x0A00 | status, moment + b"\x09" + b"t%08d" % number)
        for number in range(10_000)
        for status in (2, 3)
    )
    assert len(read(data).cases) == 10_000
