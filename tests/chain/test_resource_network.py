"""Networks and subnets: what they are when nobody says more, and what is refused."""

import pytest

from .networks import World, refusal


def test_a_network_has_the_attributes_and_values_of_the_reference():
    network = World().make("networks", name="private")
    assert {name: network[name] for name in ("mtu", "status", "subnets", "shared", "revision_number")} == {
        "mtu": 1450,
        "status": "ACTIVE",
        "subnets": [],
        "shared": False,
        "revision_number": 1,
    }
    assert network["provider:network_type"] == "vxlan"


def test_each_network_gets_the_lowest_free_segment_and_none_twice():
    world = World()
    first, second = world.make("networks"), world.make("networks")
    world.end("networks", first)
    third = world.make("networks")
    assert [n["provider:segmentation_id"] for n in (first, second, third)] == [1, 2, 1]
    clash = refusal(world.make, "networks", **{"provider:segmentation_id": 2})
    assert clash[:2] == (409, "TunnelIdInUse")


def test_a_subnet_has_the_first_address_as_gateway_and_all_others_in_its_pool():
    world = World()
    network, subnet = world.network()
    assert (subnet["gateway_ip"], subnet["allocation_pools"]) == (
        "10.0.0.1",
        [{"start": "10.0.0.2", "end": "10.0.0.254"}],
    )
    after = world.get("networks", network["id"])
    assert (after["subnets"], after["revision_number"]) == ([subnet["id"]], 2)


def test_a_subnet_without_gateway_has_all_addresses_in_its_pool():
    world = World()
    network = world.make("networks")
    body = {"network_id": network["id"], "cidr": "10.0.0.0/24", "ip_version": 4, "gateway_ip": None}
    subnet = world.make("subnets", **body)
    assert subnet["allocation_pools"] == [{"start": "10.0.0.1", "end": "10.0.0.254"}]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"cidr": "10.0.0.128/25"}, "InvalidInput"),
        ({"cidr": "2001:db8::/64"}, "InvalidInput"),
        ({"cidr": "10.1.0.0"}, "HTTPBadRequest"),
        ({"cidr": "0.0.0.0/0"}, "InvalidInput"),
        ({"cidr": "10.1.0.0/24", "gateway_ip": "10.1.0.255"}, "InvalidInput"),
        ({"cidr": "10.1.0.0/24", "gateway_ip": "2001:db8::1"}, "InvalidInput"),
        ({"cidr": "10.1.0.0/24", "ipv6_ra_mode": "slaac"}, "InvalidInput"),
        (
            {"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9", "end": "10.1.0.8"}]},
            "InvalidAllocationPool",
        ),
        (
            {"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9", "end": "10.1.1.8"}]},
            "OutOfBoundsAllocationPool",
        ),
        ({"cidr": "10.1.0.0/24", "allocation_pools": [{"start": "10.1.0.9"}]}, "HTTPBadRequest"),
        ({"cidr": "10.1.0.0/24", "dns_nameservers": ["10.1.0.1"] * 2}, "HTTPBadRequest"),
        (
            {"cidr": "10.1.0.0/24", "dns_nameservers": [f"10.1.0.{n}" for n in range(6)]},
            "DNSNameServersExhausted",
        ),
        ({"cidr": "10.1.0.0/24", "host_routes": [{"destination": "10.2.0.0/16"}]}, "HTTPBadRequest"),
    ],
)
def test_a_subnet_that_does_not_fit_is_refused(body, kind):
    world = World()
    network, _ = world.network()
    before = world.state
    met = refusal(world.make, "subnets", network_id=network["id"], **{"ip_version": 4, **body})
    assert met[:2] == (400, kind)
    assert world.state is before


def test_a_gateway_within_a_pool_and_pools_that_overlap_are_conflicts():
    world = World()
    network = world.make("networks")
    body = {"network_id": network["id"], "cidr": "10.0.0.0/24", "ip_version": 4}
    pool = {"start": "10.0.0.1", "end": "10.0.0.9"}
    assert refusal(world.make, "subnets", **body, allocation_pools=[pool])[:2] == (
        409,
        "GatewayConflictWithAllocationPools",
    )
    pools = [{"start": "10.0.0.2", "end": "10.0.0.9"}, {"start": "10.0.0.9", "end": "10.0.0.12"}]
    assert refusal(world.make, "subnets", **body, allocation_pools=pools)[:2] == (
        409,
        "OverlappingAllocationPools",
    )


def test_a_network_with_ports_stays_and_says_which_and_one_without_takes_its_subnets_along():
    world = World()
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"])
    assert refusal(world.end, "networks", network) == (
        409,
        "NetworkInUse",
        (
            f"Unable to complete operation on network {network['id']}. There are one or more ports still in use on "
            f"the network, id for these ports is: {port['id']}."
        ),
    )
    world.end("ports", port)
    world.end("networks", network)
    assert not world.state.of("subnets")


def test_a_subnet_whose_addresses_ports_have_stays():
    world = World()
    network, subnet = world.network()
    world.make("ports", network_id=network["id"])
    assert refusal(world.end, "subnets", subnet) == (
        409,
        "SubnetInUse",
        (
            f"Unable to complete operation on subnet {subnet['id']}: "
            "One or more ports have an IP allocation from this subnet."
        ),
    )


def test_who_does_not_own_a_network_sees_it_only_when_it_is_shared():
    world = World("owner")
    network, _ = world.network()
    assert refusal(world.be("other").make, "ports", network_id=network["id"])[1] == "NetworkNotFound"
    assert refusal(world.be("owner").change, "networks", network, shared=True)[:2] == (
        403,
        "PolicyNotAuthorized",
    )
    world.be("owner", admin=True).change("networks", network, shared=True)
    assert world.be("other").make("ports", network_id=network["id"])["project_id"] == "other"
    unshared = refusal(world.be("owner", admin=True).change, "networks", network, shared=False)
    assert unshared[:2] == (409, "InvalidSharedSetting")


def test_a_network_that_carries_too_little_takes_no_subnet():
    world = World()
    network = world.make("networks", mtu=1279)
    body = {"network_id": network["id"], "cidr": "2001:db8::/64", "ip_version": 6}
    assert refusal(world.make, "subnets", **body)[:2] == (409, "NetworkMTUSubnetConflict")
