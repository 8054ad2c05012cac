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
    "flows": ("ovs-ofctl", "-O", "OpenFlow15", "dump-flows", "BRIDGE"),
    "groups": ("ovs-ofctl", "-O", "OpenFlow15", "dump-groups", "BRIDGE"),
    "group-stats": ("ovs-ofctl", "-O", "OpenFlow15", "dump-group-stats", "BRIDGE"),
    "ports": ("ovs-ofctl", "-O", "OpenFlow15", "dump-ports", "BRIDGE"),
    "show": ("ovs-vsctl", "--db=DATABASE", "show"),
    "datapath": ("ovs-appctl", "-t", "CONTROL", "dpctl/dump-flows", "-m"),
}
"""File → what is asked of a switch; the words in capitals stand for its sockets."""
INTERFACES = "link show\naddress show\nroute show table all\nneighbour show\n"
Piece = tuple[str, str | ToolError]
"""Name of a file, and its text or why there is none."""


def keep_lab(keeper: Keeper, order: Order) -> None:
    """Write what the lab shows: switch, daemons' logs, interfaces. What cannot be read is noted, with the reason.

    Raises DiskFull, MissingTool (a file cannot be written).
    """
    lost: list[str] = []
    there = [keeper.at(node) for node in _nodes(order)]
    switches = itertools.chain.from_iterable((*_logs(one), *_switch(one)) for one in there)
    for name, text in itertools.chain(_hosts(keeper, order), switches):
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


def dead_daemons(keeper: Keeper, order: Order) -> tuple[str, ...]:
    """Say which of the switches' daemons died: those that were started again, and those that do not run."""
    return tuple(
        f"{name}{f' of {node}' if node else ''} died while the job ran; see {_log(node, name)}"
        for node in _nodes(order)
        for name in _dead(keeper.at(node))
    )


def _nodes(order: Order) -> tuple[str, ...]:
    return (order.scenario.topology.nodes if order.scenario else ()) or ("",)


def _dead(keeper: Keeper) -> list[str]:
    again = {name for _, name in ovs.restarts(keeper)}
    return [name for name in DAEMONS if name in again or _gone(keeper, name)]


def _log(node: str, daemon: str) -> str:
    return f"{node}.{daemon}.log" if node else f"{daemon}.log"


def _gone(keeper: Keeper, name: str) -> bool:
    """Say whether a daemon that was there is not."""
    try:
        pid = ovs.file(keeper, f"{name}.pid").read_text().strip()
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
        with contextlib.suppress(OSError), ovs.file(keeper, f"{name}.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
            yield _log(keeper.node, name), log.read(LOG_BYTES).decode(errors="replace")


def _hosts(keeper: Keeper, order: Order) -> Iterator[Piece]:
    names = [host.name for host in order.scenario.topology.hosts] if order.scenario else []
    words = ["ip", "-details", "-statistics", "-batch", "-"]
    names += [node for node in _nodes(order) if node]
    for file, host in (("host.switch", None), *((f"host.{name}", name) for name in names)):
        yield file, _asked(keeper, host, words, INTERFACES)


def _switch(keeper: Keeper) -> Iterator[Piece]:
    """Ask the switch; once it does not answer in time it is asked nothing more."""
    sockets = {
        "BRIDGE": ovs.bridge(keeper),
        "--db=DATABASE": f"--db={ovs.database(keeper)}",
        "CONTROL": ovs.control(keeper),
    }
    for name, words in SWITCH.items():
        begin = time.monotonic()
        said = _asked(keeper, None, [sockets.get(word, word) for word in words])
        yield f"{keeper.node or 'switch'}.{name}", said
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
