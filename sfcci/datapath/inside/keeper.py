"""The keeper: process 1 of a lab. While it lives the lab's namespaces live; when it ends the kernel takes everything.

`keeper.py LIFE READY STARTER`: two inherited file descriptors and the starter's process id. It lays a tmpfs over /run, writes its process id (as the
starter sees it) to READY, then reads LIFE: its end (the starter is gone, however it went) ends the lab; a byte makes
the lab stay until it is ended by name. A daemon of the lab's that ends, however it went, is started again (init's work):
`/run/lab/NAME.start` holds its words, `NAME.pid` its process id, and when it was is told in `/run/lab/restarts`.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import time

FOLDERS = ("/run/netns", "/run/lab")
SOURCE = f"sfcci-lab-{os.urandom(6).hex()}"
"""What stands as the source of this lab's mounts: nobody else's has it."""
MNT_DETACH = 2
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
LAB = "/run/lab"
SWITCH = "ovs-vswitchd"
RESTORE = f"{LAB}/restore"
"""The words that give a new switch the lab's program, where nobody outside the lab does."""
PAUSE_S = 1
"""A daemon is not started more often than that."""


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


def be_quiet() -> None:
    """Have the switch's namespace say nothing of its own: no IPv6 on a cable, no routing; its loopback is up."""
    for setting, value in (
        ("ipv6/conf/all/disable_ipv6", "1"),
        ("ipv6/conf/default/disable_ipv6", "1"),
        ("ipv4/ip_forward", "0"),
    ):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/sys/net/{setting}", "w") as file:  # noqa: PTH123 - start-up time
            file.write(value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


class Init:
    """Process 1's work: reaping everybody, and starting the lab's daemons again."""

    def __init__(self) -> None:
        self._starting: dict[str, int] = {}
        """Daemon → the process that starts it now."""
        self._last: dict[str, float] = {}

    def look(self) -> float | None:
        """Take in who has ended, and start what should run and does not; give in how many seconds to look again."""
        done = reaped()
        for name, pid in list(self._starting.items()):
            if pid in done:
                del self._starting[name]
                if name == SWITCH and done[pid] == 0 and os.path.exists(RESTORE):  # noqa: PTH110 - start-up time
                    spawn(RESTORE)
        lacking = [name for name in daemons() if name not in self._starting and not runs(name)]
        return PAUSE_S if [name for name in lacking if not self._start(name)] else None

    def _start(self, name: str) -> bool:
        now = time.monotonic()
        if now < self._last.get(name, now - PAUSE_S) + PAUSE_S:
            return False
        self._last[name] = now
        if pid := spawn(f"{LAB}/{name}.start"):
            self._starting[name] = pid
            with contextlib.suppress(OSError), open(f"{LAB}/restarts", "a") as file:  # noqa: PTH123 - start-up time
                file.write(f"{time.time():.3f} {name}\n")
        return pid > 0


def daemons() -> list[str]:
    """Give the names of those that should run."""
    return [file.removesuffix(".start") for file in os.listdir(LAB) if file.endswith(".start")]  # noqa: PTH208 - start-up time


def reaped() -> dict[int, int]:
    """Take away children that have ended; process id → status as of wait(2)."""
    done: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            done[found[0]] = found[1]
    return done


def runs(name: str) -> bool:
    """Say whether a daemon is there."""
    try:
        with open(f"{LAB}/{name}.pid") as opened:  # noqa: PTH123 - start-up time
            os.kill(int(opened.read()), 0)
    except (OSError, ValueError):
        return False
    return True


def spawn(file: str) -> int:
    """Start the program whose words stand in that file, NUL between them; give its process id, 0 when there is none."""
    nothing = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)
    try:
        with open(file) as opened:  # noqa: PTH123 - start-up time
            words = opened.read().split("\0")
        return os.posix_spawn(words[0], words, os.environ, file_actions=[nothing])
    except OSError:  # no memory, no processes
        return 0


def main(life: int, ready: int, starter: int) -> None:
    """Prepare the lab's root, say so, wait."""
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
    be_quiet()
    os.set_inheritable(life, False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    os.write(ready, f"{pid}\n".encode())
    os.close(ready)
    keep(life, woken)


def keep(life: int, woken: int) -> None:
    """Wait for the starter's end or its word, and be the lab's init all the while."""
    init, handles = Init(), [woken, life]
    pause_s: float | None = None
    while True:
        readable, _, _ = select.select(handles, [], [], pause_s)
        if life in readable:
            if not os.read(life, 1):
                return
            handles = [woken]
        if woken in readable:
            os.read(woken, 4096)
        pause_s = init.look()


if __name__ == "__main__":
    try:
        main(*(int(word) for word in sys.argv[1:4]))
    except OSError as error:
        sys.exit(f"{error}")
