"""The keeper: process 1 of a lab. While it lives the lab's namespaces live; when it ends the kernel takes everything.

`keeper.py LIFE READY STARTER`: two inherited file descriptors and the starter's process id. It lays a tmpfs over /run, writes its process id (as the
starter sees it) to READY, then reads LIFE: its end (the starter is gone, however it went) ends the lab; a byte makes
the lab stay until it is ended by name.
"""

import contextlib
import ctypes
import errno
import os
import signal
import sys

FOLDERS = ("/run/netns", "/run/lab")
SOURCE = f"sfcci-lab-{os.urandom(6).hex()}"
"""What stands as the source of this lab's mounts: nobody else's has it."""
MNT_DETACH = 2


def mount(kind: str, target: str) -> None:
    """Mount a file system of that kind (mount(2)). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(SOURCE.encode(), target.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"cannot mount {kind} on {target}")


def umount(target: str) -> None:
    """Take a mount away (umount2(2), lazily)."""
    ctypes.CDLL(None).umount2(target.encode(), MNT_DETACH)


def leaks(starter: int, target: str) -> bool:
    """Say whether the starter sees a file system at `target` whose source is this lab's."""
    with open(f"/proc/{starter}/mountinfo") as mounts:  # noqa: PTH123 - start-up time
        return any(line.split()[4] == target and f" {SOURCE} " in line for line in mounts)


def main(life: int, ready: int, starter: int) -> None:
    """Prepare the lab's root, say so, wait."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the orphans that come to process 1
    pid = os.readlink("/proc/self")  # noqa: PTH115 - start-up time. It is the starter's /proc: the id that the starter knows
    mount("tmpfs", "/run")
    if leaks(starter, "/run"):
        umount("/run")
        raise OSError(
            errno.EPERM, "mounts spread from here to the machine; run it where / is a mount point or private"
        )
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
        main(*(int(word) for word in sys.argv[1:4]))
    except OSError as error:
        sys.exit(f"{error}")
