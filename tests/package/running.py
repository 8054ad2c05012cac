"""Programs that a test starts, and all that they start in turn: for tests that end them in the middle."""

import subprocess
import time
from pathlib import Path

WAIT_S = 60.0


def begun(argv, env, word=""):
    """Start the tool and wait until a program that it started has `word` on its command line (or the tool has ended)."""
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + WAIT_S
    while process.poll() is None and not any(word in command_line(pid) for pid in children_of(process.pid)):
        assert time.monotonic() < end
        time.sleep(0.005)
    return process


def children_of(pid):
    """Process ids of all that a process started and that lives, with their start time: an id can be given again."""
    table = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        table[int(path.parent.name)] = (int(fields[1]), fields[19])
    found, pending = {}, [pid]
    while pending:
        parent = pending.pop()
        for child, (of, start) in table.items():
            if of == parent:
                found[child] = start
                pending.append(child)
    return found


def ended(found, within_s=20.0):
    """Wait until all of these have ended; give those that have not."""
    end = time.monotonic() + within_s
    while (left := living(found)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def living(found):
    """Give those that live; what has ended and waits for its parent does not."""
    left = {}
    for pid, start in found.items():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[19] == start and fields[0] != "Z":
            left[pid] = start
    return left


def command_line(pid):
    """Give the words of a process; "" for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
