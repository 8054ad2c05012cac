"""The catalogue: descriptions read into components, every fault with its place."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from sfcci import document
from sfcci.document import Document
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.package.component import (
    Change,
    Component,
    Config,
    Docs,
    LoadException,
    Rpm,
    Service,
    Source,
    Subpackage,
    Tests,
)
from sfcci.package.component_gentoo import gentoo_faults, read_gentoo
from sfcci.package.component_schema import SCHEMA
from sfcci.package.dialect import is_version, sdist_name
from sfcci.package.recipe import is_recipe

CATALOGUE = "packaging"
"""The folder of the project that holds the descriptions."""
NO_PROJECT = "go to the project's folder, or name it in SFCCI_PROJECT"
FILL_IN = "FILL IN"
"""How a text begins that `sfcci package new` could not know."""


class Components(tuple[Component, ...]):  # noqa: SLOT001 - a tuple's subclass has none that are not empty
    """The components of a folder, and what lies beside them."""

    recipes: Mapping[str, str] = {}
    """Name of a recipe → its description, for those who ask for it among components."""


@dataclass(frozen=True)
class Unfinished:
    """A description that `sfcci package new` began and nobody has filled in yet."""

    name: str
    path: str
    faults: tuple[Fault, ...]
    """A place to fill in each."""

    def __str__(self) -> str:
        gaps = (f"{fault.found.partition(':')[0]} (line {fault.place.line})" for fault in self.faults)
        return f"{self.path} is left out until it is filled in: {', '.join(gaps)}"


def parse_component(source: Document) -> Component:
    """Give the component that a document describes. Raises InputError with all faults."""
    if faults := list(_unfilled(source, source.data, ())):
        raise InputError(*faults)
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
        changelog=tuple(Change(**_frozen(entry)) for entry in data["changelog"]),
        summary=data.get("summary", ""),
        description=data.get("description", "").strip(),
        path=source.path,
        **_optional(data),
    )


def load_catalogue(folder: Path, only: Iterable[str] = ()) -> tuple[Component, ...]:
    """Read every description of a component in `folder`, in order of names; recipes are `recipe_read`'s.

    One that is not filled in is passed over where names are given in `only` and its own is none of them.
    Raises InputError with all faults of all files.
    """
    names = frozenset(only)
    return _read(folder, lambda one: bool(names) and one.name not in names)


def finished(folder: Path) -> tuple[Component, ...]:
    """Read the same without those that are not filled in. Raises InputError with all other faults of all files."""
    return _read(folder, lambda _one: True)


def unfinished(folder: Path) -> tuple[Unfinished, ...]:
    """Give the descriptions in `folder` that are not filled in, in order of names; those that cannot be read are none."""
    found: list[Unfinished] = []
    for path in sorted(folder.glob("*.toml")):
        with contextlib.suppress(InputError):
            if FILL_IN in document.read_text(path) and (one := _begun(document.read(path))):
                found.append(one)
    return tuple(found)


def _read(folder: Path, passed_over: Callable[[Unfinished], bool]) -> tuple[Component, ...]:
    components: list[Component] = []
    recipes: dict[str, str] = {}
    others = 0
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem):
        try:
            source = document.read(path)
            begun = _begun(source)
            if is_recipe(source):
                recipes[str(source.data.get("name"))] = source.path
            elif begun and passed_over(begun):
                others += 1
            else:
                components.append(parse_component(source))
        except InputError as error:
            faults += error.faults
    if not (components or faults or others or recipes):
        faults.append(
            Fault(Place(str(folder)), "no description of a component", "files named *.toml", NO_PROJECT)
        )
    faults += _duplicates(components)
    if faults:
        raise InputError(*faults)
    found = Components(components)
    found.recipes = recipes
    return found


def _begun(source: Document) -> Unfinished | None:
    """Give what is open in a description; None: nothing."""
    faults = tuple(_unfilled(source, source.data, ()))
    name = source.data.get("name")
    known = isinstance(name, str) and not name.startswith(FILL_IN)
    return Unfinished(name if known else Path(source.path).stem, source.path, faults) if faults else None


def chosen(catalogue: Iterable[Component], names: Iterable[str]) -> tuple[Component, ...]:
    """Give the components that are named, all when none is. Raises UsageError for a name that is not there, or a recipe's."""
    recipes = catalogue.recipes if isinstance(catalogue, Components) else {}
    catalogue, names = tuple(catalogue), tuple(names)
    known = {component.name: component for component in catalogue}
    for name in names:
        if name not in known:
            if name in recipes:
                raise UsageError(
                    f"{name} is a recipe: it has ebuilds alone, which list, show, render, ebuild, manifest, check and build know. Its "
                    f"versions and masks are told in {recipes[name]}; change them there, then: sfcci package ebuild {name}"
                )
            near = document.did_you_mean(name, list(known))
            raise UsageError(
                f"no component {name!r}; there are: {', '.join(known)}" + (f"; {near}" if near else "")
            )
    return tuple(component for component in catalogue if not names or component.name in names)


def with_specs(catalogue: Iterable[Component], names: Iterable[str] = ()) -> tuple[Component, ...]:
    """Give the components that have a spec: those that are named, all when none is. Raises UsageError as `chosen`, and without one."""
    names = frozenset(names)
    found = chosen(catalogue, names)
    for component in found:
        if component.name in names and not component.rpm.spec:
            raise UsageError(
                f"{component.name} has no spec here, its RPM comes from elsewhere (rpm.spec in {component.path})"
            )
    return tuple(component for component in found if component.rpm.spec)


def license_fault(expression: str) -> str:
    """Say what is wrong with an SPDX expression; "" for nothing."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonical = canonicalize_license_expression(expression)
    except InvalidLicenseExpression as error:
        return str(error)
    return "" if canonical == expression else f"found {expression!r}, which SPDX spells {canonical!r}"


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table with tuples for its lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _optional(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a description may leave out: those that it has."""
    lists = {
        "subpackages": Subpackage,
        "configs": Config,
        "services": Service,
    }
    made: dict[str, Any] = {
        key: tuple(kind(**_frozen(table)) for table in data[key])
        for key, kind in lists.items()
        if key in data
    }
    if "docs" in data:
        made["docs"] = Docs(**{k: v for k, v in _frozen(data["docs"]).items() if k != "builder"})
    if "tests" in data:
        made["tests"] = Tests(**_frozen(data["tests"]))
    made["exceptions"] = tuple(
        LoadException(**{"module": "", "entry_point": "", **table}) for table in data.get("exceptions", ())
    )
    made["extras"] = tuple(canonicalize_name(name) for name in data.get("extras", ()))
    made["pipeline"] = data.get("pipeline", True)
    made["files"] = tuple(data.get("files", ()))
    return {
        **made,
        "rpm": Rpm(**_named(data.get("rpm", {}))),
        "gentoo": read_gentoo(data["name"], data.get("gentoo", {})),
    }


def _named(table: Mapping[str, Any]) -> dict[str, Any]:
    """A distribution's table; the keys of its names are normal names (PEP 503)."""
    given = _frozen(table)
    if "names" in given:
        given["names"] = {canonicalize_name(name): package for name, package in given["names"].items()}
    return given


def _source(name: str, version: str, data: Mapping[str, str]) -> Source:
    """The sdist's file name follows PEP 625 where the description does not say it."""
    if data.get("path"):
        return Source(**data)
    return Source(**{"sdist": sdist_name(name, version), **data})


def _unfilled(source: Document, value: Any, keys: tuple[document.Key, ...]) -> Iterable[Fault]:
    """What a new description still leaves open."""
    if isinstance(value, str) and value.startswith(FILL_IN):
        expected = value.removeprefix(FILL_IN).lstrip(": ")
        yield source.fault(keys, "is not filled in", expected or "a value")
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield from _unfilled(source, inner, (*keys, key))


def _faults(source: Document) -> Iterable[Fault]:
    """What the schema cannot say."""
    data = source.data
    yield from _source_faults(source, data)
    if why := license_fault(data["license"]):
        yield source.fault(("license",), why, "an SPDX licence expression")
    yield from gentoo_faults(source)
    for number, entry in enumerate(data["changelog"]):
        yield from _change_faults(source, number, entry)
    for number, part in enumerate(data.get("subpackages", ())):
        yield from _part_faults(source, number, part)
    parts = [part["name"] for part in data.get("subpackages", ())]
    for number, config in enumerate(data.get("configs", ())):
        yield from _config_faults(source, number, config, parts)
    for number, exception in enumerate(data.get("exceptions", ())):
        if ("module" in exception) is ("entry_point" in exception):
            yield source.fault(("exceptions", number), "names no one thing", "either module or entry_point")


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
    elif not is_version(data["version"]):
        yield source.fault(("version",), f"found {data['version']!r}", "a version as in PEP 440")


def _change_faults(source: Document, number: int, entry: Mapping[str, Any]) -> Iterable[Fault]:
    if not isinstance(entry["date"], dt.date) or isinstance(entry["date"], dt.datetime):
        yield source.fault(
            ("changelog", number, "date"),
            f"found {entry['date']!r}",
            "a date as in 2026-10-01, without quotes",
        )
    if not is_version(entry["version"]):
        yield source.fault(
            ("changelog", number, "version"), f"found {entry['version']!r}", "a version as in PEP 440"
        )


def _part_faults(source: Document, number: int, part: Mapping[str, Any]) -> Iterable[Fault]:
    tops = source.data["modules"]
    for module in part.get("modules", ()):
        if not any(module.startswith(f"{top}.") for top in tops):
            expected = "a module below " + ", ".join(tops)
            yield source.fault(("subpackages", number, "modules"), f"found {module!r}", expected)
    configs = [config.get("subpackage") for config in source.data.get("configs", ())]
    if not part.get("modules") and not part.get("files") and part["name"] not in configs:
        yield source.fault(("subpackages", number), "holds nothing", "modules, files or a configuration file")


def _config_faults(
    source: Document, number: int, config: Mapping[str, Any], parts: Sequence[str]
) -> Iterable[Fault]:
    if ("source" in config) is ("generator" in config):
        yield source.fault(("configs", number), "has no one origin", "either source or generator")
    part = config.get("subpackage", "")
    if part and part not in parts:
        known = ", ".join(parts) or "none"
        hint = document.did_you_mean(part, parts)
        yield source.fault(("configs", number, "subpackage"), f"found {part!r}", f"one of: {known}", hint)


def _duplicates(components: Iterable[Component]) -> Iterable[Fault]:
    first: dict[str, str] = {}
    for component in components:
        name = canonicalize_name(component.name)
        if name in first:
            yield Fault(
                Place(component.path), f"describes {name}, as {first[name]} does", "one description each"
            )
        first.setdefault(name, component.path)
