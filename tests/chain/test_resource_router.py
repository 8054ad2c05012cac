"""Routers: interfaces, gateways, routes."""

import pytest

from .networks import World, refusal


@pytest.fixture
def world():
    return World()


def test_an_interface_has_the_subnets_gateway_and_stands_against_the_deletion_of_all_it_joins(world):
    network, subnet = world.network()
    router = world.make("routers", name="r")
    answer = world.act("add_router_interface", router, subnet_id=subnet["id"])
    port = world.get("ports", answer["port_id"])
    assert port["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": "10.0.0.1"}]
    assert (port["device_owner"], port["device_id"], port["status"]) == (
        "network:router_interface",
        router["id"],
        "ACTIVE",
    )
    refused = [
        refusal(world.end, kind, one)
        for kind, one in (("ports", port), ("subnets", subnet), ("networks", network), ("routers", router))
    ]
    assert [each[:2] for each in refused] == [
        (409, "ServicePortInUse"),
        (409, "SubnetInUse"),
        (409, "NetworkInUse"),
        (409, "RouterInUse"),
    ]
    gateway = refusal(world.change, "subnets", subnet, gateway_ip=None)
    assert gateway[:2] == (409, "GatewayIpInUse")
    assert world.act("remove_router_interface", router, subnet_id=subnet["id"]) == answer
    world.end("routers", router)
    world.end("networks", network)


def test_a_port_of_ones_own_becomes_an_interface(world):
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"])
    router = world.make("routers")
    assert world.act("add_router_interface", router, port_id=port["id"])["port_id"] == port["id"]
    taken = refusal(world.act, "add_router_interface", world.make("routers"), port_id=port["id"])
    assert taken[:2] == (409, "PortInUse")
    world.act("remove_router_interface", router, port_id=port["id"])
    assert port["id"] not in world.state.of("ports")


def test_an_interface_that_a_port_pair_uses_stays(world):
    _, subnet = world.network()
    router = world.make("routers")
    port = world.act("add_router_interface", router, subnet_id=subnet["id"])["port_id"]
    world.make("port_pairs", ingress=port, egress=port)
    met = refusal(world.act, "remove_router_interface", router, port_id=port)
    assert met[:2] == (409, "ServicePortInUse")


def test_nobody_makes_an_interface_of_somebody_elses_router(world):
    router = world.be("owner").make("routers")
    network, _ = world.be("other").network()
    body = {
        "network_id": network["id"],
        "device_owner": "network:router_interface",
        "device_id": router["id"],
    }
    assert refusal(world.make, "ports", **body)[:2] == (409, "DeviceIDNotOwnedByTenant")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({}, 400, "BadRequest"),
        ({"subnet_id": "x"}, 400, "HTTPBadRequest"),
        ({"subnet_id": "11111111-2222-3333-4444-555555555555"}, 404, "SubnetNotFound"),
        ({"port_id": "11111111-2222-3333-4444-555555555555"}, 404, "PortNotFound"),
        ({"net": "x"}, 400, "HTTPBadRequest"),
    ],
)
def test_an_interface_on_nothing_is_refused(world, body, status, kind):
    router = world.make("routers")
    assert refusal(world.act, "add_router_interface", router, **body)[:2] == (status, kind)


def test_two_interfaces_on_overlapping_subnets_are_refused(world):
    router = world.make("routers")
    for cidr, met in (("10.0.0.0/24", None), ("10.0.0.128/25", (400, "BadRequest"))):
        _, subnet = world.network(cidr)
        refused = refusal(world.act, "add_router_interface", router, subnet_id=subnet["id"])
        assert (refused and refused[:2]) == met


def test_a_gateway_is_a_port_on_an_external_network_and_goes_with_the_router(world):
    network, subnet = world.network("172.24.4.0/24", **{"router:external": True})
    inside, _ = world.network()
    wrong = refusal(world.make, "routers", external_gateway_info={"network_id": inside["id"]})
    assert wrong[:2] == (400, "BadRequest")
    router = world.make("routers", external_gateway_info={"network_id": network["id"]})
    assert router["external_gateway_info"] == {
        "network_id": network["id"],
        "external_fixed_ips": [{"subnet_id": subnet["id"], "ip_address": "172.24.4.2"}],
        "enable_snat": True,
    }
    assert world.change("routers", router, external_gateway_info={})["external_gateway_info"] is None
    assert not world.state.of("ports")
    world.change("routers", router, external_gateway_info={"network_id": network["id"]})
    world.end("routers", router)
    assert not world.state.of("ports")


def test_a_route_goes_to_a_neighbour_of_the_router(world):
    _, subnet = world.network()
    router = world.make("routers")
    world.act("add_router_interface", router, subnet_id=subnet["id"])
    near = {"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}
    assert world.change("routers", router, routes=[near])["routes"] == [near]
    for hop in ("10.8.0.1", "10.0.0.1"):
        refused = refusal(world.change, "routers", router, routes=[{**near, "nexthop": hop}])
        assert refused[:2] == (400, "InvalidRoutes")


def test_an_interface_that_a_route_needs_stays(world):
    _, subnet = world.network()
    router = world.make("routers")
    world.act("add_router_interface", router, subnet_id=subnet["id"])
    route = {"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}
    router = world.change("routers", router, routes=[route])
    met = refusal(world.act, "remove_router_interface", router, subnet_id=subnet["id"])
    assert met[:2] == (409, "RouterInterfaceInUseByRoute")
    world.change("routers", router, routes=[])
    world.act("remove_router_interface", router, subnet_id=subnet["id"])
