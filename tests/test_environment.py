"""Environments in the cache: made once, found again; those that were used last and those that are in use stay."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sfcci import environment, files
from sfcci.environment import KEPT, MARKER, EnvironmentSpec

HOLDER = """\
import sys, time
from pathlib import Path
from sfcci import environment
environment.hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def spec(number, name="made"):
    """Nothing is installed, so no index is asked: what differs is a file."""
    return EnvironmentSpec(name, (), site_files={"number.py": f"NUMBER = {number}\n"})


@pytest.fixture
def made(monkeypatch):
    """Count what is made; pip is nobody's need here, so a folder will do."""
    asked = []

    def make(wanted, root):
        asked.append(wanted)
        (root / "lib" / "python3.11" / "site-packages").mkdir(parents=True)

    monkeypatch.setattr(environment, "_make", make)
    monkeypatch.setattr(environment, "_held", {})
    return asked


def there(cache):
    return {path.name for path in (cache / "environments").iterdir() if path.is_dir()}


def aged(cache, number, name="made"):
    """One that was made and used long ago, by a process that has ended: the higher the number, the later."""
    root = environment.ensure(spec(number, name), cache).root
    if held := environment._held.pop(root, None):
        os.close(held)
    os.utime(environment._use(root), (number, number))
    return root


def test_an_environment_is_made_once_and_found_again(tmp_path, made):
    assert environment.ready(spec(1), tmp_path) is None
    first = environment.ensure(spec(1), tmp_path)
    assert environment.ensure(spec(1), tmp_path) == first == environment.ready(spec(1), tmp_path)
    assert len(made) == 1


def test_one_that_is_only_half_made_is_made_again(tmp_path, made):
    root = environment.ensure(spec(1), tmp_path).root
    (root / MARKER).unlink()
    (root / "left").touch()
    environment.ensure(spec(1), tmp_path)
    assert len(made) == 2
    assert not (root / "left").exists()


@pytest.mark.usefixtures("made")
def test_those_that_were_used_last_stay_of_each_name_and_each_python(tmp_path):
    old = [aged(tmp_path, number) for number in range(1, KEPT + 1)]
    others = [aged(tmp_path, number, "made-otherwise") for number in range(1, KEPT + 1)]
    (old[1] / "lib" / "python3.11").rename(old[1] / "lib" / "python3.13")
    environment.ensure(spec(9), tmp_path)
    assert there(tmp_path) >= {root.name for root in others}
    assert old[0].exists(), "of this Python there are no more than stay"
    environment.ensure(spec(10), tmp_path)
    assert not old[0].exists()
    assert all(root.exists() for root in old[1:])
    assert environment.ready(spec(1), tmp_path) is None


@pytest.mark.usefixtures("made")
def test_what_was_used_again_is_young_and_what_is_half_made_goes_first(tmp_path):
    old = [aged(tmp_path, number) for number in range(1, KEPT + 1)]
    environment.ready(spec(1), tmp_path)
    (old[2] / MARKER).unlink()
    os.close(environment._held.pop(old[0]))
    environment.ensure(spec(9), tmp_path)
    assert [root.exists() for root in old] == [True, True, False]


@pytest.mark.usefixtures("made")
def test_one_that_a_process_uses_stays_until_that_has_ended_however_it_ends(tmp_path):
    used = aged(tmp_path, 1)
    argv = [sys.executable, "-c", HOLDER, used]
    env = {**os.environ, "PYTHONPATH": str(Path(environment.__file__).parents[1])}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        os.utime(environment._use(used), (1, 1))
        for number in range(2, KEPT + 3):
            aged(tmp_path, number)
        assert used.exists()
        holder.send_signal(signal.SIGKILL)
    aged(tmp_path, 20)
    assert not used.exists()
    assert len(there(tmp_path)) == KEPT


@pytest.mark.usefixtures("made")
def test_one_that_is_being_made_stays(tmp_path):
    being_made = aged(tmp_path, 1)
    (being_made / MARKER).unlink()
    with files.locked(environment._lock(being_made)):
        for number in range(2, KEPT + 3):
            aged(tmp_path, number)
        assert being_made.exists()


@pytest.mark.usefixtures("made")
def test_what_this_process_uses_itself_stays(tmp_path):
    roots = [environment.ensure(spec(number), tmp_path).root for number in range(KEPT + 3)]
    assert all((root / MARKER).exists() for root in roots)
