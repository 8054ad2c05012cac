"""The door to podman: how it is called, and what it needs on this machine, found out by starting a container.

Nothing is assumed of the OCI runtime, the cgroup manager or the limits: a container is started from a root file system of
symbolic links with this machine's /usr in it, so that no image is needed. Where that fails, `containers.conf` options are
added one after the other until it works; what works is remembered as long as the machine stays the same.
"""

import hashlib
import json
import os
import re
import resource
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sfcci import command, files
from sfcci.errors import MissingTool, ToolError
from sfcci.machine import install_hint
from sfcci.settings import Settings

TIMEOUT_S = 120.0
PROBE_TIMEOUT_S = 60.0
GRACE_S = 30.0
"""A podman that is killed while it makes a network leaves that behind; one that is told to end takes some seconds."""
MIN_VERSION = (4, 0)
NOFILE, NPROC = 1_048_576, 32_768
"""No more than these limits are asked for, and no more than this process may have."""
ALONE = Path(__file__).with_name("podman_alone.py")
HOST = "host"
ORDINARY = "472:472"
"""User and group that the probe's container runs as: Grafana's."""
CONFIGURATIONS = (
    Path("/usr/share/containers/containers.conf"),
    Path("/etc/containers/containers.conf"),
    Path("~/.config/containers/containers.conf"),
)
"""What podman reads, later over earlier (containers.conf(5)); all of it, unless CONTAINERS_CONF names one file instead."""
Say = Callable[[str], None]
Table = dict[str, Any]


@dataclass(frozen=True)
class Podman:
    """A podman that starts containers here: its version, whose it is, the environment that it is called with."""

    version: tuple[int, ...]
    rootless: bool
    environ: Mapping[str, str] = field(repr=False)
    path: str
    network: str = ""
    """ "host" where nothing else works (an ordinary user without /dev/net/tun); "" means podman's own default."""

    def run(
        self,
        *words: str | Path,
        timeout_s: float = TIMEOUT_S,
        check: bool = True,
        stdin: str | None = None,
        lock: Path | None = None,
    ) -> command.Completed:
        """Run `podman WORDS`. Raises ToolError (a status other than 0 with `check`, or out of time).

        `lock` is held until podman has ended, also where this tool is killed meanwhile.
        """
        holder = (sys.executable, "-I", ALONE, lock) if lock else ()
        try:
            return command.run(
                [*holder, self.path, *words],
                timeout_s=timeout_s,
                check=check,
                env=self.environ,
                stdin=stdin,
                grace_s=GRACE_S,
            )
        except ToolError as error:
            argv = error.failure.argv[len(holder) :]
            note = error.note or remedy(" ".join(error.failure.last_lines))
            raise ToolError(replace(error.failure, argv=argv), note) from None

    def exists(self, kind: str, name: str) -> bool:
        """Say whether there is an image, pod, container, volume, network or secret of this name."""
        verb = ("inspect", "--format", "{{.ID}}") if kind == "secret" else ("exists",)
        return self.run(kind, *verb, name, check=False).status == 0


def probe(
    settings: Settings, say: Say = lambda _text: None, environ: Mapping[str, str] = os.environ
) -> Podman:
    """Find podman and the configuration with which it starts containers here; remembered in the state folder.

    Raises MissingTool: podman is not here, or starts no container, with the remedy.
    """
    path = command.find("podman")
    folder = settings.state / "preview"
    plain = {name: text for name, text in environ.items() if not name.startswith("SFCCI_")}
    version = _version(path, plain)
    with files.locked(folder / "podman.lock"):
        key = _machine(version, plain)
        found = _remembered(folder, key)
        if found is None:
            say("finding out what podman needs on this machine")
            found = _tried(path, plain, folder)
            files.write_text(folder / "podman.json", json.dumps({**found, "machine": key}))
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    own = {"CONTAINERS_CONF": str(folder / "containers.conf")} if found["options"] else {}
    return Podman(numbers, os.geteuid() != 0, {**plain, **own}, path, found["network"])


def _version(path: str, environ: Mapping[str, str]) -> str:
    done = command.run([path, "--version"], timeout_s=PROBE_TIMEOUT_S, env=environ, check=False)
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    if done.status or not found:
        raise MissingTool(f"{path} does not tell its version: {_last(done)}", install_hint("podman"))
    if tuple(int(part) for part in found[0].split(".")[:2]) < MIN_VERSION:
        raise MissingTool(f"podman {found[0]} is too old", "version 4.0 or later is needed")
    return found[0]


def _machine(version: str, environ: Mapping[str, str]) -> str:
    """Give a digest of all that the answer depends on."""
    names = ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME")
    facts = [
        version,
        os.geteuid(),
        _limits(),
        [environ.get(name) for name in names],
        [command.available(name) for name in ("crun", "runc", "slirp4netns", "pasta", "newuidmap")],
        os.access("/dev/net/tun", os.R_OK | os.W_OK),
        _configured(environ),
        Path("/proc/self/cgroup").read_text(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _remembered(folder: Path, key: str) -> Table | None:
    try:
        found: Table = json.loads((folder / "podman.json").read_text())
    except (OSError, ValueError):
        return None
    kept = not found.get("options") or (folder / "containers.conf").exists()
    return found if kept and found.get("machine") == key else None


def _tried(path: str, environ: Mapping[str, str], folder: Path) -> Table:
    """Start containers until one runs: the options that it needed, and the network."""
    root = folder / "probe"
    binds = _made_root(root)
    try:
        if not _started(path, environ, root, binds, ()).status:
            return {"options": {}, "network": ""}
        failed: list[command.Completed] = []
        for options in _ladder():
            own = _own_configuration(environ, options, folder)
            done = _started(path, own, root, binds, ("--network=none",))
            if not done.status:
                break
            failed.append(done)
        else:
            raise _useless(failed[0])
        if not _started(path, own, root, binds, ()).status:
            return {"options": options, "network": ""}
        last = _started(path, own, root, binds, (f"--network={HOST}",))
        if last.status:
            raise _useless(last)
        return {"options": options, "network": HOST}
    finally:
        files.remove_tree(root)


def _ladder() -> Iterator[Table]:
    """Give options of containers.conf: none, then what a machine without systemd, with low limits, with old cgroups needs."""
    limits = [f"{name}={limit}:{limit}" for name, limit in _limits().items()]
    containers = {"default_ulimits": limits}
    engine = {"cgroup_manager": "cgroupfs", "events_logger": "file"}
    yield {}
    yield {"containers": containers}
    yield {"containers": containers, "engine": engine}
    for runtime in ("runc", "crun"):
        if command.available(runtime):
            yield {"containers": containers, "engine": {**engine, "runtime": runtime}}


def _limits() -> dict[str, int]:
    """Give the limits that this process may pass on; those of other kinds are left alone."""
    kinds = {"nofile": (resource.RLIMIT_NOFILE, NOFILE), "nproc": (resource.RLIMIT_NPROC, NPROC)}
    hard = {name: (resource.getrlimit(kind)[1], most) for name, (kind, most) in kinds.items()}
    return {
        name: most if limit == resource.RLIM_INFINITY else min(limit, most)
        for name, (limit, most) in hard.items()
    }


def _made_root(root: Path) -> tuple[str, ...]:
    """Make a root file system that has this machine's programs; give the --volume options that bring them in."""
    files.remove_tree(root)
    names = ("usr", "bin", "sbin", "lib", "lib32", "lib64")
    with files.disk_errors(root):
        for name in ("proc", "sys", "dev", "etc", "run", "tmp", "usr"):
            (root / name).mkdir(parents=True)
        for name in names[1:]:
            if (link := Path("/", name)).is_symlink():
                (root / name).symlink_to(link.readlink())
    real = [name for name in names if Path("/", name).is_dir() and not Path("/", name).is_symlink()]
    return tuple(f"--volume=/{name}:/{name}:ro" for name in real)


def _started(
    path: str, environ: Mapping[str, str], root: Path, binds: tuple[str, ...], network: tuple[str, ...]
) -> command.Completed:
    """Start a container, on podman's own network with a port of this machine unless one is named, and remove it.

    It runs as an ordinary user, as the images do: where podman has one user id alone, none of them starts.

    It is not waited for: the first one of a new storage may be missed when it ends, which takes podman 20 s to see. One that
    is left behind by a kill ends and goes by itself.
    """
    words = [path, "run", "--detach", "--rm", f"--user={ORDINARY}", "--security-opt=label=disable", *binds]
    published = network or ("--publish=127.0.0.1::8080",)
    argv = [*words, *published, "--rootfs", str(root), "/usr/bin/sleep", str(PROBE_TIMEOUT_S)]
    try:
        done = command.run(argv, timeout_s=PROBE_TIMEOUT_S, env=environ, check=False)
        if done.status == 0:
            gone = [path, "rm", "--force", "--time=0", done.stdout.strip()]
            command.run(gone, timeout_s=PROBE_TIMEOUT_S, env=environ, check=False)
    except ToolError as error:  # out of time: as good as a failure
        failure = error.failure
        return command.Completed(failure.argv, failure.status or 1, "", str(error), PROBE_TIMEOUT_S)
    return done


def _own_configuration(environ: Mapping[str, str], options: Table, folder: Path) -> dict[str, str]:
    """Write a containers.conf with what the user's says and these options; give the environment that names it."""
    if not options:
        return dict(environ)
    path = folder / "containers.conf"
    files.write_text(path, configuration(_merged(_configured(environ), options)), mode=0o600)
    return {**environ, "CONTAINERS_CONF": str(path)}


def _configured(environ: Mapping[str, str]) -> Table:
    """Give what podman reads already. A file that cannot be read is podman's to complain of."""
    named = environ.get("CONTAINERS_CONF")
    paths = [Path(named)] if named else [path.expanduser() for path in CONFIGURATIONS]
    found: Table = {}
    for path in paths:
        try:
            found = _merged(found, tomllib.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return found


def _merged(below: Table, above: Table) -> Table:
    """Lay one table over another, tables inside it likewise."""
    deep = {
        key: _merged(below[key], value)
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict)
    }
    return {**below, **above, **deep}


def configuration(table: Table, name: str = "") -> str:
    """Write a table as TOML (text, numbers, truth, lists of them, and tables of all that)."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"[{name}]"] if name and (plain or not table) else []
    lines += [f"{_quoted(key)} = {_quoted(value)}" for key, value in plain.items()]
    text = "".join(f"{line}\n" for line in lines)
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    tables = (configuration(value, f"{name}.{_quoted(key)}".lstrip(".")) for key, value in inner.items())
    return text + "".join(tables)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _useless(done: command.Completed) -> MissingTool:
    said = _last(done)
    return MissingTool(f"podman cannot start a container here: {said}", remedy(said) or "see `podman info`")


REMEDIES = {
    "subuid|subgid|newuidmap|newgidmap|setup user|setres[ug]id|setgroups": "install newuidmap (package uidmap) and give this user ids: "
    "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER (as root), then podman system migrate",
    "runtime .*not found|(crun|runc).*no such file|default OCI runtime": "install an OCI runtime: crun or runc",
    "newns|user namespace|clone|unshare|operation not permitted": "run it as root, or see `podman info`",
    "pause binary|catatonit": "a pod wants the program that holds its network: install catatonit",
    "no space left": "the disk is full; free some space and run it again",
    "permission denied": "see that this user may write below its home and to XDG_RUNTIME_DIR, or run it as root",
}
"""What podman says → what to do about it; the first that fits."""


def remedy(said: str) -> str:
    """Give what to do about what podman says; "" where nothing is known."""
    return next((hint for words, hint in REMEDIES.items() if re.search(words, said, re.IGNORECASE)), "")


def _last(done: command.Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1].removeprefix("Error: ") if lines else f"status {done.status}"
