import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci import files, settings
from sfcci.errors import InputError, MissingTool, UsageError
from sfcci.metric import instance
from sfcci.metric.carbon import Address, send
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Ending
from sfcci.metric.point import Point

USER = """
import dataclasses, pathlib, sys, time
from sfcci import settings
from sfcci.metric import instance
given = dataclasses.replace(settings.load(), state=pathlib.Path(sys.argv[1]), cache=pathlib.Path(sys.argv[2]),
                            graphite=settings.Graphite())
with instance.running(given) as started:
    print(started.url, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def another_user(private):
    """A process of its own that uses the private Graphite until the block ends; killed, not asked."""
    argv = [sys.executable, "-c", USER, private.state, private.cache]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        process.url = process.stdout.readline().strip()
        assert process.url
        yield process
        process.kill()


def processes_of(private, word=b"graphite"):
    """Process ids of Graphite whose command line or environment names the state folder."""
    found, mine = [], str(private.state).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            if word in line and b"graphite" in line and (mine in line or mine in environment):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def wait_until(true, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def nothing_left(private):
    folder = instance.folder_of(private)
    traces = [name for name in ("instance.json", "run", "keep") if (folder / name).exists()]
    return not processes_of(private) and not traces


@pytest.mark.graphite
def test_it_ends_with_its_only_user_and_leaves_its_series(private):
    with instance.running(private) as started:
        send([Point("a.b", 3, int(time.time()) // 10 * 10)], started.carbon)
        assert instance.status(private).used
        assert len(processes_of(private)) == 3
    wait_until(lambda: nothing_left(private))
    with instance.running(private) as again:
        now = time.time()
        (series,) = GraphiteReader(again.url).render("a.b", now - 600, now)
    assert sum(value or 0 for value, _ in series.values) == 3
    wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_two_users_share_one_and_the_second_keeps_it(private):
    with another_user(private) as other:
        with instance.running(private) as mine:
            assert mine.url == other.url
        time.sleep(1)
        assert GraphiteReader(other.url).expand("*") == []
    wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_it_ends_when_its_user_is_killed(private):
    with another_user(private) as other:
        other.kill()
        other.wait()
        wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_a_killed_supervisor_leaves_nothing_running_and_the_next_start_works(private):
    with instance.running(private) as first:
        state = json.loads((instance.folder_of(private) / "instance.json").read_text())
        os.kill(state["pid"], signal.SIGKILL)
        wait_until(lambda: not [pid for pid in processes_of(private) if pid != state["pid"]])
    assert not instance.status(private).running
    (instance.folder_of(private) / "run" / "left behind").touch()
    with instance.running(private) as second:
        assert GraphiteReader(second.url).expand("*") == []
        assert second.url != first.url
        assert not (instance.folder_of(private) / "run" / "left behind").exists()
    wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_when_carbon_dies_the_rest_ends_too(private):
    with instance.running(private):
        (carbon,) = processes_of(private, b"\0carbon\0")
        os.kill(carbon, signal.SIGKILL)
        wait_until(lambda: not instance.status(private).running)
    wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_up_keeps_it_without_users_until_down(private):
    started = instance.up(private)
    time.sleep(1)
    found = instance.status(private)
    assert (found.running, found.kept, found.used, found.url) == (True, True, False, started.url)
    with instance.running(private) as same:
        assert same == started
    with pytest.raises(UsageError, match=r"up already at .*, on other ports"):
        instance.up(private, web_port=1)
    assert instance.down(private) is Ending.STOPPED
    wait_until(lambda: nothing_left(private))
    assert instance.down(private) is Ending.NOT_RUNNING


@pytest.mark.graphite
def test_down_leaves_it_to_who_uses_it(private):
    instance.up(private)
    with another_user(private) as other:
        assert instance.down(private) is Ending.IN_USE
        assert GraphiteReader(other.url).expand("*") == []
    wait_until(lambda: nothing_left(private))


@pytest.mark.graphite
def test_a_taken_port_is_told_and_leaves_nothing(private):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            instance.up(private, web_port=port)
    assert f"port {port} of 127.0.0.1 cannot be had: Address already in use" in str(caught.value)
    wait_until(lambda: nothing_left(private))


def test_a_full_disk_is_told_before_anything_starts(private, monkeypatch):
    monkeypatch.setattr(instance, "free_bytes", lambda _folder: 1000)
    with (
        pytest.raises(MissingTool, match=r"no room for Graphite in .*; free 8 MiB"),
        instance.running(private),
    ):
        pass


@pytest.mark.graphite
def test_the_ports_that_are_asked_for_are_taken(private):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        web, line = one.getsockname()[1], two.getsockname()[1]
    started = instance.up(private, web_port=web, carbon_port=line)
    assert (started.url, started.carbon) == (f"http://127.0.0.1:{web}", Address("127.0.0.1", line))
    assert instance.down(private) is Ending.STOPPED


def test_the_settings_graphite_is_used_as_it_is(private):
    named = settings.Graphite("http://graphite.example:8080", "graphite.example:2003", "60s:1d")
    with instance.running(dataclasses.replace(private, graphite=named)) as given:
        assert (given.url, str(given.carbon)) == (named.url, named.carbon)
        assert [archive.step_s for archive in given.retentions] == [60]
        assert given.folder is None
    assert not instance.folder_of(private).exists()


def test_settings_that_make_no_sense_are_told(private):
    with pytest.raises(UsageError, match="HOST:PORT"):
        instance.configured(dataclasses.replace(private, graphite=settings.Graphite("http://x", "x")))
    with pytest.raises(InputError, match="retention"):
        instance.configured(dataclasses.replace(private, graphite=settings.Graphite("http://x", "", "often")))


def test_looking_changes_nothing(private):
    assert instance.status(private).running is False
    assert instance.down(private) is Ending.NOT_RUNNING
    assert not private.state.exists()


def test_a_lock_held_alone_means_that_it_is_ending(tmp_path):
    users = tmp_path / "users"
    with files.locked(users):
        assert not instance._used(tmp_path)
    with files.locked(users, shared=True):
        assert instance._used(tmp_path)
    assert not instance._used(tmp_path)
