"""The process of a run as the tool sees it: started with an order, heard line by line, ended with all that it started."""

import contextlib
import json
import os
import pickle
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfcci import command, files
from sfcci.gate.evidence import LOG
from sfcci.gate.job import Result
from sfcci.gate.order import GRACE_S, End, Order, Verdict

WORKER = Path(__file__).with_name("worker.py")
END_S = 12.0
"""The warden needs at most ten seconds to end everything."""


class Process:
    """One attempt in a process of its own. `fileno` becomes readable when it says something, or ends."""

    def __init__(self, order: Order, process: command.Process) -> None:
        self.order = order
        self.phase = ""
        self.verdict: Verdict | None = None
        self._end: End | None = None
        self._process = process
        self._rest = b""

    def fileno(self) -> int:
        """Give the handle that a selector waits on."""
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        return self._process.stdout.fileno()

    def hear(self) -> bool:
        """Take in what it says now; False when that was all."""
        data = os.read(self.fileno(), 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return bool(data)

    def _take(self, told: Mapping[str, Any]) -> None:
        if "phase" in told:
            self.phase = told["phase"]
        elif "verdict" in told:
            self.verdict = Verdict(Result(told["verdict"]), tuple(told["reasons"]))
        else:
            self._end = End(told["ended"], told["status"])

    def cancel(self) -> None:
        """Have it end at once, with all that it started."""
        self._process.terminate()

    def end(self) -> End:
        """Wait for the end of a process that has said all, or was canceled."""
        with contextlib.suppress(OSError):
            while self.hear():
                pass
        try:
            self._process.wait(END_S)
        except command.OutOfTime:
            command.end_group(self._process, grace_s=0)
        found = self._end or End("lost", self._process.returncode)
        told = telling_lines(self.order.folder / LOG)
        return replace(found, signal=signal_name(found.status), said=told)


@contextlib.contextmanager
def started(order: Order) -> Iterator[Process]:
    """Give the process that works the order off. Leaving the block ends it. Raises DiskFull, MissingTool."""
    data = pickle.dumps(order)
    argv: list[str | Path] = [sys.executable, "-P", WORKER]
    with files.disk_errors(order.folder / LOG):
        log = (order.folder / LOG).open("ab")
    with log, command.start(argv, stdin=command.PIPE, stdout=command.PIPE, stderr=log) as process:
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        with contextlib.suppress(BrokenPipeError):  # it died at once: its end tells
            process.stdin.write(b"%r %d\n" % (order.job.timeout_s + GRACE_S, len(data)) + data)
            process.stdin.flush()
        yield Process(order, process)


def signal_name(status: int) -> str:
    """Give the signal that a negative exit status stands for, "" for none."""
    with contextlib.suppress(ValueError):
        return f"{signal.Signals(-status).name} (signal {-status})"
    return ""


def telling_lines(path: Path) -> tuple[str, ...]:
    """Give the line of a log that says why its process ended, and where the rest is; () when it says nothing."""
    try:
        lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ()
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return (*(fatal or lines)[-1:], f"see {path.name}") if lines else ()
