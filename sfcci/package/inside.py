"""Runs in a mount namespace of its own: lays mounts there, then becomes a program. The kernel takes the mounts away with it.

`python -I inside.py MOUNTS PROGRAM...`: MOUNTS is a JSON list of argument lists for mount(8), PROGRAM is an argv. Nothing but the
standard library is used, for it runs in whatever namespace and as whichever user it is told to.
"""

import json
import os
import sys

CANNOT_MOUNT = 125
"""The exit status when a mount was refused; the program has not been started then."""


def main(mounts: str, argv: list[str]) -> None:
    """Lay the mounts in order and become the program; gives `CANNOT_MOUNT` when one is refused."""
    for words in json.loads(mounts):
        if os.spawnvp(os.P_WAIT, "mount", ["mount", *words]) != 0:  # noqa: S606 - an argv list, no shell
            sys.exit(CANNOT_MOUNT)
    os.execvp(argv[0], argv)  # noqa: S606 - as above


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
