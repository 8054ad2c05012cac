"""The repository of every component's newest build (createrepo_c), signed on request, with the .repo file that a user takes.

The link `repository` in the state folder is its address: it stays, what it leads to changes in one step. How a repository was
made (signed, its base URL) holds for the next one, too, until somebody says otherwise.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command, document
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.finding import exit_status
from sfcci.package import signing
from sfcci.package.build import workspace
from sfcci.package.repository import StoredBuild, current_build, digest, filled
from sfcci.settings import Settings

Say = Callable[[str], None]
TIMEOUT_S = 120.0
NAME = "sfcci"
"""The repository's id, and the name of its .repo file."""
TITLE = "Packages of Service Function Chaining"
KEY_FILE = f"RPM-GPG-KEY-{NAME}"
MANIFEST = f"{NAME}-repository.json"
CREATEREPO = (
    "--quiet",
    "--no-database",
    "--simple-md-filenames",
    "--revision",
    "1",
    "--set-timestamp-to-revision",
)
"""Options with which the same packages give the same metadata."""
_URL = re.compile(r"(https?|ftp|file)://\S+")


@dataclass(frozen=True)
class Published:
    """A repository."""

    folder: Path
    """Its address."""
    builds: tuple[str, ...]
    """COMPONENT/BUILD of each build in it, sorted."""
    key: str = ""
    """The fingerprint of the key that it is signed with; "" for none."""
    baseurl: str = ""
    """Where its users find it; "" means its folder on this machine."""

    @property
    def repo_file(self) -> Path:
        """What dnf takes: /etc/yum.repos.d is its place at the users'."""
        return self.folder / f"{NAME}.repo"


def current_repository(state: Path) -> Path:
    """Give the repository's address."""
    return state / "repository"


def published(state: Path) -> Published | None:
    """Give what the repository is; None when there is none that is whole."""
    folder = current_repository(state)
    try:
        data = document.read(
            folder / MANIFEST, {"type": "object", "required": ["builds", "key", "baseurl"]}
        ).data
    except InputError:
        return None
    if not (folder / "repodata" / "repomd.xml").exists():
        return None
    return Published(folder, tuple(data["builds"]), data["key"], data["baseurl"])


def publish(
    settings: Settings,
    say: Say = lambda _text: None,
    *,
    sign: bool | None = None,
    baseurl: str | None = None,
    state: Path | None = None,
) -> Published:
    """Make a repository of every component's current build without errors; one that is just so already stays.

    None means as the repository before; `state` is where the packages are kept, if not in the settings' own: the key is one
    for all. Raises UsageError, InputError (a key, a package that was changed since it was built), MissingTool, ToolError.
    """
    state = state or settings.state
    before = published(state)
    address = checked_url(baseurl if baseurl is not None else before.baseurl if before else "")
    builds = publishable(state)
    names = build_names(builds)
    signed = sign if sign is not None else bool(before and before.key)
    with workspace() as scratch:
        key = signing.signing_key(settings, scratch, say) if signed else None
        wanted = Published(current_repository(state), names, key.fingerprint if key else "", address)
        if wanted != before:
            say(f"making the repository{' and signing it' if key else ''}")
            with filled(state / "repositories", "../repository") as folder:
                fill(folder, builds, wanted, key, scratch)
    return wanted


def fill(
    folder: Path,
    builds: Sequence[StoredBuild],
    wanted: Published,
    key: signing.SigningKey | None,
    scratch: Path,
) -> None:
    """Fill an empty folder with a repository of builds. Errors as `publish`; `scratch` is a folder of this run."""
    rpms = [_copied(build, rpm, folder) for build in builds for rpm in build.rpms]
    if key and rpms:
        signing.sign_packages(key, rpms)
        _verify(key, rpms, scratch)
    command.run(["createrepo_c", *CREATEREPO, folder], timeout_s=TIMEOUT_S)
    if key:
        signing.sign_file(key, folder / "repodata" / "repomd.xml")
        (folder / KEY_FILE).write_text(key.public)
    (folder / wanted.repo_file.name).write_text(
        repo_text(wanted.baseurl or wanted.folder.as_uri(), bool(key))
    )
    told = {"builds": wanted.builds, "key": wanted.key, "baseurl": wanted.baseurl}
    (folder / MANIFEST).write_text(json.dumps(told, indent=2) + "\n")


def repo_text(baseurl: str, signed: bool) -> str:
    """Give the .repo file (dnf.conf(5)) of a repository at `baseurl`."""
    base = baseurl.rstrip("/")
    check = "1" if signed else "0"
    values: Mapping[str, Any] = {
        "name": TITLE,
        "baseurl": f"{base}/",
        "enabled": "1",
        "gpgcheck": check,
        "repo_gpgcheck": check,
        **({"gpgkey": f"{base}/{KEY_FILE}"} if signed else {}),
    }
    return f"[{NAME}]\n" + "".join(f"{key}={value}\n" for key, value in values.items())


def publishable(state: Path) -> list[StoredBuild]:
    """Give every component's current build that has no error, in order of names."""
    names = sorted(path.parent.name for path in (state / "packages").glob("*/current"))
    builds = [build for name in names if (build := current_build(state, name))]
    return [build for build in builds if not exit_status(build.findings)]


def build_names(builds: Sequence[StoredBuild]) -> tuple[str, ...]:
    """Give COMPONENT/BUILD of each."""
    return tuple(f"{build.component}/{build.folder.name}" for build in builds)


def checked_url(text: str) -> str:
    """Give a base URL, or "" for none. Raises UsageError."""
    if text and not _URL.fullmatch(text):
        raise UsageError(f"base URL {text!r} is none; expected one as in https://packages.example.org/sfcci/")
    return text


def _copied(build: StoredBuild, rpm: Path, folder: Path) -> Path:
    """Copy a package; what is not what was built goes into no repository, and is never signed."""
    copy = Path(shutil.copy(rpm, folder))
    if digest(copy) != build.sha256.get(rpm.name):
        expected = f"SHA-256 {build.sha256.get(rpm.name, 'of its build')}"
        hint = f"build it again: sfcci package rpm --force {build.component}"
        raise InputError(Fault(Place(str(rpm)), "was changed since it was built", expected, hint))
    return copy


def _verify(key: signing.SigningKey, rpms: Sequence[Path], scratch: Path) -> None:
    """Read back what was signed, as its users' rpm will: a key that rpm does not take is refused here."""
    if found := signing.signature_findings(key.public, rpms, scratch / "verified"):
        raise UsageError(
            f"rpm does not accept what key {key.fingerprint} signed: {found[0].place}: {found[0].what}"
        )
