"""A Grafana to push to (a stand-in), and dashboards to push."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def module(name):
    """A module of this folder, which is no package's; tests can import it by its name then."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


updating = module("updating")
_pods = module("pod_world")
probed, new_world, world = _pods.probed, _pods.new_world, _pods.world
shared_world, shown = _pods.shared_world, _pods.shown


def stand_in():
    return module("grafana_stand_in")


@pytest.fixture
def files(tmp_path):
    """A folder with three dashboards."""
    folder = tmp_path / "boards"
    folder.mkdir()
    for name in ("a", "b", "c"):
        updating.write(folder / f"{name}.yaml", f"Board {name}")
    return folder


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
