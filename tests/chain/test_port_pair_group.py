"""Port pair groups: attributes, defaults, rules."""

import pytest

PARAMETERS = "port_pair_group_parameters"
LOST = "11111111-2222-3333-4444-555555555555"
NONE = {"ingress_n_tuple": {}, "egress_n_tuple": {}}


def aware(name, world, correlation="mpls"):
    return world.pair(name, service_function_parameters={"correlation": correlation})


def test_a_group_is_answered_with_every_attribute_in_the_references_order(world):
    pair = world.pair("vm1")
    group = world.create("port_pair_groups", name="PG1", port_pairs=[pair])
    assert list(group.items()) == [
        ("id", group["id"]),
        ("name", "PG1"),
        ("description", ""),
        ("project_id", "p1"),
        ("port_pairs", [pair]),
        ("tap_enabled", False),
        (PARAMETERS, {"lb_fields": [], "ppg_n_tuple_mapping": NONE}),
        ("group_id", 1),
        ("tenant_id", "p1"),
        ("revision_number", 0),
    ]
    assert world.create("port_pair_groups", port_pairs=None)["port_pairs"] == []


def test_group_ids_are_the_lowest_free_from_1_in_all_projects(world):
    groups = [world.group() for _ in range(3)]
    by = world.asked("p2")
    assert world.create("port_pair_groups", by=by)["group_id"] == 4
    world.delete("port_pair_groups", groups[1])
    assert world.create("port_pair_groups")["group_id"] == 2
    assert world.create("port_pair_groups")["group_id"] == 5


def test_pairs_exist_are_named_once_and_are_in_one_group(world):
    pair, other = world.pair("vm1"), world.pair("vm2")
    group, empty = world.group(pair), world.group()
    in_use = (409, "PortPairInUse", f"Port Pair {pair} in use.")
    assert world.refused(world.group, other, pair) == in_use
    assert world.refused(world.update, "port_pair_groups", empty, port_pairs=[pair]) == in_use
    assert world.refused(world.group, LOST) == (404, "PortPairNotFound", f"Port Pair {LOST} not found.")
    assert world.refused(world.group, other, other)[2].endswith(f"Duplicate items in the list: '{other}'.")
    assert world.update("port_pair_groups", group, port_pairs=[other, pair])["port_pairs"] == [other, pair]
    assert world.update("port_pair_groups", group, port_pairs=[])["port_pairs"] == []
    assert world.group(pair)


def test_pairs_of_a_group_understand_the_same(world):
    plain, mpls, nsh = world.pair("vm1"), aware("vm2", world), aware("vm3", world, "nsh")
    expected = (
        400,
        "InconsistentCorrelations",
        "Port Pair Group attempted creation included Port Pairs with inconsistent correlation types.",
    )
    assert world.refused(world.group, plain, mpls) == world.refused(world.group, mpls, nsh) == expected
    group = world.group(mpls)
    assert world.refused(world.update, "port_pair_groups", group, port_pairs=[mpls, plain]) == expected


def test_a_groups_new_pairs_must_fit_the_chains_that_use_it(world):
    plain, mpls, nsh = world.pair("vm1"), aware("vm2", world), aware("vm3", world, "nsh")
    group = world.group(plain)
    world.chain(group)
    assert world.update("port_pair_groups", group, port_pairs=[mpls])
    assert world.refused(world.update, "port_pair_groups", group, port_pairs=[nsh]) == (
        400,
        "PortChainInconsistentCorrelations",
        (
            f"Port Chain attempted creation included a Port Pair Group ({group}) "
            "with a different protocol used as correlation type."
        ),
    )


def test_a_groups_new_pairs_must_fit_the_graph_that_branches_at_it(world):
    plain, a, b = world.pair("vm1"), aware("vm2", world), aware("vm3", world)
    first, second, before, behind = world.group(a), world.group(b), world.group(), world.group()
    chains = world.chain(before, first), world.chain(second, behind)
    graph = world.graph({chains[0]: [chains[1]]})
    for group in (before, behind):
        world.update("port_pair_groups", group, port_pairs=[plain])
        world.update("port_pair_groups", group, port_pairs=[])
    for group in (first, second):
        refusal = world.refused(world.update, "port_pair_groups", group, port_pairs=[plain])
        assert refusal[:2] == (400, "ServiceGraphImpossibleBranching")
    world.delete("service_graphs", graph)
    world.update("port_pair_groups", first, port_pairs=[plain])


def test_a_tap_has_at_most_one_pair(world):
    a, b = world.pair("vm1"), world.pair("vm2")
    expected = (
        400,
        "MultiplePortPairsInTapPPGNotSupported",
        "Multiple port pairs in Tap port-pair-group is not allowed.",
    )
    assert world.refused(world.group, a, b, tap_enabled="yes") == expected
    tap = world.group(a, tap_enabled="yes")
    assert world.state.get("port_pair_groups", tap)["tap_enabled"] is True
    assert world.refused(world.update, "port_pair_groups", tap, port_pairs=[a, b]) == expected


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, {}),
        ({}, {}),
        ({"lb_fields": ["ip_src", "ip_src"]}, {"lb_fields": ["ip_src", "ip_src"]}),
        ({"ppg_n_tuple_mapping": None}, {}),
        ({"ppg_n_tuple_mapping": {}}, {}),
        (
            {"ppg_n_tuple_mapping": {"ingress_n_tuple": {"source_port_range_min": "80"}}},
            {"ppg_n_tuple_mapping": {**NONE, "ingress_n_tuple": {"source_port_range_min": 80}}},
        ),
        (
            {
                "ppg_n_tuple_mapping": {
                    "egress_n_tuple": {"source_ip_prefix": "10.1.1.2/32"},
                    "ingress_n_tuple": None,
                }
            },
            {"ppg_n_tuple_mapping": {**NONE, "egress_n_tuple": {"source_ip_prefix": "10.1.1.2/32"}}},
        ),
    ],
)
def test_parameters_are_completed(world, given, stored):
    group = world.create("port_pair_groups", **{PARAMETERS: given})
    assert group[PARAMETERS] == {"lb_fields": [], "ppg_n_tuple_mapping": NONE, **stored}


def mapped(**n_tuple):
    return {"ppg_n_tuple_mapping": {"ingress_n_tuple": n_tuple}}


@pytest.mark.parametrize(
    ("given", "type_", "words"),
    [
        ("x", "HTTPBadRequest", "Reason: 'x' is not a dictionary."),
        ({"foo": 1}, "HTTPBadRequest", "Reason: Unexpected keys supplied: foo."),
        ({"lb_fields": "ip_src"}, "HTTPBadRequest", "Reason: 'ip_src' is not a list."),
        ({"lb_fields": ["vlan", {}]}, "HTTPBadRequest", "Reason: Illegal values in a list: vlan, {}."),
        ({"ppg_n_tuple_mapping": [1]}, "HTTPBadRequest", "Reason: '[1]' is not a dictionary."),
        (
            {"ppg_n_tuple_mapping": {"foo": {}}},
            "PPGParametersInvalidNTupleMappingParameter",
            "Unknow key foo..",
        ),
        (mapped(foo=1), "PPGParametersInvalidNTupleMappingParameter", "'destination_port_range_max': None}."),
        (mapped(source_ip_prefix="abc"), "HTTPBadRequest", "Reason: 'abc' is not a valid IP subnet."),
        (mapped(source_port_range_min=99999), "FlowClassifierInvalidPortValue", "invalid port value 99999."),
        (
            mapped(source_port_range_min=9, source_port_range_max=8),
            "FlowClassifierInvalidPortRange",
            "min_port_range=9 must be lesser or equal to max_port_range=8.",
        ),
    ],
)
def test_parameters_that_are_wrong_are_refused(world, given, type_, words):
    status, refused, message = world.refused(world.create, "port_pair_groups", **{PARAMETERS: given})
    assert (status, refused) == (400, type_)
    assert words in message


def test_a_group_in_a_chain_is_in_use_and_without_it_frees_its_pairs(world):
    pair = world.pair("vm1")
    group = world.group(pair)
    chain = world.chain(group)
    in_use = (409, "PortPairGroupInUse", f"Port Pair Group {group} in use.")
    assert world.refused(world.delete, "port_pair_groups", group) == in_use
    world.delete("port_chains", chain)
    world.delete("port_pair_groups", group)
    assert pair in world.state.of("port_pairs")
    assert world.group(pair)
