"""While a chain is changed, or another takes its packets over: no packet is lost, and none misses a function, whichever functions hold one meanwhile."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sfcci.chain.compiler import compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.port import mac_number
from sfcci.chain.program import applied, changes, doubles
from sfcci.chain.transition import laid, leftover, versions
from sfcci.chain.walk import walk

from .journey import journey
from .test_plan_again import groups_named
from .test_ways import HOSTS, by_hash, function, packet

GROUPS = 4
KINDS = ("router", "wire", "one port", "mpls")


@st.composite
def resources(draw, count):
    """Ports, machines, pairs and groups: two functions of some kind in each group."""
    ports, machines, pairs, groups = dict(HOSTS), {}, [], []
    for g in range(count):
        for m in range(2):
            kind = draw(st.sampled_from(KINDS))
            mine, machine = function(f"f{g}{m}", 10 + 10 * g + 2 * m, kind)
            ports |= mine
            machines |= dict.fromkeys(machine.ports, machine)
            egress = f"f{g}{m}out" if len(mine) > 1 else f"f{g}{m}in"
            pairs.append(
                PortPair(f"f{g}{m}", f"f{g}{m}", f"f{g}{m}in", egress, "mpls" if kind == "mpls" else None)
            )
        groups.append(PortPairGroup(f"g{g}", f"g{g}", g + 1, (f"f{g}0", f"f{g}1")))
    return ports, machines, pairs, groups


@st.composite
def moves(draw):
    """A state, another one with the same resources, and the machines."""
    ports, machines, pairs, groups = draw(resources(GROUPS))
    symmetric = draw(st.booleans())
    both = [
        FlowClassifier(name, name, "src", "IPv4", "tcp", logical_destination_port="dst", **more)
        for name, more in (("fc", {}), ("fc2", {"source_ip_prefix": "10.0.0.0/24"}))
    ]

    def state(name="pc", number=1):
        order = draw(st.permutations([group.id for group in groups]))[: draw(st.integers(1, GROUPS))]
        members = st.sampled_from([("0",), ("1",), ("0", "1")])
        mine = [
            replace(group, port_pairs=tuple(f"f{group.id[1:]}{m}" for m in draw(members))) for group in groups
        ]
        chain = PortChain(
            name, name, number, tuple(order), (draw(st.sampled_from(["fc", "fc2"])),), symmetric=symmetric
        )
        return ChainState(tuple(pairs), tuple(mine), tuple(both), (chain,))

    successor = draw(st.sampled_from([("pc", 1), ("pc", 1), ("other", 2), ("other", 1)]))
    return state(), state(*successor), ports, machines


def orders(state, ports, back):
    """Give the groups in order, each as the set of ports by which its functions are entered."""
    pairs = {pair.id: pair for pair in state.port_pairs}
    (chain,) = state.port_chains
    side = "egress" if back else "ingress"
    every = [
        {ports[getattr(pairs[f"f{word[1:]}{m}"], side)].number for m in "01"}
        for word in chain.port_pair_groups
    ]
    return every[::-1] if back else every


def visits(order, entered):
    """Say whether the ports were entered in this order, whatever came between."""
    left = iter(entered)
    return all(any(port in hop for port in left) for hop in order)


def transition(old, new):
    """The programs that a switch holds one after the other; before each of the next functions give back old packets."""
    if not changes(old.program, new.program):
        return ()
    programs, left = [], leftover(old, new)
    while left:
        programs.append(laid(new.program, [left]))
        left = left.drained
    return (*programs, new.program)


def steps_of(old_state, new_state, ports):
    old = compiled(old_state, ports)
    new = compiled(
        new_state, ports, versions=versions(old, compiled(new_state, ports, before=old)), before=old
    )
    return old, new, transition(old, new)


@given(moves(), st.booleans())
@settings(max_examples=200)
def test_a_packet_that_functions_hold_meanwhile_has_all_functions_of_the_old_chain_or_of_the_new_one(
    move, back
):
    old_state, new_state, ports, machines = move
    old, _, steps = steps_of(old_state, new_state, ports)
    if not steps or (back and not old_state.port_chains[0].symmetric):
        return
    ends = ("dst", "src") if back else ("src", "dst")
    sender, receiver = (HOSTS[name] for name in ends)
    way_on = mac_number(receiver.mac)
    first = packet(sender, receiver, tcp_src=1, tcp_dst=2)
    event(f"{len(steps)} steps")
    for held in range(1 + len(old_state.port_chains[0].port_pair_groups)):
        entered, todo = [], first
        for _ in range(held):  # under the old program into one function after the other
            (sent,) = walk(old.program, todo, by_hash)
            if sent.port not in machines:
                break
            entered.append(sent.port)
            back_again = machines[sent.port].gives(sent.packet, sent.port, way_on)
            todo = {name: value for name, value in back_again.items() if not name.startswith("reg")}
        more, left = journey(steps[0], todo, machines, way_on, by_hash)
        if left[0][1].get("parked"):
            assert held == 0
            for step in steps[1:-1]:
                assert journey(step, todo, machines, way_on, by_hash)[1][0][1].get("parked")
            more, left = journey(steps[-1], todo, machines, way_on, by_hash)
        assert [port for port, _ in left] == [receiver.number]
        path = [*entered, *(port for port, _ in more)]
        assert visits(orders(old_state, ports, back), path) or visits(orders(new_state, ports, back), path)
        if held == 0:
            assert visits(orders(new_state, ports, back), path)
            assert len(path) == len(new_state.port_chains[0].port_pair_groups)


@given(moves())
def test_the_last_step_leads_to_the_new_program_and_a_second_one_to_nothing(move):
    old_state, new_state, ports, _ = move
    old, new, steps = steps_of(old_state, new_state, ports)
    program = old.program
    for step in steps:
        program = applied(changes(program, step), program)
        named = {number for flow in program.flows for number in groups_named(flow.actions)}
        assert named <= program.group_of.keys()
        assert not [*doubles(program)]
    assert program == new.program
    assert transition(new, new) == ()
    assert not changes(new.program, new.program)
