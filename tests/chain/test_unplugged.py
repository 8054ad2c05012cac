"""Chains whose source is not plugged yet: their classifiers lead nobody else's packets anywhere, and leave nothing."""

import pytest

from sfcci.chain.compiler import base_program
from sfcci.chain.plan import plan

from .resources import chain, demo, planned, plugged, went


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_classifier_without_its_source_is_about_nobody(symmetric):
    chains = [chain("C", 1, ["G"], ["FC"], parameters={"symmetric": symmetric})]
    state = demo(port_chains=chains)
    if symmetric:
        state = state.put(
            "flow_classifiers", {**state.of("flow_classifiers")["FC"], "logical_destination_port": "dst"}
        )
    early, ports = planned(state, "src"), plugged(state)
    assert early.chains["C"].status == "BUILD"
    assert went(early, ports, source="dst") == "NORMAL"
    assert went(early, ports | {"src": ports["src"]}, source="src") == "NORMAL"
    assert went(early, ports, source="a_out") == "dropped"
    later = plan(state, ports, early)
    assert later.program == planned(state).program
    assert went(later, ports) in ("a_in", "b_in")
    gone = state.without("port_chains", "C")
    assert plan(gone, ports, plan(state, plugged(state, "src"), later)).program == base_program()
