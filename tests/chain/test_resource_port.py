"""Ports: addresses, binding, security, and who stands against their deletion."""

import pytest

from .networks import World, refusal


def addresses(port):
    return [fixed["ip_address"] for fixed in port["fixed_ips"]]


def test_ports_get_the_lowest_free_address_and_give_it_back():
    world = World()
    network, _ = world.network()
    first, second = (world.make("ports", network_id=network["id"]) for _ in range(2))
    assert addresses(first) + addresses(second) == ["10.0.0.2", "10.0.0.3"]
    world.end("ports", first)
    assert addresses(world.make("ports", network_id=network["id"])) == ["10.0.0.2"]


def test_a_port_on_a_network_with_both_versions_has_an_address_of_each():
    world = World()
    network, _ = world.network()
    world.make("subnets", network_id=network["id"], cidr="2001:db8::/64", ip_version=6)
    assert addresses(world.make("ports", network_id=network["id"])) == ["10.0.0.2", "2001:db8::2"]


def test_a_network_without_free_addresses_says_so():
    world = World()
    network, _ = world.network("10.0.0.0/30")
    world.make("ports", network_id=network["id"])
    assert refusal(world.make, "ports", network_id=network["id"]) == (
        409,
        "IpAddressGenerationFailure",
        f"No more IP addresses available on network {network['id']}.",
    )


@pytest.mark.parametrize(
    ("wanted", "status", "kind"),
    [
        ({"ip_address": "10.0.0.2"}, 409, "IpAddressAlreadyAllocated"),
        ({"ip_address": "10.9.0.2"}, 400, "InvalidIpForNetwork"),
        ({"ip_address": "10.0.0.255"}, 400, "InvalidIpForNetwork"),
        ({"ip_address": "10.0.0.x"}, 400, "HTTPBadRequest"),
        ({"subnet_id": "11111111-2222-3333-4444-555555555555"}, 400, "InvalidInput"),
        ({}, 400, "InvalidInput"),
    ],
)
def test_an_address_that_cannot_be_given_is_refused_and_nothing_changes(wanted, status, kind):
    world = World()
    network, _ = world.network()
    world.make("ports", network_id=network["id"])
    before = world.state
    assert refusal(world.make, "ports", network_id=network["id"], fixed_ips=[wanted])[:2] == (status, kind)
    assert world.state is before


def test_a_port_that_is_given_one_more_subnet_keeps_its_address():
    world = World()
    network, subnet = world.network()
    port = world.make("ports", network_id=network["id"])
    more = [*port["fixed_ips"], {"subnet_id": subnet["id"]}]
    assert addresses(world.change("ports", port, fixed_ips=more)) == ["10.0.0.2", "10.0.0.3"]
    assert addresses(world.change("ports", port, fixed_ips=[{"subnet_id": subnet["id"]}])) == ["10.0.0.2"]


def test_ports_make_themselves_an_address_in_a_subnet_that_advertises_its_prefix():
    world = World()
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"], mac_address="34:56:78:9a:bc:de")
    modes = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    own = {"network_id": network["id"], "cidr": "2001:db8::/64", "ip_version": 6, **modes}
    subnet = world.make("subnets", **own)
    assert addresses(world.get("ports", port["id"])) == ["10.0.0.2", "2001:db8::3656:78ff:fe9a:bcde"]
    world.end("subnets", subnet)
    assert addresses(world.get("ports", port["id"])) == ["10.0.0.2"]


def test_a_mac_that_another_port_of_the_network_has_is_refused():
    world = World()
    network, _ = world.network()
    other, _ = world.network()
    world.make("ports", network_id=network["id"], mac_address="fa:16:3e:00:00:01")
    same = {"mac_address": "FA-16-3E-00-00-01"}
    assert refusal(world.make, "ports", network_id=network["id"], **same)[:2] == (409, "MacAddressInUse")
    assert world.make("ports", network_id=other["id"], **same)["mac_address"] == "fa:16:3e:00:00:01"


def test_a_port_with_a_host_is_bound_and_its_host_has_an_agent_as_long_as_it_stays():
    world = World()
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"])
    assert (port["binding:vif_type"], port["binding:vif_details"], port["status"]) == ("unbound", {}, "DOWN")
    bound = world.change("ports", port, **{"binding:host_id": "node1", "device_id": "vm1"})
    assert (bound["binding:vif_type"], bound["binding:vif_details"]["bridge_name"]) == ("ovs", "br-int")
    assert [agent["host"] for agent in world.state.of("agents").values()] == ["node1"]
    unbound = world.change("ports", port, **{"binding:host_id": None})
    assert (unbound["binding:host_id"], unbound["binding:vif_type"]) == ("", "unbound")
    assert not world.state.of("agents")


def test_a_bound_ports_mac_stays():
    world = World()
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"], **{"binding:host_id": "node1"})
    assert refusal(world.change, "ports", port, mac_address="fa:16:3e:00:00:01")[:2] == (409, "PortBound")


def test_a_port_that_a_pair_or_a_classifier_uses_stays_and_says_whose_it_is():
    world = World()
    network, _ = world.network()
    port, source = (world.make("ports", network_id=network["id"], device_id="vm") for _ in range(2))
    world.make("port_pairs", name="PP1", ingress=port["id"], egress=port["id"])
    world.make("flow_classifiers", name="FC1", logical_source_port=source["id"])
    for used, words in ((port, "port pair PP1"), (source, "flow classifier FC1")):
        status, kind, message = refusal(world.end, "ports", used)
        assert (status, kind) == (409, "ServicePortInUse")
        assert words in message


def test_ports_get_their_projects_default_group_unless_their_network_has_no_port_security():
    world = World()
    network, _ = world.network()
    open_network, _ = world.network(port_security_enabled=False)
    group = next(iter(world.state.of("security_groups").values()))
    assert world.make("ports", network_id=network["id"])["security_groups"] == [group["id"]]
    port = world.make("ports", network_id=open_network["id"])
    assert (port["security_groups"], port["port_security_enabled"]) == ([], False)


def test_port_security_cannot_go_while_groups_or_address_pairs_need_it():
    world = World()
    network, _ = world.network()
    port = world.make("ports", network_id=network["id"])
    off = {"port_security_enabled": False}
    assert refusal(world.change, "ports", port, **off)[:2] == (409, "PortSecurityPortHasSecurityGroup")
    pairs = {"allowed_address_pairs": [{"ip_address": "10.0.0.0/24"}], "security_groups": []}
    world.change("ports", port, **pairs)
    assert refusal(world.change, "ports", port, **off)[:2] == (409, "AddressPairAndPortSecurityRequired")


def test_on_somebody_elses_network_its_owner_decides_on_addresses_and_security():
    world = World("owner")
    network, _ = world.network(shared=True)
    world.be("guest")
    for body in (
        {"mac_address": "fa:16:3e:00:00:01"},
        {"fixed_ips": [{"ip_address": "10.0.0.9"}]},
        {"port_security_enabled": False},
        {"allowed_address_pairs": [{"ip_address": "1.1.1.1"}]},
        {"binding:host_id": "node1"},
    ):
        assert refusal(world.make, "ports", network_id=network["id"], **body)[:2] == (
            403,
            "PolicyNotAuthorized",
        )


def test_a_dhcp_option_takes_its_namesakes_place_and_null_takes_it_away():
    world = World()
    network, _ = world.network()
    name, other = ({"opt_name": name, "opt_value": "x"} for name in ("bootfile-name", "tftp-server"))
    port = world.make("ports", network_id=network["id"], extra_dhcp_opts=[name, other])
    changed = world.change(
        "ports", port, extra_dhcp_opts=[{**name, "opt_value": "y"}, {**other, "opt_value": None}]
    )
    assert changed["extra_dhcp_opts"] == [{"opt_name": "bootfile-name", "opt_value": "y", "ip_version": 4}]
