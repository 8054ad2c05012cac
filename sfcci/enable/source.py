"""Where a service's configuration is: as the running process was told, else as its unit says, else where it is by default."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci.enable import command_line, mounts
from sfcci.enable.command_line import Named
from sfcci.enable.role import Role
from sfcci.enable.rooted import first, real
from sfcci.errors import Fault, InputError, MissingTool, Place, UsageError

PROC = Path("/proc")
MACHINE = Path("/")
PACKAGED, OWN = "/usr/", "/usr/local/"
"""What lies there is a package's; the machine's owner's (hier(7))."""
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""systemd.unit(5): an earlier one goes before."""


_Process = tuple[int, str, tuple[str, ...]]
"""Its number, the role's program that it is, its command line."""


@dataclass(frozen=True)
class Located:
    """A file of a configuration: as its service names it, and where it is edited."""

    seen: str
    path: Path

    @property
    def packaged(self) -> bool:
        """Whether a package brought it, and not the machine's owner."""
        return self.seen.startswith(PACKAGED) and not self.seen.startswith(OWN)


@dataclass(frozen=True)
class Source:
    """A service's configuration: its files in the order in which they are read, which takes new options, and who reads them."""

    how: str
    files: tuple[Located, ...]
    main: int
    named: tuple[Named, ...] = ()
    """As the service names them; () means that they are read by default."""
    units: tuple[str, ...] = ()
    container: str = ""
    """The id of the container in which the service runs."""
    engine: str = ""
    python: str = ""
    """The interpreter of the running service, or a program of its environment."""
    programs: tuple[str, ...] = ()
    """Which of the role's programs run."""
    elsewhere: tuple[str, ...] = ()
    """Those that run in other containers, with files of their own."""


def found(role: Role, root: Path = MACHINE, given: Sequence[str] = (), proc: Path = PROC) -> Source:
    """Find the configuration of a role; `given` are files that are named instead. Raises InputError, UsageError, MissingTool."""
    if given:
        there = tuple(Named(path) for path in given)
        return replace(_placed(role, root, there, "as named", all_there=True), named=there)
    running = _running(role, proc) if root == MACHINE else None
    return running or _of_unit(role, root) or _by_default(role, root)


def _placed(role: Role, root: Path, names: Sequence[Named], how: str, *, all_there: bool = False) -> Source:
    files = tuple(_listed(root, names))
    lost = [one for one in files if not one.path.is_file()]
    if lost and all_there:
        raise InputError(
            *(
                Fault(
                    Place(str(one.path)),
                    "is no file" if one.path.exists() else "is not there",
                    "a file that Neutron reads",
                )
                for one in lost
            )
        )
    there = tuple(one for one in files if one not in lost)
    return Source(how, there, _main(role, there, root), tuple(names))


def _listed(root: Path, names: Sequence[Named]) -> Iterator[Located]:
    for one in names:
        at = real(root, str(Path(one.path).absolute()) if root == MACHINE else one.path)
        if not one.is_folder:
            yield Located(one.path, at)
            continue
        for path in sorted(at.glob("[!.]*.conf")):  # as oslo.config: no hidden ones
            yield Located(f"{one.path.rstrip('/')}/{path.name}", real(root, f"{one.path}/{path.name}"))


def _main(role: Role, files: Sequence[Located], root: Path) -> int:
    """Give the number of the file that takes options which no file has. Raises InputError: there is none."""
    usual = {Path(path).name for path in role.defaults[role.main]}
    own = [number for number, one in enumerate(files) if not one.packaged]
    if not own:
        wanted = role.defaults[role.main][0].lstrip("/")
        hint = f"install and configure Neutron first, or name its files: --config-file {role.defaults[role.main][0]}"
        what = "is not read: a package brought all that is" if files else "is not there"
        raise InputError(
            Fault(Place(str(root / wanted)), what, f"the configuration of {role.programs[0]}", hint)
        )
    named = [number for number in own if Path(files[number].seen).name in usual]
    return named[0] if named else own[0 if role.migrates else -1]


def _by_default(role: Role, root: Path, units: tuple[str, ...] = ()) -> Source:
    paths = [path for one in role.defaults if (path := first(root, one))]
    placed = _placed(role, root, [Named(path) for path in paths], "where it is by default")
    return replace(placed, named=(), units=units)


def _of_unit(role: Role, root: Path) -> Source | None:
    """Read the units that the root has; the first that starts a program of the role counts."""
    there = [(name, path) for name in role.units if (path := first(root, _unit_paths(name)))]
    units = tuple(f"{name}.service" for name, _path in there)
    for name, path in there:
        words = command_line.exec_start([_text(real(root, path)), *_drop_ins(root, name)])
        if names := command_line.named(words):
            placed = _placed(role, root, names, f"as {path} says")
            return replace(placed, units=units, python=words[0])
    return _by_default(role, root, units) if units else None


def _unit_paths(name: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.service" for folder in UNIT_FOLDERS)


def _drop_ins(root: Path, name: str) -> list[str]:
    """Give the texts of a unit's drop-ins in the order of their names; of two of one name the first folder's."""
    named: dict[str, Path] = {}
    for folder in reversed(UNIT_FOLDERS):
        below = real(root, f"{folder}/{name}.service.d")
        inside = {path.name: f"{folder}/{name}.service.d/{path.name}" for path in below.glob("*.conf")}
        named |= {one: real(root, path) for one, path in inside.items()}
    return [_text(named[one]) for one in sorted(named)]


def _running(role: Role, proc: Path) -> Source | None:
    """Ask the processes of this machine. Raises UsageError: what runs is in a container whose configuration the host does not have."""
    processes: list[_Process] = sorted(_processes(role, proc), key=lambda one: _rank(role, *one))
    if not processes:
        return None
    pid, name, words = processes[0]
    folder = proc / str(pid)
    names = command_line.named(words) or command_line.of_environment(_text(folder / "environ"))
    at = replace(_services(processes, proc), how=f"as process {pid} ({name}) was told", named=names)
    if _same_mounts(folder, proc):
        return _of_host(role, at, folder)
    return _of_container(role, at, folder, proc)


def _services(processes: Sequence[_Process], proc: Path) -> Source:
    """Give what is known of all processes of a role; the first is the one that is asked."""
    cgroups = [_text(proc / str(pid) / "cgroup") for pid, _name, _words in processes]
    containers = [command_line.container_of(one) for one in cgroups]
    return Source(
        "",
        (),
        0,
        units=tuple(dict.fromkeys(unit for one in cgroups if (unit := command_line.unit_of(one)))),
        python=command_line.environment(processes[0][2]),
        programs=tuple(dict.fromkeys(name for _pid, name, _words in processes)),
        elsewhere=tuple(
            f"{name} (process {pid})"
            for (pid, name, _words), container in zip(processes, containers, strict=True)
            if container != containers[0]
        ),
    )


def _rank(role: Role, pid: int, name: str, words: Sequence[str]) -> tuple[int, bool, int]:
    """Give by what the process that is asked is chosen: its program, whether it names files, the oldest."""
    return role.programs.index(name), not command_line.named(words), pid


def _processes(role: Role, proc: Path) -> Iterator[_Process]:
    for folder in proc.glob("[0-9]*"):
        words = command_line.words_of(_text(folder / "cmdline"))
        if name := command_line.program(words, role.programs):
            yield int(folder.name), name, words


def _of_host(role: Role, at: Source, folder: Path) -> Source:
    if not at.named:
        placed = _by_default(role, MACHINE)
        return replace(at, how=f"{at.how}, by default", files=placed.files, main=placed.main)
    names = [replace(one, path=str(Path(_link(folder / "cwd") or "/", one.path))) for one in at.named]
    placed = _placed(role, MACHINE, names, at.how)
    return replace(placed, units=at.units, python=at.python, programs=at.programs, elsewhere=at.elsewhere)


def _of_container(role: Role, at: Source, folder: Path, proc: Path) -> Source:
    """Find on the host what a container is given: through its mounts, and through what kolla copies when it starts."""
    cgroup = _text(folder / "cgroup")
    if command_line.is_in_pod(cgroup):
        raise UsageError(
            f"{at.how}, in a pod of Kubernetes: who deploys it makes its configuration (a ConfigMap, a Secret); change it there"
        )
    inside = mounts.mounts(_text(folder / "mountinfo"))
    host = mounts.mounts(_text(proc / "self" / "mountinfo"))
    if not inside:
        raise MissingTool(f"what {at.how.removeprefix('as ')} may not be looked into", "run it as root")
    names = at.named or [Named(path) for paths in role.defaults for path in paths[:1]]
    copied = _kolla(mounts.on_host(mounts.KOLLA, inside, host))
    moved = [
        replace(one, path=mounts.on_host(mounts.source(one.path, copied), inside, host)) for one in names
    ]
    kept = [(one, new) for one, new in zip(names, moved, strict=True) if new.path]
    if not kept:
        raise UsageError(
            f"{at.how}, in a container that has {names[0].path} for itself: a change would be lost with it; "
            "name the files that it is made from, as in: --config-file /etc/kolla/neutron-server/neutron.conf"
        )
    placed = _placed(role, MACHINE, [new for _one, new in kept], f"{at.how}, in a container")
    engine = "docker" if "docker" in cgroup else "podman"
    container = command_line.container_of(cgroup)
    return replace(
        at,
        how=placed.how,
        files=placed.files,
        main=placed.main,
        container=container,
        engine=engine if container else "",
    )


def _kolla(path: str) -> dict[str, object]:
    try:
        told = json.loads(Path(path).read_text()) if path else {}
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _same_mounts(folder: Path, proc: Path) -> bool:
    """Say whether a process sees this machine's files; one that may not be asked is taken for one of the machine's own.

    A service may have mounts of its own (PrivateTmp=) and still the machine's root.
    """
    own, its = _link(proc / "self" / "ns" / "mnt"), _link(folder / "ns" / "mnt")
    if not its or own == its:
        return True
    if (root := _root(folder)) is None:
        return not command_line.container_of(_text(folder / "cgroup"))
    return root == _root(proc / "self")


def _root(folder: Path) -> tuple[int, int] | None:
    try:
        found = (folder / "root").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="surrogateescape")
    except OSError:
        return ""
