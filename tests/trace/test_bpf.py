"""Filters as tcpdump writes them."""

import contextlib
import subprocess
import sys

import pytest
from captured_world import frame
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError, MissingTool
from sfcci.trace import bpf

pytestmark = pytest.mark.lab  # where programs that capture are, libpcap is too


def test_a_filter_says_whether_a_frame_is_meant():
    assert bpf.compiled("udp port 80").matches(frame())
    assert bpf.compiled("host 10.0.0.2 and not tcp").matches(frame())
    assert not bpf.compiled("udp port 81").matches(frame())
    assert not bpf.compiled("udp port 80").matches(frame(vlan=5))
    assert bpf.compiled("vlan 5 and udp port 80").matches(frame(vlan=5))


def test_no_filter_takes_all_and_needs_no_library(monkeypatch):
    monkeypatch.setattr(bpf, "LIBRARIES", ())
    bpf._library.cache_clear()
    bpf.compiled.cache_clear()
    try:
        assert bpf.compiled("").matches(b"")
        with pytest.raises(MissingTool, match="filters need libpcap, which is not installed"):
            bpf.compiled("tcp")
    finally:
        bpf._library.cache_clear()


def test_a_filter_is_for_frames_of_a_link_type():
    assert bpf.compiled("udp port 80", bpf.RAW_IP).matches(frame()[14:])
    assert not bpf.compiled("udp port 80", bpf.ETHERNET).matches(frame()[14:])


def test_lengths_are_those_of_the_whole_frame():
    assert bpf.compiled("greater 1000").matches(frame()[:60], 1200)
    assert not bpf.compiled("greater 1000").matches(frame()[:60])


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("udp prt 80", "syntax error"),
        ("host", "syntax error"),
        ("(" * 1000, "syntax error"),
        ("port 70000", "port number 70000 > 65535"),
        ("ip and arp", "expression rejects all packets"),
        ("x" * 5000, "at most 2048 printable characters"),
        ("tcp\0", "printable"),
        ("host \u00e4\u00df\u20ac", "filter: "),
    ],
)
def test_a_bad_filter_is_said_in_libpcaps_words(expression, why):
    with pytest.raises(InputError, match=why):
        bpf.compiled(expression)


WORDS = st.sampled_from(
    [
        "tcp",
        "port",
        "80",
        "(",
        ")",
        "and",
        "or",
        "not",
        "vlan",
        "ip[0]",
        "&",
        "=",
        "net",
        "10.0.0.0/8",
        "icmp",
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join), st.binary(max_size=200))
def test_any_words_are_a_filter_or_a_fault(expression, data):
    with contextlib.suppress(InputError):
        assert bpf.compiled(expression).matches(data) in (True, False)


def test_the_library_is_loaded_when_a_filter_is_asked_for():
    code = "import sys; from sfcci.trace import bpf; bpf.compiled(''); print(open('/proc/self/maps').read().count('libpcap'))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "0\n"
    )
