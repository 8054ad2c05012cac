"""Builds by mock, in a chroot of the target distribution: its configuration, its argv, what it leaves.

mock takes the source RPM, as Copr does (`copr`), which runs it; what it says is in its own logs, beside the RPMs.
Source: mock(1), and its site-defaults.cfg for the options.
"""

import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from sfcci import command, files
from sfcci.errors import MissingTool, ProgramFailure, ToolError, UsageError
from sfcci.package.build import BuiltPackages
from sfcci.package.profile import PROFILES, Profile

Say = Callable[[str], None]
TIMEOUT_S = 3600.0
LOG_LINES = 12
RESULTS = "mock"
"""The folder of results, in that of the build."""
INSTALLED = "installed_pkgs.log"
"""What mock writes there of the packages in its chroot."""
MACROS = {
    "%_buildhost": "localhost",
    "%source_date_epoch_from_changelog": "1",
    "%use_source_date_epoch_as_buildtime": "1",
    "%clamp_mtime_to_source_date_epoch": "1",
}
"""With these the same sources give the same octets there, too."""
FAILURES = {
    2: "it must be started by a user of the group mock",
    3: "its configuration is not valid: is the package mock-core-configs there?",
    10: "the build failed",
    20: "the chroot could not be made",
    30: "dnf could not install what the build requires",
    60: "another build has the chroot",
}
"""Exit status → what it means."""


def require_mock(profile: Profile) -> str:
    """Give mock's path. Raises MissingTool (with what to do instead), UsageError (a profile without a chroot)."""
    if not profile.mock:
        named = ", ".join(one.name for one in PROFILES if one.mock)
        raise UsageError(
            f"mock builds for a distribution, not for {profile.title}; name one: --profile {named}"
        )
    if not command.available("mock"):
        raise MissingTool(
            "mock is not installed, and this distribution may have no package of it",
            "install it on Fedora or CentOS Stream (dnf install mock), give mock or Copr the source RPM there, "
            "or build here with --builder rpmbuild",
        )
    return command.find("mock")


def chroot_name(profile: Profile, arch: str = "") -> str:
    """Give the name of mock's own configuration: centos-stream-10-x86_64."""
    return f"{profile.mock}-{arch or platform.machine()}"


def chroot_config(profile: Profile, repository: str = "", arch: str = "") -> str:
    """Give the configuration of a chroot: mock's own for the distribution, no network, reproducible, our packages.

    `repository` is the address of a repository with components that others are built with; "" for none.
    """
    name = chroot_name(profile, arch)
    lines = [
        f"# {profile.title}, for packages that sfcci builds",
        f"include({name + '.cfg'!r})",
        f"config_opts['root'] = {'sfcci-' + name!r}",
        "config_opts['rpmbuild_networking'] = False",
        *(f"config_opts['macros'][{key!r}] = {value!r}" for key, value in MACROS.items()),
    ]
    if repository:
        text = f"\n[sfcci]\nname=sfcci\nbaseurl={repository}\nenabled=1\ngpgcheck=0\n"
        lines.append(f"config_opts['dnf.conf'] += {text!r}")
    return "".join(f"{line}\n" for line in lines)


def mock_argv(
    mock: str, config: Path, source_rpm: Path, results: Path, without: Sequence[str] = ()
) -> list[str]:
    """Give the argv that rebuilds a source RPM."""
    options = [word for feature in without for word in ("--without", feature)]
    return [mock, "--root", str(config), "--resultdir", str(results), *options, "--rebuild", str(source_rpm)]


def rebuild(
    profile: Profile, source_rpm: Path, spec: Path, folder: Path, repository: Path, without: Sequence[str]
) -> BuiltPackages:
    """Have mock build a source RPM; `folder` is this build's. Raises MissingTool, UsageError, ToolError."""
    mock = require_mock(profile)
    config, results = folder / f"sfcci-{chroot_name(profile)}.cfg", folder / RESULTS
    address = repository.resolve().as_uri() if (repository / "repodata").is_dir() else ""
    with files.disk_errors(folder):
        config.write_text(chroot_config(profile, address))
        results.mkdir()
    argv = mock_argv(mock, config, source_rpm, results, without)
    done = command.run(argv, timeout_s=TIMEOUT_S, check=False)
    if done.status != 0:
        raise ToolError(
            log_failure(done, results), FAILURES.get(done.status, "see its manual for the status")
        )
    return mock_results(results, spec, done.duration_s)


def mock_results(results: Path, spec: Path, duration_s: float = 0.0, by: str = "mock") -> BuiltPackages:
    """Read what mock left in its folder of results, `by` whom it was started. Raises ToolError: it is not what mock leaves."""
    rpms = sorted(results.glob("*.rpm"))
    sources = [path for path in rpms if path.name.endswith(".src.rpm")]
    binaries = tuple(path for path in rpms if path not in sources)
    log = results / "build.log"
    if len(sources) != 1 or not binaries or not log.is_file():
        there = tuple(sorted(path.name for path in results.iterdir()))
        raise ToolError(ProgramFailure((by,), 0, there), "its folder of results holds no whole build")
    return BuiltPackages(spec, sources[0], binaries, log, duration_s)


def log_failure(done: command.Completed, results: Path) -> ProgramFailure:
    """Give the last lines of the log that tells: the build's, else the chroot's, else what the program printed."""
    for name in ("build.log", "root.log"):
        log = results / name
        if log.is_file() and (lines := log.read_text(errors="replace").splitlines()):
            return ProgramFailure(done.argv, done.status, tuple(lines[-LOG_LINES:]))
    return done.failure()
