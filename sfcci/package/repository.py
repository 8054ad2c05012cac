"""Built packages as others see them: each build whole in a folder of its own, and a repository of the newest (createrepo_c).

Folders under the state folder: `packages/COMPONENT/BUILD/` and `repositories/REPOSITORY/`; the link `current` beside the
builds and the link `repository` beside the repositories name the valid one and change in one step, so a reader never sees half a build.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command, document, files
from sfcci.errors import InputError, Place
from sfcci.finding import Finding, Severity, exit_status
from sfcci.package.build import BuiltPackages

TIMEOUT_S = 120.0
KEPT = 3
"""So many builds and repositories stay, for those who still read an older one."""
REPORT = "report.json"
_SCHEMA = {"type": "object", "required": ["fingerprint", "version", "source_rpm", "binary_rpms", "findings"]}


@dataclass(frozen=True)
class StoredBuild:
    """One build in the state folder."""

    folder: Path
    fingerprint: str
    """Hash of all that the build was made of."""
    version: str
    source_rpm: Path
    binary_rpms: tuple[Path, ...]
    findings: tuple[Finding, ...]

    @property
    def log(self) -> Path:
        """What rpmbuild said."""
        return self.folder / "build.log"


def store_build(
    state: Path,
    component: str,
    fingerprint: str,
    version: str,
    built: BuiltPackages,
    findings: Sequence[Finding],
) -> StoredBuild:
    """Put a build into the state folder and make it the component's current one."""
    report = {
        "fingerprint": fingerprint,
        "version": version,
        "source_rpm": built.source_rpm.name,
        "binary_rpms": [path.name for path in built.binary_rpms],
        "findings": [finding.as_json() for finding in findings],
    }
    with _filled(state / "packages" / component, "current") as folder:
        for path in (built.source_rpm, *built.binary_rpms):
            shutil.copy(path, folder)
        shutil.copy(built.log, folder / "build.log")
        (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n")
    stored = current_build(state, component)
    assert stored is not None  # noqa: S101 - it was written right above
    return stored


def current_build(state: Path, component: str) -> StoredBuild | None:
    """Give the component's newest build; None when there is none, or none that can be read."""
    link = state / "packages" / component / "current"
    folder = link.resolve()
    try:
        data = document.read(folder / REPORT, _SCHEMA).data
    except InputError:
        return None
    build = StoredBuild(
        folder=folder,
        fingerprint=data["fingerprint"],
        version=data["version"],
        source_rpm=folder / data["source_rpm"],
        binary_rpms=tuple(folder / name for name in data["binary_rpms"]),
        findings=tuple(_finding(entry) for entry in data["findings"]),
    )
    whole = all(path.is_file() for path in (build.source_rpm, *build.binary_rpms))
    return build if whole else None


def current_repository(state: Path) -> Path:
    """Give the repository's address: it stays, what it leads to changes in one step."""
    return state / "repository"


def publish(state: Path) -> Path:
    """Make a repository of every component's current build without errors; give its path.

    One that holds just these already stays.
    """
    names = sorted(path.parent.name for path in (state / "packages").glob("*/current"))
    builds = [
        build for name in names if (build := current_build(state, name)) and not exit_status(build.findings)
    ]
    made_of = "".join(f"{build.folder.name}\n" for build in builds)
    repository = current_repository(state)
    with contextlib.suppress(OSError):
        if (repository / "repodata" / "repomd.xml").exists() and (
            repository / "builds"
        ).read_text() == made_of:
            return repository
    with _filled(state / "repositories", "../repository") as folder:
        for build in builds:
            for path in (build.source_rpm, *build.binary_rpms):
                shutil.copy(path, folder)
        (folder / "builds").write_text(made_of)
        options = [
            "--quiet",
            "--no-database",
            "--simple-md-filenames",
            "--revision",
            "1",
            "--set-timestamp-to-revision",
        ]
        command.run(["createrepo_c", *options, folder], timeout_s=TIMEOUT_S)
    return repository


@contextlib.contextmanager
def _filled(base: Path, link: str) -> Iterator[Path]:
    """Give a new folder in `base` to fill; when the block ends well, `link` (relative to `base`) leads to it.

    Old folders go, and with them what a killed run left. Runs wait for each other.
    """
    with files.disk_errors(base), files.locked(base / "lock"):
        for left in base.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=base))
        try:
            yield folder
            folder.chmod(0o755)
            final = folder.rename(base / folder.name.removeprefix(".new-"))
            _lead(base / link, final)
            _prune(base, final)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _lead(link: Path, target: Path) -> None:
    """Make `link` a relative link to `target`, in one step."""
    place = link.parent.resolve()
    beside = place / f".{link.name}.new"
    beside.unlink(missing_ok=True)
    beside.symlink_to(os.path.relpath(target.resolve(), place))
    beside.replace(place / link.name)


def _prune(base: Path, newest: Path) -> None:
    """Remove all but the newest folders."""
    folders = [path for path in base.iterdir() if path.is_dir() and not path.is_symlink() and path != newest]
    folders.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in folders[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _finding(data: dict[str, Any]) -> Finding:
    place = Place(data["path"], data["line"], data["column"])
    return Finding(data["keyword"], Severity(data["severity"]), place, data["message"], data["hint"])
