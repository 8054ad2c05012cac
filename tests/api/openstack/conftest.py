"""The real client's environment, and the recorded commands."""

import json

import pytest

from sfcci import environment

from .client import SPEC, Client
from .rest import Http


@pytest.fixture(scope="session")
def openstack_environment(cache_dir):
    """The client's environment, made once for a machine."""
    return environment.ensure(SPEC, cache_dir)


@pytest.fixture(scope="session")
def client(openstack_environment, tmp_path_factory):
    """The client with a home of its own; nothing of a command stays but what it told a server."""
    made = Client(openstack_environment, tmp_path_factory.mktemp("home"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def recordings(shared):
    """The recorded commands in their order: {command, rc, stdout, stderr, exchanges}."""
    paths = (shared / "data" / "openstack-client").glob("*.json")
    return [
        json.loads(path.read_text()) for path in sorted(paths, key=lambda path: int(path.name.split("-")[0]))
    ]


@pytest.fixture(scope="module")
def http(server):
    """The module's server, asked as any HTTP client asks."""
    made = Http(server.url)
    yield made
    made.close()
