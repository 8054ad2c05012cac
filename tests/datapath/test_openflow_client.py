"""A connection to a real Open vSwitch: bundles, refusals, what it holds, ports, packets that wait."""

import socket
import threading

import pytest
from openflow_switch import switch, wait

from sfcci.chain.action import Output, Pause, Resubmit, SetField, ToGroup
from sfcci.chain.openflow import OUR_COOKIE, Bucket, Flow, Group, match
from sfcci.chain.program import Change, Program, Verb, changes, program_of
from sfcci.datapath import openflow_client as client
from sfcci.datapath import openflow_event as event
from sfcci.datapath import openflow_message as wire
from sfcci.errors import Unreachable

__all__ = ["switch"]
GOOD = Flow(40, 1, match(in_port=1), (Output(2),))
LACKS = Flow(40, 1, match(in_port=2), (SetField("tcp_dst", 80),))
NO_GROUP = Flow(40, 1, match(in_port=3), (ToGroup(77),))
GROUP = Group(9, ("ip_src", "tcp_src"), (Bucket(1, (Output(1),)), Bucket(2, (Output(2),), 2)))


def frame(number):
    return bytes.fromhex("020000000002020000000001" + "88b5") + number.to_bytes(46, "big")


@pytest.fixture
def bridge(switch):
    with client.connect(switch.address) as up:
        yield up
        up.apply(changes(program_of(up.held().flows, up.held().groups), Program()))


@pytest.fixture(scope="module")
def two_ports(switch):
    for number in (1, 2):
        switch.add_port(f"p{number}", number)
    return switch


def add(*items):
    return [Change(Verb.FLOW_ADD if isinstance(i, Flow) else Verb.GROUP_ADD, i) for i in items]


@pytest.mark.lab
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (LACKS, "an action was refused: the match lacks what the action needs"),
        (NO_GROUP, "an action was refused: a group that it does not have"),
    ],
)
def test_a_change_that_is_refused_is_named_and_none_is_done(bridge, bad, why):
    bridge.apply(add(GROUP))
    before = bridge.held()
    with pytest.raises(client.Refused) as refused:
        bridge.apply(add(GOOD, bad))
    assert [refusal.change.item for refusal in refused.value.refusals] == [bad]
    assert f"took none of the changes\n  flow add {bad}: {why}" in str(refused.value)
    assert bridge.held() == before
    bridge.apply(add(GOOD))  # the connection is as good as before
    assert bridge.held().flows == (GOOD,)


@pytest.mark.lab
def test_all_that_is_refused_at_sight_is_named(bridge):
    with pytest.raises(client.Refused) as refused:
        bridge.apply(add(LACKS, GOOD, LACKS))
    assert len(refused.value.refusals) == 2


@pytest.mark.lab
def test_a_change_that_no_message_can_carry_is_told_and_none_is_done(bridge):
    huge = Group(9, ("ip_src",), tuple(Bucket(number, (Output(1),)) for number in range(3000)))
    with pytest.raises(
        client.Refused, match="…: it takes more than the 65535 octets that a message has"
    ) as refused:
        bridge.apply(add(GOOD, huge))
    assert [refusal.change.item for refusal in refused.value.refusals] == [huge]
    assert len(str(refused.value)) < 1000
    assert bridge.held() == client.Held((), ())
    bridge.apply(add(GOOD))  # the connection is as good as before
    assert bridge.held().flows == (GOOD,)


@pytest.mark.lab
def test_a_group_changes_and_goes(bridge):
    bridge.apply(add(GROUP))
    other = Group(9, ("ip_src", "tcp_src"), GROUP.buckets[:1])
    bridge.apply([Change(Verb.GROUP_MODIFY, other)])
    assert bridge.held().groups == (other,)
    bridge.apply([Change(Verb.GROUP_DELETE, other)])
    assert bridge.held() == client.Held((), ())


@pytest.mark.lab
def test_flows_of_others_are_not_ours_and_a_part_can_be_asked_for(bridge):
    mine = Flow(41, 1, match(), (), OUR_COOKIE | 7)
    bridge.apply(add(GOOD, mine, Flow(42, 1, match(), (), 0x1234)))
    assert set(bridge.held().flows) == {GOOD, mine}
    assert bridge.held(OUR_COOKIE | 7, (1 << 64) - 1).flows == (mine,)
    bridge.apply([Change(Verb.FLOW_DELETE, Flow(42, 1, match(), ()))])


@pytest.mark.lab
def test_what_somebody_else_made_of_ours_is_told_in_words(switch, bridge):
    words = f"cookie={OUR_COOKIE:#x},table=9,priority=3,actions=learn(table=8,in_port=1)"
    switch.run("ovs-ofctl", "-O", "OpenFlow15", "add-flow", switch.address, words)
    held = bridge.held()
    assert not held.flows
    assert len(held.unread) == 1
    assert "a flow that is not as we make them: action 16" in held.unread[0]
    switch.clear()


@pytest.mark.lab
def test_many_flows_go_and_come_back_the_same(bridge):
    many = [
        Flow(10, 5, match(eth_type=0x800, ip_src=n), (SetField("reg0", n), Resubmit(20)))
        for n in range(20_000)
    ]
    bridge.apply(add(*many))
    assert set(bridge.held().flows) == set(many)


@pytest.mark.lab
def test_what_becomes_of_ports_is_told(switch, bridge):
    told = []

    def happened(fate, name, up):
        bridge.look(0.05)
        told.extend(bridge.events())
        return any((e.fate, e.port.name, e.port.up) == (fate, name, up) for e in told)

    switch.add_port("p7", 7)
    wait(lambda: happened(event.PortFate.ADDED, "p7", True) or happened(event.PortFate.CHANGED, "p7", True))
    assert bridge.ports()[7] == event.SwitchPort(7, "p7", True)
    switch.control("netdev-dummy/set-admin-state", "p7", "down")
    wait(lambda: happened(event.PortFate.CHANGED, "p7", False))
    assert not bridge.ports()[7].up
    switch.vsctl("del-port", "p7")
    wait(
        lambda: (
            any(e.fate is event.PortFate.DELETED and e.port.number == 7 for e in told)
            or happened(event.PortFate.DELETED, "p7", False)
        )
    )
    assert 7 not in bridge.ports()


@pytest.mark.lab
def test_packets_wait_and_go_on_in_their_order_by_the_flows_of_then(two_ports, bridge):
    bridge.want_paused()
    waits = Flow(0, 1, match(in_port=1), (Pause(), Resubmit(12)), OUR_COOKIE | 5)
    bridge.apply(add(waits, Flow(12, 1, match(), ())))
    frames, parking = [frame(number) for number in range(200)], event.Parking()

    def parked():
        bridge.look(0.05)
        for packet in bridge.events():
            if isinstance(packet, event.Paused):
                assert (packet.cookie, packet.in_port) == (OUR_COOKIE | 5, 1)
                assert parking.park(packet)
        return len(parking) == len(frames)

    for octets in frames:
        two_ports.receive("p1", octets)
    wait(parked)
    before = len(two_ports.sent("p2"))
    bridge.apply(add(Flow(12, 1, match(), (Output(2),))))
    packets = parking.leave()
    assert [packet.frame for packet in packets] == frames
    assert bridge.resume(packets) == 200
    wait(lambda: len(two_ports.sent("p2")) >= before + 200)
    assert two_ports.sent("p2")[before:] == frames


def test_parking_is_bounded_and_counts_what_it_loses():
    parking = event.Parking(limit=25)
    assert [parking.park(event.Paused(b"0123456789", 0, b"")) for _ in range(4)] == [True, True, False, False]
    assert (len(parking), parking.lost, len(parking.leave()), len(parking), parking.octets) == (2, 2, 2, 0, 0)


@pytest.mark.lab
def test_a_bridge_of_another_version_is_told(switch):
    switch.vsctl("add-br", "br1", "--", "set", "bridge", "br1", "datapath_type=dummy", "protocols=OpenFlow13")
    with pytest.raises(Unreachable, match=r"speaks no OpenFlow 1\.5 \(ovs-vsctl add bridge"):
        client.connect(switch.address.replace("br0", "br1"))
    switch.vsctl("del-br", "br1")


@pytest.mark.lab
def test_a_switch_over_tcp_is_as_good(switch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    switch.vsctl("set-controller", "br0", f"ptcp:{port}:127.0.0.1")
    with client.connect(f"tcp:127.0.0.1:{port}") as bridge:
        bridge.apply(add(GOOD))
        assert bridge.held().flows == (GOOD,)
        bridge.apply([Change(Verb.FLOW_DELETE, GOOD)])
    switch.vsctl("del-controller", "br0")


def test_no_switch_is_told():
    with pytest.raises(Unreachable, match="no switch: unix:/nowhere"):
        client.connect("unix:/nowhere")


@pytest.fixture
def peer():
    """Both ends of a connection, the other one greeted as a switch would."""
    ours, theirs = socket.socketpair()
    theirs.sendall(wire.hello(1) + wire.message(wire.BARRIER_REPLY, 3))
    with theirs, client.Switch(ours, "unix:here") as bridge:
        yield bridge, theirs


def test_an_echo_is_answered(peer):
    bridge, theirs = peer
    theirs.recv(1000)
    theirs.sendall(wire.message(wire.ECHO_REQUEST, 77, b"still there?"))
    bridge.look(60)
    assert theirs.recv(1000) == wire.message(wire.ECHO_REPLY, 77, b"still there?")


def test_a_switch_that_ends_while_it_is_asked_is_told(peer):
    bridge, theirs = peer
    ender = threading.Thread(target=lambda: (theirs.recv(1000), theirs.close()))
    ender.start()
    with pytest.raises(Unreachable, match=r"the switch at unix:here: .*; does ovs-vswitchd run\?"):
        bridge.apply(add(GOOD))
    ender.join()
    with pytest.raises(Unreachable):
        bridge.look()


def test_what_is_no_openflow_is_told(peer):
    bridge, theirs = peer
    theirs.sendall(b"HTTP/1.1 400 Bad\0\0\0\0")
    with pytest.raises(Unreachable, match="no OpenFlow"):
        bridge.held()
