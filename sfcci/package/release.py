"""Releases on the package index: which versions of a project there are as sdists, and any of them fetched."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from sfcci.errors import Fault, InputError, Place
from sfcci.package import index
from sfcci.package.dialect import is_version
from sfcci.package.index import Asked

Say = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """An sdist of a project as the index tells of it."""

    project: str
    version: str
    sdist: str
    """The file's name."""
    sha256: str = ""
    """As the index tells it; "" when it does not."""
    yanked: bool = False
    """Its author took it back: only who asks for this version gets it."""


@dataclass(frozen=True)
class Fetched:
    """A release in the cache, with the hash of what was fetched."""

    release: Release
    path: Path
    sha256: str


def releases(project: str, asked: Asked) -> tuple[Release, ...]:
    """Give what the indexes have of a project as .tar.gz, newest first, each version once. Raises Unreachable."""
    told = [one for package in asked.packages(project) if (one := _release(project, package))]
    if not told:
        raise index.unreachable(project, "it has no .tar.gz of it")
    found = {one.version: one for one in sorted(told, key=lambda one: bool(one.sha256))}
    return tuple(sorted(found.values(), key=lambda one: Version(one.version), reverse=True))


def newest(known: Iterable[Release], current: str = "") -> Release | None:
    """Give the newest release that nobody took back; a pre-release only for who has one that is later than all releases."""
    usable = [one for one in known if not one.yanked]
    final = [one for one in usable if not Version(one.version).is_prerelease]
    if final and not (current and Version(current) > Version(final[0].version)):
        return final[0]
    return usable[0] if usable else None


def is_newer(one: Release, version: str) -> bool:
    """Say whether a release comes after a version (PEP 440)."""
    return Version(one.version) > Version(version)


def named(known: Sequence[Release], version: str) -> Release:
    """Give the release of one version ("": the newest). Raises InputError when there is none."""
    if not version:
        if one := newest(known):
            return one
        raise InputError(Fault(Place(known[0].project), "has no release that is not taken back"))
    wanted = Version(version) if is_version(version) else None
    for one in known:
        if Version(one.version) == wanted:
            return one
    shown = ", ".join(one.version for one in known[: index.SHOWN])
    raise InputError(Fault(Place(known[0].project), f"has no version {version}", f"one of: {shown}, ..."))


def fetch_release(release: Release, cache: Path, say: Say) -> Fetched:
    """Fetch a release into the cache, where its component finds it. Raises Unreachable, InputError (other bytes than told)."""
    if release.sha256 and (path := index.kept(cache, release.sha256, release.sdist)):
        return Fetched(release, path, release.sha256)
    told: list[str] = []

    def accept(digest: str) -> None:
        if release.sha256 and digest != release.sha256:
            found = f"has SHA-256 {digest}, the index tells of another"
            hint = "fetch it again; if it stays so, ask who keeps the index"
            raise InputError(Fault(Place(release.sdist), found, release.sha256, hint))
        told.append(digest)

    say(f"fetching {release.sdist}")
    path = index.fetch(release.project, release.sdist, cache, accept, release.sha256)
    return Fetched(release, path, told[0])


def _release(project: str, package: Any) -> Release | None:
    """A package that the client found, when it is an sdist whose version can be read."""
    name = str(package.link.filename)
    if package.link.is_wheel or not name.endswith(".tar.gz") or not is_version(str(package.version)):
        return None
    yanked = package.link.yank_reason is not None
    return Release(project, str(package.version), name, index.told_hash(package.link), yanked)
