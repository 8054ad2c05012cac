"""The overlay checked: a snapshot of `gentoo/`, what pkgcheck finds in it, and what that proves.

The judge is ::gentoo. Where there is none, the minimal master stands in for it (`stand_in`), and the report says so and
names the packages that ::gentoo does not have.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import files
from sfcci.errors import Fault, InputError, Place
from sfcci.finding import Finding, Severity
from sfcci.package import pkgcheck, stand_in, tree
from sfcci.package.catalogue import chosen, load_catalogue
from sfcci.package.ebuild import OVERLAY, base_files, overlay_files
from sfcci.package.index import subject
from sfcci.package.pkgcheck import Repository
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
SYSTEM_MASTER = Path("/var/db/repos/gentoo")
MASTER_NAME = "gentoo"
GENERATED = ("md5-cache", ".git")
"""Folders that are no source: left out of the snapshot."""
EBUILD_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9+_-]*?)"
    r"-\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|p)\d*)*(-r\d+)?\.ebuild"
)
"""An ebuild's file name (PMS 3.1.2, 3.2); pkgcheck breaks down on another one."""


@dataclass(frozen=True)
class OverlayReport:
    """What a check of the overlay found, and the master that it was checked against, as a sentence."""

    findings: tuple[Finding, ...]
    master: str
    minimal: bool
    """True: no ::gentoo was there, so this proves less."""


def rendered_overlay(
    settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None
) -> dict[str, str]:
    """Give the overlay that the catalogue (those named in `only`, else all) renders: path in the project → text.

    Fetches sdists if need be. Raises InputError, UsageError (a name), Unreachable.
    """
    texts = base_files()
    for component in chosen(load_catalogue(settings.project / CATALOGUE), only):
        if not component.gentoo.overlay:
            continue
        found = subject(component, settings.project, settings.cache, say)
        texts |= overlay_files(component, found.metadata, found.sdist)
    return texts


def check_overlay(
    settings: Settings, say: Say = lambda _text: None, *, only: Sequence[str] = ()
) -> OverlayReport:
    """Compare the overlay with what the catalogue renders, then scan it. Raises what both of them raise."""
    rendered = rendered_overlay(settings, only, say)
    drift = tree.drift(settings.project, rendered, "package ebuild", "" if only else OVERLAY)
    report = scan_overlay(settings, say)
    return replace(report, findings=(*drift, *report.findings))


def scan_overlay(settings: Settings, say: Say = lambda _text: None) -> OverlayReport:
    """Check the project's overlay with pkgcheck; places are relative to the project.

    Two checks at once wait for each other; what happens to the overlay meanwhile does not matter.
    Raises InputError (no overlay, no master at the path that the settings name), MissingTool, Unreachable, ToolError.
    """
    source = settings.project / OVERLAY
    name = pkgcheck.repository_at(source).name
    cache = settings.cache.absolute()
    folder = cache / "pkgcheck"
    with files.locked(folder / "lock"), files.disk_errors(folder):
        master = _master(settings, folder)
        snapshot = Repository(name, _snapshot(source, folder / "snapshot"))
        found = list(_wrong_names(snapshot.path))
        found += pkgcheck.scan(snapshot, master, cache, say)
        minimal = master.path.parent == folder
        if minimal:
            found += _absent(snapshot.path)
    return OverlayReport(tuple(_in_project(f) for f in found), _sentence(master, minimal=minimal), minimal)


def _master(settings: Settings, folder: Path) -> Repository:
    """The ::gentoo that the settings name, else the system's, else the minimal one."""
    if settings.gentoo.repo:
        found = pkgcheck.repository_at(settings.project / settings.gentoo.repo)
        if found.name != MASTER_NAME:
            raise InputError(Fault(Place(str(found.path)), f"is the repository {found.name}", MASTER_NAME))
        return found
    if (SYSTEM_MASTER / "profiles" / "repo_name").is_file():
        return pkgcheck.repository_at(SYSTEM_MASTER)
    return Repository(MASTER_NAME, stand_in.prepare_master(folder))


def _sentence(master: Repository, *, minimal: bool) -> str:
    if not minimal:
        return f"::gentoo at {master.path}"
    return (
        f"the minimal master of sfcci (stand-ins of {stand_in.seen()}): it says what we wrote into it and proves less "
        "than ::gentoo, which is the judge"
    )


def _snapshot(source: Path, target: Path) -> Path:
    """Copy the overlay's sources, because pkgcore writes its cache beside them. Raises InputError (unreadable)."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*GENERATED))
    except shutil.Error as error:
        faults = [Fault(Place(path), why, "a file that can be read") for path, _target, why in error.args[0]]
        raise InputError(*faults) from None
    return target


def _wrong_names(overlay: Path) -> Iterator[Finding]:
    """Take ebuilds with impossible names out of the snapshot, and say so."""
    for path in sorted(overlay.glob("*/*/*.ebuild")):
        match = EBUILD_NAME.fullmatch(path.name)
        if match and match["name"] == path.parent.name:
            continue
        path.unlink()
        what = "the file name is no package and version as PMS 3.2 has them"
        hint = f"expected {path.parent.name}-VERSION.ebuild, with 23.0.0_rc1 for 23.0.0.0rc1"
        yield Finding("InvalidEbuildName", Severity.ERROR, Place(str(path.relative_to(overlay))), what, hint)


def _absent(overlay: Path) -> Iterator[Finding]:
    """Name the packages that ebuilds need and that neither ::gentoo nor the overlay has."""
    for package, stood in stand_in.absent().items():
        if any((overlay / package).glob("*.ebuild")):
            continue
        if place := _first_use(overlay, package):
            last = f"the newest it had was {stood.last}" if stood.last else "it was never seen there"
            what = f"{package} is not in ::gentoo (looked at in {stand_in.seen()}; {last})"
            hint = "what needs it cannot be emerged before the overlay carries it; a stand-in took its place here"
            yield Finding("NotInGentoo", Severity.WARNING, place, what, hint)


def _first_use(overlay: Path, package: str) -> Place | None:
    atom = re.compile(rf"(?<![\w/-]){re.escape(package)}(?=-\d|[\[:\s\"'])")
    for path in sorted(overlay.glob("*/*/*.ebuild")):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if atom.search(line):
                return Place(str(path.relative_to(overlay)), number)
    return None


def _in_project(finding: Finding) -> Finding:
    """The same finding, told from the project's folder."""
    path = str(Path(OVERLAY, finding.place.path))
    return replace(finding, place=replace(finding.place, path=path))
