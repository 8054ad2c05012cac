"""Where packages are built: a folder of the run, a root that is thrown away, no network, build requirements that are really checked.

A host whose rpm has no Python macros (Debian) gets ours, and a private RPM database that says what the build
environment has, so BuildRequires hold or fail there as on Fedora: nothing is built with --nodeps. What runs there is started by `rpmbuild`.
"""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sfcci import command, files
from sfcci.environment import Environment, EnvironmentSpec
from sfcci.errors import MissingTool, ToolError
from sfcci.package import inside_build
from sfcci.package.dialect import normal_name
from sfcci.package.lock import STAND_INS
from sfcci.package.macros.python3dist import bound_version
from sfcci.package.profile import HOST, Profile

BUILD_ENVIRONMENT = EnvironmentSpec(
    "rpm-build",
    (
        "flit_core==4.2.0",
        "installer==1.1.0",
        "packaging==25.0",
        "pbr==7.1.3",
        "setuptools==84.2.1",
        "wheel==0.48.0",
    ),
)
"""What runs inside rpmbuild: the back ends of the components, and what our macros need."""
MACROS = Path(__file__).parent / "macros"
SHORT_TIMEOUT_S = 60.0
FULL_DISK = re.compile(r"No space left on device|disk is full")
PREFIX = "sfcci-build-"
BUILD_PLACE = Path("/builddir")
"""Where a build lies in a root of its own, as with mock: wherever the run's folder is, the same paths go into the packages."""


@dataclass(frozen=True)
class Host:
    """Where a build runs: the build environment, a folder of the run, the target, our macros when the host's rpm has none."""

    environment: Environment
    python_version: str
    """As in 3.11."""
    rpm_version: str
    folder: Path
    own_macros: bool
    layers: tuple[str, ...] = ()
    """Folders outside of the system's that the build environment needs."""
    obstacle: str = ""
    """Why the kernel gives no root that is thrown away; "" when it does."""
    profile: Profile = HOST

    @property
    def database(self) -> Path:
        """The private RPM database; it exists when the host has no macros of its own."""
        return self.folder / "rpmdb"

    @property
    def programs(self) -> Path:
        """The environment's programs, through a link: its own path may hold letters that rpm's macros stumble over."""
        return self.folder / "environment" / "bin"

    @property
    def home(self) -> Path:
        """HOME of what runs here."""
        return self.folder / "home"

    @property
    def place(self) -> Path:
        """Where what is built lies, for those who build; nothing of it is kept."""
        return self.folder / "work" if self.obstacle else BUILD_PLACE / "work"

    def inside(self, path: Path) -> Path:
        """Give the name that a path in the run's folder has for those who build."""
        return path if self.obstacle else BUILD_PLACE / "run" / path.relative_to(self.folder)

    def identity(self) -> str:
        """Everything about this host that may change what is built, as one text."""
        texts = [path.read_text() for path in sorted(MACROS.iterdir()) if path.is_file()]
        made_of = (self.environment.root.name, self.python_version, self.rpm_version, str(self.own_macros))
        target = (self.profile.name, json.dumps(dict(self.profile.macros), sort_keys=True))
        return "\0".join([*made_of, *target, "" if self.obstacle else str(BUILD_PLACE), *texts])

    def __str__(self) -> str:
        """Say in a sentence what separates a build from this machine."""
        return f"for {self.profile.title}, Python {self.python_version}; {separation(self.obstacle)}"


@dataclass(frozen=True)
class BuiltPackages:
    """What one component's build gave; the paths lie in the run's folder until they are published."""

    spec: Path
    source_rpm: Path
    binary_rpms: tuple[Path, ...]
    """In order of names."""
    log: Path
    duration_s: float


@contextlib.contextmanager
def workspace(base: Path | None = None) -> Iterator[Path]:
    """Give a folder of this run alone in `base` (else in TMPDIR): with a short path, for rpm takes no odd letters; gone with the block."""
    base = base or Path(tempfile.gettempdir())
    _sweep(base)
    with files.disk_errors(base):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    try:
        with files.locked(folder / "starting"):
            (folder / "starting").rename(folder / "lock")
            yield folder
    finally:
        files.remove_tree(folder)


def _sweep(base: Path) -> None:
    """Remove what killed runs of this user left behind: their locks are free."""
    for left in base.glob(f"{PREFIX}*/lock"):
        with contextlib.suppress(OSError, MissingTool):
            if left.parent.lstat().st_uid == os.geteuid() and (lock := files.try_lock(left)) is not None:
                files.remove_tree(left.parent)
                lock.close()


def found_host(folder: Path, made: Environment, profile: Profile = HOST) -> Host:
    """Look the host over; `folder` is new and this host's alone, `made` the build environment. Raises MissingTool, ToolError."""
    home = folder / "home"
    with files.disk_errors(folder):
        home.mkdir(parents=True)
        (folder / "stage").mkdir()
        (folder / "environment").symlink_to(made.root)
    env = {**os.environ, "HOME": str(home)}  # the caller's own ~/.rpmmacros are no part of a build

    def answer(*argv: str | Path) -> str:
        return command.run(argv, timeout_s=SHORT_TIMEOUT_S, env=env).stdout.strip()

    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"
    version, prefix = answer(made.python, "-Ic", code).split(maxsplit=1)
    layers = {str(made.root), os.path.realpath(made.root), prefix, os.path.realpath(prefix)}
    host = Host(
        environment=made,
        python_version=version,
        rpm_version=answer("rpmbuild", "--version"),
        folder=folder,
        own_macros=not answer("rpm", "--eval", "%{?pyproject_wheel:1}"),
        layers=tuple(sorted(layers)),
        profile=profile,
    )
    return replace(host, obstacle=_obstacle(host))


def _obstacle(host: Host) -> str:
    """Say why no throw-away root can be made; "" when one was."""
    if not sandbox():
        return "the kernel allows no namespaces"
    done = command.run([*enter(host), "true"], timeout_s=SHORT_TIMEOUT_S, check=False)
    return "" if done.status == 0 else (done.stderr.strip() or "the kernel refuses it").splitlines()[-1]


def enter(host: Host) -> tuple[str, ...]:
    """Give the words before a program that have it run where this host builds."""
    if host.obstacle:
        return sandbox()
    program = (os.path.realpath(sys.executable), "-I", "-S", "-B", str(inside_build.__file__))
    return (*sandbox(), *program, str(host.folder / "stage"), str(host.folder), json.dumps(host.layers))


def make_ready(host: Host) -> None:
    """Make what builds on this host need besides: our macros and the private database. A second call does nothing.

    Raises MissingTool: without them nothing can be built here.
    """
    if not host.own_macros or host.database.exists():
        return
    with files.disk_errors(host.folder):
        shutil.copytree(MACROS, host.folder / "macros", ignore=shutil.ignore_patterns("__pycache__"))
        # the last file that rpm reads: --load is lost where rpm reads its files again for the target (4.20)
        shutil.copy(MACROS / "macros.python", host.home / ".rpmmacros")
        try:
            _make_database(host)
        except ToolError as error:
            refuse_full_disk(str(error))
            raise MissingTool(f"rpm here cannot keep a database of its own: {error}") from error


def separation(obstacle: str) -> str:
    """Say in words what a build is separated from this machine by; `obstacle` is why it has no root of its own."""
    root = f"no root of its own: {obstacle}" if obstacle else f"in a throw-away root at {BUILD_PLACE}"
    network = (
        "without a network" if sandbox() else "with this machine's network (the kernel allows no namespaces)"
    )
    return f"{root}; {network}"


@cache
def sandbox() -> tuple[str, ...]:
    """Give the words before a program that cut it off from the network and end it with the tool.

    As far as the kernel allows: with namespaces of its own, in a user namespace for an ordinary user; () for neither.
    """
    fresh = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    for way in command.unshare_ways():
        words = (*command.ends_with_tool(), "unshare", *way, *fresh)
        with contextlib.suppress(MissingTool):
            if command.run([*words, "true"], timeout_s=SHORT_TIMEOUT_S, check=False).status == 0:
                return words
    return ()


def clean_environment(host: Host) -> dict[str, str]:
    """The environment of a build: nothing of the caller's, for pip's settings and PYTHONPATH would leak into it."""
    return _environment(host.home, host.programs)


def inner_environment(host: Host) -> dict[str, str]:
    """The same as it is called where this host builds."""
    return _environment(host.inside(host.home), host.inside(host.programs))


def _environment(home: Path, programs: Path) -> dict[str, str]:
    path = f"{programs}:/usr/bin:/bin:/usr/sbin:/sbin"
    return {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _make_database(host: Host) -> None:
    """Make the private RPM database: one package that provides what the build environment has, written nowhere else."""
    top = host.folder / "bridge"
    top.mkdir()
    spec = top / "sfcci-build-environment.spec"
    spec.write_text(_bridge_spec(host))
    rpm = ("--define", f"_topdir {top}", "--define", f"_dbpath {host.database}")
    env = clean_environment(host)
    command.run(["rpmbuild", *rpm, "-bb", spec], timeout_s=SHORT_TIMEOUT_S, env=env)
    (made,) = (top / "RPMS").rglob("*.rpm")
    justdb: list[str | Path] = ["rpm", *rpm, *debian_option(), "--install", "--justdb", "--nodeps", made]
    command.run(justdb, timeout_s=SHORT_TIMEOUT_S, env=env)


@cache
def debian_option() -> Sequence[str]:
    """Debian's rpm up to 4.18 warns and waits before it installs, unless it is told that this is meant."""
    option = "--force-debian"
    known = command.run(["rpm", option, "--version"], timeout_s=SHORT_TIMEOUT_S, check=False).status == 0
    return (option,) if known else ()


def _bridge_spec(host: Host) -> str:
    code = "import importlib.metadata as m; print(*(f'{d.name} {d.version}' for d in m.distributions()), sep='\\n')"
    listed = command.run(
        [host.environment.python, "-Ic", code], timeout_s=SHORT_TIMEOUT_S
    ).stdout.splitlines()
    provides = [
        f"python3-devel = {host.python_version}",
        "pyproject-rpm-macros = 1",
        "systemd-rpm-macros = 1",
    ]
    for line in sorted(listed):
        name, version = line.split()
        names = [
            normal_name(name),
            *(one for one, locked in STAND_INS.items() if locked == normal_name(name)),
        ]
        provides += [f"python3dist({one}) = {bound_version(version)}" for one in names]
    return (
        "Name: sfcci-build-environment\nVersion: 1\nRelease: 1\nSummary: What the build environment has\n"
        "License: Apache-2.0\nBuildArch: noarch\n"
        + "".join(f"Provides: {line}\n" for line in provides)
        + "%description\n%{summary}.\n%files\n"
    )


def refuse_full_disk(text: str) -> None:
    """Raise MissingTool when what a program of rpm said means that the disk is full."""
    if FULL_DISK.search(text):
        where = tempfile.gettempdir()
        raise MissingTool(
            f"cannot build: the disk with {where} is full", "free some space, or set TMPDIR to another"
        )
