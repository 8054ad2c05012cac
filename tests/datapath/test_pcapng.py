"""Captures: bytes to frames and back, and what is broken is told, never a crash."""

import shutil
import struct
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath import pcapng
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import InputError

frames = st.builds(
    CapturedFrame,
    time_ns=st.integers(0, 2**63 - 1),
    interface=st.sampled_from(["p1in", "p1out", "tap75573219-cc", "Brücke"]),
    direction=st.sampled_from(["in", "out", ""]),
    data=st.binary(max_size=80),
    length=st.integers(0, 2**32 - 1),
)
FRAMES = (
    CapturedFrame(1_700_000_000_123_456_789, "p1in", "out", bytes(range(61)), 61),
    CapturedFrame(1_700_000_000_123_456_790, "p1out", "in", b"\xff" * 14, 1514),
)


@given(st.lists(frames, max_size=8).map(tuple))
def test_what_was_written_is_read_back(given_frames):
    assert pcapng.read(pcapng.dump(given_frames)) == given_frames


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_an_input_error(data):
    with suppress(InputError):
        pcapng.read(data)


@given(st.data())
def test_a_spoilt_capture_is_frames_or_an_input_error(data):
    good = bytearray(pcapng.dump(FRAMES))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        pcapng.read(bytes(good[: data.draw(st.integers(0, len(good)))]))


@pytest.mark.parametrize("cut", [1, 4, 11, 40])
def test_a_capture_that_was_cut_off_says_where(cut):
    with pytest.raises(InputError, match=r"byte \d+: ends in the middle of a block"):
        pcapng.read(pcapng.dump(FRAMES)[:-cut])


def big_endian_capture(resolution, ticks):
    """A section in the other byte order, with an unknown block, and time in units of its own."""

    def block(kind, body):
        size = len(body) + 12
        return struct.pack(">II", kind, size) + body + struct.pack(">I", size)

    interface = struct.pack(">HHI", 1, 0, 0) + struct.pack(">HH", 2, 4) + b"eth0"
    interface += struct.pack(">HHB3x", 9, 1, resolution) + struct.pack(">HHq", 14, 8, 5)
    packet = struct.pack(">IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, 3, 60) + b"abc\0"
    return (
        block(pcapng.SECTION, struct.pack(">IHHq", pcapng.BYTE_ORDER, 1, 0, -1))
        + block(0x0BAD, b"skip")
        + block(pcapng.INTERFACE, interface)
        + block(pcapng.ENHANCED_PACKET, packet)
    )


@pytest.mark.parametrize(("resolution", "ticks"), [(6, 2_000_000), (0x80 | 10, 2048), (3, 2000), (0, 2)])
def test_other_byte_orders_and_time_units_are_read(resolution, ticks):
    (frame,) = pcapng.read(big_endian_capture(resolution, ticks))
    assert frame == CapturedFrame(7 * 10**9, "eth0", "", b"abc", 60)
    assert frame.time_s == 7


def test_two_captures_one_behind_the_other_are_one():
    both = pcapng.read(pcapng.dump(FRAMES) + big_endian_capture(6, 0) + pcapng.dump(FRAMES[:1]))
    assert [frame.interface for frame in both] == ["p1in", "p1out", "eth0", "p1in"]


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.pcapng: No such file"):
        pcapng.read(tmp_path / "none.pcapng")


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump not installed")
def test_tcpdump_reads_what_was_written(tmp_path):
    path = tmp_path / "two.pcapng"
    path.write_bytes(pcapng.dump(FRAMES))
    shown = subprocess.run(
        ["tcpdump", "-n", "-tt", "-e", "-r", path], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    heads = [line for line in shown if not line.startswith("\t")]  # the others are bytes that it cannot name
    assert len(heads) == 2
    assert heads[0].startswith("1700000000.123456")
    assert "length 1514" in heads[1]
