"""Connections to sockets in the file system."""

import os
import socket
from pathlib import Path


def connected(path: Path, limit_s: float) -> socket.socket:
    """Give a connection on which each call waits that long, however long the path is (sun_path holds 107 octets).

    Raises OSError.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(limit_s)
        sock.connect(f"/proc/self/fd/{folder}/{path.name}")
    except BaseException:
        sock.close()
        raise
    finally:
        os.close(folder)
    return sock
