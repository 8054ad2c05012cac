"""`sfcci enable`: what it shows, what it writes, how it ends."""

import json
import os

import pytest
from click.testing import CliRunner

from sfcci.cli import enable_role
from sfcci.cli.main import sfcci
from sfcci.errors import MissingTool, UsageError
from sfcci.finding import Finding, Place, Severity

POINTS = "[neutron.agent.l2.extensions]\nsfc = a:B\n"


@pytest.fixture
def root(tmp_path):
    """A compute node's files."""
    site = tmp_path / "usr/lib/python3.11/site-packages/networking_sfc-23.0.0.dist-info"
    agent = tmp_path / "etc/neutron/plugins/ml2/openvswitch_agent.ini"
    for path, text in ((site / "entry_points.txt", POINTS), (agent, "[agent]\nextensions = qos\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def ran(*words):
    return CliRunner().invoke(sfcci, ["enable", *map(str, words)])


def agent(root):
    return (root / "etc/neutron/plugins/ml2/openvswitch_agent.ini").read_text()


def test_a_dry_run_shows_the_diff_and_writes_nothing(root):
    done = ran("compute", "--root", root, "--dry-run")
    assert done.exit_code == 0
    assert "-extensions = qos\n+extensions = qos,sfc\n" in done.output
    assert done.output.endswith("nothing was written\n")
    assert agent(root) == "[agent]\nextensions = qos\n"


def test_it_is_written_once_and_says_what_is_to_be_run(root):
    done = ran("compute", "--root", root)
    assert done.exit_code == 0
    assert agent(root) == "[agent]\nextensions = qos,sfc\n"
    assert "(as it was: " in done.output
    assert done.output.endswith(
        "on that machine run:\n  systemctl restart neutron-openvswitch-agent.service\n"
    )
    assert "nothing to do: chains are enabled" in ran("compute", "--root", root).output
    undone = ran("compute", "--root", root, "--undo")
    assert undone.exit_code == 0
    assert agent(root) == "[agent]\nextensions = qos\n"
    assert "nothing to take back" in ran("compute", "--root", root, "--undo").output


def test_json_has_all_that_is_shown(root):
    told = json.loads(ran("compute", "--root", root, "--json").output)
    (change,) = told["changes"]
    assert change["path"].endswith("openvswitch_agent.ini")
    assert os.path.exists(change["backup"])  # noqa: PTH110 - a text
    assert (told["written"], told["findings"]) == (True, [])
    assert told["steps"][0]["argv"] == ["systemctl", "restart", "neutron-openvswitch-agent.service"]
    again = json.loads(ran("compute", "--root", root, "--json").output)
    assert (again["changes"], again["written"], again["diff"]) == ([], False, "")


def test_without_the_package_nothing_is_written_unless_that_is_wished(root):
    (root / "usr/lib/python3.11/site-packages/networking_sfc-23.0.0.dist-info/entry_points.txt").unlink()
    done = ran("compute", "--root", root)
    assert done.exit_code == 3
    assert "neutron.agent.l2.extensions:sfc: nothing installed below" in done.output
    assert agent(root) == "[agent]\nextensions = qos\n"
    done = ran("compute", "--root", root, "--no-check")
    assert done.exit_code == 0
    assert ": warning: neutron.agent.l2.extensions:sfc: " in done.output
    assert agent(root) == "[agent]\nextensions = qos,sfc\n"


@pytest.mark.parametrize(
    "words", [("--root", "ROOT", "--apply"), ("--root", "ROOT", "--verify"), ("--dry-run", "--apply")]
)
def test_words_that_make_no_sense_together_are_told(root, words):
    done = ran("compute", *(root if word == "ROOT" else word for word in words))
    assert isinstance(done.exception, UsageError)
    assert agent(root) == "[agent]\nextensions = qos\n"


def test_applied_the_service_is_restarted_and_the_cloud_asked(root, monkeypatch, tmp_path):
    """systemctl is a program of the test's own; the files are named."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/ran\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    lost = Finding("NoAgent", Severity.ERROR, Place("openstack network agent list"), "no agent")
    monkeypatch.setattr("sfcci.enable.cloud.verified", lambda _role, _say: (lost,))
    path = root / "etc/neutron/plugins/ml2/openvswitch_agent.ini"
    done = ran("compute", "--config-file", path, "--no-check", "--apply", "--verify")
    assert agent(root) == "[agent]\nextensions = qos,sfc\n"
    assert (tmp_path / "ran").read_text() == "restart neutron-openvswitch-agent.service\n"
    assert "running: systemctl restart" in done.output
    assert done.exit_code == 1, "what the cloud lacks is a finding"


def test_the_cloud_alone_is_asked_where_nothing_is_enabled(root, monkeypatch):
    monkeypatch.setattr("sfcci.enable.cloud.verified", lambda role, say: say(f"asked for {role}") or ())
    done = ran("controller", "--verify")
    assert (done.exit_code, done.output) == (0, "asked for controller\n")
    told = json.loads(ran("compute", "--verify", "--json").stdout)
    assert told == {"role": "compute", "findings": []}
    assert isinstance(ran("compute", "--verify", "--no-check").exception, UsageError)
    assert agent(root) == "[agent]\nextensions = qos\n"


def test_lines_for_devstack_are_put_into_a_folder_that_is_there(tmp_path):
    done = ran("devstack", "--into", tmp_path / "devstak" / "local.conf")
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "devstak").exists()


def test_an_ordinary_user_is_told_who_restarts_services(root, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    path = root / "etc/neutron/plugins/ml2/openvswitch_agent.ini"
    done = ran("compute", "--config-file", path, "--no-check", "--apply")
    assert isinstance(done.exception, MissingTool)
    assert agent(root) == "[agent]\nextensions = qos\n", "told before anything was written"


def test_local_conf_is_printed_filled_and_emptied(tmp_path):
    lines = ran("devstack", "--skydive").output
    assert "enable_plugin networking-sfc" in lines
    path = tmp_path / "local.conf"
    assert "nothing was written" in ran("devstack", "--into", path, "--dry-run").output
    assert not path.exists()
    assert ran("devstack", "--skydive", "--into", path).exit_code == 0
    assert path.read_text() == f"[[local|localrc]]\n{lines}"
    assert path.stat().st_mode & 0o777 == 0o600, "it will have passwords"
    assert "nothing to do" in ran("devstack", "--skydive", "--into", path).output
    told = json.loads(ran("devstack", "--into", path, "--undo", "--json").output)
    assert (told["changed"], path.read_text()) == (True, "[[local|localrc]]\n")
    assert isinstance(ran("devstack", "--undo").exception, UsageError)


def test_every_role_has_its_command():
    assert {enable_role.controller.name, enable_role.compute.name} == {"controller", "compute"}
