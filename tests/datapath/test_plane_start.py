"""How a data plane begins: with a lab of its own, with one that is up, after a kill, or without Open vSwitch."""

import re
import signal
import subprocess
import sys
import time

import pytest
from openflow_switch import wait
from plane_world import NOW, World, link, ways

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import delete
from sfcci.chain.state import State
from sfcci.chain.status import ACTIVE, ChainStatus, Facts
from sfcci.datapath import lab as lab_module
from sfcci.datapath import standing
from sfcci.datapath.adoption import adopted
from sfcci.datapath.plane import Plane
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import MissingTool, UsageError

pytestmark = pytest.mark.lab


def test_a_lab_raised_from_a_scenario_is_taken_over_as_it_is(tmp_path):
    scenario = load_scenario("demo")
    up = standing.up(tmp_path, "demo", scenario, lambda _: None)
    taken = World(tmp_path, "demo")
    try:
        before = link(taken, up.lab.topology.port("p1in").tap)
        state = taken.plane.adopted(State(), NOW)
        assert [port["name"] for port in state.of("ports").values()] == [
            p.name for p in up.lab.topology.ports
        ]
        taken.follow(state)
        taken.comes("ACTIVE")
        assert link(taken, up.lab.topology.port("p1in").tap) == before
        assert taken.run("source", "curl", "-s", "-m", "30", "http://10.0.0.128/") == "This is dest.\n"
        assert standing.one(tmp_path).served
        assert standing.one(tmp_path).chains == ("PC1",)
        assert taken.plane.adopted(State(), NOW) == State()
    finally:
        taken.close()


def test_a_scenario_s_lab_that_is_not_the_state_s_is_left_alone(tmp_path):
    up = standing.up(tmp_path, "demo", load_scenario("demo"), lambda _: None)
    other = World(tmp_path, "demo")
    try:
        state = adopted(State(), load_scenario("demo"), "p", NOW)
        state = State({**state.collections, "ports": dict(list(state.of("ports").items())[1:])})
        with pytest.raises(UsageError, match=r"lab demo was raised from demo\.yaml and is not this state's"):
            other.plane.adopted(state, NOW)
        other.follow(state)
        assert "is not this state's" in other.comes("ERROR")["status_reason"]
        assert not standing.one(tmp_path).served
        assert up.lab.run("source", ["true"], timeout_s=60).status == 0
    finally:
        other.close()


def lacking():
    raise MissingTool("ovs-vsctl is not installed", "install it")


def test_without_open_vswitch_the_api_goes_on_and_the_status_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_module, "require", lacking)
    poor = World(tmp_path)
    poor.follow(adopted(State(), load_scenario("demo"), "p", NOW))
    assert "ovs-vsctl is not installed" in poor.plane.obstacle
    assert poor.shown("port_chains", "PC1")["status"] == "BUILD"
    assert "ovs-vsctl is not installed" in poor.shown("port_chains", "PC1")["status_reason"]
    assert poor.shown("ports", "p1in")["status"] == "DOWN"
    poor.close()


def test_nothing_is_raised_until_a_port_gets_a_host(tmp_path):
    idle = World(tmp_path)
    idle.create("networks", name="n")
    group = idle.create("port_pair_groups", name="G")
    idle.create("port_chains", name="PC1", port_pair_groups=[group])
    assert "port pair group G has no port pair" in idle.comes("ERROR")["status_reason"]
    assert standing.labs(tmp_path) == ()
    idle.close()


SERVER = """
import sys
from pathlib import Path
from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import delete
from sfcci.chain.state import State
from sfcci.chain.status import ACTIVE, ChainStatus, Facts
from sfcci.datapath.adoption import adopted
from sfcci.datapath.plane import Plane
from sfcci.datapath.plane import Plane
from sfcci.datapath.scenario import load_scenario
plane = Plane.start(Path(sys.argv[1]), "sfc")
plane.follow(adopted(State(), load_scenario("demo"), "p", "2026-01-01T00:00:00Z"))
print("follows", flush=True)
sys.stdin.read()
"""


def test_a_server_killed_at_any_moment_leaves_what_the_next_one_repairs(tmp_path):
    for delay_s in (0.1, 0.25, 0.4, 0.55, 0.7):
        words = [sys.executable, "-c", SERVER, str(tmp_path)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            server.stdout.readline()
            time.sleep(delay_s)
            server.send_signal(signal.SIGKILL)
        if there := standing.there(tmp_path, "sfc"):  # else the kernel took what was half raised
            there.lab.run("switch", ["ip", "netns", "list"], timeout_s=60, check=True)
    repaired = World(tmp_path)
    try:
        repaired.follow(adopted(State(), load_scenario("demo"), "p", NOW))
        repaired.comes("ACTIVE")
        assert ways(repaired, tmp_path)["p3in"] == 20
        taps = {port.tap for port in repaired.lab().topology.ports}
        shown = repaired.run("switch", "ip", "-o", "link", "show", "type", "veth")
        assert set(re.findall(r"^\d+: (tap[^@:]+)", shown, re.MULTILINE)) == taps
    finally:
        repaired.close()


def test_of_a_chain_that_a_change_concerns_nothing_is_known_until_it_is_carried_out(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_module, "require", lacking)  # no thread: what is told is told here
    world = World(tmp_path)
    world.follow(adopted(State(), load_scenario("demo"), "p", NOW))
    concerned = [
        ("port_pair_groups", "PG1", {"description": "other"}),
        ("port_pairs", "PP1", {"description": "other"}),
        ("flow_classifiers", "FC_http", {"description": "other"}),
        ("port_chains", "PC1", {"description": "other"}),
    ]
    for collection, name, body in concerned:
        chain = world.id("port_chains", "PC1")
        world.plane._told = (world.state, Facts({}, {chain: ChainStatus(ACTIVE)}))
        world.follow(world.state)
        assert world.shown("port_chains", "PC1")["status"] == "ACTIVE"
        world.set(collection, name, **body)
        assert world.shown("port_chains", "PC1")["status"] == "BUILD", collection
    world.close(down=False)


def test_what_goes_together_is_unplugged_when_its_functions_have_given_back_what_they_had(tmp_path):
    world = World(tmp_path)
    world.plane.close()
    world.plane = Plane.start(tmp_path, "sfc", residency_s=1e6)
    try:
        world.follow(adopted(State(), load_scenario("demo"), "p", NOW))
        world.comes("ACTIVE")
        tap, driver = world.lab().topology.port("p3in").tap, world.plane._bench._planned.driver
        state = world.state
        for collection, name in (
            ("port_chains", "PC1"),
            ("port_pair_groups", "PG2"),
            ("port_pairs", "PP3"),
            ("ports", "p3in"),
            ("ports", "p3out"),
        ):
            state = delete(state, COLLECTIONS[collection], world.id(collection, name), world.asked())
        world.follow(state)
        wait(lambda: driver.drains)
        assert link(world, tap)
        driver._draining[0].until = 0.0
        world.plane._bell.ring()
        wait(lambda: not link(world, tap))
        wait(lambda: not any(port.name.startswith("p3") for port in world.lab().topology.ports))
    finally:
        world.close()
