"""Security groups, their rules, and tags."""

import pytest

from sfcci.chain import tag
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.refused import Refused

from .networks import World, refusal


def test_a_new_group_lets_everything_out_and_its_rules_are_resources_too():
    world = World()
    group = world.make("security_groups", name="web")
    assert [(rule["direction"], rule["ethertype"]) for rule in group["security_group_rules"]] == [
        ("egress", "IPv4"),
        ("egress", "IPv6"),
    ]
    for rule in group["security_group_rules"]:
        assert world.get("security_group_rules", rule["id"]) == rule


def test_a_project_has_one_default_group_made_on_first_need():
    world = World()
    world.make("networks")
    world.make("networks")
    assert [group["name"] for group in world.state.of("security_groups").values()] == ["default"]
    second = refusal(world.make, "security_groups", name="default")
    assert second[:2] == (409, "SecurityGroupDefaultAlreadyExists")


def test_a_group_that_ports_have_stays():
    world = World()
    network, _ = world.network()
    group = world.make("security_groups", name="web")
    port = world.make("ports", network_id=network["id"], security_groups=[group["id"]])
    assert refusal(world.end, "security_groups", group)[:2] == (409, "SecurityGroupInUse")
    world.end("ports", port)
    world.end("security_groups", group)
    left = {rule["security_group_id"] for rule in world.state.of("security_group_rules").values()}
    assert group["id"] not in left


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"protocol": "foo"}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": 256}, 400, "SecurityGroupRuleInvalidProtocol"),
        ({"port_range_min": 1, "port_range_max": 2}, 400, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "tcp", "port_range_min": 2, "port_range_max": 1}, 400, "SecurityGroupInvalidPortRange"),
        (
            {"protocol": "tcp", "port_range_min": 2, "port_range_max": 65536},
            400,
            "SecurityGroupInvalidPortValue",
        ),
        ({"protocol": "icmp", "port_range_max": 6}, 400, "SecurityGroupMissingIcmpType"),
        ({"protocol": "icmp", "port_range_min": 300}, 400, "SecurityGroupInvalidIcmpValue"),
        ({"protocol": "58"}, 400, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"remote_ip_prefix": "2001:db8::/64"}, 400, "SecurityGroupRuleParameterConflict"),
        ({"remote_ip_prefix": "x"}, 400, "InvalidCIDR"),
        ({"remote_group_id": "nowhere"}, 404, "SecurityGroupNotFound"),
        ({"direction": "up"}, 400, "HTTPBadRequest"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(body, status, kind):
    world = World()
    group = world.make("security_groups")
    rule = {"security_group_id": group["id"], "direction": "ingress", **body}
    assert refusal(world.make, "security_group_rules", **rule)[:2] == (status, kind)


def test_the_same_rule_in_other_words_is_refused():
    world = World()
    group = world.make("security_groups")
    rule = {"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp"}
    made = world.make("security_group_rules", **rule)
    same = {**rule, "protocol": "6", "remote_ip_prefix": "0.0.0.0/0"}
    status, kind, message = refusal(world.make, "security_group_rules", **same)
    assert (status, kind, message) == (
        409,
        "SecurityGroupRuleExists",
        f"Security group rule already exists. Rule id is {made['id']}.",
    )


def ask(world, method, name=None, body=None):
    network = next(iter(world.state.of("networks")))
    words = (COLLECTIONS["networks"], network, method, name, body, world.asked())
    world.state, status, answer = tag.answer(world.state, *words)
    return status, answer


def test_tags_are_put_asked_for_and_taken_away():
    world = World()
    world.make("networks", tags=["red"])
    assert ask(world, "PUT", "blue") == (201, None)
    assert ask(world, "GET") == (200, {"tags": ["red", "blue"]})
    assert ask(world, "GET", "red") == (204, None)
    assert ask(world, "PUT", None, {"tags": ["green"]}) == (200, {"tags": ["green"]})
    assert ask(world, "DELETE", "green") == (204, None)
    assert ask(world, "DELETE") == (204, None)
    with pytest.raises(Refused, match=r"Tag green could not be found\."):
        ask(world, "GET", "green")


@pytest.mark.parametrize(
    "body", [None, {}, {"tags": "x"}, {"tags": [1]}, {"tags": ["a,b"]}, {"tags": [], "x": 1}]
)
def test_tags_that_are_none_are_refused(body):
    world = World()
    world.make("networks")
    with pytest.raises(Refused) as refused:
        ask(world, "PUT", None, body)
    assert refused.value.status == 400
