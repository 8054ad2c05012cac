"""The universe built: a repository of RPMs of the locked closure, in the cache, one per lock; made whole or not at all."""

import contextlib
import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath

from sfcci import command, files
from sfcci.environment import Environment
from sfcci.errors import ToolError
from sfcci.package import build, closure, dialect, lock, universe
from sfcci.package.closure import Interpreter
from sfcci.package.lock import Lock
from sfcci.package.macros import python3dist
from sfcci.package.universe import Project, Universe
from sfcci.settings import Settings

Say = Callable[[str], None]
TIMEOUT_S = 600.0
KEPT = 6
"""So many universes stay in the cache, about 100 MB each: those that were used last."""
INSTALL = """\
%install
rm -rf "%{buildroot}"
mkdir -p "$(dirname "%{buildroot}")"
mv "%{universe_tree}" "%{buildroot}"

"""
"""The spec's one step: the files lie ready beside, as hard links, and are not copied."""
MACROS: Mapping[str, str] = {
    "_binary_payload": "w1.zstdio",
    "_binaries_in_noarch_packages_terminate_build": "0",
    "_unpackaged_files_terminate_build": "0",
    "__check_files": "%{nil}",
    "__os_install_post": "%{nil}",
    "_build_id_links": "none",
    "debug_package": "%{nil}",
}
"""The text says all that the generators would find, and nothing is changed after installation: rpmbuild only packs."""
MAGIC = "0\tstring\t\\177ELF\tELF\n"
"""libmagic's rules for this build: with its own ones rpmbuild spends nine tenths of its time on naming each file's kind."""


@dataclass(frozen=True)
class BuiltUniverse:
    """A repository in the cache."""

    folder: Path
    environment: Environment
    """The environment that it was made from."""
    python: Interpreter


@contextlib.contextmanager
def held_universe(settings: Settings, say: Say, python: Interpreter | None = None) -> Iterator[BuiltUniverse]:
    """Give the universe of the project's lock for `python`, made now if need be; it stays as long as the block lasts.

    Raises InputError (no lock), Unreachable, MissingTool, ToolError.
    """
    while True:
        made = ensure_universe(settings, say, python)
        with files.locked(_lock(made.folder), shared=True):
            if not _is_whole(made.folder):  # another run needed the room between the two locks
                continue
            with files.disk_errors(made.folder):
                os.utime(made.folder)
            yield made
            return


def ensure_universe(settings: Settings, say: Say, python: Interpreter | None = None) -> BuiltUniverse:
    """Give the same for a moment. Two runs wait for each other; universes that nobody has used for long make room."""
    made_for = python or closure.interpreter()
    locked = closure.project_lock(settings, made_for)
    made = closure.build_environment(settings, say, made_for)
    folder = settings.cache / "universes" / f"py{made_for.version}-{_digest(made)}"
    if not _is_whole(folder):
        with files.locked(_lock(folder)):
            if not _is_whole(folder):
                say(f"making RPMs of {len(locked.entries)} projects, once for this lock")
                make_universe(locked, made, made_for.version, folder)
                _prune(folder)
    return BuiltUniverse(folder, made, made_for)


def _is_whole(folder: Path) -> bool:
    return (folder / "repodata" / "repomd.xml").exists()


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _prune(newest: Path) -> None:
    """Remove the universes beside `newest` that were used longest ago, and that nobody uses now."""
    others = [path for path in newest.parent.iterdir() if path.is_dir() and path != newest]
    others = [path for path in others if not path.name.startswith(".")]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[KEPT - 1 :]:
        if lock := files.try_lock(_lock(path)):
            with lock:
                files.remove_tree(path)


def installed_projects(made: Environment, locked: Lock) -> tuple[tuple[Project, ...], dict[str, Path]]:
    """Give the lock's projects as they lie in the environment, and the place there of every file of theirs in a root.

    Metadata is read as files; nothing of the environment runs.
    """
    names = {dialect.normal_name(entry.name) for entry in locked.entries}
    found = {
        dialect.normal_name(one.metadata["Name"]): one
        for one in importlib.metadata.distributions(path=[str(made.site_packages)])
    }
    places: dict[str, Path] = {}
    projects = []
    for name in sorted(names & set(found)):
        files_of = dict(_files(found[name], made))
        places |= files_of
        projects.append(_project(name, found[name], tuple(files_of)))
    return tuple(projects), places


def build_stand_in(claims: Iterable[str], folder: Path) -> None:
    """Make a repository of one package that claims what only a whole distribution has. `folder` is this run's alone."""
    with files.disk_errors(folder):
        top = folder / "build"
        top.mkdir(parents=True)
        (top / "magic").write_text(MAGIC)
        (top / "stand-in.spec").write_text(universe.stand_in_spec(claims))
    _pack(top, "stand-in.spec")
    for rpm in (top / "RPMS").rglob("*.rpm"):
        rpm.rename(folder / rpm.name)
    command.run(["createrepo_c", "--quiet", "--no-database", folder], timeout_s=TIMEOUT_S)


def _files(one: importlib.metadata.Distribution, made: Environment) -> Iterator[tuple[str, Path]]:
    """Each file of a project: where it belongs in a root, where it lies."""
    root, site = str(made.root), str(made.site_packages)
    for listed in one.files or ():
        place = normpath(f"{site}/{listed}")
        if place.startswith(f"{root}/") and Path(place).is_file():
            yield f"/usr{place.removeprefix(root)}", Path(place)


def _project(name: str, one: importlib.metadata.Distribution, paths: tuple[str, ...]) -> Project:
    return Project(
        name=one.metadata["Name"],
        version=one.version,
        requires=tuple(one.requires or ()),
        extras=tuple(one.metadata.get_all("Provides-Extra") or ()),
        files=paths,
        also=tuple(other for other, locked in lock.STAND_INS.items() if locked == name),
    )


def _digest(made: Environment) -> str:
    """Change with all that the universe is made of: the environment (its name says its lock), and the code here."""
    code = [Path(str(module.__file__)).read_bytes() for module in (universe, dialect, python3dist)]
    parts = [made.root.name.encode(), Path(__file__).read_bytes(), *code]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def make_universe(locked: Lock, made: Environment, python: str, folder: Path) -> None:
    """Make the repository of a lock from its environment, whole or not at all. Raises MissingTool, ToolError."""
    with build.workspace() as top:
        projects, places = installed_projects(made, locked)
        contents = universe.shares({one.name: one.files for one in projects}, universe.common_folders(python))
        spec = universe.universe_spec(Universe(projects, python), contents, INSTALL)
        with files.disk_errors(top):
            _link(places, top / "tree")
            (top / "universe.spec").write_text(spec)
            (top / "magic").write_text(MAGIC)
        _pack(top, "universe.spec")
        _store((top / "RPMS").rglob("*.rpm"), folder)


def _link(places: Mapping[str, Path], tree: Path) -> None:
    """Lay every file at its place in the tree: a hard link, a copy where the disk is another."""
    for folder in {path.rpartition("/")[0] for path in places}:
        Path(f"{tree}{folder}").mkdir(parents=True, exist_ok=True)
    for target, place in places.items():
        try:
            os.link(place, f"{tree}{target}")
        except OSError:
            shutil.copy2(place, f"{tree}{target}")


def _pack(top: Path, spec: str) -> None:
    macros = {
        **MACROS,
        "_topdir": top,
        "_tmppath": top,
        "_dbpath": top / "rpmdb",
        "universe_tree": top / "tree",
    }
    defined = [word for key, value in macros.items() for word in ("--define", f"{key} {value}")]
    env = {
        "HOME": str(top),
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LC_ALL": "C.UTF-8",
        "MAGIC": str(top / "magic"),
    }
    argv = [
        *build.sandbox(),
        command.find("rpmbuild"),
        "--quiet",
        *defined,
        "-bb",
        str(top / spec),
    ]
    log = top / "pack.log"
    try:
        command.run(argv, timeout_s=TIMEOUT_S, env=env, cwd=top, log=log)
    except ToolError:
        build.refuse_full_disk(log.read_text(errors="replace"))
        raise


def _store(rpms: Iterator[Path], folder: Path) -> None:
    """Make the repository beside its place, then rename."""
    with files.disk_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as beside:
            new = Path(beside, "universe")
            new.mkdir()
            for rpm in rpms:
                shutil.move(rpm, new / rpm.name)
            command.run(["createrepo_c", "--quiet", "--no-database", new], timeout_s=TIMEOUT_S)
            new.rename(folder)
