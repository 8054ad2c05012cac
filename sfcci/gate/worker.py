"""A run's own process, started by path: it reads an order, works it off in a child, and ends all that the child started.

    python -P worker.py

Standard input: a line `LIMIT_S LENGTH`, then LENGTH octets (a pickled `gate.order.Order`), then nothing until it ends, which
means that the tool is gone. Standard output: a line of JSON for each phase, one for the verdict, one for the end.

Whatever the child starts, in whichever session, becomes a child of this process when its own parent dies (prctl(2),
PR_SET_CHILD_SUBREAPER). So all of it can be found and killed, and nothing stays behind when the child crashes, is killed,
or does not end in time. This process itself imports nothing of sfcci: there is little in it that could fail.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
END_S = 10.0
"""So long killed processes may take to be gone; one that hangs in the kernel is left to it."""
CRASHED = 70
"""Exit status of a child that fell over a fault of its own (EX_SOFTWARE)."""
EXPENDABLE = "500"
"""Out of memory, the kernel shall take the worker, not the tool (proc(5), oom_score_adj)."""


def main() -> None:
    """Read the order, fork the child, see to its end."""
    limit_s, data = read_order()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warden = os.getpid()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.close(wake)
        work(data, warden)
    ended: dict[int, int] = {}
    kind = wait(child, woken, limit_s, ended)
    end_all(ended)
    tell(1, {"ended": kind, "status": ended.get(child, -signal.SIGKILL)})


def read_order() -> tuple[float, bytes]:
    """Give the time limit and the pickled order; standard input stays open as the sign that the tool lives."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as pipe:
        line = b""
        while not line.endswith(b"\n"):
            line += pipe.read(1) or sys.exit("no order came")
        limit, length = line.split()
        data = b""
        while len(data) < int(length):
            data += pipe.read(int(length) - len(data)) or sys.exit("the order is not whole")
    return float(limit), data


def wait(child: int, woken: int, limit_s: float, ended: dict[int, int]) -> str:
    """Wait until the child ends, its time is up, or it is not wanted any more; say which.

    What else ends meanwhile is reaped at once: a lab's namespace is gone only when nobody waits in it to be reaped.
    """
    until = time.monotonic() + limit_s
    while True:
        reap(ended)
        if child in ended:
            return "exited"
        readable, _, _ = select.select([0, woken], [], [], max(0.0, until - time.monotonic()))
        if not readable:
            return "time"
        if 0 in readable or signal.SIGTERM in os.read(woken, 4096):
            return "canceled"


def reap(ended: dict[int, int]) -> bool:
    """Take the children that have ended into `ended`, each with its exit status; say whether any is left."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, how = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return True
            ended[pid] = os.waitstatus_to_exitcode(how)
    return False


def end_all(ended: dict[int, int]) -> None:
    """Kill everything that descends from this process: who loses its parent becomes a child."""
    until = time.monotonic() + END_S
    while reap(ended) and time.monotonic() < until:
        for pid in children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def children() -> list[int]:
    """Give the processes whose parent is this one (proc(5)); without CONFIG_PROC_CHILDREN every process is looked at."""
    own = os.getpid()
    try:
        return [int(word) for word in Path(f"/proc/{own}/task/{own}/children").read_text().split()]
    except OSError:
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if parent(path) == own]


def parent(process: Path) -> int:
    """Give the parent of a process of /proc; 0 when it is gone."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def work(data: bytes, warden: int) -> None:
    """Judge the job in this process, tell the verdict, end. It dies with the warden."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != warden:
        os._exit(CRASHED)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(EXPENDABLE)
    status = CRASHED
    try:
        judge(data)
        status = 0
    except BaseException:  # noqa: BLE001 - a process of its own: whatever it is, it is told in the log and by the status
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def judge(data: bytes) -> None:
    """Work the order off with all that sfcci has; what it writes by itself goes into the run's log."""
    import faulthandler
    import pickle

    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from sfcci.gate.evidence import LOG
    from sfcci.gate.verdict import judge as verdict_of

    order = pickle.loads(data)  # noqa: S301 - from the tool that started this process, over a pipe of its own
    tells = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, handle in enumerate((null, log, log)):
        os.dup2(handle, number)
    faulthandler.enable()
    verdict = verdict_of(order, lambda phase: tell(tells, {"phase": phase}))
    tell(tells, {"verdict": verdict.result, "reasons": verdict.reasons})


def tell(handle: int, what: dict[str, object]) -> None:
    """Write one line of JSON. Who does not listen any more is not missed."""
    data = json.dumps(what).encode() + b"\n"
    with contextlib.suppress(BrokenPipeError):
        while data:
            data = data[os.write(handle, data) :]


if __name__ == "__main__":
    main()
