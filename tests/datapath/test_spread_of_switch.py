"""Open vSwitch's own choice: an answer meets the function of what it answers, whatever the packets are spread by."""

import random
import re

import pytest
from openflow_switch import switch

from sfcci.chain.action import Output, SetField, ToGroup
from sfcci.chain.openflow import Bucket, Flow, Group, match
from sfcci.chain.program import Program, changes, program_of
from sfcci.chain.spread import spread, spreading
from sfcci.chain.table import ON_WAY_BACK, ORIGIN_REG
from sfcci.datapath import openflow_client as client

__all__ = ["switch"]
GROUP_OF_WAY = {1: 1, 2: 0x8000_0001}
BOTH_SIDES = ("ip_src", "ip_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst")


def way(lb_fields, in_port):
    """What a packet from a port meets: the way there (1) or back (2), with the same functions."""
    back, number = in_port == 2, GROUP_OF_WAY[in_port]
    found = spread(lb_fields, back)
    buckets = tuple(Bucket(1000 * member + 7, (Output(9),)) for member in range(5))
    direction = SetField(ORIGIN_REG, ON_WAY_BACK if back else 0, ON_WAY_BACK)
    flow = Flow(0, 1, match(in_port=in_port), (direction, *found.steps, ToGroup(number)))
    return flow, Group(number, found.fields, buckets)


def questions(kind, count=12):
    """The question and its answer as the tracer reads them; the draws are the same in every run."""
    draw = random.Random(7)  # noqa: S311 - no secret
    for _ in range(count):
        ends = draw.randrange(1, 60_000), draw.randrange(1, 60_000)
        if kind in ("icmp", "tcp", "udp"):
            near, far = (f"{net}.{draw.randrange(256)}.{draw.randrange(256)}" for net in ("10.1", "10.2"))
        else:
            near, far = (f"{net}::{draw.randrange(1, 0xFFFF):x}" for net in ("fd01", "fd02"))
        yield words(kind, 1, near, far, *ends), words(kind, 2, far, near, *reversed(ends))


def words(kind, in_port, source, destination, source_port, destination_port):
    layer = "ipv6" if kind.endswith("6") else "nw"
    text = f"in_port={in_port},{kind},{layer}_src={source},{layer}_dst={destination}"
    if kind.startswith("icmp"):
        return text
    protocol = kind[:3]
    return f"{text},{protocol}_src={source_port},{protocol}_dst={destination_port}"


def chosen(switch, packet):
    return re.search(r"using bucket (\d+)", switch.control("ofproto/trace", "br0", packet)).group(1)


@pytest.fixture(scope="module", autouse=True)
def ports(switch):
    for number in (1, 2, 9):
        switch.add_port(f"p{number}", number)


@pytest.mark.lab
@pytest.mark.parametrize(
    "lb_fields", [(), BOTH_SIDES, ("ip_src", "tcp_dst"), ("ip_src", "ip_dst", "tcp_src"), ("ip_dst",)]
)
def test_an_answer_meets_the_function_of_what_it_answers(switch, lb_fields):
    there, back = way(lb_fields, 1), way(lb_fields, 2)
    program = program_of([there[0], back[0], *spreading()], [there[1], back[1]])
    with client.connect(switch.address) as bridge:
        bridge.apply(changes(Program(), program))
        try:
            held = bridge.held()
            assert (program_of(held.flows, held.groups), held.unread) == (program, ())
            for kind in ("tcp", "udp", "icmp", "tcp6", "udp6", "icmp6"):
                pairs = [(chosen(switch, q), chosen(switch, a)) for q, a in questions(kind)]
                assert [q for q, _ in pairs] == [a for _, a in pairs], kind
                assert len({q for q, _ in pairs}) > 1, "they are spread"
        finally:
            bridge.apply(changes(program, Program()))


@pytest.mark.lab
@pytest.mark.parametrize("kind", ["udp", "udp6"])
def test_the_fragments_of_a_packet_meet_one_function(switch, kind):
    flow, group = way((), 1)
    program = program_of([flow, *spreading()], [group])
    with client.connect(switch.address) as bridge:
        bridge.apply(changes(Program(), program))
        try:
            for question, _ in questions(kind):
                portless = question.partition(f",{kind[:3]}_src")[0]
                assert chosen(switch, f"{question},ip_frag=first") == chosen(
                    switch, f"{portless},ip_frag=later"
                )
        finally:
            bridge.apply(changes(program, Program()))
