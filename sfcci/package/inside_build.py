"""Runs in namespaces of its own: makes a root that nobody will miss, enters it, becomes the build's program there.

`python -I -S inside_build.py STAGE RUN LAYERS PROGRAM...`: STAGE is an empty folder to work in, RUN the run's folder, LAYERS a JSON list of
further folders that the build reads. In the new root are this machine's system folders and LAYERS, each under a layer that takes what
is written (overlayfs; where the kernel refuses one, the folder itself, read-only), RUN as /builddir/run, and no home. All of it
lies in memory and goes with the program. Without a STAGE ("") the root stays what it is. Nothing but the standard library is used.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import warnings  # noqa: F401 - os.execvp imports it, in a root in which this Python may not be

SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "usr", "var")
EMPTY = ("builddir/run", "dev", "home", "proc", "root", "run", "sys")
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
STREAMS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
"""Links in /dev to a process's own open files, as udev makes them: bash's process substitution needs them."""
KERNEL_SETTINGS = ("sys", "sysrq-trigger")
"""Below /proc: who is root may write them without any capability, and they are the machine's."""
MASKED = ("etc/gshadow", "etc/gshadow-", "etc/shadow", "etc/shadow-")
"""Secrets of this machine that no build needs."""
WORLD = ("tmp", "var/tmp", "dev/shm")
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048 | (1 << 21)
"""NOSUID, NODEV, NOEXEC, NOATIME, NODIRATIME, RELATIME: a user namespace may not take them off."""
KEPT_CAPABILITIES = range(8)
"""capabilities(7): those over files of the build's own, signals and identities; no mounts, devices, modules, networks."""
PR_CAPBSET_DROP, CAPABILITIES = 24, 64
CANNOT_MOUNT = 125
"""The exit status when the kernel refuses what is needed; the program has not been started then."""


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Attach a file system or folder; source: the system call of that name. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = [text.encode() or None for text in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None):
        raise OSError(ctypes.get_errno(), f"cannot mount {target}")


def layer(stage: str, number: int, source: str) -> None:
    """Show a folder of this machine in the new root, writable without touching it; read-only where that cannot be."""
    target = f"{stage}/root{source}"
    os.makedirs(target, exist_ok=True)  # noqa: PTH103 - start-up time
    upper, work = f"{stage}/layers/{number}/upper", f"{stage}/layers/{number}/work"
    for folder in (upper, work):
        os.makedirs(folder)  # noqa: PTH103
    lower = source.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    data = f"lowerdir={lower},upperdir={upper},workdir={work}"
    for options in (data, f"userxattr,{data}"):
        with contextlib.suppress(OSError):
            mount("overlay", target, "overlay", 0, options)
            return
    mount(source, target, "", MS_BIND | MS_REC)
    flags = os.statvfs(target).f_flag & KEPT_FLAGS
    mount("", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | flags)


def make_root(stage: str, run: str, layers: list[str]) -> str:
    """Make the root below the stage and give it. Raises OSError where the kernel refuses.

    Also where / is no mount point (a chroot): what is laid here would spread to the machine.
    """
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", stage, "tmpfs", 0, "mode=755")
    root = f"{stage}/root"
    show_system(stage, root)
    show_kernel(root)
    mount(run, f"{root}/builddir/run", "", MS_BIND)
    for number, source in enumerate(layers, len(SYSTEM)):
        if not os.path.exists(f"{root}{source}"):  # noqa: PTH110
            layer(stage, number, source)
    return root


def show_system(stage: str, root: str) -> None:
    """Lay this machine's system folders into the root, its secrets masked, and make the others, empty."""
    for number, name in enumerate(SYSTEM):
        if os.path.islink(f"/{name}"):  # noqa: PTH114
            os.makedirs(root, exist_ok=True)  # noqa: PTH103
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")  # noqa: PTH115, PTH211
        elif os.path.isdir(f"/{name}"):  # noqa: PTH112
            layer(stage, number, f"/{name}")
    for name in filter(lambda name: os.path.exists(f"{root}/{name}"), MASKED):  # noqa: PTH110
        mount("/dev/null", f"{root}/{name}", "", MS_BIND)
    for name in EMPTY:
        os.makedirs(f"{root}/{name}", exist_ok=True)  # noqa: PTH103


def show_kernel(root: str) -> None:
    """Lay what is the kernel's into the root: a few devices, /proc of the build's own processes, /sys to read, memory to write."""
    for name in filter(os.path.exists, (f"/dev/{name}" for name in DEVICES)):
        with open(f"{root}{name}", "xb"):  # noqa: PTH123
            mount(name, f"{root}{name}", "", MS_BIND)
    for name, end in STREAMS.items():
        os.symlink(f"/proc/self/fd{end}", f"{root}/dev/{name}")  # noqa: PTH211
    mount("proc", f"{root}/proc", "proc")
    for name in filter(os.path.exists, (f"{root}/proc/{name}" for name in KERNEL_SETTINGS)):
        mount(name, name, "", MS_BIND)
        mount("", name, "", MS_REMOUNT | MS_BIND | MS_RDONLY | (os.statvfs(name).f_flag & KEPT_FLAGS))
    with contextlib.suppress(OSError):  # a container may forbid it
        mount("sysfs", f"{root}/sys", "sysfs", MS_RDONLY)
    for name in WORLD:
        with contextlib.suppress(OSError):  # a read-only folder has none of its own
            os.makedirs(f"{root}/{name}", exist_ok=True)  # noqa: PTH103
            mount("tmpfs", f"{root}/{name}", "tmpfs", 0, "mode=1777")


def raise_loopback() -> None:
    """Set the loopback interface up: tests talk to themselves, and mock's chroots have one, too."""
    up_and_running, set_flags = 0x41, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh", b"lo", up_and_running))


def drop_capabilities() -> None:
    """Take from root, for good, what a build has no use for. Source: prctl(2), capabilities(7)."""
    libc = ctypes.CDLL(None)
    for number in set(range(CAPABILITIES)) - set(KEPT_CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)


def main(stage: str, run: str, layers: str, argv: list[str]) -> None:
    """Make the root, enter it, become the program."""
    try:
        if stage:
            os.chroot(make_root(stage, run, json.loads(layers)))
            os.chdir("/builddir")
        raise_loopback()
        drop_capabilities()
    except OSError as error:
        sys.stderr.write(f"{error.strerror} ({os.strerror(error.errno or 0)})\n")
        sys.exit(CANNOT_MOUNT)
    os.execvp(argv[0], argv)  # noqa: S606 - an argv list, no shell


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
