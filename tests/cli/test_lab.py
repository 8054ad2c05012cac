"""`sfcci lab`: what it knows without a lab."""

import json

from click.testing import CliRunner

from sfcci.cli.lab import lab
from sfcci.datapath.scenario import shipped


def test_every_scenario_that_comes_with_sfcci_says_what_it_shows():
    known = json.loads(CliRunner().invoke(lab, ["scenarios", "--json"]).stdout)
    assert [one["name"] for one in known] == list(shipped())
    assert all(len(one["about"]) > 40 for one in known)
    assert "Bumps in the wire" in CliRunner().invoke(lab, ["scenarios"]).stdout


def test_an_unknown_scenario_is_told_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(lab, ["up", "symetric"])
    assert "did you mean symmetric?" in str(done.exception)
