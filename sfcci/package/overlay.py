"""The overlay checked: a snapshot of `gentoo/`, what our own lints and pkgcheck find in it, and what that proves.

The judge is ::gentoo. Where there is none, the minimal master stands in for it (`stand_in`), and the report says so and
names the packages that ::gentoo does not have.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from sfcci import files
from sfcci.errors import Fault, InputError, Place
from sfcci.finding import Finding, Severity
from sfcci.package import pkgcheck, stand_in, tree
from sfcci.package.atom import file_version
from sfcci.package.catalogue import load_catalogue
from sfcci.package.ebuild import OVERLAY
from sfcci.package.index import SDISTS, subject
from sfcci.package.overlay_render import overlay_tree
from sfcci.package.pkgcheck import Repository
from sfcci.package.recipe_tree import DISTFILES, SYSTEM_DISTFILES, recipe_part
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
SYSTEM_MASTER = Path("/var/db/repos/gentoo")
MASTER_NAME = "gentoo"
REPOSITORY_FOLDERS = frozenset({"eclass", "licenses", "metadata", "profiles"})
"""Folders of a repository that are no categories (PMS 4)."""
UNKNOWABLE = frozenset({"NonexistentBlocker"})
"""What pkgcheck asks that the minimal master cannot answer: it has one version of each package, and no past ones."""
GENERATED = ("md5-cache", ".git")
"""Folders that are no source: left out of the snapshot."""


@dataclass(frozen=True)
class OverlayReport:
    """What a check of the overlay found, and the master that it was checked against, as a sentence."""

    findings: tuple[Finding, ...]
    master: str
    minimal: bool
    """True: no ::gentoo was there, so this proves less."""
    scanned: bool = True
    """False: pkgcheck was not asked."""


def rendered_overlay(
    settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None
) -> dict[str, str]:
    """Give the overlay that the catalogue (those named in `only`, else all) renders: path in the project → text.

    Fetches sdists if need be. Raises InputError, UsageError (a name), Unreachable.
    """
    recipes = recipe_part(settings, only)
    catalogue = load_catalogue(settings.project / CATALOGUE, only)
    components = [one for one in recipes.components(catalogue) if one.gentoo.overlay]
    subjects = [subject(one, settings.project, settings.cache, say) for one in components]
    return overlay_tree(settings, catalogue, subjects, say, recipes=recipes)


def check_overlay(
    settings: Settings, say: Say = lambda _text: None, *, only: Sequence[str] = (), scan: bool = True
) -> OverlayReport:
    """Compare the overlay with what the catalogue renders, then judge it. Raises what both of them raise."""
    rendered = rendered_overlay(settings, only, say)
    drift = tree.drift(settings.project, rendered, "package ebuild", "" if only else OVERLAY)
    report = judge_overlay(settings, say, only=only, scan=scan)
    return replace(report, findings=(*drift, *report.findings))


def judge_overlay(
    settings: Settings, say: Say = lambda _text: None, *, only: Sequence[str] = (), scan: bool = True
) -> OverlayReport:
    """Judge the overlay as it is: by our own lints, and with `scan` by pkgcheck.

    With components named in `only`, what is found in other packages is left out. Raises as `scan_overlay`.
    """
    report = scan_overlay(settings, say) if scan else lint_overlay(settings)
    names = {canonicalize_name(name) for name in only}
    return replace(
        report, findings=tuple(f for f in report.findings if not only or _package(f) in {*names, ""})
    )


def is_there(settings: Settings) -> bool:
    """Say whether the project has an overlay."""
    return (settings.project / OVERLAY / "profiles" / "repo_name").is_file()


def lint_overlay(settings: Settings) -> OverlayReport:
    """Check the project's overlay by our own lints alone; places are relative to the project.

    Nothing is started, and neither pkgcheck nor a network is needed. Raises InputError as `scan_overlay`.
    """
    master = master_repository(settings, settings.cache.absolute() / "pkgcheck")
    minimal = settings.cache.absolute() in master.path.parents
    return _report(_lints(settings, master), master, minimal=minimal, scanned=False)


def scan_overlay(settings: Settings, say: Say = lambda _text: None) -> OverlayReport:
    """Check the project's overlay by our own lints and by pkgcheck; places are relative to the project.

    Two checks at once wait for each other; what happens to the overlay meanwhile does not matter.
    Raises InputError (no overlay, no master at the path that the settings name), MissingTool, Unreachable, ToolError.
    """
    source = settings.project / OVERLAY
    name = pkgcheck.repository_at(source).name
    cache = settings.cache.absolute()
    folder = cache / "pkgcheck"
    with files.locked(folder / "lock"), files.disk_errors(folder):
        master = master_repository(settings, folder)
        minimal = master.path.parent == folder
        found = list(_lints(settings, master))
        snapshot = Repository(name, _snapshot(source, folder / "snapshot"))
        _take_out_wrong_names(snapshot.path)
        scanned = pkgcheck.scan(snapshot, master, cache, say)
        found += (finding for finding in scanned if not (minimal and finding.keyword in UNKNOWABLE))
        if minimal:
            found += _absent(snapshot.path)
    return _report(found, master, minimal=minimal)


def _report(
    found: Iterable[Finding], master: Repository, *, minimal: bool, scanned: bool = True
) -> OverlayReport:
    in_project = tuple(_in_project(finding) for finding in found)
    return OverlayReport(in_project, master_sentence(master, minimal=minimal), minimal, scanned)


def _lints(settings: Settings, master: Repository) -> tuple[Finding, ...]:
    from sfcci.package import overlay_lint  # rendering does not wait for it

    overlay = pkgcheck.repository_at(settings.project / OVERLAY).path
    folders = (settings.cache / SDISTS, settings.cache / DISTFILES, SYSTEM_DISTFILES)
    return overlay_lint.lint_overlay(overlay, master.path, folders)


def master_repository(settings: Settings, folder: Path) -> Repository:
    """Give the ::gentoo that the settings name, else the system's, else the minimal one, laid down in `folder`. Raises InputError."""
    if settings.gentoo.repo:
        found = pkgcheck.repository_at(settings.project / settings.gentoo.repo)
        if found.name != MASTER_NAME:
            raise InputError(Fault(Place(str(found.path)), f"is the repository {found.name}", MASTER_NAME))
        return found
    if (SYSTEM_MASTER / "profiles" / "repo_name").is_file():
        return pkgcheck.repository_at(SYSTEM_MASTER)
    carried = {
        f"{path.parent.parent.name}/{path.parent.name}" for path in _ebuilds(settings.project / OVERLAY)
    }
    return Repository(MASTER_NAME, stand_in.prepare_master(folder, stand_in.master_files(carried)))


def master_sentence(master: Repository, *, minimal: bool) -> str:
    """Say which ::gentoo judged, and what that is worth."""
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


def _package(finding: Finding) -> str:
    """The name of the package that a finding, told from the project's folder, speaks of; "" for the whole overlay."""
    parts = Path(finding.place.path).parts
    return parts[2] if len(parts) > 2 and parts[1] not in REPOSITORY_FOLDERS else ""  # noqa: PLR2004 - gentoo/category/package


def _ebuilds(overlay: Path) -> list[Path]:
    return sorted(overlay.glob("*/*/*.ebuild"))


def _take_out_wrong_names(overlay: Path) -> None:
    """Take ebuilds with impossible names out of the snapshot: pkgcheck breaks down on one; our own lints have told of it."""
    for path in _ebuilds(overlay):
        if file_version(path.name, path.parent.name) is None:
            path.unlink()


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
    for path in _ebuilds(overlay):
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if atom.search(line):
                return Place(str(path.relative_to(overlay)), number)
    return None


def _in_project(finding: Finding) -> Finding:
    """The same finding, told from the project's folder."""
    path = str(Path(OVERLAY, finding.place.path))
    return replace(finding, place=replace(finding.place, path=path))
