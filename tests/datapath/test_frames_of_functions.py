"""What a function on packet sockets makes of a frame, octet by octet."""

import ipaddress
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfcci.chain.table import label
from sfcci.datapath.inside.service_function import Router, mpls, nsh
from sfcci.datapath.inside.stream_receiver import ranges
from sfcci.datapath.stream import judged, missing
from sfcci.datapath.topology import rooms

ETHERNET = bytes.fromhex("020000000001020000000002")
OWN, OUT, NEXT = ETHERNET[:6], bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
addresses4, addresses6 = st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)


def checksum(data):
    """The Internet checksum (RFC 1071), as plainly as can be."""
    total = sum(word for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source, destination, payload, *, checked=True):
    """Give a UDP packet of either IP version in an Ethernet frame, with 7 hops to live."""
    length = 8 + len(payload)
    pseudo = source + destination + struct.pack("!HH", 17, length)
    bare = struct.pack("!HHHH", 5000, 6000, length, 0) + payload
    total = checksum(pseudo + bare) or 0xFFFF
    segment = bare[:6] + struct.pack("!H", total if checked else 0) + payload
    if len(source) == 16:
        head = struct.pack("!IHBB", 6 << 28, length, 17, 7) + source + destination
        return ETHERNET + b"\x86\xdd" + head + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 7, 17, 0) + source + destination
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return ETHERNET + b"\x08\x00" + head + segment


def lived(frame):
    """Give the frame as one hop later, with the router's addresses."""
    again = bytearray(NEXT + OUT + frame[12:])
    if frame[12:14] == b"\x08\x00":
        again[22] -= 1
        again[24:26] = b"\0\0"
        again[24:26] = struct.pack("!H", checksum(bytes(again[14:34])))
    else:
        again[21] -= 1
    return bytes(again)


@pytest.mark.parametrize("addresses", [addresses4, addresses6])
def test_a_translated_packet_is_what_its_new_sender_would_have_sent(addresses):
    @given(addresses, addresses, addresses, st.binary(max_size=40), st.booleans())
    @example(b"\0" * 4, b"\0" * 4, b"\xff" * 4, b"", True)
    def law(old, new, destination, payload, checked):
        if len({len(old), len(new), len(destination)}) > 1 or len({old, new, destination}) < 3:
            return
        checked = checked or len(old) == 16
        router = Router(set(), {destination: NEXT, old: NEXT}, [(old, new)])
        there = router.change(OWN, OUT)(udp(old, destination, payload, checked=checked))
        assert there == lived(udp(new, destination, payload, checked=checked))
        back = router.change(OWN, OUT)(udp(destination, new, payload, checked=checked))
        assert back == lived(udp(destination, old, payload, checked=checked))

    law()


def unreachable(source, destination, inner):
    """Give an ICMP error of either IP version about a packet, as whom its frame was for sends it."""
    sixth, quoted = len(source) == 16, inner[14:]
    head = bytes([1, 4] if sixth else [3, 3])
    pseudo = source + destination + struct.pack("!II", 8 + len(quoted), 58) if sixth else b""
    total = checksum(pseudo + head + bytes(6) + quoted)
    message = head + struct.pack("!H", total) + bytes(4) + quoted
    if sixth:
        ip = struct.pack("!IHBB", 6 << 28, len(message), 58, 7) + source + destination
        return ETHERNET + b"\x86\xdd" + ip + message
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 1, 0, 7, 1, 0) + source + destination
    return ETHERNET + b"\x08\x00" + ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + message


@pytest.mark.parametrize("addresses", [addresses4, addresses6])
def test_an_error_about_a_translated_packet_tells_its_sender_of_its_own(addresses):
    @given(st.lists(addresses, min_size=4, max_size=4, unique=True), st.binary(max_size=40), st.booleans())
    def law(ends, payload, checked):
        old, new, destination, between = ends
        change = Router(set(), {old: NEXT}, [(old, new)]).change(OWN, OUT)
        sent, came = (udp(one, destination, payload, checked=checked) for one in (old, new))
        for teller in (destination, between):
            assert change(unreachable(teller, new, came)) == lived(unreachable(teller, old, sent))

    law()


def test_a_router_forwards_what_is_sent_to_it_and_for_somebody_else_and_may_live():
    source, destination = (ipaddress.ip_address(text).packed for text in ("10.0.0.1", "10.0.0.2"))
    frame = udp(source, destination, b"x")
    route = Router({destination}, {}, []).change
    assert route(OWN, OUT)(frame) == b""  # its own: the kernel's
    route = Router(set(), {destination: NEXT}, []).change
    assert route(OUT, OUT)(frame) == b""  # another machine's frame
    assert route(OWN, OUT)(frame) == lived(frame)
    old = bytearray(frame)
    old[22] = 1
    assert route(OWN, OUT)(bytes(old)) == b""
    assert route(OWN, OUT)(ETHERNET + b"\x08\x06" + bytes(28)) == b""
    assert route(OWN, OUT)(frame[:30]) == b""


@given(
    st.integers(1, 4095), st.integers(0, 255), st.integers(0, 7), st.integers(0, 255), st.binary(max_size=9)
)
def test_an_mpls_function_takes_one_from_label_and_ttl_and_nothing_else(spi, si, tc, ttl, payload):
    def frame(si, ttl):
        return (
            ETHERNET
            + b"\x88\x47"
            + struct.pack("!I", label(spi, si) << 12 | tc << 9 | 1 << 8 | ttl)
            + payload
        )

    assert mpls(frame(si, ttl)) == (frame(si - 1, ttl - 1) if si and ttl > 1 else b"")


@given(st.integers(0, 2**24 - 1), st.integers(0, 255), st.binary(max_size=40))
def test_an_nsh_function_takes_one_from_the_service_index_and_nothing_else(spi, si, payload):
    def frame(si):
        return ETHERNET + b"\x89\x4f" + bytes.fromhex("0fc60103") + struct.pack("!I", spi << 8 | si) + payload

    assert nsh(frame(si)) == (frame(si - 1) if si else b"")


@pytest.mark.parametrize("function", [mpls, nsh])
def test_what_has_no_encapsulation_goes_nowhere(function):
    for frame in (
        b"",
        ETHERNET + b"\x08\x00" + bytes(40),
        ETHERNET + b"\x88\x47\0",
        ETHERNET + b"\x89\x4f\0",
    ):
        assert function(frame) == b""


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_every_number_that_did_not_come_is_missing_and_no_other(sent, came):
    came = {number for number in came if number < sent}
    gaps = missing(ranges(sorted(came)), sent)
    assert [n for first, last in gaps for n in range(first, last + 1)] == sorted(set(range(sent)) - came)
    record = {
        "came": len(came),
        "duplicated": 0,
        "late": 0,
        "numbers": ranges(sorted(came)),
        "ttls": {},
        "delays_us": {},
    }
    assert judged(record, sent).lost == sent - len(came)


def test_packets_that_have_passed_fewer_functions_are_counted():
    record = {
        "came": 5,
        "duplicated": 0,
        "late": 0,
        "numbers": [[0, 4]],
        "ttls": {"62": 3, "63": 2},
        "delays_us": {},
    }
    assert judged(record, 5).ttls == {62: 3, 63: 2}


def test_the_room_on_a_cable_is_what_its_pairs_encapsulation_adds():
    pairs = [("a", "b", None), ("b", "c", "mpls"), ("c", "d", "nsh")]
    assert rooms(pairs) == {"a": 0, "b": 4, "c": 38, "d": 38}
