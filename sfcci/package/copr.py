"""Builds by Copr, in its chroots of the target distribution: a source RPM goes up, what mock left there comes back.

copr-cli does both, with the user's own account (~/.config/copr). Sources: copr-cli(1), and its main.py for what it prints and
how it ends.
"""

import gzip
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sfcci import command, files
from sfcci.errors import MissingTool, ToolError, Unreachable, UsageError
from sfcci.package import mock
from sfcci.package.build import BuiltPackages
from sfcci.package.profile import PROFILES, Profile
from sfcci.package.sdist_archive import refused

Say = Callable[[str], None]
PROGRAM = "copr-cli"
RESULTS = "copr"
"""The folder of results, in that of the build; mock's own lie in one named as the chroot."""
SHORT_TIMEOUT_S = 900.0
BUILD_TIMEOUT_S = 6 * 3600.0
"""Builds wait for a builder there."""
MAX_LOG_BYTES = 64 * 2**20
BUILD_FAILED = 4
NO_ACCOUNT = (6, 7)
"""No configuration, or none that Copr takes."""
_CREATED = re.compile(r"^Created builds: (?P<id>\d+)\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"^\s+(?P<url>https?://\S+)\s*$", re.MULTILINE)
_PROJECT = re.compile(r"(@?[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.:-]*")


def require_copr(profile: Profile, project: str) -> None:
    """Raises MissingTool (no copr-cli), UsageError (a profile without a chroot, no project or none that can be)."""
    if not profile.mock:
        named = ", ".join(one.name for one in PROFILES if one.mock)
        raise UsageError(
            f"Copr builds for a distribution, not for {profile.title}; name one: --profile {named}"
        )
    if not _PROJECT.fullmatch(project):
        found = f"{project!r} is none" if project else "none is set"
        raise UsageError(f"Copr builds in a project, and {found}; set [rpm] copr, as in owner/project")
    if not command.available(PROGRAM):
        raise MissingTool(
            f"{PROGRAM} is not installed",
            "install it (dnf install copr-cli, or pipx install copr-cli), or give Copr the source RPM by hand: "
            f"copr-cli build {project} SRPM",
        )


def build_argv(project: str, chroot: str, source_rpm: Path) -> list[str]:
    """Give the argv that hands a source RPM over; it does not wait."""
    return [command.find(PROGRAM), "build", "--nowait", "--chroot", chroot, project, str(source_rpm)]


def rebuild(
    profile: Profile, project: str, source_rpm: Path, spec: Path, folder: Path, say: Say
) -> BuiltPackages:
    """Have Copr build a source RPM; `folder` is this build's. Raises MissingTool, UsageError, Unreachable, ToolError."""
    require_copr(profile, project)
    chroot, results = mock.chroot_name(profile), folder / RESULTS
    handed = _run(build_argv(project, chroot, source_rpm), SHORT_TIMEOUT_S)
    number, address = _CREATED.search(handed.stdout), _ADDRESS.search(handed.stdout)
    if number is None:
        raise ToolError(handed.failure(), "it did not say which build it made")
    say(f"waiting for Copr's build {address['url'] if address else number['id']}")
    watched = _run([command.find(PROGRAM), "watch-build", number["id"]], BUILD_TIMEOUT_S)
    _fetch(number["id"], chroot, results)
    if watched.status == BUILD_FAILED:
        failure = mock.log_failure(watched, results / chroot)
        raise ToolError(failure, f"the build failed: {address['url'] if address else number['id']}")
    return mock.mock_results(results / chroot, spec, watched.duration_s, PROGRAM)


def _run(argv: list[str], timeout_s: float) -> command.Completed:
    """Run copr-cli. That a build failed is the caller's to tell. Raises MissingTool, Unreachable, ToolError."""
    done = command.run(argv, timeout_s=timeout_s, check=False)
    if done.status in {0, BUILD_FAILED}:
        return done
    text = done.stderr.strip() or done.stdout.strip()
    if text.startswith("Traceback"):  # an answer that it did not expect: its last line says which
        text = text.splitlines()[-1]
    said = " ".join(text.split()) or f"status {done.status}"
    if done.status in NO_ACCOUNT:
        raise MissingTool(
            f"{PROGRAM} has no account to work with: {said}",
            "log in on Copr's page, and put what its page API shows into ~/.config/copr",
        )
    raise Unreachable(f"Copr did not take it: {said}; see that the project is there and has the chroot")


def _fetch(number: str, chroot: str, results: Path) -> None:
    """Get what a build left: RPMs, and logs, which are unpacked. Half of it is told by who reads it."""
    with files.disk_errors(results):
        results.mkdir()
        words = ["download-build", "--dest", str(results), "--chroot", chroot, number]
        _run([command.find(PROGRAM), *words], BUILD_TIMEOUT_S)
        (results / chroot).mkdir(exist_ok=True)
        for packed in sorted((results / chroot).glob("*.log.gz")):
            _unpack(packed, packed.with_suffix(""))
        live, log = (results / chroot / name for name in ("builder-live.log", "build.log"))
        if live.exists() and not log.exists():
            shutil.copy(live, log)


def _unpack(packed: Path, plain: Path) -> None:
    try:
        with gzip.open(packed) as file:
            data = file.read(MAX_LOG_BYTES)
    except (EOFError, gzip.BadGzipFile, ValueError) as error:
        raise refused(packed, f"is no whole log: {error}", "a log that gzip packed") from None
    plain.write_bytes(data)
