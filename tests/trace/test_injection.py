"""Packets to be injected: whole and right, or refused in words."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.errors import UsageError
from sfcci.trace.injection import KINDS, Injection, checksum, frames
from sfcci.trace.packet import decode

ENDS = {"4": ("10.0.0.1/24", "10.0.0.2"), "6": ("fd00::1/64", "fd00::2")}
OWN, THEIRS = "02:00:00:00:00:01", "02:00:00:00:00:02"


def injection(kind="udp4", **given):
    src_ip, dst_ip = ENDS[kind[-1] if kind[-1] in ENDS else "4"]
    return Injection(kind, **{"src_ip": src_ip, "dst_ip": dst_ip, "dst_mac": THEIRS, **given})


def sent(wanted, seed=1):
    return list(frames(wanted, OWN, random.Random(seed).randrange))  # noqa: S311 - no secret


def sums(frame):
    """Give the checksums over IPv4's header and over what is above IP; 0 where they are right."""
    at = 12
    while frame[at : at + 2] == b"\x81\x00":
        at += 4
    at += 2
    if frame[at] >> 4 == 4:
        header, body, number = frame[at : at + 20], frame[at + 20 :], frame[at + 9]
        pseudo = header[12:20] + struct.pack("!HH", number, len(body))
        return checksum(header), checksum(body if number == 1 else pseudo + body)
    body, number = frame[at + 40 :], frame[at + 6]
    return 0, checksum(frame[at + 8 : at + 40] + struct.pack("!II", len(body), number) + body)


@settings(max_examples=40)
@given(
    st.sampled_from(KINDS),
    st.text(max_size=100),
    st.integers(1, 4),
    st.integers(0, 5),
    st.sampled_from(["unique", "random"]),
    st.lists(st.integers(1, 4094), max_size=2).map(tuple),
    st.integers(),
)
def test_every_packet_is_whole_and_its_checksums_are_right(kind, payload, count, more, mode, vlans, seed):
    wanted = injection(kind, payload=payload, count=count, inc_payload=more, mode=mode, vlans=vlans, ttl=9)
    made = sent(wanted, seed)
    assert len(made) == count
    for number, frame in enumerate(made):
        packet = decode(frame)
        assert sums(frame) == (0, 0)
        assert not packet.truncated
        assert (packet.eth_src, packet.eth_dst, packet.vlans, packet.ttl) == (OWN, THEIRS, vlans, 9)
        assert (packet.src, packet.dst) == tuple(end.partition("/")[0] for end in ENDS[kind[-1]])
        assert packet.payload_length == (len(payload.encode()) or 56) + number * more


@pytest.mark.parametrize("kind", KINDS)
def test_packets_are_of_one_flow_or_each_of_another(kind):
    def flow(frame):
        packet = decode(frame)
        return packet.five_tuple, packet.icmp_id

    given_ends = {"src_port": 1000, "dst_port": 80, "id": 77, "count": 5}
    one = {flow(frame) for frame in sent(injection(kind, **given_ends))}
    assert len(one) == 1
    assert any(word in str(one) for word in ("sport=1000, dport=80", "77"))
    assert len({flow(frame) for frame in sent(injection(kind, **given_ends, mode="random"))}) == 5


def test_packets_are_what_their_kind_says():
    assert {decode(frame).icmp_type for frame in sent(injection("icmp4"))} == {8}
    assert {decode(frame).icmp_type for frame in sent(injection("icmp6"))} == {128}
    assert [decode(frame).icmp_seq for frame in sent(injection("icmp", count=3))] == [0, 1, 2]
    assert {decode(frame).tcp_flags for frame in sent(injection("tcp6"))} == {2}
    ids = [decode(frame).ip_id for frame in sent(injection("tcp4", count=3))]
    assert len(set(ids)) == 3, "each packet can be told from the next"


def test_the_interfaces_own_address_is_used_unless_another_is_given():
    assert decode(sent(injection())[0]).eth_src == OWN
    assert decode(sent(injection(src_mac="02-00-00-00-00-09"))[0]).eth_src == "02:00:00:00:00:09"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"kind": "gre4"}, "packets of type 'gre4'; there are: icmp4"),
        ({"src_ip": "10.0.0"}, "IP address '10.0.0' is none"),
        ({"dst_ip": "fd00::1"}, "the versions of IP differ"),
        ({"kind": "udp6"}, "the versions of IP differ"),
        ({"dst_mac": "02:00"}, "MAC address '02:00' is none; it looks like"),
        ({"src_mac": "x"}, "MAC address 'x' is none"),
        ({"dst_port": 65536}, "dst_port 65536 is not from 0 to 65535"),
        ({"count": 0}, "count 0 is not from 1"),
        ({"ttl": 0}, "ttl 0 is not from 1 to 255"),
        ({"vlans": (4095,)}, "each is from 1 to 4094"),
        ({"mode": "both"}, "mode 'both'; there are: unique, random"),
        ({"payload": "x" * 65500}, "a payload of 65500 octets"),
        ({"count": 1000, "inc_payload": 100}, "a payload of 99956 octets"),
    ],
)
def test_what_makes_no_packet_is_refused(given, why):
    kind = given.pop("kind", "udp4")
    ends = dict(zip(("src_ip", "dst_ip"), ENDS["4"], strict=True))
    with pytest.raises(UsageError, match=why):
        Injection(kind, **{**ends, "dst_mac": THEIRS, **given})
