"""A scenario's lab in the API's words is the same lab: nothing is plugged anew, and no chain is another one."""

from dataclasses import fields, replace
from types import MappingProxyType

import pytest
import yaml
from click.testing import CliRunner

from sfcci.api.declaration import exported, there
from sfcci.api.declared import SECTIONS
from sfcci.chain import view
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import update
from sfcci.chain.refused import Refused
from sfcci.chain.state import Asked, State
from sfcci.cli.sfc import sfc
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


def test_what_was_adopted_can_be_changed_exported_and_applied_elsewhere(tmp_path):
    state = adopted(State(), load_scenario("graph"), "fake_project_id", NOW)
    (network,) = state.of("networks")
    renamed = update(state, COLLECTIONS["networks"], network, {"name": "n"}, Asked("p", True, "", NOW))
    assert renamed.get("networks", network)["mtu"] == state.get("networks", network)["mtu"] == 1500
    text = yaml.safe_dump(exported(there({name: [*state.of(name).values()] for name in SECTIONS})))
    path = tmp_path / "chains.yaml"
    path.write_text(text)
    done = CliRunner().invoke(sfc, ["apply", str(path), "--state", str(tmp_path / "new.db")])
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(sfc, ["apply", str(path), "--state", str(tmp_path / "new.db")])
    assert again.output == "nothing to change\n"


@pytest.mark.parametrize("name", RIVALS)
def test_what_neutron_s_api_would_not_have_is_refused(name):
    with pytest.raises(Refused, match="conflicts with"):
        adopted(State(), load_scenario(name), "p", NOW)
