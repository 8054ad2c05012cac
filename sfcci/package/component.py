"""What a package is made of: one description per component, `packaging/<component>.toml`, for every distribution.

A description says what the source does not say itself. Version bounds, summary and dependencies are read from the
sdist's own metadata (`sdist.SdistMetadata`); names on a distribution follow the rules in `dialect`.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sfcci import document
from sfcci.document import Document
from sfcci.errors import Fault, InputError, Place, UsageError

NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
MODULE = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"
WORD = r"^[A-Za-z0-9][A-Za-z0-9_+.-]*$"
WEB_ADDRESS = r"^https?://[^\s/]+(/\S*)?$"
ONE_LINE = r"^\S[^\n]*$"

_MODULES = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "pattern": MODULE, "description": "a module, as in package.module"},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "license", "homepage", "kind", "modules", "source", "changelog"],
    "properties": {
        "name": {"type": "string", "pattern": NAME, "description": "the project's name on the package index"},
        "version": {"type": "string", "description": "a version as in PEP 440"},
        "license": {"type": "string", "pattern": ONE_LINE, "description": "an SPDX licence expression"},
        "homepage": {"type": "string", "pattern": WEB_ADDRESS, "description": "a web address"},
        "kind": {"enum": ["library", "application"]},
        "summary": {"type": "string", "pattern": ONE_LINE, "description": "one line of text"},
        "description": {"type": "string"},
        "modules": _MODULES,
        "source": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "sdist": {
                    "type": "string",
                    "pattern": r"^[A-Za-z0-9][A-Za-z0-9._+!-]*\.tar\.gz$",
                    "description": "a file name that ends in .tar.gz",
                },
                "sha256": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{64}$",
                    "description": "64 lower-case hex digits",
                },
                "path": {"type": "string", "pattern": r"^[^/\s][^\s]*$", "description": "a relative folder"},
                "git": {"type": "string", "pattern": r"^(https?|git|ssh)://\S+$", "description": "a git URL"},
            },
        },
        "subpackages": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "summary", "modules"],
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "description": "as in tests"},
                    "summary": {"type": "string", "pattern": ONE_LINE, "description": "one line of text"},
                    "modules": _MODULES,
                    "requirements": {
                        "type": "string",
                        "pattern": r"^[A-Za-z0-9_-]+\.txt$",
                        "description": "a requirements file at the top of the sdist",
                    },
                },
            },
        },
        "rpm": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "recommends": {
                    "type": "array",
                    "items": {"type": "string", "pattern": WORD, "description": "an RPM package's name"},
                },
            },
        },
        "gentoo": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "category": {"type": "string", "pattern": WORD, "description": "as in dev-python"},
                "keywords": {
                    "type": "array",
                    "items": {"type": "string", "pattern": r"^~?[a-z0-9-]+$", "description": "as in ~amd64"},
                },
                "names": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "string",
                        "pattern": r"^[a-z0-9-]+/[A-Za-z0-9+_-]+$",
                        "description": "category/package",
                    },
                },
            },
        },
        "changelog": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["date", "release", "version", "changes"],
                "properties": {
                    "date": {"description": "a date as in 2026-10-01"},
                    "release": {"type": "integer", "minimum": 1, "description": "1 or more"},
                    "version": {"type": "string", "description": "a version as in PEP 440"},
                    "changes": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "pattern": ONE_LINE, "description": "one line of text"},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Source:
    """Where the code comes from: an sdist of the package index, pinned by its hash, or a folder of this project."""

    sdist: str = ""
    """The sdist's file name; "" when it comes from `path`."""
    sha256: str = ""
    path: str = ""
    """The project's folder, relative to the repository; "" when it comes from the index."""
    git: str = ""
    """The repository for live ebuilds; "" for none."""


@dataclass(frozen=True)
class Subpackage:
    """A part that is installed on its own: `modules` move there out of the main package."""

    name: str
    summary: str
    modules: tuple[str, ...]
    requirements: str = ""
    """The sdist's requirements file that says what this part needs besides; "" for nothing."""


@dataclass(frozen=True)
class Change:
    """One entry of the changelog: a day, the version and release that it tells of, what changed."""

    date: dt.date
    version: str
    release: int
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Gentoo:
    """What Gentoo asks besides: category, keywords, names of packages where the rule does not give them."""

    category: str = "dev-python"
    keywords: tuple[str, ...] = ("~amd64", "~arm64")
    names: Mapping[str, str] = field(default_factory=dict)
    """PEP 503 name → category/package."""


@dataclass(frozen=True)
class Component:
    """One thing to package. `version` is PEP 440; "" means the one that the source folder says."""

    name: str
    version: str
    license: str
    homepage: str
    kind: str
    """"library" (python3-NAME, source python-NAME) or "application" (NAME)."""
    modules: tuple[str, ...]
    source: Source
    changelog: tuple[Change, ...]
    """Newest first."""
    summary: str = ""
    """"" means the one in the source's metadata."""
    description: str = ""
    subpackages: tuple[Subpackage, ...] = ()
    recommends: tuple[str, ...] = ()
    """RPM packages that it drives and can live without."""
    gentoo: Gentoo = Gentoo()
    path: str = ""
    """The document that it was read from."""


def parse_component(source: Document) -> Component:
    """Give the component that a document describes. Raises InputError with all faults."""
    faults = document.check(source, SCHEMA) or list(_faults(source))
    if faults:
        raise InputError(*faults)
    data = source.data
    version = data.get("version", "")
    return Component(
        name=data["name"],
        version=version,
        license=data["license"],
        homepage=data["homepage"],
        kind=data["kind"],
        modules=tuple(data["modules"]),
        source=_source(data["name"], version, data["source"]),
        changelog=tuple(Change(**{**c, "changes": tuple(c["changes"])}) for c in data["changelog"]),
        summary=data.get("summary", ""),
        description=data.get("description", "").strip(),
        subpackages=tuple(
            Subpackage(**{**s, "modules": tuple(s["modules"])}) for s in data.get("subpackages", ())
        ),
        recommends=tuple(data.get("rpm", {}).get("recommends", ())),
        gentoo=_gentoo(data.get("gentoo", {})),
        path=source.path,
    )


def load_catalogue(folder: Path) -> tuple[Component, ...]:
    """Read every description in `folder`, in order of names. Raises InputError with all faults of all files."""
    components: list[Component] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            components.append(parse_component(document.read(path)))
        except InputError as error:
            faults += error.faults
    if not components and not faults:
        faults.append(Fault(Place(str(folder)), "no description of a component", "files named *.toml"))
    faults += _duplicates(components)
    if faults:
        raise InputError(*faults)
    return tuple(components)


def chosen(catalogue: Iterable[Component], names: Iterable[str]) -> tuple[Component, ...]:
    """Give the components that are named, all when none is. Raises UsageError for a name that is not there."""
    catalogue, names = tuple(catalogue), tuple(names)
    known = {component.name: component for component in catalogue}
    for name in names:
        if name not in known:
            near = document.did_you_mean(name, list(known))
            raise UsageError(
                f"no component {name!r}; there are: {', '.join(known)}" + (f"; {near}" if near else "")
            )
    return tuple(component for component in catalogue if not names or component.name in names)


def _source(name: str, version: str, data: Mapping[str, str]) -> Source:
    """The sdist's file name follows PEP 625 where the description does not say it."""
    if data.get("path"):
        return Source(**data)
    stem = canonicalize_name(name).replace("-", "_")
    return Source(**{"sdist": f"{stem}-{version}.tar.gz", **data})


def _gentoo(data: Mapping[str, Any]) -> Gentoo:
    given = dict(data)
    if "keywords" in given:
        given["keywords"] = tuple(given["keywords"])
    if "names" in given:
        given["names"] = {canonicalize_name(name): package for name, package in given["names"].items()}
    return Gentoo(**given)


def _faults(source: Document) -> Iterable[Fault]:
    """What the schema cannot say."""
    data = source.data
    yield from _source_faults(source, data)
    if why := _license_fault(data["license"]):
        yield source.fault(("license",), why, "an SPDX licence expression")
    for number, entry in enumerate(data["changelog"]):
        yield from _change_faults(source, number, entry)
    for number, part in enumerate(data.get("subpackages", ())):
        for module in part["modules"]:
            if not any(module.startswith(f"{top}.") for top in data["modules"]):
                expected = "a module below " + ", ".join(data["modules"])
                yield source.fault(("subpackages", number, "modules"), f"found {module!r}", expected)


def _source_faults(source: Document, data: Mapping[str, Any]) -> Iterable[Fault]:
    origin = data["source"]
    if "path" in origin:
        if "sha256" in origin or "sdist" in origin:
            yield source.fault(("source",), "path and sdist together", "one of them")
        if ".." in Path(origin["path"]).parts:
            yield source.fault(("source", "path"), f"found {origin['path']!r}", "a folder of this project")
        return
    if "sha256" not in origin:
        hint = "the SHA-256 of the sdist, as the package index shows it"
        yield source.fault(("source",), "sha256 is missing", hint)
    if "version" not in data:
        yield source.fault((), "version is missing", "the version of the sdist")
    elif not _is_version(data["version"]):
        yield source.fault(("version",), f"found {data['version']!r}", "a version as in PEP 440")


def _change_faults(source: Document, number: int, entry: Mapping[str, Any]) -> Iterable[Fault]:
    if not isinstance(entry["date"], dt.date) or isinstance(entry["date"], dt.datetime):
        yield source.fault(
            ("changelog", number, "date"),
            f"found {entry['date']!r}",
            "a date as in 2026-10-01, without quotes",
        )
    if not _is_version(entry["version"]):
        yield source.fault(
            ("changelog", number, "version"), f"found {entry['version']!r}", "a version as in PEP 440"
        )


def _license_fault(expression: str) -> str:
    """Say what is wrong with an SPDX expression; "" for nothing."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonical = canonicalize_license_expression(expression)
    except InvalidLicenseExpression as error:
        return str(error)
    return "" if canonical == expression else f"found {expression!r}, which SPDX spells {canonical!r}"


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return not re.search(r"\s", text)


def _duplicates(components: Iterable[Component]) -> Iterable[Fault]:
    first: dict[str, str] = {}
    for component in components:
        name = canonicalize_name(component.name)
        if name in first:
            yield Fault(
                Place(component.path), f"describes {name}, as {first[name]} does", "one description each"
            )
        first.setdefault(name, component.path)
