"""Files that are written whole or not at all, and locks that the kernel releases when their holder dies."""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sfcci.errors import DiskFull, MissingTool

FULL = (errno.ENOSPC, errno.EDQUOT)
ENDING_S, BETWEEN_S = 2.0, 0.02
"""How long what is being ended may still write into a folder that is removed; a moment."""


def write_text(path: Path, text: str, *, mode: int = 0o644) -> bool:
    """Write `text` beside `path`, then rename; give False (and touch nothing) when the file already says so."""
    return write_bytes(path, text.encode(), mode=mode)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Like `write_text`, for bytes. Raises DiskFull, MissingTool (the folder is not writable).

    A pipe or a terminal is written where it is, as /dev/null is: a file in its place would end it for everybody.
    """
    if _is_opened(path):
        with disk_errors(path), path.open("wb") as there:
            there.write(data)
        return True
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return False
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    return True


def _is_opened(path: Path) -> bool:
    """Say whether a path is no file, or a link of /dev, as /dev/stdout is to a file that somebody has open."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or (
        path.is_symlink() and path.parent in (Path("/dev"), Path("/dev/fd"))
    )


def rewrite_bytes(path: Path, data: bytes, *, like: Path | None = None) -> None:
    """Like `write_bytes`, and the file keeps its owner, mode and extended attributes (SELinux's label, access lists).

    `like` names another file to take these from. Raises DiskFull, MissingTool (not its owner, say).
    """
    like = like or path
    with disk_errors(path):
        was = like.stat()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), was.st_uid, was.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(was.st_mode))
                for attribute in os.listxattr(like):
                    os.setxattr(file.fileno(), attribute, os.getxattr(like, attribute))
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it, as far as its owner can: folders without any right, too (overlayfs leaves such).

    What a program that is just being ended still writes there goes, too.
    """
    end = time.monotonic() + ENDING_S
    while True:
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists() or time.monotonic() > end:
            return
        for folder, names, _files in os.walk(path):
            for name in names:
                if not (inner := Path(folder, name)).is_symlink():
                    with contextlib.suppress(OSError):
                        inner.chmod(0o700)
        time.sleep(BETWEEN_S)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one clear sentence."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full; free some space and run it again",
            errno.EDQUOT: "the disk quota is used up; free some space and run it again",
            errno.EROFS: "the file system is read-only",
            errno.EACCES: "permission denied; choose another folder or run as its owner",
        }
        reason = reasons.get(error.errno or 0) or error.strerror or str(error)
        kind = DiskFull if error.errno in FULL else MissingTool
        raise kind(f"cannot write {path}", reason) from error


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[IO[bytes]]:
    """Hold flock(2) on `path` for the block, waiting for it; a dead holder's lock is free at once."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    with file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield file


def try_lock(path: Path, *, shared: bool = False) -> IO[bytes] | None:
    """Take the lock without waiting: an open file that holds it, or None when somebody alive does."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
