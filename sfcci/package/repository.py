"""Built packages as others see them: each build whole in a folder of its own, below the state folder: `packages/COMPONENT/BUILD/`.

The link `current` beside the builds names the valid one and changes in one step, so a reader never sees half a build.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import document, files
from sfcci.errors import InputError, Place
from sfcci.finding import Finding, Severity
from sfcci.package.build import BuiltPackages

KEPT = 3
"""So many builds (and repositories) stay, for those who still read an older one."""
REPORT = "report.json"
_SCHEMA = {
    "type": "object",
    "required": ["fingerprint", "version", "source_rpm", "binary_rpms", "findings", "sha256"],
}


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
    sha256: Mapping[str, str]
    """Name of each of its RPMs → what the file was when it was built."""
    linted: str = ""
    """What rpmlint's numbers are, with and without our filters."""

    @property
    def component(self) -> str:
        """The name of what was built."""
        return self.folder.parent.name

    @property
    def rpms(self) -> tuple[Path, ...]:
        """The source RPM, then the others."""
        return (self.source_rpm, *self.binary_rpms)

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
    linted: str = "",
    beside: Mapping[str, str] | None = None,
) -> StoredBuild:
    """Put a build, and the files `beside` it (name → text), into the state folder and make it the component's current one."""
    report: dict[str, Any] = {
        "fingerprint": fingerprint,
        "version": version,
        "source_rpm": built.source_rpm.name,
        "binary_rpms": [path.name for path in built.binary_rpms],
        "findings": [finding.as_json() for finding in findings],
        "linted": linted,
    }
    rpms = (built.source_rpm, *built.binary_rpms)
    report["sha256"] = {path.name: digest(path) for path in rpms}
    with filled(state / "packages" / component, "current") as folder:
        for path in rpms:
            shutil.copy(path, folder)
        shutil.copy(built.log, folder / "build.log")
        for name, text in (beside or {}).items():
            (folder / name).write_text(text)
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
        sha256=data["sha256"],
        linted=data.get("linted", ""),
    )
    whole = all(path.is_file() for path in build.rpms)
    return build if whole else None


def package_name(rpm: Path) -> str:
    """Give the package's name in an RPM's file name: NAME-VERSION-RELEASE.ARCH.rpm."""
    return rpm.name.rsplit("-", 2)[0]


def digest(path: Path) -> str:
    """Give a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def filled(base: Path, link: str) -> Iterator[Path]:
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
