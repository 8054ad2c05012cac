"""Requests made from the collections' own attributes, plausible and wild: never a 5xx, and the state stays whole.

SFCCI_FUZZ=1000 for a long run.
"""

import json
import os
import random
import uuid
from collections import Counter
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.api.handlers import DEFAULTS, answer
from sfcci.api.wire import Request
from sfcci.chain.attribute import REQUIRED
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.state import Asked, State

from . import world

RUNS, STEPS = int(os.environ.get("SFCCI_FUZZ", "20")), 100
BY_NAME = sorted(COLLECTIONS.values(), key=lambda one: one.name)
NO_LIMITS = dict.fromkeys(DEFAULTS, -1)
REFERENCES = {
    ("port_pairs", "ingress"): "ports",
    ("port_pairs", "egress"): "ports",
    ("port_pair_groups", "port_pairs"): "port_pairs",
    ("flow_classifiers", "logical_source_port"): "ports",
    ("flow_classifiers", "logical_destination_port"): "ports",
    ("port_chains", "port_pair_groups"): "port_pair_groups",
    ("port_chains", "flow_classifiers"): "flow_classifiers",
    ("subnets", "network_id"): "networks",
    ("networks", "subnets"): "subnets",
    ("ports", "network_id"): "networks",
    ("ports", "security_groups"): "security_groups",
    ("security_group_rules", "security_group_id"): "security_groups",
}
"""(collection, attribute) → the collection whose ids it holds."""


TEXTS = st.text(max_size=9)


class Api:
    """The pure API, with its state."""

    def __init__(self):
        self.state, self.count = State(), 0

    def asked(self):
        self.count += 1
        return Asked("p", admin=True, id=str(uuid.UUID(int=self.count << 64)), now="2026-01-31T23:59:59Z")

    def request(self, method, path, body=b"", query=()):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        new, response = answer(
            self.state, Request(method, path, query, body=text), self.asked, limits=NO_LIMITS
        )
        if response.status >= 400:
            assert new is self.state
        self.state = new
        return response

    def ask(self, method, path, body):
        response = self.request(method, path, body)
        return response.status, json.loads(response.body) if response.body else None


@pytest.fixture(scope="module")
def begin():
    """The world: a state with some of everything, and the ids in it."""
    api = Api()
    ids = tuple(world.made(api.ask).values())
    return api.state, ids


WORDS = ["", "tcp", "UDP", "mpls", "nsh", "IPv6", "ingress", "true", "no", "0", "80", "80:90", "vxlan", "dhcpv6-stateful", "10.0.0.0/24",
    "10.0.0.9", "fe80::/64", "2001:db8::/64", "2001:db8::1", "00:11:22:33:44:55", "closed", "network:dhcp", "x" * 255, "x" * 256,
    "\x00", "\u0663", "\U0001f600", "\u202e"]  # fmt: skip
NUMBERS = [
    0,
    1,
    2,
    4,
    6,
    7,
    80,
    255,
    4095,
    4096,
    65535,
    65536,
    -1,
    2**31,
    2**63,
    10**30,
    0.5,
    1.5,
    1e300,
    True,
    False,
    None,
]
KEYS = ["correlation", "weight", "symmetric", "lb_fields", "ppg_n_tuple_mapping", "ingress_n_tuple", "egress_n_tuple",
    "source_ip_prefix", "source_port_range_min", "source_port_range_max", "subnet_id", "ip_address", "mac_address", "start", "end",
    "destination", "nexthop", "network_id", "port_id", "enable_snat", "external_fixed_ips", "opt_name", "opt_value", "id", ""]  # fmt: skip
OF_EACH = {
    "ethertype": ["IPv4", "IPv6"], "ip_version": [4, 6], "direction": ["ingress", "egress"], "protocol": ["tcp", "udp", "icmp", None],
    "cidr": ["10.0.0.0/24", "10.1.0.0/16", "10.2.0.0/30", "2001:db8:1::/64"], "device_id": ["vm1", "vm2", ""],
    "fail_mode": ["open", "closed"], "fixed_ips": [[], [{"ip_address": "10.0.0.77"}]], "chain_id": [0, 1, 7, 4095],
    "service_function_parameters": [{}, {"correlation": "mpls"}, {"correlation": "nsh", "weight": 2}, {"weight": 0}],
    "chain_parameters": [{}, {"correlation": "nsh"}, {"symmetric": True}], "tap_enabled": [True, False],
    "port_pair_group_parameters": [{}, {"lb_fields": ["ip_src"]}], "destination_port_range_min": [80, 81, None],
    "source_ip_prefix": ["10.0.0.0/24", "10.0.0.128/25", "2001:db8::/64", None], "tags": [["a"], ["a", "b"], []],
}  # fmt: skip
"""Attribute → values that it takes."""


class Asker:
    """Makes requests by chance; the same seed makes the same."""

    def __init__(self, seed, ids):
        self.dice, self.ids = random.Random(seed), ids  # noqa: S311 - repeatable on purpose

    def wild(self, depth=0):
        """Give any JSON value, with words that are known somewhere."""
        kind = self.dice.randrange(8 if depth < 4 else 5)
        if kind == 5:
            return [self.wild(depth + 1) for _ in range(self.dice.randrange(3))]
        if kind > 5:
            return {
                self.dice.choice([*KEYS, *self.ids[:9]]): self.wild(depth + 1)
                for _ in range(self.dice.randrange(4))
            }
        return self.dice.choice((WORDS, NUMBERS, self.ids, self.ids, WORDS)[kind])

    def likely(self, state, collection, attribute):
        """Give a value that the attribute may well take."""
        if self.dice.random() < 0.1:
            return self.wild()
        known = list(state.of(REFERENCES.get((collection, attribute), "")))
        if attribute == "port_chains":
            known = list(state.of(attribute))
            return {one: self.some(known) for one in self.some(known)}
        if known:
            return self.some(known) if attribute.endswith("s") else self.dice.choice(known)
        return self.dice.choice(OF_EACH[attribute]) if attribute in OF_EACH else self.wild()

    def some(self, values):
        return self.dice.sample(values, min(len(values), self.dice.randrange(3)))

    def request(self, state):
        """Give (method, path, body)."""
        collection = self.dice.choice(BY_NAME)
        method = self.dice.choice(("POST", "POST", "POST", "PUT", "PUT", "DELETE"))
        fitting = [one for one in collection.attributes if (one.create if method == "POST" else one.update)]
        chosen = [one for one in fitting if one.default is REQUIRED and method == "POST"]
        chosen += self.dice.sample(fitting, min(len(fitting), self.dice.randrange(4)))
        inner = {one.name: self.likely(state, collection.name, one.name) for one in chosen}
        if self.dice.random() < 0.05:
            inner[self.dice.choice(collection.attributes).name] = self.wild()
        path = f"/v2.0/{collection.path}"
        if method == "POST":
            plural = self.dice.random() < 0.1
            return method, path, {collection.name: [inner, inner]} if plural else {collection.member: inner}
        path += "/" + self.dice.choice([*state.of(collection.name), "x"])
        if method == "PUT" and collection.actions and self.dice.random() < 0.7:
            end = self.dice.choice((("subnet_id", "subnets"), ("port_id", "ports")))
            known = [*state.of(end[1])] or ["x"]
            return (
                method,
                f"{path}/{self.dice.choice(sorted(collection.actions))}",
                {end[0]: self.dice.choice(known)},
            )
        return method, path, {collection.member: inner}


def held(resource, attribute):
    value = resource[attribute]
    return value if isinstance(value, list) else [] if value is None else [value]


def is_whole(state):
    """Every reference leads somewhere, what is given once is given once, documents are JSON of the known attributes."""
    for (collection, attribute), known in REFERENCES.items():
        for resource in state.of(collection).values():
            assert set(held(resource, attribute)) <= state.of(known).keys(), (collection, attribute)
    for collection, attribute in (("port_pair_groups", "port_pairs"), ("port_chains", "flow_classifiers")):
        once(id_ for one in state.of(collection).values() for id_ in one[attribute])
    once(one["group_id"] for one in state.of("port_pair_groups").values())
    once(one["chain_id"] for one in state.of("port_chains").values())
    once((one["network_id"], one["mac_address"]) for one in state.of("ports").values())
    once(
        (fixed["subnet_id"], fixed["ip_address"])
        for one in state.of("ports").values()
        for fixed in one["fixed_ips"]
    )
    for graph in state.of("service_graphs").values():
        assert all(
            {source, *to} <= state.of("port_chains").keys() for source, to in graph["port_chains"].items()
        )
    for chain in state.of("port_chains").values():
        assert (
            0 < chain["chain_id"] <= (4095 if chain["chain_parameters"]["correlation"] == "mpls" else 65535)
        )
    for port in state.of("ports").values():
        for fixed in port["fixed_ips"]:
            cidr = state.of("subnets")[fixed["subnet_id"]]["cidr"]
            assert ip_address(fixed["ip_address"]) in ip_network(cidr)


def once(values):
    assert [value for value, count in Counter(values).items() if count > 1] == []


def documents_are_plain(state):
    for name, collection in COLLECTIONS.items():
        names = [one.name for one in collection.attributes]
        for id_, resource in state.of(name).items():
            assert resource["id"] == id_
            assert set(resource) == set(names)
            assert json.loads(json.dumps(dict(resource))) == resource


@pytest.mark.parametrize("seed", range(RUNS))
def test_whatever_is_asked_the_answer_is_no_5xx_and_the_state_stays_whole(begin, seed):
    api = Api()
    api.state, ids = begin
    api.count, asker, statuses = 10_000, Asker(seed, ids), Counter()
    for _ in range(STEPS):
        before, (method, path, body) = api.state, asker.request(api.state)
        status = api.request(method, path, body).status
        assert status < 500, (method, path, body)
        statuses[status // 100] += 1
        if api.state is not before:
            is_whole(api.state)
            documents_are_plain(api.state)
    assert statuses[2] > STEPS / 20, statuses  # else it would say little


@given(st.data())
def test_whatever_a_list_is_asked_it_is_a_list_or_a_refusal(begin, data):
    api = Api()
    api.state, ids = begin
    collection = data.draw(st.sampled_from(BY_NAME))
    names = [one.name for one in collection.attributes]
    key = st.sampled_from(
        [*names, "fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse", "tags-any", "not-tags"]
    )
    value = TEXTS | st.sampled_from([*WORDS, *names, *ids, "asc", "desc", "1", "-1", "None", "True"])
    query = tuple(data.draw(st.lists(st.tuples(key | TEXTS, value), max_size=4)))
    response = api.request("GET", f"/v2.0/{collection.path}", query=query)
    assert response.status in (200, 400), (query, response.body)
    if response.status == 200:
        assert isinstance(json.loads(response.body)[collection.name], list)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=20,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_a_body_of_any_bytes_is_refused_or_taken(begin, body):
    for collection in COLLECTIONS.values():
        api = Api()
        api.state, _ = begin
        assert api.request("POST", f"/v2.0/{collection.path}", body).status in (400, 405)
