"""Every command of the tutorial, typed as it stands there, says what stands there."""

import os
import shutil
import sys
from itertools import groupby
from pathlib import Path

import pytest
import terminals

PROJECT = Path(__file__).parents[2]
TUTORIAL = PROJECT / "docs" / "tutorial.md"
PARTS = {
    part: [command for _, command in typed]
    for part, typed in groupby(terminals.commands(TUTORIAL.read_text()), key=lambda one: one[0])
}
COPIED = ("packaging", "rpm", "gentoo", "dashboards", "pyproject.toml")

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="root needed: a network in which every port is free"),
]


@pytest.fixture(scope="module")
def packages(built_for_pipeline, cache_dir):
    """What has to be there already, as there is no network: packages, Graphite's environment."""
    from sfcci import environment
    from sfcci.metric import software

    environment.ensure(software.specification(), cache_dir)
    return built_for_pipeline.settings.state


@pytest.fixture(scope="module")
def typed(packages, cache_dir, tmp_path_factory):
    """The terminals, in a clone of the project, with a home and a state of their own."""
    own = tmp_path_factory.mktemp("tutorial")
    clone, home, state = own / "clone", own / "home", own / "state"
    for folder in (clone, home):
        folder.mkdir()
    for name in COPIED:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, clone / name)
    shutil.copytree(packages, state, symlinks=True)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        key: value for key, value in os.environ.items() if not key.startswith(("SFCCI_", "OS_", "PYTEST_"))
    }
    env |= {"HOME": str(home), "PATH": programs, "LANG": "C.UTF-8"}
    env |= {"SFCCI_RUN_STATE": str(state), "SFCCI_RUN_CACHE": str(cache_dir)}
    made = terminals.Terminals(clone, env)
    yield made
    made.close()


@pytest.mark.parametrize("part", PARTS)
def test_each_command_says_what_the_tutorial_says(part, typed):
    for command in PARTS[part]:
        typed.type(command)
    typed.shell().expect_success()
