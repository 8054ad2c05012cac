"""What the data plane says is laid over answers, and only there."""

from sfcci.chain.status import ACTIVE, DEGRADED, DOWN, ChainStatus, Facts, shown

PORT = {"id": "p1", "name": "p1in", "status": "DOWN"}
CHAIN = {"id": "c1", "name": "PC1", "fail_mode": "closed"}


def test_a_port_is_as_the_data_plane_says_and_else_as_it_is_stored():
    assert shown("ports", PORT, Facts({"p1": ACTIVE})) == {**PORT, "status": ACTIVE}
    assert shown("ports", {**PORT, "status": ACTIVE}, Facts({"p1": DOWN})) == PORT
    assert shown("ports", PORT, Facts()) == PORT
    assert PORT["status"] == "DOWN"


def test_a_chain_has_its_status_the_reason_and_the_live_pairs_of_each_group():
    status = ChainStatus(DEGRADED, "PG1: 1 of 2 port pairs is live", {"g1": ("pp1",)})
    assert shown("port_chains", CHAIN, Facts(chains={"c1": status})) == {
        **CHAIN,
        "status": "DEGRADED",
        "status_reason": "PG1: 1 of 2 port pairs is live",
        "live_port_pairs": {"g1": ["pp1"]},
    }


def test_a_chain_of_which_nothing_is_known_is_being_built_and_says_why():
    told = shown("port_chains", CHAIN, Facts(reason="Open vSwitch is not installed"))
    assert told["status"] == "BUILD"
    assert told["status_reason"] == "Open vSwitch is not installed"
    assert told["live_port_pairs"] == {}


def test_other_resources_are_shown_as_they_are():
    group = {"id": "g1"}
    assert shown("port_pair_groups", group, Facts()) is group
