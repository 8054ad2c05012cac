"""A plan made from the one before is the plan that would be made without: whatever is edited, in whatever order."""

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sfcci.chain.action import Clone, ToGroup
from sfcci.chain.plan import plan
from sfcci.chain.program import applied, changes, differing, doubles
from sfcci.chain.state import State

from .resources import HTTP, altered, chain, classifier, graph, group, pair, plugged, port, state_of

NAMES = ("s0", "s1", "d", *(f"{n}{side}" for n in "pqrtw" for side in ("i", "e")))
PAIRS = [pair(n.upper(), f"{n}i", f"{n}e") for n in "pqrt"] + [pair("W", "wi", "wi")]
START = state_of(
    ports=[port(name) for name in NAMES],
    port_pairs=PAIRS,
    port_pair_groups=[group("G", 1, "P", "Q"), group("H", 2, "R"), group("T", 3, "T", tap_enabled=True), group("K", 4, "W")],
    flow_classifiers=[
        classifier("A", "s0", **HTTP),
        classifier("B", "s1", protocol="udp", logical_destination_port="d"),
        classifier("C", "s0", protocol="udp", destination_port_range_min=0, destination_port_range_max=9),
        classifier("D", "d", protocol="tcp", source_ip_prefix="10.0.0.0/24", logical_destination_port="s0"),
        classifier("E", "s1", ethertype="IPv6"),
    ],
    port_chains=[chain("X", 1, ["G", "H"], ["A"]), chain("Y", 2, ["T", "H"], ["B"]), chain("Z", 4095, ["K"], ["E"])],
)  # fmt: skip
ids = st.sampled_from
some = lambda *values: st.lists(st.sampled_from(values), max_size=3, unique=True)  # noqa: E731 - a shape of a strategy
mapping = {"ingress_n_tuple": {}, "egress_n_tuple": {"source_ip_prefix": "192.0.2.0/24"}}
parameters = st.fixed_dictionaries(
    {
        "lb_fields": some("ip_src", "tcp_dst"),
        "ppg_n_tuple_mapping": ids([mapping, {**mapping, "egress_n_tuple": {}}]),
    }
)
EDITS = {
    "ports": st.fixed_dictionaries(
        {}, optional={"network_id": ids(["n1", "n2"]), "name": ids(["one", "other"])}
    ),
    "port_pairs": st.fixed_dictionaries(
        {
            "service_function_parameters": st.fixed_dictionaries(
                {"correlation": ids([None, None, "mpls", "nsh"]), "weight": ids([0, 1, 2, 3, 100])}
            )
        },
        optional={"ingress": ids(NAMES), "egress": ids(NAMES)},
    ),
    "port_pair_groups": st.fixed_dictionaries(
        {},
        optional={
            "port_pairs": some("P", "Q", "R", "T", "W"),
            "tap_enabled": st.booleans(),
            "group_id": ids([1, 2, 3, 9]),
            "port_pair_group_parameters": parameters,
        },
    ),
    "flow_classifiers": st.fixed_dictionaries(
        {},
        optional={
            "logical_source_port": ids(["s0", "s1", "d", "pi", None]),
            "logical_destination_port": ids(["d", None]),
            "protocol": ids(["tcp", "udp"]),
            "source_ip_prefix": ids([None, "10.0.0.0/25"]),
        },
    ),
    "port_chains": st.fixed_dictionaries(
        {},
        optional={
            "port_pair_groups": some("G", "H", "T", "K"),
            "flow_classifiers": some("A", "B", "C", "D", "E"),
            "fail_mode": ids(["open", "closed"]),
            "chain_id": ids([1, 2, 7, 5000]),
            "chain_parameters": st.fixed_dictionaries(
                {"correlation": ids(["mpls", "nsh"]), "symmetric": ids([False, False, True])}
            ),
        },
    ),
}
GRAPHS = (graph("S", X=["Y"]), graph("S", X=["Y", "Z"]), graph("S", X=["Y"], Y=["Z"]))


@st.composite
def edits(draw):
    """An edit: what it makes of a state; or ports that are plugged otherwise from now on."""
    kind = draw(st.sampled_from([*EDITS, *EDITS, "gone", "back", "graph", "plugged"]))
    if kind == "plugged":
        return "plugged", (draw(some(*NAMES)), draw(some(*NAMES)))
    if kind == "graph":
        made = draw(st.sampled_from([None, *GRAPHS]))
        return "state", lambda s: s.put("service_graphs", made) if made else s.without("service_graphs", "S")
    collection = draw(st.sampled_from([*EDITS]))
    id_ = draw(st.sampled_from([*START.of(collection)]))
    if kind == "gone":
        return "state", lambda s: s.without(collection, id_)
    if kind == "back":
        return "state", lambda s: s.put(collection, START.of(collection)[id_])
    values, id_ = draw(EDITS[kind]), draw(st.sampled_from([*START.of(kind)]))
    return "state", lambda s: altered(s, kind, id_, **values) if s.get(kind, id_) else s


def groups_named(actions):
    for action in actions:
        if isinstance(action, ToGroup):
            yield action.group
        elif isinstance(action, Clone):
            yield from groups_named(action.actions)


def check(made, state, ports):
    numbers = {id_: resource["chain_id"] for id_, resource in state.of("port_chains").items()}
    held = {numbers[id_]: version for id_, version in made.compiled.versions.items()}
    fresh = plan(state, ports, held=held)
    assert made.chains == fresh.chains
    assert [*made.chains] == [*fresh.chains] or {*made.chains} == {*fresh.chains}
    assert made.program == fresh.program
    assert made.program.parts == fresh.program.parts
    assert not [*doubles(made.program)]
    named = {number for flow in made.program.flow_of.values() for number in groups_named(flow.actions)}
    assert named <= made.program.group_of.keys()


@given(st.lists(edits(), min_size=1, max_size=8))
@settings(max_examples=120)
def test_a_plan_after_edits_is_the_plan_of_what_they_left(done):
    state, ports = START, plugged(START)
    made = plan(state, ports)
    for kind, edit in done:
        if kind == "plugged":
            lost, down = edit
            ports = plugged(START, *lost, down=down, bare=("pi", "pe"))
        else:
            state = edit(state)
        before, made = made, plan(state, ports, made)
        check(made, state, ports)
        assert applied(changes(before.program, made.program), before.program) == made.program
        every = before.program.parts.keys() | made.program.parts.keys()
        others = {k for k in every if before.program.parts.get(k) is not made.program.parts.get(k)}
        assert others == {*differing(before.program, made.program)}
        event(f"{sum(status.status == 'ERROR' for status in made.chains.values())} in error")


@given(st.randoms(use_true_random=False))
def test_the_order_of_resources_means_nothing(random):
    def shuffled(resources):
        items = [*resources.items()]
        random.shuffle(items)
        return dict(items)

    other = State({name: shuffled(resources) for name, resources in START.collections.items()})
    assert plan(other, plugged(START)).program == plan(START, plugged(START)).program


def test_a_change_of_one_chain_leaves_the_parts_of_others_alone():
    made = plan(START, plugged(START))
    new = altered(
        START, "flow_classifiers", "A", destination_port_range_min=81, destination_port_range_max=81
    )
    again = plan(new, plugged(START), made)
    assert {*differing(made.program, again.program)} == {("chain", "X")}


def test_two_chains_that_share_a_group_go_on_each_without_the_other():
    state = altered(START, "port_chains", "Y", port_pair_groups=["G"])
    both = plan(state, plugged(START))
    for gone, stays in (("X", "Y"), ("Y", "X")):
        left = plan(state.without("port_chains", gone), plugged(START), both)
        assert left.program.parts["group", "1"] is both.program.parts["group", "1"]
        assert left.program.parts["chain", stays] is both.program.parts["chain", stays]
        assert ("chain", gone) not in left.program.parts
    nobody = state.without("port_chains", "X").without("port_chains", "Y")
    assert ("group", "1") not in plan(nobody, plugged(START), both).program.parts
