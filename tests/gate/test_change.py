"""Changes of a step: a merge patch on the scenario."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.chain.model import ChainState, found
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import InputError
from sfcci.gate.change import changed, declared, empty, merged, patched
from sfcci.gate.job import Change, Whole

DEMO = load_scenario("demo")
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
patches = st.recursive(leaves, lambda below: st.dictionaries(st.sampled_from("abcd"), below, max_size=3))


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_does_what_rfc_7396_says(target, patch, result):
    assert merged(target, patch) == result


@given(patches, patches)
def test_a_patch_is_the_same_twice_and_leaves_its_target_alone(target, patch):
    before = repr(target)
    once = merged(target, patch)
    assert merged(once, patch) == once
    assert repr(target) == before


def test_resources_that_stay_keep_their_numbers_and_ids():
    two = patched(DEMO, {"port_chains": {"PC2": {"port_pair_groups": ["PG2"]}}})
    assert [chain.chain_id for chain in two.chains.port_chains] == [1, 2]
    one = patched(two, {"port_chains": {"PC1": None}})
    assert one.chains.port_chains == two.chains.port_chains[1:]
    groups = patched(DEMO, {"port_pair_groups": {"PG1": None}, "port_chains": None}).chains.port_pair_groups
    assert groups == (found(DEMO.chains.port_pair_groups, "PG2"),)


def test_any_attribute_can_be_changed_and_the_rest_stays():
    new = patched(
        DEMO, {"port_pairs": {"PP1": {"weight": 7}}, "port_pair_groups": {"PG1": {"lb_fields": ["ip_src"]}}}
    )
    assert found(new.chains.port_pairs, "PP1").weight == 7
    assert found(new.chains.port_pair_groups, "PG1").lb_fields == ("ip_src",)
    assert new.topology == DEMO.topology
    assert new.chains.port_chains == DEMO.chains.port_chains


def test_everything_can_be_deleted_and_restored():
    gone = changed(DEMO, Change(whole=Whole.DELETE), DEMO)
    assert gone.chains == empty(DEMO).chains == ChainState()
    assert gone.topology.hosts == DEMO.topology.hosts
    assert changed(gone, Change(whole=Whole.RESTORE), DEMO) == DEMO


def test_cables_keep_the_room_that_they_have():
    mpls = load_scenario("mpls")
    assert (
        {port.room for port in empty(mpls).topology.ports}
        == {port.room for port in mpls.topology.ports}
        == {0, 4}
    )


def test_what_a_scenario_may_not_say_no_change_makes():
    for patch, told in (
        ({"port_pair_groups": {"PG1": None}}, "port_chains.PC1.port_pair_groups[0]: no port pair group PG1"),
        ({"port_chains": {"PC1": {"port_pair_groups": None}}}, "port_pair_groups is missing"),
        ({"flow_classifiers": {"FC_udp": {"protocol": "sctp"}}}, "sctp"),
    ):
        with pytest.raises(InputError) as refused:
            patched(DEMO, patch)
        assert told in str(refused.value)


def test_words_of_a_job_file_give_a_change():
    assert declared("restore") == Change(whole=Whole.RESTORE)
    assert declared({"hosts": {"vm1": "down", "vm2": "up"}, "port_chains": {"PC1": None}}) == Change(
        {"port_chains": {"PC1": None}}, {"vm1": False, "vm2": True}
    )
