"""Fragments but the first have no ports: they go the way of what they may belong to, and no chain takes another's."""

import pytest

from sfcci.chain.compiler import compiled
from sfcci.chain.field import LATE_FRAGMENT
from sfcci.chain.model import (
    ChainState,
    FlowClassifier,
    PortChain,
    PortPair,
    PortPairGroup,
    Rewrite,
    ServiceGraph,
)
from sfcci.chain.port import mac_number
from sfcci.chain.program import doubles

from .journey import journey
from .test_ways import HOSTS, SOURCE, by_hash, function, packet

WAY_ON = mac_number(HOSTS["dst"].mac)


def of_kind(**kinds):
    """Give ports, machines and pairs of functions by name, each in a group of its own name."""
    ports, machines, pairs, groups = dict(HOSTS), {}, [], []
    for n, (name, kind) in enumerate(kinds.items()):
        mine, machine = function(name, 10 + 2 * n, kind)
        ports |= mine
        machines |= dict.fromkeys(machine.ports, machine)
        egress = f"{name}out" if f"{name}out" in mine else f"{name}in"
        pairs.append(PortPair(name, name, f"{name}in", egress, kind if kind in ("mpls", "nsh") else None))
        groups.append(PortPairGroup(name, name, n + 1, (name,)))
    return ports, machines, tuple(pairs), tuple(groups)


def web(name, source, port, **other):
    return FlowClassifier(name, name, source, protocol="tcp", destination_port_range_min=port, destination_port_range_max=port, **other)  # fmt: skip


def travels(state, ports, machines, sent):
    program = compiled(state, ports).program
    assert not [*doubles(program)]
    entered, left = journey(program, sent, machines, WAY_ON, by_hash)
    return [port for port, _ in entered], [port for port, _ in left]


def fragment(sender, receiver="dst", **other):
    return packet(HOSTS[sender], HOSTS[receiver], ip_frag=LATE_FRAGMENT, **other)


@pytest.mark.parametrize(("sender", "way"), [("src", [10, 12]), ("other", [14])])
def test_late_fragments_of_two_sources_go_the_ways_of_their_own_chains(sender, way):
    ports, machines, pairs, groups = of_kind(a="router", b="wire", c="router")
    state = ChainState(
        pairs,
        groups,
        (web("f1", "src", 80), web("f2", "other", 443)),
        (PortChain("one", "one", 1, ("a", "b"), ("f1",)), PortChain("two", "two", 2, ("c",), ("f2",))),
    )
    assert travels(state, ports, machines, fragment(sender)) == (way, [HOSTS["dst"].number])
    assert travels(state, ports, machines, fragment(sender, nw_proto=17)) == ([], [None])


def test_of_one_source_they_go_into_the_first_chain_that_may_want_them_and_come_out_of_it():
    ports, machines, pairs, groups = of_kind(a="router", c="router")
    state = ChainState(
        pairs,
        groups,
        (web("f1", "src", 80), web("f2", "src", 443)),
        (PortChain("two", "two", 2, ("a",), ("f1",)), PortChain("one", "one", 1, ("c",), ("f2",))),
    )
    assert travels(state, ports, machines, fragment("src")) == ([12], [HOSTS["dst"].number])


def test_where_two_chains_share_a_function_its_fragments_go_on_in_the_one_that_they_belong_to():
    ports, machines, pairs, groups = of_kind(a="router", b="router", c="router")
    mine = {name: {"source_ip_prefix": f"{HOSTS[name].own[0]}/32"} for name in ("src", "other")}
    state = ChainState(
        pairs,
        groups,
        (web("f1", "src", 80, **mine["src"]), web("f2", "other", 80, **mine["other"])),
        (PortChain("one", "one", 1, ("a", "b"), ("f1",)), PortChain("two", "two", 2, ("a", "c"), ("f2",))),
    )
    assert travels(state, ports, machines, fragment("src"))[0] == [10, 12]
    assert travels(state, ports, machines, fragment("other"))[0] == [10, 14]


def test_answers_in_fragments_go_the_way_back():
    ports, machines, pairs, groups = of_kind(a="router", b="one port")
    state = ChainState(
        pairs,
        groups,
        (web("f", "src", 80, logical_destination_port="dst"),),
        (PortChain("c", "c", 1, ("a", "b"), ("f",), symmetric=True),),
    )
    assert travels(state, ports, machines, fragment("src"))[0] == [10, 12]
    program = compiled(state, ports).program
    entered, left = journey(program, fragment("dst", "src"), machines, mac_number(HOSTS["src"].mac), by_hash)
    assert ([port for port, _ in entered], [port for port, _ in left]) == ([12, 11], [SOURCE])


def test_behind_a_function_that_changes_addresses_they_are_known_by_the_new_ones():
    ports, machines, pairs, groups = of_kind(a="router", b="router")
    groups = (PortPairGroup("a", "a", 1, ("a",), outgoing=Rewrite("192.0.2.0/24")), groups[1])
    state = ChainState(
        pairs,
        groups,
        (web("f", "src", 80, source_ip_prefix="10.0.0.1/32"),),
        (PortChain("c", "c", 1, ("a", "b"), ("f",)),),
    )
    program = compiled(state, ports).program
    translated = fragment("src", in_port=11) | {"ip_src": 0xC0000201}
    entered, _ = journey(program, translated, machines, WAY_ON, by_hash)
    assert [port for port, _ in entered] == [12]


@pytest.mark.parametrize("kind", ["router", "nsh"])
@pytest.mark.parametrize(
    ("sent", "way"),
    [
        ({"nw_proto": 6, "tcp_src": 9, "tcp_dst": 80}, [10, 12]),
        ({"nw_proto": 17, "udp_src": 9, "udp_dst": 80}, [10, 14]),
        ({"nw_proto": 6, "tcp_src": 9, "tcp_dst": 81}, [10]),
        ({"nw_proto": 6, "ip_frag": LATE_FRAGMENT}, [10, 12]),
        ({"nw_proto": 1}, [10]),
    ],
)
def test_chains_of_a_graph_want_each_other_s_packets_one_after_the_other(kind, sent, way):
    ports, machines, pairs, groups = of_kind(a=kind, b="router", c="router")
    state = ChainState(
        pairs,
        groups,
        (
            FlowClassifier("all", "all", "src"),
            web("b", None, 80),
            FlowClassifier("c", "c", "src", protocol="udp"),
        ),
        (
            PortChain("A", "A", 1, ("a",), ("all",), "nsh"),
            PortChain("B", "B", 2, ("b",), ("b",), "nsh"),
            PortChain("C", "C", 3, ("c",), ("c",), "nsh"),
        ),
        (ServiceGraph("g", "g", (("A", ("B", "C")),)),),
    )
    given = packet(HOSTS["src"], HOSTS["dst"]) | sent
    assert travels(state, ports, machines, given) == (way, [HOSTS["dst"].number])
