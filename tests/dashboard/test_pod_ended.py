"""An `up` that is killed or interrupted leaves nothing: neither containers nor their network."""

import contextlib
import signal
from pathlib import Path

import pytest
import requests
from pod_world import LIMIT_S, until

pytestmark = pytest.mark.podman


def infra(world):
    """The container that has the pod's network."""
    found = world.podman_says("pod", "inspect", "--format", "{{.InfraContainerID}}", world.name)
    return found[0] if found else ""


def namespaces():
    return set(Path("/run/netns").glob("netns-*"))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_up_that_is_ended_while_podman_plays_leaves_nothing_of_its_network(world, end):
    before = namespaces()
    with world.start("up", "--no-fallback") as process:
        network = until(lambda: infra(world) or process.poll() is not None)
        process.send_signal(end)
        process.communicate(timeout=LIMIT_S)
    world.run("down", "--volume")
    assert world.left() == []
    if network is not True:  # else it was done already
        assert world.network_left(network) == []
    mine = namespaces() - before
    until(lambda: not any(map(is_left, mine)))


def is_left(namespace):
    """Whether no process is in a network namespace: those of pods that others have up now are not left behind."""
    if not (inode := inode_of(namespace)):
        return False
    return inode not in map(inode_of, Path("/proc").glob("[0-9]*/ns/net"))


def inode_of(path):
    """What tells a namespace from others; 0 where it has gone."""
    with contextlib.suppress(OSError):
        return path.stat().st_ino
    return 0


def test_a_killed_up_leaves_nothing_that_the_next_does_not_put_right(world):
    with world.start("up", "--no-fallback") as process:
        until(lambda: len(world.containers()) >= 2 or process.poll() is not None)
        process.kill()
        process.communicate()
    up = world.up()
    assert requests.get(f"{up['grafana']}/api/health", timeout=30).ok
    world.run("down", "--volume")
    assert world.left() == []


def test_an_interrupted_up_removes_what_it_has_begun(world):
    with world.start("up", "--no-fallback") as process:
        until(lambda: world.podman.exists("pod", world.name) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=LIMIT_S)
    if process.returncode:  # else it was done already
        assert not world.podman.exists("pod", world.name)
    assert "Traceback" not in told
