"""Switches that change one after the other: in between, too, every packet has all functions of the old chain or of the new one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.chain.nodes import on_nodes
from sfcci.chain.nodes_carry import carried
from sfcci.chain.port import mac_number
from sfcci.chain.program import Program, applied, changes
from sfcci.chain.stages import STAGES, at_once, stages

from .nodes import spreads
from .test_transition import moves, orders, steps_of, visits
from .test_ways import HOSTS, by_hash, packet

MOST = 60
"""Departures of a packet and its copies."""


@st.composite
def spread_moves(draw):
    """A change of a chain, and its ports over nodes, which change in a drawn order."""
    old, new, ports, machines = draw(moves())
    places = draw(spreads(ports))
    return old, new, ports, machines, places, draw(st.permutations(list(places.nodes)))


def states_between(old, new, names):
    """Every state of the nodes while they go from some programs to others, stage by stage, node by node."""
    now = dict(old)
    work = {name: stages(old[name], new[name]) for name in names}
    for stage in range(STAGES):
        for name in names:
            if steps := work[name][stage]:
                now[name] = applied(steps, now[name])
                yield dict(now)
    assert now == {name: new[name] for name in names}


def path_of(programs, places, first, machines, way_on):
    """Where a packet ends, and the functions that it has met; None: it waits."""
    carry = carried(programs, places, by_hash)
    entered, ends, todo = [], [], [first]
    while todo:
        assert len(entered) + len(ends) < MOST
        found = carry(todo.pop())
        if found.waits:
            return None
        for one in found.departures:
            if machine := machines.get(one.port):
                entered.append(one.port)
                todo.append(machine.gives(one.packet, one.port, way_on))
            else:
                ends.append(one.port)
    return entered, ends


@given(spread_moves(), st.booleans())
@settings(max_examples=8)
def test_a_packet_at_any_time_in_between_goes_the_old_way_or_the_new_one(move, back):
    old_state, new_state, ports, machines, places, names = move
    if back and not old_state.port_chains[0].symmetric:
        return
    old, _, steps = steps_of(old_state, new_state, ports)
    sender, receiver = (HOSTS[name] for name in (("dst", "src") if back else ("src", "dst")))
    way_on = mac_number(receiver.mac)
    first = packet(sender, receiver, tcp_src=1, tcp_dst=2)
    held = on_nodes(old.program, places)
    allowed = [orders(state, ports, back) for state in (old_state, new_state)]
    for program in steps:
        wanted = on_nodes(program, places, held)
        for now in states_between(held, wanted, names):
            met = path_of(now, places, first, machines, way_on)
            if met is not None:
                assert met[1] == [receiver.number]
                assert any(visits(order, met[0]) for order in allowed)
        held = wanted


@given(spread_moves())
@settings(max_examples=6)
def test_a_switch_that_changes_alone_does_all_of_it_at_once_in_an_order_that_it_takes(move):
    old_state, new_state, ports, *_, places, names = move
    old, _, steps = steps_of(old_state, new_state, ports)
    held = on_nodes(old.program, places)
    for program in steps:
        wanted = on_nodes(program, places, held)
        for name in names:
            (once,) = at_once(stages(held[name], wanted[name]))
            assert once == tuple(sorted(once, key=lambda step: list(type(step.verb)).index(step.verb)))
            assert sorted(map(str, once)) == sorted(map(str, changes(held[name], wanted[name])))
        held = wanted
    assert stages(Program(), Program()) == ((),) * STAGES
