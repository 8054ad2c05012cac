"""Files below a root that is not this machine's: its links lead to its own files, however they are written."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from sfcci.errors import Fault, InputError, Place

MAX_LINKS = 40


def real(root: Path, path: str) -> Path:
    """Give where a file of a root really is: every link followed, none out of the root. What is not there stays as it is named.

    Raises InputError: links that lead in a circle.
    """
    pending = list(reversed(_parts(path)))
    found: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            found = found[:-1]
            continue
        here = root.joinpath(*found, part)
        if not here.is_symlink():
            found.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            raise InputError(Fault(Place(str(root / path.lstrip("/"))), "is a link that leads in a circle"))
        target = os.fsdecode(here.readlink())
        found = [] if target.startswith("/") else found
        pending.extend(reversed(_parts(target)))
    return root.joinpath(*found)


def first(root: Path, paths: Iterable[str]) -> str:
    """Give the first of these paths that is a file in the root; "" when none is."""
    return next((path for path in paths if real(root, path).is_file()), "")


def _parts(path: str) -> list[str]:
    return [part for part in PurePosixPath(path).parts if part != "/"]
