"""Killing the daemons of a lab's switch, and waiting for what follows."""

import contextlib
import time

from sfcci.datapath import ovs
from sfcci.errors import ToolError

PATIENCE_S = 60
DAEMONS = ("ovs-vswitchd", "ovsdb-server")


def until(is_so):
    """Wait until it is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def quiet(asked):
    """What a switch answers; None while it does not."""
    with contextlib.suppress(ToolError):
        return asked()
    return None


def process(lab, daemon):
    """A daemon's process id in the lab; "" when it has none."""
    with contextlib.suppress(FileNotFoundError):
        return (lab.keeper.root / f"run/lab/{daemon}.pid").read_text().strip()
    return ""


def kill(lab, daemon, signal=9):
    """End a daemon of the lab's, and wait until it was started again."""
    pid = process(lab, daemon)
    lab.run("switch", ["sh", "-c", f"kill -{signal} {pid}"], timeout_s=PATIENCE_S, check=True)
    until(lambda: process(lab, daemon) not in ("", pid))


def numbers(lab):
    """OpenFlow numbers of the ports, by tap."""
    return {tap: number for tap, (number, _) in ovs.ports(lab.keeper).items()}
