"""Starts the lab's own programs on its hosts: each in a process of its own, which stays as long as the lab.

`programs.py < [["HOST", "web", ["80", "vm1"]]...]`: host, module of this folder, its words. It ends when all of them
work; one that cannot begin ends it with status 1 and its reason on standard error. A module's `begin(*words)` opens
what it needs and gives what then works for ever.
"""

import importlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - start-up time; -I knows no path


def started(host: str, module: str, words: list[str]) -> int:
    """Give the reading end of a pipe on which a new process says "" (it works) or why it cannot."""
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        return told
    os.close(told)
    os.setsid()
    try:
        importlib.import_module("network").enter(host)
        work = importlib.import_module(module).begin(*words)
    except Exception as error:  # noqa: BLE001 - whatever it is: the starter would take silence for success
        os.write(tell, f"{module} {' '.join(words[:3])} on {host}: {error}".encode())
        os._exit(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(tell)
    work()
    os._exit(0)


def said(handle: int) -> str:
    """Give all that comes on a pipe."""
    with open(handle) as file:
        return file.read()


if __name__ == "__main__":
    handles = [started(*one) for one in json.load(sys.stdin)]
    if reasons := [text for text in map(said, handles) if text]:
        sys.exit("\n".join(reasons))
