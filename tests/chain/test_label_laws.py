"""What is put on packets for functions that know their chain is what is read off behind them, path by path; no label is too large."""

from dataclasses import replace

from hypothesis import given

from sfcci.chain.action import Clone, Output, Push, SetField, ToGroup
from sfcci.chain.compiler import compiled
from sfcci.chain.refusal import refusals
from sfcci.chain.table import DECODE, DELIVER, HOP, PLACE_REG, PORT_REG

from .test_ways import worlds

LABELS, PATHS = 2**20, 2**24


def value(flow, name):
    return next((bit.value for bit in flow.match.bits if bit.name == name), None)


def every(actions):
    for action in actions:
        yield action
        if isinstance(action, Clone):
            yield from every(action.actions)


def deliveries(program, actions):
    """What a hop puts into the register by which a packet is delivered, itself, in copies or by its group."""
    for action in every(actions):
        if isinstance(action, SetField) and action.name == PORT_REG:
            yield action.value
        if isinstance(action, ToGroup):
            for bucket in program.group_of[action.group].buckets:
                yield from deliveries(program, bucket.actions)


def put_on(program):
    """(port, place on the path) of every packet that leaves by a port with its encapsulation."""
    doors = {}
    for flow in program.flows:
        if flow.table == DELIVER and any(isinstance(action, Push) for action in flow.actions):
            (port,) = [action.port for action in flow.actions if isinstance(action, Output)]
            doors[value(flow, PORT_REG)] = port
    for flow in program.flows:
        if flow.table == HOP:
            for door in deliveries(program, flow.actions):
                if door in doors:
                    yield doors[door], value(flow, PLACE_REG)


def read_off(program):
    """(port, place on the path) of every packet whose encapsulation is known where it comes in."""
    for flow in program.flows:
        path, index = value(flow, "nsh_spi"), value(flow, "nsh_si")
        place = value(flow, "mpls_label") if path is None else path << 8 | index
        if flow.table == DECODE and place is not None:
            yield value(flow, "in_port"), place


@given(worlds())
def test_what_is_put_on_is_what_is_read_off_behind_the_function(world):
    state, ports, machines = world
    state = replace(state, port_pairs=tuple(replace(pair, weight=1) for pair in state.port_pairs))
    ports = {id_: replace(port, up=True) for id_, port in ports.items()}
    if refusals(state, ports):
        return
    program = compiled(state, ports).program
    ends = [(ports[pair.ingress].number, ports[pair.egress].number) for pair in state.port_pairs]
    behind = dict(ends) | {egress: ingress for ingress, egress in ends}
    taps = {number for number, machine in machines.items() if machine.kind == "tap"}  # they give nothing back
    due = {(behind[port], place - 1) for port, place in put_on(program) if port not in taps}
    assert due == {*read_off(program)}


@given(worlds())
def test_every_label_fits_in_20_bits_and_every_path_in_24(world):
    state, ports, _ = world
    if refusals(state, ports):
        return
    program = compiled(state, ports).program
    most = LABELS if state.port_chains[0].correlation == "mpls" else PATHS << 8
    found = [place for _, place in (*put_on(program), *read_off(program))]
    for flow in program.flows:
        found += [a.value for a in every(flow.actions) if isinstance(a, SetField) and a.name == PLACE_REG]
        found += [value(flow, PLACE_REG) or 0]
    assert max(found) < most
