"""A lab's namespaces: raised under a keeper, entered by `nsenter`, gone when the keeper ends.

The keeper holds the reading end of a pipe whose other end the tool holds. However the tool ends, kill -9 included,
the keeper then ends too, and the kernel removes every process, namespace, interface and file of the lab.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import command
from sfcci.datapath.ready import readable
from sfcci.errors import MissingTool

INSIDE = Path(__file__).parent / "inside"
START_S = 10.0
END_S = 10.0


@dataclass(frozen=True)
class Keeper:
    """Process 1 of a lab, as the machine sees it: `identity` tells it from a later process with its number."""

    pid: int
    identity: str
    user: bool
    """Whether the lab lies in a user namespace."""
    node: str = ""
    """The node of the lab whose switch is meant; "": the lab's own."""

    def at(self, node: str) -> "Keeper":
        """Give the same keeper, where a node's switch is meant."""
        return replace(self, node=node)

    @property
    def root(self) -> Path:
        """The lab's own root folder, seen from outside."""
        return Path(f"/proc/{self.pid}/root")

    def alive(self) -> bool:
        """Say whether the keeper still is: a recycled process id is somebody else."""
        return bool(self.identity) and identity(self.pid) == self.identity

    def prefix(self, host: str | None = None) -> tuple[str, ...]:
        """Give the words in front of a program's own that run it inside: on a host, or beside the switch (the node's)."""
        host = host or self.node
        net = f"--net={self.root}/run/netns/{host}" if host else "--net"
        user = ("--user", "--preserve-credentials") if self.user else ()
        return ("nsenter", f"--target={self.pid}", *user, "--mount", "--root", "--pid", net, "--")

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        host: str | None = None,
        stdin: str | None = None,
        timeout_s: float = 30,
        check: bool = True,
    ) -> command.Completed:
        """Run a program inside to its end. Raises MissingTool, ToolError."""
        return command.run([*self.prefix(host), *argv], stdin=stdin, timeout_s=timeout_s, check=check)

    def end(self) -> None:
        """End the lab: kill the keeper, wait until the kernel has taken everything. Nobody else is ever hit."""
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                if self.alive():
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    readable([handle], END_S)
            finally:
                os.close(handle)


class Raising:
    """A keeper that lives no longer than this object, until `stay` lets it."""

    def __init__(self) -> None:
        self._life = -1
        self._child = 0
        self.keeper = self._start()

    def stay(self) -> None:
        """Let the lab outlive the tool."""
        os.write(self._life, b"s")
        os.close(self._life)
        self._life = -1
        threading.Thread(target=_wait, args=(self._child,), daemon=True).start()

    def end(self) -> None:
        """End the lab and what started it; again is allowed."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        self.keeper.end()
        _reap(self._child)

    def _start(self) -> Keeper:
        reasons = []
        for way in command.unshare_ways():
            self._child, self._life, line, said = _launch(way)
            if line:
                pid = int(line)
                return Keeper(pid, identity(pid), way == command.OWN_USER)
            os.close(self._life)
            _reap(self._child)
            reasons.append(said)
        raise MissingTool(f"no namespaces for a lab here: {reasons[0]}", remedy())


def _launch(way: tuple[str, ...]) -> tuple[int, int, str, str]:
    """Start unshare and the keeper; give its process id here, the life pipe, the keeper's line, else its last words."""
    life_read, life_write = os.pipe()
    ready_read, ready_write = os.pipe()
    words = os.memfd_create("sfcci-lab")
    try:
        child = command.launch(
            [
                *_unshare(way),
                sys.executable,
                "-I",
                "-S",
                INSIDE / "keeper.py",
                str(life_read),
                str(ready_write),
                str(os.getpid()),
            ],
            log=Path(f"/proc/self/fd/{words}"),
            pass_fds=(life_read, ready_write),
        )
        os.close(ready_write)
        ready_write = -1
        line = _line(ready_read)
        os.lseek(words, 0, os.SEEK_SET)
        return child, life_write, line, os.read(words, 1000).decode(errors="replace").strip()
    except BaseException:
        os.close(life_write)
        raise
    finally:
        for handle in (life_read, ready_read, words, ready_write):
            if handle >= 0:
                os.close(handle)


def _unshare(way: tuple[str, ...]) -> tuple[str, ...]:
    return ("unshare", *way, "--mount", "--net", "--pid", "--fork", "--kill-child", "--")


def _line(handle: int) -> str:
    """Give the line that comes on a pipe, "" when its writer ends or START_S have passed."""
    return os.read(handle, 100).decode().strip() if readable([handle], START_S) else ""


def _wait(child: int) -> None:
    """Wait for a child however long it lives: a tool that outlives its lab shall not keep a dead process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def _reap(child: int) -> None:
    """Wait for the child that `command.launch` let go; end it when it does not end by itself."""
    end = time.monotonic() + END_S
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.001)


def identity(pid: int) -> str:
    """Give what no other process ever has: the boot and the clock tick of its start (proc(5)); "" for none.

    Raises OSError where that cannot be found out (no file handle is left): it may live.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state[0] == "Z" else f"{boot}/{state[19]}"


def remedy(settings: Path = Path("/proc/sys")) -> str:
    """Say what keeps this user from making namespaces, and what lifts it."""
    for name, forbids, allows in (
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "10000"),
    ):
        with contextlib.suppress(OSError):
            if (settings / name.replace(".", "/")).read_text().strip() == forbids:
                return f"allow them with: sysctl -w {name}={allows} (as root), or run as root"
    return "run as root, or where user namespaces are allowed"
