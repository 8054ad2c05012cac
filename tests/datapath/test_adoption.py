"""A scenario's lab in the API's words is the same lab: nothing is plugged anew, and no chain is another one."""

from dataclasses import fields, replace
from types import MappingProxyType

import pytest

from sfcci.chain import view
from sfcci.chain.refused import Refused
from sfcci.chain.state import State
from sfcci.datapath.adoption import adopted
from sfcci.datapath.scenario import load_scenario, shipped
from sfcci.datapath.topology import change
from sfcci.datapath.wanted import wanted

RIVALS = ("functions",)
"""Their classifiers overlap, as those of chains that take turns do: Neutron's API refuses that."""
NOW = "2026-01-01T00:00:00Z"


VIEWS = MappingProxyType(
    {
        "port_pairs": view.port_pair,
        "port_pair_groups": view.port_pair_group,
        "flow_classifiers": view.flow_classifier,
        "port_chains": view.port_chain,
        "service_graphs": view.service_graph,
    }
)


def seen(state):
    """Give the API's resources as the compiler sees them, by id."""
    return {
        id_: replace(view_of(one), name=id_)
        for kind, view_of in VIEWS.items()
        for id_, one in state.of(kind).items()
    }


def by_id(chains):
    """Give the resources of a scenario by id, which is the compiler's name for them."""
    return {
        one.id: replace(one, name=one.id) for kind in fields(chains) for one in getattr(chains, kind.name)
    }


@pytest.mark.parametrize("name", [name for name in shipped() if name not in RIVALS])
def test_every_shipped_scenario_is_adopted_as_it_is(name):
    scenario = load_scenario(name)
    state = adopted(State(), scenario, "p", NOW)
    assert seen(state) == by_id(scenario.chains)
    after = wanted(state, scenario.topology, 0)
    step = change(scenario.topology, after)
    assert (step.pull, step.plug, step.end, step.make) == ((), (), (), ())
    assert {host.name: (host.function, host.services) for host in after.hosts} == {
        host.name: (host.function, host.services) for host in scenario.topology.hosts
    }


@pytest.mark.parametrize("name", RIVALS)
def test_what_neutron_s_api_would_not_have_is_refused(name):
    with pytest.raises(Refused, match="conflicts with"):
        adopted(State(), load_scenario(name), "p", NOW)
