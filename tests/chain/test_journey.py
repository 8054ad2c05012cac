"""Journeys and their verdicts: what is right is called right, and what is not is told in a sentence."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given, settings

from sfcci.chain.compiler import compiled
from sfcci.chain.field import REGISTERS
from sfcci.chain.journey import Carried, Departure, Layout, journey
from sfcci.chain.model import (
    ChainState,
    FlowClassifier,
    PortChain,
    PortPair,
    PortPairGroup,
    Rewrite,
    ServiceGraph,
)
from sfcci.chain.openflow import match
from sfcci.chain.program import program_of
from sfcci.chain.question import Asked, Question, answered, question, samples
from sfcci.chain.refusal import refusals
from sfcci.chain.rewriting import answer, restored, rewritten
from sfcci.chain.table import HOP, PLACE
from sfcci.chain.verdict import verdict
from sfcci.errors import UsageError

from .test_ways import HOSTS, by_hash, function, worlds
from .walked import walked

ANYTHING = Asked()


def layout_of(state, ports):
    made = compiled(state, ports)
    return Layout(state, ports, made.ways), made.program


def chain(*kinds, symmetric=False, fail_open=False, tap=None, **changes):
    """Give the layout and program of a chain with one group for each kind of function; `tap`: its place."""
    ports, pairs, groups = dict(HOSTS), [], []
    for g, kind in enumerate(kinds):
        mine, _ = function(f"f{g}", 10 + 2 * g, kind)
        ports |= mine
        correlation = kind if kind in ("mpls", "nsh") else None
        pairs.append(PortPair(f"f{g}", f"f{g}", f"f{g}in", [*mine][-1], correlation))
        groups.append(
            PortPairGroup(
                f"g{g}", f"g{g}", g + 1, (f"f{g}",), tap_enabled=g == tap, **changes.get(f"g{g}", {})
            )
        )
    classifier = FlowClassifier(
        "fc", "fc", "src", protocol="tcp", destination_port_range_min=80, destination_port_range_max=80,
        logical_destination_port="dst" if symmetric else None,
    )  # fmt: skip
    encapsulation = "nsh" if "nsh" in kinds else "mpls"
    one = PortChain("pc", "pc", 7, tuple(g.id for g in groups), ("fc",), encapsulation, symmetric, fail_open)
    return layout_of(ChainState(tuple(pairs), tuple(groups), (classifier,), (one,)), ports)


def judged(layout, program, asked=ANYTHING, **lame):
    one = question(layout, "src", "dst", asked)
    went = journey(walked(program, layout.ports, by_hash), layout, one.packet)
    return went, verdict(layout, went, "dst", lame)


def without(program, table, **fields):
    gone = match(**fields)
    return program_of([f for f in program.flows if (f.table, f.match) != (table, gone)], program.groups)


@given(worlds())
@settings(max_examples=100)
def test_whatever_is_compiled_is_right_unless_a_group_is_dead_and_then_that_is_told(world):
    state, ports, _ = world
    if refusals(state, ports):
        return
    layout, program = layout_of(state, ports)
    carry = walked(program, ports, by_hash)
    (one,) = state.port_chains
    for asked in samples(layout):
        assert isinstance(asked, Question)
        went = journey(carry, layout, asked.packet)
        found = verdict(layout, went, asked.goal)
        dead = [hop for hop in layout.ways["pc"][0].hops if not hop.live]
        assert found.chain == "pc"
        if dead and not one.fail_open:
            assert (found.right, went.arrivals) == (False, ())
            assert "has no live port pair: it is dropped" in found.says
            continue
        assert found.right, found.says
        back = answered(layout, went, asked)
        came = journey(carry, layout, back.packet, asked=went)
        found = verdict(layout, came, back.goal, asked=went)
        assert found.right, found.says
        assert [v.pair for v in came.visits if not v.copy] == (
            [v.pair for v in reversed(went.visits) if not v.copy] if one.symmetric else []
        )


def test_a_journey_tells_the_place_on_the_path_and_how_each_function_was_reached():
    layout, program = chain("mpls", "router", "wire")
    went, found = judged(layout, program)
    assert [(v.group, v.pair, v.entry, v.exit, v.spi, v.si, v.kind) for v in went.visits] == [
        ("g0", "f0", "f0in", "f0out", 7, 255, "mpls"),
        ("g1", "f1", "f1in", "f1out", 7, 254, "routed"),
        ("g2", "f2", "f2in", "f2out", 7, 253, "wire"),
    ]
    assert (found.right, found.says) == (True, "as pc says: f0, f1, f2, dst")
    assert went.visits[0].given["mpls_label"] == 7 << 8 | 255
    assert went.visits[0].returned["mpls_label"] == 7 << 8 | 254


def test_a_tap_gets_a_copy_and_the_packet_goes_on():
    layout, program = chain("router", "router", "router", tap=1)
    went, found = judged(layout, program)
    assert [(v.pair, v.copy) for v in went.visits] == [("f0", False), ("f1", True), ("f2", False)]
    assert found.right
    cut = replace(went, visits=(went.visits[0], went.visits[2]))
    assert verdict(layout, cut, "dst").says == "pc wants it; f1 gets no copy"


def test_a_packet_that_passes_a_function_by_is_not_right():
    layout, program = chain("router", "router")
    went, _ = judged(layout, program)
    past = replace(went, visits=went.visits[1:])
    assert verdict(layout, past, "dst").says == "pc wants it; it visits none of g0"
    none = replace(went, visits=())
    assert not verdict(layout, none, "dst").right
    more = replace(went, visits=(*went.visits, went.visits[0]))
    assert verdict(layout, more, "dst").says == "pc wants it; it visits f0 besides"


def test_a_switch_that_has_lost_a_flow_is_told_by_where_the_packet_ends():
    layout, program = chain("router", "router")
    _, found = judged(layout, without(program, HOP, reg0=7 << 8 | 254))
    assert found.says == "pc wants it; it visits none of g1; it does not reach dst: it is dropped"
    _, found = judged(layout, without(program, PLACE, in_port=1, reg0=7 << 8))
    assert found.says == "pc wants it; it visits none of g0"


def test_a_packet_that_no_chain_wants_has_to_arrive():
    layout, program = chain("router")
    _, found = judged(layout, program, Asked("udp", None, 9))
    assert (found.right, found.chain, found.says) == (True, None, "no chain wants it; it is switched to dst")
    _, found = judged(layout, program_of([]), Asked("udp"))
    assert (found.right, found.says) == (False, "no chain wants it; it does not reach dst: it is dropped")


def test_a_chain_that_cannot_be_carried_out_is_told_with_its_reason():
    layout, _ = chain("router")
    lame = Layout(layout.chains, layout.ports, {})
    _, found = judged(lame, program_of([]), pc="it has none")
    assert (found.right, found.says) == (
        False,
        "pc wants it and cannot carry it (it has none): it is dropped",
    )
    opened = replace(layout.chains, port_chains=(replace(layout.chains.port_chains[0], fail_open=True),))
    _, found = judged(Layout(opened, layout.ports, {}), program_of([]), pc="it has none")
    assert "is open: it does not reach dst" in found.says


def test_an_answer_that_meets_another_instance_is_not_right():
    layout, program = chain("router", "router", symmetric=True)
    went, _ = judged(layout, program)
    back = answered(layout, went, question(layout, "src", "dst", Asked()))
    came = journey(walked(program, layout.ports, by_hash), layout, back.packet, asked=went)
    assert verdict(layout, came, "src", asked=went).right
    other = replace(went, visits=tuple(replace(v, pair="other") for v in went.visits))
    says = verdict(layout, came, "src", asked=other).says
    assert says == "pc (the way back) wants it; it visits f1, f0, the packet that it answers other, other"


def test_a_packet_of_a_chain_that_is_being_changed_waits():
    layout, _ = chain("router")
    went = journey(
        lambda _packet: Carried((), waits=True), layout, question(layout, "src", "dst", Asked()).packet
    )
    found = verdict(layout, went, "dst")
    assert (found.right, found.says) == (
        True,
        "pc is being changed: the packet waits until those before it are out",
    )


def test_who_goes_round_in_circles_is_followed_so_far_and_no_further():
    layout, _ = chain("router")
    round_ = Departure(10, question(layout, "src", "dst", Asked()).packet, 7 << 8 | 255)
    went = journey(lambda _packet: Carried((round_,)), layout, round_.packet)
    assert went.circles
    assert "it goes round in circles" in verdict(layout, went, "dst").says


def test_a_translator_gives_what_its_mapping_says_and_the_answer_back_what_it_was():
    inside, outside = Rewrite("10.0.0.0/24"), Rewrite("10.9.9.0/24")
    layout, program = chain("router", "router", symmetric=True, g0={"incoming": inside, "outgoing": outside})
    went, found = judged(layout, program)
    assert found.right, found.says
    assert went.arrived[0].packet["ip_src"] == int(ip_address("10.9.9.1"))
    back = answered(layout, went, question(layout, "src", "dst", Asked()))
    assert back.packet["ip_dst"] == int(ip_address("10.9.9.1"))
    came = journey(walked(program, layout.ports, by_hash), layout, back.packet, asked=went)
    assert came.arrived[0].packet["ip_dst"] == int(ip_address("10.0.0.1"))
    assert verdict(layout, came, "src", asked=went).right


def test_ports_keep_their_place_in_a_mapped_range():
    group = PortPairGroup(
        "g", "g", 1,
        incoming=Rewrite(destination_port_range_min=80, destination_port_range_max=89),
        outgoing=Rewrite(destination_port_range_min=8080, destination_port_range_max=8089),
    )  # fmt: skip
    packet = {"eth_type": 0x800, "nw_proto": 6, "ip_src": 1, "ip_dst": 2, "tcp_src": 9, "tcp_dst": 83}
    packet |= {"eth_src": 1, "eth_dst": 2}
    behind = rewritten(packet, group, back=False)
    assert behind == packet | {"tcp_dst": 8083}
    assert rewritten(answer(behind), group, back=True) == answer(packet)
    assert restored(answer(behind), packet, behind) == answer(packet)


def test_a_question_is_filled_with_what_the_first_fitting_classifier_wants():
    layout, _ = chain("router")
    packet = question(layout, "src", "dst", Asked()).packet
    assert (packet["nw_proto"], packet["tcp_dst"], packet["tcp_src"]) == (6, 80, 40000)
    assert question(layout, "src", "dst", Asked("tcp", 5, 81)).classifier is None
    sixth = question(layout, "src", "dst", Asked(ethertype="IPv6"))
    assert (sixth.packet["nw_proto"], sixth.packet["icmpv6_type"]) == (58, 128)
    with pytest.raises(UsageError, match="f0in and dst have no IPv6 address each in one network"):
        question(layout, "f0in", "dst", Asked())


def test_a_graphs_chain_is_asked_about_with_what_the_first_chain_wants_too():
    layout, _ = chain("router", "router")
    first, second = layout.chains.port_pair_groups
    outer = FlowClassifier("fo", "fo", "src", protocol="tcp")
    inner = FlowClassifier(
        "fi", "fi", "src", destination_port_range_min=443, destination_port_range_max=443, protocol="tcp"
    )
    state = replace(
        layout.chains,
        flow_classifiers=(outer, inner),
        port_chains=(
            PortChain("a", "a", 1, (first.id,), ("fo",)),
            PortChain("b", "b", 2, (second.id,), ("fi",)),
        ),
        service_graphs=(ServiceGraph("sg", "sg", (("a", ("b",)),)),),
    )
    made, program = layout_of(state, layout.ports)
    plain, onward = samples(made)
    assert (plain.packet["tcp_dst"], onward.packet["tcp_dst"]) == (80, 443)
    carry = walked(program, made.ports, by_hash)
    for one, says in ((plain, "as a says: f0, dst"), (onward, "as a says: f0, f1, dst")):
        found = verdict(made, journey(carry, made, one.packet), one.goal)
        assert (found.right, found.says) == (True, says)


def test_no_register_leaves_the_switch():
    layout, program = chain("nsh", "router", "nsh")
    went, _ = judged(layout, program)
    assert all(not leg.packet.keys() & set(REGISTERS) for leg in went.legs)
