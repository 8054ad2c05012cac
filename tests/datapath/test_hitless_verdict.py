"""The verdict on packets of a stream whose chain is changed: what it must see, seen on made-up passages."""

import struct

import pytest
from hitless_verdict import (
    ASTRAY,
    MORE,
    ORDER,
    PAST,
    PAYLOAD,
    Era,
    Passage,
    counted,
    faults,
    judged,
    passages,
)

from sfcci.datapath.pcapng import CapturedFrame

A, B, C = (frozenset([word]) for word in "abc")
OLD = Era(0, 200, (A, B))
NEW = Era(100, float("inf"), (B, A))


@pytest.mark.parametrize(
    ("sent", "came", "entered", "eras", "told"),
    [
        (10, 20, "ab", [OLD, NEW], ""),
        (10, 20, "ba", [OLD, NEW], ORDER),
        (10, 20, "b", [OLD, NEW], PAST),
        (10, 20, "", [OLD, NEW], PAST),
        (10, 20, "aba", [OLD, NEW], ASTRAY),
        (10, 150, "ab", [OLD, NEW], ""),
        (10, 150, "ba", [OLD, NEW], ""),
        (10, 150, "aba", [OLD, NEW], MORE),
        (10, 150, "aa", [OLD, NEW], PAST),
        (150, 160, "ab", [OLD, NEW], ""),
        (201, 300, "ab", [OLD, NEW], ORDER),
        (201, 300, "ba", [OLD, NEW], ""),
        (10, 20, "c", [Era(0, 99, (A | C,))], ""),
        (10, 20, "b", [Era(0, 99, (A | C,))], PAST),
        (10, 20, "ac", [Era(0, 99, (A | C,))], ASTRAY),
        (10, 20, "a", [Era(0, 99, ())], ASTRAY),
    ],
)
def test_a_packet_has_all_functions_of_a_chain_that_it_may_have_met(sent, came, entered, eras, told):
    assert judged(Passage(sent, came, list(entered)), eras) == told


def frame(at, port, way, number, *, header=b"", kind=b"\x08\x00", to="10.1.0.2"):
    ip = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 28 + PAYLOAD, 0, 0, 64, 17, 0, bytes(4), bytes(map(int, to.split(".")))
    )
    udp = struct.pack("!HHHH", 4000, 5000, 8 + PAYLOAD, 0)
    data = bytes(12) + kind + header + ip + udp + struct.pack("!QQ", number, at - 1) + bytes(PAYLOAD - 16)
    return CapturedFrame(at, port, way, data, len(data))


NSH_HEADER = struct.pack("!HBBI16x", 0x0FC6, 1, 3, 7 << 8 | 255) + bytes(12) + b"\x08\x00"
LABEL = struct.pack("!I", (7 * 256 + 255) << 12 | 0x100 | 255)


@pytest.mark.parametrize(
    ("header", "kind"), [(b"", b"\x08\x00"), (NSH_HEADER, b"\x89\x4f"), (LABEL, b"\x88\x47")]
)
def test_a_packet_is_known_again_under_what_its_chain_puts_around_it(header, kind):
    inside = {"header": header, "kind": kind}
    frames = [
        frame(40, "dest", "out", 3),
        frame(10, "source", "in", 3),
        frame(20, "ain", "out", 3, **inside),
        frame(30, "aout", "in", 3, **inside),
    ]
    found = passages(frames, {"source", "dest"})
    assert found == {("10.1.0.2", 5000, 3): Passage(9, 40, ["ain"], [10], [10], ("dest", "out", 40))}
    assert counted(found, [Era(0, 99, (frozenset(["ain"]),))], "10.1.0.2") == {"": 1}
    assert not counted(found, [], "10.1.0.3")


def test_a_packet_that_never_came_has_no_verdict():
    found = passages([frame(10, "source", "in", 3), frame(20, "ain", "out", 3)], {"source", "dest"})
    assert found[("10.1.0.2", 5000, 3)].entered == ["ain"]
    assert not counted(found, [Era(0, 99, ())], "10.1.0.2")
    told = "10.1.0.2:5000 number 3: lost; sent 0.0 ms after update 0 had begun, entered ain, last seen out at ain at 0.0 ms; orders then: a/c b"
    assert list(faults(found, [Era(0, 99, (A | C, B))], "10.1.0.2")) == [told]
