"""Where a file that a container sees lies on the host: its mounts (/proc/PID/mountinfo, proc(5)), and what kolla copies at its start."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

KOLLA = "/var/lib/kolla/config_files/config.json"
"""Which files kolla_set_configs copies to their places when a container starts."""


@dataclass(frozen=True)
class Mount:
    """A mount: its device, what of the device's file system is mounted, and where."""

    device: str
    root: str
    point: str


def mounts(mountinfo: str) -> tuple[Mount, ...]:
    """Give the mounts of a mountinfo, in order: a later one covers an earlier one at the same place."""
    rows = (line.split() for line in mountinfo.splitlines())
    return tuple(Mount(row[2], _plain(row[3]), _plain(row[4])) for row in rows if len(row) > len("12345"))


def on_host(path: str, inside: Sequence[Mount], host: Sequence[Mount]) -> str:
    """Give the host's path of a container's file; "" where it lies in the container alone."""
    mount = _of(path, inside)
    if mount is None or mount.point == "/":
        return ""
    within = _joined(mount.root, _below(path, mount.point) or "")
    held = [one for one in host if one.device == mount.device and _below(within, one.root) is not None]
    if not held:
        return ""
    nearest = max(held, key=lambda one: len(one.root))
    return _joined(nearest.point, _below(within, nearest.root) or "")


def source(path: str, config: Mapping[str, Any]) -> str:
    """Give which file kolla copies to a path when the container starts; the path itself when none."""
    for one in config.get("config_files") or ():
        if not isinstance(one, Mapping) or not one.get("source") or not one.get("dest"):
            continue
        origin, dest = str(one["source"]), str(one["dest"])
        if dest == path:
            return origin
        if origin.endswith(("/*", "/")) and (below := _below(path, dest.rstrip("/") or "/")) is not None:
            return _joined(origin.rstrip("*"), below)
    return path


def _of(path: str, table: Sequence[Mount]) -> Mount | None:
    over = [one for one in table if _below(path, one.point) is not None]
    longest = max((len(one.point) for one in over), default=0)
    return next((one for one in reversed(over) if len(one.point) == longest), None)


def _below(path: str, folder: str) -> str | None:
    """Give a path as it is seen from a folder; None when it is not in it."""
    try:
        return str(PurePosixPath(path).relative_to(folder))
    except ValueError:
        return None


def _joined(folder: str, path: str) -> str:
    return str(PurePosixPath(folder) / path)


def _plain(text: str) -> str:
    """Read octal escapes, as of a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
