"""Builds of ebuilds that end in the middle: nothing of the project is touched, nothing is left behind, the next one works."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sfcci import command
from sfcci.package import build

from .test_build_faults import gone
from .test_merge import make_project

pytestmark = pytest.mark.distro
BUILD = [sys.executable, "-m", "sfcci", "package", "build", "said"]


@pytest.fixture
def place(tmp_path, cache_dir):
    """A small project, and the environment for commands on it; TMPDIR is its own."""
    make_project(tmp_path / "project")
    (tmp_path / "tmp").mkdir()
    given = {
        "SFCCI_PROJECT": str(tmp_path / "project"),
        "SFCCI_RUN_STATE": str(tmp_path / "state"),
        "SFCCI_RUN_CACHE": str(cache_dir),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    return tmp_path, {**os.environ, **given}


def files_of(folder):
    return {path: path.read_bytes() for path in (folder / "project").rglob("*") if path.is_file()}


def wait_for(pattern, folder, process, within_s=60.0):
    """Wait until a file is there; give it."""
    end = time.monotonic() + within_s
    while not (found := list(folder.glob(pattern))):
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < end
        time.sleep(0.02)
    return found[0]


IN_THE_MIDDLE = f"{build.PREFIX}*/prefix/var/tmp/portage/dev-python/said-9999/work*/*"


def test_a_tool_that_is_killed_leaves_no_program_and_the_next_run_sweeps(place):
    folder, env = place
    before = files_of(folder)
    process = subprocess.Popen(BUILD, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(IN_THE_MIDDLE, folder / "tmp", process)
    process.kill()
    process.wait()
    assert gone(folder / "tmp") == []
    assert files_of(folder) == before
    with build.workspace(folder / "tmp"):
        assert len(list((folder / "tmp").iterdir())) == 1
    assert list((folder / "tmp").iterdir()) == []


def test_ctrl_c_leaves_no_folder_and_no_program(place):
    folder, env = place
    before = files_of(folder)
    process = subprocess.Popen(BUILD, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(IN_THE_MIDDLE, folder / "tmp", process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert gone(folder / "tmp") == []
    assert list((folder / "tmp").iterdir()) == []
    assert files_of(folder) == before


def test_a_disk_that_gets_full_is_told_and_nothing_is_left(place):
    folder, env = place
    if not build.sandbox():
        pytest.skip("no namespaces here, so no small disk")
    tmp, after = folder / "tmp", folder / "after"
    script = (
        f'mount -t tmpfs -o size=640k tmpfs {tmp} && "$@"; status=$?; cp -a {tmp}/. {after}/; exit $status'
    )
    after.mkdir()
    words = ["unshare", *command.unshare_ways()[0], "--mount", "sh", "-c", script, "sh", *BUILD]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(after.iterdir()) == []


def test_two_at_once_both_build_and_one_answers_in_json(place):
    folder, env = place
    (folder / "project/said/lost.py").write_text("word = 1\n")
    git = ["git", "-C", str(folder / "project"), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    running = [
        subprocess.Popen([*BUILD, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for words in ((), ("--json",))
    ]
    said = [process.communicate(timeout=200) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert "merged and unmerged" in said[0][0]
    (told,) = json.loads(said[1][0])
    assert told["build"]["ebuild"] == "dev-python/said-9999"
    assert set(told["build"]["phases"]) >= {"clean", "compile", "qmerge", "unmerge"}
    assert (told["build"]["findings"], told["modules"]) == ([], 3)
    assert list((folder / "tmp").iterdir()) == []


def test_a_missing_portage_is_told(place, tmp_path):
    folder, env = place
    empty = {"SFCCI_RUN_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(BUILD, env={**env, **empty}, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "pip could not install what the environment portage needs" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((folder / "tmp").iterdir()) == []
