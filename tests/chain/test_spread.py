"""By what packets are spread: what is asked for and nothing else, and for an answer what it was for the question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.action import Output, SetField
from sfcci.chain.field import WIDTHS
from sfcci.chain.openflow import Flow, Match
from sfcci.chain.program import program_of
from sfcci.chain.refusal import LB_FIELDS
from sfcci.chain.spread import CONNECTION, spread, spreading
from sfcci.chain.table import ON_WAY_BACK, ORIGIN_REG
from sfcci.chain.walk import walk

LAYERS = {0x800: "ip", 0x86DD: "ipv6"}
PROTOCOLS = {6: "tcp", 17: "udp"}
asked = st.lists(st.sampled_from(LB_FIELDS), unique=True)


@st.composite
def packets(draw):
    kind, protocol = draw(st.sampled_from([*LAYERS])), draw(st.sampled_from([*PROTOCOLS, 1]))
    layers = ["eth", LAYERS[kind], *([PROTOCOLS[protocol]] if protocol in PROTOCOLS else [])]
    names = [f"{layer}_{end}" for layer in layers for end in ("src", "dst")]
    fields = {name: draw(st.integers(0, min((1 << WIDTHS[name]) - 1, 3))) for name in names}
    return {"in_port": 1, "eth_type": kind, "nw_proto": protocol, "ip_frag": 0, **fields}


def answer(packet):
    turned = {"src": "dst", "dst": "src"}
    return {f"{n[:-3]}{turned[n[-3:]]}" if n[-3:] in turned else n: value for n, value in packet.items()}


def hashed(packet, lb_fields, back):
    """What a switch hashes: the values of the group's fields that the packet has, in one order."""
    way = spread(lb_fields, back)
    direction = SetField(ORIGIN_REG, ON_WAY_BACK if back else 0, ON_WAY_BACK)
    begin = Flow(0, 1, Match(), (direction, *way.steps, Output(9)))
    (sent,) = walk(program_of([begin, *spreading()]), packet)
    return [(WIDTHS[name], sent.packet[name]) for name in way.fields if name in sent.packet]


@given(packets(), asked)
def test_an_answer_is_hashed_as_what_it_answers(packet, lb_fields):
    assert hashed(packet, lb_fields, False) == hashed(answer(packet), lb_fields, True)


@given(packets(), st.booleans())
def test_the_fragments_of_a_packet_meet_one_function(packet, back):
    first, later = {**packet, "ip_frag": 1}, {**packet, "ip_frag": 3}
    later = {name: value for name, value in later.items() if not name.startswith(("tcp_", "udp_"))}
    assert hashed(first, (), back) == hashed(later, (), back)


@given(packets(), packets(), asked, st.booleans())
def test_packets_that_agree_in_what_is_asked_for_are_hashed_alike(packet, other, lb_fields, back):
    def seen(one):
        wide = {"ipv6_src": "ip_src", "ipv6_dst": "ip_dst"}
        named = {wide.get(name, name): (name, value) for name, value in one.items()}
        return {name: named[name] for name in (lb_fields or CONNECTION) if name in named}

    one, two = (answer(p) if back else p for p in (packet, other))
    if seen(packet) == seen(other):
        assert hashed(one, lb_fields, back) == hashed(two, lb_fields, back)


@pytest.mark.parametrize(
    ("lb_fields", "there", "back"),
    [
        (("ip_src",), ("ip_src", "ipv6_src"), ("ip_dst", "ipv6_dst")),
        (("tcp_dst", "ip_src"), ("ip_src", "ipv6_src", "tcp_dst"), ("ip_dst", "ipv6_dst", "tcp_src")),
        (("eth_dst", "eth_src"), ("eth_src",), ("eth_dst",)),
        (("ip_dst", "ip_src"), ("xxreg1", "xxreg2"), ("xxreg1", "xxreg2")),
        ((), *[("reg12", "reg13", "reg14", "reg15", "xxreg1", "xxreg2", "nw_proto")] * 2),
    ],
)
def test_what_is_hashed(lb_fields, there, back):
    assert (spread(lb_fields, False).fields, spread(lb_fields, True).fields) == (there, back)
