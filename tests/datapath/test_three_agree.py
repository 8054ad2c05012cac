"""The interpreter of programs, a switch asked by ofproto/trace, and real traffic tell the same of a packet."""

import contextlib

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sfcci.chain.compiler import compiled
from sfcci.chain.journey import Layout, journey
from sfcci.chain.question import answered, samples
from sfcci.chain.refusal import refusals
from sfcci.chain.verdict import verdict
from sfcci.datapath.own_switch import DummyPort, own_switch

from ..chain.test_ways import worlds  # noqa: TID252 - tests are no package that has a name
from ..chain.walked import walked  # noqa: TID252

MOST_PORTS = 60
few = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],
)


@pytest.fixture(scope="module")
def switch():
    """A switch with every port that a world may have: hosts have the numbers 1 to 3, functions those from 10 on."""
    ports = [
        DummyPort(f"p{n}", n, f"02:00:00:00:{0 if n < 10 else 1:02x}:{n:02x}") for n in range(1, MOST_PORTS)
    ]
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(own_switch(ports))


def seen(carried):
    """What left, in no order but that of the ports: who copies may say so in any order."""
    return sorted(
        (d.port, d.place, d.back, sorted((n, v) for n, v in d.packet.items() if n != "bare"))
        for d in carried.departures
    )


def chosen_by(carried):
    """Choose as the switch has chosen."""
    taken = {departure.group: departure.bucket for departure in carried.departures}
    return lambda group, _packet: next(b for b in group.buckets if b.id == taken[group.number])


def check(switch, world):
    state, ports, _ = world
    made = compiled(state, ports)
    layout = Layout(state, ports, made.ways)
    switch.install(made.program)
    for asked in samples(layout):
        went = journey(switch.traced(), layout, asked.packet)
        back = answered(layout, went, asked)
        ways = [(went, asked.goal, None)]
        if back:
            ways.append((journey(switch.traced(), layout, back.packet, asked=went), back.goal, went))
        for way, goal, before in ways:
            for leg in way.legs:
                carry = walked(made.program, ports, chosen_by(leg.carried))
                assert seen(leg.carried) == seen(carry(leg.packet))
            found = verdict(layout, way, goal, asked=before)
            dead = any(not hop.live for hop in made.ways["pc"][0].hops)
            assert found.right or (dead and not state.port_chains[0].fail_open), found.says


@given(worlds())
@few
def test_the_interpreter_and_a_switch_tell_the_same_of_every_step(switch, world):
    state, ports, _ = world
    if not refusals(state, ports):
        check(switch, world)
