"""What is common to all collections: paths, methods, bodies, lists of new resources, revisions, quotas, projects."""

import json
from itertools import count

import pytest

from sfcci.api import handlers
from sfcci.api.wire import Request
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.state import Asked, State
from sfcci.chain.status import ChainStatus, Facts, NodeFacts

GROUPS = "/v2.0/sfc/port_pair_groups"


class Api:
    """A state and who asks; `ask` gives status and body."""

    def __init__(self, project="p", *, admin=True, limits=handlers.DEFAULTS, facts=handlers.NO_FACTS):
        self.state, self.numbers = State(), count(1)
        self.project, self.admin, self.limits, self.facts = project, admin, limits, facts

    def _asked(self):
        id_ = f"00000000-0000-4000-8000-{next(self.numbers):012}"
        return Asked(self.project, self.admin, id_, "2026-01-31T23:59:59Z")

    def answer(self, method, path, body=None, query=(), **headers):
        octets = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(method, path, tuple(query), {"host": "h:1", **headers}, octets)
        new, response = handlers.answer(self.state, request, self._asked, self.facts, self.limits)
        if response.status >= 400:
            assert new is self.state
        self.state = new
        return response

    def ask(self, *args, **more):
        response = self.answer(*args, **more)
        return response.status, json.loads(response.body) if response.body else None

    def refused(self, *args, **more):
        status, body = self.ask(*args, **more)
        return status, body["NeutronError"]["type"], body["NeutronError"]["message"]

    def made(self, *names):
        return [
            self.ask("POST", GROUPS, {"port_pair_group": {"name": name}})[1]["port_pair_group"]["id"]
            for name in names
        ]

    def names(self, *query):
        return [one["name"] for one in self.ask("GET", GROUPS, query=query)[1]["port_pair_groups"]]


@pytest.fixture
def api():
    return Api()


def test_the_versions_name_the_address_that_was_asked(api):
    links = [{"rel": "self", "href": "http://h:1/v2.0/"}]
    assert api.ask("GET", "/") == (
        200,
        {"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]},
    )


def test_the_root_lists_every_collection(api):
    _, body = api.ask("GET", "/v2.0/")
    assert {one["collection"] for one in body["resources"]} == set(COLLECTIONS)
    chain = next(one for one in body["resources"] if one["name"] == "port_chain")
    assert chain["links"] == [{"rel": "self", "href": "http://h:1/v2.0/sfc/port_chains"}]


@pytest.mark.parametrize("path", ["/v2.0/sfc", "/v2.0/foos", "/v2.0/sfc/foos/1", f"{GROUPS}/1/2/3"])
def test_a_path_that_is_nothing_is_not_found(api, path):
    assert api.refused("GET", path) == (404, "HTTPNotFound", "The resource could not be found.")


@pytest.mark.parametrize("path", ["/v3", "/v3/", "/favicon.ico", "//v2.0/networks", "/v2.0/extensions/none"])
def test_outside_of_the_api_the_answer_is_a_page(api, path):
    response = api.answer("GET", path)
    assert (response.status, response.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")


def test_extensions_are_listed_and_shown(api):
    listed = api.ask("GET", "/v2.0/extensions")[1]["extensions"]
    assert {"sfc", "flow_classifier", "service_graph", "networking-sfc-tap"} < {
        one["alias"] for one in listed
    }
    assert api.ask("GET", "/v2.0/extensions/sfc")[1] == {
        "extension": {
            "name": "Service Function Chaining",
            "alias": "sfc",
            "description": "Service Function Chain extension.",
            "updated": "2015-10-05T10:00:00-00:00",
            "links": [],
        }
    }


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "FOO"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (GROUPS, "GET, HEAD, POST"),
        (f"{GROUPS}/1", "GET, HEAD, PUT, DELETE"),
        ("/v2.0/networks", "GET, HEAD, POST"),
        ("/v2.0/", "GET, HEAD"),
        ("/v2.0/extensions", "GET, HEAD"),
        ("/v2.0/quotas/p", "GET, HEAD, PUT, DELETE"),
    ],
)
def test_other_methods_are_not_allowed(api, method, path, allowed):
    response = api.answer(method, path)
    assert (response.status, response.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/v2.0/", "/v2.0/extensions", "/v2.0/extensions/sfc"])
def test_what_can_only_be_read_takes_no_other_method(api, path):
    assert api.refused("POST", path, {})[:2] == (405, "HTTPMethodNotAllowed")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", GROUPS), ("DELETE", GROUPS), ("DELETE", "/v2.0/networks"), ("POST", f"{GROUPS}/1")],
)
def test_what_members_take_collections_do_not_nor_the_other_way_round(api, method, path):
    assert api.refused(method, path, {"port_pair_group": {}})[:2] == (405, "HTTPMethodNotAllowed")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Resource body required"),
        ([1, 2], "Body contains invalid data"),
        ({}, "Unable to find 'port_pair_group' in request body"),
        ({"port_pair": {}}, "Unable to find 'port_pair_group' in request body"),
        ({"port_pair_group": None}, "Unable to find 'port_pair_group' in request body"),
        ({"port_pair_group": "x"}, "Object 'port_pair_group' contains invalid data"),
        ({"port_pair_group": [1]}, "Object 'port_pair_group' contains invalid data"),
        ({"port_pair_groups": {}}, "Object 'port_pair_groups' contains invalid data"),
        ({"port_pair_groups": []}, "Object 'port_pair_groups' contains invalid data"),
        ({"port_pair_groups": [{}] * 1001}, "More than 1000 port_pair_groups at once"),
        ({"port_pair_groups": [1]}, "Object 'port_pair_group' contains invalid data"),
    ],
)
def test_a_body_holds_the_resource_under_its_name(api, body, message):
    assert api.refused("POST", GROUPS, body) == (400, "HTTPBadRequest", message)


def test_head_asks_what_get_asks(api):
    assert api.answer("HEAD", GROUPS) == api.answer("GET", GROUPS)


def test_a_resource_is_shown_with_the_attributes_that_are_asked_for(api):
    (id_,) = api.made("a")
    assert api.ask("GET", f"{GROUPS}/{id_}.json", query=[("fields", "name")]) == (
        200,
        {"port_pair_group": {"name": "a"}},
    )


def test_a_list_of_new_resources_is_made_whole(api):
    body = {"port_pair_groups": [{"name": "a"}, {"port_pair_group": {"name": "b"}}]}
    status, answer = api.ask("POST", GROUPS, body)
    assert status == 201
    assert [one["name"] for one in answer["port_pair_groups"]] == ["a", "b"]
    assert len({one["id"] for one in answer["port_pair_groups"]}) == 2
    assert api.names() == ["a", "b"]


def test_nothing_is_left_of_a_list_of_which_one_is_refused(api):
    body = {"port_pair_groups": [{"name": "a"}, {"name": "b", "colour": "red"}]}
    assert api.refused("POST", GROUPS, body) == (400, "HTTPBadRequest", "Unrecognized attribute(s) 'colour'")
    assert api.names() == []


def test_the_second_of_a_list_sees_the_first(api):
    body = {"port_pair_groups": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    _, answer = api.ask("POST", GROUPS, body)
    assert [one["group_id"] for one in answer["port_pair_groups"]] == [1, 2, 3]


def test_a_page_behind_what_is_gone_is_empty_for_chains_and_an_error_for_neutrons_own(api):
    gone = "11111111-2222-3333-4444-555555555555"
    query = (("limit", "1"), ("marker", gone))
    assert api.ask("GET", GROUPS, query=query)[1]["port_pair_groups"] == []
    said = (404, "NetworkNotFound", f"Network {gone} could not be found.")
    assert api.refused("GET", "/v2.0/networks", query=query) == said
    assert api.ask("GET", "/v2.0/networks", query=query[1:]) == (200, {"networks": []})


def test_a_page_begins_behind_what_the_filter_leaves_out(api):
    ids = [
        api.ask("POST", "/v2.0/networks", {"network": {"name": name}})[1]["network"]["id"]
        for name in ("a", "b", "a")
    ]
    query = (("name", "a"), ("limit", "5"), ("marker", ids[1]))
    assert [one["id"] for one in api.ask("GET", "/v2.0/networks", query=query)[1]["networks"]] == ids[2:]


def test_a_list_is_filtered_ordered_and_paged_in_that_order(api):
    api.made("a", "b", "b", "c")
    query = [("name", "b"), ("name", "c"), ("sort_key", "name"), ("sort_dir", "desc"), ("limit", "2")]
    _, body = api.ask("GET", GROUPS, query=[*query, ("fields", "name"), ("fields", "id")])
    assert [one["name"] for one in body["port_pair_groups"]] == ["c", "b"]
    assert {one["rel"] for one in body["port_pair_groups_links"]} == {"next", "previous"}


@pytest.mark.parametrize(("header", "status"), [("0", 200), ("1", 412), ("007", 412)])
def test_if_match_wants_a_revision(api, header, status):
    (id_,) = api.made("a")
    body = {"port_pair_group": {"name": "b"}}
    headers = {"if-match": f"revision_number={header}"}
    assert api.ask("PUT", f"{GROUPS}/{id_}", body, **headers)[0] == status
    headers = {"if-match": f"revision_number={int(header) + (status == 200)}"}
    assert api.answer("DELETE", f"{GROUPS}/{id_}", **headers).status == {200: 204, 412: 412}[status]


@pytest.mark.parametrize(
    "text", ["", "x", "revision_number=", "revision_number=-1", "revision_number=٣", "*"]
)
def test_if_match_of_another_form_is_refused(api, text):
    (id_,) = api.made("a")
    assert api.refused("DELETE", f"{GROUPS}/{id_}", **{"if-match": text})[0] == 400


def test_one_project_sees_nothing_of_another(api):
    (id_,) = api.made("a")
    api.project, api.admin = "q", False
    assert api.names() == []
    for method, body in (("GET", None), ("PUT", {"port_pair_group": {"name": "b"}}), ("DELETE", None)):
        expected = (404, "PortPairGroupNotFound", f"Port Pair Group {id_} not found.")
        assert api.refused(method, f"{GROUPS}/{id_}", body) == expected
    body = {"port_pair_group": {"name": "x", "project_id": "p"}}
    assert "requires admin privileges" in api.refused("POST", GROUPS, body)[2]
    api.admin = True
    assert api.names() == ["a"]


def test_what_administrators_alone_may_give_nobody_else_takes_away(api):
    """Neutron: of an update all that is named counts, whatever the default is."""
    network = api.ask("POST", "/v2.0/networks", {"network": {"shared": True, "project_id": "q"}})[1][
        "network"
    ]
    body = {"port": {"network_id": network["id"], "binding:host_id": "h1", "project_id": "q"}}
    port = api.ask("POST", "/v2.0/ports", body)[1]["port"]
    api.project, api.admin = "q", False
    for path, change in (
        (f"/v2.0/ports/{port['id']}", {"port": {"binding:host_id": ""}}),
        (f"/v2.0/networks/{network['id']}", {"network": {"shared": False}}),
        (f"/v2.0/networks/{network['id']}", {"network": {"router:external": False}}),
    ):
        assert api.refused("PUT", path, change)[:2] == (403, "PolicyNotAuthorized")
    plain = {"network": {"shared": False, "router:external": False}}
    assert api.ask("POST", "/v2.0/networks", plain)[0] == 201, "that is what it would be anyway"


def test_a_network_with_gateways_stays_external(api):
    body = {"network": {"router:external": True, "name": "ext"}}
    network = api.ask("POST", "/v2.0/networks", body)[1]["network"]["id"]
    subnet = {"subnet": {"network_id": network, "cidr": "203.0.113.0/24", "ip_version": 4}}
    api.ask("POST", "/v2.0/subnets", subnet)
    gateway = {"router": {"external_gateway_info": {"network_id": network}}}
    router = api.ask("POST", "/v2.0/routers", gateway)[1]["router"]["id"]
    internal = {"network": {"router:external": False}}
    assert api.refused("PUT", f"/v2.0/networks/{network}", internal)[:2] == (409, "ExternalNetworkInUse")
    api.ask("PUT", f"/v2.0/routers/{router}", {"router": {"external_gateway_info": {}}})
    assert api.ask("PUT", f"/v2.0/networks/{network}", internal)[0] == 200


def test_a_status_is_laid_over_and_can_be_filtered_by():
    facts = {"00000000-0000-4000-8000-000000000002": ChainStatus("ACTIVE")}
    api = Api(facts=Facts(chains=facts))
    (group,) = api.made("a")
    chains = "/v2.0/sfc/port_chains"
    made = api.ask("POST", chains, {"port_chain": {"port_pair_groups": [group]}})[1]["port_chain"]
    assert made["status"] == "ACTIVE"
    listed = api.ask("GET", chains, query=[("status", "ACTIVE")])[1]["port_chains"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert api.ask("GET", chains, query=[("status", "ERROR")])[1] == {"port_chains": []}
    query = [("sort_key", "status"), ("sort_dir", "asc"), ("fields", "status")]
    assert api.ask("GET", chains, query=query)[1] == {"port_chains": [{"status": "ACTIVE"}]}


def test_what_only_the_data_plane_knows_of_nodes_can_be_filtered_by():
    facts = {"n1": NodeFacts("CONNECTED", ports=2, ovs_version="3.1.0"), "n2": NodeFacts("AWAY")}
    api = Api(facts=Facts(nodes=facts))
    for number in (1, 2):
        body = {"name": f"n{number}", "ovsdb": f"tcp:192.0.2.{number}", "tunnel_ip": f"192.0.2.{number}"}
        api.ask("POST", "/v2.0/nodes", {"node": body})
    names = {
        query: [one["name"] for one in api.ask("GET", "/v2.0/nodes", query=[query])[1]["nodes"]]
        for query in (("ports", "2"), ("ovs_version", "3.1.0"), ("status", "AWAY"))
    }
    assert list(names.values()) == [["n1"], ["n1"], ["n2"]]
    dead = api.ask("GET", "/v2.0/agents", query=[("alive", "False")])[1]["agents"]
    assert [agent["host"] for agent in dead] == ["n2"]


def test_a_project_has_so_many_resources_and_no_more():
    api = Api(limits={"port_pair_group": 2})
    api.made("a", "b")
    refusal = (409, "OverQuota", "Quota exceeded for resources: ['port_pair_group'].")
    assert api.refused("POST", GROUPS, {"port_pair_group": {}}) == refusal
    other = {"port_pair_group": {"project_id": "q"}}
    assert api.ask("POST", GROUPS, other)[0] == 201
    assert api.refused("POST", GROUPS, {"port_pair_groups": [other, other]}) == refusal
    assert len(api.state.of("port_pair_groups")) == 3


def test_a_quota_is_looked_at_before_what_stands_against_the_new_resource():
    api = Api(limits={"port_pair_group": 1})
    pair = "11111111-2222-3333-4444-555555555555"
    lost = {"port_pair_group": {"port_pairs": [pair]}}
    assert api.refused("POST", GROUPS, lost)[1] == "PortPairNotFound"
    api.made("a")
    assert api.refused("POST", GROUPS, lost)[1] == "OverQuota"
    assert api.refused("POST", GROUPS, {"port_pair_group": {"port_pairs": 7}})[1] == "HTTPBadRequest"


def test_a_slash_inside_a_name_divides_nothing():
    api = Api()
    for path in ("/v2.0/sfc%2Fport_pair_groups", "/v2.0/sfc%2fport_pair_groups/x", "/v2.0%2Fnetworks"):
        assert api.answer("GET", path).status == 404
        assert api.answer("POST", path, {"port_pair_group": {}}).status == 404


def test_quotas_are_shown_set_and_reset():
    api = Api(limits={"port_pair_group": 2, "port_pair": -1})
    quota = {"port_pair_group": 2, "port_pair": -1}
    assert api.ask("GET", "/v2.0/quotas/q") == (200, {"quota": quota})
    changed = {"quota": {**quota, "port_pair_group": 7}}
    assert api.ask("PUT", "/v2.0/quotas/q", {"quota": {"port_pair_group": "7"}}) == (200, changed)
    assert api.ask("GET", "/v2.0/quotas/q") == (200, changed)
    assert api.ask("GET", "/v2.0/quotas/q/default") == (200, {"quota": quota})
    row = {**changed["quota"], "project_id": "q", "tenant_id": "q"}
    assert api.ask("GET", "/v2.0/quotas") == (200, {"quotas": [row]})
    assert api.answer("DELETE", "/v2.0/quotas/q").status == 204
    assert api.ask("GET", "/v2.0/quotas/q") == (200, {"quota": quota})
    assert api.ask("GET", "/v2.0/quotas") == (200, {"quotas": []})


def test_quota_details_say_what_is_used():
    api = Api(limits={"port_pair_group": 2})
    api.made("a")
    assert api.ask("GET", "/v2.0/quotas/p/details.json")[1] == {
        "quota": {"port_pair_group": {"limit": 2, "used": 1, "reserved": 0}}
    }
    assert api.ask("GET", "/v2.0/quotas/project")[1] == {"project": {"project_id": "p"}}
    body = {"quota": {"port_pair_group": 0, "check_limit": True}}
    assert "greater than or equal to already used 1" in api.refused("PUT", "/v2.0/quotas/p", body)[2]
    assert api.ask("PUT", "/v2.0/quotas/p", {"quota": {"port_pair_group": 0}})[0] == 200


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x", "'x' is not an integer"),
        (None, "'None' is not an integer"),
        (1.5, "'1.5' is not an integer"),
        ([], "'[]' is not an integer"),
        (-2, "'-2' is too small - must be at least '-1'"),
        (2**31, "'2147483648' is too large - must be no larger than '2147483647'"),
    ],
)
def test_a_quota_is_a_whole_number(api, value, reason):
    message = f"Invalid input for port_chain. Reason: {reason}."
    body = {"quota": {"port_chain": value}}
    assert api.refused("PUT", "/v2.0/quotas/p", body) == (400, "HTTPBadRequest", message)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/v2.0/quotas/p", {"quota": {"colour": 1}}, 400),
        ("PUT", "/v2.0/quotas/p", {"quota": 7}, 400),
        ("PUT", "/v2.0/quotas/p", {}, 400),
        ("POST", "/v2.0/quotas", {"quota": {}}, 405),
        ("POST", "/v2.0/quotas/p", {"quota": {}}, 405),
        ("DELETE", "/v2.0/quotas/p/details", None, 405),
        ("GET", "/v2.0/quotas/p/nothing", None, 404),
        ("GET", "/v2.0/quotas/p/details/more", None, 404),
    ],
)
def test_a_wrong_request_for_quotas_is_refused(api, method, path, body, status):
    assert api.refused(method, path, body)[0] == status


def test_only_an_administrator_sets_quotas_and_sees_those_of_others():
    api = Api(admin=False)
    assert api.ask("GET", "/v2.0/quotas/p")[0] == 200
    for method, path in [
        ("GET", "/v2.0/quotas"),
        ("GET", "/v2.0/quotas/q"),
        ("GET", "/v2.0/quotas/q/details"),
        ("PUT", "/v2.0/quotas/p"),
        ("DELETE", "/v2.0/quotas/p"),
    ]:
        assert api.refused(method, path, {"quota": {"port_chain": 1000}})[:2] == (403, "PolicyNotAuthorized")
