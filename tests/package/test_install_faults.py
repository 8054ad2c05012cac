"""Installation tests and universes that end in the middle: one sentence, nothing half made, no program and no folder left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci import command, files
from sfcci.errors import MissingTool
from sfcci.package import build, install_root, install_test, publication, run
from sfcci.package.work import Order

from .conftest import configured_sample
from .running import begun, children_of, ended

pytestmark = pytest.mark.distro
SWEPT_S = 60.0
TEST = [sys.executable, "-m", "sfcci", "package", "install-test", "sample"]


@pytest.fixture(scope="module")
def at(tmp_path_factory, cache_dir):
    """The sample built, and its universe made."""
    settings = configured_sample(tmp_path_factory.mktemp("ends"), cache_dir)
    run.build_packages(settings, lambda _text: None, Order(write_specs=True))
    assert install_test.install_test(settings, lambda _text: None).exit_status == 0
    return settings


@pytest.fixture
def env(at, tmp_path):
    (tmp_path / "tmp").mkdir()
    given = {
        "SFCCI_PROJECT": str(at.project),
        "SFCCI_RUN_STATE": str(at.state),
        "SFCCI_RUN_CACHE": str(at.cache),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    return {**os.environ, **given}


def full(env, size, *folders):
    """Run the test where these folders are small disks; what was left in the last one is printed at the end."""
    if not build.sandbox():
        pytest.skip("no namespaces here, so no small disk")
    mounts = " && ".join(f"mount -t tmpfs -o size={size} tmpfs {folder}" for folder in folders)
    script = f'{mounts} && "$@"; status=$?; ls -A {folders[-1]}; exit $status'
    words = ["unshare", *command.unshare_ways()[0], "--mount", "sh", "-c", script, "sh", *TEST]
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False)


def test_a_disk_without_room_for_a_root_is_one_sentence(env, at):
    before = publication.published(at.state)
    done = full(env, "2m", str(install_root.MEMORY), env["TMPDIR"])
    assert done.returncode == 3, done.stderr
    assert "full" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "", "nothing is left"
    assert publication.published(at.state) == before


def test_a_cache_without_room_for_the_universe_is_one_sentence_and_holds_no_half_of_it(env, at):
    done = full(env, "64k", str(at.cache / "universes"))
    assert done.returncode == 3, done.stderr
    assert "full" in done.stderr
    assert "Traceback" not in done.stderr
    assert [name for name in done.stdout.split() if not name.endswith(".lock")] == []


def left_over(env):
    """Folders of runs that have ended: their locks are free. Those of other tests are held, or are swept soon."""
    bases = (Path(env["TMPDIR"]), install_root.memory())
    end = time.monotonic() + SWEPT_S
    while True:
        locks = [path for base in bases if base for path in base.glob(f"{build.PREFIX}*/lock")]
        found = [path.parent for path in locks if is_free(path)]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def is_free(path):
    try:
        held = files.try_lock(path)
    except MissingTool:  # gone meanwhile
        return False
    if held:
        held.close()
    return held is not None and path.exists()


def test_a_test_that_is_interrupted_leaves_no_program_and_no_folder(env):
    """At once, and while modules are imported."""
    for word in ("", "import_probe"):
        process, said = cut_off(env, word, signal.SIGINT)
        assert process.returncode in {130, 0, -signal.SIGINT}, "interrupted, or done already"
        assert "Traceback" not in said
        assert left_over(env) == []


def test_a_test_that_is_killed_leaves_no_program_and_the_next_one_sweeps_and_works(env):
    """At once, and while dnf runs."""
    for word in ("", "--assumeyes"):
        process, _said = cut_off(env, word, signal.SIGKILL)
        assert process.returncode in {-signal.SIGKILL, 0}, "killed, or done already"
    done = subprocess.run(TEST, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert left_over(env) == []


def cut_off(env, word, number):
    """End a test when a program of its own has `word` on its command line, and see all of those end."""
    process = begun(TEST, env, word)
    started = children_of(process.pid)
    process.send_signal(number)
    _out, said = process.communicate(timeout=60)
    assert ended(started) == {}, word
    return process, said


def test_two_tests_at_once_do_not_meet(env):
    both = [
        subprocess.Popen(TEST, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
