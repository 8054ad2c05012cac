"""The scenarios that the reference tests with traceroute alone: each with TCP, UDP and ICMP in a real lab."""

import pytest
from kinds_run import JOBS, of_file, verdicts

from sfcci.gate.job import Flows
from sfcci.gate.order import Result, Verdict

pytestmark = pytest.mark.lab
NAMES = of_file("port-chain.yaml")
UPSTREAM = [
    "create_port_chain",
    "create_port_chain_symmetric",
    "create_port_chain_multi_flow_classifiers",
    "create_port_chain_multi_flow_classifiers_symmetric",
    "create_port_chain_multi_port_pairs",
    "create_port_chain_multi_port_pairs_symmetric",
    "create_port_chain_multi_port_pair_groups",
    "create_port_chain_multi_port_pair_groups_symmetric",
    "create_multi_port_chain",
    "update_port_chain_add_flow_classifiers",
    "update_port_chain_remove_flow_classifiers",
    "update_port_chain_replace_flow_classifiers",
    "update_port_chain_add_port_pair_groups",
    "update_port_chain_remove_port_pair_groups",
    "update_port_chain_replace_port_pair_groups",
    "update_port_chain_replace_port_pair_groups_flow_classifiers",
    "update_port_pair_group_add_port_pairs",
    "update_port_pair_group_remove_port_pairs",
    "update_port_pair_group_replace_port_pairs",
    "multi_port_chains_update_port_pair_group_replace_port_pairs",
]


def test_every_scenario_of_the_reference_is_a_job_over_tcp_udp_and_icmp():
    assert sorted(NAMES) == sorted("sfc-" + name.replace("_", "-") for name in UPSTREAM)
    for name in NAMES:
        kinds = [kind for step in JOBS[name].steps for kind in step.traffic if isinstance(kind, Flows)]
        assert {protocol for kind in kinds for protocol in kind.over} == {"tcp", "udp", "icmp"}, name


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return verdicts(NAMES, tmp_path_factory.mktemp("jobs"))


@pytest.mark.parametrize("name", NAMES)
def test_the_job_is_green(name, found):
    assert found[name] == Verdict(Result.SUCCESS)
