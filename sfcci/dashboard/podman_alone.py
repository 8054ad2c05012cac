"""Run a program and hold a lock until it has ended: `podman_alone.py LOCK PROGRAM WORD...`; the status is the program's.

Who started this may be killed meanwhile: the lock says how long the program works on. It is held here and not by the program
itself, which would hand it on to what it leaves running. SIGTERM to the process group is for the program to obey.
"""

import fcntl
import os
import signal
import sys
from pathlib import Path


def main(lock: str, *argv: str) -> int:
    """Give the program's exit status, 128 and more where a signal ended it."""
    signal.signal(
        signal.SIGTERM, lambda *_found: None
    )  # a handler: what is ignored would be ignored by the program, too
    with Path(lock).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        status = os.spawnv(os.P_WAIT, argv[0], argv)  # noqa: S606 - an argv list, no shell
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
