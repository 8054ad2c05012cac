"""Ends the programs that still run on hosts: a network namespace lives as long as a process is in it.

`end_host.py NAME...`: it returns when none is left; one that nobody can kill is left alone after a while.
"""

import contextlib
import os
import signal
import sys
import time

PATIENCE_S = 5.0


def inhabitants(host: os.stat_result) -> list[int]:
    """Give the processes whose network namespace is that one."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - start-up time
        if name.isdigit():
            with contextlib.suppress(OSError):
                own = os.stat(f"/proc/{name}/ns/net")  # noqa: PTH116 - start-up time
                if (own.st_dev, own.st_ino) == (host.st_dev, host.st_ino):
                    found.append(int(name))
    return found


def end(name: str) -> None:
    """Kill what runs on the host until nothing does."""
    try:
        host = os.stat(f"/run/netns/{name}")  # noqa: PTH116 - start-up time
    except OSError:
        return
    limit = time.monotonic() + PATIENCE_S
    while (there := inhabitants(host)) and time.monotonic() < limit:
        for pid in there:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


if __name__ == "__main__":
    for word in sys.argv[1:]:
        end(word)
