"""Which of the dashboards' files have changed, while somebody waits for it.

The kernel's word (through watchfiles) only wakes: what has changed is found by looking at the files, so that editors that
write beside and rename, folders that are removed and made again, symbolic links and lost words of the kernel come to the
same. A file whose content is what it was has not changed. Where the kernel cannot be asked, the files are looked at each TICK_S.
"""

import hashlib
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from sfcci.dashboard.validate import SUFFIXES

TICK_S = 0.5
"""So often files are looked at without a word of the kernel."""
STEP_MS = 30
"""A burst of words has ended when so long there was none ..."""
BURST_MS = 500
"""... or has lasted so long."""
MAX_FOLDERS = 2000
"""So many folders are watched; a dashboard that is deeper in a larger tree is seen by its own path only."""


@dataclass(frozen=True)
class _Seen:
    """A file as it was: what stat(2) said, and the digest of its content ("" for one that cannot be read)."""

    stat: tuple[int, ...]
    digest: str


_Files = Mapping[Path, _Seen]


def changes(
    paths: Sequence[Path], stop: threading.Event, *, below: bool = False
) -> Iterator[frozenset[Path]]:
    """Give the files that were made, changed or removed since this call, each time some were, until `stop` is set.

    A folder of `paths` stands for the .yaml, .yml and .json files in it; with `below` for those of its folders, too. A path
    may be made later. Paths come as they lead from `paths`.
    """
    return _changes(tuple(paths), stop, below, _looked(paths, below, {}, ()))


def _changes(
    paths: Sequence[Path], stop: threading.Event, below: bool, known: _Files
) -> Iterator[frozenset[Path]]:
    while not stop.is_set():
        folders = _folders(paths, below)
        for named in _woken(folders, stop):
            now = _looked(paths, below, known, named)
            changed = {
                path for path in known.keys() | now.keys() if _content(known, path) != _content(now, path)
            }
            known = now
            if changed:
                yield frozenset(changed)
            if folders.keys() & named or _folders(paths, below) != folders:
                break  # a folder was made, removed, or is another one under the same name


def _content(files: _Files, path: Path) -> str | None:
    return files[path].digest if path in files else None


def _woken(folders: Collection[Path], stop: threading.Event) -> Iterator[frozenset[Path]]:
    """Give the paths that the kernel names whenever it does, and none after each TICK_S without a word."""
    import watchfiles

    try:
        for told in watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=BURST_MS,
            step=STEP_MS,
            stop_event=stop,
            rust_timeout=round(TICK_S * 1000),
            yield_on_timeout=True,
            recursive=False,
        ):
            yield frozenset(Path(name) for _, name in told)
    except OSError:  # a folder has just gone, or the kernel watches no more for this user
        stop.wait(TICK_S)
        yield frozenset()


def _folders(paths: Sequence[Path], below: bool) -> dict[Path, int]:
    """Give the folders to watch with their inodes: of a file or of what is not there yet, the nearest one above."""
    found: dict[Path, int] = {}
    for path in paths:
        inside = _below(path) if below else [path]
        for folder in [*(inside if path.is_dir() else ()), _above(path)]:
            try:
                found[folder.absolute()] = folder.stat().st_ino
            except OSError:
                continue
    return found


def _above(path: Path) -> Path:
    """Give the nearest folder above that is there; it tells when the path itself is made or replaced."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())


def _below(top: Path) -> Iterator[Path]:
    """Give a folder and those below it, hidden ones left out."""
    for name, inside, _ in islice(os.walk(top), MAX_FOLDERS):
        inside[:] = sorted(one for one in inside if not one.startswith("."))
        yield Path(name)


def _looked(paths: Sequence[Path], below: bool, known: _Files, named: Collection[Path]) -> dict[Path, _Seen]:
    """Look at the files; one that stat(2) says nothing new of is read only when the kernel has named it."""
    found: dict[Path, _Seen] = {}
    for path in _files(paths, below):
        try:
            entry = path.stat()
        except OSError:
            continue
        if not S_ISREG(entry.st_mode):
            continue  # to read a pipe is to wait for its writer
        stat = (entry.st_dev, entry.st_ino, entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns)
        before = known.get(path)
        same = before is not None and before.stat == stat and path.absolute() not in named
        found[path] = before if before and same else _Seen(stat, _digest(path))
    return found


def _files(paths: Sequence[Path], below: bool) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder in _below(path) if below else (path,):
            try:
                yield from (one for one in folder.iterdir() if one.suffix in SUFFIXES and one.name[0] != ".")
            except OSError:
                continue


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
