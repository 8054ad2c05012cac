"""Frames of interfaces as they pass: none missed, each as it was on the wire, whatever becomes of interface and sink."""

import sys
import time
from pathlib import Path

import pytest
from captured_world import Cable, World, all_of, frame, number_of

from sfcci.errors import InputError
from sfcci.trace import bpf
from sfcci.trace import live as live_module
from sfcci.trace import ring as ring_module
from sfcci.trace.live import ACTIVE, FAILED, WAITING, Live, Wanted
from sfcci.trace.opener import Gone, opened

pytestmark = pytest.mark.lab
PATIENCE_S = 60


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    made.raising.end()


@pytest.fixture(scope="module")
def opener(world):
    with opened(world.keeper, "one") as made:
        yield made


@pytest.fixture
def live(opener):
    with Live(opener) as made:
        yield made


@pytest.fixture
def cable(opener):
    made = Cable(opener, "tapa")
    yield made
    made.close()


class Seen(list):
    """A sink that keeps what it gets."""

    def __call__(self, time_ns, frame, length, outgoing):
        self.append((time_ns, frame, length, outgoing))

    def numbers(self):
        return [number_of(frame) for _, frame, _, _ in self]


def until(true):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    assert true()


def test_all_that_passed_before_is_given_in_its_order_and_both_ways(live, cable):
    inside, beside, entering = Seen(), Seen(), Seen()
    live.want(
        {
            "inside": Wanted("a", "eth0", inside, bpf="udp"),
            "beside": Wanted("", "tapa", beside, bpf="udp"),
            "entering": Wanted("", "tapa", entering, bpf="udp", incoming_only=True),
        }
    )
    begin = time.time_ns()
    cable.send(*(frame(number, length=100 + number) for number in range(300)))
    live.drain()
    assert inside.numbers() == beside.numbers() == list(range(300))
    assert {outgoing for *_, outgoing in inside} == {False}
    assert {outgoing for *_, outgoing in beside} == {True}
    assert not entering
    times = [time_ns for time_ns, *_ in inside]
    assert begin - 10**9 < times[0] <= times[-1] < time.time_ns() + 10**9
    assert times == sorted(times)
    assert [len(seen) for _, seen, _, _ in inside] == [min(100 + number, 256) for number in range(300)]
    assert [length for _, _, length, _ in inside] == [100 + number for number in range(300)]


def test_a_sink_may_take_many_at_a_time(live, cable):
    batches, seen = [], Seen()
    live.want(
        {
            1: Wanted("a", "eth0", batches.extend, bpf="udp", batches=True),
            2: Wanted("a", "eth0", seen, bpf="udp"),
        }
    )
    live.do(lambda: cable.send(*(frame(number) for number in range(10))))
    live.drain()
    assert batches == seen
    assert len(seen) == 10


@pytest.mark.parametrize("batches", [True, False])
def test_one_sink_gets_the_frames_of_all_its_interfaces_in_their_order(opener, live, cable, batches):
    seen = Seen()
    sink = seen.extend if batches else seen.__call__
    other = Cable(opener, "tapb")
    live.want({name: Wanted(name, "eth0", sink, bpf="udp", batches=batches) for name in "ab"})
    for number in range(0, 2000, 4):
        cable.send(frame(number), frame(number + 1))
        other.send(frame(number + 2), frame(number + 3))
    live.drain()
    other.close()
    assert seen.numbers() == list(range(2000))
    live.want({"a": Wanted("a", "eth0", sink, bpf="udp", batches=batches)})
    cable.send(frame(2000))
    live.drain()
    assert seen.numbers() == list(range(2001))


def test_frames_that_leave_can_be_wanted_alone(live, cable):
    seen = Seen()
    live.want(
        {
            1: Wanted("a", "eth0", Seen(), bpf="udp"),
            2: Wanted("a", "eth0", seen, bpf="udp", outgoing_only=True),
            3: Wanted("", "tapa", seen, bpf="udp", outgoing_only=True),
        }
    )
    cable.send(frame(1), frame(2))
    live.drain()
    assert [(number_of(one), outgoing) for _, one, _, outgoing in seen] == [(1, True), (2, True)]
    assert [tap.received for tap in all_of(live)] == [2, 0, 2]


def test_frames_are_given_without_anybody_who_drains(live, cable):
    seen = Seen()
    live.want({1: Wanted("a", "eth0", seen, bpf="udp")})
    cable.send(frame(7))
    until(lambda: seen.numbers() == [7])


@pytest.mark.parametrize("way", ["ring", "socket"])
def test_a_vlan_tag_is_where_it_was_on_the_wire(live, cable, way, monkeypatch):
    if way == "socket":
        monkeypatch.setattr(ring_module.Ring, "_lay", no_ring)
    inside, beside, tagged, other, plain = Seen(), Seen(), Seen(), Seen(), Seen()
    live.want(
        {
            1: Wanted("a", "eth0", inside, header_size=128, bpf="udp or vlan"),
            2: Wanted("", "tapa", beside, header_size=128, bpf="udp or vlan"),
            3: Wanted("a", "eth0", tagged, bpf="vlan 5 and udp port 80"),
            4: Wanted("a", "eth0", other, bpf="vlan 6"),
            5: Wanted("a", "eth0", plain, bpf="udp port 80"),
        }
    )
    sent = [frame(1, vlan=5), frame(2, vlan=5, length=1000), frame(3), frame(4, vlan=5, port=81)]
    cable.send(*sent)
    live.drain()
    assert [seen for _, seen, _, _ in inside] == [one[:128] for one in sent]
    assert [seen for _, seen, _, _ in beside] == [one[:128] for one in sent]
    assert [length for _, _, length, _ in inside] == [100, 1000, 100, 100]
    assert tagged.numbers() == [1, 2]
    assert plain.numbers() == [3]
    assert not other


def no_ring(_ring):
    raise OSError("no memory")


def test_without_a_ring_a_socket_gives_the_same(live, cable, monkeypatch):
    monkeypatch.setattr(ring_module.Ring, "_lay", no_ring)
    inside, beside = Seen(), Seen()
    live.want({1: Wanted("a", "eth0", inside, "udp", 64), 2: Wanted("", "tapa", beside, "udp", 64)})
    begin = time.time_ns()
    cable.send(*(frame(number) for number in range(50)))
    live.drain()
    assert inside.numbers() == beside.numbers() == list(range(50))
    assert {(len(seen), length, outgoing) for _, seen, length, outgoing in inside} == {(64, 100, False)}
    assert {outgoing for *_, outgoing in beside} == {True}
    assert begin - 10**9 < inside[0][0] < time.time_ns() + 10**9


def test_frames_without_room_are_counted(live, cable, monkeypatch):
    monkeypatch.setattr(live_module, "MOST_SLOTS", 1024)
    seen = Seen()
    live.want({1: Wanted("a", "eth0", seen, bpf="udp", header_size=64)})
    sent = live_module.MOST_SLOTS * 2
    live.do(
        lambda: cable.send(*[frame(number, length=60) for number in range(sent)])
    )  # nobody reads meanwhile
    live.drain()
    (tap,) = all_of(live)
    assert tap.dropped > 0
    assert tap.received == len(seen)
    assert tap.received + tap.dropped == sent
    assert seen.numbers() == list(range(len(seen)))
    assert all_of(live) == [tap], "looking at the counters does not change them"


def test_a_wish_that_stands_loses_nothing_when_others_change(live, cable):
    stays, other = Seen(), Seen()
    wanted = {"stays": Wanted("a", "eth0", stays, bpf="udp")}
    for number in range(0, 30, 3):
        live.want(wanted | ({"other": Wanted("a", "eth0", other, bpf="udp")} if number % 2 else {}))
        cable.send(*(frame(number + more) for more in range(3)))
    live.drain()
    assert stays.numbers() == list(range(30))
    assert other.numbers() == [number for number in range(30) if number % 6 > 2]
    live.want({})
    cable.send(frame(1))
    live.drain()
    assert len(stays) == 30
    assert live.states() == {}


def test_a_bad_filter_is_said_and_changes_nothing(live, cable):
    seen = Seen()
    live.want({1: Wanted("a", "eth0", seen, bpf="udp")})
    with pytest.raises(InputError, match=r"filter: udp prt 80: .*syntax error"):
        live.want({1: Wanted("a", "eth0", seen), 2: Wanted("a", "eth0", seen, bpf="udp prt 80")})
    cable.send(frame(1))
    live.drain()
    assert seen.numbers() == [1]


def test_a_sink_that_fails_hinders_no_other(live, cable):
    seen, got = Seen(), []

    def fails(*given):
        got.append(given)
        raise ValueError("full")

    live.want({1: Wanted("a", "eth0", fails, bpf="udp"), 2: Wanted("a", "eth0", seen, bpf="udp")})
    cable.send(frame(1), frame(2))
    live.drain()
    assert seen.numbers() == [1, 2]
    assert len(got) == 1
    told = live.states()
    assert (told[1].state, told[1].why) == (FAILED, "ValueError: full")
    assert told[2].state == ACTIVE


def test_an_interface_is_waited_for_and_comes_and_goes(world, opener, live):
    seen = Seen()
    world.ip("netns add c")
    wanted = {1: Wanted("c", "eth0", seen, bpf="udp"), 2: Wanted("nobody", "eth0", seen)}
    live.want(wanted)
    assert [(tap.state, tap.why) for tap in all_of(live)] == [
        (WAITING, "interface eth0: No such device"),
        (WAITING, "namespace nobody of lab one: No such file or directory"),
    ]
    for number in (1, 2):
        world.ip(*world.cable("c"))
        live.want(wanted)
        assert live.states()[1].state == ACTIVE
        cable = Cable(opener, "tapc")
        cable.send(frame(number))
        live.drain()
        cable.close()
        world.ip("link del tapc")
        until(lambda: live.states()[1].state == WAITING)
        assert live.states()[1].why == "interface eth0 is gone"
    assert seen.numbers() == [1, 2]
    assert live.states()[1].received == 2
    world.ip("netns del c")


def test_an_interface_that_was_down_goes_on(world, live, cable):
    seen = Seen()
    live.want({1: Wanted("a", "eth0", seen, bpf="udp")})
    cable.send(frame(1))
    world.ip("netns exec a ip link set eth0 down", "netns exec a ip link set eth0 up")
    cable.send(frame(2))
    live.drain()
    assert seen.numbers() == [1, 2]
    assert all_of(live)[0].state == ACTIVE


def test_what_is_done_meets_no_sink(live, cable):
    seen = Seen()
    live.want({1: Wanted("a", "eth0", seen, bpf="udp")})

    def work():
        cable.send(frame(1))
        before = len(seen)
        time.sleep(0.05)
        return before == len(seen)

    assert live.do(work)
    with pytest.raises(ZeroDivisionError):
        live.do(lambda: 1 / 0)
    live.drain()
    assert seen.numbers() == [1]


def handles():
    """Give how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_lab_that_ends_keeps_nothing_open():
    world, seen = World(), Seen()
    before = handles()
    with opened(world.keeper, "two") as opener, Live(opener) as live:
        live.want({1: Wanted("a", "eth0", seen, bpf="udp")})
        cable = Cable(opener, "tapa")
        cable.send(frame(1))
        world.raising.end()
        until(lambda: live.ended)
        cable.close()
        assert seen.numbers() == [1]
        assert [(tap.state, tap.why) for tap in all_of(live)] == [(WAITING, "the lab has ended")]
        live.drain()
        with pytest.raises(Gone, match="the lab has ended"):
            live.want({})
    assert handles() <= before


def test_a_loopback_tells_each_frame_once(world, live):
    seen = Seen()
    live.want({1: Wanted("", "lo", seen, bpf="udp")})
    words = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'hello', ('127.0.0.1', 9))"
    world.keeper.run([sys.executable, "-I", "-S", "-c", words])
    live.drain()
    assert [(frame[-5:], outgoing) for _, frame, _, outgoing in seen] == [(b"hello", False)]


def test_an_interface_without_ethernet_says_so_and_is_filtered_as_what_it_is(world, live):
    if world.keeper.run(["ip", "tuntap", "add", "tun0", "mode", "tun"], check=False).status:
        pytest.skip("no tunnel can be made here")
    live.want(
        {
            1: Wanted("", "tun0", Seen(), bpf="udp"),
            2: Wanted("", "tun0", Seen(), bpf="ether host 02:00:00:00:00:01"),
        }
    )
    assert [tap.link_type for tap in all_of(live)] == [
        bpf.RAW_IP,
        bpf.ETHERNET,
    ]  # the other one is not active
    assert live.states()[2].state == FAILED
    assert "only on ethernet" in live.states()[2].why


def test_it_sleeps_while_nothing_passes(opener, monkeypatch):
    looked, look = [], Live._look
    monkeypatch.setattr(Live, "_look", lambda self, events: looked.append(events) or look(self, events))
    with Live(opener) as live:
        live.want({1: Wanted("a", "eth0", Seen(), bpf="udp")})
        time.sleep(0.2)  # however long: nothing happens
        assert not looked
