"""Builds: rpmbuild in a throw-away folder, cut off from the network, with build requirements that are really checked.

A host whose rpm has no Python macros (Debian) gets ours, and a private RPM database that says what the build
environment has, so BuildRequires hold or fail there as on Fedora: nothing is built with --nodeps.
"""

import contextlib
import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sfcci import command, environment, files
from sfcci.environment import Environment, EnvironmentSpec
from sfcci.errors import MissingTool, ProgramFailure, ToolError
from sfcci.package.component import Component
from sfcci.package.dialect import normal_name, rpm_source_name
from sfcci.package.macros.python3dist import bound_version

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
BUILD_TIMEOUT_S = 900.0
SHORT_TIMEOUT_S = 60.0
BAD_LOG = re.compile(
    r"^(Traceback \(most recent call last\)|ModuleNotFoundError|.*: No module named ).*", re.MULTILINE
)
FULL_DISK = re.compile(r"No space left on device|disk is full")
LOG_LINES = 12
PREFIX = "sfcci-build-"


@dataclass(frozen=True)
class Host:
    """Where a build runs: the build environment, the run's folder, our macros when the host's rpm has none."""

    environment: Environment
    python_version: str
    """As in 3.11."""
    rpm_version: str
    folder: Path
    own_macros: bool

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

    def identity(self) -> str:
        """Everything about this host that may change what is built, as one text."""
        texts = [path.read_text() for path in sorted(MACROS.iterdir()) if path.is_file()]
        made_of = (self.environment.root.name, self.python_version, self.rpm_version, str(self.own_macros))
        return "\0".join([*made_of, *texts])


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
def workspace() -> Iterator[Path]:
    """Give a folder of this run alone: with a short path, for rpm takes no odd letters; gone with the block."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    with files.disk_errors(base):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    try:
        with files.locked(folder / "starting"):
            (folder / "starting").rename(folder / "lock")
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove what killed runs of this user left behind: their locks are free."""
    for left in base.glob(f"{PREFIX}*/lock"):
        with contextlib.suppress(OSError, MissingTool):
            if left.parent.lstat().st_uid == os.geteuid() and (lock := files.try_lock(left)) is not None:
                shutil.rmtree(left.parent, ignore_errors=True)
                lock.close()


def found_host(folder: Path, cache_folder: Path, say: Callable[[str], None]) -> Host:
    """Look the host over, with the build environment ready. Raises MissingTool, Unreachable, ToolError."""
    made = environment.ensure(BUILD_ENVIRONMENT, cache_folder, say)
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    home = folder / "home"
    home.mkdir()
    (folder / "environment").symlink_to(made.root)
    env = {**os.environ, "HOME": str(home)}  # the caller's own ~/.rpmmacros are no part of a build

    def answer(*argv: str | Path) -> str:
        return command.run(argv, timeout_s=SHORT_TIMEOUT_S, env=env).stdout.strip()

    return Host(
        environment=made,
        python_version=answer(made.python, "-Ic", code),
        rpm_version=answer("rpmbuild", "--version"),
        folder=folder,
        own_macros=not answer("rpm", "--eval", "%{?pyproject_wheel:1}"),
    )


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


def source_archive(component: Component, back_end: str, project: Path, host: Host) -> Path:
    """Build the sdist of a component that lies in this project, with its own PEP 517 back end; give its path."""
    out = host.folder / "sdist" / component.name
    out.mkdir(parents=True)
    code = "import importlib, sys; print(importlib.import_module(sys.argv[1]).build_sdist(sys.argv[2]))"
    done = command.run(
        [host.environment.python, "-sBPc", code, back_end, out],
        timeout_s=SHORT_TIMEOUT_S,
        cwd=project / component.source.path,
        env={**clean_environment(host), "SOURCE_DATE_EPOCH": str(_changelog_epoch(component))},
    )
    return out / done.stdout.strip().splitlines()[-1]


def build_rpms(component: Component, spec: str, archive: Path, host: Host) -> BuiltPackages:
    """Build source and binary RPMs of `spec` from its archive. Raises ToolError, MissingTool (disk full)."""
    make_ready(host)
    log = build_log(component, host)
    top = log.parent
    with files.disk_errors(top):
        for name in ("SOURCES", "SPECS", "tmp"):
            (top / name).mkdir(parents=True)
        shutil.copy(archive, top / "SOURCES" / archive.name)
        written = top / "SPECS" / f"{rpm_source_name(component)}.spec"
        written.write_text(spec)
    argv = [*sandbox(), command.find("rpmbuild"), *_definitions(host, top), "-ba", str(written)]
    done = command.run(
        argv, timeout_s=BUILD_TIMEOUT_S, env=clean_environment(host), cwd=top, log=log, check=False
    )
    _judge(done, log)
    return BuiltPackages(
        spec=written,
        source_rpm=next((top / "SRPMS").glob("*.src.rpm")),
        binary_rpms=tuple(sorted((top / "RPMS").rglob("*.rpm"))),
        log=log,
        duration_s=done.duration_s,
    )


def build_log(component: Component, host: Host) -> Path:
    """Give the place of a component's build log, in the folder of its build."""
    return host.folder / "build" / component.name / "build.log"


def _changelog_epoch(component: Component) -> int:
    """Give SOURCE_DATE_EPOCH as rpm takes it from the changelog: noon UTC of the newest day."""
    noon = dt.datetime.combine(component.changelog[0].date, dt.time(12), dt.UTC)
    return int(noon.timestamp())


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
    path = f"{host.programs}:/usr/bin:/bin:/usr/sbin:/sbin"
    return {"HOME": str(host.home), "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _definitions(host: Host, top: Path) -> list[str]:
    """Options of rpmbuild: folders of this build, and ours on a host without macros."""
    macros = {"_topdir": top, "_tmppath": top / "tmp"}
    own = {
        "_dbpath": host.database,
        "__python3": host.programs / "python",
        "python3_version": host.python_version,
        "__sfcci_macros": host.folder / "macros",
    }
    defined = {**macros, **(own if host.own_macros else {})}
    return [word for key, value in defined.items() for word in ("--define", f"{key} {value}")]


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
    provides = [f"python3-devel = {host.python_version}", "pyproject-rpm-macros = 1"]
    for line in sorted(listed):
        name, version = line.split()
        provides.append(f"python3dist({normal_name(name)}) = {bound_version(version)}")
    return (
        "Name: sfcci-build-environment\nVersion: 1\nRelease: 1\nSummary: What the build environment has\n"
        "License: Apache-2.0\nBuildArch: noarch\n"
        + "".join(f"Provides: {line}\n" for line in provides)
        + "%description\n%{summary}.\n%files\n"
    )


def _judge(done: command.Completed, log: Path) -> None:
    """Raise what a failed build means. A traceback is a failure though rpmbuild says 0: its generators swallow it."""
    text = log.read_text(errors="replace")
    refuse_full_disk(text)
    argv = done.argv[len(sandbox()) :]
    if done.status != 0:
        raise ToolError(ProgramFailure(argv, done.status, _telling(text)))
    if found := BAD_LOG.search(text):
        at = text[found.start() :].splitlines()
        raise ToolError(ProgramFailure(argv, done.status, tuple(at[:LOG_LINES])), "a program in it failed")


def refuse_full_disk(text: str) -> None:
    """Raise MissingTool when what a program of rpm said means that the disk is full."""
    if FULL_DISK.search(text):
        where = tempfile.gettempdir()
        raise MissingTool(
            f"cannot build: the disk with {where} is full", "free some space, or set TMPDIR to another"
        )


def _telling(text: str) -> tuple[str, ...]:
    """The lines of a log that tell why: the errors and what stands right before the first."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("+ ", "warning: "))]
    first = next((n for n, line in enumerate(lines) if line.startswith("error:")), len(lines))
    return tuple(lines[max(0, first - LOG_LINES + 4) : first + 4])
