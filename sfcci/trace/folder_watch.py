"""Names that come into a folder and leave it, as they do (inotify(7)); the folder itself may come later, or again."""

import ctypes
import errno
import os
import struct
from pathlib import Path
from typing import Final

MOVED_FROM, MOVED_TO, CREATED, DELETED = 0x40, 0x80, 0x100, 0x200
DELETED_SELF, OVERFLOW, IGNORED, ONLY_FOLDERS = 0x400, 0x4000, 0x8000, 0x1000000
HEARD: Final = MOVED_FROM | MOVED_TO | CREATED | DELETED | DELETED_SELF
_EVENT = struct.Struct("iIII")


class FolderWatch:
    """Tells of names in `folder`; while there is none, the nearest above is watched for it."""

    def __init__(self, folder: Path) -> None:
        """Begin. Raises OSError where the kernel gives no more watches."""
        self._folder, self._libc = folder, ctypes.CDLL(None, use_errno=True)
        self._handle = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._watch = self._above = -1
        try:
            self._begin()
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Give what becomes readable when there is something to take."""
        return self._handle

    def take(self) -> set[str] | None:
        """Give the names that came or went; None: whatever is there may be another, look at all."""
        names: set[str] | None = set()
        while data := self._read():
            for watch, mask, name in _events(data):
                mine, above = watch == self._watch, watch == self._above and not mask & IGNORED
                if mask & OVERFLOW or above or (mine and mask & (DELETED_SELF | IGNORED)):
                    names = None
                elif mine and names is not None:
                    names.add(name)
        if names is None:
            self._begin()
        return names

    def close(self) -> None:
        """End the watch."""
        os.close(self._handle)

    def _begin(self) -> None:
        """Watch the folder, or else the nearest one above that is there, and look again for one that came meanwhile."""
        above, self._watch = self._above, self._add(self._folder)
        for folder in () if self._watch >= 0 else self._folder.parents:
            self._above = self._add(folder)
            if self._above >= 0:
                self._watch = self._add(self._folder)
                break
        if above >= 0 and (self._watch >= 0 or self._above != above):
            self._libc.inotify_rm_watch(self._handle, above)
            self._above = -1 if self._above == above else self._above

    def _add(self, folder: Path) -> int:
        found = self._libc.inotify_add_watch(self._handle, os.fsencode(folder), HEARD | ONLY_FOLDERS)
        number = ctypes.get_errno()
        if found < 0 and number not in (errno.ENOENT, errno.ENOTDIR):
            raise OSError(number, os.strerror(number), str(folder))
        return int(found)

    def _read(self) -> bytes:
        try:
            return os.read(self._handle, 1 << 16)
        except BlockingIOError:
            return b""


def _events(data: bytes) -> list[tuple[int, int, str]]:
    """Give watch, what happened, and the name, of each event."""
    found, at = [], 0
    while at < len(data):
        watch, mask, _, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size
        found.append((watch, mask, os.fsdecode(data[at : at + length].partition(b"\0")[0])))
        at += length
    return found
