"""Command lines of services: which configuration they read, in which order; and the words of a systemd unit's ExecStart."""

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sfcci.enable.role import API, Words

OPTIONS = ("--config-file", "--config-dir")
PREFIXES = "-@:+!|"
"""What may stand before the program in ExecStart (systemd.service(5))."""
_PYTHON = re.compile(r"python[0-9.]*")
_APACHE = ("(wsgi:neutron", "wsgi:neutron")
"""How mod_wsgi calls its processes (WSGIDaemonProcess, display-name=%{GROUP})."""
_CONTAINER = re.compile(r"/(?:libpod|libpod-payload|docker)-([0-9a-f]{12,64})|/docker/([0-9a-f]{12,64})")
_POD = re.compile(r"/kubepods[./]|/(?:crio|cri-containerd)-[0-9a-f]{12,64}")


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


def of_environment(environ: str) -> tuple[Named, ...]:
    """Give what the variables of a web server's process name (/proc/PID/environ; Neutron's `get_application`)."""
    told = dict(one.split("=", 1) for one in environ.split("\0") if "=" in one)
    folder = told.get("OS_NEUTRON_CONFIG_DIR", "").strip() or "/etc/neutron"
    files = (one.strip() for one in told.get("OS_NEUTRON_CONFIG_FILES", "").split(";"))
    return tuple(Named(str(PurePosixPath(folder, one))) for one in files if one)


def program(words: Sequence[str], programs: Words) -> str:
    """Give which of the programs a command line starts: itself, a Python script, or within a web server; "" when it is none."""
    if not words:
        return ""
    first = _name(words[0])
    if _PYTHON.fullmatch(first):
        first = _name(next((word for word in words[1:] if not word.startswith("-")), ""))
    elif first.startswith("uwsgi"):
        first = next((name for name in programs if any(name in word for word in words[1:])), "")
    elif words[0].startswith(_APACHE):
        first = API
    first = first.removesuffix("uWSGI")  # what its --procname-prefix is put before
    return first if first in programs else ""


def _name(word: str) -> str:
    return PurePosixPath(word.partition(":")[0]).name


def environment(words: Sequence[str]) -> str:
    """Give the path of the interpreter or script that a command line starts; "" when it has none."""
    begin = itertools.takewhile(lambda word: not word.startswith("-"), words)
    return next((word for word in begin if word.startswith("/")), "")


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
    if re.search(r"/user@|\.scope$", cgroup, flags=re.MULTILINE):
        return ""
    found = re.findall(r"/([^/\n]+\.service)(?=/|$)", cgroup, flags=re.MULTILINE)
    return found[-1].replace("\\x2d", "-") if found else ""


def container_of(cgroup: str) -> str:
    """Give the id of the container out of /proc/PID/cgroup; "" where there is none."""
    found = _CONTAINER.search(cgroup)
    return (found[1] or found[2]) if found else ""


def is_in_pod(cgroup: str) -> bool:
    """Say whether /proc/PID/cgroup is that of a container of Kubernetes."""
    return bool(_POD.search(cgroup))
