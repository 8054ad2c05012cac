"""Keeping the evidence of a run that is not good: what its lab shows while it is still there, and the facts around it."""

import contextlib
import itertools
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sfcci
from sfcci import command, files
from sfcci.datapath import ovs
from sfcci.datapath.namespace import Keeper
from sfcci.errors import MissingTool, ToolError
from sfcci.gate.evidence import LOST
from sfcci.gate.order import Order

DAEMONS = ("ovs-vswitchd", "ovsdb-server")
TIMEOUT_S = 3.0
LOG_BYTES = 2**20
"""So much of the end of a daemon's log is kept."""
SWITCH: Mapping[str, tuple[str, ...]] = {
    "switch.flows": ("ovs-ofctl", "-O", "OpenFlow15", "dump-flows", "BRIDGE"),
    "switch.groups": ("ovs-ofctl", "-O", "OpenFlow15", "dump-groups", "BRIDGE"),
    "switch.group-stats": ("ovs-ofctl", "-O", "OpenFlow15", "dump-group-stats", "BRIDGE"),
    "switch.ports": ("ovs-ofctl", "-O", "OpenFlow15", "dump-ports", "BRIDGE"),
    "switch.show": ("ovs-vsctl", f"--db={ovs.DATABASE}", "show"),
    "switch.datapath": ("ovs-appctl", "-t", ovs.CONTROL, "dpctl/dump-flows", "-m"),
}
"""File → what is asked of the lab's switch; BRIDGE stands for the bridge's socket."""
INTERFACES = "link show\naddress show\nroute show table all\nneighbour show\n"
Piece = tuple[str, str | ToolError]
"""Name of a file, and its text or why there is none."""


def keep_lab(keeper: Keeper, order: Order) -> None:
    """Write what the lab shows: switch, daemons' logs, interfaces. What cannot be read is noted, with the reason.

    Raises DiskFull, MissingTool (a file cannot be written).
    """
    lost: list[str] = []
    for name, text in itertools.chain(_logs(keeper), _hosts(keeper, order), _switch(keeper)):
        if isinstance(text, ToolError):
            lost.append(f"{name}: {text}")
        else:
            files.write_text(order.folder / name, text)
    if lost:
        files.write_text(order.folder / LOST, "\n".join(lost) + "\n")


def keep_facts(order: Order) -> None:
    """Write what is known without a lab: job, scenario, machine. Raises DiskFull, MissingTool."""
    job = {"attempt": order.attempt, "job": asdict(order.job), "fault": order.fault, "rpms": order.rpms}
    _write_json(order.folder / "job.json", job)
    if order.scenario:
        source = order.scenario.source
        files.write_text(order.folder / "scenario.yaml", f"# {source.path}\n{source.text}")
    _write_json(order.folder / "machine.json", facts(order.folder))


def lost(keeper: Keeper) -> bool:
    """Say whether nothing can be run in the lab any more: its keeper was killed, even if the kernel is not done with it."""
    try:
        return keeper.run(["true"], timeout_s=TIMEOUT_S, check=False).status != 0
    except ToolError:
        return True


def dead_daemons(keeper: Keeper) -> tuple[str, ...]:
    """Say which of the switch's daemons died: those that were started again, and those that do not run."""
    again = {name for _, name in ovs.restarts(keeper)}
    dead = [name for name in DAEMONS if name in again or _gone(keeper, name)]
    return tuple(f"{name} died while the job ran; see {name}.log" for name in dead)


def _gone(keeper: Keeper, name: str) -> bool:
    """Say whether a daemon that was there is not."""
    try:
        pid = (keeper.root / f"run/lab/{name}.pid").read_text().strip()
    except OSError:
        return False
    try:
        return (keeper.root / f"proc/{pid}/comm").read_text().strip() != name
    except OSError:
        return True


def facts(folder: Path) -> dict[str, Any]:
    """Give versions and facts of this machine that a verdict may depend on."""
    disk = os.statvfs(folder)
    return {
        "sfcci": sfcci.__version__,
        "python": sys.version.split()[0],
        "system": _system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "open_vswitch": _version("ovs-vswitchd"),
        "processors": len(os.sched_getaffinity(0)),
        "load": os.getloadavg(),
        "memory_available_kib": _memory().get("MemAvailable"),
        "memory_total_kib": _memory().get("MemTotal"),
        "disk_free_bytes": disk.f_bavail * disk.f_frsize,
        "user_id": os.geteuid(),
    }


def _logs(keeper: Keeper) -> Iterator[Piece]:
    for name in DAEMONS:
        with contextlib.suppress(OSError), (keeper.root / f"run/lab/{name}.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
            yield f"{name}.log", log.read(LOG_BYTES).decode(errors="replace")


def _hosts(keeper: Keeper, order: Order) -> Iterator[Piece]:
    names = [host.name for host in order.scenario.topology.hosts] if order.scenario else []
    words = ["ip", "-details", "-statistics", "-batch", "-"]
    for file, host in (("host.switch", None), *((f"host.{name}", name) for name in names)):
        yield file, _asked(keeper, host, words, INTERFACES)


def _switch(keeper: Keeper) -> Iterator[Piece]:
    """Ask the switch; once it does not answer in time it is asked nothing more."""
    bridge = f"unix:{ovs.FOLDER}/{ovs.BRIDGE}.mgmt"
    for name, words in SWITCH.items():
        begin = time.monotonic()
        said = _asked(keeper, None, [bridge if word == "BRIDGE" else word for word in words])
        yield name, said
        if isinstance(said, ToolError) and time.monotonic() - begin >= TIMEOUT_S:
            return


def _asked(keeper: Keeper, host: str | None, words: list[str], stdin: str | None = None) -> str | ToolError:
    """Give what a program says inside the lab, or why it says nothing."""
    argv = [command.find(words[0]), *words[1:]]
    try:
        return keeper.run(argv, host=host, stdin=stdin, timeout_s=TIMEOUT_S).stdout
    except ToolError as error:
        return error


def _write_json(path: Path, value: Any) -> None:
    files.write_text(path, json.dumps(value, indent=1, default=str) + "\n")


def _version(program: str) -> str:
    with contextlib.suppress(MissingTool, ToolError):
        return command.run([program, "--version"], timeout_s=TIMEOUT_S).stdout.partition("\n")[0]
    return ""


def _system() -> str:
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return ""


def _memory() -> dict[str, int]:
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return {name.rstrip(":"): int(value) for name, value, *_ in map(str.split, lines)}
    return {}
