"""Capturing what passes the ports of the switch, or of all nodes', into one pcapng file, by a process of its own in the lab."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sfcci import command, files
from sfcci.datapath.namespace import INSIDE
from sfcci.datapath.ready import readable
from sfcci.datapath.topology import Port
from sfcci.errors import ProgramFailure, ToolError

READY = b"ready\n"
READY_S = 10.0
DRAIN_S = 30.0
END_S = 1.0


def argv(prefix: Sequence[str], ports: Sequence[Port]) -> list[str | Path]:
    """Give the words of the capture program: it writes pcapng to standard output until standard input ends."""
    wanted = (f"{':'.join(filter(None, port.plug))}={port.name}" for port in ports)
    return [*prefix, sys.executable, "-I", "-S", INSIDE / "frames.py", *wanted]


@contextlib.contextmanager
def capture(prefix: Sequence[str], ports: Sequence[Port], path: Path) -> Iterator[Path]:
    """Write the frames of the ports to `path` while the block runs: ready when it starts, complete when it has ended.

    Raises ToolError, also when a frame was lost: evidence with holes is none. Raises DiskFull, MissingTool (the file cannot be written).
    """
    words = argv(prefix, ports)
    with contextlib.ExitStack() as stack:
        with files.disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            out = stack.enter_context(path.open("wb"))
        process = stack.enter_context(
            command.start(words, stdin=command.PIPE, stdout=out, stderr=command.PIPE)
        )
        with files.disk_errors(path):
            wait_ready(process)
        try:
            yield path
        except BaseException:
            with contextlib.suppress(
                ToolError, OSError
            ):  # what went wrong in the block counts; its frames are kept
                _finish(process)
            raise
        with files.disk_errors(path):
            _finish(process)


class Incomplete(ToolError):  # noqa: N818 - as Void: what was seen says nothing
    """Packets passed that a capture has not: what it holds says nothing of them."""


def wait_ready(process: command.Process) -> None:
    """Wait until no frame can be missed. Raises ToolError, OSError for a full disk."""
    assert process.stderr is not None  # noqa: S101 - it was started with a pipe
    said = os.read(process.stderr.fileno(), 4096) if readable([process.stderr], READY_S) else b""
    if said != READY:
        with contextlib.suppress(command.OutOfTime):
            process.wait(END_S)
        _check_disk(process)
        raise _failure(process, said, "the capture did not start")


def _finish(process: command.Process) -> None:
    """Have the capture drain its ring and end. Raises ToolError, OSError for a full disk."""
    try:
        _, said = process.communicate(timeout=DRAIN_S)  # closes its standard input: the sign to end
    except command.OutOfTime:
        raise _failure(process, b"", f"the capture did not end in {DRAIN_S:g} s") from None
    _check_disk(process)
    if process.returncode or not said.startswith(b"dropped "):
        raise _failure(process, said, "the capture is not complete")
    if said != b"dropped 0\n":
        note = "the machine had no time for all packets: the capture is not complete"
        raise _failure(process, said, note, Incomplete)


def _check_disk(process: command.Process) -> None:
    if process.returncode in files.FULL:
        raise OSError(process.returncode, os.strerror(process.returncode))


def _failure(
    process: command.Process, said: bytes, note: str, kind: type[ToolError] = ToolError
) -> ToolError:
    lines = tuple(said.decode(errors="replace").splitlines())
    status = process.poll()
    words = tuple(str(word) for word in process.args) if isinstance(process.args, list) else ()
    return kind(ProgramFailure(words, -1 if status is None else status, lines), note)
