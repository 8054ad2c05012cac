"""Files are written whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys

import pytest

from sfcci import files
from sfcci.errors import MissingTool


def test_an_unchanged_file_is_not_touched(tmp_path):
    path = tmp_path / "deep" / "a"
    assert files.write_text(path, "one")
    before = path.stat()
    assert not files.write_text(path, "one")
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_goes_with_what_a_program_that_ends_still_writes_there(tmp_path, monkeypatch):
    remove, late = shutil.rmtree, ["one", "two"]

    def racing(path, **more):
        remove(path, **more)
        if late:
            (path / late.pop()).mkdir(parents=True)

    monkeypatch.setattr(files.shutil, "rmtree", racing)
    (tmp_path / "work" / "deep").mkdir(parents=True)
    files.remove_tree(tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a"
    files.write_text(path, "old")

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MissingTool, match="the disk is full"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with os.fdopen(os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0) as reader:
        assert files.write_text(tmp_path / "pipe", "one", mode=0o600)
        assert reader.read(9) == b"one"
    assert (tmp_path / "pipe").is_fifo()


def test_a_device_is_never_replaced(tmp_path):
    device = tmp_path / "device"
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 7))  # /dev/full
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(MissingTool, match="the disk is full"):
        files.write_text(device, "one")
    assert device.is_char_device()


def test_a_private_file_is_private_from_its_first_byte(tmp_path):
    files.write_text(tmp_path / "a", "secret", mode=0o600)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_lock_is_free_when_its_holder_was_killed(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from sfcci import files;"
        "held = files.try_lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert files.try_lock(path) is None
        holder.kill()
        holder.wait()
        held = files.try_lock(path)
        assert held is not None
        held.close()
