"""Command lines of services: which configuration they read, in which order; and the words of a systemd unit's ExecStart."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sfcci.enable.role import Words

OPTIONS = ("--config-file", "--config-dir")
PREFIXES = "-@:+!|"
"""What may stand before the program in ExecStart (systemd.service(5))."""


@dataclass(frozen=True)
class Named:
    """A configuration that a command line names: a file, or a folder whose *.conf are read in the order of their names."""

    path: str
    is_folder: bool = False


def named(words: Sequence[str]) -> tuple[Named, ...]:
    """Give what a command line names, in its order."""
    return tuple(_named(words))


def _named(words: Sequence[str]) -> Iterator[Named]:
    for number, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option not in OPTIONS:
            continue
        if not equals:
            value = words[number + 1] if number + 1 < len(words) else ""
        if value:
            yield Named(value, option == OPTIONS[1])


def program(words: Sequence[str], programs: Words) -> str:
    """Give which of the programs a command line starts: itself, or as the script of an interpreter; "" when it is none."""
    for word in words[:3]:
        if (name := PurePosixPath(word.split(":")[0]).name) in programs:
            return name
        if name.startswith("-") and name not in ("-I", "-u", "-s", "-E", "-B"):
            return ""
    return ""


def words_of(cmdline: str) -> Words:
    """Give the words of /proc/PID/cmdline; of a title that a worker gave itself, those of its command line in parentheses, too."""
    words = tuple(cmdline.rstrip("\0").split("\0"))
    return words if len(words) > 1 else tuple(re.sub("[()]", " ", words[0]).split())


def exec_start(texts: Sequence[str]) -> Words:
    """Give the words of ExecStart of a unit's files (the unit, then its drop-ins); () when it has none that can be read.

    An empty ExecStart= forgets those before it. Variables are left as they stand.
    """
    found: Words = ()
    for line in (line for text in texts for line in _logical_lines(text)):
        key, equals, value = line.partition("=")
        if key.strip() == "ExecStart" and equals:
            found = found or _split(value) if value.strip() else ()
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Give lines, continued ones whole (a backslash at the end; comments between do not count)."""
    whole = ""
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            whole += line[:-1] + " "
            continue
        yield whole + line
        whole = ""
    if whole:
        yield whole


def _split(value: str) -> Words:
    try:
        words = shlex.split(value.strip())
    except ValueError:  # quotes that do not end: systemd refuses the unit, too
        return ()
    return (words[0].lstrip(PREFIXES), *words[1:]) if words else ()


def unit_of(cgroup: str) -> str:
    """Give the systemd unit out of /proc/PID/cgroup; "" where there is none, or it is a scope (a container's, a login's)."""
    found = re.findall(r"/([^/\n]+\.service)(?=/|$)", cgroup, flags=re.MULTILINE)
    return found[-1].replace("\\x2d", "-") if found else ""


def container_of(cgroup: str) -> str:
    """Give the id of the container out of /proc/PID/cgroup; "" where there is none."""
    found = re.search(
        r"(?:libpod|docker|crio)-([0-9a-f]{12,64})(?:\.scope)?|/docker/([0-9a-f]{12,64})", cgroup
    )
    return (found[1] or found[2]) if found else ""
