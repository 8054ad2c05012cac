"""Words that say which request is meant."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import UsageError
from sfcci.trace.flowfilter import Filter, is_id, parse, tracked
from sfcci.trace.packet import FiveTuple

NAMES = {"source": ("10.0.0.3", "fd00::3"), "dest": ("10.0.0.8",), "dest_port": ("10.0.0.8",)}
WEB = FiveTuple("10.0.0.3", "10.0.0.8", 6, 40000, 80)
DNS = FiveTuple("10.0.0.3", "10.0.0.8", 17, 40000, 53)
PING = FiveTuple("10.0.0.3", "10.0.0.8", 1, 7, 7)
SIXTH = FiveTuple("fd00::3", "fd00::8", 58, 7, 7)
ALL = (WEB, DNS, PING, SIXTH)


def wanted(text):
    found = parse(text.split(" "), NAMES)
    return [flow for flow in ALL if found(flow)]


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("", ALL),
        ("10.0.0.3 -> 10.0.0.8 tcp 80", [WEB]),
        ("10.0.0.3->10.0.0.8 tcp port 80", [WEB]),
        ("source to dest", [WEB, DNS, PING]),
        ("source dest udp", [DNS]),
        ("source", ALL),
        ("-> dest_port icmp", [PING]),
        ("icmp", [PING, SIXTH]),
        ("any → 10.0.0.8:53", [DNS]),
        ("10.0.0.0/24:40000 ->", [WEB, DNS]),
        ("[fd00::3]:7 -> any", [SIXTH]),
        ("fd00::/64 -> fd00::8", [SIXTH]),
        ("tcp 8080", []),
        ("dest -> source", []),
    ],
)
def test_a_request_is_meant_by_its_ends_its_protocol_and_its_port(text, flows):
    assert wanted(text) == list(flows)


def test_an_id_is_one_conversation_both_ways():
    id_ = tracked(WEB)
    assert wanted(id_) == [WEB]
    assert tracked(FiveTuple("10.0.0.8", "10.0.0.3", 6, 80, 40000)) == id_
    assert [is_id([word]) for word in (id_, "80", "tcp", "")] == [True, False, False, False]


def test_answers_are_of_the_request_that_is_meant():
    found = parse(["source", "to", "dest", "tcp", "80"], NAMES)
    assert [found.either(flow) for flow in (WEB, FiveTuple("10.0.0.8", "10.0.0.3", 6, 80, 40000), DNS)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sourec -> dest", "no address and no host 'sourec'; did you mean source?"),
        ("10.0.0.300 -> dest", "no address and no host '10.0.0.300'; "),
        ("source dest extra tcp", "'source dest extra tcp': 'extra' is too much; expected [FROM] -> [TO]"),
        ("source -> dest -> source", "'->' is too much"),
        ("tcp http", "'http' is no port; expected a number up to 65535"),
        ("tcp 65536", "'65536' is no port"),
        ("udp 53 53", "'53' is too much"),
        ("icmp 8", "'8' is too much"),
    ],
)
def test_what_cannot_be_meant_is_said(text, says):
    with pytest.raises(UsageError) as error:
        parse(text.split(), NAMES)
    assert says in str(error.value)


@given(
    st.lists(
        st.sampled_from(
            [
                "->",
                "to",
                "tcp",
                "udp",
                "80",
                "source",
                "10.0.0.0/8",
                "any",
                "[",
                "::",
                ":80",
                "port",
                "x y",
                "",
            ]
        )
    )
)
def test_any_words_are_a_filter_or_an_error(words):
    with contextlib.suppress(UsageError):
        assert isinstance(parse(words, NAMES), Filter)
