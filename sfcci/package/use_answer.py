"""What portage and pkgcore answer when they are asked for a package's flags, as values, and where the two differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sfcci.errors import Place
from sfcci.finding import Finding, Severity

COMPARED = ("package.mask", "KEYWORDS", "LICENSE")
"""Kinds of masks that both know; portage has more."""


@dataclass(frozen=True)
class Mask:
    """Why a version is masked: its kind (package.mask, KEYWORDS, LICENSE ...), portage's words for it.

    Of package.mask also the comment above the line that masks, and the file.
    """

    kind: str
    text: str
    reason: str = ""
    where: str = ""

    def unmasking(self, cpv: str) -> str:
        """Give the file of /etc/portage and the line that lifts the mask; "" where no such line is known."""
        word = self.text.split()[0] if self.text else ""
        lines = {
            "package.mask": f"package.unmask: ={cpv}",
            "KEYWORDS": f"package.accept_keywords: ={cpv} {word if word.startswith('~') else '**'}",
            "LICENSE": f"package.license: ={cpv} {self.text.removesuffix(' license(s)')}",
        }
        return lines.get(self.kind, "")


@dataclass(frozen=True)
class Version:
    """A version in a repository, as portage sees it."""

    cpv: str
    repo: str
    slot: str
    iuse: frozenset[str]
    use: frozenset[str]
    masks: tuple[Mask, ...]
    required_use: str
    unmet: str
    """What of REQUIRED_USE does not hold; "" when all does."""
    lines: tuple[int, ...]
    """Which lines of package.use act on it, counted from 0."""

    def __str__(self) -> str:
        return f"{self.cpv}::{self.repo}"


@dataclass(frozen=True)
class Other:
    """The same version as pkgcore sees it."""

    use: frozenset[str]
    masks: frozenset[str]
    """Kinds."""
    unmet: bool


@dataclass(frozen=True)
class Answer:
    """What both say about a package."""

    package: str
    visible: str
    """The version that portage would choose; "" when all are masked."""
    versions: tuple[Version, ...]
    others: Mapping[tuple[str, str], Other]
    """(cpv, repository) → what pkgcore says."""
    use_expand: tuple[str, ...]
    portage: str
    pkgcore: str

    def grouped(self, flags: frozenset[str]) -> dict[str, list[str]]:
        """Give flags by USE_EXPAND variable; plain ones under "", first."""
        names = sorted(self.use_expand, key=lambda name: (-len(name), name))
        found: dict[str, list[str]] = {"": []}
        for flag in sorted(flags):
            name = next((name for name in names if flag.startswith(f"{name.lower()}_")), "")
            found.setdefault(name, []).append(flag[len(name) + 1 :] if name else flag)
        return dict(sorted(found.items()))


def answer(portage: Mapping[str, Any], pkgcore: Mapping[str, Any]) -> Answer:
    """Make values of what the two programs wrote."""
    others = {
        (one["cpv"], one["repo"]): Other(frozenset(one["use"]), frozenset(one["masks"]), bool(one["unmet"]))
        for one in pkgcore["versions"]
    }
    return Answer(
        package=portage["package"],
        visible=portage["visible"],
        versions=tuple(_version(one) for one in portage["versions"]),
        others=others,
        use_expand=tuple(portage["use_expand"]),
        portage=portage["portage"],
        pkgcore=pkgcore["pkgcore"],
    )


def disagreements(given: Answer) -> Iterator[Finding]:
    """Say where portage and pkgcore do not see the same; one finding for each version and question."""
    for version in given.versions:
        other = given.others.get((version.cpv, version.repo))
        for what in ["pkgcore does not see it"] if other is None else _differences(version, other):
            hint = "the two read a line of the configuration that acts on it in different ways; a warning may name it"
            yield Finding("PackageManagersDisagree", Severity.ERROR, Place(str(version)), what, hint)


def _differences(version: Version, other: Other) -> Iterator[str]:
    for flag in sorted(version.use ^ other.use):
        first, second = ("portage", "pkgcore") if flag in version.use else ("pkgcore", "portage")
        yield f"{first} has {flag} on, {second} has it off"
    kinds = {mask.kind for mask in version.masks} & {*COMPARED}
    for kind in sorted(kinds ^ (other.masks & {*COMPARED})):
        first, second = ("portage", "pkgcore") if kind in kinds else ("pkgcore", "portage")
        yield f"{first} masks it ({kind}), {second} does not"
    if bool(version.unmet) != other.unmet:
        first, second = ("portage", "pkgcore") if version.unmet else ("pkgcore", "portage")
        yield f"REQUIRED_USE does not hold for {first}, and holds for {second}"


def _version(one: Mapping[str, Any]) -> Version:
    return Version(
        cpv=one["cpv"],
        repo=one["repo"],
        slot=one["slot"],
        iuse=frozenset(one["iuse"]),
        use=frozenset(one["use"]),
        masks=tuple(_mask(mask) for mask in one["masks"]),
        required_use=one["required_use"],
        unmet=one["unmet"],
        lines=tuple(one["lines"]),
    )


def _mask(mask: Mapping[str, str]) -> Mask:
    reason = "\n".join(line.lstrip("#").strip() for line in mask["reason"].splitlines())
    return Mask(mask["kind"], mask["text"], reason.strip(), mask["where"])
