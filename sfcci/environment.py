"""Environments of their own for programs that must not share the tool's: Graphite, pkgcheck, build back ends, assets.

An environment is a virtual environment in the cache, named by the hash of all that it is made of, so a changed
requirement makes a new one beside the old. It is complete when its marker file is there: a half-made one (kill -9,
full disk) is thrown away and made again. Two runs at once wait for each other.

Who uses an environment holds a shared lock on the file `.use` beside it until its process ends, however it ends. When one is
made, those of its name and Python that were used longest ago and that nobody uses make room.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import command, files
from sfcci.errors import MissingTool, ToolError, Unreachable

INSTALL_TIMEOUT_S = 900.0
MARKER = "sfcci-complete"
KEPT = 3
"""So many environments of one name and one Python stay in the cache (one takes up to 500 MB): those that were used last."""
_held: dict[Path, int] = {}
"""Root → the descriptor with this process's lock. Never closed: the kernel does that when the process has ended."""


@dataclass(frozen=True)
class EnvironmentSpec:
    """What an environment holds: pinned requirements, pip's options, files laid into site-packages first.

    A requirement is a line of pip's requirements file: PEP 508, then perhaps `--hash=sha256:...`.
    `prepare` are requirements that are installed before the others (build tools for --no-build-isolation).
    """

    name: str
    requirements: tuple[str, ...]
    options: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    site_files: Mapping[str, str] = field(default_factory=dict)
    python: str = os.path.realpath(sys.executable)  # however this interpreter was called, one environment

    def digest(self) -> str:
        """Give 12 hex digits that change with anything that makes the environment different."""
        parts = [
            self.python,
            sys.version,
            *self.requirements,
            "--",
            *self.options,
            "--",
            *self.prepare,
            *(f"{name}\0{text}" for name, text in sorted(self.site_files.items())),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Environment:
    """A complete environment on disk."""

    root: Path

    @property
    def python(self) -> Path:
        """The interpreter inside."""
        return self.root / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """The folder that pip installs into."""
        return next((self.root / "lib").glob("python3*/site-packages"))

    def program(self, name: str) -> Path:
        """Give a console script's path (it may not exist)."""
        return self.root / "bin" / name


def ready(spec: EnvironmentSpec, cache: Path) -> Environment | None:
    """Give the environment when it is complete, without making it."""
    root = _root(spec, cache)
    hold(root)
    return Environment(root) if (root / MARKER).exists() else None  # it was removed until we held it


def ensure(
    spec: EnvironmentSpec, cache: Path, say: Callable[[str], None] = lambda _text: None
) -> Environment:
    """Give the environment, made now if need be. Raises Unreachable when pip cannot fetch what it needs."""
    if found := ready(spec, cache):
        return found
    root = _root(spec, cache)
    with files.locked(_lock(root)):
        if found := ready(spec, cache):
            return found
        say(f"making the environment {spec.name} ({len(spec.requirements)} requirements)")
        _hold(root)
        shutil.rmtree(root, ignore_errors=True)
        with files.disk_errors(root):
            _make(spec, root)
            (root / MARKER).write_text("\n".join(spec.requirements) + "\n")
        _prune(spec.name, root)
    return Environment(root)


def hold(root: Path) -> None:
    """Keep a complete environment from being removed as long as this process lives: for one that is given its path."""
    if (root / MARKER).exists():
        _hold(root)


def _root(spec: EnvironmentSpec, cache: Path) -> Path:
    # Where it really lies: the programs inside name it, and a link to the cache may go.
    return (cache / "environments").resolve() / f"{spec.name}-{spec.digest()}"


def _hold(root: Path) -> None:
    """Where the cache cannot be written nothing is removed, either."""
    path = _use(root)
    with contextlib.suppress(OSError):
        if root not in _held:
            _held[root] = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
            fcntl.flock(_held[root], fcntl.LOCK_SH)
        os.utime(path)


def _lock(root: Path) -> Path:
    """The lock of who makes or removes it."""
    return root.with_suffix(".lock")


def _use(root: Path) -> Path:
    """The lock of those who use it; its time says when somebody last began to."""
    return root.with_suffix(".use")


def _prune(name: str, newest: Path) -> None:
    """Remove the environments like the `newest` that were used longest ago; what is half made goes first."""
    like = re.compile(rf"{re.escape(name)}-[0-9a-f]{{12}}")
    there = (path for path in newest.parent.iterdir() if like.fullmatch(path.name) and path.is_dir())
    others = [path for path in there if path != newest and _pythons(path) in {_pythons(newest), ()}]
    for root in sorted(others, key=_last_use, reverse=True)[KEPT - 1 :]:
        with contextlib.suppress(OSError, MissingTool):  # another account's
            _remove(root)


def _pythons(root: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in (root / "lib").glob("python3*")))


def _last_use(root: Path) -> float:
    """Seconds since the epoch."""
    if not (root / MARKER).exists():
        return 0.0
    known = _use(root) if _use(root).exists() else root / MARKER
    return known.stat().st_mtime


def _remove(root: Path) -> None:
    """Remove an environment unless somebody makes or uses it; without its marker it is none, however far this gets."""
    with contextlib.ExitStack() as stack:
        for path in (_lock(root), _use(root)):
            lock = files.try_lock(path)
            if not lock:
                return
            stack.enter_context(lock)
        (root / MARKER).unlink(missing_ok=True)
        files.remove_tree(root)


def _make(spec: EnvironmentSpec, root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    command.run([*command.ends_with_tool(), spec.python, "-m", "venv", root], timeout_s=120)
    made = Environment(root)
    for name, text in spec.site_files.items():
        (made.site_packages / name).write_text(text)
    for requirements in filter(None, (spec.prepare, spec.requirements)):
        options = spec.options if requirements is spec.requirements else ()
        _pip_install(made, requirements, options, spec.name)


def _pip_install(
    made: Environment, requirements: tuple[str, ...], options: tuple[str, ...], name: str
) -> None:
    listed = made.root / "requirements.txt"  # pip takes hashes from a file only
    listed.write_text("\n".join(requirements) + "\n")
    argv: list[str | Path] = [
        *command.ends_with_tool(),
        made.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        *options,
        "--requirement",
        listed,
    ]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env = {**kept, "PYTHONNOUSERSITE": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    try:
        command.run(argv, timeout_s=INSTALL_TIMEOUT_S, env=env)
    except ToolError as error:
        lines = error.failure.last_lines
        reason = next(
            (line for line in reversed(lines) if line.startswith("ERROR")),
            lines[-1] if lines else "no output",
        )
        raise Unreachable(
            f"pip could not install what the environment {name} needs: {reason}; "
            "check the network and pip's index (pip config list), then run it again"
        ) from error
