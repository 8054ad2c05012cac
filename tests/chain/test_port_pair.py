"""Port pairs: attributes, defaults, rules."""

import pytest

GIVEN = "service_function_parameters"


def test_a_pair_is_answered_with_every_attribute_in_the_references_order(world):
    ingress, egress = world.port("vm1.in"), world.port("vm1.out")
    pair = world.create("port_pairs", name="PP1", ingress=ingress, egress=egress)
    assert list(pair.items()) == [
        ("id", pair["id"]),
        ("name", "PP1"),
        ("description", ""),
        ("project_id", "p1"),
        ("ingress", ingress),
        ("egress", egress),
        (GIVEN, {"correlation": None, "weight": 1}),
        ("tenant_id", "p1"),
        ("revision_number", 0),
    ]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, {"correlation": None, "weight": 1}),
        ({}, {"correlation": None, "weight": 1}),
        ({"correlation": "nsh"}, {"correlation": "nsh", "weight": 1}),
        ({"weight": "2"}, {"correlation": None, "weight": 2}),
        ({"weight": 0, "correlation": "mpls"}, {"correlation": "mpls", "weight": 0}),
    ],
)
def test_parameters_are_completed(world, given, stored):
    id_ = world.pair("vm1", **{GIVEN: given})
    assert world.state.get("port_pairs", id_)[GIVEN] == stored


@pytest.mark.parametrize(
    ("given", "type_", "message"),
    [
        ("mpls", "HTTPBadRequest", f"Invalid input for {GIVEN}. Reason: 'mpls' is not a dictionary."),
        ([1], "HTTPBadRequest", f"Invalid input for {GIVEN}. Reason: '[1]' is not a dictionary."),
        ({"foo": 1}, "HTTPBadRequest", f"Invalid input for {GIVEN}. Reason: Unexpected keys supplied: foo."),
        (
            {"correlation": "vlan"},
            "HTTPBadRequest",
            f"Invalid input for {GIVEN}. Reason: vlan is not in valid_values.",
        ),
        (
            {"correlation": {}},
            "HTTPBadRequest",
            f"Invalid input for {GIVEN}. Reason: {{}} is not in valid_values.",
        ),
        (
            {"weight": -1},
            "HTTPBadRequest",
            f"Invalid input for {GIVEN}. Reason: '-1' should be non-negative.",
        ),
        (
            {"weight": 65536},
            "HTTPBadRequest",
            f"Invalid input for {GIVEN}. Reason: '65536' is too large - must be no larger than '65535'.",
        ),
        ({"weight": "abc"}, "InvalidInput", "Invalid input for operation: 'abc' is not an integer."),
        ({"weight": None}, "InvalidInput", "Invalid input for operation: 'None' is not an integer."),
    ],
)
def test_parameters_that_are_wrong_are_refused(world, given, type_, message):
    world.port("vm1.in"), world.port("vm1.out")
    assert world.refused(world.pair, "vm1", **{GIVEN: given}) == (400, type_, message)


def test_ports_must_exist_have_a_device_and_the_same_one(world):
    lost = "11111111-2222-3333-4444-555555555555"
    mine, other, bare = world.port("vm1.in"), world.port("vm2.in"), world.port("bare", device="")

    def refused(ingress, egress):
        return world.refused(world.create, "port_pairs", ingress=ingress, egress=egress)

    not_found = (404, "PortPairPortNotFound", f"Port Pair port {lost} not found.")
    assert refused(lost, mine) == refused(mine, lost) == refused(lost, bare) == not_found
    assert refused(bare, bare) == (
        400, "PortPairIngressNoHost", f"Port Pair ingress port {bare} does not belong to a host."
    )  # fmt: skip
    assert refused(mine, bare) == (
        400, "PortPairEgressNoHost", f"Port Pair egress port {bare} does not belong to a host."
    )  # fmt: skip
    assert refused(mine, other) == (
        400,
        "PortPairIngressEgressDifferentHost",
        f"Port Pair ingress port {mine} and egress port {other} not in the same host.",
    )


def test_an_ordered_pair_of_ports_is_unique_the_reversed_one_is_another(world):
    a, b = world.port("vm1.a"), world.port("vm1.b")
    first = world.create("port_pairs", ingress=a, egress=b)
    world.create("port_pairs", ingress=b, egress=a)
    world.create("port_pairs", ingress=a, egress=a)
    assert world.refused(world.create, "port_pairs", ingress=a, egress=b) == (
        400,
        "PortPairIngressEgressInUse",
        f"Port Pair with ingress port {a} and egress port {b} is already used by another Port Pair {first['id']}.",
    )


def test_of_another_project_s_ports_nothing_is_told_not_even_that_they_have_a_pair(world):
    a, b = world.port("vm1.a"), world.port("vm1.b")
    world.create("port_pairs", ingress=a, egress=b)
    status, type_, message = world.refused(
        world.create, "port_pairs", by=world.asked("p2"), ingress=a, egress=b
    )
    assert (status, type_, message) == (404, "PortPairPortNotFound", f"Port Pair port {a} not found.")


def test_only_name_and_description_change(world):
    id_ = world.pair("vm1")
    pair = world.update("port_pairs", id_, name="", description="first")
    assert (pair["name"], pair["description"], pair["revision_number"]) == ("", "first", 1)
    for name in ("ingress", "egress", GIVEN, "project_id", "tenant_id", "id", "revision_number"):
        assert world.refused(world.update, "port_pairs", id_, **{name: None}) == (
            400, "HTTPBadRequest", f"Cannot update read-only attribute {name}"
        )  # fmt: skip


def test_a_member_of_a_group_is_in_use(world):
    id_ = world.pair("vm1")
    group = world.group(id_)
    assert world.refused(world.delete, "port_pairs", id_) == (
        409,
        "PortPairInUse",
        f"Port Pair {id_} in use.",
    )
    world.delete("port_pair_groups", group)
    world.delete("port_pairs", id_)
    assert not world.state.of("port_pairs")


def test_what_others_own_is_not_there(world):
    id_, theirs = world.pair("vm1"), world.port("vm2.in", project="p2")
    stranger, admin = world.asked("p2"), world.asked("p3", admin=True)
    lost = (404, "PortPairNotFound", f"Port Pair {id_} not found.")
    assert world.refused(world.delete, "port_pairs", id_, by=stranger) == lost
    assert world.refused(world.update, "port_pairs", id_, by=stranger, name="x") == lost
    assert world.refused(world.create, "port_pair_groups", by=stranger, port_pairs=[id_]) == lost
    assert world.refused(world.create, "port_pairs", ingress=theirs, egress=theirs)[:2] == (
        404,
        "PortPairPortNotFound",
    )
    assert world.update("port_pairs", id_, by=admin, name="x")["project_id"] == "p1"


@pytest.mark.parametrize("owner", [[1], {"a": 1}, 7])
def test_an_owner_that_is_no_text_is_refused(world, owner):
    port = world.port("vm1.in")
    by = world.asked(admin=True)
    refusal = world.refused(world.create, "port_pairs", by=by, ingress=port, egress=port, project_id=owner)
    message = f"Invalid input for project_id. Reason: '{owner}' is not a valid string."
    assert refusal == (400, "HTTPBadRequest", message)
