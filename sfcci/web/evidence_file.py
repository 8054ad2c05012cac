"""Files of a run's evidence for a browser: only regular files inside the run's folder, no way out of it by link or name."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from sfcci.gate.evidence import HIDDEN, listed
from sfcci.web.answer import NotThere

SHOWN_BYTES = 2**16
"""So much of a text stands on the run's page."""
PAGE_BYTES = 2**19
"""So much text stands there in all."""
PIECE_BYTES = 2**18
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True)
class Shown:
    """A file as the run's page shows it: its path below the folder, what it is, its octets, the begin of its text."""

    name: str
    what: str
    read: str
    size: int
    text: str | None
    """None: it is no text, or there is no room for it."""
    whole: bool


def shown(folder: Path) -> tuple[Shown, ...]:
    """Give the files of a folder with the texts that are short enough for a page."""
    found, left = [], PAGE_BYTES
    for one in listed(folder):
        name = str(one.path.relative_to(folder))
        most = min(SHOWN_BYTES, left)
        text = _text(folder, name, most) if most > 0 else None
        left -= len((text or "").encode())
        found.append(Shown(name, one.what, one.read, one.size, text, one.size <= most))
    return tuple(found)


def _text(folder: Path, name: str, most: int) -> str | None:
    """Give the begin of a file when it is text: UTF-8 without control characters but tab and line ends."""
    with contextlib.suppress(NotThere, OSError), opened(folder, name) as (file, _size):
        data = file.read(most)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if error.start < len(data) - 3:  # not a character that was cut in two at the end
                return None
            text = data[: error.start].decode()
        return None if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text) else text
    return None


@contextlib.contextmanager
def opened(folder: Path, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file below `folder` and give it with its size; step by step, so that no link leads out. Raises NotThere."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} or part in HIDDEN or "\0" in part for part in parts):
        raise NotThere(f"there is no file {name!r} in this run's evidence")
    try:
        handle = _handle(folder, parts)
    except OSError:
        raise NotThere(f"there is no file {name!r} in this run's evidence") from None
    with os.fdopen(handle, "rb") as file:
        yield file, os.fstat(handle).st_size


def _handle(folder: Path, parts: list[str]) -> int:
    handle = os.open(folder, FLAGS | os.O_DIRECTORY)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        try:
            inner = os.open(part, FLAGS if last else FLAGS | os.O_DIRECTORY, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(parts)
    return handle


def pieces(folder: Path, name: str) -> tuple[int, Iterator[bytes]]:
    """Give the size of a file and its octets, piece by piece, up to that size though it may grow. Raises NotThere."""
    stack = contextlib.ExitStack()
    file, size = stack.enter_context(opened(folder, name))

    def read() -> Iterator[bytes]:
        with stack:
            left = size
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece

    return size, read()


def disposition(name: str) -> str:
    """Give the header that makes a browser save a file under its own name (RFC 6266)."""
    last = name.rpartition("/")[2]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", last)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
