"""Chains of every kind: whom a packet visits on its way there and back, told by journeys through the program."""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.chain.compiler import compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup, Rewrite
from sfcci.chain.port import SwitchPort, mac_number
from sfcci.chain.program import doubles
from sfcci.chain.refusal import refusals

from .journey import Machine, journey

KINDS = ("router", "wire", "one port", "mpls", "nsh", "aware one port")
SOURCE, DESTINATION, OTHER = 1, 2, 3


def host(number):
    own = (f"10.0.0.{number}", f"fd00::{number}")
    return SwitchPort(number, f"02:00:00:00:00:{number:02x}", own, own=own)


HOSTS = {"src": host(SOURCE), "dst": host(DESTINATION), "other": host(OTHER)}


def function(name, number, kind, up=True):
    """Give the ports of a function, and the machine."""
    addresses = () if kind == "wire" else (f"10.0.1.{number}",)
    numbers = (number,) if "one port" in kind else (number, number + 1)
    ports = {
        f"{name}{side}": SwitchPort(n, f"02:00:00:00:01:{n:02x}", addresses, up=up)
        for side, n in zip(("in", "out"), numbers, strict=False)
    }
    return ports, Machine(
        {"one port": "router"}.get(kind, kind), numbers, tuple(mac_number(p.mac) for p in ports.values())
    )


@st.composite
def worlds(draw):
    """A chain of one to four groups of one to three functions of all kinds, with its ports and machines."""
    encapsulation = draw(st.sampled_from(["mpls", "nsh"]))
    symmetric = draw(st.booleans())
    ethertypes = draw(st.sampled_from([("IPv4",), ("IPv6",), ("IPv4", "IPv6")]))
    ports, machines, pairs, groups = dict(HOSTS), {}, [], []
    for g in range(draw(st.integers(1, 4))):
        tap = draw(st.booleans()) and draw(st.booleans())
        members = []
        for m in range(1 if tap else draw(st.integers(1, 3))):
            kind = draw(st.sampled_from(KINDS))
            kind = {"mpls": encapsulation, "nsh": encapsulation, "aware one port": "aware"}.get(kind, kind)
            name = f"f{g}{m}"
            correlation = encapsulation if kind in (encapsulation, "aware") else None
            shape = {"aware": "one port"}.get(kind, kind)
            up = draw(st.sampled_from([True, True, True, False]))
            mine, machine = function(name, 10 + 10 * g + 2 * m, shape, up)
            if kind == "aware":
                machine = Machine(encapsulation, machine.ports, machine.macs)
            if tap:
                machine = Machine("tap", machine.ports, machine.macs)
            ports |= mine
            machines |= dict.fromkeys(machine.ports, machine)
            egress = f"{name}out" if f"{name}out" in mine else f"{name}in"
            weight = draw(st.sampled_from([1, 1, 2, 0]))
            pairs.append(PortPair(name, name, f"{name}in", egress, correlation, weight))
            members.append(name)
        groups.append(PortPairGroup(f"g{g}", f"g{g}", g + 1, tuple(members), tap_enabled=tap))
    classifiers = tuple(
        FlowClassifier(
            f"fc{e}",
            f"fc{e}",
            "src",
            e,
            "tcp",
            destination_port_range_min=80,
            destination_port_range_max=80,
            logical_destination_port="dst" if symmetric else None,
        )
        for e in ethertypes
    )
    chain = PortChain(
        "pc",
        "pc",
        draw(st.sampled_from([1, 4095])),
        tuple(g.id for g in groups),
        tuple(c.id for c in classifiers),
        encapsulation,
        symmetric,
        draw(st.booleans()),
    )
    return ChainState(tuple(pairs), tuple(groups), classifiers, (chain,)), ports, machines


def packet(sender, receiver, sixth=False, **fields):
    version = 6 if sixth else 4
    source, destination = (
        next(int(ip_address(a)) for a in port.own if ip_address(a).version == version)
        for port in (sender, receiver)
    )
    layer = "ipv6" if sixth else "ip"
    return {
        "in_port": sender.number,
        "eth_type": 0x86DD if sixth else 0x800,
        "eth_src": mac_number(sender.mac),
        "eth_dst": mac_number(receiver.mac),
        "nw_proto": 6,
        "ip_frag": 0,
        f"{layer}_src": source,
        f"{layer}_dst": destination,
        **fields,
    }


def by_hash(group, packet):
    """Choose as a hash does: by what the packet says, ports of either end alike, so that answers meet the same one."""
    words = sorted(
        str(packet.get(name)) for name in ("ip_src", "ip_dst", "ipv6_src", "ipv6_dst", "tcp_src", "tcp_dst")
    )
    return group.buckets[sum(map(ord, "".join(words))) % len(group.buckets)]


def wanted(state, ports, back):
    """Give, for every group on the way, the ports by which its live members are entered; a tap is a set of its own."""
    pairs = {pair.id: pair for pair in state.port_pairs}
    (chain,) = state.port_chains
    steps = []
    for group in state.port_pair_groups[:: -1 if back else 1]:
        entries = set()
        for pair in (pairs[word] for word in group.port_pairs):
            entry, exit_ = (
                ports[end] for end in ((pair.egress, pair.ingress) if back else (pair.ingress, pair.egress))
            )
            if entry.up and (group.tap_enabled or (exit_.up and pair.weight)):
                entries.add(entry.number)
        steps.append((group.tap_enabled, entries))
    return chain, steps


def check(world, back, sixth=False):
    state, ports, machines = world
    ends = (HOSTS["dst"], HOSTS["src"]) if back else (HOSTS["src"], HOSTS["dst"])
    tcp = {"tcp_src": 80, "tcp_dst": 1234} if back else {"tcp_src": 1234, "tcp_dst": 80}
    program = compiled(state, ports).program
    assert not [*doubles(program)]
    entered, left = journey(program, packet(*ends, sixth, **tcp), machines, mac_number(ends[1].mac), by_hash)
    chain, steps = wanted(state, ports, back)
    visited = [port for port, _ in entered]
    for tap, entries in steps:
        if not entries and (tap or chain.fail_open):
            continue
        if not entries:
            assert not left
            return program, visited
        assert visited, (tap, entries)
        assert visited.pop(0) in entries
    assert not visited
    assert [port for port, _ in left] == [ends[1].number]
    assert left[0][1]["eth_dst"] == mac_number(ends[1].mac)
    assert left[0][1]["eth_type"] == (0x86DD if sixth else 0x800)
    return program, [port for port, _ in entered]


@given(worlds())
@settings(max_examples=200)
def test_a_packet_visits_one_live_function_of_each_group_in_order_and_then_its_destination(world):
    state, ports, _ = world
    if refusals(state, ports):
        return
    for classifier in state.flow_classifiers:
        check(world, False, classifier.ethertype == "IPv6")


@given(worlds())
@settings(max_examples=200)
def test_an_answer_visits_them_from_the_last_to_the_first(world):
    state, ports, _ = world
    (chain,) = state.port_chains
    if refusals(state, ports) or not chain.symmetric:
        return
    for classifier in state.flow_classifiers:
        check(world, True, classifier.ethertype == "IPv6")


@given(
    worlds(),
    st.sampled_from([("src", "other", 80), ("src", "dst", 81), ("other", "dst", 80), ("dst", "other", 9)]),
)
def test_other_packets_go_as_without_chains(world, whose):
    state, ports, machines = world
    if refusals(state, ports):
        return
    sender, receiver, port = whose
    (chain,) = state.port_chains
    if (sender, receiver) == ("src", "other") and not chain.symmetric:
        return  # the classifier names no destination
    program = compiled(state, ports).program
    other = packet(HOSTS[sender], HOSTS[receiver], tcp_src=7, tcp_dst=port)
    entered, left = journey(program, other, machines, 0, by_hash)
    assert not entered
    assert [port for port, _ in left] == [None]


@given(worlds())
def test_what_a_function_makes_up_goes_nowhere(world):
    state, ports, machines = world
    if refusals(state, ports):
        return
    program = compiled(state, ports).program
    for number in machines:
        made_up = packet(HOSTS["other"], HOSTS["dst"], tcp_src=7, tcp_dst=7, in_port=number)
        assert journey(program, made_up, machines, 0, by_hash) == ([], [])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_behind_a_function_that_changes_packets_they_are_known_by_what_it_makes_of_them(place):
    ports, machines, pairs, groups = dict(HOSTS), {}, [], []
    inside, outside = Rewrite("10.0.0.1/32"), Rewrite("10.0.9.9/32")
    for g in range(3):
        mine, machine = function(f"f{g}", 10 + 2 * g, "router")
        ports |= mine
        machines |= dict.fromkeys(machine.ports, machine)
        pairs.append(PortPair(f"f{g}", f"f{g}", f"f{g}in", f"f{g}out"))
        change = {"incoming": inside, "outgoing": outside} if g == place else {}
        groups.append(PortPairGroup(f"g{g}", f"g{g}", g + 1, (f"f{g}",), **change))
    classifier = FlowClassifier(
        "fc", "fc", "src", "IPv4", "tcp", source_ip_prefix="10.0.0.1/32", logical_destination_port="dst"
    )
    chain = PortChain("pc", "pc", 1, ("g0", "g1", "g2"), ("fc",), symmetric=True)
    program = compiled(ChainState(tuple(pairs), tuple(groups), (classifier,), (chain,)), ports).program
    translated = int(ip_address("10.0.9.9"))

    class Translator(Machine):
        def gives(self, packet, entered, way_on):
            back = super().gives(packet, entered, way_on)
            field = "ip_src" if entered == self.ports[0] else "ip_dst"
            return back | {field: translated if field == "ip_src" else int(ip_address("10.0.0.1"))}

    changer = machines[10 + 2 * place]
    machines |= dict.fromkeys(changer.ports, Translator("router", changer.ports, changer.macs))
    there = packet(HOSTS["src"], HOSTS["dst"], tcp_src=1, tcp_dst=80)
    entered, left = journey(program, there, machines, mac_number(HOSTS["dst"].mac), by_hash)
    assert ([port for port, _ in entered], [port for port, _ in left]) == ([10, 12, 14], [DESTINATION])
    back = packet(HOSTS["dst"], HOSTS["src"], tcp_src=80, tcp_dst=1, ip_dst=translated)
    entered, left = journey(program, back, machines, mac_number(HOSTS["src"].mac), by_hash)
    assert ([port for port, _ in entered], [port for port, _ in left]) == ([15, 13, 11], [SOURCE])
