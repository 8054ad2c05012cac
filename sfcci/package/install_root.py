"""A root that dnf fills out of given repositories and nothing else: below a run's folder, without a network, in namespaces.

While dnf works there, scriptlets find this host's programs: its /usr lies under the root's (overlayfs), so that a shell and systemctl
are the real ones. What stays in the root is the packages' alone.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sfcci import command, files
from sfcci.command import Completed
from sfcci.errors import MissingTool, ToolError
from sfcci.package import import_probe, inside
from sfcci.package.build import debian_option, refuse_full_disk, sandbox
from sfcci.package.install_answers import Probed

TIMEOUT_S = 600.0
SHORT_TIMEOUT_S = 30.0
IMPORT_TIMEOUT_S = 600.0
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of this run alone is made there
ROOT_BYTES = 512 * 2**20
"""What a large component needs with its whole closure."""
DATABASE = "/var/lib/rpm"
PLUGINS = ("--disableplugin=*", "--enableplugin=builddep,repoclosure")
"""Those of dnf that are asked for. The machine's others may bring packages: `local` keeps all that any dnf ever fetched here."""
TOP_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders that most distributions keep below /usr, with a link at the top."""
RELEASE = "10"
"""The version of the distribution that dnf is told; no repository here asks for it."""
PRIVATE = ("--make-rprivate", "/")
"""First of all mounts: what is laid in the namespace stays there. It is refused in a chroot, which has nothing to make private."""
POWERS = ("chown", "dac_override", "fowner", "fsetid", "mknod", "setfcap", "setgid", "setuid", "sys_chroot")
"""Capabilities that rpm needs to lay out a root. Scriptlets have no others: they are root in that root alone."""
CONFIGURATION = """\
[main]
reposdir={scratch}/repos
varsdir=/dev/null
cachedir={scratch}/cache
logdir={scratch}/log
metadata_expire=0
install_weak_deps=0
best=1
strict=1
"""


@dataclass(frozen=True)
class Root:
    """A root, and where dnf and rpm keep what they need for it."""

    scratch: Path
    """A folder of this run, with a path that rpm's macros do not stumble over."""
    runs_scriptlets: bool
    """False: the kernel allows no overlay here, so there is no shell for them."""

    owners: bool
    """False: an ordinary user has one account for all that is installed, so owners and groups are not verified."""

    @property
    def folder(self) -> Path:
        """The root itself."""
        return self.scratch / "root"

    def dnf(self, *words: str | Path) -> Completed:
        """Run dnf on the root; its answer is the caller's to judge. Raises MissingTool: no dnf, a full disk."""
        options = [
            f"--config={self.scratch}/dnf.conf",
            f"--installroot={self.folder}",
            f"--releasever={RELEASE}",
            *PLUGINS,
        ]
        if not self.runs_scriptlets:
            options.append("--setopt=tsflags=noscripts")
        return self._run([command.find("dnf"), "--assumeyes", *options, *words], _mounts(self))

    def rpm(self, *words: str | Path) -> Completed:
        """Run rpm on the root, which is as the packages left it."""
        return self._run([command.find("rpm"), "--root", self.folder, *debian_option(), *words], ())

    def _run(self, argv: Sequence[str | Path], mounts: Sequence[Sequence[str]]) -> Completed:
        env = {
            "HOME": str(self.scratch / "home"),
            "PATH": command.search_path(),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }
        words = [*(_within(mounts) if mounts else sandbox()), *_bounded(), *argv]
        done = command.run(words, timeout_s=TIMEOUT_S, env=env, cwd=self.scratch, check=False)
        refuse_full_disk(done.stdout + done.stderr)
        return done


def memory() -> Path | None:
    """Give a folder in memory that has room for a root, and lets programs run; None where there is none: a disk does, slower."""
    try:
        told = os.statvfs(MEMORY)
        free = int(re.findall(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())[0]) * 1024
    except (OSError, IndexError):
        return None
    roomy = min(told.f_bavail * told.f_frsize, free) > 4 * ROOT_BYTES
    usable = MEMORY.is_mount() and os.access(MEMORY, os.W_OK) and not told.f_flag & os.ST_NOEXEC
    return MEMORY if roomy and usable else None


def empty_root(scratch: Path, repositories: Mapping[str, str], accounts: Iterable[str] = ()) -> Root:
    """Make an empty root. `repositories`: id → text of its .repo file; `accounts`: users and groups that are there.

    Raises MissingTool: an ordinary user without user namespaces, a full disk.
    """
    if os.geteuid() != 0 and not sandbox():
        raise MissingTool(
            "an ordinary user cannot install into a root here: the kernel allows no user namespaces",
            "run it as root, or allow them (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
        )
    root = Root(scratch, _overlay_works(scratch), os.geteuid() == 0)
    with files.disk_errors(scratch):
        for name in ("home", "repos", "cache", "log", "work"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        (scratch / "home" / ".rpmmacros").write_text(f"%_dbpath {DATABASE}\n")
        (scratch / "dnf.conf").write_text(CONFIGURATION.format(scratch=scratch))
        for name, text in repositories.items():
            (scratch / "repos" / f"{name}.repo").write_text(text)
        _lay_out(root, accounts)
    return root


def probe(
    root: Root, python: str, package: str, site: str, modules: Sequence[str], folders: Sequence[str]
) -> Probed:
    """Import modules and load the entry points of metadata folders, all out of the root's folder `site` alone.

    `python` is the interpreter. Raises ToolError when it ended before it could answer.
    """
    request, result = root.scratch / "request.json", root.scratch / "result.json"
    result.unlink(missing_ok=True)
    asked = {"site": f"{root.folder}{site}", "modules": list(modules), "distributions": list(folders)}
    request.write_text(json.dumps(asked))
    env = {"HOME": str(root.scratch / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    words: list[str | Path] = [
        *sandbox(),
        python,
        "-I",
        "-S",
        "-B",
        str(import_probe.__file__),
        request,
        result,
    ]
    done = command.run(words, timeout_s=IMPORT_TIMEOUT_S, env=env, cwd=root.scratch / "home", check=False)
    if not result.exists():
        raise ToolError(done.failure(), f"the imports of {package} ended it")
    told = json.loads(result.read_text())
    return Probed(package, told["modules"], told["entry_points"], tuple(told["outside"]))


def _lay_out(root: Root, accounts: Iterable[str]) -> None:
    """Make what every distribution's first package brings: top folders and their links, root's account."""
    folder = root.folder
    for name in ("dev", "etc", "proc", "run", "tmp", "usr", "var"):
        (folder / name).mkdir(parents=True)
    (folder / "dev" / "null").touch()
    for name in TOP_LINKS:
        host = Path("/", name)
        if host.is_symlink():
            (folder / name).symlink_to(host.readlink())
    names = ["root", *sorted(set(accounts) - {"root"})]
    numbered = [(number if root.owners else 0, name) for number, name in enumerate(names)]
    users = [f"{name}:x:{number}:{number}::/:/sbin/nologin\n" for number, name in numbered]
    (folder / "etc" / "passwd").write_text("".join(users))
    (folder / "etc" / "group").write_text("".join(f"{name}:x:{number}:\n" for number, name in numbered))


def _mounts(root: Root) -> tuple[tuple[str, ...], ...]:
    """Arguments of mount(8) for what scriptlets need; none where the kernel allows no overlay.

    The kernel's settings below /proc are the machine's, and root needs no capability to write them: they are there to read.
    """
    if not root.runs_scriptlets:
        return ()
    return (
        PRIVATE,
        _overlay(root.folder / "usr", root.scratch / "work"),
        ("-t", "proc", "-o", "ro,nosuid,nodev,noexec", "proc", str(root.folder / "proc")),
        ("--bind", "/dev/null", str(root.folder / "dev" / "null")),
    )


def _overlay(folder: Path, work: Path) -> tuple[str, ...]:
    """Lay this host's /usr under a folder; what is written there lands in the folder itself."""
    return ("-t", "overlay", "-o", f"lowerdir=/usr,upperdir={folder},workdir={work}", "overlay", str(folder))


def _within(mounts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Give the words before a program that lay mounts for it alone, in namespaces without a network."""
    return (*sandbox(), sys.executable, "-I", "-S", str(inside.__file__), json.dumps(mounts))


@cache
def _bounded() -> tuple[str, ...]:
    """Give the words before a program that take from root what installing does not need; () without setpriv(1)."""
    words = ("setpriv", "--bounding-set", ",".join(["-all", *(f"+{name}" for name in POWERS)]))
    works = command.available("setpriv") and command.run(
        [*sandbox(), *words, "true"], timeout_s=SHORT_TIMEOUT_S, check=False
    )
    return words if works and works.status == 0 else ()


def _overlay_works(scratch: Path) -> bool:
    if not sandbox():
        return False
    upper, work = scratch / "probe" / "upper", scratch / "probe" / "work"
    for folder in (upper, work):
        folder.mkdir(parents=True, exist_ok=True)
    words = [*_within([PRIVATE, _overlay(upper, work)]), "true"]
    return command.run(words, timeout_s=SHORT_TIMEOUT_S, check=False).status == 0
