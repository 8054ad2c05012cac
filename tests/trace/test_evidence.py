"""Captures of a switch's ports that tell paths, and those that cannot."""

from dataclasses import replace

import pytest
from path_world import frames, meant

from sfcci.datapath import pcapng
from sfcci.errors import InputError
from sfcci.trace import pcap
from sfcci.trace.evidence import evidence_of
from sfcci.trace.passes import trails

WAY = ("source_vm_port<", "p1in>", "p1out<")


@pytest.fixture
def capture(tmp_path):
    def written(octets):
        (tmp_path / "seen").write_bytes(octets)
        return tmp_path / "seen"

    return written


def test_a_capture_with_ports_tells_paths(capture):
    (path,) = evidence_of(capture(pcapng.dump(frames("demo", *WAY))), meant("demo"))
    assert not path.ok


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (b"".join(pcap.dump([(1, b"x" * 60, 60)])), "nothing says at which port"),
        (pcapng.dump(replace(one, interface="eth9") for one in frames("demo", *WAY)), "interfaces eth9"),
        (pcapng.dump(replace(one, direction="") for one in frames("demo", *WAY)), "in which direction"),
        (pcapng.dump(frames("demo", *WAY))[:-9], "ends in the middle"),
        (b"", "an empty file"),
    ],
)
def test_a_capture_that_cannot_tell_paths_says_why(capture, seen, says):
    with pytest.raises(InputError, match=says):
        evidence_of(capture(seen), meant("demo"))


def test_frames_are_read_as_their_link_type_says():
    raw = [replace(one, data=one.data[14:], link_type=101) for one in frames("demo", *WAY)]
    (seen,), (same,) = (trails(given, meant("demo").nodes) for given in (raw, frames("demo", *WAY)))
    assert [(one.node, one.ttl, one.flow) for one in seen.passes] == [
        (one.node, one.ttl, one.flow) for one in same.passes
    ]


def test_more_than_can_be_kept_is_refused_for_a_part_would_look_like_losses():
    with pytest.raises(InputError, match=r"more than 2 frames.*more closely"):
        trails(frames("demo", *WAY), meant("demo").nodes, limit=2)
