"""A Grafana to push to (a stand-in), and dashboards to push."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def stand_in():
    """The stand-in's module, which is no package's."""
    if "grafana_stand_in" not in sys.modules:
        spec = importlib.util.spec_from_file_location("grafana_stand_in", HERE / "grafana_stand_in.py")
        sys.modules["grafana_stand_in"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["grafana_stand_in"])
    return sys.modules["grafana_stand_in"]


@pytest.fixture(scope="session")
def recording(shared):
    return json.loads((shared / "data" / "grafana-7.5.5-http.json").read_text())


@pytest.fixture
def grafana(recording):
    with stand_in().serving(recording) as state:
        yield state
    assert state.faults == []


@pytest.fixture(params=["9.5.21", "10.4.19", "11.6.4", "12.0.2", "13.1.0"])
def newer(recording, request):
    """Grafana 9 to 13 as its documentation describes it; no real one was asked."""
    with stand_in().serving(recording, version=request.param) as state:
        yield state
    assert state.faults == []


@pytest.fixture
def serving(recording):
    return lambda prefix="", **more: stand_in().serving(recording, prefix, **more)
