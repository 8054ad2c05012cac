"""Runs the unmodified `openstack` program many times without starting Python and importing 400 modules each time.

Run by the interpreter of the client's environment, with the program's path as its word. It imports what the program and its commands import, then forks once
for each line on its standard input: {"argv", "env", "cwd", "stdout", "stderr"} (the last two are files to write). Each
child is the program, called as its console script calls it; its exit status is answered as a line.
"""

import importlib.metadata
import json
import os
import sys
import traceback
from pathlib import Path


def imported():
    """The program's entry point, with all that it would import later already there."""
    from cliff import command
    from openstackclient import shell

    for distribution in importlib.metadata.distributions():
        for point in distribution.entry_points:
            if point.group.startswith("openstack."):
                point.load()
    from openstack.network.v2 import _proxy  # noqa: F401 - what the first request would import

    command._get_distributions_by_modules()  # reads every package's metadata, once for a process
    return shell.main


def run(main, order):
    """Be the program, in a process of its own."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for descriptor, name in ((0, "/dev/null"), (1, order["stdout"]), (2, order["stderr"])):
        opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
    sys.argv = order["argv"]
    try:
        sys.exit(main())
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does it: a traceback, and 1
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve(orders, answers):
    main = imported()
    for line in orders:
        child = os.fork()
        if not child:
            run(main, json.loads(line))
        _, ended = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        answers.flush()


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))
    sys.argv = sys.argv[1:]  # the program's name is taken from here while it is imported
    serve(os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w"))
