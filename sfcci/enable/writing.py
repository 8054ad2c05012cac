"""Configuration files changed on disk: each whole or not at all, as its owner had it, with a backup beside it; and taken back."""

import contextlib
import datetime as dt
import difflib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcci import files
from sfcci.errors import UsageError

MARK = ".sfcci-"
SUFFIX = ".bak"
"""NAME.sfcci-20251121T231805Z.bak: --config-dir does not read it, for it reads *.conf."""
SECRET = re.compile(
    r"^[ +-][#;\s]*[\w-]*(?:password|passphrase|secret|token|connection|transport_url|_key)[\w-]*\s*[=:]\s*(?=\S)",
    re.IGNORECASE,
)
"""An option that has a password in it, or may have, also one that is a comment: a line beside a change is shown, its value is not."""
PASSWORD = re.compile(r"(?<=://)[^\s/]*(?=@)")
"""Who is logged in by a URL."""
GOES_ON = re.compile(r"^[ +-][ \t]+(?=\S)")
"""A line that goes on with the value before it."""


@dataclass(frozen=True)
class Change:
    """A file that changes: where it is, its text before and after. `backup`: what it is taken back from."""

    path: Path
    before: str
    after: str
    backup: Path | None = None

    def diff(self) -> str:
        """Give the change as a unified diff; "" when there is none. Of options with passwords no value is shown."""
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        lines = difflib.unified_diff(before, after, str(self.path), str(self.path))
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in _without_secrets(lines)
        )


def _without_secrets(lines: Iterable[str]) -> Iterator[str]:
    """Give the lines of a diff without the values of options that may be secret, nor what goes on with one."""
    secret = False
    for line in lines:
        found = SECRET.match(line) or (GOES_ON.match(line) if secret else None)
        secret = found is not None
        end = line[len(line.rstrip("\r\n")) :]
        yield f"{found[0]}***{end}" if found else PASSWORD.sub("***", line)


def text_of(path: Path) -> str:
    """Give a file's text; octets that are no UTF-8 are kept for writing."""
    with files.disk_errors(path):
        return path.read_bytes().decode(errors="surrogateescape")


def write(changes: Sequence[Change]) -> tuple[Path, ...]:
    """Write the changes; give the backups, in their order. Raises UsageError (somebody else was faster), DiskFull, MissingTool."""
    with contextlib.ExitStack() as stack:
        for folder in sorted({one.path.parent for one in changes}):
            stack.enter_context(_alone(folder))
        for one in changes:
            if text_of(one.path) != one.before:
                raise UsageError(
                    f"{one.path} was changed by somebody else just now; look at it and run this again"
                )
        return tuple(_written(one) for one in changes)


def _written(change: Change) -> Path:
    """Write one file. Taken back to what it was, it needs its backup no more."""
    before, after = (text.encode(errors="surrogateescape") for text in (change.before, change.after))
    if change.backup is not None:
        files.rewrite_bytes(change.path, after)
        if change.backup.read_bytes() == after:
            change.backup.unlink()
        return change.backup
    kept = _free_name(change.path)
    files.rewrite_bytes(kept, before, like=change.path)
    files.rewrite_bytes(change.path, after)
    return kept


def backups(path: Path) -> tuple[Path, ...]:
    """Give a file's backups, the newest first."""
    found = path.parent.glob(f"{_escaped(path.name)}{MARK}*{SUFFIX}")
    return tuple(sorted(found, key=lambda one: one.name, reverse=True))


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _free_name(path: Path) -> Path:
    now = dt.datetime.now(dt.UTC)
    for number in range(1000):
        moment = now + dt.timedelta(seconds=number)
        kept = path.with_name(f"{path.name}{MARK}{moment:%Y%m%dT%H%M%SZ}{SUFFIX}")
        if not kept.exists():
            return kept
    raise UsageError(f"{path} has a thousand backups of this hour; take the old ones away")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder for the block; it leaves nothing there."""
    with files.disk_errors(folder):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
