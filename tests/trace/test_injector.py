"""Packets put onto an interface: its neighbour answers them."""

import threading

import pytest
from captured_world import World, frame

from sfcci.errors import UsageError
from sfcci.trace.injection import Injection
from sfcci.trace.injector import inject, inject_frames
from sfcci.trace.live import Live, Wanted
from sfcci.trace.opener import Gone, opened
from sfcci.trace.packet import RST, decode

pytestmark = pytest.mark.lab
PATIENCE_S = 60


@pytest.fixture(scope="module")
def opener():
    world = World()
    world.keeper.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=0"])
    world.ip(
        "link set tapa address 02:00:00:00:00:0a",
        "address add 10.0.0.2/24 dev tapa",
        "address add fd00::2/64 dev tapa nodad",
        "netns exec a ip link set eth0 address 02:00:00:00:00:0b",
        "netns exec a ip address add 10.0.0.1/24 dev eth0",
        "netns exec a ip address add fd00::1/64 dev eth0 nodad",
        "link set tapb mtu 1000",
    )
    with opened(world.keeper, "one") as made:
        yield made
    world.raising.end()


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("icmp", lambda p: p.icmp_type in (0, 129)),
        ("tcp", lambda p: p.tcp_flags & RST),
        ("udp", lambda p: p.icmp_inner),
    ],
)
def test_a_neighbour_answers(opener, kind, version, answer):
    ends = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}[version]
    wanted = Injection(kind, *ends, "02:00:00:00:00:0a", dst_port=9)
    answered = threading.Event()

    def heard(_time_ns, seen, _length, outgoing):
        if not outgoing and answer(decode(seen)):
            answered.set()

    with Live(opener) as live:
        live.want({1: Wanted("a", "eth0", heard, bpf="ip or ip6")})
        assert inject(opener, "a", "eth0", wanted) == 1
        assert answered.wait(PATIENCE_S)


def test_frames_of_a_capture_go_out_as_they_are(opener):
    seen, told = [], []
    whole = [frame(number, vlan=number + 1) for number in range(3)]
    with Live(opener) as live:
        live.want({1: Wanted("a", "eth0", lambda *given: seen.append(given[1]), bpf="udp or vlan")})
        assert inject_frames(opener, "", "tapa", lambda _mac: whole, interval_ms=1, sent=told.append) == 3
        live.drain()
    assert seen == whole
    assert told == [1, 2, 3]


def test_an_injection_ends_when_it_is_told_to(opener):
    stop = threading.Event()
    wanted = Injection(
        "udp", "10.0.0.1", "10.0.0.2", "02:00:00:00:00:0a", count=1 << 30, interval_ms=3_600_000
    )
    assert inject(opener, "a", "eth0", wanted, stop=stop, sent=lambda _count: stop.set()) == 1


def test_what_cannot_be_sent_is_said(opener):
    wanted = Injection("udp", "10.0.0.1", "10.0.0.2", "02:00:00:00:00:0a", payload="x" * 1100)
    with pytest.raises(UsageError, match="a frame is longer than interface tapb takes"):
        inject(opener, "", "tapb", wanted)
    with pytest.raises(Gone, match="interface eth9: No such device"):
        inject(opener, "a", "eth9", wanted)
    with pytest.raises(Gone, match="namespace c of lab one"):
        inject(opener, "c", "eth0", wanted)
