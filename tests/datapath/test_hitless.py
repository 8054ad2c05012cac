"""A chain that is updated under packets loses none, and none passes a function by or meets them in a wrong order."""

import pytest
from hitless_plane import under_a_plane
from hitless_run import run
from hitless_world import KINDS, MIXED, world

from sfcci.chain.compiler import program
from sfcci.chain.program import changes
from sfcci.datapath.openflow_client import connect

pytestmark = pytest.mark.lab
RATE, PAUSE_S, PATIENCE_S, ATTEMPTS = 200, 0.05, 1.0, 3


def counting(lab, apply, functions, updates, count):
    """Give the first run that counts: on a machine without time some are void."""
    for _ in range(ATTEMPTS):
        one = run(
            lab,
            apply,
            KINDS[functions],
            updates,
            count=count,
            rate=RATE,
            pause_s=PAUSE_S,
            patience_s=PATIENCE_S,
        )
        if not one.void:
            return one
    return pytest.skip(f"no run counts: {one.void}")


def no_packet_is_harmed(functions, updates):
    with world(KINDS[functions]) as lab:
        one = counting(lab, lab.apply, functions, updates, len(MIXED[updates]) - 1)
    assert {way.faults for way in one.ways.values()} == {()}
    assert one.good, one
    assert all(way.sent for way in one.ways.values())


def test_three_updates_of_each_kind():
    no_packet_is_harmed("routed", "each")


@pytest.mark.parametrize("functions", ["wire-30", "one-port-30", "symmetric-30"])
def test_functions_that_hold_packets(functions):
    no_packet_is_harmed(functions, "some")


def test_requests_to_the_api(tmp_path):
    with under_a_plane("routed", tmp_path) as (lab, apply):
        one = counting(lab, apply, "routed", "order", 3)
    assert {way.faults for way in one.ways.values()} == {()}
    assert one.good, one


def test_a_change_all_at_once_is_seen_to_harm_packets():
    functions = KINDS["router-30"]
    with world(functions) as lab, connect(f"unix:{lab.keeper.root}/run/lab/br-int.mgmt") as switch:
        there = [lab.installed]

        def at_once(wanted):
            new = program(wanted, lab.ports)
            switch.apply(changes(there[0], new))
            there[0] = new

        one = counting(lab, at_once, "router-30", "pairs", 3)
    assert not one.good
    assert one.ways["there"].faults[0].startswith("10.1.0.2:5000 number ")


def test_functions_of_one_chain_on_three_nodes():
    with world(KINDS["mpls-30"], nodes=3) as lab:
        one = counting(lab, lab.apply, "mpls-30", "some", len(MIXED["some"]) - 1)
    assert {way.faults for way in one.ways.values()} == {()}
    assert one.good, one
