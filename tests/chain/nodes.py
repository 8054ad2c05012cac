"""Nodes for tests: ports of a world spread over them, and packets of every kind from every port."""

from dataclasses import replace

from hypothesis import strategies as st

from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.chain.node import Node, places
from sfcci.chain.port import SwitchPort, mac_number

from .test_ways import HOSTS, packet

TUNNEL = 60000
BROADCAST, NOBODY, RESERVED = 0xFFFFFFFFFFFF, 0x020000009999, 0x0180C2000000


def stranger(number, network=0):
    """Give a port that no chain knows."""
    own = (f"10.0.0.{number}",)
    return SwitchPort(number, f"02:00:00:00:00:{number:02x}", own, network, own)


def node(number, numbers=(), sixth=False):
    address = f"fd00:aa::{number}" if sixth else f"192.0.2.{number}"
    return Node(f"node{number}", address, TUNNEL, dict(numbers))


def one_node(ports):
    """Everything on one switch, as it is."""
    return places({"node1": node(1)}, ports, dict.fromkeys(ports, "node1"))


@st.composite
def spreads(draw, ports):
    """Places of these ports on two to four nodes; the numbers that they have there are their own."""
    count = draw(st.integers(2, 4))
    at = {id_: f"node{draw(st.integers(1, count))}" for id_ in ports}
    shift, sixth = draw(st.sampled_from([0, 100])), draw(st.booleans())
    numbers = {port.number: port.number + shift for port in ports.values()} if shift else {}
    nodes = {f"node{n}": node(n, numbers if n % 2 else {}, sixth) for n in range(1, count + 1)}
    return places(nodes, ports, at, draw(st.sampled_from(ENCAPSULATIONS)))


def in_networks(ports, several):
    """The ports in one network without a number, or in one of several, with a stranger in each."""
    if not several:
        return {**ports, "stranger": stranger(5)}
    moved = {id_: replace(port, network=7) for id_, port in ports.items()}
    strangers = {"stranger": (5, 7), "other network": (4, 8), "other network too": (6, 8)}
    return moved | {id_: stranger(number, network) for id_, (number, network) in strangers.items()}


def plain_packets(ports):
    """Packets that hosts, functions and strangers may send: for somebody, for everybody, for nobody."""
    for sixth in (False, True):
        for port in (80, 81):
            for ends in (("src", "dst"), ("dst", "src"), ("other", "dst")):
                one = packet(*(HOSTS[end] for end in ends), sixth, tcp_src=port, tcp_dst=80)
                yield from (one | {"in_port": number} for number in (p.number for p in ports.values()))
    asked = {"eth_type": 0x806, "eth_src": 1}
    known = [mac_number(port.mac) for port in ports.values()]
    goals = (BROADCAST, NOBODY, RESERVED, *known[1::4], known[-1])
    for port in ports.values():
        yield from ({"in_port": port.number, "eth_dst": goal, **asked} for goal in goals)


def told(carried):
    """What became of a packet, in an order of its own."""
    return sorted(
        (one.port, one.place, one.back, sorted(one.packet.items())) for one in carried.departures
    ), carried.waits
