"""The demonstration on three machines: enabled in each root, a chain over the nodes, the hops of a request judged."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.cli.lab import lab
from sfcci.datapath import standing
from sfcci.datapath.lab import Lab
from sfcci.datapath.scenario import load_scenario
from sfcci.enable.role import ROLES
from sfcci.package.roots import FilledRoot
from sfcci.pipeline import neutron, tripleo
from sfcci.pipeline.inside.neutron import named

REPOSITORY = Path(__file__).parents[2]
TOPOLOGY = load_scenario("tripleo").topology
GOOD = """\
traceroute to 10.0.0.128 (10.0.0.128), 30 hops max, 60 byte packets
 1  10.0.0.130  2.3 ms 10.0.0.61  0.7 ms  0.7 ms
 2  10.0.0.47  2.6 ms * 2.6 ms
 3  10.0.0.128  35.4 ms  35.5 ms  35.4 ms
"""


@pytest.fixture
def roots(tmp_path):
    """Roots in which what is enabled is installed: its entry points are all that is looked at."""
    for machine in tripleo.MACHINES:
        folder = tmp_path / machine.name / "usr/lib/python3.11/site-packages/networking_sfc-1.dist-info"
        folder.mkdir(parents=True)
        points = ROLES[machine.role]("ovs").entry_points if machine.role else {}
        lines = [
            line for group, names in points.items() for line in (f"[{group}]", *(f"{n} = x:y" for n in names))
        ]
        (folder / "entry_points.txt").write_text("\n".join(lines))
    return tmp_path


def found(text):
    """Judge hops as they would be in the lab; nothing of it is up."""
    up = standing.StandingLab("x", 0, Lab(load_scenario("tripleo"), None, "netdev"))
    return tripleo.judged(tuple(tripleo.hops(text, TOPOLOGY)), up)


def test_hops_are_told_with_their_hosts_and_nodes():
    hops = [str(hop) for hop in tripleo.hops(GOOD, TOPOLOGY)]
    assert hops == [
        "10.0.0.130 (vm2 on compute), 10.0.0.61 (vm1 on controller)",
        "10.0.0.47 (vm3 on compute)",
        "10.0.0.128 (dest on controller)",
    ]
    assert found(GOOD) == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            " 2  10.0.0.47  2.6 ms * 2.6 ms\n",
            "",
            "expected 10.0.0.130 or 10.0.0.61, then 10.0.0.47, then 10.0.0.128",
        ),
        ("10.0.0.47", "10.0.0.61", "2 10.0.0.61 (vm1 on controller)"),
        ("10.0.0.47  2.6 ms * 2.6 ms", "* * *", "2 no answer"),
        ("10.0.0.130", "10.0.0.9", "1 10.0.0.9 (nobody of the lab), 10.0.0.61 (vm1 on controller)"),
    ],
)
def test_hops_that_are_not_the_chain_s_are_a_finding(old, new, told):
    (finding,) = found(GOOD.replace(old, new))
    assert (finding.keyword, told in finding.what) == ("NotTheChain", True), finding.what


def test_both_roles_are_enabled_once_and_what_a_deployment_laid_down_is_kept(roots):
    own = roots / "compute" / "etc/neutron/plugins/ml2/openvswitch_agent.ini"
    own.parent.mkdir(parents=True)
    own.write_text("[agent]\nextensions = qos,log  # ours\n")
    said = []
    done, findings = tripleo.enabled(roots, said.append)
    assert findings == ()
    assert [one.machine for one in done] == ["controller", "compute"]
    assert (
        "service_plugins = router,flow_classifier,sfc"
        in (roots / "controller/etc/neutron/neutron.conf").read_text()
    )
    assert "qos,log" in own.read_text()
    assert "sfc" in own.read_text()
    assert f"sfcci enable compute --root {roots}/compute" in said
    again, _ = tripleo.enabled(roots, said.append)
    assert [one.changed for one in again] == [(), ()]


def test_a_root_without_the_package_is_a_finding_and_left_as_it_was(roots):
    for path in (roots / "controller").rglob("entry_points.txt"):
        path.unlink()
    done, findings = tripleo.enabled(roots, lambda _text: None)
    assert [one.machine for one in done] == ["compute"]
    assert {finding.keyword for finding in findings} == {"PackageNotInstalled"}


def test_the_controller_s_neutron_is_asked_for_the_scenario_s_very_chain():
    asked = [(path, body) for _method, path, body in neutron.creations(load_scenario("tripleo"))]
    ports = [body["port"] for path, body in asked if path == "/v2.0/ports"]
    assert {port["name"]: port["binding:host_id"] for port in ports}["p1in"] == "controller"
    path, body = asked[-1]
    groups, classifiers = ["$PG1", "$PG2"], ["$FC_udp", "$FC_http"]
    chain = {"name": "PC1", "port_pair_groups": groups, "flow_classifiers": classifiers}
    assert (path, body) == ("/v2.0/sfc/port_chains", {"port_chain": chain})
    assert named(body, {"PG1": "1", "FC_udp": "2"})["port_chain"]["port_pair_groups"] == ["1", "$PG2"]


def test_what_neutron_does_not_know_or_refuses_is_a_finding():
    questions = [("POST", "/v2.0/networks", {}), ("GET", "/", {}), ("GET", "/", {})]
    answers = [(500, {"why": "no"}), (200, {"extensions": [{"alias": "sfc"}]}), (200, {"port_chains": []})]
    told = [finding.what for finding in tripleo.unwilling(neutron.said(questions, answers))]
    assert told == [
        "does not have the extension flow_classifier",
        'refused POST /v2.0/networks: 500 {"why": "no"}',
    ]


@pytest.mark.lab
def test_the_command_goes_from_roots_to_the_hops_of_a_real_request_over_three_nodes(
    roots, tmp_path, monkeypatch
):
    given = tuple(FilledRoot(roots / machine.name, machine.components, ()) for machine in tripleo.MACHINES)
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(tripleo, "packaged", lambda _settings, _say: given)
    monkeypatch.setattr(tripleo, "roots_folder", lambda _settings: roots)
    answer = neutron.Said(("sfc", "flow_classifier"), ("PC1",), ())
    monkeypatch.setattr(neutron, "asked", lambda _root, _scenario: answer)
    try:
        done = CliRunner().invoke(lab, ["tripleo", "--name", "cloud"])
        assert done.exit_code == 0, done.output
        assert "(dest on controller)" in done.output
        again = CliRunner().invoke(lab, ["tripleo", "--name", "cloud"])
        assert again.exit_code == 0, again.output
        assert "enabled before" in again.output
    finally:
        for one in standing.labs(tmp_path / "state"):
            standing.down(tmp_path / "state", one)


@pytest.mark.lab
@pytest.mark.distro
@pytest.mark.skipif(
    "SFCCI_TRIPLEO" not in os.environ, reason="SFCCI_TRIPLEO=1 installs the packages, too: two minutes"
)
def test_the_whole_demonstration_with_the_real_packages(tmp_path):
    own = replace(settings.load(REPOSITORY), state=tmp_path / "state")
    try:
        done = tripleo.demonstrated(own, "tripleo", print)
    finally:
        for one in standing.labs(own.state):
            standing.down(own.state, one)
    assert [str(finding) for finding in done.findings] == []
    assert [len(root.installed) > 40 for root in done.roots] == [True] * 3
    assert all(root.key for root in done.roots)
    assert [bool(one.changed) for one in done.enabled] == [True, True]
    assert (done.neutron.chains, done.neutron.refused) == (("PC1",), ())
    assert len(done.hops) == 3
