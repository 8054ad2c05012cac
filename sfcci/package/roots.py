"""Roots that dnf fills with our packages and all that they require, out of the signed repository: one per machine that is to have them.

A root comes into being whole or not at all; one that has what is asked for already is left as it is.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sfcci import files
from sfcci.errors import UsageError
from sfcci.finding import Finding
from sfcci.package import install_answers, lint
from sfcci.package.build import workspace
from sfcci.package.component import Component
from sfcci.package.hosts import target_python
from sfcci.package.install_root import Root
from sfcci.package.install_test import (
    accounts,
    claims_of,
    packages_of,
    prepared,
    require_dnf,
    signed_repository,
    tested_builds,
)
from sfcci.package.profile import HOST
from sfcci.package.publication import Published
from sfcci.package.repository import StoredBuild
from sfcci.package.universe_build import BuiltUniverse, held_universe
from sfcci.settings import Settings

Say = Callable[[str], None]
Builds = Sequence[tuple[Component, StoredBuild]]
AT_ONCE = 2
"""So many transactions side by side: each is bound by one processor."""
KEY_DIGITS = 16
SIMPLE = re.compile(r"[\w/.+-]+", re.ASCII)
"""Paths over which rpm's macros do not stumble."""


@dataclass(frozen=True)
class FilledRoot:
    """A root, and what is in it."""

    folder: Path
    components: tuple[str, ...]
    builds: tuple[str, ...]
    """COMPONENT/BUILD of each of our packages that was asked for, sorted."""
    installed: tuple[str, ...] = ()
    """NAME-VERSION-RELEASE.ARCH of all that dnf installed, sorted."""
    key: str = ""
    """The fingerprint of the key that our packages are signed with, which dnf asked for."""
    scriptlets_run: bool = True
    """False: the kernel allows no overlay here, scriptlets were left out."""
    duration_s: float = 0.0
    new: bool = True
    """False: it was there."""
    findings: tuple[Finding, ...] = ()
    """Why there is none: dnf could not, or a scriptlet failed."""

    def __str__(self) -> str:
        what = f"{len(self.installed)} packages, ours signed by {self.key[-KEY_DIGITS:]}"
        how = f"installed by dnf in {self.duration_s:.0f} s" if self.new else "there already"
        return f"{self.folder}: {', '.join(self.components)}: {what}; {how}"


def fill_roots(settings: Settings, say: Say, wanted: Mapping[Path, Sequence[str]]) -> tuple[FilledRoot, ...]:
    """Have a root for each folder with its components in it; a folder is made, or is one of these roots already.

    Raises UsageError (a name, nothing built, a folder that is somebody else's), InputError, MissingTool, Unreachable, ToolError.
    """
    require_dnf()
    builds = {
        folder: tested_builds(settings, settings.state, tuple(names), HOST)
        for folder, names in wanted.items()
    }
    whole = {folder: root for folder, found in builds.items() if (root := there(folder, found))}
    lacking = {folder: found for folder, found in builds.items() if folder not in whole}
    made = _filled(settings, say, lacking) if lacking else {}
    return tuple({**whole, **made}[folder] for folder in wanted)


def there(folder: Path, builds: Builds) -> FilledRoot | None:
    """Give the root that is there and has these builds; None where there is none. Raises UsageError: the folder is another's."""
    if not SIMPLE.fullmatch(str(folder.absolute())):
        raise UsageError(
            f"{folder}: rpm takes paths of letters, digits and . _ + - only; name another folder"
        )
    try:
        record = json.loads(_record(folder).read_text())
        root = FilledRoot(
            **{
                **record,
                "folder": folder,
                **{k: tuple(record[k]) for k in ("components", "builds", "installed")},
            }
        )
    except (OSError, ValueError, TypeError, KeyError):
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty, and no root of ours; name another folder") from None
        return None
    same = folder.is_dir() and root.builds == _names(builds)
    return replace(root, new=False) if same else None


def _record(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _names(builds: Builds) -> tuple[str, ...]:
    return tuple(sorted(f"{one.name}/{build.folder.name}" for one, build in builds))


def _filled(settings: Settings, say: Say, wanted: Mapping[Path, Builds]) -> dict[Path, FilledRoot]:
    with ExitStack() as stack:
        made = stack.enter_context(held_universe(settings, say, target_python(HOST)))
        repository = signed_repository(settings, stack.enter_context(workspace()), say, settings.state)

        def fill(folder: Path) -> FilledRoot:
            return _fill(folder, wanted[folder], made, repository, say)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(fill, wanted), strict=True))


def _fill(folder: Path, builds: Builds, made: BuiltUniverse, repository: Published, say: Say) -> FilledRoot:
    """Fill a root beside its place, then put it there."""
    begin = time.monotonic()
    names = tuple(sorted(one.name for one, _build in builds))
    say(f"{folder.name}: dnf installs {', '.join(names)} with all that they require")
    with files.disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with workspace(folder.parent.absolute()) as scratch:
        root = prepared(scratch / "x", repository, made, claims_of(builds), list(_accounts(builds)))
        done = root.dnf("install", "--setopt=plugins=0", *_packages(builds))
        text = done.stdout + done.stderr
        told = FilledRoot(
            folder, names, _names(builds), key=repository.key, scriptlets_run=root.runs_scriptlets
        )
        if done.status != 0:
            return replace(told, findings=tuple(install_answers.transaction_findings(text, "NotInstalled")))
        if failed := tuple(install_answers.scriptlet_findings(text)):
            return replace(told, findings=failed)
        told = replace(told, installed=tuple(packages_of(root)), duration_s=time.monotonic() - begin)
        _put(root, folder, told, scratch)
    return told


def _put(root: Root, folder: Path, told: FilledRoot, scratch: Path) -> None:
    """Put a root where it belongs; the record of what is in it comes last. What was there goes with the scratch folder."""
    _record(folder).unlink(missing_ok=True)
    if folder.exists():
        folder.rename(scratch / "before")
    shutil.move(root.folder, folder)
    record = {k: v for k, v in asdict(told).items() if k not in ("folder", "findings", "new")}
    files.write_text(_record(folder), json.dumps(record, indent=2) + "\n")


def _packages(builds: Builds) -> Iterator[str]:
    for one, build in builds:
        yield lint.main_rpm(one, build.binary_rpms).stem


def _accounts(builds: Builds) -> Iterator[str]:
    for one, _build in builds:
        yield from accounts(one)
