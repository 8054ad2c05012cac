"""A real Graphite for the tests of this folder: one for all of them, in a state folder of its own."""

import dataclasses
import time
from pathlib import Path

import pytest

from sfcci import environment, settings
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result
from sfcci.metric import instance, software

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def graphite_environment(cache_dir):
    """Graphite's environment, made once for a machine."""
    return environment.ensure(software.specification(), cache_dir)


@pytest.fixture
def private(tmp_path, cache_dir, graphite_environment):  # noqa: ARG001 - it must be there
    """Settings with a state folder of their own, and no Graphite but the private one."""
    given = settings.load(REPOSITORY, {})
    state = tmp_path / "a state"
    url = f"sqlite:///{state}/runs.sqlite"
    return dataclasses.replace(
        given, state=state, cache=cache_dir, database_url=url, graphite=settings.Graphite()
    )


@pytest.fixture(scope="session")
def graphite(tmp_path_factory, cache_dir, graphite_environment):  # noqa: ARG001 - it must be there
    """A private Graphite that is up for the whole session."""
    given = settings.load(REPOSITORY, {})
    state = tmp_path_factory.mktemp("graphite")
    own = dataclasses.replace(given, state=state, cache=cache_dir, graphite=settings.Graphite())
    with instance.running(own) as started:
        yield started


@pytest.fixture
def record(private):
    """Record results that ended some seconds ago, in the database of `private`."""

    def _record(job, *ages_s, outcome=Result.SUCCESS, duration_ms=1000):
        now = time.time()
        begin = [now - age - duration_ms / 1000 for age in ages_s]
        with History(private) as history:
            history.record(
                JobResult(
                    f"{job}-{i}-{at}", job, outcome, "t", "gate", "h.org", "p/q", "main", at, duration_ms
                )
                for i, at in enumerate(begin)
            )

    return _record
