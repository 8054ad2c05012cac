"""The Graphite that a run uses: the one that the settings name, else a private one that lives while somebody uses it.

Files of the private one, in `graphite` of the state folder: `storage` (what stays), `log`, and while it runs `run` and
`instance.json`. Locks: `users` (shared: somebody uses it; alone: it is ending), `supervisor.lock` (it runs), `start.lock`
(it is being started). `keep` holds it up without users (`graphite up`).
"""

import contextlib
import json
import os
import select
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sfcci
from sfcci import command, environment, files
from sfcci.errors import EXIT_INPUT, MissingTool, Unreachable, UsageError
from sfcci.metric import software
from sfcci.metric.carbon import Address, parse_address
from sfcci.metric.retention import DEFAULT, Archive, parse_retentions
from sfcci.settings import Settings

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05
ROOM_BYTES = 8 * 2**20
"""What a start needs on the disk: its tables, its logs, the first series."""
Say = Callable[[str], None]


def _quietly(_text: str) -> None:
    pass


@dataclass(frozen=True)
class Instance:
    """A Graphite: where it is read (`url`, "" for nowhere), where it is fed (`carbon`), and how it keeps its series."""

    url: str
    carbon: Address | None
    retentions: tuple[Archive, ...]
    folder: Path | None = None
    """Where a private one keeps its files; None for the user's own."""
    pickle: Address | None = None
    """Where carbon takes pickles; None: plaintext takes all."""


@dataclass(frozen=True)
class Status:
    """What is known of the private Graphite. `kept`: it stays without users; `used`: somebody uses it right now."""

    running: bool
    url: str = ""
    carbon: str = ""
    pickle: str = ""
    kept: bool = False
    used: bool = False
    started_at: float | None = None
    storage: str = ""
    storage_bytes: int = 0


class Ending(StrEnum):
    """How `down` ended."""

    STOPPED = "stopped"
    NOT_RUNNING = "not running"
    IN_USE = "in use"


@contextlib.contextmanager
def running(settings: Settings, say: Say = _quietly) -> Iterator[Instance]:
    """Give a Graphite that is up for the block: the settings' own, else the private one, started if need be.

    The private one ends when its last user leaves its block, or dies. Raises Unreachable, UsageError, MissingTool.
    """
    if settings.graphite.url or settings.graphite.carbon:
        yield configured(settings)
        return
    with files.locked(folder_of(settings) / "users", shared=True):
        yield _started(settings, {}, say)


def configured(settings: Settings) -> Instance:
    """Give the Graphite that the settings name. Raises UsageError, InputError."""
    named = settings.graphite
    if named.url:
        from sfcci.metric.graphite import check_address

        check_address(named.url)
    carbon = parse_address(named.carbon) if named.carbon else None
    pickle = parse_address(named.pickle, example=2004) if named.pickle else None
    if pickle and not carbon:
        raise UsageError(
            "[graphite] pickle is used beside carbon only: set [graphite] carbon = HOST:PORT, too"
        )
    return Instance(named.url, carbon, parse_retentions(named.retentions), pickle=pickle)


def kept(settings: Settings) -> tuple[Archive, ...]:
    """Give how the Graphite of the settings keeps its series, the private one's when they name none."""
    named = settings.graphite
    return parse_retentions(named.retentions if named.url or named.carbon else DEFAULT)


def identity(instance: Instance) -> str:
    """Give a text that changes with the Graphite and how it keeps its series: what was written to another is not in it.

    The private one has a mark in its storage, which goes with the storage.
    """
    kept = ",".join(map(str, instance.retentions))
    if not instance.folder:
        url = urlsplit(instance.url)._replace(netloc=urlsplit(instance.url).netloc.rpartition("@")[2])
        return f"{urlunsplit(url) or 'not read'}, carbon at {instance.carbon}, {kept}"
    mark = instance.folder / "storage" / "identity"
    if not mark.exists():
        files.write_text(mark, f"{uuid.uuid4()}\n")
    return f"private {mark.read_text().strip()}, {kept}"


def folder_of(settings: Settings) -> Path:
    """The folder of the private Graphite."""
    return settings.state / "graphite"


def up(settings: Settings, say: Say = _quietly, *, web_port: int = 0, carbon_port: int = 0) -> Instance:
    """Start the private Graphite (on the ports given; 0: any free one) and keep it up until `down`.

    Raises UsageError when it is up on other ports, or a port is taken.
    """
    folder = folder_of(settings)
    wanted = {name: port for name, port in (("web", web_port), ("line", carbon_port)) if port}
    with files.locked(folder / "users", shared=True):
        instance = _started(settings, wanted, say)
        files.write_text(folder / "keep", "until: sfcci graphite down\n")
    return instance


def down(settings: Settings) -> Ending:
    """Let the private Graphite end and wait for it; while others use it, it ends when they do."""
    folder = folder_of(settings)
    if not _alive(folder):
        return Ending.NOT_RUNNING
    (folder / "keep").unlink(missing_ok=True)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _alive(folder):
        if _used(folder):
            return Ending.IN_USE
        if time.monotonic() > deadline:
            raise Unreachable(f"Graphite did not end within {STOP_TIMEOUT_S:g} s; see {folder / 'log'}")
        time.sleep(POLL_S)
    return Ending.STOPPED


def status(settings: Settings) -> Status:
    """Look at the private Graphite without starting or changing anything."""
    folder = folder_of(settings)
    storage = folder / "storage"
    kept_bytes = sum(
        path.stat().st_blocks * 512 for path in storage.rglob("*.wsp")
    )  # sparse: what the disk has
    state = _state(folder) if _alive(folder) else None
    if state is None:
        return Status(running=False, storage=str(storage), storage_bytes=kept_bytes)
    instance = _instance(folder, state)
    return Status(
        running=True,
        url=instance.url,
        carbon=str(instance.carbon),
        pickle=str(instance.pickle),
        kept=(folder / "keep").exists(),
        used=_used(folder),
        started_at=state["started_at"],
        storage=str(storage),
        storage_bytes=kept_bytes,
    )


def free_bytes(folder: Path) -> int:
    """Give how much room the disk of `folder` has for us."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _started(settings: Settings, wanted: dict[str, int], say: Say) -> Instance:
    """Give the private Graphite, started now when it does not run; the caller holds `users`."""
    folder = folder_of(settings)
    with files.locked(folder / "start.lock"):
        _wait_for_one_that_ends(folder)
        if not _alive(folder):
            if free_bytes(folder) < ROOM_BYTES:
                raise MissingTool(
                    f"no room for Graphite in {folder}", f"free {ROOM_BYTES >> 20} MiB and run it again"
                )
            made = environment.ensure(software.specification(), settings.cache, say)
            say("starting the private Graphite")
            _launch(folder, made.python, wanted)
        state = _state(folder)
        if state is None:
            raise Unreachable(f"the private Graphite has just ended; see {folder / 'log'}, then run it again")
    if any(state["ports"][name] != port for name, port in wanted.items()):
        raise UsageError(
            f"Graphite is up already at {_instance(folder, state).url}, on other ports; "
            "end it first: sfcci graphite down"
        )
    return _instance(folder, state)


def _wait_for_one_that_ends(folder: Path) -> None:
    """Wait while one that nobody starts, for we hold `start.lock`, has taken its traces away and still runs."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _state(folder) is None and _alive(folder) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _launch(folder: Path, python: Path, wanted: dict[str, int]) -> None:
    """Start the supervisor and wait for its word. When this process dies meanwhile, the supervisor sees no user."""
    log = folder / "log" / "supervisor.log"
    with files.disk_errors(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
    reading, writing = os.pipe()
    with os.fdopen(reading) as report:
        try:
            # -P: no module of the current folder is taken for ours; so ours must be found where it is.
            argv = [sys.executable, "-P", "-m", "sfcci.metric.supervisor", str(folder), str(python)]
            env = {**os.environ, "PYTHONPATH": str(Path(sfcci.__file__).parents[1])}
            command.launch([*argv, json.dumps(wanted), str(writing)], log=log, env=env, pass_fds=(writing,))
        finally:
            os.close(writing)
        answered, _, _ = select.select([report], [], [], START_TIMEOUT_S)
        line = report.readline() if answered else ""
    _check(json.loads(line) if line else {"error": f"it ended without a word; see {log}"})


def _check(answer: dict[str, Any]) -> None:
    if "error" in answer:
        kind = UsageError if answer.get("status") == EXIT_INPUT else Unreachable
        raise kind(f"the private Graphite did not start: {answer['error']}")


def _alive(folder: Path) -> bool:
    return _is_locked(folder / "supervisor.lock", shared=True)  # shared: two who look do not see each other


def _used(folder: Path) -> bool:
    """Say whether somebody uses it: `users` cannot be had alone, and yet be shared (else it is ending)."""
    return _is_locked(folder / "users") and not _is_locked(folder / "users", shared=True)


def _is_locked(path: Path, *, shared: bool = False) -> bool:
    if not path.exists():
        return False
    lock = files.try_lock(path, shared=shared)
    if lock is None:
        return True
    lock.close()
    return False


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((folder / "instance.json").read_text())
    except FileNotFoundError:
        return None
    return state


def _instance(folder: Path, state: dict[str, Any]) -> Instance:
    ports = state["ports"]
    url = f"http://{LOOPBACK}:{ports['web']}"
    line, pickle = (Address(LOOPBACK, ports[name]) for name in ("line", "pickle"))
    return Instance(url, line, parse_retentions(DEFAULT), folder, pickle)
