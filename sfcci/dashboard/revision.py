"""Dashboards as they are or were: read from files, from folders, or from a revision of a git repository.

git is asked for what it keeps, nothing is checked out: the work tree and git's index stay as they are.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sfcci import command, document
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.structure import structure
from sfcci.dashboard.validate import SUFFIXES, dashboard_files
from sfcci.errors import Fault, InputError, ToolError, UsageError
from sfcci.finding import Severity

GIT_TIMEOUT_S = 60.0
FILES = ("100644", "100755")
"""git's modes of a file; links and other repositories are left alone."""


@dataclass(frozen=True)
class Side:
    """One of two sides to compare: how it was named, its dashboards, what is not whole in its files."""

    name: str
    dashboards: tuple[Dashboard, ...]
    problems: tuple[Fault, ...] = ()


def read_sides(old: str, new: str, usual: Path) -> tuple[Side, Side]:
    """Read both sides: a path that is there, REV:PATH, or REV alone, which stands for the other side's path there.

    `usual` is the folder for two revisions without a path. Raises UsageError, InputError, MissingTool, ToolError.
    """
    there = next((Path(one) for one in (new, old) if Path(one).exists()), usual)
    return _side(old, there), _side(new, there)


def read_texts(name: str, texts: Sequence[tuple[str, str]]) -> Side:
    """Read dashboards from texts, each with its path; a text that is no whole dashboard is a problem."""
    dashboards: list[Dashboard] = []
    problems: list[Fault] = []
    for path, text in texts:
        try:
            found = structure(
                document.parse(text, path, duplicates=[])
            )  # a key twice is for `validate` to say
        except InputError as error:
            problems += error.faults
            continue
        dashboards += [found.dashboard] if found.dashboard else []
        if not found.dashboard:
            wrong = (one for one in found.findings if one.severity is Severity.ERROR)
            problems += [Fault(one.place, one.what, hint=one.hint) for one in wrong]
    return Side(name, tuple(dashboards), tuple(problems))


def _side(name: str, there: Path) -> Side:
    path = Path(name)
    if path.exists():
        files = dashboard_files([path])
        return read_texts(name, [(str(one), document.read_text(one)) for one in files])
    revision, colon, inside = name.partition(":")
    folder = Path() if colon else there if there.is_dir() else there.parent
    if not folder.is_dir():
        raise UsageError(f"{there} does not exist; say which dashboards of {revision}: {revision}:PATH")
    tree = _tree(folder, revision, name)
    place = inside if colon else _inside(folder, there)
    return read_texts(name, list(_kept(folder, revision, tree, _from_top(folder, place))))


def _tree(folder: Path, revision: str, name: str) -> str:
    if not revision or revision.startswith("-"):
        raise UsageError(f"{name} is no file, no folder and no git revision")
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if found is None:
        raise UsageError(
            f"{name} is no file and no folder here, and {revision} is no revision of a git repository at "
            f"{folder.resolve()}; give a path, REV, or REV:PATH"
        )
    return found.strip()


def _inside(folder: Path, there: Path) -> str:
    """Give the path of what lies on the disk as the repository around it has it."""
    top = Path((_git(folder, "rev-parse", "--show-toplevel") or "").rstrip("\n") or ".")
    try:
        return there.resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{there} is outside of the git repository {top}") from None


def _from_top(folder: Path, inside: str) -> str:
    """Turn ./PATH, which counts from here, into a path from the repository's top, as git does."""
    if inside.startswith(("./", "../")):
        prefix = (_git(folder, "rev-parse", "--show-prefix") or "").strip()
        inside = os.path.normpath(prefix + inside)
    return "" if inside == "." else inside.strip("/")


def _kept(folder: Path, revision: str, tree: str, inside: str) -> Iterator[tuple[str, str]]:
    """Give path and text of each file that a tree has at a path: the file itself, or those in that folder and below it."""
    spot = f"{tree}:{inside}" if inside else tree
    kind = (_git(folder, "cat-file", "-t", spot) or "").strip()
    if kind == "blob":
        yield f"{revision}:{inside}", _text(folder, revision, inside, spot)
        return
    listed = _git(folder, "ls-tree", "-r", "-z", "--full-tree", spot) if kind == "tree" else None
    if listed is None:
        raise UsageError(f"{revision} has no {inside}; give REV:PATH with a path that it has")
    found = 0
    for line in listed.rstrip("\0").split("\0"):
        meta, _, name = line.partition("\t")
        hidden = any(part.startswith(".") for part in PurePosixPath(name).parts)
        if meta.split(" ")[0] in FILES and not hidden and PurePosixPath(name).suffix in SUFFIXES:
            found += 1
            path = f"{inside}/{name}".lstrip("/")
            yield f"{revision}:{path}", _text(folder, revision, path, meta.split(" ")[2])
    if not found:
        raise UsageError(
            f"no dashboards in {revision}:{inside}; expected files named *.yaml, *.yml or *.json"
        )


def _text(folder: Path, revision: str, path: str, blob: str) -> str:
    size = int(_git(folder, "cat-file", "-s", blob) or 0)
    if size > document.MAX_BYTES:
        raise UsageError(f"{revision}:{path} is too large; at most {document.MAX_BYTES >> 20} MiB")
    text = _git(folder, "cat-file", "blob", blob)
    if text is None:
        raise UsageError(f"{revision}:{path} cannot be read from the git repository; run: git fsck")
    return text.removeprefix("\ufeff")


def _git(folder: Path, *words: str) -> str | None:
    """Ask git and give what it says; None where it says no. It asks nobody and fetches nothing."""
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    argv = ["git", "-C", str(folder), *words]
    done = command.run(argv, timeout_s=GIT_TIMEOUT_S, env={**os.environ, **quiet}, check=False)
    if "dubious ownership" in done.stderr:
        raise ToolError(done.failure())
    return done.stdout if done.status == 0 else None
