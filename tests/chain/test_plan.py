"""From the API's state to a program and each chain's status: one bad chain never harms another."""

from dataclasses import replace

import pytest

from sfcci.chain.compiler import base_program
from sfcci.chain.plan import plan
from sfcci.chain.port import SwitchPort
from sfcci.chain.state import State
from sfcci.chain.status import ChainStatus
from sfcci.chain.walk import walk

from .resources import HTTP, altered, chain, classifier, demo, group, pair, planned, plugged, port, went


def test_a_chain_whose_pairs_are_all_live_is_active():
    state = demo()
    made = planned(state)
    assert made.chains["C"].status == "ACTIVE"
    assert made.chains["C"].reason == ""
    assert made.chains["C"].live == {"G": ("A", "B")}
    assert went(made, plugged(state)) in ("a_in", "b_in")


def test_a_group_that_lacks_a_pair_degrades_its_chain_and_the_rest_serves():
    state = demo()
    ports = plugged(state)
    made = planned(state, down=("b_out",))
    assert made.chains["C"].status == "DEGRADED"
    assert made.chains["C"].reason == "port pair group G has fewer port pairs (B: port b_out is down)"
    assert made.chains["C"].live == {"G": ("A",)}
    assert went(made, ports) == "a_in"
    assert made.program.groups == ()


@pytest.mark.parametrize(("mode", "way"), [("closed", "dropped"), ("open", "dst")])
def test_a_group_without_a_live_pair_stops_its_chain_as_fail_mode_says(mode, way):
    state = demo(port_chains=[chain("C", 1, ["G"], ["FC"], fail_mode=mode)])
    lost = ("a_in", "b_in")
    made, ports = planned(state, *lost), plugged(state, *lost)
    assert made.chains["C"].status == "ERROR"
    told = (
        "port pair group G has no live port pair (A: port a_in is not plugged, B: port b_in is not plugged)"
    )
    assert made.chains["C"].reason == told
    assert went(made, ports) == way
    assert went(made, ports, dst=81) == "NORMAL"
    assert went(made, ports, source="dst") == "NORMAL"


def test_what_is_missing_of_a_port_is_told():
    hostless = demo(ports=[port("a_in", host=""), port("a_out", device=""), port("b_in"), port("b_out")])
    made = planned(hostless, "a_in", "a_out", "b_in", "b_out")
    assert "A: port a_in has no host" in made.chains["C"].reason
    assert planned(demo(), "src").chains["C"].status == "BUILD"
    assert planned(demo(), "src").chains["C"].reason == "no traffic yet: port src is not plugged (FC)"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"port_pairs": [pair("A", "a_in", "a_out", correlation="nsh"), pair("B", "b_in", "b_out")]}, "A: correlation"),
        ({"flow_classifiers": [classifier("FC", None)]}, "logical_source_port: is missing"),
        ({"flow_classifiers": [classifier("FC", "a_in")]}, "is a service function's port"),
        ({"port_chains": [chain("C", 1, ["G"], ["FC"], parameters={"symmetric": True})]}, "FC: logical_destination_port: is missing"),
        ({"port_chains": [chain("C", 5000, ["G"], ["FC"])]}, "found 5000"),
        ({"ports": [port("src", network="n2"), *(port(n) for n in ("a_in", "a_out", "b_in", "b_out"))]}, "another network"),
    ],
)  # fmt: skip
def test_what_the_data_plane_cannot_do_is_an_error_of_that_chain_alone(changes, told):
    good = {
        "ports": [port("src2"), port("c_in"), port("c_out")],
        "port_pairs": [pair("C2", "c_in", "c_out")],
        "port_pair_groups": [group("G2", 2, "C2")],
        "flow_classifiers": [classifier("FC2", "src2", protocol="udp")],
        "port_chains": [chain("good", 2, ["G2"], ["FC2"])],
    }
    state = demo(**changes)
    for collection, resources in good.items():
        for resource in resources:
            state = state.put(collection, resource)
    made = planned(state)
    assert made.chains["C"].status == "ERROR"
    assert told in made.chains["C"].reason
    assert made.chains["good"].status == "ACTIVE"
    assert made.chains["good"].live == {"G2": ("C2",)}
    udp = {
        "in_port": plugged(state)["src2"].number,
        "eth_type": 0x800,
        "nw_proto": 17,
        "ip_src": 1,
        "ip_dst": 2,
    }
    assert walk(made.program, udp)[0].port == plugged(state)["c_in"].number


@pytest.mark.parametrize(("number", "way"), [(1, "a_in"), (5000, "dropped")])
def test_who_is_in_an_ipv6_chain_still_finds_its_neighbours(number, way):
    state = demo(
        port_pair_groups=[group("G", 1, "A")],
        flow_classifiers=[classifier("FC", ethertype="IPv6", source_ip_prefix="2001:db8::/64")],
        port_chains=[chain("C", number, ["G"], ["FC"])],
    )
    made, ports = planned(state), plugged(state)
    sixth = {"eth_type": 0x86DD, "ipv6_src": 0x20010DB8 << 96, "ipv6_dst": 1}
    assert went(made, ports, **sixth) == way
    assert went(made, ports, **sixth | {"nw_proto": 58, "icmpv6_type": 135}) == "NORMAL"
    assert went(made, ports) == "NORMAL"


def test_of_two_chains_that_want_the_same_packets_the_earlier_has_them():
    state = demo(
        ports=[port(name) for name in ("src", "src2", "dst", "a_in", "a_out", "b_in", "b_out")],
        port_pair_groups=[group("G", 1, "A"), group("G2", 2, "B")],
        flow_classifiers=[classifier("FC", **HTTP), classifier("FC2", "src2", **HTTP)],
        port_chains=[chain("C", 1, ["G"], ["FC"]), chain("D", 2, ["G2"], ["FC2"])],
    )
    made, ports = planned(state), plugged(state)
    assert [status.status for status in made.chains.values()] == ["ACTIVE", "ERROR"]
    assert "FC2 overlaps FC of chain C" in made.chains["D"].reason
    assert went(made, ports) == "a_in"
    assert went(made, ports, source="src2") == "dropped"


def test_without_chains_the_switch_is_a_learning_switch():
    state = demo(port_chains=[])
    assert planned(state).program == base_program()
    assert planned(State()).chains == {}


def test_names_may_be_empty_or_shared():
    state = demo(
        port_pairs=[pair("A", "a_in", "a_out") | {"name": ""}, pair("B", "b_in", "b_out") | {"name": ""}],
        port_pair_groups=[group("G", 1, "A") | {"name": "x"}, group("H", 2, "B") | {"name": "x"}],
        port_chains=[chain("C", 1, ["G", "H"], ["FC"]) | {"name": ""}],
    )
    assert planned(state).chains["C"].status == "ACTIVE"


def test_packets_of_one_network_are_not_delivered_to_another():
    """What has passed a chain is flooded in its own network alone."""
    state = demo()
    ports = plugged(state)
    ports["dst"] = SwitchPort(ports["dst"].number, ports["dst"].mac, ("10.0.0.2",), 2)
    made = plan(state, ports)
    assert went(made, ports, source="a_out") == "src"
    assert went(plan(state, plugged(state)), ports, source="a_out") == "dst"


def test_what_is_blocked_yields_to_the_chains_of_the_same_port():
    state = demo(
        ports=[port(name) for name in ("src", "dst", "a_in", "a_out")],
        port_pairs=[pair("A", "a_in", "a_out")],
        port_pair_groups=[group("G", 1, "A"), group("H", 2)],
        flow_classifiers=[classifier("FC", **HTTP), classifier("all")],
        port_chains=[chain("C", 1, ["G"], ["FC"]), chain("D", 2, ["H"], ["all"])],
    )
    made, ports = planned(state), plugged(state)
    assert made.chains["D"].reason == "port pair group H has no port pair"
    assert [went(made, ports), went(made, ports, dst=81)] == ["a_in", "dropped"]


def test_weight_0_takes_no_packet_and_is_nobodys_fault():
    idle = [pair("A", "a_in", "a_out", weight=0), pair("B", "b_in", "b_out", weight=3)]
    made = planned(demo(port_pairs=idle))
    assert made.chains["C"] == ChainStatus("ACTIVE", "", {"G": ("B",)})
    assert went(made, plugged(demo())) == "b_in"
    lost = planned(demo(port_pairs=idle), down=("b_in",)).chains["C"]
    assert lost.reason == "port pair group G has no live port pair (A: has weight 0, B: port b_in is down)"


def test_a_tap_that_is_down_stops_no_packet():
    state = demo(
        port_pair_groups=[group("T", 1, "A", tap_enabled=True), group("G", 2, "B")],
        port_chains=[chain("C", 1, ["T", "G"], ["FC"])],
    )
    made = planned(state)
    assert made.chains["C"].status == "ACTIVE"
    assert went(made, plugged(state)) == "a_in"  # its copy goes out first
    made = planned(state, down=("a_in",))
    assert made.chains["C"].status == "DEGRADED"
    assert went(made, plugged(state)) == "b_in"


def test_what_a_function_translates_is_known_behind_it():
    mapping = {"ingress_n_tuple": {}, "egress_n_tuple": {"source_ip_prefix": "192.0.2.0/24"}}
    state = demo(
        port_pair_groups=[
            group("G", 1, "A", parameters={"ppg_n_tuple_mapping": mapping}),
            group("H", 2, "B", parameters={"lb_fields": ["ip_src"]}),
        ],
        flow_classifiers=[classifier("FC", source_ip_prefix="10.0.0.0/24", **HTTP)],
        port_chains=[chain("C", 1, ["G", "H"], ["FC"])],
    )
    made, ports = planned(state), plugged(state)
    assert went(made, ports) == "a_in"
    assert went(made, ports, source="a_out", ip_src=0xC0000201) == "b_in"
    assert went(made, ports, source="b_out", ip_src=0xC0000201) == "dst"


def test_a_symmetric_chain_has_its_way_back_at_the_logical_destination_port():
    state = demo(
        port_pair_groups=[group("G", 1, "A")],
        flow_classifiers=[classifier("FC", logical_destination_port="dst", **HTTP)],
        port_chains=[chain("C", 1, ["G"], ["FC"], parameters={"symmetric": True})],
    )
    made, ports = planned(state), plugged(state)
    assert went(made, ports) == "a_in"
    assert went(made, ports, source="dst", dst=4000, tcp_src=80) == "a_out"


def graph(number=2, mode="closed"):
    """C ends where D begins: at the functions of both, which are aware of the chain."""
    return demo(
        port_pairs=[pair("A", "a_in", "a_out", correlation="nsh"), pair("B", "b_in", "b_out", correlation="nsh")],
        port_pair_groups=[group("G", 1, "A"), group("H", 2, "B")],
        flow_classifiers=[classifier("FC", **HTTP), classifier("FC2", "nowhere", **HTTP | {"protocol": "udp"})],
        port_chains=[
            chain("C", 1, ["G"], ["FC"], parameters={"correlation": "nsh"}),
            chain("D", number, ["H"], ["FC2"], parameters={"correlation": "nsh"}, fail_mode=mode),
        ],
        service_graphs=[{"id": "S", "name": "S", "port_chains": {"C": ["D"]}}],
    )  # fmt: skip


def behind(made, state):
    """Give the port to which a UDP packet goes on that has passed the last function of C."""
    packet = {"in_port": 3, "eth_type": 0x894F, "nsh_mdtype": 1, "nsh_spi": 1, "nsh_si": 254, "eth_src": 0}
    below = {"below_eth_type": 0x800, "below_eth_src": 1, "below_eth_dst": 0x020000000002, "nw_proto": 17}
    packet |= {"eth_dst": 0, "in_port": plugged(state)["a_out"].number} | below
    packet |= {"ip_src": 1, "ip_dst": 2, "udp_src": 7, "udp_dst": 80}
    names = {given.number: name for name, given in plugged(state).items()}
    return [names[sent.port] for sent in walk(made.program, packet)]


def test_a_graph_leads_from_one_chain_into_another_wherever_that_one_would_begin():
    made = planned(graph())
    assert [status.status for status in made.chains.values()] == ["ACTIVE", "ACTIVE"]
    assert behind(made, graph()) == ["b_in"]


@pytest.mark.parametrize(("mode", "ways"), [("closed", []), ("open", ["dst"])])
def test_a_branch_into_a_chain_that_cannot_be_carried_out_ends_as_its_fail_mode_says(mode, ways):
    state = graph(70000, mode)
    made = planned(state)
    assert [status.status for status in made.chains.values()] == ["ACTIVE", "ERROR"]
    assert behind(made, state) == ways


def test_a_plan_keeps_what_stays_and_gives_changed_hops_another_version():
    state = demo(
        port_pair_groups=[group("G", 1, "A"), group("H", 2, "B")],
        flow_classifiers=[classifier("FC", **HTTP), classifier("FC2", **HTTP | {"protocol": "udp"})],
        port_chains=[chain("C", 1, ["G"], ["FC"]), chain("D", 2, ["H"], ["FC2"])],
    )
    first = planned(state)
    again = plan(state, plugged(state), first)
    assert all(part is first.program.parts[key] for key, part in again.program.parts.items())
    longer = altered(state, "port_chains", "C", port_pair_groups=["G", "H"])
    second = plan(longer, plugged(longer), again)
    assert second.compiled.versions == {"C": 1, "D": 0}
    assert second.program.parts["chain", "D"] is first.program.parts["chain", "D"]
    assert plan(longer, plugged(longer), second).compiled.versions == {"C": 1, "D": 0}
    assert plan(state, plugged(state), second).program == first.program


@pytest.mark.parametrize("unread", [{"description": "x"}, {"revision_number": 7}, {"updated_at": "now"}])
def test_what_no_plan_reads_changes_none(unread):
    for state, lost in ((demo(), ()), (demo(), ("a_in",))):
        made = planned(state, *lost)
        new = altered(altered(state, "port_chains", "C", **unread), "ports", "a_in", **unread)
        again = plan(new, plugged(state, *lost), made)
        assert again == made
        assert again.program.parts is made.program.parts


def test_a_name_changes_a_plan_that_tells_it_and_no_other():
    state = demo()
    new = altered(state, "ports", "a_in", name="other")
    assert plan(new, plugged(state), planned(state)) == planned(state)
    told = plan(new, plugged(state, "a_in"), planned(state, "a_in"))
    assert "port other is not plugged" in told.chains["C"].reason


def test_a_plan_of_the_same_is_the_same():
    state, ports = demo(), plugged(demo())
    made = plan(state, ports)
    again = plan(demo(), plugged(demo()), made)
    assert again.compiled is made.compiled
    assert again.chains is made.chains


def test_a_bump_in_the_wire_passes_nothing_on_as_long_as_it_is_plugged_as_one():
    """Its two ports would be two links between the same two sides of a learning switch."""
    state = demo(port_chains=[])
    bare = {
        id_: replace(port, addresses=(), own=())
        for id_, port in plugged(state).items()
        if id_.startswith("a_")
    }
    ports = plugged(state) | bare
    made = plan(state, ports)
    assert went(made, ports) == "NORMAL"
    assert went(made, ports, source="a_out") == "dropped"
    assert went(made, ports, source="a_out", eth_type=0x0806) == "dropped"
    freed = state.without("port_pairs", "A")
    assert plan(freed, ports, made).program == base_program()
    busy = freed.put("port_chains", chain("C", 1, ["G"], ["FC"]))
    assert plan(freed, ports, plan(busy, ports, made)).program == base_program()


def test_two_networks_of_one_switch_have_chains_of_their_own_with_the_same_addresses():
    state = demo(
        ports=[
            *(port(name) for name in ("src", "a_in", "a_out")),
            *(port(name, "n2") for name in ("src2", "b_in", "b_out")),
        ],
        port_pair_groups=[group("G", 1, "A"), group("H", 2, "B")],
        flow_classifiers=[classifier("FC", **HTTP), classifier("FC2", "src2", **HTTP | {"protocol": "udp"})],
        port_chains=[chain("C", 1, ["G"], ["FC"]), chain("D", 2, ["H"], ["FC2"])],
    )
    ports = {
        id_: replace(p, network=2 if "2" in id_ or "b_" in id_ else 1) for id_, p in plugged(state).items()
    }
    made = plan(state, ports)
    assert [status.status for status in made.chains.values()] == ["ACTIVE", "ACTIVE"]
    for source, first, last in (("src", "a_in", "a_out"), ("src2", "b_in", "b_out")):
        sent = {"nw_proto": 17, "udp_src": 7, "udp_dst": 80} if source == "src2" else {}
        assert went(made, ports, source, **sent) == first
        assert went(made, ports, last, **sent, ip_dst=0x0A000002, eth_dst=0) in (source, "src2", "a_in")


@pytest.mark.parametrize(
    ("given", "inside", "outside"),
    [
        ({"destination_port_range_min": 0, "destination_port_range_max": 0}, [0], [1, 65535]),
        ({"destination_port_range_min": 65000}, [65000, 65535], [0, 64999]),
        ({"destination_port_range_max": 9}, [0, 9], [10, 65535]),
        ({}, [0, 65535], []),
    ],
)
def test_an_open_side_of_a_range_is_filled_and_0_is_a_port(given, inside, outside):
    state = demo(
        flow_classifiers=[classifier("FC", protocol="tcp", **given)], port_pair_groups=[group("G", 1, "A")]
    )
    made, ports = planned(state), plugged(state)
    assert [went(made, ports, dst=port) for port in inside] == ["a_in"] * len(inside)
    assert [went(made, ports, dst=port) for port in outside] == ["NORMAL"] * len(outside)


def test_a_chain_one_way_takes_a_logical_destination_port_for_a_word_about_it_alone():
    state = demo(
        flow_classifiers=[classifier("FC", logical_destination_port="dst", **HTTP)],
        port_pair_groups=[group("G", 1, "A")],
    )
    made, ports = planned(state), plugged(state)
    assert went(made, ports, ip_src=1, ip_dst=2) == "a_in"
    assert went(made, ports, source="dst", tcp_src=80) == "NORMAL"


def test_what_the_switch_said_against_a_chain_is_its_error_until_it_changes_its_mind():
    state, ports = demo(), plugged(demo())
    made = plan(state, ports, plan(state, ports), refused={"C": "the switch: table full"})
    assert made.chains["C"].status == "ERROR"
    assert made.chains["C"].reason == "the switch: table full"
    assert went(made, ports) == "dropped"
    assert plan(state, ports, made) == plan(state, ports)
