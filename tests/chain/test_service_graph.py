"""Service graphs: which chains may follow each other."""

import pytest

LOST = "11111111-2222-3333-4444-555555555555"


def chain(world, name, *, correlation="mpls", classifier=None, last=None):
    """Give a chain of functions that understand its encapsulation."""

    def group(at, understood):
        return world.group(
            world.pair(f"{name}-{at}", service_function_parameters={"correlation": understood})
        )

    groups = [group(0, correlation), group(1, correlation if last is None else None)]
    classifiers = [classifier] if classifier else []
    return world.chain(*groups, flow_classifiers=classifiers, chain_parameters={"correlation": correlation})


def test_a_graph_is_answered_with_every_attribute_in_the_references_order(world):
    a, b = chain(world, "a"), chain(world, "b")
    graph = world.create("service_graphs", name="SG1", port_chains={a: [b]})
    assert list(graph.items()) == [
        ("id", graph["id"]),
        ("name", "SG1"),
        ("project_id", "p1"),
        ("description", ""),
        ("port_chains", {a: [b]}),
        ("tenant_id", "p1"),
        ("revision_number", 0),
    ]


def test_a_graph_without_branches_is_empty(world):
    a = chain(world, "a")
    for nothing in (None, {}, {a: []}):
        assert world.create("service_graphs", port_chains=nothing)["port_chains"] == {}
    world.update("port_chains", a, flow_classifiers=[])


@pytest.mark.parametrize(
    ("given", "type_", "message"),
    [
        ([], "HTTPBadRequest", "Invalid input for port_chains. Reason: '[]' is not a dictionary."),
        ("x", "HTTPBadRequest", "Invalid input for port_chains. Reason: 'x' is not a dictionary."),
        ({LOST: None}, "HTTPBadRequest", "Invalid input for port_chains. Reason: 'None' is not a list."),
        ({LOST: LOST}, "HTTPBadRequest", f"Invalid input for port_chains. Reason: '{LOST}' is not a list."),
        (
            {"a": []},
            "InvalidUUID",
            (
                "An invalid UUID was specified: UUID of source Port-Chain is invalid: a. "
                "Make sure only valid UUIDs are provided."
            ),
        ),
        (
            {LOST: [7]},
            "InvalidUUID",
            (
                "An invalid UUID was specified: UUID of destination Port-Chain is invalid: 7. "
                "Make sure only valid UUIDs are provided."
            ),
        ),
    ],
)
def test_branches_that_are_wrong_are_refused(world, given, type_, message):
    assert world.refused(world.graph, given) == (400, type_, message)


def test_chains_exist_and_are_in_one_graph(world):
    a, b, c = (chain(world, name) for name in "abc")
    lost = (404, "PortChainNotFound", f"Port Chain {LOST} not found.")
    assert world.refused(world.graph, {LOST: [a]}) == world.refused(world.graph, {a: [LOST]}) == lost
    world.graph({a: [b]})
    for branches in ({b: [c]}, {c: [a]}):
        assert world.refused(world.graph, branches) == (
            409,
            "ServiceGraphInvalidPortChains",
            f"Some of the Port Chain(s): {branches}, are already in use by a Service Graph.",
        )


def test_a_diamond_is_fine_and_a_loop_is_not(world):
    a, b, c, d = (chain(world, name) for name in "abcd")
    loop = (
        400,
        "ServiceGraphLoopDetected",
        "Service Graph defined contains at least one port chain loop.",
    )
    assert world.refused(world.graph, {a: [a]}) == loop
    assert world.refused(world.graph, {a: [b], b: [c], c: [b, d]}) == loop
    assert world.graph({a: [b, c], b: [d], c: [d]})


def test_a_destination_stands_once_at_a_branching_point(world):
    a, b = chain(world, "a"), chain(world, "b")
    assert world.refused(world.graph, {a: [b, b]}) == (
        400,
        "ServiceGraphPortChainInConflict",
        f"Port Chain {b} is duplicated on one of the branching points being created.",
    )


def test_all_chains_speak_the_same(world):
    a, b = chain(world, "a"), chain(world, "b", correlation="nsh")
    assert world.refused(world.graph, {a: [b]}) == (
        400,
        "ServiceGraphInconsistentEncapsulation",
        "Service Graph may only connect port-chains sharing the same correlation.",
    )


def test_functions_where_a_graph_branches_know_the_chain(world):
    a, b, unaware = chain(world, "a"), chain(world, "b"), chain(world, "c", last="unaware")
    words = "destination port pair groups (their PPs) to have correlation enabled."
    assert world.refused(world.graph, {unaware: [b]}) == (
        400,
        "ServiceGraphImpossibleBranching",
        f"Service Graphs require source (branching) and {words}",
    )
    assert world.graph({a: [unaware]})  # its first function does


def test_destinations_that_want_the_same_packet_conflict(world):
    a = chain(world, "a")
    # Of two owners: one could not have put them into two chains.
    b, tcp = owned_chain(world, "p2")
    c, other = owned_chain(world, "p3")
    by = world.asked(admin=True)
    assert world.refused(world.create, "service_graphs", by=by, port_chains={a: [b, c]}) == (
        400,
        "ServiceGraphFlowClassifierInConflict",
        (
            f"Flow Classifier {tcp} conflicts with Flow Classifier {other} "
            "on one of the branching points being created."
        ),
    )


def owned_chain(world, project):
    source = world.port(f"{project}.p", project=project)
    classifier = world.create("flow_classifiers", by=world.asked(project), logical_source_port=source)["id"]
    group = world.create("port_pair_groups", by=world.asked(project))["id"]
    by = world.asked(project)
    world.create("port_chains", by=by, port_pair_groups=[group], flow_classifiers=[classifier])
    return by.id, classifier


def test_chains_of_a_graph_are_renamed_but_not_changed_nor_deleted(world):
    a, b = chain(world, "a"), chain(world, "b")
    graph = world.graph({a: [b]})
    for id_ in (a, b):
        in_use = (409, "ServiceGraphPortChainInUse", f"Port Chain {id_} in use.")
        groups = world.state.get("port_chains", id_)["port_pair_groups"]
        assert world.refused(world.update, "port_chains", id_, flow_classifiers=[]) == in_use
        assert world.refused(world.update, "port_chains", id_, port_pair_groups=groups) == in_use
        assert world.refused(world.delete, "port_chains", id_) == in_use
        assert world.update("port_chains", id_, name="n", fail_mode="open")["name"] == "n"
    world.delete("service_graphs", graph)
    world.delete("port_chains", a)
    world.delete("port_chains", b)


def test_only_name_and_description_change(world):
    a, b = chain(world, "a"), chain(world, "b")
    graph = world.graph({a: [b]})
    assert world.update("service_graphs", graph, description="x")["port_chains"] == {a: [b]}
    refusal = world.refused(world.update, "service_graphs", graph, port_chains={})
    assert refusal == (400, "HTTPBadRequest", "Cannot update read-only attribute port_chains")


def function(world, name, correlation):
    """Give the port at which a function gives packets back, and a group of it."""
    pair = world.pair(name, service_function_parameters={"correlation": correlation})
    return world.port(f"{name}.out"), world.group(pair)


def test_a_chain_may_take_a_part_of_the_packets_that_come_out_of_another_one(world):
    outlet, first = function(world, "f", "mpls")
    _, second = function(world, "g", "mpls")
    udp = world.classifier(logical_source_port=outlet, protocol="udp")
    inner = world.chain(second, flow_classifiers=[udp])
    outer = world.chain(first, flow_classifiers=[world.classifier()])
    assert world.graph({outer: [inner]})


@pytest.mark.parametrize(("correlation", "begins"), [(None, "f.out"), ("mpls", "src2.p"), ("mpls", "f.in")])
def test_what_comes_from_elsewhere_is_not_told_apart_behind_functions(world, correlation, begins):
    _, group = function(world, "f", correlation)
    outer = world.chain(group, flow_classifiers=[world.classifier()])
    udp = world.classifier(logical_source_port=world.port(begins), protocol="udp")
    refused = world.refused(world.chain, world.group(), flow_classifiers=[udp])
    assert (refused[:2], outer in refused[2]) == ((400, "PortChainFlowClassifierInConflict"), True)
