"""What tests of several commands share."""

import pytest

from sfcci.datapath import standing
from sfcci.datapath.scenario import load_scenario


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give a state folder, and the demonstration's lab that stands in it under the name "traced"."""
    state = tmp_path_factory.mktemp("state")
    raised = standing.up(state, "traced", load_scenario("demo"), lambda _text: None)
    yield state, raised.lab
    standing.down(state, raised)


@pytest.fixture
def lab(kept, monkeypatch):
    """Give that lab; the commands of the test find it."""
    state, raised = kept
    monkeypatch.setenv("SFCCI_RUN_STATE", str(state))
    return raised
