"""pkgcheck: Gentoo's own checks of a repository, driven as a program in an environment of its own.

0.10.37 is the last that runs on bash before 5.3 (pkgcore 0.12.31 registers EAPI 9 and then asks for it). Everything
that pkgcheck keeps lies in a folder of ours; nothing of the user's configuration has a say.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sfcci import command, environment, files
from sfcci.errors import Fault, InputError, Place
from sfcci.finding import Finding, Severity

SPEC = environment.EnvironmentSpec(
    "pkgcheck",
    (
        "pkgcheck==0.10.37",
        "pkgcore==0.12.30",
        "snakeoil==0.10.11",
        "chardet==7.7.0",
        "lazy-object-proxy==1.13.0",
        "lxml==6.1.3",
        "pathspec==1.1.1",
        "tree-sitter==0.25.2",
        "tree-sitter-bash==0.23.3",
    ),
    # The interpreter behind our own environment: its name there (python, python3) must not make a second one.
    python=os.path.realpath(sys.executable),
)
PROGRAMS = ("bash", "zstd")
"""What it starts itself: bash sources ebuilds, zstd packs its cache of profiles (without it pkgcheck gives up)."""
FIELD, RECORD = "\u241f", "\u241e"
FIELDS = ("level", "name", "category", "package", "version", "lineno", "lines", "desc")
SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "style": Severity.WARNING}
"""pkgcheck's levels; what it only remarks is none of them."""
TIMEOUT_S = 600.0
"""A first scan against the whole of ::gentoo takes 45 to 80 s."""


@dataclass(frozen=True)
class Repository:
    """A repository that pkgcheck reads: its name and its folder."""

    name: str
    path: Path


def scan(
    overlay: Repository, master: Repository, cache: Path, say: Callable[[str], None] = lambda _text: None
) -> tuple[Finding, ...]:
    """Check `overlay` against its `master`; places are relative to the overlay. Only one scan per `cache` at a time.

    Raises MissingTool, Unreachable (pkgcheck cannot be installed), ToolError (it broke down).
    """
    for program in PROGRAMS:
        command.find(program)
    made = environment.ensure(SPEC, cache, say)
    folder = cache / "pkgcheck"
    configure(folder / "config", overlay, master)
    say(f"scanning {overlay.name} against {master.path}")
    argv: list[str | Path] = [
        made.program("pkgcheck"),
        *("--config", folder / "config", "scan", "--config", "no", "--cache-dir", folder / "cache"),
        *("--color", "no", "--repo", overlay.name),
        *("--reporter", "FormatReporter", "--format", FIELD.join(f"{{{f}}}" for f in FIELDS) + RECORD),
    ]
    done = command.run(argv, timeout_s=TIMEOUT_S, env=_environ(folder), cwd=folder)
    return findings(done.stdout)


def findings(report: str) -> tuple[Finding, ...]:
    """Read what the reporter wrote. Order: as pkgcheck gives them. Its style is a warning."""
    return tuple(_finding(record) for record in report.split(RECORD) if record.strip())


def repository_at(path: Path) -> Repository:
    """Give the repository in a folder. Raises InputError when there is none (PMS 4.4: profiles/repo_name)."""
    named = path / "profiles" / "repo_name"
    try:
        return Repository(named.read_text(encoding="utf-8").split()[0], path)
    except (OSError, UnicodeDecodeError, IndexError):
        raise InputError(
            Fault(Place(str(path)), "is no Gentoo repository", "a folder with profiles/repo_name")
        ) from None


def configure(folder: Path, overlay: Repository, master: Repository) -> None:
    """Write the configuration that pkgcore wants: repos.conf, make.conf, make.profile (portage(5))."""
    profile = profile_path(master)
    files.write_text(
        folder / "repos.conf",
        f"[DEFAULT]\nmain-repo = {master.name}\n\n"
        + "\n".join(f"[{r.name}]\nlocation = {r.path}\n" for r in (master, overlay)),
    )
    files.write_text(folder / "make.conf", f'DISTDIR="{folder / "distfiles"}"\n')
    link = folder / "make.profile"
    if not link.is_symlink() or link.readlink() != profile:
        link.unlink(missing_ok=True)
        link.symlink_to(profile)


def profile_path(master: Repository) -> Path:
    """Give the folder of the profile that checks and builds use. Raises InputError (PMS 4.4.3)."""
    return master.path / "profiles" / _profile(master)


def _profile(master: Repository) -> str:
    """The first stable profile, amd64 before others. Raises InputError when the master names none (PMS 4.4.3)."""
    path = master.path / "profiles" / "profiles.desc"
    try:
        rows = [line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise InputError(Fault(Place(str(path)), error.strerror or "", "a readable file")) from None
    stable = [row for row in rows if row[2:3] == ["stable"]]
    if not stable:
        raise InputError(Fault(Place(str(path)), "names no stable profile", "ARCH PROFILE stable"))
    return next((row[1] for row in stable if row[0] == "amd64"), stable[0][1])


def _environ(folder: Path) -> dict[str, str]:
    """HOME and the XDG folders are ours, so that no configuration or cache of the user is read or written."""
    home = {
        name: str(folder / "home") for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    }
    return {
        **home,
        "PATH": command.search_path(),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    }


def _finding(record: str) -> Finding:
    level, name, category, package, version, lineno, lines, desc = record.strip("\n").split(FIELD, 7)
    line = next(_numbers(f"{lineno} {lines}"), None)
    what = " ".join(desc.split())
    return Finding(
        name, SEVERITIES.get(level, Severity.INFO), Place(_path(category, package, version), line), what
    )


def _path(category: str, package: str, version: str) -> str:
    """The file that a result speaks of, relative to the repository; "." for the whole repository."""
    folder = "/".join(part for part in (category, package) if part) or "."
    return f"{folder}/{package}-{version}.ebuild" if package and version else folder


def _numbers(text: str) -> Iterator[int]:
    """The whole numbers in `12` or in `(12, 14)`."""
    return (
        int(word)
        for word in text.replace("(", " ").replace(")", " ").replace(",", " ").split()
        if word.isdigit()
    )
