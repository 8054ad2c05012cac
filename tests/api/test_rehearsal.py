"""What the API would refuse is told before anything is changed; what it would take is never refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sfcci import document
from sfcci.api.applying import Halted, carry_out, seen
from sfcci.api.caller import Caller
from sfcci.api.declaration import declaration, there
from sfcci.api.declared import SCHEMA
from sfcci.api.file_door import StateDoor
from sfcci.api.plan import Plan, plan
from sfcci.api.rehearsal import rehearse
from sfcci.chain.quota import QUOTAS
from sfcci.chain.state import NOTHING, State
from sfcci.errors import InputError

from .declared_states import declarations

MINE, THEIRS = "mine", "theirs"
ME = Caller("me", MINE)
BASE = """\
networks: {net: {}}
subnets: {sub: {network: net, cidr: 10.0.0.0/24}}
ports:
  src: {network: net}
  fun: {network: net, device_id: vm, host: node1}
"""
FLOW = "flow_classifiers: {FC1: {protocol: tcp, logical_source_port: src}}\n"


def parsed(text):
    return document.parse(text, "chains.yaml", SCHEMA)


def written(data):
    return document.Document("file.json", json.dumps(data), data)


def rehearsed(door, source, *, prune=False):
    """The plan, tried; what the door has is untouched by it."""
    resources, before = seen(door), door.state
    here = there(resources)
    made = plan(declaration(source, here), here, prune=prune)
    try:
        rehearse(made, resources, here, source)
    finally:
        assert door.state is before
    return made, here


def applied(door, source, *, prune=False):
    made, here = rehearsed(door, source, prune=prune)
    carry_out(door, made, here, lambda _step: None)


@pytest.fixture
def door():
    made = StateDoor("memory", State())
    applied(made, parsed(BASE + FLOW))
    return made


PORT = "ports: {p: {network: net, fixed_ips: [{subnet: sub, ip_address: %s}]}}"


OUTSIDE = (
    "1:9: ports.p: the API would refuse to create port p: IP address 10.0.1.7 is not a valid IP for the specified subnet. "
    "(InvalidIpForSubnet, 400); nothing was changed"
)
BOTH = """\
flow_classifiers:
  a: {ethertype: IPv6, logical_source_port: src}
  b: {ethertype: IPv6, logical_source_port: src}
"""
OVERLAP = (
    "3:3: flow_classifiers.b: the API would refuse to create flow classifier b: Flow Classifier conflicts with another "
    "Flow Classifier a. (FlowClassifierInConflict, 400)"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PORT % "10.0.1.7", OUTSIDE),
        (PORT % "10.0.0.2", "IP address 10.0.0.2 already allocated in subnet"),
        (BOTH, OVERLAP),
        ("flow_classifiers: {a: {protocol: udp}}", "FlowClassifier a does not set logical source port"),
        ("port_pairs: {PP1: {ingress: src, egress: src}}", "does not belong to a host"),
        ("subnets: {other: {network: net, cidr: 10.0.0.0/25}}", "would refuse to create subnet other"),
    ],
)
def test_a_refusal_is_told_with_its_place_before_anything_is_done(door, text, told):
    with pytest.raises(InputError) as refused:
        rehearsed(door, parsed(text))
    assert told in str(refused.value)


def test_what_is_there_already_is_told_by_its_id(door):
    (classifier,) = seen(door)["flow_classifiers"]
    with pytest.raises(InputError, match=classifier["id"]):
        rehearsed(door, parsed("flow_classifiers: {a: {protocol: tcp, logical_source_port: src}}"))


def test_ports_with_security_groups_and_hidden_hosts_are_changed_by_who_is_no_administrator(door):
    for port in door.state.of("ports").values():
        assert port["security_groups"]
    me = StateDoor("memory", door.state, caller=Caller("me", "fake_project_id"))
    assert "binding:host_id" not in seen(me)["ports"][0]
    applied(me, parsed("ports: {fun: {network: net, description: changed}}"))
    applied(me, parsed("ports: {fun: {network: net, port_security_enabled: false}}"))


def test_a_quota_is_the_servers_to_know(door):
    """It may be any; a rehearsal by the default would refuse what a server with another takes."""
    many = "port_pair_groups:\n" + "".join(f"  PG{n}: {{}}\n" for n in range(11))
    with pytest.raises(Halted, match="Quota exceeded"):
        applied(door, parsed(many))
    unlimited = StateDoor("memory", door.state, limits=NOTHING)
    applied(unlimited, parsed(many))
    assert QUOTAS not in unlimited.state.collections


SPOILT = {
    "flow_classifiers": {"destination_port_range_min": 50, "destination_port_range_max": 450},
    "port_pairs": {"egress": "s0"},
    "ports": {"fixed_ips": [{"ip_address": "10.0.0.2"}]},
}


def spoilt(draw, data):
    """The data with some things that stand in the way of others."""
    for collection, words in SPOILT.items():
        for key in data[collection]:
            if not draw(st.integers(0, 5)):
                data[collection][key] |= words
    return data


@given(declarations(), declarations(), st.data())
@settings(max_examples=40)
def test_who_sees_everything_is_told_exactly_what_the_api_refuses(before, after, data):
    door = StateDoor("memory", State())
    applied(door, written(before))
    source = written(spoilt(data.draw, after))
    prune = data.draw(st.booleans())
    resources = seen(door)
    here = there(resources)
    try:
        made = plan(declaration(source, here), here, prune=prune)
    except InputError:  # told by the declaration itself
        assume(False)
    refused = None
    try:
        carry_out(StateDoor("memory", door.state), made, here, lambda _step: None)
    except Halted as halted:
        refused = str(halted.left[0])
    if refused is None:
        rehearse(made, resources, here, source)
    else:
        with pytest.raises(InputError, match=f"the API would refuse to {refused}: "):
            rehearse(made, resources, here, source)


def owned(draw, state):
    """The state with each resource given to me or somebody else, and each network perhaps to all."""
    collections = {}
    for name, resources in state.collections.items():
        collections[name] = {}
        for id_, one in resources.items():
            project = draw(st.sampled_from([MINE, MINE, MINE, THEIRS]))
            shared = {"shared": draw(st.booleans())} if name == "networks" else {}
            collections[name][id_] = {**one, "project_id": project, "tenant_id": project, **shared}
    for subnet in collections.get("subnets", {}).values():
        subnet["shared"] = collections["networks"][subnet["network_id"]]["shared"]
    return replace(state, collections=collections)


@given(declarations(), declarations(), st.data())
@settings(max_examples=60)
def test_who_does_not_see_everything_is_never_refused_what_the_api_takes(before, after, data):
    door = StateDoor("memory", State())
    applied(door, written(before))
    me = StateDoor("memory", owned(data.draw, door.state), caller=ME)
    source = written(spoilt(data.draw, after))
    resources = seen(me)
    here = there(resources)
    try:
        made = plan(declaration(source, here), here, prune=data.draw(st.booleans()))
    except InputError:
        assume(False)
    try:
        carry_out(me, made, here, lambda _step: None)
    except Halted as halted:  # what was taken before it is a plan, too
        made = Plan(made.changes, halted.done)
    rehearse(made, resources, here, source)
