"""The locked closure: every project that the components' requirements lead to, at one version, with the hashes of its files.

A lock is a file in pip's own requirements format, one per minor version of Python. It names no package index.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sfcci import document
from sfcci.errors import Fault, InputError, Place

FOLDER = "packaging/locks"
HEAD = """\
# The components' requirements with all that these require, for Python {python}. Made by: sfcci package lock
"""
STAND_INS: Mapping[str, str] = {"psycopg2": "psycopg2-binary"}
"""PEP 503 name → the project that is locked in its place: the same modules, as a file that nobody has to compile."""
_PYTHON = re.compile(r"for Python (\d+\.\d+)\b")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<hashes>(\s+--hash=sha256:[0-9a-f]{64})+)"
)
_EXPECTED = "NAME==VERSION --hash=sha256:..., as sfcci package lock writes it"


@dataclass(frozen=True)
class Locked:
    """One project at one version."""

    name: str
    """As the project spells it."""
    version: str
    sha256s: tuple[str, ...]
    """Of the files that may stand for it, sorted."""

    def __str__(self) -> str:
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in self.sha256s)])


@dataclass(frozen=True)
class Lock:
    """The closure for one minor version of Python, in order of PEP 503 names."""

    python: str
    """As in 3.11."""
    entries: tuple[Locked, ...]

    def digest(self) -> str:
        """Give 64 hex digits that change with anything in the lock."""
        return hashlib.sha256(lock_text(self).encode()).hexdigest()

    def named(self, names: Iterable[str]) -> tuple[Locked, ...]:
        """Give the entries of these projects, in the lock's order."""
        wanted = {canonicalize_name(name) for name in names}
        return tuple(entry for entry in self.entries if canonicalize_name(entry.name) in wanted)


def lock_path(project: Path, python: str) -> Path:
    """Give the place of the lock for a minor version of Python: packaging/locks/py3.11.txt."""
    return project / FOLDER / f"py{python}.txt"


def lock_text(lock: Lock) -> str:
    """Give the file's text; `parse_lock` is its inverse."""
    return HEAD.format(python=lock.python) + "".join(f"{entry}\n" for entry in lock.entries)


def parse_lock(text: str, path: str) -> Lock:
    """Give the lock in a file's text. Raises InputError with every line that is none."""
    entries: list[Locked] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if found := _LINE.fullmatch(line.strip()):
            hashes = tuple(sorted(re.findall(r"[0-9a-f]{64}", found["hashes"])))
            entries.append(Locked(found["name"], found["version"], hashes))
        else:
            faults.append(Fault(Place(path, number, 1), f"found {line[:60]!r}", _EXPECTED))
    python = _PYTHON.search(text)
    if python is None:
        faults.append(Fault(Place(path, 1, 1), "no version of Python", "a first line as in: for Python 3.11"))
    if faults or python is None:
        raise InputError(*faults)
    return Lock(python[1], _sorted(entries))


def read_lock(path: Path) -> Lock:
    """Read a lock. Raises InputError: there is none (and how to make it), or it cannot be read as one."""
    if not path.exists():
        hint = "make it with: sfcci package lock"
        raise InputError(
            Fault(Place(str(path)), "there is no lock of the components' requirements", hint=hint)
        )
    return parse_lock(document.read_text(path), str(path))


def resolved_lock(report: Mapping[str, Any]) -> Lock:
    """Give the lock that pip's installation report (`pip install --dry-run --report`, version 1) amounts to."""
    entries = [
        Locked(
            one["metadata"]["name"],
            one["metadata"]["version"],
            (one["download_info"]["archive_info"]["hashes"]["sha256"],),
        )
        for one in report["install"]
    ]
    return Lock(report["environment"]["python_version"], _sorted(entries))


def stand_in(requirement: str) -> str:
    """Give the requirement as it is locked: of the project that stands for the one it names."""
    parsed = Requirement(requirement)
    parsed.name = STAND_INS.get(canonicalize_name(parsed.name), parsed.name)
    return str(parsed)


def unmet(lock: Lock, requirements: Iterable[str]) -> tuple[str, ...]:
    """Give the requirements (PEP 508; markers are not asked) that no entry of the lock meets, in their order."""
    versions = {canonicalize_name(entry.name): entry.version for entry in lock.entries}

    def met(requirement: str) -> bool:
        parsed = Requirement(stand_in(requirement))
        version = versions.get(canonicalize_name(parsed.name))
        return version is not None and parsed.specifier.contains(version, prereleases=True)

    return tuple(requirement for requirement in requirements if not met(requirement))


def _sorted(entries: Iterable[Locked]) -> tuple[Locked, ...]:
    return tuple(sorted(entries, key=lambda entry: canonicalize_name(entry.name)))
