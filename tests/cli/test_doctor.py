"""`sfcci doctor`."""

import json

import pytest
from click.testing import CliRunner

from sfcci import command, machine
from sfcci.cli.doctor import doctor


def test_where_no_lab_can_be_the_pipeline_cannot_run(monkeypatch):
    monkeypatch.setattr(machine, "present", lambda _tool: True)
    monkeypatch.setattr(command, "unshare_ways", tuple)
    done = CliRunner().invoke(doctor, ["--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 3
    assert told["ok"] is False
    assert told["lab"].startswith("not possible: the kernel makes no namespaces")


@pytest.mark.parametrize(("probe", "status"), [("ovs-vsctl", 3), ("podman", 0)])
def test_what_is_missing_decides_unless_it_is_optional(probe, status, monkeypatch):
    monkeypatch.setattr(machine, "present", lambda tool: tool.probe != probe)
    monkeypatch.setattr("sfcci.cli.doctor.lab_way", lambda: (True, "as root"))
    done = CliRunner().invoke(doctor)
    assert done.exit_code == status
    assert probe in done.output
