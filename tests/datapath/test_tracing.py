"""What is asked about: the API's state, alone or with the lab that carries it; which ports are needed for it."""

import time

import pytest
from plane_world import NOW, World

from sfcci.chain.journey import journey
from sfcci.chain.question import Asked, question
from sfcci.chain.state import State
from sfcci.chain.verdict import verdict
from sfcci.datapath import tracing
from sfcci.datapath.adoption import adopted
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import UsageError


@pytest.fixture
def state():
    return adopted(State(), load_scenario("demo"), "p", NOW)


def asked(scene, source="source_vm_port", goal="dest_vm_port"):
    first, last = (tracing.port_named(scene, word).id for word in (source, goal))
    return question(scene.layout, first, last, Asked())


def told(scene):
    one = asked(scene)
    with tracing.carrying(scene, [one]) as carry:
        went = journey(carry, scene.layout, one.packet)
    return went, verdict(scene.layout, went, one.goal, scene.lame)


def test_a_state_alone_is_asked_as_if_all_that_can_be_were_plugged(state):
    scene = tracing.of_state(state)
    went, found = told(scene)
    assert (scene.way, found.right) == ("trace", True)
    assert [scene.layout.name(visit.group) for visit in went.visits] == ["PG1", "PG2"]


def test_only_the_ports_of_the_chains_that_a_packet_enters_are_made(state, monkeypatch):
    scene = tracing.of_state(state)
    names = {id_: scene.layout.name(id_) for id_ in scene.layout.ports}
    past, through = asked(scene, "dest_vm_port"), asked(scene)
    assert {names[id_] for id_ in tracing._needed(scene.layout, past)} == {"dest_vm_port"}
    assert tracing._needed(scene.layout, through) == set(names)
    monkeypatch.setattr(tracing, "MOST_PORTS", len(names) - 1)
    assert list(tracing.batches(scene, [past, past, through, past])) == [[past, past], [through], [past]]
    assert list(tracing.batches(scene, [])) == []


def test_a_chain_that_cannot_be_carried_out_is_told_with_the_reason(state):
    group = next(one for one in state.of("port_pair_groups").values() if one["name"] == "PG2")
    scene = tracing.of_state(state.put("port_pair_groups", {**group, "port_pairs": []}))
    _, found = told(scene)
    assert not found.right
    assert "PC1 wants it" in found.says


def test_a_name_that_two_ports_have_is_not_guessed_at(state):
    port = next(one for one in state.of("ports").values() if one["name"] == "p1in")
    scene = tracing.of_state(state.put("ports", {**port, "name": "p2in"}))
    with pytest.raises(UsageError, match="several ports are named 'p2in'"):
        tracing.port_named(scene, "p2in")


@pytest.mark.lab
def test_a_lab_that_carries_the_state_is_found_and_asked_also_when_chains_have_another_version(
    tmp_path, state
):
    world = World(tmp_path)
    try:
        world.follow(state)
        world.comes("ACTIVE")
        assert tracing.lab_of(tmp_path, State()) is None
        there = tracing.lab_of(tmp_path, world.state)
        scene = tracing.of_lab(there, world.state)
        assert (scene.lab.name, scene.way in ("netdev", "dummy")) == ("sfc", True)
        went, found = told(scene)
        assert found.right, found.says
        groups = [world.id("port_pair_groups", name) for name in ("PG2", "PG1")]
        world.set("port_chains", "PC1", port_pair_groups=groups)
        world.settled()
        end = time.monotonic() + 60
        while (changed := told(tracing.of_lab(there, world.state)))[0].waits:
            assert "is being changed" in changed[1].says
            assert time.monotonic() < end
        came, found = changed
        assert found.right, found.says
        assert [visit.group for visit in came.visits] == groups
        assert {visit.si > 127 for visit in came.visits} != {visit.si > 127 for visit in went.visits}
    finally:
        world.close()
