"""Nodes in the API's state: what is taken, what is refused, who sees them, and what follows for agents and networks."""

import uuid

import pytest

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import create, delete, update, visible
from sfcci.chain.refused import Refused
from sfcci.chain.state import Asked, State
from sfcci.chain.status import CONNECTED, Facts, NodeFacts, shown

NODES, NETWORKS = COLLECTIONS["nodes"], COLLECTIONS["networks"]


def asked(*, admin=True):
    return Asked("p", admin=admin, id=str(uuid.uuid4()), now="2026-01-01T00:00:00Z")


def with_node(state=None, name="node1", **more):
    number = name[-1]
    body = {"name": name, "ovsdb": f"ssl:192.0.2.{number}", "tunnel_ip": f"192.0.2.{number}", **more}
    return create(state or State(), NODES, body, asked())


def only(state, collection="nodes"):
    (one,) = state.of(collection).values()
    return one


def refusal(call, *words, **more):
    with pytest.raises(Refused) as refused:
        call(*words, **more)
    return refused.value.message


def test_where_it_listens_is_written_whole():
    node = only(with_node())
    assert (node["ovsdb"], node["openflow"]) == ("ssl:192.0.2.1:6640", "ssl:192.0.2.1:6653")
    here = only(with_node(ovsdb="unix:/run/openvswitch/db.sock", bridge="br-sfc"))
    assert here["openflow"] == "unix:/run/openvswitch/br-sfc.mgmt"


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("name", "node one", "is not a node's name"),
        ("ovsdb", "192.0.2.5", "expected unix:/PATH"),
        ("openflow", "ssl:[1.2.3]", "expected unix:/PATH"),
        ("tunnel_ip", "node1", "is not a valid IP address"),
        ("tunnel_ip", "::", "is no machine's own address"),
        ("tunnel_ip", "ff02::1", "is no machine's own address"),
        ("peer", "node1\x1b[2J", "is no name in a certificate"),
        ("bridge", "a-bridge-with-a-long-name", "15 characters"),
        ("encapsulation", "gre", "not in valid_values"),
        ("underlay_mtu", 100, "too small"),
        ("key", "relative.key", "no absolute path"),
        ("certificate", "/etc/a.crt", "belong together"),
        ("status", "CONNECTED", "not allowed in POST"),
    ],
)
def test_what_makes_no_sense_is_refused(attribute, value, words):
    assert words in refusal(with_node, **{attribute: value})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "node1"}, "There is a node node1 already"),
        ({"name": "Node1"}, "There is a node node1 already"),
        ({"name": "node2", "openflow": "ssl:192.0.2.1"}, "has openflow ssl:192.0.2.1:6653 already"),
        ({"name": "node2", "tunnel_ip": "192.0.2.1"}, "has tunnel_ip 192.0.2.1 already"),
        ({"name": "node2", "ovsdb": "ssl:192.0.2.1"}, "has ovsdb ssl:192.0.2.1:6640 already"),
        ({"name": "node2", "encapsulation": "geneve"}, "both ends of a tunnel"),
        ({"name": "node2", "tunnel_ip": "2001:db8::2"}, "one IP version"),
    ],
)
def test_what_does_not_go_with_another_node_is_refused(more, words):
    assert words in refusal(with_node, with_node(), **more)


def test_two_bridges_of_one_open_vswitch_are_two_nodes():
    state = with_node(
        with_node(), "node2", ovsdb="ssl:192.0.2.1", openflow="ssl:192.0.2.1:6654", bridge="br-2"
    )
    assert len(state.of("nodes")) == 2


def test_only_administrators_see_and_make_them():
    assert not visible(only(with_node()), asked(admin=False))
    body = {"name": "node1", "ovsdb": "ssl:192.0.2.1", "tunnel_ip": "192.0.2.1"}
    assert "disallowed by policy" in refusal(create, State(), NODES, body, asked(admin=False))


def test_an_encapsulation_changes_on_all_nodes_and_their_agents_tell():
    state = with_node(with_node(), "node2")
    state = update(state, NODES, next(iter(state.of("nodes"))), {"encapsulation": "geneve"}, asked())
    assert {node["encapsulation"] for node in state.of("nodes").values()} == {"geneve"}
    told = [agent["configurations"]["tunnel_types"] for agent in state.of("agents").values()]
    assert told == [["geneve"], ["geneve"]]


def test_its_agent_stays_as_long_as_a_port_is_bound_to_it_or_it_is_registered():
    state = with_node()
    network = create(state, NETWORKS, {"name": "net"}, asked())
    bound = create(
        network,
        COLLECTIONS["ports"],
        {"network_id": only(network, "networks")["id"], "binding:host_id": "node1"},
        asked(),
    )
    gone = delete(bound, COLLECTIONS["ports"], only(bound, "ports")["id"], asked())
    assert only(gone, "agents")["host"] == "node1"
    assert not delete(gone, NODES, only(gone)["id"], asked()).of("agents")
    kept = delete(bound, NODES, only(bound)["id"], asked())
    assert only(kept, "agents")["host"] == "node1"


@pytest.mark.parametrize(
    ("more", "mtu"),
    [({}, 1450), ({"underlay_mtu": 9000}, 8950), ({"tunnel_ip": "2001:db8::1"}, 1430)],
)
def test_networks_get_what_tunnels_leave_of_the_underlay(more, mtu):
    state = with_node(**more)
    assert only(create(state, NETWORKS, {"name": "net"}, asked()), "networks")["mtu"] == mtu
    assert f"maximum is {mtu}" in refusal(create, state, NETWORKS, {"name": "net", "mtu": mtu + 1}, asked())


def test_the_smallest_underlay_counts():
    state = with_node(with_node(underlay_mtu=9000), "node2")
    assert only(create(state, NETWORKS, {"name": "net"}, asked()), "networks")["mtu"] == 1450


def test_how_it_is_is_laid_over_it_and_over_its_agent():
    state = with_node()
    unknown = shown("nodes", only(state), Facts())
    assert (unknown["status"], unknown["status_reason"]) == ("UNKNOWN", "no data plane follows this server")
    facts = Facts(
        nodes={
            "node1": NodeFacts(CONNECTED, since="2026-01-02T00:00:00Z", heard="2026-01-02T03:04:05Z", ports=2)
        }
    )
    assert (shown("nodes", only(state), facts)["status"], shown("nodes", only(state), facts)["ports"]) == (
        "CONNECTED",
        2,
    )
    agent = shown("agents", only(state, "agents"), facts)
    assert (agent["alive"], agent["heartbeat_timestamp"]) == (True, "2026-01-02 03:04:05")
    away = Facts(nodes={"node1": NodeFacts("AWAY", "it does not answer")})
    assert shown("agents", only(state, "agents"), away)["alive"] is False
