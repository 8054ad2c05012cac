"""The keeper: process 1 of a lab. While it lives the lab's namespaces live; when it ends the kernel takes everything.

`keeper.py LIFE READY STARTER`: two inherited file descriptors and the starter's process id. It lays a tmpfs over /run, writes its process id (as the
starter sees it) to READY, then reads LIFE: its end (the starter is gone, however it went) ends the lab; a byte makes
the lab stay until it is ended by name. A daemon of the lab's that ends, however it went, is started again (init's work):
`/run/lab/NAME.start` holds its words, `NAME.pid` its process id, and when it was is told in `/run/lab/restarts`; those
of a node are in `/run/lab/nodes/NODE`. Their logs stay short: a lab may stand for months, and its files are in memory.
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
NODES = f"{LAB}/nodes"
RESTORE = ("underlay", "restore")
"""Files beside a switch that is new, with the words of programs that give it what a database does not keep: its
underlay's addresses, and the lab's program where nobody outside the lab gives it that."""
PAUSE_S = 1
"""A daemon is not started more often than that."""
LOGS_S, LONGEST_LOG, KEPT_LOG = 300, 1 << 20, 1 << 18
"""How often logs are looked at, in seconds; from how many octets on one is cut, and how many of its last ones stay."""


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
                at, _, program = name.rpartition("/")
                if program == SWITCH and done[pid] == 0:
                    for file in RESTORE:
                        spawn(f"{at}/{file}")
        lacking = [name for name in daemons() if name not in self._starting and not runs(name)]
        return PAUSE_S if [name for name in lacking if not self._start(name)] else None

    def _start(self, name: str) -> bool:
        now = time.monotonic()
        if now < self._last.get(name, now - PAUSE_S) + PAUSE_S:
            return False
        self._last[name] = now
        at, _, program = name.rpartition("/")
        if pid := spawn(f"{name}.start"):
            self._starting[name] = pid
            with contextlib.suppress(OSError), open(f"{at}/restarts", "a") as file:  # noqa: PTH123 - start-up time
                file.write(f"{time.time():.3f} {program}\n")
        return pid > 0


def folders() -> list[str]:
    """Give the folders with daemons' files: the lab's own, and its nodes'."""
    found = [LAB]
    with contextlib.suppress(FileNotFoundError):  # a lab of one switch has no nodes
        found += [f"{NODES}/{node}" for node in os.listdir(NODES)]  # noqa: PTH208 - start-up time
    return found


def ending(end: str) -> list[str]:
    """Give the daemons' files that end in these letters, without them."""
    there = ((at, file) for at in folders() for file in os.listdir(at))  # noqa: PTH208 - start-up time
    return [f"{at}/{file.removesuffix(end)}" for at, file in there if file.endswith(end)]


def daemons() -> list[str]:
    """Give those that should run: the paths of their files, without what these end in."""
    return ending(".start")


def cut_logs() -> None:
    """Keep of each long log its last part, as NAME.log.1; who writes it appends (open(2), O_APPEND) and goes on at its begin."""
    for log in (f"{name}.log" for name in ending(".log")):
        with contextlib.suppress(OSError), open(log, "rb+") as file:  # noqa: PTH123 - start-up time
            if os.fstat(file.fileno()).st_size <= LONGEST_LOG:
                continue
            file.seek(-KEPT_LOG, os.SEEK_END)
            with open(f"{log}.1", "wb") as kept:  # noqa: PTH123 - start-up time
                kept.write(file.read())
            file.truncate(0)


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
        with open(f"{name}.pid") as opened:  # noqa: PTH123 - start-up time
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
    cut = time.monotonic()
    while True:
        readable, _, _ = select.select(handles, [], [], min(pause_s or LOGS_S, LOGS_S))
        if time.monotonic() > cut + LOGS_S:
            cut = time.monotonic()
            cut_logs()
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
