"""Where the API answers otherwise than the reference on purpose: one test for each row of the table in docs/neutron-api.md."""

import itertools
import re
from pathlib import Path

import pytest

from .openstack.fixture import SFC
from .openstack.rest import Http

DOCUMENT = Path(__file__).parents[2] / "docs" / "neutron-api.md"
UNKNOWN = "11111111-2222-3333-4444-555555555555"


class World:
    """The API with a network; what a test makes in it is taken away after it."""

    def __init__(self, http):
        self.http, self.number = http, itertools.count(1)
        self.network = http.made("networks", name="net")["id"]
        subnet = {"network_id": self.network, "cidr": "10.88.0.0/16", "ip_version": 4}
        self.subnet = http.made("subnets", **subnet)["id"]

    def port(self, device="vm", **attributes):
        """A port on a host."""
        where = {"network_id": self.network, "binding:host_id": "node1", "device_owner": "compute:nova"}
        return self.http.made("ports", device_id=device, **where, **attributes)["id"]

    def pair(self, **attributes):
        return self.made("port_pairs", ingress=self.port(), egress=self.port(), **attributes)["id"]

    def group(self, *pairs, **attributes):
        return self.made("port_pair_groups", port_pairs=list(pairs), **attributes)["id"]

    def classifier(self, **attributes):
        """A classifier that conflicts with no other."""
        prefix = f"10.99.{next(self.number)}.0/24"
        given = {"source_ip_prefix": prefix, "logical_source_port": self.port(), **attributes}
        return self.made("flow_classifiers", **given)["id"]

    def chain(self, *groups, **attributes):
        groups = groups or [self.group(self.pair())]
        return self.made("port_chains", port_pair_groups=list(groups), **attributes)

    def made(self, collection, **attributes):
        return self.http.made(f"sfc/{collection}", **attributes)

    def post(self, collection, **attributes):
        """A POST that may be refused."""
        body = {collection.removesuffix("s"): attributes}
        return self.http.ask("POST", f"/v2.0/sfc/{collection}", body)

    def put(self, collection, id_, **attributes):
        body = {collection.removesuffix("s"): attributes}
        return self.http.ask("PUT", f"/v2.0/sfc/{collection}/{id_}", body)

    def delete(self, path, id_):
        return self.http.ask("DELETE", f"/v2.0/{path}/{id_}")

    def shown(self, collection, id_):
        answer = self.http.ask("GET", f"/v2.0/sfc/{collection}/{id_}")
        return answer.body[collection.removesuffix("s")]

    def empty(self):
        for path in (*(f"sfc/{name}" for name in ("service_graphs", *SFC)), "ports"):
            for row in self.http.listed(path):
                assert self.delete(path, row["id"]).status == 204


@pytest.fixture(scope="module")
def one_world(server):
    http = Http(server.url)
    yield World(http)
    http.close()


@pytest.fixture
def world(one_world):
    yield one_world
    one_world.empty()


def refused(answer, status, type_, words=""):
    assert (answer.status, answer.error) == (status, type_), answer
    assert words in answer.body["NeutronError"]["message"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"weight": "2"}, {"correlation": None, "weight": 2}),
        ({"correlation": "mpls"}, {"correlation": "mpls", "weight": 1}),
    ],
)
def test_parameters_of_a_pair_that_are_given_in_part_are_completed(world, given, stored):
    pair = world.pair(service_function_parameters=given)
    assert world.shown("port_pairs", pair)["service_function_parameters"] == stored
    world.group(pair)


@pytest.mark.parametrize("given", ["lb_fields", ["lb_fields"], 7, True])
def test_parameters_of_a_group_that_are_no_mapping_are_refused(world, given):
    answer = world.post("port_pair_groups", port_pair_group_parameters=given)
    refused(answer, 400, "HTTPBadRequest", "port_pair_group_parameters")


@pytest.mark.parametrize("given", ["mpls", ["mpls"], 7, True])
def test_parameters_of_a_chain_that_are_no_mapping_are_refused(world, given):
    answer = world.post("port_chains", port_pair_groups=[world.group()], chain_parameters=given)
    refused(answer, 400, "HTTPBadRequest", "chain_parameters")


@pytest.mark.parametrize("given", [None, {}, {"ingress_n_tuple": {}}, {"ingress_n_tuple": None}])
def test_a_mapping_of_tuples_that_is_given_in_part_is_completed(world, given):
    group = world.group(port_pair_group_parameters={"ppg_n_tuple_mapping": given})
    assert world.shown("port_pair_groups", group)["port_pair_group_parameters"] == {
        "lb_fields": [],
        "ppg_n_tuple_mapping": {"ingress_n_tuple": {}, "egress_n_tuple": {}},
    }


@pytest.mark.parametrize(
    "given",
    [
        {"source_ip_prefix": "abc"},
        {"destination_port_range_min": 99999},
        {"source_port_range_min": "x"},
        {"source_port_range_min": 9, "source_port_range_max": 8},
    ],
)
def test_values_of_a_mapping_of_tuples_are_validated(world, given):
    mapping = {"ingress_n_tuple": given, "egress_n_tuple": {}}
    answer = world.post("port_pair_groups", port_pair_group_parameters={"ppg_n_tuple_mapping": mapping})
    assert answer.status == 400, answer


def test_unknown_keys_of_a_mapping_of_tuples_are_refused(world):
    parameters = {"ppg_n_tuple_mapping": {"foo": {}}}
    answer = world.post("port_pair_groups", port_pair_group_parameters=parameters)
    refused(answer, 400, "PPGParametersInvalidNTupleMappingParameter", "foo")


def test_a_service_graph_that_is_a_list_is_refused(world):
    chain, other = world.chain()["id"], world.chain()["id"]
    for given in ([chain], {chain: other}, chain):
        refused(world.post("service_graphs", port_chains=given), 400, "HTTPBadRequest", "port_chains")


@pytest.mark.parametrize("given", [80.5, True, "8_0"])
def test_a_port_number_is_a_whole_number(world, given):
    match = {"protocol": "tcp", "destination_port_range_min": given, "logical_source_port": world.port()}
    refused(world.post("flow_classifiers", **match), 400, "FlowClassifierInvalidPortValue")


def test_a_weight_that_no_switch_holds_is_refused(world):
    sides = {"ingress": world.port(), "egress": world.port()}
    answer = world.post("port_pairs", **sides, service_function_parameters={"weight": 65536})
    refused(answer, 400, "HTTPBadRequest", "65535")


def test_a_port_has_at_most_so_many_addresses_and_a_subnet_so_many_pools(world):
    nowhere = "11111111-2222-3333-4444-555555555555"
    addresses = [{"ip_address": f"10.77.{at >> 8}.{at & 255}"} for at in range(501)]
    pools = [{"start": one["ip_address"], "end": one["ip_address"]} for one in addresses]
    for many, status in ((501, 400), (500, 404)):  # the network is looked for after that
        body = {"port": {"network_id": nowhere, "fixed_ips": addresses[:many]}}
        assert world.http.ask("POST", "/v2.0/ports", body).status == status
        body = {"network_id": nowhere, "ip_version": 4, "cidr": "10.77.0.0/16"}
        body = {"subnet": {**body, "allocation_pools": pools[:many]}}
        assert world.http.ask("POST", "/v2.0/subnets", body).status == status


def test_a_chain_id_that_no_mpls_label_holds_is_refused(world):
    group = world.group(world.pair())
    answer = world.post("port_chains", port_pair_groups=[group], chain_id=4096)
    refused(answer, 400, "HTTPBadRequest", "chain_id")
    nsh = {"correlation": "nsh", "symmetric": False}
    assert world.chain(group, chain_id=4096, chain_parameters=nsh)["chain_id"] == 4096


def test_a_chain_takes_no_groups_of_another_correlation_later(world):
    chain = world.chain()
    other = world.group(world.pair(service_function_parameters={"correlation": "nsh"}))
    answer = world.put("port_chains", chain["id"], port_pair_groups=[other])
    refused(answer, 400, "PortChainInconsistentCorrelations")
    assert world.shown("port_chains", chain["id"])["port_pair_groups"] == chain["port_pair_groups"]


def test_a_group_of_a_chain_takes_no_pairs_of_another_correlation_later(world):
    group = world.group(world.pair())
    world.chain(group)
    other = world.pair(service_function_parameters={"correlation": "nsh"})
    refused(
        world.put("port_pair_groups", group, port_pairs=[other]), 400, "PortChainInconsistentCorrelations"
    )


def test_a_port_of_a_pair_is_not_deleted(world):
    ingress, egress = world.port(), world.port()
    pair = world.made("port_pairs", ingress=ingress, egress=egress)["id"]
    for port in (ingress, egress):
        answer = world.delete("ports", port)
        assert (answer.status, pair in str(answer.body)) == (409, True), answer


@pytest.mark.parametrize("side", ["logical_source_port", "logical_destination_port"])
def test_a_port_of_a_classifier_is_not_deleted(world, side):
    port = world.port()
    classifier = world.classifier(**{side: port})
    answer = world.delete("ports", port)
    assert (answer.status, classifier in str(answer.body)) == (409, True), answer


def test_a_refused_delete_of_a_pair_leaves_its_chain_as_it_was(world):
    pair = world.pair()
    group = world.group(pair)
    chain = world.chain(group)["id"]
    refused(world.delete("sfc/port_pairs", pair), 409, "PortPairInUse")
    assert world.put("port_chains", chain, description="still there").status == 200
    assert world.post("port_chains", port_pair_groups=[group, world.group()]).status == 201


def test_a_chain_over_hosts_that_nobody_serves_is_made_and_says_so(world):
    ports = [world.http.made("ports", network_id=world.network, device_id="vm")["id"] for _ in "ie"]
    pair = world.made("port_pairs", ingress=ports[0], egress=ports[1])["id"]
    chain = world.chain(world.group(pair), flow_classifiers=[world.classifier()])
    assert chain["status"] != "ACTIVE"
    assert chain["status_reason"]


def test_every_attribute_sorts(world):
    for name in ("b", "c", "a"):
        world.group(name=name)
    asked = "/v2.0/sfc/port_pair_groups?fields=name&sort_key=name&sort_dir="
    for direction, expected in (("asc", ["a", "b", "c"]), ("desc", ["c", "b", "a"])):
        rows = world.http.ask("GET", asked + direction).body["port_pair_groups"]
        assert [row["name"] for row in rows] == expected


def test_a_filter_by_no_attribute_is_refused(world):
    for path in (*SFC, "service_graphs"):
        answer = world.http.ask("GET", f"/v2.0/sfc/{path}?name=x&colour=red&fields=id")
        refused(answer, 400, "HTTPBadRequest")
        assert answer.body["NeutronError"]["message"] == "['colour'] is invalid attribute for filtering"
    assert world.http.ask("GET", "/v2.0/networks?colour=red").status == 200


def test_many_are_made_together_or_none(world):
    good, bad = {"name": "a"}, {"name": "b", "port_pairs": [UNKNOWN]}
    answer = world.http.ask("POST", "/v2.0/sfc/port_pair_groups", {"port_pair_groups": [good, bad]})
    refused(answer, 404, "PortPairNotFound")
    assert world.http.listed("sfc/port_pair_groups") == []
    answer = world.http.ask("POST", "/v2.0/sfc/port_pair_groups", {"port_pair_groups": [good, good]})
    assert (answer.status, len(answer.body["port_pair_groups"])) == (201, 2)


def test_every_resource_has_a_revision_that_a_change_can_rest_on(world):
    group = world.group()
    first = world.shown("port_pair_groups", group)["revision_number"]
    assert world.put("port_pair_groups", group, name="x").body["port_pair_group"]["revision_number"] > first
    body = {"port_pair_group": {"name": "y"}}
    late = {"If-Match": f"revision_number={first}"}
    answer = world.http.ask("PUT", f"/v2.0/sfc/port_pair_groups/{group}", body, **late)
    refused(answer, 412, "RevisionNumberConstraintFailed")


def test_a_chain_says_how_it_is(world):
    pair = world.pair()
    group = world.group(pair)
    chain = world.chain(group)
    assert chain["status"] in ("ACTIVE", "BUILD", "DEGRADED", "ERROR")
    assert set(chain["live_port_pairs"]) <= {group}


def test_a_chain_that_cannot_carry_traffic_is_closed_or_open(world):
    chain = world.chain()
    assert chain["fail_mode"] == "closed"
    answer = world.put("port_chains", chain["id"], fail_mode="open")
    assert answer.body["port_chain"]["fail_mode"] == "open"
    refused(world.put("port_chains", chain["id"], fail_mode="ajar"), 400, "HTTPBadRequest", "fail_mode")


def test_a_symmetric_chain_takes_no_classifier_without_destination_later(world):
    symmetric = {"correlation": "mpls", "symmetric": True}
    chain = world.chain(chain_parameters=symmetric)["id"]
    answer = world.put("port_chains", chain, flow_classifiers=[world.classifier()])
    refused(answer, 400, "SfcBadRequest", "logical_destination_port")
    whole = world.classifier(logical_destination_port=world.port())
    assert world.put("port_chains", chain, flow_classifiers=[whole]).status == 200


def test_a_group_of_a_graph_takes_no_pairs_that_cannot_branch(world):
    aware = {"service_function_parameters": {"correlation": "mpls"}}
    first, second = (world.group(world.pair(**aware)) for _ in range(2))
    chains = [world.chain(first)["id"], world.chain(second)["id"]]
    graph = world.made("service_graphs", port_chains={chains[0]: [chains[1]]})["id"]
    answer = world.put("port_pair_groups", first, port_pairs=[world.pair()])
    refused(answer, 400, "ServiceGraphImpossibleBranching")
    assert world.delete("sfc/service_graphs", graph).status == 204
    assert world.put("port_pair_groups", first, port_pairs=[world.pair()]).status == 200


def test_a_chain_of_a_graph_takes_a_part_of_another_chain_s_packets(world):
    aware = {"service_function_parameters": {"correlation": "mpls"}}
    first, second = world.pair(**aware), world.pair(**aware)
    exit_ = world.shown("port_pairs", first)["egress"]
    every = world.classifier(source_ip_prefix="10.98.0.0/24")
    part = {"source_ip_prefix": "10.98.0.0/24", "protocol": "udp"}
    outer = world.chain(world.group(first), flow_classifiers=[every])["id"]
    group, elsewhere = world.group(second), world.classifier(**part)
    answer = world.post("port_chains", port_pair_groups=[group], flow_classifiers=[elsewhere])
    refused(answer, 400, "PortChainFlowClassifierInConflict")
    behind = world.classifier(**part, logical_source_port=exit_)
    inner = world.chain(group, flow_classifiers=[behind])["id"]
    assert world.made("service_graphs", port_chains={outer: [inner]})["port_chains"] == {outer: [inner]}


def test_what_is_no_uuid_in_a_graph_is_named(world):
    answer = world.post("service_graphs", port_chains={"no-uuid": [UNKNOWN]})
    assert (answer.status, "no-uuid" in str(answer.body)) == (400, True), answer


def test_lists_are_in_the_order_of_creation(world):
    made = [world.group() for _ in range(8)]
    assert [row["id"] for row in world.http.listed("sfc/port_pair_groups")] == made


def test_extensions_are_those_that_are_served(world):
    aliases = {one["alias"] for one in world.http.listed("extensions")}
    assert {"sfc", "flow_classifier", "service_graph", "networking-sfc-tap", "router"} <= aliases
    assert not {"dhcp_agent_scheduler", "subnet_allocation", "flavors", "rbac-policies"} & aliases


@pytest.mark.parametrize(
    "text", ['{"name": "a", "name": "b"}', '{"tap_enabled": NaN}', '{"name": "\\ud800"}']
)
def test_json_that_can_be_read_in_two_ways_is_refused(world, text):
    answer = world.http.ask("POST", "/v2.0/sfc/port_pair_groups", f'{{"port_pair_group": {text}}}')
    refused(answer, 400, "MalformedRequestBody")


def test_a_post_to_a_resource_is_not_allowed(world):
    group = world.group()
    answer = world.http.ask("POST", f"/v2.0/sfc/port_pair_groups/{group}", {"port_pair_group": {}})
    refused(answer, 405, "HTTPMethodNotAllowed")
    assert [one["id"] for one in world.http.listed("sfc/port_pair_groups")] == [group]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_collection_is_not_changed_as_a_whole(world, method):
    answer = world.http.ask(method, "/v2.0/sfc/port_pairs", {"port_pair": {}})
    refused(answer, 405, "HTTPMethodNotAllowed")


def test_the_root_lists_all_collections(world):
    listed = world.http.ask("GET", "/v2.0/").body["resources"]
    assert world.http.ask("GET", "/v2.0").body["resources"] == listed
    assert {"networks", "ports", "port_chains", "service_graphs"} <= {one["collection"] for one in listed}
    for one in listed:
        path = one["links"][0]["href"].removeprefix(world.http.url)
        assert one["collection"] in world.http.ask("GET", path).body


def test_a_host_with_a_port_has_an_agent(world):
    assert "node1" not in {agent["host"] for agent in world.http.listed("agents")}
    world.port()
    agent = next(agent for agent in world.http.listed("agents") if agent["host"] == "node1")
    assert (agent["agent_type"], agent["alive"]) == ("Open vSwitch agent", True)


def test_a_revision_counts_requests(world):
    port = world.port()
    before = world.http.listed("ports")[0]["revision_number"]
    body = {"port": {"device_id": "other", "binding:host_id": "node2"}}
    after = world.http.ask("PUT", f"/v2.0/ports/{port}", body).body["port"]["revision_number"]
    assert after == before + 1


def rows():
    """The table's rows: reference, ours, tests."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if re.search(r"`test_\w+`", line)]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_each_row_of_the_table_names_tests_that_are_here():
    named = {name for row in rows() for name in re.findall(r"`(test_\w+)`", row[-1])}
    here = {name for name in globals() if name.startswith("test_")} - {
        "test_each_row_of_the_table_names_tests_that_are_here"
    }
    assert named == here
    assert all(len(row) == 3 for row in rows())
