"""What the installed networking-sfc offers: its entry points, as the folders of Python packages of a root have them."""

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

from sfcci.enable.role import Role

FOLDERS = (
    "usr/lib/python3*/site-packages",
    "usr/lib64/python3*/site-packages",
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3*/site-packages",
    "usr/local/lib/python3*/dist-packages",
    "opt/stack/data/venv/lib/python3*/site-packages",
    "var/lib/kolla/venv/lib/python3*/site-packages",
)
"""Where distributions, pip, devstack and kolla put them."""


class _Points(configparser.RawConfigParser):
    """entry_points.txt: names have a case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def entry_points(root: Path, python: str = "") -> Mapping[str, frozenset[str]]:
    """Give group → names of all that is installed below a root; `python` is a program of one more environment."""
    found: dict[str, set[str]] = {}
    for path in _texts(root, python):
        for group, names in _points(path):
            found.setdefault(group, set()).update(names)
    return {group: frozenset(names) for group, names in found.items()}


def lacking(role: Role, points: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Give GROUP:NAME of each entry point that a role needs and nothing installed has."""
    needed = [(group, name) for group, names in role.entry_points.items() for name in names]
    return tuple(f"{group}:{name}" for group, name in needed if name not in points.get(group, ()))


def _texts(root: Path, python: str) -> Iterator[Path]:
    folders = [path for pattern in FOLDERS for path in root.glob(pattern)]
    if python.startswith("/"):
        folders += (root / python.lstrip("/")).parent.parent.glob("lib*/python3*/site-packages")
    for folder in dict.fromkeys(folders):
        for kind in ("dist-info", "egg-info"):
            yield from folder.glob(f"*.{kind}/entry_points.txt")


def _points(path: Path) -> Iterator[tuple[str, list[str]]]:
    parser = _Points(delimiters=("=",), strict=False, interpolation=None)
    try:
        parser.read_string(path.read_text())
    except (OSError, ValueError, configparser.Error):
        return
    for group in parser.sections():
        if group.startswith(("neutron.", "networking_sfc.")):
            yield group, parser.options(group)
