"""Opens sockets in network namespaces for a process that cannot enter them: standard input is its end of a socket pair.

A request is a message {"kind": "packet" | "netlink", "netns": NAME, "groups": BITS}, answered by one: {} with the
socket beside it (SCM_RIGHTS, unix(7)), or {"errno": N, "why": TEXT}. The namespace "" is the one that this program was started
in; names are those of `ip netns`. The first message says that it is there. When the pair's other end is closed, or who had it
is killed, it ends; what it gave away stays with whom it was given to.
"""

import ctypes
import json
import os
import socket
import sys
from typing import Any

CLONE_NEWNET = 0x40000000
NAMES = "/run/netns"
OWN = "/proc/self/ns/net"
NETLINK_ROUTE = 0
LONGEST = 4096


def enter(handle: int) -> None:
    """Move this process into a network namespace (setns(2)). Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def opened(request: dict[str, Any]) -> socket.socket:
    """Give a socket of the kind that was asked for. Raises OSError."""
    if request["kind"] == "packet":
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # it hears nothing until it is bound
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    sock.bind((0, request["groups"]))
    return sock


def opened_there(request: dict[str, Any], home: int) -> socket.socket:
    """Give a socket of the namespace that was asked for. Raises OSError."""
    if not request["netns"]:
        return opened(request)
    there = os.open(f"{NAMES}/{request['netns']}", os.O_RDONLY)
    try:
        enter(there)
        return opened(request)
    finally:
        os.close(there)
        enter(home)


def serve(asked: socket.socket) -> None:
    """Answer until the other end is closed."""
    home = os.open(OWN, os.O_RDONLY)
    asked.sendall(b"{}")
    while words := asked.recv(LONGEST):
        try:
            with opened_there(json.loads(words), home) as sock:
                socket.send_fds(asked, [b"{}"], [sock.fileno()])
        except OSError as error:
            asked.sendall(json.dumps({"errno": error.errno, "why": error.strerror}).encode())


if __name__ == "__main__":
    try:
        serve(socket.socket(fileno=0))
    except OSError as error:
        sys.exit(f"{error}")
