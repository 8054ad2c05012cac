"""The one place that starts programs: an argv list (never a shell), a time limit, a process group that ends whole.

`run` waits for a program; `start` gives a running one that ends with its `with` block. Both put the program into a
session of its own, so that Ctrl-C reaches the tool alone and the tool ends what it started, in order.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from sfcci import machine
from sfcci.errors import MissingTool, ProgramFailure, ToolError
from sfcci.machine import install_hint

LAST_LINES = 12
GRACE_S = 3.0
PIPE = subprocess.PIPE
"""For `start`: a stream that the tool itself reads or writes."""
Process = subprocess.Popen[bytes]
OutOfTime = subprocess.TimeoutExpired
search_path = machine.search_path


@dataclass(frozen=True)
class Completed:
    """A program that has ended: its argv, exit status, text on both outputs and wall time."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str
    duration_s: float

    def failure(self) -> ProgramFailure:
        """Give the last lines that the program wrote, standard error first."""
        text = self.stderr.strip() or self.stdout.strip()
        return ProgramFailure(self.argv, self.status, tuple(text.splitlines()[-LAST_LINES:]))


def find(program: str) -> str:
    """Give the absolute path of `program`. Raises MissingTool with the command that installs it."""
    path = shutil.which(program, path=search_path())
    if path is None:
        raise MissingTool(f"{program} is not installed", install_hint(program))
    return path


def available(program: str) -> bool:
    """Say whether `program` can be started on this machine."""
    return shutil.which(program, path=search_path()) is not None


def run(
    argv: Sequence[str | Path],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    log: Path | None = None,
    check: bool = True,
    grace_s: float = GRACE_S,
) -> Completed:
    """Run a program to its end. `env` replaces the environment; `log` takes both outputs instead of memory.

    `grace_s`: how long it may take to obey, out of time or after Ctrl-C, before it is killed. Raises MissingTool, ToolError (a status other than 0 with `check`, or out of time).
    """
    words = _words(argv)
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("ab")) if log else subprocess.PIPE
        process = _popen(
            words,
            cwd,
            env,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
        )
        stack.callback(end_group, process, grace_s=0)
        _waited_for.add(process)
        stack.callback(_waited_for.discard, process)
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout_s)
        except KeyboardInterrupt:  # it was told already, and puts its things in order
            end_group(process, grace_s)
            raise
        except subprocess.TimeoutExpired:
            end_group(process, grace_s)
            raise ToolError(
                ProgramFailure(words, process.returncode or -9, _tail(log)),
                f"out of time after {timeout_s:g} s",
            ) from None
    done = Completed(
        words, process.returncode, _text(out), _text(err) or _join(_tail(log)), time.monotonic() - begin
    )
    if check and done.status != 0:
        raise ToolError(done.failure())
    return done


@contextlib.contextmanager
def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program and give it while it runs; leaving the block ends its whole process group."""
    process = _popen(_words(argv), cwd, env, stdin=stdin, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        end_group(process)


def launch(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> int:
    """Start a program that outlives the tool (a daemon) and give its process id; `log` takes what it says."""
    with log.open("ab") as sink:
        process = _popen(
            _words(argv),
            None,
            env,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
    process.returncode = 0  # it is no child to wait for: Popen shall not warn when it is forgotten
    return process.pid


def become(argv: Sequence[str | Path]) -> NoReturn:
    """Replace this process by a program (execve): it has the terminal, and its exit status is the tool's."""
    words = _words(argv)
    program = words[0] if os.sep in words[0] else find(words[0])
    sys.stdout.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a program would inherit that
    os.execv(program, [program, *words[1:]])  # noqa: S606 - no shell is what is wanted


def interrupt() -> None:
    """Send SIGTERM to every program that a thread waits for in `run`, so that no thread waits long after Ctrl-C."""
    _interrupted.set()
    for process in tuple(_waited_for):
        _signal_group(process.pid, signal.SIGTERM)


def stop_if_interrupted() -> None:
    """Raise KeyboardInterrupt when Ctrl-C came, even if what ran then has swallowed it; called between long pieces of work."""
    if _interrupted.is_set():
        raise KeyboardInterrupt


_waited_for: set[subprocess.Popen[bytes]] = set()
_interrupted = threading.Event()


def ends_with_tool() -> tuple[str, ...]:
    """Give the words before a program that have the kernel kill it when the tool dies (setpriv(1)); () without setpriv."""
    return ("setpriv", "--pdeathsig", "KILL") if available("setpriv") else ()


OWN_USER = ("--user", "--map-root-user")
"""Options of unshare(1) that give an ordinary user namespaces: inside, it is root over what is its own."""
IN_CHROOT = ("--propagation", "unchanged")
"""In a chroot that is no mount point nothing can be made private: unshare's default fails there."""


def unshare_ways() -> tuple[tuple[str, ...], ...]:
    """Give the options with which unshare(1) may make namespaces for this user, the plainest first."""
    return ((), IN_CHROOT, OWN_USER) if os.geteuid() == 0 else (OWN_USER,)


def end_group(process: subprocess.Popen[bytes], grace_s: float = GRACE_S) -> None:
    """End a process and its group: SIGTERM, `grace_s` to obey, SIGKILL. What has ended already is left alone."""
    if process.poll() is None and grace_s:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):  # a pipe whose reader has gone
                stream.close()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _popen(
    words: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    *,
    stdin: int | IO[bytes] | None,
    stdout: int | IO[bytes] | None,
    stderr: int | IO[bytes] | None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    program = words[0] if os.sep in words[0] else find(words[0])
    try:
        return subprocess.Popen(
            [program, *words[1:]],
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except FileNotFoundError:
        raise MissingTool(f"{program} is not there", install_hint(words[0])) from None
    except OSError as error:  # no program of this machine, a broken one, too many of them
        raise MissingTool(f"{program} cannot be started", error.strerror or str(error)) from None


def _words(argv: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(str(word) for word in argv)


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


def _join(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def _tail(log: Path | None) -> tuple[str, ...]:
    if log is None or not log.exists():
        return ()
    return tuple(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
