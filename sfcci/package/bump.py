"""Another version of a component: what its requirements become, and its description with the new version in place.

The description is edited as text, so that comments and order stay; the result is read again before it is believed.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.requirements import Requirement

from sfcci import document
from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.catalogue import parse_component
from sfcci.package.component import Change, Component
from sfcci.package.sdist import SdistMetadata

VERSION_LINE = re.compile(r"""^(version\s*=\s*)(["'])[^"'\n]*\2""", re.MULTILINE)
SDIST_LINE = re.compile(r"""^(sdist\s*=\s*)(["'])[^"'\n]*\2""", re.MULTILINE)
FIRST_TABLE = re.compile(r"^\s*\[", re.MULTILINE)
CHANGELOG = re.compile(r"^\[\[changelog\]\]", re.MULTILINE)


@dataclass(frozen=True)
class RequirementChange:
    """What happened to one requirement between two versions. "" for what is not there."""

    where: str
    """"run", "build", "python", or the requirements file."""
    project: str
    """PEP 503 name."""
    before: str
    after: str
    """As PEP 508 has them; several of one project with ", " between them."""

    @property
    def kind(self) -> str:
        """Give "added", "removed" or "changed"."""
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"

    def __str__(self) -> str:
        told = {"added": self.after, "removed": self.before, "changed": f"{self.before} -> {self.after}"}
        return f"{self.kind:<8} {self.where}: {told[self.kind]}"


def requirement_changes(
    component: Component, before: SdistMetadata, after: SdistMetadata
) -> tuple[RequirementChange, ...]:
    """Give what changed in the requirements: to run, to build, of the files that the description names, of Python."""
    files = sorted({name for name in component.source_files if name.endswith(".txt")})
    found = [
        *_changes("run", before.requires, after.requires),
        *_changes("build", before.build_requires, after.build_requires),
    ]
    for name in files:
        found += _changes(name, before.requirement_files.get(name, ()), after.requirement_files.get(name, ()))
    if before.requires_python != after.requires_python:
        found.append(RequirementChange("python", "python", before.requires_python, after.requires_python))
    return tuple(found)


def bumped_component(component: Component, version: str, sdist: str, sha256: str, day: dt.date) -> Component:
    """Give the component at another version, with an entry in its changelog that is not older than the last."""
    change = Change(max(day, component.changelog[0].date), version, 1, (f"Version {version}",))
    source = replace(component.source, sdist=sdist, sha256=sha256)
    return replace(component, version=version, source=source, changelog=(change, *component.changelog))


def bumped_text(text: str, before: Component, after: Component) -> str:
    """Give the description `text` of `before` with what makes it that of `after`; all else stays as it is.

    Raises InputError when the text is written in a way that this cannot be done to.
    """
    head = FIRST_TABLE.search(text)
    end = head.start() if head else len(text)
    top = VERSION_LINE.sub(rf"\g<1>{json.dumps(after.version)}", text[:end], count=1)
    rest = text[end:].replace(before.source.sha256, after.source.sha256, 1)
    rest = _with_sdist(rest, before, after)
    rest = CHANGELOG.sub(lambda found: _entry(after.changelog[0]) + found[0], rest, count=1)
    made = top + rest
    if _parsed(made, after.path) != after:
        expected = "lines version = and sha256 =, and [[changelog]] tables, as sfcci package new writes them"
        raise InputError(Fault(Place(after.path), "cannot be edited in place", expected))
    return made


def _parsed(text: str, path: str) -> Component | None:
    try:
        return parse_component(document.parse(text, path))
    except InputError:
        return None


def _with_sdist(text: str, before: Component, after: Component) -> str:
    """The key sdist stands there where the file's name does not follow from name and version (PEP 625)."""
    if SDIST_LINE.search(text):
        return SDIST_LINE.sub(lambda found: found[1] + json.dumps(after.source.sdist), text, count=1)
    stem = before.source.sdist.removesuffix(f"-{before.version}.tar.gz")
    if after.source.sdist == f"{stem}-{after.version}.tar.gz":
        return text
    return re.sub(
        r"^(sha256\s*=)", rf"sdist = {json.dumps(after.source.sdist)}\n\1", text, count=1, flags=re.MULTILINE
    )


def _entry(change: Change) -> str:
    changes = ", ".join(json.dumps(line) for line in change.changes)
    return (
        f"[[changelog]]\ndate = {change.date.isoformat()}\nrelease = {change.release}\n"
        f"version = {json.dumps(change.version)}\nchanges = [{changes}]\n\n"
    )


def _changes(where: str, before: Iterable[str], after: Iterable[str]) -> Iterable[RequirementChange]:
    old, new = _by_project(before), _by_project(after)
    for project in sorted({*old, *new}):
        if old.get(project) != new.get(project):
            yield RequirementChange(where, project, old.get(project, ""), new.get(project, ""))


def _by_project(requirements: Iterable[str]) -> Mapping[str, str]:
    """PEP 503 name → its requirements in one spelling, so that order and blanks make no difference."""
    found: dict[str, set[str]] = {}
    for line in requirements:
        found.setdefault(dialect.requirement_name(line), set()).add(_canonical(line))
    return {project: ", ".join(sorted(lines)) for project, lines in found.items()}


def _canonical(requirement: str) -> str:
    parsed = Requirement(requirement)
    parsed.name = dialect.normal_name(parsed.name)
    return str(parsed)
