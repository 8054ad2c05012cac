"""Furnishes namespaces: `ip` lines, the kernel settings that `ip` cannot set, checksum offload off on interfaces.

`network.py < [{"NAMESPACE": {"settings": {"net/ipv4/conf/*/...": "0"}, "interfaces": [...], "ip": [RUN...]}}, ...]`: plans, one
after the other; the namespace "" is the one that it runs in, and comes first of all. RUN is {"argv": [...], "lines": "...", "force": false}: a program that
reads the lines, and whose failure counts unless it is forced; those of one namespace run one after the other, behind its
settings.
"""

import array
import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from typing import Any

CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
"""A packet socket sees frames whose checksum the sender left to the card: no TCP would ever connect."""


def enter(name: str) -> None:
    """Move this process into a network namespace (setns(2)). Raises OSError."""
    handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace of {name}")
    finally:
        os.close(handle)


def write(setting: str, value: str) -> None:
    """Write a setting, `*` standing for every interface; one that this kernel lacks is left alone."""
    folder, star, rest = setting.partition("*")
    names = os.listdir(f"/proc/sys/{folder}") if star else [""]  # noqa: PTH208 - start-up time
    for path in [f"/proc/sys/{folder}{name}{rest}" for name in names]:
        if os.path.exists(path):  # noqa: PTH110 - start-up time
            with open(path, "w") as file:  # noqa: PTH123 - start-up time
                file.write(value)


def no_checksum_offload(interface: str, control: socket.socket) -> None:
    """Have the kernel fill in checksums before it hands a frame to the interface (ethtool -K tx off)."""
    value = array.array("I", [ETHTOOL_STXCSUM, 0])
    request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
    fcntl.ioctl(control, SIOCETHTOOL, request.ljust(40, b"\0"))


def begun(run: dict[str, Any]) -> int:
    """Start a program with its lines on standard input; give its process id."""
    lines = os.memfd_create("lines")
    try:
        os.write(lines, run["lines"].encode())
        os.lseek(lines, 0, os.SEEK_SET)
        words = run["argv"]
        return os.posix_spawn(words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, lines, 0)])
    finally:
        os.close(lines)


def check_ended(pid: int, name: str, run: dict[str, Any]) -> None:
    """Wait for a program's end. Raises OSError when it failed; it has told why on standard error."""
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status and not run["force"]:
        raise OSError(f"{' '.join(run['argv'])} failed in {name or 'the lab'} with exit status {status}")


def set_up(plan: dict[str, Any]) -> None:
    """Go through a plan's namespaces; "" first, for there is no way back. The last runs of several go on side by side."""
    last: list[tuple[int, str, dict[str, Any]]] = []
    for name in sorted(plan):
        if name:
            enter(name)
        for setting, value in plan[name]["settings"].items():
            write(setting, value)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            for interface in plan[name]["interfaces"]:
                no_checksum_offload(interface, control)
        for place, run in enumerate(plan[name]["ip"], 1):
            begin = begun(run), name, run
            if name and place == len(plan[name]["ip"]):
                last.append(begin)
            else:
                check_ended(*begin)
    for begin in last:
        check_ended(*begin)


if __name__ == "__main__":
    try:
        for one in json.load(sys.stdin):
            set_up(one)
    except OSError as error:
        sys.exit(f"{error}")
