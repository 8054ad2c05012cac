"""Package dependency specifications as they stand in ebuilds and profiles, and the order of their versions.

Source: PMS 3.1 (names), 3.2 and 3.3 (versions and their comparison), 8.3 (dependency specifications).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

VERSION = r"\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d*)*(?:-r\d+)?"
CATEGORY = r"[A-Za-z0-9_][A-Za-z0-9+_.-]*"
NAME = r"[A-Za-z0-9_][A-Za-z0-9+_-]*?"
ATOM = re.compile(
    r"(?<![^\s'\"(])"
    r"(?P<blocks>!{0,2})(?P<operator>[<>]=?|[=~])?"
    rf"(?P<package>{CATEGORY}/{NAME})(?:-(?P<version>{VERSION}|\$\{{?\w+\}}?)(?P<glob>\*?))?"
    r"(?P<slot>:[^\s\[\]'\"]+)?(?P<use>\[[^\]\s]*\])?"
    r"(?![^\s'\")])"
)
"""A bound's version may be a variable (`~app-text/backend-${PV}`): what it is at last is not known here."""
PARTS = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)*)(?P<letter>[a-z]?)(?P<suffixes>(?:_(?:alpha|beta|pre|rc|p)\d*)*)(?:-r(?P<revision>\d+))?"
)
SUFFIX = re.compile(r"_(alpha|beta|pre|rc|p)(\d*)")
ORDER = ("alpha", "beta", "pre", "rc", "", "p")
"""Suffixes as they sort; "" is where there is none."""
NO_SUFFIX = (ORDER.index(""), 0)


@dataclass(frozen=True)
class Atom:
    """A dependency on a package, one part of a string.

    `operator` and `version` are "" where any version will do; `slot` begins with ":" and `use` stands in brackets.
    """

    package: str
    """category/name."""
    operator: str = ""
    version: str = ""
    slot: str = ""
    use: str = ""
    blocks: bool = False
    offset: int = 0
    """Where it begins in the string."""

    def matches(self, package: str, version: str) -> bool:
        """Say whether a version of a package is meant; slot and flags are not asked."""
        if package != self.package:
            return False
        if self.operator == "=*":
            return begins(version, self.version)
        order = compared(_unrevised(version) if self.operator == "~" else version, self.version or "0")
        allowed = {"": (-1, 0, 1), "=": (0,), "~": (0,), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
        return order in allowed[self.operator]


def atoms(text: str) -> Iterator[Atom]:
    """Give the atoms in a dependency string or in a line of a profile's file."""
    for found in ATOM.finditer(text):
        operator, version = found["operator"] or "", found["version"] or ""
        if bool(operator) is bool(version):
            yield Atom(
                package=found["package"],
                operator=f"{operator}{found['glob'] or ''}",
                version=version,
                slot=found["slot"] or "",
                use=found["use"] or "",
                blocks=bool(found["blocks"]),
                offset=found.start(),
            )


def file_version(name: str, package: str) -> str | None:
    """Give the version in an ebuild's file name; None when it is no version, or not of the package."""
    begin, end = f"{package}-", ".ebuild"
    version = name.removeprefix(begin).removesuffix(end)
    right = name == f"{begin}{version}{end}" and re.fullmatch(VERSION, version)
    return version if right else None


def compared(one: str, other: str) -> int:
    """Give -1, 0 or 1: where the first of two versions sorts beside the second (PMS 3.3). ValueError: one is none."""
    ours, theirs = _parts(one), _parts(other)
    return (
        _order_of_numbers(ours["numbers"], theirs["numbers"])
        or _sign(ours["letter"], theirs["letter"])
        or _order_of_suffixes(ours["suffixes"], theirs["suffixes"])
        or _sign(int(ours["revision"] or 0), int(theirs["revision"] or 0))
    )


def begins(version: str, start: str) -> bool:
    """Say whether a version is among those that `=cat/name-START*` means: whole components are compared (PMS 8.3.1)."""
    after = version[len(start) :]
    return version.startswith(start) and not (after[:1].isdigit() and start[-1:].isdigit())


def _unrevised(version: str) -> str:
    return re.sub(r"-r\d+$", "", version)


def _parts(version: str) -> re.Match[str]:
    found = PARTS.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no version of PMS 3.2")
    return found


def _order_of_numbers(one: str, other: str) -> int:
    (first, *ours), (second, *theirs) = one.split("."), other.split(".")
    if order := _sign(int(first), int(second)):
        return order
    for mine, yours in zip(ours, theirs, strict=False):
        if order := _order_behind_point(mine, yours):
            return order
    return _sign(len(ours), len(theirs))


def _order_behind_point(one: str, other: str) -> int:
    """With a leading zero, numbers behind a point compare as fractions do."""
    if one.startswith("0") or other.startswith("0"):
        return _sign(one.rstrip("0"), other.rstrip("0"))
    return _sign(int(one), int(other))


def _order_of_suffixes(one: str, other: str) -> int:
    ours, theirs = ([(ORDER.index(name), int(n or 0)) for name, n in SUFFIX.findall(t)] for t in (one, other))
    for mine, yours in zip_longest(ours, theirs, fillvalue=NO_SUFFIX):
        if order := _sign(mine, yours):
            return order
    return 0


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)
