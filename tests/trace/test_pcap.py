import contextlib
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath import pcapng
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import InputError
from sfcci.trace import pcap
from sfcci.trace.packet import decode

from .frames import NS, ipv4, request, tcp

FRAMES = [(NS, request(), 54), (NS + 1, b"x" * 20, 1514)]


def classic(order="<", magic=0xA1B2C3D4, link_type=1):
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)
    return head + struct.pack(order + "IIII", 1700000000, 5, 3, 60) + b"abc"


@given(st.lists(st.tuples(st.integers(0, 2**32 * 10**9 - 1), st.binary(max_size=40), st.integers(40, 65535))))
def test_what_is_written_is_read_back(frames):
    found = list(pcap.read(b"".join(pcap.dump(frames, 101))))
    assert found == [CapturedFrame(time_ns, "", "", data, length, 101) for time_ns, data, length in frames]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_either_byte_order_and_unit_is_read(order, magic, unit):
    (frame,) = pcap.read(classic(order, magic, 113))
    assert frame == CapturedFrame(1_700_000_000 * 10**9 + 5 * unit, "", "", b"abc", 60, 113)


def test_both_formats_are_told_apart_and_read_from_a_path_and_a_stream(tmp_path):
    one = CapturedFrame(NS, "tap", "in", request(), 54)
    path = tmp_path / "capture"
    path.write_bytes(pcapng.dump([one]))
    assert list(pcap.read(path)) == [one]
    assert [frame.data for frame in pcap.read(io.BytesIO(b"".join(pcap.dump(FRAMES))))] == [
        data for _, data, _ in FRAMES
    ]


def test_a_pcapng_may_have_any_link_type():
    octets = bytearray(pcapng.dump([CapturedFrame(NS, "tun", "", ipv4(tcp()), 40)]))
    octets[28 + 8 : 28 + 10] = struct.pack("<H", 101)
    (frame,) = pcap.read(bytes(octets))
    assert (frame.link_type, decode(frame.data, frame.link_type).dport) == (101, 80)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "byte 0: an empty file; expected a pcap or pcapng file"),
        (b"GIF89a", "byte 0: no capture"),
        (classic()[:20], "byte 20: ends in the middle of the header"),
        (classic()[:-1], "byte 24: ends in the middle of a frame"),
        (classic() + b"\0\0", "byte 43: ends in the middle of a frame's header"),
        (classic()[:32] + b"\xff\xff\xff\x7f" + bytes(20), "byte 24: a frame of 2147483647 bytes"),
        (pcapng.header(["a"])[:-1], "ends in the middle of a block"),
        (pcapng.header([]) + struct.pack("<II", 6, 2**31 - 4), "block length 2147483644; expected at most"),
    ],
)
def test_a_broken_capture_is_refused_with_the_octet(octets, said):
    with pytest.raises(InputError) as refused:
        list(pcap.read(octets))
    assert said in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no\.pcap: No such file"):
        list(pcap.read(tmp_path / "no.pcap"))


def test_frames_before_a_damage_are_given_one_at_a_time():
    frames = pcap.read(classic() + b"\0")
    assert next(frames).data == b"abc"
    with pytest.raises(InputError):
        next(frames)


@given(st.binary(max_size=200), st.sampled_from([b"", classic(), pcapng.header(["a"])]))
def test_any_octets_are_read_or_refused(octets, before):
    with contextlib.suppress(InputError):
        list(pcap.read(before + octets))
