"""The keeper: process 1 of a lab. While it lives the lab's namespaces live; when it ends the kernel takes everything.

`keeper.py LIFE READY`: two inherited file descriptors. It lays a tmpfs over /run, writes its process id (as the
starter sees it) to READY, then reads LIFE: its end (the starter is gone, however it went) ends the lab; a byte makes
the lab stay until it is ended by name.
"""

import contextlib
import ctypes
import os
import signal
import sys

FOLDERS = ("/run/netns", "/run/lab")


def mount(kind: str, target: str) -> None:
    """Mount a file system of that kind (mount(2)). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), target.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"cannot mount {kind} on {target}")


def main(life: int, ready: int) -> None:
    """Prepare the lab's root, say so, wait."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the orphans that come to process 1
    pid = os.readlink("/proc/self")  # noqa: PTH115 - start-up time. It is the starter's /proc: the id that the starter knows
    mount("tmpfs", "/run")
    for folder in FOLDERS:
        os.mkdir(folder)  # noqa: PTH102 - pathlib would double the start-up time
    with contextlib.suppress(OSError):  # a container may forbid it; then ps shows the machine's processes
        mount("proc", "/proc")
    os.write(ready, f"{pid}\n".encode())
    os.close(ready)
    if os.read(life, 1):
        while True:
            signal.pause()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except OSError as error:
        sys.exit(f"{error}")
