"""Builds that end in the middle: what was built before stays, the reason is one sentence, nothing is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci import command, settings
from sfcci.package import build, repository, run
from sfcci.package.work import Order

from .conftest import make_project
from .running import begun, children_of, ended

pytestmark = pytest.mark.distro
RPM = [sys.executable, "-m", "sfcci", "package", "rpm", "--force"]


@pytest.fixture(scope="module")
def once(tmp_path_factory, cache_dir):
    folder = tmp_path_factory.mktemp("faults")
    given = {"SFCCI_RUN_STATE": str(folder / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    at = settings.load(make_project(folder / "project"), given)
    run.build_packages(at, lambda _text: None, Order(write_specs=True))
    return at


@pytest.fixture
def built(once, tmp_path):
    """A copy of a project and a state in which the sample was built; and the environment for commands on it."""
    shutil.copytree(once.project, tmp_path / "project")
    shutil.copytree(once.state, tmp_path / "state", symlinks=True)
    (tmp_path / "tmp").mkdir()
    given = {
        "SFCCI_PROJECT": str(tmp_path / "project"),
        "SFCCI_RUN_STATE": str(tmp_path / "state"),
        "SFCCI_RUN_CACHE": str(once.cache),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    return tmp_path, {**os.environ, **given}


def kept(folder):
    """The current build and the repository, octet by octet."""
    current = repository.current_build(folder / "state", "sample")
    published = (folder / "state" / "repository").resolve()
    files = [*current.rpms, *(path for path in published.rglob("*") if path.is_file())]
    return {str(path): path.read_bytes() for path in files}


def packages(folder):
    """The packages that are current and those that are published, by name; wherever they lie, built again they are the same."""
    current = repository.current_build(folder / "state", "sample")
    published = (folder / "state" / "repository").resolve()
    assert (published / "repodata" / "repomd.xml").is_file()
    return [
        {path.name: path.read_bytes() for path in paths} for paths in (current.rpms, published.glob("*.rpm"))
    ]


def programs_of(folder):
    """Command lines of living programs that name the folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines


def gone(folder, within_s=5.0):
    """Wait until no program names the folder; give those that still do."""
    end = time.monotonic() + within_s
    while (left := programs_of(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("full", ["tmp", "state"])
def test_a_disk_that_is_full_in_the_middle_leaves_what_was_built(built, full):
    folder, env = built
    if not build.sandbox():
        pytest.skip("no namespaces here, so no small disk")
    before = kept(folder)
    shutil.copytree(folder / full, folder / "copy", symlinks=True)
    size = {"tmp": "64k", "state": "160k"}[full]
    script = (
        f"mount -t tmpfs -o size={size} tmpfs {folder / full} && cp -a {folder}/copy/. {folder / full}/ && "
        'head -c 20k /dev/zero >"$0"; "$@"; status=$?; '
        f"rm -f {folder / full}/filler; cp -a {folder / full}/. {folder}/after/; exit $status"
    )
    (folder / "after").mkdir()
    words = ["unshare", *command.unshare_ways()[0], "--mount", "sh", "-c", script, f"{folder / full}/filler"]
    done = subprocess.run([*words, *RPM], env=env, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "full" in done.stderr
    assert "Traceback" not in done.stderr
    if full == "tmp":
        assert not any((folder / "after").iterdir()), "nothing is left in it"
        assert kept(folder) == before
        return
    shutil.rmtree(folder / "state")
    (folder / "after").rename(folder / "state")
    assert kept(folder) == before
    assert not list((folder / "state").rglob(".new-*"))


def test_a_tool_that_is_killed_leaves_what_was_built_and_no_program(built):
    """At once, as it builds, as it lints, as it publishes: each run begins on what the one before it left."""
    folder, env = built
    before = packages(folder)
    for word in ("", "/rpmbuild --define _topdir", "/rpmlint ", "createrepo_c "):
        process = begun(RPM, env, word)
        started = children_of(process.pid)
        process.kill()
        process.communicate()
        assert process.returncode in {-signal.SIGKILL, 0}, "killed, or done already"
        assert packages(folder) == before, word
        assert ended(started) == {}, word
    done = subprocess.run(RPM, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list((folder / "tmp").glob(f"{build.PREFIX}*")) == [], "the next run sweeps"


def test_ctrl_c_leaves_what_was_built_no_folder_and_no_program(built):
    folder, env = built
    before = kept(folder)
    process = subprocess.Popen(RPM, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not list((folder / "tmp").glob(f"{build.PREFIX}*/small/build/sample/build.log")):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert kept(folder) == before
    assert gone(folder / "tmp") == []
    assert list((folder / "tmp").iterdir()) == []


def test_two_runs_at_once_build_both(built):
    folder, env = built
    running = [
        subprocess.Popen(RPM, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    current = repository.current_build(folder / "state", "sample")
    assert all(repository.digest(path) == current.sha256[path.name] for path in current.rpms)
    assert list((folder / "tmp").iterdir()) == []
