"""The evidence of a run that was not good: what lies in its folder, what each file is, and how long it is kept."""

import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

LOG = "worker.log"
OUTPUT = "output"
LOST = "not-kept"
PATH_PAGE = "path.html"
PATHS = "step*.paths.json"


@dataclass(frozen=True)
class EvidenceFile:
    """One file of a run's folder: its path, one line on what it is, and the command that reads it there."""

    path: Path
    what: str
    read: str
    size: int
    """Octets."""


KINDS: tuple[tuple[str, str, str], ...] = (
    ("result.json", "the result with its reasons", "less"),
    (PATH_PAGE, "the paths of the failed step's packets, drawn: a page for a browser", "xdg-open"),
    ("step*.paths.txt", "the path of every request of step {0}, hop by hop, judged by its chain", "less"),
    (PATHS, "the same of step {0} as a document", "less"),
    ("step*.pcapng", "every frame at every port of the lab during step {0}", "tcpdump -nr"),
    ("step*.flows", "flows and groups of the switch after step {0}", "less"),
    ("step*.json", "requests, answers and the way of every packet in step {0}", "less"),
    ("switch.flows", "flows of the switch with counters, when the job failed", "less"),
    ("switch.groups", "groups of the switch, when the job failed", "less"),
    ("switch.group-stats", "how much each bucket of each group got", "less"),
    ("switch.ports", "packets and drops per port of the switch", "less"),
    ("switch.show", "the switch's database: bridge, ports, errors", "less"),
    ("switch.datapath", "flows that the datapath had in its cache", "less"),
    ("host.*", "interfaces, addresses, routes and neighbours of host {0}", "less"),
    ("ovs-vswitchd.log", "log of ovs-vswitchd", "less"),
    ("ovsdb-server.log", "log of ovsdb-server", "less"),
    (LOG, "what the run's own process wrote: warnings and tracebacks of sfcci", "less"),
    (OUTPUT, "output of the installed program", "less"),
    ("job.json", "the job as it was declared, and which attempt this was", "less"),
    ("scenario.yaml", "the scenario as it was declared", "less"),
    ("machine.json", "versions and facts of the machine", "less"),
    (LOST, "what could not be read from the lab, and why", "less"),
)
"""Pattern of a name, what it is ({0}: what the star stands for), program that reads it; in the order of the list."""
HIDDEN = ("lock", "database", "reserve")
"""Files of a run's folder that are no evidence."""


def listed(folder: Path) -> tuple[EvidenceFile, ...]:
    """Give the files of a run's folder with what they are, the most telling first; () when it is gone."""
    found = [
        path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and _is_shown(path)
    ]
    return tuple(sorted((_described(folder, path) for path in found), key=lambda one: _rank(folder, one)))


def _is_shown(path: Path) -> bool:
    return path.name not in HIDDEN and not path.name.startswith(".")


def _described(folder: Path, path: Path) -> EvidenceFile:
    name, size = str(path.relative_to(folder)), path.stat().st_size
    for pattern, what, program in KINDS:
        if fnmatch(name, pattern) and "/" not in name:
            head, _, tail = pattern.partition("*")
            star = name.removeprefix(head).removesuffix(tail)
            return EvidenceFile(path, what.format(star), f"{program} {shlex.quote(name)}", size)
    return EvidenceFile(path, "left by a program that the job started", f"less {shlex.quote(name)}", size)


def _rank(folder: Path, one: EvidenceFile) -> tuple[int, str]:
    name = str(one.path.relative_to(folder))
    ranks = [number for number, (pattern, _, _) in enumerate(KINDS) if fnmatch(name, pattern)]
    return (ranks[0] if ranks and "/" not in name else len(KINDS), name)
