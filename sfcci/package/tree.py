"""The files that the catalogue renders (`rpm/`, `gentoo/`): committed, and equal to what it renders now."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sfcci import document, files
from sfcci.errors import Fault, InputError, Place
from sfcci.finding import Finding, Severity
from sfcci.package.hand_edited import carried, files_beside, regions
from sfcci.package.index import Subject
from sfcci.package.spec import spec_path, spec_text

AGAIN = "render it again: sfcci {command}"


def spec_tree(project: Path, subjects: Iterable[Subject]) -> dict[str, str]:
    """Give every component's spec: path relative to the project → text.

    Hand-edited regions of the project's own files are carried over. Raises InputError (also where one has lost its place).
    """
    rendered = {spec_path(s.component): spec_text(s.component, s.metadata) for s in subjects}
    return {path: carried(_own_text(project / path), text, path) for path, text in rendered.items()}


def beside(project: Path, rendered: Mapping[str, str]) -> tuple[Path, ...]:
    """Give the patches and sources that specs take from their folder. Raises InputError for one that is not there."""
    named = [(path, name) for path, text in rendered.items() for name in files_beside(text)]
    lost = [(path, name) for path, name in named if not (project / path).with_name(name).is_file()]
    if lost:
        raise InputError(
            *(Fault(Place(path), f"{name} does not lie beside it", "a file") for path, name in lost)
        )
    return tuple((project / path).with_name(name) for path, name in named)


def hand_edited(project: Path, paths: Iterable[str]) -> tuple[Finding, ...]:
    """Tell of every hand-edited region in the project's files. Raises InputError."""
    return tuple(
        Finding("HandEdited", Severity.INFO, Place(path, region.number), region.lines[0].removeprefix("# "))
        for path in sorted(paths)
        for region in regions(_own_text(project / path), path)
    )


def drift(project: Path, rendered: Mapping[str, str], command: str, strays: str = "") -> tuple[Finding, ...]:
    """Compare the project's files with what is rendered: those that differ or are missing, and what nothing renders.

    `command` (as in "package rpm --spec-only") writes them again; `strays` is the folder that holds nothing else, ""
    for none.
    """
    hint = AGAIN.format(command=command)
    found = []
    for path, text in sorted(rendered.items()):
        there = _text(project / path)
        if there is None:
            found.append(Finding("FileMissing", Severity.ERROR, Place(path), "is not there", hint))
        elif there != text:
            line = _first_difference(there, text)
            found.append(
                Finding(
                    "FileDrift", Severity.ERROR, Place(path, line), "is not what packaging/ renders", hint
                )
            )
    wanted = {
        str(Path(path).with_name(name)) for path, text in rendered.items() for name in files_beside(text)
    }
    for path in _files(project, strays) if strays else ():
        if path not in rendered and path not in wanted and not _is_used(path, rendered):
            what = "belongs to no component of packaging/"
            found.append(Finding("FileStray", Severity.ERROR, Place(path), what, "remove it"))
    return tuple(found)


def write_tree(project: Path, rendered: Mapping[str, str]) -> tuple[str, ...]:
    """Write what is rendered, each file whole; give the paths that changed."""
    return tuple(path for path, text in sorted(rendered.items()) if files.write_text(project / path, text))


def _is_used(path: str, rendered: Mapping[str, str]) -> bool:
    """Say whether a file lies in FILESDIR of a package whose ebuilds take something from there (PMS 4.3)."""
    package, lies_there, _name = path.partition("/files/")
    ebuilds = (text for other, text in rendered.items() if other.startswith(f"{package}/"))
    return bool(lies_there) and any("${FILESDIR}" in text for text in ebuilds)


def _files(project: Path, folder: str) -> list[str]:
    paths = (
        path for path in (project / folder).rglob("*") if path.is_file() and not path.name.startswith(".")
    )
    return sorted(str(path.relative_to(project)) for path in paths)


def _own_text(path: Path) -> str:
    """The text of a file that may be edited by hand, "" when it is not there. Raises InputError (not UTF-8)."""
    return document.read_text(path) if path.exists() else ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _first_difference(one: str, other: str) -> int:
    """The first line, from 1, in which two texts differ."""
    lines = zip([*one.splitlines(), ""], [*other.splitlines(), ""], strict=False)
    return next((number for number, (a, b) in enumerate(lines, 1) if a != b), 1)
