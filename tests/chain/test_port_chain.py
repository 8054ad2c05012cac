"""Port chains: attributes, defaults, rules."""

import pytest

LOST = "11111111-2222-3333-4444-555555555555"


def aware(world, name, correlation):
    return world.group(world.pair(name, service_function_parameters={"correlation": correlation}))


def test_a_chain_is_answered_with_every_attribute_in_the_references_order(world):
    group, classifier = world.group(), world.classifier()
    chain = world.create("port_chains", name="PC1", port_pair_groups=[group], flow_classifiers=[classifier])
    assert list(chain.items()) == [
        ("id", chain["id"]),
        ("name", "PC1"),
        ("project_id", "p1"),
        ("description", ""),
        ("port_pair_groups", [group]),
        ("flow_classifiers", [classifier]),
        ("chain_parameters", {"correlation": "mpls", "symmetric": False}),
        ("chain_id", 1),
        ("tenant_id", "p1"),
        ("revision_number", 0),
        ("fail_mode", "closed"),
    ]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, {}),
        ({}, {}),
        ({"correlation": "nsh"}, {"correlation": "nsh"}),
        ({"symmetric": "true"}, {"symmetric": True}),
        ({"symmetric": "false", "correlation": "nsh"}, {"correlation": "nsh"}),
    ],
)
def test_parameters_are_completed(world, given, stored):
    id_ = world.chain(world.group(), chain_parameters=given)
    parameters = world.state.get("port_chains", id_)["chain_parameters"]
    assert parameters == {"correlation": "mpls", "symmetric": False, **stored}


WRONG = "Invalid input for chain_parameters. Reason: "


@pytest.mark.parametrize(
    ("given", "type_", "message"),
    [
        ({"chain_parameters": "nsh"}, "HTTPBadRequest", f"{WRONG}'nsh' is not a dictionary."),
        ({"chain_parameters": {"a": 1}}, "HTTPBadRequest", f"{WRONG}Unexpected keys supplied: a."),
        (
            {"chain_parameters": {"correlation": None}},
            "HTTPBadRequest",
            f"{WRONG}None is not in valid_values.",
        ),
        (
            {"chain_parameters": {"symmetric": "abc"}},
            "InvalidInput",
            "Invalid input for operation: 'abc' cannot be converted to boolean.",
        ),
        (
            {"fail_mode": "ajar"},
            "HTTPBadRequest",
            "Invalid input for fail_mode. Reason: ajar is not in valid_values.",
        ),
        (
            {"flow_classifiers": {"a": 1}},
            "HTTPBadRequest",
            "Invalid input for flow_classifiers. Reason: '{'a': 1}' is not a list.",
        ),
        ({"chain_id": "x"}, "InvalidInput", "Invalid input for operation: 'x' is not an integer."),
        (
            {"chain_id": 65536},
            "HTTPBadRequest",
            "Invalid input for chain_id. Reason: '65536' is too large - must be no larger than '65535'.",
        ),
    ],
)
def test_values_that_are_wrong_are_refused(world, given, type_, message):
    group = world.group()
    assert world.refused(world.chain, group, **given) == (400, type_, message)


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_a_chain_has_a_group(world, nothing):
    expected = (400, "PortPairGroupNotSpecified", "Port Pair Group is not specified in Port Chain.")
    assert world.refused(world.create, "port_chains", port_pair_groups=nothing) == expected
    chain = world.chain(world.group())
    assert world.refused(world.update, "port_chains", chain, port_pair_groups=nothing) == expected


def test_one_id_alone_is_a_list_of_it(world):
    group, classifier = world.group(), world.classifier()
    chain = world.create("port_chains", port_pair_groups=group, flow_classifiers=classifier)
    assert (chain["port_pair_groups"], chain["flow_classifiers"]) == ([group], [classifier])


def test_groups_exist_each_once_and_not_in_the_same_order_as_another_chains(world):
    a, b = world.group(), world.group()
    first = world.chain(a, b)
    second = world.chain(b, a)
    in_use = "InvalidPortPairGroups"
    assert world.refused(world.chain, a, b) == (
        409, in_use, f"Port Pair Group(s) ['{a}', '{b}'] in use by Port Chain {first}."
    )  # fmt: skip
    assert world.refused(world.update, "port_chains", second, port_pair_groups=[a, b])[1] == in_use
    assert world.update("port_chains", second, port_pair_groups=[b, a])
    assert world.refused(world.chain, a, LOST) == (
        404, "PortPairGroupNotFound", f"Port Pair Group {LOST} not found."
    )  # fmt: skip
    assert world.refused(world.chain, a, a)[2].endswith(f"Duplicate items in the list: '{a}'.")


def test_a_chain_that_one_does_not_see_does_not_stand_in_ones_way(world):
    group = world.group()
    world.create("port_chains", by=world.asked("p2", admin=True), port_pair_groups=[group])
    assert world.chain(group)


def test_two_taps_in_a_row_are_refused(world):
    taps, group = [world.group(tap_enabled=True) for _ in range(2)], world.group()
    expected = (
        400, "ConsecutiveTapPPGNotSupported", "Consecutive Tap PPG in port-chain is not supported now."
    )  # fmt: skip
    assert world.refused(world.chain, *taps) == expected
    chain = world.chain(taps[0], group, taps[1])
    assert world.refused(world.update, "port_chains", chain, port_pair_groups=[group, *taps]) == expected


def test_functions_fit_the_chains_encapsulation_also_later(world):
    plain, mpls, nsh = world.group(world.pair("vm1")), aware(world, "vm2", "mpls"), aware(world, "vm3", "nsh")
    chain = world.chain(plain, mpls)
    words = "with a different protocol used as correlation type."
    expected = (
        400,
        "PortChainInconsistentCorrelations",
        f"Port Chain attempted creation included a Port Pair Group ({nsh}) {words}",
    )
    assert world.refused(world.chain, nsh) == expected
    assert world.refused(world.update, "port_chains", chain, port_pair_groups=[plain, nsh]) == expected
    assert world.chain(plain, nsh, chain_parameters={"correlation": "nsh"})


def test_chain_ids_are_the_lowest_free_from_1_in_all_projects(world):
    def chain_id(**body):
        id_ = world.chain(world.group(), **body)
        return world.state.get("port_chains", id_)["chain_id"]

    assert [chain_id(), chain_id(chain_id="3"), chain_id(), chain_id()] == [1, 3, 2, 4]
    other = world.create("port_pair_groups", by=world.asked("p2"))["id"]
    assert world.create("port_chains", by=world.asked("p2"), port_pair_groups=[other])["chain_id"] == 5
    holder = next(c["id"] for c in world.state.of("port_chains").values() if c["chain_id"] == 3)
    assert world.refused(world.chain, world.group(), chain_id=3) == (
        400, "PortChainChainIdInConflict", f"Chain id 3 conflicts with Chain id in port chain {holder}."
    )  # fmt: skip


def test_a_chain_id_fits_the_label_of_its_encapsulation(world):
    group, other = world.group(), world.group()
    assert world.refused(world.chain, group, chain_id=4096) == (
        400,
        "HTTPBadRequest",
        "Invalid input for chain_id. Reason: '4096' is too large - must be no larger than '4095'.",
    )
    assert world.chain(group, chain_id=4095)
    assert world.chain(other, chain_id=65535, chain_parameters={"correlation": "nsh"})


def test_when_all_labels_are_taken_no_chain_comes_of_it(world, monkeypatch):
    from sfcci.chain import resource_port_chain

    monkeypatch.setitem(resource_port_chain.MAX_CHAIN_ID, "mpls", 2)
    world.chain(world.group()), world.chain(world.group())
    group, by = world.group(), world.asked()
    assert world.refused(world.create, "port_chains", by=by, port_pair_groups=[group]) == (
        400, "PortChainUnavailableChainId", f"Port Chain {by.id} no available chain id."
    )  # fmt: skip


def test_a_classifier_exists_and_leads_into_one_chain(world):
    classifier = world.classifier(protocol="tcp")
    first, second = world.chain(world.group(), flow_classifiers=[classifier]), world.chain(world.group())
    in_use = (409, "FlowClassifierInUse", f"Flow Classifier {classifier} in use.")
    assert world.refused(world.chain, world.group(), flow_classifiers=[classifier]) == in_use
    assert world.refused(world.update, "port_chains", second, flow_classifiers=[classifier]) == in_use
    assert world.update("port_chains", first, flow_classifiers=[classifier])
    assert world.refused(world.update, "port_chains", first, flow_classifiers=[LOST]) == (
        404, "FlowClassifierNotFound", f"Flow Classifier {LOST} not found."
    )  # fmt: skip


def test_between_chains_classifiers_conflict_whatever_their_logical_ports(world):
    tcp, other = world.classifier(protocol="tcp"), world.classifier(logical_source_port=world.port("b.p"))
    first = world.chain(world.group(), flow_classifiers=[tcp])
    group = world.group()
    assert world.refused(world.chain, group, flow_classifiers=[other]) == (
        400,
        "PortChainFlowClassifierInConflict",
        f"Flow Classifier {other} conflicts with Flow Classifier {tcp} in port chain {first}.",
    )
    assert world.update("port_chains", first, flow_classifiers=[tcp, other])  # within one they may


def test_a_symmetric_chains_classifiers_say_where_the_way_back_begins(world):
    bare = world.classifier(protocol="tcp")
    both = world.classifier(protocol="udp", logical_destination_port=world.port("dst.p"))
    group, symmetric = world.group(), {"symmetric": True}
    refusal = world.refused(world.chain, group, flow_classifiers=[bare], chain_parameters=symmetric)
    assert refusal[:2] == (400, "SfcBadRequest")
    assert refusal[2].startswith(f"FlowClassifier {bare} does not setlogical_destination_port. ")
    chain = world.chain(group, flow_classifiers=[both], chain_parameters=symmetric)
    update = world.refused(world.update, "port_chains", chain, flow_classifiers=[both, bare])
    assert update[1] == "SfcBadRequest"


def test_what_changes_and_what_does_not(world):
    chain = world.chain(world.group(), chain_id=7)
    new = world.update("port_chains", chain, name="n", description="d", fail_mode="open")
    assert (new["name"], new["description"], new["fail_mode"], new["chain_id"]) == ("n", "d", "open", 7)
    assert new["revision_number"] == 1
    for name in ("chain_id", "chain_parameters", "project_id"):
        refusal = world.refused(world.update, "port_chains", chain, **{name: None})
        assert refusal == (400, "HTTPBadRequest", f"Cannot update read-only attribute {name}")


def test_a_deleted_chain_leaves_everything_else(world):
    pair = world.pair("vm1")
    group, classifier = world.group(pair), world.classifier()
    before = world.state
    chain = world.chain(group, flow_classifiers=[classifier])
    world.delete("port_chains", chain)
    assert {**world.state.collections, "port_chains": {}} == {**before.collections, "port_chains": {}}


def test_groups_and_classifiers_of_others_are_not_there(world):
    group, classifier = world.group(), world.classifier()
    stranger = {"by": world.asked("p2")}
    assert (
        world.refused(world.create, "port_chains", **stranger, port_pair_groups=[group])[1]
        == "PortPairGroupNotFound"
    )
    theirs = world.create("port_pair_groups", by=world.asked("p2"))["id"]
    refusal = world.refused(
        world.create,
        "port_chains",
        by=world.asked("p2"),
        port_pair_groups=[theirs],
        flow_classifiers=[classifier],
    )
    assert refusal[1] == "FlowClassifierNotFound"
