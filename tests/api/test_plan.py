"""The order of requests: what must go goes first, chains carry traffic as long as they can, nothing is asked twice."""

import pytest

from sfcci import document
from sfcci.api.applying import Halted, carry_out, read
from sfcci.api.declaration import declaration, exported
from sfcci.api.declared import SCHEMA
from sfcci.api.file_door import StateDoor
from sfcci.api.plan import plan
from sfcci.chain.state import State
from sfcci.errors import InputError, Unreachable

BASE = """\
networks: {net: {}}
subnets: {sub: {network: net, cidr: 10.0.0.0/24}}
ports:
  in1: {network: net, device_id: vm1}
  out1: {network: net, device_id: vm1}
  in2: {network: net, device_id: vm2}
  src: {network: net}
"""
PAIRS = """\
port_pairs:
  PP1: {ingress: in1, egress: out1}
  PP2: {ingress: in2, egress: in2}
"""
GROUPS = "port_pair_groups: {PG1: {port_pairs: [PP1]}, PG2: {port_pairs: [PP2]}}\n"
FLOWS = """\
flow_classifiers:
  FC1: {protocol: tcp, destination_port_range_min: 80, destination_port_range_max: 80, logical_source_port: src}
"""
CHAIN = "port_chains: {PC1: {port_pair_groups: [PG1], flow_classifiers: [FC1]}}\n"
WHOLE = BASE + PAIRS + GROUPS + FLOWS + CHAIN


@pytest.fixture
def door():
    made = StateDoor("memory", State())
    applied(made, WHOLE)
    return made


def planned(door, text, *, prune=False):
    here = read(door)
    return plan(declaration(document.parse(text, "c.yaml", SCHEMA), here), here, prune=prune), here


def steps(door, text, **more):
    return [str(step) for step in planned(door, text, **more)[0].steps]


def applied(door, text, **more):
    made, here = planned(door, text, **more)
    carry_out(door, made, here, lambda _step: None)


def test_what_is_there_already_costs_no_request(door):
    assert steps(door, WHOLE, prune=True) == []


def test_a_change_of_several_attributes_is_one_request(door):
    text = "port_chains: {PC1: {port_pair_groups: [PG2, PG1], fail_mode: open, description: both}}"
    (step,) = planned(door, text)[0].steps
    assert set(step.body) == {"port_pair_groups", "flow_classifiers", "fail_mode", "description"}


def test_a_pair_that_moves_leaves_its_group_before_it_comes_to_the_other(door):
    text = "port_pair_groups: {PG1: {port_pairs: []}, PG2: {port_pairs: [PP1, PP2]}}"
    assert steps(door, text) == ["update port pair group PG1", "update port pair group PG2"]


def test_a_pair_with_other_ports_is_made_beside_the_old_one_so_that_the_hop_never_stands_empty(door):
    text = "port_pairs: {PP1: {ingress: out1, egress: in1}}"
    assert steps(door, text) == [
        "rename port pair PP1",
        "create port pair PP1",
        "update port pair group PG1",
        "delete port pair PP1",
    ]


def test_a_pair_with_another_weight_cannot_stand_beside_itself(door):
    text = "port_pairs: {PP1: {ingress: in1, egress: out1, service_function_parameters: {weight: 5}}}"
    assert steps(door, text) == [
        "update port pair group PG1",
        "delete port pair PP1",
        "create port pair PP1",
        "update port pair group PG1",
    ]


def test_a_classifier_of_other_packets_is_made_beside_the_old_one(door):
    text = FLOWS.replace("80", "443")
    assert steps(door, text) == [
        "rename flow classifier FC1",
        "create flow classifier FC1",
        "update port chain PC1",
        "delete flow classifier FC1",
    ]


def test_a_classifier_that_overlaps_itself_goes_before_it_comes(door):
    assert steps(door, FLOWS.replace("_max: 80", "_max: 90")) == [
        "update port chain PC1",
        "delete flow classifier FC1",
        "create flow classifier FC1",
        "update port chain PC1",
    ]


def test_a_renamed_pair_frees_its_ports_first(door):
    text = WHOLE.replace("PP1", "PPx")
    assert steps(door, text, prune=True) == [
        "update port pair group PG1",
        "delete port pair PP1",
        "create port pair PPx",
        "update port pair group PG1",
    ]


def test_chains_that_swap_their_groups_are_done_in_one_run(door):
    chains = "port_chains: {PC1: {port_pair_groups: [PG1]}, PC2: {port_pair_groups: [PG2]}}\n"
    two = WHOLE.replace(CHAIN, chains)
    applied(door, two)
    swapped = two.replace("PC1: {port_pair_groups: [PG1]", "PC1: {port_pair_groups: [PG2]")
    swapped = swapped.replace("PC2: {port_pair_groups: [PG2]", "PC2: {port_pair_groups: [PG1]")
    applied(door, swapped)
    assert {key: one["port_pair_groups"] for key, one in exported(read(door))["port_chains"].items()} == {
        "PC1": ["PG2"],
        "PC2": ["PG1"],
    }


def test_prune_takes_only_from_the_sections_of_the_file_and_nothing_that_is_in_use(door):
    assert steps(door, "port_chains: {}", prune=True) == ["delete port chain PC1"]
    assert steps(door, "flow_classifiers: {}", prune=True) == []
    assert steps(door, "ports: {src: {network: net}}\nport_chains: {}\nflow_classifiers: {}", prune=True) == [
        "delete port chain PC1",
        "delete flow classifier FC1",
    ]


def test_what_the_file_does_not_name_follows_in_lists_and_is_told_where_it_cannot(door):
    text = "port_pairs: {PP1: {ingress: out1, egress: in1}}"
    applied(door, text)
    group = exported(read(door))["port_pair_groups"]["PG1"]
    assert group == {"port_pairs": ["PP1"]}
    with pytest.raises(InputError) as error:
        planned(door, "networks: {other: {}}\nports: {in1: {network: other}}")
    assert str(error.value) == (
        "c.yaml:2:9: ports.in1: cannot be made anew (network cannot be changed): port pair PP1 uses it; "
        "name that one in the file, too"
    )


def test_a_refusal_tells_how_far_it_came_and_the_next_run_goes_on(door):
    text = WHOLE.replace("PG1: {port_pairs: [PP1]}", "PG1: {port_pairs: [PP1], description: new}").replace(
        "PC1: {", "PC0: {port_pair_groups: [PG1], chain_id: 1}, PC1: {"
    )
    with pytest.raises(Halted) as halted:
        applied(door, text)
    assert str(halted.value).splitlines()[1:] == [
        "  1 of 2 requests were done: update port pair group PG1",
        "  not done: create port chain PC0",
        "  put it right and run it again: it goes on from there",
    ]
    better = text.replace("[PG1], chain_id: 1", "[PG2, PG1], chain_id: 5")
    assert steps(door, better) == ["create port chain PC0"]


def test_a_server_that_goes_away_in_the_middle_is_told_with_how_far_it_came(door):
    made, here = planned(door, FLOWS.replace("80", "443"))
    ask = door.ask

    def asking(method, *words, **more):
        if method == "POST":
            raise Unreachable("no server at http://127.0.0.1:9696")
        return ask(method, *words, **more)

    door.ask = asking
    with pytest.raises(Halted) as halted:
        carry_out(door, made, here, lambda _step: None)
    assert halted.value.exit_status == 3
    assert str(halted.value).splitlines()[:2] == [
        "create flow classifier FC1 got no answer and may be done or not: no server at http://127.0.0.1:9696",
        "  1 of 4 requests were done: rename flow classifier FC1",
    ]
    door.ask = ask
    applied(door, FLOWS.replace("80", "443"))
    assert list(exported(read(door))["flow_classifiers"]) == ["FC1"]


def test_a_chain_that_somebody_else_changed_since_is_left_alone(door):
    made, here = planned(door, "port_chains: {PC1: {port_pair_groups: [PG2]}}")
    applied(door, "port_chains: {PC1: {port_pair_groups: [PG1], description: mine}}")
    with pytest.raises(Halted, match="somebody else has changed it"):
        carry_out(door, made, here, lambda _step: None)
    assert exported(read(door))["port_chains"]["PC1"]["description"] == "mine"


def test_a_port_that_loses_port_security_loses_its_groups_with_it():
    door = StateDoor("memory", State())
    applied(door, BASE)
    applied(door, "ports: {src: {network: net, port_security_enabled: false}}")
    assert exported(read(door))["ports"]["src"]["port_security_enabled"] is False
