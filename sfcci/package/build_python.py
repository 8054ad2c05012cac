"""The Python that ebuilds are built for: one of this machine that PYTHON_COMPAT names."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sfcci.errors import InputError, MissingTool, UsageError
from sfcci.package.closure import Interpreter, interpreter
from sfcci.settings import Settings

PREFERRED = (13, 12, 14)
"""Minors of CPython 3: first the one that ::gentoo's profiles build for."""
PLACES = (".pyenv/versions/3.{minor}.*/bin/python3.{minor}", ".local/bin/python3.{minor}")
"""Below a home: where Pythons lie that are not in PATH."""


def python_for(settings: Settings, minors: Sequence[int]) -> Interpreter | None:
    """Give the Python that the settings name, else one of these minors of CPython 3; None where this machine has none.

    Raises UsageError (the settings name another one), MissingTool (theirs is no Python).
    """
    if settings.gentoo.python:
        found = interpreter(settings.gentoo.python)
        if _minor(found) not in minors:
            wanted = ", ".join(f"3.{minor}" for minor in minors)
            raise UsageError(f"gentoo.python is Python {found.version}; the ebuild names {wanted}")
        return found
    return next((one for one in _candidates(minors) if _minor(one) in minors), None)


def _minor(python: Interpreter) -> int:
    return int(python.version.partition(".")[2])


def _candidates(minors: Sequence[int]) -> Iterator[Interpreter]:
    """The running one, then those in PATH (one that only answers to its name counts not), then those of a home."""
    yield interpreter()
    order = sorted(
        minors, key=lambda minor: (PREFERRED.index(minor) if minor in PREFERRED else len(PREFERRED), minor)
    )
    for minor in order:
        homes = (path for pattern in PLACES for path in sorted(Path.home().glob(pattern.format(minor=minor))))
        for name in (f"python3.{minor}", *map(str, homes)):
            with contextlib.suppress(MissingTool, InputError):
                yield interpreter(name)
