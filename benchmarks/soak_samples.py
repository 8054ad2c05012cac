"""What the soak looks at while it runs: memory, open files, databases, logs; and what grows of it, and what is left behind."""

import contextlib
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

GROWTH, GROWTH_KB, GROWTH_FILES = 0.04, 2048, 2
"""What the last quarter may have more than the third: a share, and so much in any case."""


def sampled(folder: Path, programs: dict[str, int], lab: Any) -> dict[str, Any]:
    """Give memory (kB), open files and threads of each program, octets of databases and logs, and flows in the switch."""
    sample: dict[str, Any] = {"at_s": round(time.monotonic(), 1)}
    for name, pid in programs.items():
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        sample[f"{name} kB"] = int(status["VmRSS"].split()[0])
        sample[f"{name} files"] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        sample[f"{name} threads"] = int(status["Threads"])
    for path in sorted((folder / "state").iterdir()):
        sample[f"{path.name} octets"] = _octets(path)
    inside = lab.keeper.root / "run/lab"
    sample["switch logs octets"] = sum(path.stat().st_size for path in inside.glob("*.log"))
    sample["switch database octets"] = (inside / "conf.db").stat().st_size
    sample["our logs octets"] = sum(path.stat().st_size for path in folder.glob("*.log"))
    sample["state files"] = sum(1 for _ in (folder / "state").rglob("*"))
    return sample


def _octets(path: Path) -> int:
    """Give how much a file, or all of a folder, has; what goes meanwhile has nothing."""
    total = 0
    for one in [path, *path.rglob("*")]:
        with contextlib.suppress(OSError):
            total += one.stat().st_size * one.is_file()
    return total


def daemons(lab: Any) -> dict[str, int]:
    """Give the process ids of the lab's own programs, as this machine sees them."""
    found = {"keeper": lab.keeper.pid}
    for line in subprocess.run(
        ["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        pid, _, words = line.strip().partition(" ")
        for name in ("ovsdb-server", "ovs-vswitchd"):
            if name in words.split(" ")[0] and _same_lab(int(pid), lab.keeper.pid):
                found[name] = int(pid)
    return found


def _same_lab(pid: int, keeper: int) -> bool:
    with contextlib.suppress(OSError):
        one, other = (Path(f"/proc/{number}/ns/pid").readlink() for number in (pid, keeper))
        return one == other
    return False


def growth(samples: list[dict[str, Any]]) -> list[str]:
    """Say what has more in the last quarter than in the third, beyond what may be."""
    found = []
    quarter = len(samples) // 4
    if not quarter:
        return []
    third, last = samples[2 * quarter : 3 * quarter], samples[3 * quarter :]
    for key in samples[-1]:
        if not key.endswith((" kB", " files", " threads")) or key == "state files":
            continue
        before, after = (statistics.median(one[key] for one in some if key in one) for some in (third, last))
        allowed = max(before * GROWTH, GROWTH_KB if key.endswith("kB") else GROWTH_FILES)
        if after - before > allowed:
            found.append(f"{key}: {before:.0f} in the third quarter, {after:.0f} in the last")
    return found


def left_behind(folder: Path) -> list[str]:
    """Say which programs are there that were started with our state folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                str(folder) in (path / "environ").read_text(errors="replace")
                and int(path.name) != os.getpid()
            ):
                found.append(
                    f"left behind: {path.name} {(path / 'cmdline').read_text().replace(chr(0), ' ')}"
                )
    return found
