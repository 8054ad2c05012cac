"""Many nodes do what one switch does, each with no more than it needs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.chain.compiler import compiled
from sfcci.chain.journey import Layout, journey
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup, ServiceGraph
from sfcci.chain.node import overhead, places
from sfcci.chain.nodes import NO_PROGRAMS, on_nodes
from sfcci.chain.nodes_carry import carried
from sfcci.chain.nodes_joined import joined
from sfcci.chain.program import Program, doubles
from sfcci.chain.refusal import refusals
from sfcci.chain.table import ARRIVAL, CLASSIFY, DELIVER, END, HOP, TO_EVERYBODY, TO_HOSTS
from sfcci.chain.transition import laid, leftover
from sfcci.chain.walk import walk

from .nodes import TUNNEL, in_networks, node, one_node, plain_packets, spreads, stranger, told
from .test_ways import HOSTS, by_hash, function, packet, worlds


def programs_of(world):
    """The programs of a world: as it is, and while its chain is turned round."""
    state, ports, _ = world
    before = compiled(state, ports)
    yield before.program
    (chain,) = state.port_chains
    turned = replace(state, port_chains=(replace(chain, port_pair_groups=chain.port_pair_groups[::-1]),))
    if not refusals(turned, ports):
        after = compiled(turned, ports, versions={chain.id: 1})
        left = leftover(before, after)
        yield laid(after.program, [left] if left else [])


@st.composite
def spread_worlds(draw):
    state, ports, machines = draw(worlds())
    ports = in_networks(ports, draw(st.booleans()))
    return (state, ports, machines), draw(spreads(ports))


def agreeing(by_one, by_many):
    """Give who carries packets in both ways and says so where they differ."""

    def carry(packet):
        found = by_one(packet)
        assert told(by_many(packet)) == told(found), packet
        return found

    return carry


@given(spread_worlds())
@settings(max_examples=12)
def test_many_nodes_do_with_every_packet_what_one_switch_does(given_):
    world, places = given_
    state, ports, _ = world
    if refusals(state, ports):
        return
    for program in programs_of(world):
        one = one_node(ports)
        alone, many = on_nodes(program, one), on_nodes(program, places)
        both = agreeing(carried(alone, one, by_hash), carried(many, places, by_hash))
        layout = Layout(state, ports, compiled(state, ports).ways)
        for sent in plain_packets(ports):
            journey(both, layout, sent)
        for name, made in many.items():
            assert not [*doubles(made)], name
        assert joined(many, places).flow_of.items() <= program.flow_of.items()
        assert joined(many, places).group_of.items() <= program.group_of.items()
        again = on_nodes(joined(many, places), places)
        assert dict(again.items()) == dict(many.items())


@given(spread_worlds(), st.data())
@settings(max_examples=15)
def test_what_is_made_of_what_was_there_is_what_is_made_anew_and_what_stays_is_the_same(given_, data):
    world, places = given_
    state, ports, _ = world
    if refusals(state, ports):
        return
    before = NO_PROGRAMS
    for program in (*programs_of(world), Program(), compiled(state, ports).program):
        left_out = data.draw(st.sampled_from(sorted(ports)))
        here = replace(places, ports={n: p for n, p in places.ports.items() if n != ports[left_out].number})
        made = on_nodes(program, here, before)
        fresh = on_nodes(program, here)
        assert dict(made.items()) == dict(fresh.items())
        for name, one in made.items():
            assert one.parts == fresh[name].parts
            had = before.of.get(name, Program())
            assert all(
                part is had.parts.get(k, part) or part != had.parts[k] for k, part in one.parts.items()
            )
            assert one is had or one.parts != had.parts
        assert on_nodes(program, here, made) is made
        assert on_nodes(program, replace(here, ports=dict(here.ports)), made) is made
        before = made


def test_a_node_has_what_concerns_it_and_no_more():
    ports = dict(HOSTS) | {"stranger": stranger(5)}
    for name, number in (("f", 10), ("g", 20)):
        mine, _ = function(name, number, "router")
        ports |= mine
    pairs = tuple(PortPair(n, n, f"{n}in", f"{n}out") for n in "fg")
    groups = tuple(PortPairGroup(f"p{n}", f"p{n}", i, (n,)) for i, n in enumerate("fg", 1))
    classifier = FlowClassifier("fc", "fc", "src", "IPv4", "tcp", source_ip_prefix="10.0.0.1/32")
    state = ChainState(pairs, groups, (classifier,), (PortChain("pc", "pc", 1, ("pf", "pg"), ("fc",)),))
    nodes = {f"node{n}": node(n) for n in range(1, 5)}
    at = {"src": "node1", "fin": "node2", "fout": "node2", "gin": "node3", "gout": "node3", "dst": "node3"}
    there = places(nodes, ports, at | {"other": "node4"})
    many = on_nodes(compiled(state, ports).program, there)
    hops = {name: [f.match.bits[0].value & 255 for f in p.tables.get(HOP, ())] for name, p in many.items()}
    assert hops == {"node1": [255], "node2": [254], "node3": [253], "node4": []}
    deliveries = {n: [f.match.bits[0].value for f in p.tables.get(DELIVER, ())] for n, p in many.items()}
    assert deliveries == {"node1": [10], "node2": [20], "node3": [], "node4": []}
    assert {n for n, p in many.items() if CLASSIFY in p.tables} == {"node1", "node2", "node3"}
    assert {n for n, p in many.items() if any(f.actions for f in p.tables.get(END, ()))} == {"node3"}
    arrived = {n: sorted(f.match.bits[-1].value for f in p.tables[ARRIVAL]) for n, p in many.items()}
    assert arrived["node2"] == [10, 11, TO_EVERYBODY]
    assert arrived["node4"] == [3, TO_EVERYBODY, TO_HOSTS]
    frames = [f for f in many["node2"].flow_of.values() if "stranger" in str(f) or "00:00:05" in str(f)]
    assert not frames, "a port that is nowhere is reached by nobody"


def test_what_comes_from_a_port_of_somebody_else_goes_on_as_at_a_switch_that_is_alone():
    """An uplink, a patch port: learning switches forward it, and no tunnel does."""
    ports = in_networks(dict(HOSTS), several=True)
    at = {id_: f"node{1 + number % 2}" for number, id_ in enumerate(ports)}
    there = places({f"node{n}": node(n) for n in (1, 2)}, ports, at)
    frame = {"in_port": 77, "eth_type": 0x806, "eth_src": 1, "eth_dst": 0xFFFFFFFFFFFF}
    for made in on_nodes(compiled(ChainState(), ports).program, there).values():
        assert [one.port for one in walk(made, frame)] == [None]


def test_a_graphs_chains_go_on_from_node_to_node():
    ports = dict(HOSTS)
    for name, number in (("f", 10), ("g", 20), ("h", 30)):
        mine, _ = function(name, number, "router")
        ports |= mine
    pairs = tuple(PortPair(n, n, f"{n}in", f"{n}out") for n in "fgh")
    groups = tuple(PortPairGroup(f"p{n}", f"p{n}", i, (n,)) for i, n in enumerate("fgh", 1))
    words = (("a", 80), ("b", 80), ("c", 90))
    wanted = tuple(
        FlowClassifier(
            n, n, "src", "IPv4", "tcp", destination_port_range_min=port, destination_port_range_max=port
        )
        for n, port in words
    )
    chains = tuple(
        PortChain(n, n, i, (f"p{f}",), (n,))
        for i, ((n, _), f) in enumerate(zip(words, "fgh", strict=True), 1)
    )
    graph = ServiceGraph("g", "g", (("a", ("b", "c")),))
    state = ChainState(pairs, groups, wanted, chains, (graph,))
    assert not refusals(state, ports)
    made = compiled(state, ports)
    at = {id_: f"node{place % 4 + 1}" for place, id_ in enumerate(ports)}
    there = places({f"node{n}": node(n) for n in range(1, 5)}, ports, at)
    one = one_node(ports)
    many = on_nodes(made.program, there)
    both = agreeing(carried(on_nodes(made.program, one), one), carried(many, there))
    layout = Layout(state, ports, made.ways)
    sent = packet(HOSTS["src"], HOSTS["dst"], tcp_src=7, tcp_dst=80)
    way = journey(both, layout, sent)
    assert [visit.pair for visit in way.visits] == ["f", "g"]
    assert [one.port for one in way.arrivals] == ["dst"]
    assert joined(many, there).flow_of.items() <= made.program.flow_of.items()


def test_a_frame_comes_from_a_known_node_or_nowhere():
    ports = {"src": HOSTS["src"], "dst": HOSTS["dst"]}
    there = places({"node1": node(1), "node2": node(2)}, ports, {"src": "node1", "dst": "node2"})
    program = on_nodes(compiled(ChainState(), ports).program, there)["node2"]
    frame = {"in_port": TUNNEL, "tun_id": 2, "eth_dst": 1, "eth_type": 0x800}
    assert [sent.port for sent in walk(program, frame | {"tun_src": 0xC0000201})] == [2]
    assert not walk(program, frame | {"tun_src": 0xC0000263})
    assert not walk(program, frame | {"tun_src": 0xC0000201, "tun_id": 1})


def test_one_node_alone_needs_no_tunnel_and_has_its_own_numbers():
    ports = {"src": HOSTS["src"], "dst": HOSTS["dst"]}
    alone = places({"node1": node(1, {1: 101})}, ports, dict.fromkeys(ports, "node1"))
    program = compiled(ChainState(), ports).program
    made = on_nodes(program, alone)["node1"]
    assert made == program
    assert joined({"node1": made}, alone) == program


@pytest.mark.parametrize(
    ("given_", "octets"),
    [
        ((), 50),
        (("vxlan", 6), 70),
        (("geneve", 4), 50),
        (("vxlan", 4, "mpls"), 54),
        (("vxlan", 4, "nsh"), 88),
        (("vxlan-gpe", 4, "nsh"), 74),
    ],
)
def test_the_underlays_mtu_is_larger_by_all_headers(given_, octets):
    assert overhead(*given_) == octets
