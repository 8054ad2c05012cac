"""The packages that the pipeline needs, built once for all tests of a run that want them built."""

import os
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sfcci import files, settings

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Built:
    """Components of the project, built: the settings that say where, and the report."""

    settings: object
    report: object


def of_all_workers(tmp_path_factory):
    """Give the folder of this run of tests that all its workers have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def built_once(at, folder, build):
    """Give what `build` builds with these settings in a folder, by the first worker that asks. Its state is for reading."""
    at, told = replace(at, state=folder / "state"), folder / "report"
    with files.locked(folder / "lock"):
        if not told.exists():
            files.write_bytes(told, pickle.dumps(build(at)))
    return Built(at, pickle.loads(told.read_bytes()))  # noqa: S301 - written just now, by this run


@pytest.fixture(scope="session")
def built_for_pipeline(cache_dir, tmp_path_factory):
    """What the pipeline builds, without what needs the components' whole requirements."""
    from sfcci.package import run
    from sfcci.package.work import Order

    given = {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": "/nonexistent/state"}
    own = settings.load(REPOSITORY, given)
    wanted = [one.name for one in run.load_catalogue(REPOSITORY / "packaging") if one.pipeline]

    def build(at):
        return run.build_packages(at, lambda _text: None, Order(whole=False), only=wanted)

    return built_once(own, of_all_workers(tmp_path_factory) / "pipeline", build)
