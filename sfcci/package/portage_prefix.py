"""A prefix of its own for portage: configuration, repositories, installed-packages database, a Python; gone with the block.

What runs there has a root that is thrown away, no network, and nothing of this machine's own portage (`inside_build`).
Where the kernel gives no such root it runs on the machine itself, without a network if that can be had, and says so.
"""

import contextlib
import grp
import json
import os
import pwd
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sfcci import command, document, environment, files
from sfcci.command import Completed
from sfcci.environment import Environment
from sfcci.errors import ProgramFailure, ToolError
from sfcci.package import inside_build, pkgcheck
from sfcci.package.build import BUILD_PLACE, refuse_full_disk, sandbox, separation, workspace
from sfcci.package.closure import Interpreter
from sfcci.package.pkgcheck import Repository
from sfcci.package.portage import PORTAGE, PROGRAMS, VERSION
from sfcci.settings import Settings

Say = Callable[[str], None]
SHORT_TIMEOUT_S = 60.0
TIMEOUT_S = 300.0
POLL_S = 0.25
FULL_BYTES = 2**16
"""A disk with less room than that is full."""
CONFIGURATION = (
    "package.accept_keywords",
    "package.keywords",
    "package.license",
    "package.mask",
    "package.unmask",
    "package.use",
    "profile",
)
"""What is taken from a user's /etc/portage besides make.conf: files or folders (portage(5)). Code (bashrc, env) is not."""
DEFAULTS = """\
ACCEPT_KEYWORDS="~${ARCH}"
ACCEPT_LICENSE="*"
"""
"""What a user's make.conf may change."""
MAKE_CONF = """\
BINPKG_COMPRESS="gzip"
DISTDIR="{prefix}/var/cache/distfiles"
FETCHCOMMAND="/bin/false"
GENTOO_MIRRORS=""
PKGDIR="{prefix}/var/cache/binpkgs"
PORTAGE_TMPDIR="{prefix}/var/tmp"
RESUMECOMMAND="/bin/false"
FEATURES="{features}"
"""
"""What keeps portage in its prefix and away from the network."""
FEATURES = (
    "-buildpkg-live -ipc-sandbox -merge-sync -network-sandbox -news -parallel-fetch -pid-sandbox -sandbox -userfetch "
    "-userpriv -usersandbox -usersync"
)
"""Off is what the root of its own does already, what Debian has no program for, and what asks for accounts of Gentoo."""
FOLDERS = ("etc/portage", "share", "usr/bin", "usr/lib", "var/cache/distfiles", "var/db/pkg", "var/tmp")
PROGRAM_LINKS = {"gtar": "tar"}
"""Names that portage uses in a prefix → programs of this machine."""


@dataclass(frozen=True)
class Prefix:
    """A prefix that is ready: `path` is its folder here, `inside(path)` what those who run in it call it."""

    folder: Path
    """The run's folder, which holds it."""
    portage: Environment
    layers: tuple[str, ...]
    """Folders of this machine that are read inside under their own names."""
    obstacle: str = ""
    """Why there is no root of its own; "" when there is."""
    python: Interpreter | None = None
    """The Python in it; None: nothing can be built for one."""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The prefix (EPREFIX), seen from here."""
        return self.folder / "prefix"

    def inside(self, path: Path) -> Path:
        """Give the name that a path in the run's folder has inside; other paths keep theirs."""
        if self.obstacle or not path.is_relative_to(self.folder):
            return path
        return BUILD_PLACE / "run" / path.relative_to(self.folder)

    def environ(self) -> dict[str, str]:
        """The environment of what runs in it: nothing of the caller's."""
        prefix = self.inside(self.path)
        programs = f"{prefix}/usr/bin:{self.portage.root}/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        user, group = self._account()
        return {
            "HOME": str(self.inside(self.folder / "home")),
            "PATH": programs,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "NOCOLOR": "true",
            "PORTAGE_OVERRIDE_EPREFIX": str(prefix),
            "PORTAGE_USERNAME": user,
            "PORTAGE_GRPNAME": group,
            **self.variables,
        }

    def run(
        self, argv: Sequence[str | Path], timeout_s: float = TIMEOUT_S, *, log: Path | None = None
    ) -> Completed:
        """Run a program in it; its status is the caller's to judge. Programs of portage are called by name.

        Raises MissingTool (a full disk, too), ToolError (out of time).
        """
        program = shutil.which(str(argv[0]), path=f"{self.portage.root}/bin:/usr/bin:/bin") or str(argv[0])
        words = [*_enter(self), program, *argv[1:]]
        if log:
            done = _logged(words, self, timeout_s, log)
        else:
            done = command.run(words, timeout_s=timeout_s, env=self.environ(), cwd=self.folder, check=False)
        if done.status != 0:
            refuse_full_disk(log.read_text(errors="replace") if log else done.stdout + done.stderr)
        return done

    def with_layers(self, *folders: str | Path) -> "Prefix":
        """The same prefix, in which these folders of this machine can be read, too."""
        return replace(self, layers=tuple(sorted({*self.layers, *_names(folders)})))

    def __str__(self) -> str:
        """Say in a sentence what separates it from this machine."""
        python = f", Python {self.python.version}" if self.python else ""
        return f"portage {VERSION}{python}; {separation(self.obstacle)}"

    def _account(self) -> tuple[str, str]:
        """Whom portage thinks it works as: root, inside a namespace too; else the user."""
        if os.geteuid() == 0 or sandbox():
            return "root", "root"
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


@contextlib.contextmanager
def prepared(
    settings: Settings,
    say: Say,
    *,
    overlay: Path,
    master: Path,
    config: Path | None = None,
    python: Interpreter | None = None,
    installed: Iterable[str] = (),
) -> Iterator[Prefix]:
    """Give a prefix with `overlay` (a copy of it) over `master`, for the block.

    `config` is a folder like /etc/portage whose settings are used; `python` is linked into the prefix; `installed` are
    stand-ins in the database of installed packages, as in dev-lang/python-3.13.1:3.13.
    Raises InputError (no repository), MissingTool, Unreachable (portage cannot be installed).
    """
    for program in PROGRAMS:
        command.find(program)
    repositories = [pkgcheck.repository_at(master), pkgcheck.repository_at(overlay)]
    made = environment.ensure(PORTAGE, settings.cache, say)
    with workspace() as folder:
        prefix = Prefix(folder, made, _names([made.root, *_base(made.python), master]), python=python)
        prefix = prefix.with_layers(*(_base(Path(python.path)) if python else ()))
        with files.disk_errors(folder):
            (folder / "stage").mkdir()
            (folder / "home").mkdir()
            prefix = replace(prefix, obstacle=_obstacle(prefix))
            _lay_out(prefix)
            _copy_repository(overlay, folder / "overlay")
            copied = replace(repositories[1], path=prefix.inside(folder / "overlay"))
            _configure(prefix, repositories[0], copied, config)
            seed_installed(prefix, [*_python_package(python), *installed])
        yield prefix


def seed_installed(prefix: Prefix, packages: Iterable[str]) -> None:
    """Write stand-ins into the database of installed packages: category/name-version[:slot], of ::gentoo, without a file."""
    for number, text in enumerate(packages, 1):
        cpv, _, slot = text.partition(":")
        category, _, name = cpv.partition("/")
        values = {
            "BUILD_TIME": "1",
            "CATEGORY": category,
            "CONTENTS": "",
            "COUNTER": str(number),
            "DEFINED_PHASES": "-",
            "DESCRIPTION": "Stand-in: nothing of it is here",
            "EAPI": "8",
            "KEYWORDS": "amd64 arm64",
            "LICENSE": "metapackage",
            "PF": name,
            "SLOT": slot or "0",
            "repository": "gentoo",
        }
        folder = prefix.path / "var/db/pkg" / category / name
        folder.mkdir(parents=True)
        for key, value in values.items():
            (folder / key).write_text(f"{value}\n" if value else "")


def _enter(prefix: Prefix) -> tuple[str, ...]:
    """Give the words before a program that have it run in the prefix's root."""
    program = (os.path.realpath(sys.executable), "-I", "-S", "-B", str(inside_build.__file__))
    if prefix.obstacle:  # a network of its own wants its loopback up; this machine's is none of ours
        return (*sandbox(), *program, "", "", "") if sandbox() else ()
    return (*sandbox(), *program, str(prefix.folder / "stage"), str(prefix.folder), json.dumps(prefix.layers))


def _logged(words: Sequence[str | Path], prefix: Prefix, timeout_s: float, log: Path) -> Completed:
    """Run a program whose log grows; a full disk ends it, for portage would wait for ever then."""
    begin = time.monotonic()
    argv = tuple(map(str, words))
    with (
        log.open("ab") as sink,
        command.start(argv, cwd=prefix.folder, env=prefix.environ(), stdout=sink, stderr=sink) as process,
    ):
        while process.poll() is None:
            with contextlib.suppress(command.OutOfTime):
                process.wait(POLL_S)
            if process.returncode is None and _is_full(prefix.folder):
                refuse_full_disk("No space left on device")
            if process.returncode is None and time.monotonic() - begin > timeout_s:
                raise ToolError(ProgramFailure(argv, -9), f"out of time after {timeout_s:g} s")
    return Completed(argv, process.returncode, "", "", time.monotonic() - begin)


def _is_full(folder: Path) -> bool:
    told = os.statvfs(folder)
    return (told.f_bfree if os.geteuid() == 0 else told.f_bavail) * told.f_frsize < FULL_BYTES


def _obstacle(prefix: Prefix) -> str:
    """Say why no root of its own can be made; "" when one was."""
    if not sandbox():
        return "the kernel allows no namespaces"
    done = command.run([*_enter(prefix), "true"], timeout_s=SHORT_TIMEOUT_S, check=False)
    return "" if done.status == 0 else (done.stderr.strip() or "the kernel refuses it").splitlines()[-1]


def _names(folders: Iterable[str | Path]) -> tuple[str, ...]:
    """Folders under all the names that they have: with links in their path, and without."""
    return tuple(sorted({name for one in folders for name in (str(one), os.path.realpath(one))}))


def _base(python: Path) -> tuple[str, ...]:
    """The folder that an interpreter lives in, also the one behind a virtual environment's."""
    code = "import sys; print(sys.base_prefix)"
    return (command.run([python, "-IBc", code], timeout_s=SHORT_TIMEOUT_S).stdout.strip(),)


def _python_package(python: Interpreter | None) -> tuple[str, ...]:
    """What eclasses ask for before they take a Python (has_version)."""
    return (f"dev-lang/python-{python.version}.0:{python.version}",) if python else ()


def _lay_out(prefix: Prefix) -> None:
    """Make the prefix's folders, its Python, and the names of programs that portage wants there."""
    for name in FOLDERS:
        (prefix.path / name).mkdir(parents=True)
    if prefix.python:
        options = ("-m", "venv", "--without-pip", "--symlinks")
        words: list[str | Path] = [
            *command.ends_with_tool(),
            prefix.python.path,
            *options,
            prefix.path / "usr",
        ]
        command.run(words, timeout_s=SHORT_TIMEOUT_S)
    for name in ("bin", "lib"):  # profiles of today want them merged
        (prefix.path / name).symlink_to(f"usr/{name}")
    for name, program in PROGRAM_LINKS.items():
        (prefix.path / "usr/bin" / name).symlink_to(command.find(program))
    (prefix.path / "share/portage").symlink_to(prefix.portage.root / "share/portage")


def _copy_repository(source: Path, target: Path) -> None:
    """Copy an overlay's sources: what happens to them meanwhile does not matter. Raises shutil.Error."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("md5-cache", ".git"))


def _configure(prefix: Prefix, master: Repository, overlay: Repository, config: Path | None) -> None:
    """Write what portage reads below etc/portage (portage(5)), with the user's settings in it."""
    etc = prefix.path / "etc/portage"
    listed = "".join(f"\n[{one.name}]\nlocation = {one.path}\n" for one in (master, overlay))
    (etc / "repos.conf").write_text(f"[DEFAULT]\nmain-repo = {master.name}\n{listed}")
    (etc / "make.profile").symlink_to(pkgcheck.profile_path(master))
    (etc / "make.conf").write_text(_make_conf(prefix, config))
    for given in (config / name for name in CONFIGURATION) if config else ():
        if given.is_dir():
            shutil.copytree(given, etc / given.name)
        elif given.exists():
            shutil.copy(given, etc / given.name)


def _make_conf(prefix: Prefix, config: Path | None) -> str:
    """Give make.conf: ours, so that it runs at all, then the user's."""
    given = config / "make.conf" if config else None
    theirs = document.read_text(given) if given and given.exists() else ""
    python = f"python{prefix.python.version.replace('.', '_')}" if prefix.python else ""
    targets = f'PYTHON_TARGETS="{python}"\nPYTHON_SINGLE_TARGET="{python}"\n' if python else ""
    ours = MAKE_CONF.format(prefix=prefix.inside(prefix.path), features=FEATURES)
    return "\n".join([DEFAULTS, theirs, ours + targets])
